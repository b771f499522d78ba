"""Coverage becomes a score with reasons that a person can read."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviewer.bank.rubric import KeyPoint
from interviewer.errors import BankError
from interviewer.scoring.calibration import Calibration, Ordinal, calibration_for
from interviewer.scoring.claims import Claim, claims_of
from interviewer.scoring.coverage import Coverage, KeyPointResult, Status
from interviewer.scoring.embedding import BASE_NAME
from interviewer.scoring.explanation import explain, screening_reasons
from interviewer.scoring.grade import (
    FEATURES,
    THIN_FEATURES,
    Assessment,
    Score,
    Verdict,
    features,
    judge,
    no_answer,
    not_scored,
    thin_features,
)
from interviewer.scoring.scale import load_scale
from interviewer.scoring.screening import Screened, screen
from interviewer.settings import shipped_dir
from interviewer.speech.transcript import Transcript, typed
from tests.scoring_kit import rubric, shipped_scale, spoken

SCALE = shipped_scale().model_copy(
    update={"partial_credit": 0.5, "strong_coverage": 0.5, "partial_coverage": 0.2}
)
POINTS = (
    KeyPoint(id="first", point="p", weight=3, required=True, reject=("r",)),
    KeyPoint(id="second", point="q", weight=3, reject=("r",)),
    KeyPoint(id="third", point="s", weight=4, reject=("r",)),
)
# The mean of what was stated decides: partial from a fifth of the rubric, strong from a half.
BY_MEAN = Ordinal(weights={**dict.fromkeys(FEATURES, 0.0), "mean": 10.0}, cuts=(2.0, 5.0))
FIT = calibration_for("other").full.model_copy(update={"ordinal": BY_MEAN})
CALIBRATION = Calibration(full=FIT, thin=FIT)
LENIENT = Calibration(
    full=FIT.model_copy(update={"ordinal": BY_MEAN.model_copy(update={"cuts": (-19.0, -18.0)})}),
    thin=FIT,
)
FITTED = [calibration_for("other"), calibration_for(BASE_NAME)]
SENTENCE = re.compile(r"^[A-Z0-9].*[^ .]\.$")
NET: dict[Status, float] = {"hit": 1.0, "partial": 0.5, "missed": 0.0, "contradicted": -1.0}


def said(*statuses: Status) -> Coverage:
    """One claim for each key point, which states or contradicts it as the status says."""
    results = tuple(
        KeyPointResult(point.id, status, 0.5, Claim(f"About {point.id}."))
        for point, status in zip(POINTS, statuses, strict=True)
    )
    net = np.diag([NET[status] for status in statuses])
    return Coverage(results, np.maximum(net, 0), np.maximum(-net, 0))


def judged(*statuses: Status) -> Verdict:
    return judge(said(*statuses), rubric(*POINTS), SCALE, CALIBRATION)


def reasons(*statuses: Status) -> list[str]:
    return explain(judged(*statuses), said(*statuses), rubric(*POINTS), SCALE, CALIBRATION)


@pytest.mark.parametrize(
    ("statuses", "score", "coverage"),
    [
        (("hit", "hit", "hit"), 2, 1.0),
        (("hit", "hit", "missed"), 2, 0.6),
        (("partial", "hit", "hit"), 2, 0.85),
        (("hit", "missed", "missed"), 1, 0.3),
        (("missed", "partial", "missed"), 0, 0.15),
        (("missed", "missed", "missed"), 0, 0.0),
        # What is contradicted counts against what is stated.
        (("hit", "contradicted", "missed"), 0, 0.3),
        (("contradicted", "contradicted", "contradicted"), 0, 0.0),
    ],
)
def test_score(statuses: tuple[Status, ...], score: Score, coverage: float) -> None:
    found = judged(*statuses)
    assert (found.score, found.coverage) == (score, coverage)


def test_an_answer_that_contradicts_a_required_point_is_not_strong() -> None:
    found = judge(said("contradicted", "hit", "hit"), rubric(*POINTS), SCALE, LENIENT)
    assert (found.score, found.cap, found.probabilities[2]) == (1, "required", 0.0)


def test_the_rubric_s_least_coverage_holds_whatever_the_grader_says() -> None:
    some = judge(said("hit", "missed", "missed"), rubric(*POINTS), SCALE, LENIENT)
    nothing = judge(said("missed", "missed", "missed"), rubric(*POINTS), SCALE, LENIENT)
    assert [(some.score, some.cap), (nothing.score, nothing.cap)] == [
        (1, "coverage"),
        (0, "coverage"),
    ]


def evidence(right: float, wrong: float) -> Coverage:
    """Every point stated, and so much said against the second one in another claim."""
    hits = said("hit", "hit", "hit")
    against = np.zeros((1, 3))
    against[0, 1] = wrong
    support = np.vstack([hits.support * right, np.zeros((1, 3))])
    return Coverage(hits.results, support, np.vstack([hits.opposition, against]))


def test_an_answer_in_which_nearly_half_of_the_evidence_is_wrong_is_wrong() -> None:
    for wrong, score, cap in ((0.0, 2, ""), (1.0, 0, "wrong")):
        found = judge(evidence(0.3, wrong), rubric(*POINTS), SCALE, LENIENT)
        assert (found.score, found.cap) == (score, cap)
    told = explain(found, evidence(0.3, 1.0), rubric(*POINTS), SCALE, LENIENT)
    assert "45% of the evidence is against the key points" in " ".join(told)


def test_a_thin_rubric_is_too_little_to_go_by_for_that_rule() -> None:
    thin = replace(evidence(0.3, 1.0), alignment=np.ones(3), nearness=np.ones(3))
    bare = [key.model_copy(update={"reject": ()}) for key in POINTS]
    assert judge(thin, rubric(*bare), SCALE, FITTED[0]).cap == ""


def test_with_a_third_of_the_evidence_wrong_only_a_clearly_strong_answer_is_strong() -> None:
    covered = evidence(0.4, 0.9)
    sure = judge(covered, rubric(*POINTS), SCALE, LENIENT)
    level = sure.level
    doubtful = LENIENT.model_copy(
        update={
            "full": LENIENT.full.model_copy(
                update={
                    "ordinal": LENIENT.full.ordinal.model_copy(
                        update={"cuts": (level - 2.0, level - 0.1)}
                    )
                }
            )
        }
    )
    assert sure.score == 2
    unsure = judge(covered, rubric(*POINTS), SCALE, doubtful)
    assert (unsure.score, unsure.cap) == (1, "wrong")


def test_reasons_say_what_was_stated_and_what_would_have_made_it_strong() -> None:
    first, missing, way_up, *_ = reasons("hit", "missed", "missed")
    assert first == "1 of 3 key points was stated: 30% of the rubric by weight."
    assert missing == "The most valuable point that is missing: s."
    assert way_up == "Stating 'third' clearly, and the rest as it was, would have made it a 2."


def test_what_was_said_wrong_stands_beside_what_is_right() -> None:
    wrong = reasons("contradicted", "hit", "contradicted")[1:3]
    assert "“About first”" in wrong[0]
    assert wrong[0].endswith("right is: p.")
    assert "'third'" in wrong[1]


def test_a_score_near_a_boundary_says_so() -> None:
    near = judged("partial", "partial", "partial")
    assert max(near.probabilities) < 0.6
    assert "near the boundary" in " ".join(reasons("partial", "partial", "partial"))
    assert "near the boundary" not in " ".join(reasons("hit", "hit", "hit"))


def test_a_thin_rubric_says_so() -> None:
    for accept, expected in (((), "misconceptions"), (("a", "b", "c"), "misconceptions")):
        plain = rubric(KeyPoint(id="only", point="p", accept=accept))
        hit = Coverage((KeyPointResult("only", "hit", 0.9, None),), np.eye(1), np.zeros((1, 1)))
        found = explain(judge(hit, plain, SCALE, CALIBRATION), hit, plain, SCALE, CALIBRATION)
        assert expected in found[-1]
    few = reasons("hit", "hit", "hit")
    assert "few ways to say" in few[-1]


@given(st.tuples(*[st.sampled_from(["hit", "partial", "missed", "contradicted"])] * 3))
def test_every_reason_is_a_sentence_and_the_assessment_survives_json(
    statuses: tuple[Status, Status, Status],
) -> None:
    verdict, told = judged(*statuses), reasons(*statuses)
    assert told
    assert all(SENTENCE.match(reason) for reason in told)
    found = Assessment(
        verdict.score, verdict.coverage, said(*statuses).results, tuple(told), "test",
        verdict.probabilities,
    )  # fmt: skip
    assert Assessment.from_dict(json.loads(json.dumps(found.to_dict()))) == found


EVIDENCE = st.lists(
    st.lists(st.floats(-1, 1), min_size=len(POINTS), max_size=len(POINTS)), min_size=1, max_size=6
)


def covering(net: list[list[float]]) -> Coverage:
    table = np.array(net)
    support, opposition = np.maximum(table, 0), np.maximum(-table, 0)
    total = support.max(axis=0) - opposition.max(axis=0)
    results = tuple(
        KeyPointResult(
            point.id,
            "contradicted"
            if value <= -SCALE.contradicted
            else "hit"
            if value >= SCALE.hit
            else "partial"
            if value >= SCALE.partial
            else "missed",
            0.5,
            Claim("a"),
        )
        for point, value in zip(POINTS, total, strict=True)
    )
    return Coverage(results, support, opposition)


@pytest.mark.parametrize("calibration", [CALIBRATION, *FITTED])
@given(net=EVIDENCE, point=st.integers(0, 2), much=st.floats(0, 1))
def test_one_more_right_claim_never_lowers_a_score(
    calibration: Calibration, net: list[list[float]], point: int, much: float
) -> None:
    claim = [much if k == point else 0.0 for k in range(3)]
    before = judge(covering(net), rubric(*POINTS), SCALE, calibration)
    after = judge(covering([*net, claim]), rubric(*POINTS), SCALE, calibration)
    assert after.score >= before.score
    assert after.level >= before.level


@pytest.mark.parametrize("calibration", [CALIBRATION, *FITTED])
@given(net=EVIDENCE, point=st.integers(0, 2), much=st.floats(0, 1))
def test_one_more_wrong_claim_never_raises_a_score(
    calibration: Calibration, net: list[list[float]], point: int, much: float
) -> None:
    claim = [-much if k == point else 0.0 for k in range(3)]
    before = judge(covering(net), rubric(*POINTS), SCALE, calibration)
    after = judge(covering([*net, claim]), rubric(*POINTS), SCALE, calibration)
    assert after.score <= before.score
    assert after.level <= before.level


@pytest.mark.parametrize("calibration", FITTED)
@given(net=EVIDENCE, point=st.integers(0, 2), much=st.floats(-1, 1))
def test_so_it_is_by_thin_rubrics(
    calibration: Calibration, net: list[list[float]], point: int, much: float
) -> None:
    bare = rubric(*(key.model_copy(update={"reject": ()}) for key in POINTS))
    half = np.full(3, 0.5)
    claim = [much if k == point else 0.0 for k in range(3)]
    before, after = (
        judge(replace(covering(n), alignment=half, nearness=half), bare, SCALE, calibration)
        for n in (net, [*net, claim])
    )
    assert (after.level - before.level) * much >= 0
    assert (after.score - before.score) * much >= 0


def test_no_fitted_weight_is_negative() -> None:
    for calibration in (*FITTED, calibration_for("other")):
        full, thin = calibration.full.ordinal, calibration.thin.ordinal
        for ordinal, names in ((full, FEATURES), (thin, THIN_FEATURES)):
            assert set(ordinal.weights) == set(names)
            assert min(ordinal.weights.values()) >= 0
            assert ordinal.cuts[0] < ordinal.cuts[1]


def test_features_are_as_many_as_their_names() -> None:
    covered = said("hit", "missed", "partial")
    assert features(covered, POINTS).shape == (len(FEATURES),)
    thin = replace(covered, alignment=np.ones(3), nearness=np.ones(3))
    assert thin_features(thin, POINTS).shape == (len(THIN_FEATURES),)


def test_evidence_survives_json() -> None:
    points = (
        KeyPointResult("a", "hit", 0.8125, Claim("It's “cached”.", 1.25, 3.5)),
        KeyPointResult("b", "partial", -0.1, Claim("typed")),
        KeyPointResult("c", "missed", 0.0, None),
    )
    found = Assessment(1, 0.5, points, ("One reason.",), "scorer")
    assert Assessment.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_not_scored_is_not_zero() -> None:
    found = not_scored("The microphone was dead.", "scorer")
    assert found.score is None
    assert Assessment.from_dict(found.to_dict()) == found


@pytest.mark.parametrize(
    ("transcript", "reason"),
    [
        (Transcript((), "silero-vad", "", "", 9.0), "There was no speech in the recording."),
        (typed("  "), "There was no answer: nothing was typed."),
        (typed("..."), "There was no answer: nothing was typed."),
        (spoken("keys"), "The answer has 1 word, too short to state a key point."),
        (spoken("keys and values"), "The answer has 3 words, too short to state a key point."),
        (spoken("it stores keys and values"), ""),
    ],
)
def test_what_is_no_answer(transcript: Transcript, reason: str) -> None:
    assert no_answer(transcript, SCALE) == reason


ASK = "What is the KV cache, and why does it matter so much when you serve a large language model?"


@pytest.mark.parametrize(
    "text",
    [
        "The KV cache is a very important thing when you serve a large language model.",
        "so what is the kv cache and why does it matter when serving large language models",
        "I don't know, I'm sorry, I think I forgot.",
    ],
)
def test_saying_the_question_back_does_not_count(text: str) -> None:
    claim = Claim(text)
    assert screen([claim], ASK, SCALE) == Screened((), echoes=(claim,))


def test_listing_terms_does_not_count() -> None:
    claim = Claim("KV cache, keys, values, layers, heads, batch size, GQA, MQA, paged attention")
    assert screen([claim], ASK, SCALE) == Screened((), lists=(claim,))


@pytest.mark.parametrize(
    "text",
    [
        "So you've got the KV cache, keys, values, queries, layers, heads, and then there's batch "
        "size, memory bandwidth, GQA, MQA, and things like paged attention and prefix caching.",
        "kv cache and then there's keys and values and queries and you've got heads and layers and "
        "things like paged attention prefix caching memory bandwidth and then there's quantization",
        "cache keys values queries layers heads memory bandwidth batch size context length paged "
        "attention quantization eviction offloading prefix caching throughput latency",
    ],
)
def test_terms_strung_together_do_not_count(text: str) -> None:
    claims = claims_of(typed(text))
    assert screen(claims, ASK, SCALE) == Screened((), lists=claims, strung=True)


@pytest.mark.parametrize(
    "text",
    [
        "Keys and values of earlier tokens stay in memory; each step computes the new ones only. "
        "Memory grows with context and batch, so it limits concurrency. GQA shrinks it.",
        "keys and values of earlier tokens stay in memory each step computes only the new token's "
        "memory grows with context and batch so it limits how many users you can serve",
    ],
)
def test_a_terse_answer_is_no_list(text: str) -> None:
    claims = claims_of(typed(text))
    assert screen(claims, ASK, SCALE).kept == claims


@pytest.mark.parametrize(
    "text",
    [
        "The KV cache stores the keys and values of earlier tokens.",
        "you keep keys and values around so they are not computed again",
        "It is two times layers times KV heads times head dimension times sequence length.",
        "It matters in serving because it limits the batch size.",
        "There, mean subtraction can be folded into the neighbouring weights.",
    ],
)
def test_a_statement_counts(text: str) -> None:
    assert screen([Claim(text)], ASK, SCALE).kept == (Claim(text),)


def test_the_reason_says_that_most_of_the_answer_did_not_count() -> None:
    claims = (Claim("a"), Claim("b"))
    assert screening_reasons(Screened((), echoes=claims))[0].startswith(
        "The answer only repeats the question or says what holds of any topic"
    )
    assert screening_reasons(Screened(claims[:1], lists=claims))[0].startswith(
        "Most of the answer lists terms"
    )
    assert screening_reasons(Screened(claims, lists=claims[:1])) == []


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("What does the cache store for each of the tokens?", ()),
        ("Some people think that the cache stores the queries of all tokens.", ()),
        (
            "People often say that it stores queries, but it stores keys and values instead.",
            ("it stores keys and values instead",),
        ),
        (
            "It stores the queries, no sorry, it stores the keys and the values.",
            ("it stores the keys and the values",),
        ),
        ("I don't know whether it stores the keys or the values.", ()),
    ],
)
def test_what_is_not_asserted_does_not_count(text: str, kept: tuple[str, ...]) -> None:
    found = screen([Claim(text)], ASK, SCALE)
    assert tuple(claim.text.rstrip(".") for claim in found.kept) == kept


def test_what_is_taken_back_does_not_count() -> None:
    wrong, right = (
        Claim("It stores the queries of the earlier tokens."),
        Claim("No, sorry, it stores the keys and values of earlier tokens."),
    )
    found = screen([wrong, right], ASK, SCALE)
    assert wrong in found.unasserted
    assert len(found.kept) == 1


def test_the_shipped_scale_is_read() -> None:
    assert 0 < shipped_scale().partial < shipped_scale().hit < 1


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("hit: 1.5", "hit"),
        ("hit: high", "hit"),
        ("hit: 0.01", "partial no larger than hit"),
        ("hitt: 0.6", "hit: is missing"),
    ],
)
def test_a_wrong_scale_names_file_line_and_field(tmp_path: Path, line: str, expected: str) -> None:
    text = (shipped_dir("rubrics") / "scale.yaml").read_text(encoding="utf-8")
    file = tmp_path / "scale.yaml"
    file.write_text(re.sub(r"(?m)^hit: .*", line, text), encoding="utf-8")
    with pytest.raises(BankError, match=re.escape(expected)) as wrong:
        load_scale(tmp_path)
    assert re.search(r"scale\.yaml:\d+: ", wrong.value.message)


def test_a_missing_scale_is_said(tmp_path: Path) -> None:
    with pytest.raises(BankError, match=r"scale\.yaml"):
        load_scale(tmp_path)
