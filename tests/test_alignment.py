"""A rubric without misconceptions: what of each point was said, piece by piece."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interviewer.bank.rubric import KeyPoint, Rubric
from interviewer.scoring.alignment import SAME_WORD, Pieces, aligned, weights_of
from interviewer.scoring.calibration import Calibration, Fit, Ordinal, Reading
from interviewer.scoring.embedding import HashEmbedder
from interviewer.scoring.grade import FEATURES, Assessment
from interviewer.scoring.remembering import RememberingEmbedder
from interviewer.scoring.scorer import Scorer
from interviewer.scoring.thin_coverage import nearest_wordings, worth_reading
from interviewer.speech.transcript import typed
from tests.scoring_kit import mini_lm, question, rubric, shipped_scale

ASK = "What is a stack?"
THIN = rubric(
    KeyPoint(id="order", point="The last element that was added is the first to be removed."),
    KeyPoint(id="cost", point="Adding and removing take constant time."),
)
STATES = (
    "You always take out the element that was put in last. "
    "Both pushing and popping run in constant time."
)
SAME_TOPIC = (
    "Compilers use stacks all the time, and most languages have one in their library. "
    "My professor liked to draw them as piles of plates."
)
WORDS = ("the", "deck", "carries", "lorries", "over", "water", "quickly", "pillars", "and")
# Of as many words as a statement has; what is shorter is read together with its neighbour.
SENTENCES = st.lists(
    st.lists(st.sampled_from(WORDS), min_size=6, max_size=9).map(" ".join), min_size=1, max_size=4
)
BRIDGE = rubric(
    KeyPoint(id="road", point="The deck holds up the road and its lorries.", weight=2),
    KeyPoint(
        id="river", point="Water flows between the pillars.", accept=("The pillars let water by.",)
    ),
)


def scored(text: str, graded_by: Rubric = THIN, ask: str = ASK) -> Assessment:
    return Scorer(mini_lm(), shipped_scale()).score(question(ask), graded_by, typed(text))


def level(text: str) -> float:
    """Where a grader that weighs every feature puts an answer; its model knows no meaning."""
    weights = dict.fromkeys(FEATURES, 0.5) | {"aligned": 6.0, "near": 3.0, "elaborated": 2.0}
    reading = Reading(relevance=0.2, width=0.6, lead=0.6, sharpness=12, near_enough=0.4)
    fit = Fit(reading=reading, ordinal=Ordinal(weights=weights, cuts=(3.0, 5.0)))
    scorer = Scorer(HashEmbedder(), shipped_scale(), Calibration(full=fit, thin=fit))
    (place,) = scorer.place([(question(), BRIDGE, typed(text))])
    return place.level if place else float("-inf")


def test_stating_the_points_beats_talking_about_the_topic() -> None:
    states, talks = scored(STATES), scored(SAME_TOPIC)
    assert (states.score, talks.score) == (2, 0)
    assert [point.status for point in states.key_points] == ["hit", "hit"]
    assert [point.status for point in talks.key_points] == ["missed", "missed"]


def test_saying_the_opposite_covers_less_than_saying_it() -> None:
    right = "The newest element leaves first. Adding and removing take constant time."
    wrong = "The oldest element leaves first. Adding and removing take linear time."
    scorer = Scorer(mini_lm(), shipped_scale())
    stated, denied = scorer.place([(question(ASK), THIN, typed(said)) for said in (right, wrong)])
    assert stated is not None
    assert denied is not None
    assert stated.level > denied.level + 0.5


def test_evidence_is_the_claim_that_says_the_point() -> None:
    evidence = [point.evidence and point.evidence.text for point in scored(STATES).key_points]
    assert evidence == [
        "You always take out the element that was put in last.",
        "Both pushing and popping run in constant time.",
    ]


@pytest.mark.parametrize(
    "said",
    [
        "What is a stack? A stack is, well, what is a stack.",
        "Stack, heap, queue, array, list, tree, graph, hash, pointer, node, edge, root.",
    ],
)
def test_the_question_said_back_and_lists_of_terms_earn_nothing(said: str) -> None:
    assert scored(said).score == 0


def test_a_few_words_may_be_all_that_is_asked_for() -> None:
    two = rubric(KeyPoint(id="names", point="push and pop"))
    assert scored("Pop and push.", two, "Which are the two main operations of a stack?").score == 2
    assert scored("", two).score == 0


def test_the_reasons_say_that_the_rubric_is_thin() -> None:
    assert "names no misconceptions" in " ".join(scored(STATES).reasons)


def test_the_same_alone_and_in_bulk() -> None:
    texts = [STATES, SAME_TOPIC, f"{SAME_TOPIC} {STATES}", "Constant time."]
    items = [(question(ASK), THIN, typed(text)) for text in texts]
    together = Scorer(RememberingEmbedder(mini_lm()), shipped_scale()).score_many(items)
    assert together == [scored(text) for text in texts]
    assert together == Scorer(mini_lm(), shipped_scale()).score_many(items)


def test_full_and_thin_rubrics_may_be_scored_together() -> None:
    full = rubric(
        KeyPoint(id="order", point=THIN.key_points[0].point, reject=("First in, first out.",))
    )
    items = [(question(ASK), graded_by, typed(STATES)) for graded_by in (THIN, full, THIN)]
    scorer = Scorer(HashEmbedder(), shipped_scale())
    assert scorer.score_many(items) == [scorer.score(*item) for item in items]


def test_new_words_count_once_without_those_of_the_question() -> None:
    said = "A stack keeps plates. Plates of a stack are kept, and you see the topmost plate."
    ((_, covered),) = Scorer(HashEmbedder(), shipped_scale()).cover_many(
        [(question(ASK), THIN, typed(said))]
    )
    assert covered.new_words == len({"keep", "plate", "kept", "see", "topmost"})


def test_nearest_wording_is_the_point_or_an_accept_of_it() -> None:
    first, second, other = np.eye(3, dtype=np.float32)
    half = (first + second) / np.sqrt(2)
    wordings = np.stack([first, second, other])  # the road; the river and its accept
    found = nearest_wordings(np.stack([other, half]), BRIDGE, wordings)
    assert found.tolist() == [pytest.approx([0.0, 1.0]), pytest.approx([0.7071, 0.7071])]
    assert nearest_wordings(np.zeros((0, 3)), BRIDGE, wordings).shape == (0, 2)


def test_claims_that_are_near_enough_are_read_beside_a_point() -> None:
    reading = Reading(relevance=0.5, width=0.4, lead=0.6, sharpness=12, near_enough=0.4)
    nearest = np.array([[0.1, 0.9], [0.5, 0.49]])
    assert worth_reading(nearest, reading) == [(0, 1), (1, 0)]
    assert worth_reading(nearest[:0], reading) == []


@given(SENTENCES, SENTENCES)
@settings(max_examples=150)
def test_one_more_statement_never_lowers_a_score(said: list[str], more: list[str]) -> None:
    before, after = (level(". ".join(texts) + ".") for texts in (said, [*said, *more]))
    assert after >= before


def test_words_of_the_question_and_function_words_weigh_little() -> None:
    words = ("a", "stack", "grows", ".")
    pieces = Pieces(words, np.eye(4, dtype=np.float32))
    a, stack, grows, stop = weights_of(pieces, {"stack"})
    assert 0 == stop < a < stack < grows
    assert weights_of(pieces, set())[1] > stack


def test_a_form_of_the_word_matches_whatever_the_vectors_say() -> None:
    wording, said = (
        Pieces((word,), np.array([vector], dtype=np.float32))
        for word, vector in (("stacks", (1.0, 0.0)), ("stack", (0.0, 1.0)))
    )
    by_claim, together = aligned([wording], [said], set(), 18.0)
    assert (by_claim.tolist(), together) == ([SAME_WORD], SAME_WORD)
    assert aligned([wording], [], set(), 18.0)[1] == 0.0
