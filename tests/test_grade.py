"""Coverage becomes a score with reasons that a person can read."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviewer.bank.rubric import KeyPoint
from interviewer.errors import BankError
from interviewer.scoring.claims import Claim
from interviewer.scoring.coverage import Coverage, KeyPointResult, Status
from interviewer.scoring.grade import Assessment, Score, grade, no_answer, not_scored
from interviewer.scoring.scale import load_scale
from interviewer.scoring.screening import Screened, screen
from interviewer.settings import shipped_dir
from interviewer.speech.transcript import Transcript, typed
from tests.scoring_kit import rubric, shipped_scale, spoken

SCALE = shipped_scale().model_copy(
    update={
        "partial_credit": 0.5,
        "strong_coverage": 0.6,
        "partial_coverage": 0.3,
        "strong_lean": 0.0,
        "partial_lean": -0.1,
    }
)
POINTS = (
    KeyPoint(id="first", point="p", weight=3, required=True, reject=("r",)),
    KeyPoint(id="second", point="q", weight=3, reject=("r",)),
    KeyPoint(id="third", point="s", weight=4, reject=("r",)),
)
KEPT = Screened((Claim("Something was said."),))
SENTENCE = re.compile(r"^[A-Z0-9].*[^ .]\.$")


def graded(*statuses: Status, lean: float | None = 0.2, screened: Screened = KEPT) -> Assessment:
    results = tuple(
        KeyPointResult(point.id, status, 0.5, None)
        for point, status in zip(POINTS, statuses, strict=True)
    )
    return grade(Coverage(results, lean), rubric(*POINTS), SCALE, "test", screened)


@pytest.mark.parametrize(
    ("statuses", "score", "coverage"),
    [
        (("hit", "hit", "hit"), 2, 1.0),
        (("hit", "hit", "missed"), 2, 0.6),
        (("partial", "hit", "hit"), 2, 0.85),
        (("hit", "missed", "missed"), 1, 0.3),
        (("missed", "partial", "missed"), 0, 0.15),
        (("missed", "missed", "missed"), 0, 0.0),
        # The required point is missing, whatever else was said.
        (("missed", "hit", "hit"), 1, 0.7),
        (("contradicted", "hit", "hit"), 1, 0.7),
        # What is contradicted is not stated.
        (("hit", "contradicted", "missed"), 1, 0.3),
        (("contradicted", "contradicted", "contradicted"), 0, 0.0),
    ],
)
def test_score(statuses: tuple[Status, ...], score: Score, coverage: float) -> None:
    found = graded(*statuses)
    assert (found.score, found.coverage) == (score, coverage)


def test_reasons_name_the_required_point_that_is_missing() -> None:
    assert graded("missed", "hit", "partial").reasons == (
        "1 of 3 key points was stated and 1 in part: 50% of the rubric by weight.",
        "The required point 'first' was not stated, so the answer cannot be strong.",
        "A strong answer takes 60%.",
    )


@pytest.mark.parametrize(
    ("lean", "score"), [(0.0, 2), (None, 2), (-0.01, 1), (-0.1, 1), (-0.11, 0)]
)
def test_an_answer_that_leans_to_misconceptions_loses(lean: float | None, score: Score) -> None:
    found = graded("hit", "hit", "hit", lean=lean)
    assert found.score == score
    assert (score == 2) != any("Taken together" in reason for reason in found.reasons)


def test_reasons_name_what_was_contradicted() -> None:
    reasons = graded("hit", "contradicted", "contradicted").reasons
    assert reasons[1].startswith("What was said about 'second' and 'third' is a common misc")


def test_a_rubric_without_misconceptions_says_so() -> None:
    plain = rubric(KeyPoint(id="only", point="p"))
    hit = (KeyPointResult("only", "hit", 0.9, None),)
    assert "misconceptions" in grade(Coverage(hit, None), plain, SCALE, "test", KEPT).reasons[-1]
    assert "misconceptions" not in " ".join(graded("hit", "hit", "hit").reasons)


@given(
    st.tuples(*[st.sampled_from(["hit", "partial", "missed", "contradicted"])] * 3),
    st.floats(-0.5, 0.5),
)
def test_every_reason_is_a_sentence_and_the_assessment_survives_json(
    statuses: tuple[Status, Status, Status], lean: float
) -> None:
    found = graded(*statuses, lean=lean)
    assert found.reasons
    assert all(SENTENCE.match(reason) for reason in found.reasons)
    assert Assessment.from_dict(json.loads(json.dumps(found.to_dict()))) == found


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
    nothing = graded("missed", "missed", "missed", screened=Screened((), echoes=claims))
    assert nothing.reasons[0] == "The answer only repeats the question, which does not count."
    most = graded("missed", "missed", "hit", screened=Screened(claims[:1], lists=claims))
    assert most.reasons[0].startswith("Most of the answer lists terms")


def test_the_shipped_scale_is_read() -> None:
    assert 0 < shipped_scale().partial_similarity < shipped_scale().hit_similarity < 1


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("hit_similarity: 1.5", "hit_similarity"),
        ("hit_similarity: high", "hit_similarity"),
        ("hit_similarity: 0.1", "partial_similarity no larger than hit_similarity"),
        ("hit_similarty: 0.6", "hit_similarity: is missing"),
    ],
)
def test_a_wrong_scale_names_file_line_and_field(tmp_path: Path, line: str, expected: str) -> None:
    text = (shipped_dir("rubrics") / "scale.yaml").read_text(encoding="utf-8")
    file = tmp_path / "scale.yaml"
    file.write_text(re.sub(r"(?m)^hit_similarity: .*", line, text), encoding="utf-8")
    with pytest.raises(BankError, match=re.escape(expected)) as wrong:
        load_scale(tmp_path)
    assert re.search(r"scale\.yaml:\d+: ", wrong.value.message)


def test_a_missing_scale_is_said(tmp_path: Path) -> None:
    with pytest.raises(BankError, match=r"scale\.yaml"):
        load_scale(tmp_path)
