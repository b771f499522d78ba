"""From transcript to assessment, on the shipped bank with the real model, and with the fake one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interviewer.bank.rubric import KeyPoint, Rubric
from interviewer.scoring.coverage import rubric_texts
from interviewer.scoring.embedding import HashEmbedder, Vectors
from interviewer.scoring.grade import Assessment
from interviewer.scoring.remembering import RememberingEmbedder
from interviewer.scoring.scorer import Item, Scorer
from interviewer.speech.transcript import Transcript, typed
from tests.scoring_kit import (
    mini_lm,
    question,
    rubric,
    shipped_bank,
    shipped_rubrics,
    shipped_scale,
    spoken,
)

ROAD = KeyPoint(
    id="road",
    point="The deck holds up the road and its lorries.",
    weight=2,
    accept=("Lorries drive over the deck.",),
    reject=("The deck hangs below the river bed.",),
)
RIVER = KeyPoint(
    id="river",
    point="Water flows freely between the pillars.",
    reject=("Pillars dam the water completely.",),
)
BRIDGE = rubric(ROAD, RIVER)
QUESTION_IDS = sorted(shipped_rubrics())


class CountingEmbedder(HashEmbedder):
    """Remembers what it was asked to embed."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.calls.append(list(texts))
        return super().embed(texts)


def scored(text: str, graded_by: Rubric = BRIDGE) -> Assessment:
    return Scorer(HashEmbedder(), shipped_scale()).score(question(), graded_by, typed(text))


@cache
def remembering_scorer() -> Scorer:
    """With the real model, which reads each text once; many at once are read sooner."""
    embedder = RememberingEmbedder(mini_lm())
    embedder.embed(
        [text for graded_by in shipped_rubrics().values() for text in rubric_texts(graded_by)]
    )
    return Scorer(embedder, shipped_scale())


def real_item(question_id: str, text: str) -> Item:
    return shipped_bank().question(question_id), shipped_rubrics()[question_id], typed(text)


def really_scored(question_id: str, text: str) -> Assessment:
    return remembering_scorer().score(*real_item(question_id, text))


@cache
def model_answers_scored() -> dict[str, Assessment]:
    items = [real_item(asked.id, asked.answer) for asked in shipped_bank().questions]
    found = remembering_scorer().score_many(items)
    return {asked.id: each for (asked, _, _), each in zip(items, found, strict=True)}


def test_stated_points_are_hit_with_their_evidence() -> None:
    found = scored("Lorries drive over the deck. Water flows freely between the pillars.")
    assert (found.score, found.coverage) == (2, 1.0)
    assert [point.evidence and point.evidence.text for point in found.key_points] == [
        "Lorries drive over the deck.",
        "Water flows freely between the pillars.",
    ]


def test_misconceptions_score_zero() -> None:
    found = scored("The deck hangs below the river bed. Pillars dam the water completely.")
    assert found.score == 0
    assert [point.status for point in found.key_points] == ["contradicted", "contradicted"]


def test_evidence_has_the_time_at_which_it_was_said() -> None:
    heard = spoken("hello there my dear friends lorries drive over the deck", pause_after="friends")
    found = Scorer(HashEmbedder(), shipped_scale()).score(question(), BRIDGE, heard)
    evidence = found.key_points[0].evidence
    assert evidence is not None
    assert (evidence.text, evidence.start_s) == ("lorries drive over the deck", 2.9)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "nothing was typed"),
        ("Lorries drive.", "2 words"),
        ("So what does a bridge carry? A bridge does carry.", "repeats the question"),
        ("Deck, lorries, pillars, water, river, road, arch.", "lists terms"),
        ("Bananas grow yellow whenever they are ripe enough.", "Nothing that was said"),
    ],
)
def test_what_is_no_answer_scores_zero_and_says_why(text: str, reason: str) -> None:
    found = scored(text)
    assert found.score == 0
    assert reason in " ".join(found.reasons)
    assert [point.status for point in found.key_points] == ["missed", "missed"]


def test_silence_that_was_recorded_scores_zero() -> None:
    silence = Transcript((), "silero-vad", "", "", 20.0)
    found = Scorer(HashEmbedder(), shipped_scale()).score(question(), BRIDGE, silence)
    assert (found.score, found.reasons) == (0, ("There was no speech in the recording.",))


def test_the_name_says_method_scale_and_model() -> None:
    assert Scorer(HashEmbedder(), shipped_scale()).name == "stance-6/scale-5/hash-512"
    assert scored("").scorer == "stance-6/scale-5/hash-512"


def test_the_order_of_key_points_changes_no_score() -> None:
    text = "Lorries drive over the deck. Pillars dam the water completely."
    forward, backward = scored(text), scored(text, rubric(RIVER, ROAD))
    assert (forward.score, forward.coverage) == (backward.score, backward.coverage)
    assert forward.key_points == backward.key_points[::-1]


def test_a_rubric_is_embedded_once_and_again_when_it_changes() -> None:
    embedder = CountingEmbedder()
    scorer = Scorer(embedder, shipped_scale())
    for graded_by in (BRIDGE, BRIDGE, rubric(ROAD)):
        scorer.score(question(), graded_by, typed("Lorries drive over the deck."))
    assert ROAD.point in embedder.calls[0]
    assert embedder.calls[1] == ["Lorries drive over the deck."]
    assert ROAD.point in embedder.calls[2]


def test_many_answers_take_one_call_and_score_as_alone() -> None:
    texts = ["Lorries drive over the deck.", "", "Water flows freely between the pillars. Yes."]
    embedder = CountingEmbedder()
    items = [(question(), BRIDGE, typed(text)) for text in texts]
    together = Scorer(embedder, shipped_scale()).score_many(items)
    assert len(embedder.calls) == 1
    assert together == [scored(text) for text in texts]


def test_no_answers_give_no_assessments() -> None:
    assert Scorer(HashEmbedder(), shipped_scale()).score_many([]) == []


@given(st.text(max_size=200))
@settings(max_examples=50)
def test_any_text_gets_a_score_with_reasons(text: str) -> None:
    found = scored(text)
    assert found.score in (0, 1, 2)
    assert found.reasons
    assert Assessment.from_dict(json.loads(json.dumps(found.to_dict()))) == found


@pytest.mark.parametrize("question_id", QUESTION_IDS)
def test_the_model_answer_is_strong(question_id: str) -> None:
    found = model_answers_scored()[question_id]
    assert found.score == 2, found.reasons


@pytest.mark.parametrize("question_id", QUESTION_IDS)
def test_the_misconceptions_together_are_wrong(question_id: str) -> None:
    points = shipped_rubrics()[question_id].key_points
    for said in ([p.reject[0] for p in points], [text for p in points for text in p.reject]):
        found = really_scored(question_id, " ".join(said))
        assert found.score == 0, found.reasons


def test_a_paraphrase_of_a_point_states_it() -> None:
    """Nearly all of them: one may look like a list of terms, or like the question."""
    said = [
        (question_id, point.id, text)
        for question_id in QUESTION_IDS
        for point in shipped_rubrics()[question_id].key_points
        for text in (point.point, *point.accept)
    ]
    found = remembering_scorer().score_many([real_item(q, text) for q, _, text in said])
    unheard = [
        (question_id, point_id, text)
        for (question_id, point_id, text), assessment in zip(said, found, strict=True)
        if {result.id: result.status for result in assessment.key_points}[point_id]
        not in ("hit", "partial")
    ]
    assert len(unheard) <= 0.02 * len(said), unheard
    of_each = Counter(question_id for question_id, _, _ in unheard)
    assert max(of_each.values(), default=0) <= 4, of_each


def test_an_answer_is_judged_by_what_it_says() -> None:
    stores = "The keys and values of earlier tokens are stored, so each step computes only the new."
    without = "Without that the whole prefix would go through the model again at each step."
    rest = (
        "The cache fills the GPU's memory, so it limits how many requests fit into a batch. "
        "It grows with layers, key value heads, head dimension and sequence length, times two. "
        "Grouped query attention makes it smaller, because several query heads share one key head."
    )
    assert really_scored("kv-cache", stores).score == 1
    assert really_scored("kv-cache", f"{stores} {without} {rest}").score == 2
    unrelated = "I took the train to the coast and we had fish for dinner by the harbour."
    assert really_scored("kv-cache", unrelated).score == 0


def test_real_assessments_are_the_same_every_time_alone_and_in_bulk() -> None:
    scorer = Scorer(mini_lm(), shipped_scale())
    items = [real_item(asked.id, asked.answer) for asked in shipped_bank().questions[::8]]
    together = scorer.score_many(items)
    assert together == Scorer(mini_lm(), shipped_scale()).score_many(items)
    for item, found in zip(items, together, strict=True):
        alone = scorer.score(*item)
        assert (alone.score, alone.coverage) == (found.score, found.coverage)
        assert alone == scorer.score(*item)
