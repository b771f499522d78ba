"""Each key point is hit, stated in part, missed or contradicted, and the words show it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviewer.bank.rubric import KeyPoint, Rubric
from interviewer.scoring.calibration import Reading
from interviewer.scoring.claims import Claim
from interviewer.scoring.coverage import (
    Coverage,
    KeyPointResult,
    Status,
    cover,
    likeness,
    rubric_texts,
    worth_reading,
)
from tests.scoring_kit import rubric, shipped_scale

ROAD = KeyPoint(id="road", point="p", reject=("r",))
RIVER = KeyPoint(id="river", point="q", reject=("s",))
PLAIN = KeyPoint(id="plain", point="n")
SCALE = shipped_scale().model_copy(update={"hit": 0.4, "partial": 0.2, "contradicted": 0.3})
READING = Reading(relevance=0.5, width=0.05, lead=0.1, sharpness=12.0, near_enough=0.6)


def covered(
    points: Rubric, *similarities: dict[str, float], margin: float | None = None
) -> Coverage:
    """Cover claims that have these similarities to the rubric's wordings, and 0 to the others.

    Each wording gets an axis of its own, so that a product of vectors is the similarity given.
    `margin` is what reading each claim beside each point finds.
    """
    texts = rubric_texts(points)
    claims = [Claim(f"claim {i}", float(i), i + 1.0) for i in range(len(similarities))]
    vectors = np.array([[s.get(t, 0.0) for t in texts] for s in similarities], dtype=np.float32)
    axes = np.eye(len(texts), dtype=np.float32)
    found = likeness(vectors.reshape(-1, len(texts)), points, axes, READING)
    margins = np.zeros_like(found.right) if margin is None else np.full_like(found.right, margin)
    return cover(claims, found, margins, points, SCALE, READING)


def results(points: Rubric, *similarities: dict[str, float]) -> tuple[KeyPointResult, ...]:
    return covered(points, *similarities).results


@pytest.mark.parametrize(
    ("similarities", "status"),
    [
        ({"p": 0.8, "r": 0.5}, "hit"),
        ({"p": 0.7}, "hit"),
        # The right wording leads by little, or the claim is hardly about the point.
        ({"p": 0.8, "r": 0.77}, "partial"),
        ({"p": 0.48}, "partial"),
        ({"p": 0.8, "r": 0.79}, "missed"),
        ({"p": 0.35}, "missed"),
        ({}, "missed"),
        # However near to the right wording, nearer to the misconception is wrong.
        ({"r": 0.9}, "contradicted"),
        ({"p": 0.8, "r": 0.9}, "contradicted"),
        ({"p": 0.8, "r": 0.81}, "missed"),
    ],
)
def test_status(similarities: dict[str, float], status: Status) -> None:
    (found,) = results(rubric(ROAD), similarities)
    assert found.status == status


def test_the_clearest_claim_is_the_evidence() -> None:
    (found,) = results(rubric(ROAD), {"p": 0.5}, {"p": 0.7}, {"p": 0.8, "r": 0.78})
    assert found == KeyPointResult("road", "hit", 0.7, Claim("claim 1", 1.0, 2.0))


def test_the_evidence_of_a_contradiction_is_the_misconception() -> None:
    (found,) = results(rubric(ROAD), {"p": 0.7, "r": 0.7}, {"p": 0.6, "r": 0.8})
    assert found == KeyPointResult("road", "contradicted", 0.6, Claim("claim 1", 1.0, 2.0))


def test_a_clear_misconception_outweighs_a_faint_right_statement() -> None:
    (found,) = results(rubric(ROAD), {"p": 0.8, "r": 0.77}, {"p": 0.6, "r": 0.9})
    assert found.status == "contradicted"


def test_saying_both_is_neither() -> None:
    (found,) = results(rubric(ROAD), {"p": 0.9, "r": 0.6}, {"p": 0.6, "r": 0.9})
    assert (found.status, found.evidence) == ("missed", None)


def test_a_missed_point_has_no_evidence() -> None:
    (found,) = results(rubric(ROAD), {"p": 0.3})
    assert (found.status, found.similarity, found.evidence) == ("missed", 0.3, None)


def test_one_claim_does_not_state_a_point_that_it_is_much_less_about() -> None:
    road, river = results(rubric(ROAD, RIVER), {"p": 0.9, "q": 0.6})
    assert (road.status, river.status) == ("hit", "missed")


def test_one_claim_may_state_two_points_that_it_is_equally_about() -> None:
    road, river = results(rubric(ROAD, RIVER), {"p": 0.75, "q": 0.73})
    assert (road.status, river.status) == ("hit", "hit")


def test_a_point_without_misconceptions_goes_by_similarity() -> None:
    near, far = ({"n": 0.75}, {"n": 0.6})
    assert [results(rubric(PLAIN), said)[0].status for said in (near, far)] == ["hit", "missed"]


def test_nothing_said_misses_everything() -> None:
    assert [found.status for found in results(rubric(ROAD, RIVER))] == ["missed", "missed"]


SAID = st.lists(
    st.fixed_dictionaries({name: st.floats(0, 0.99) for name in "pqrsn"}), min_size=1, max_size=5
)


@given(SAID)
def test_evidence_is_for_or_against_and_within_bounds(said: list[dict[str, float]]) -> None:
    found = covered(rubric(ROAD, RIVER, PLAIN), *said)
    for table in (found.support, found.opposition):
        assert table.shape == (len(said), 3)
        assert 0 <= table.min() <= table.max() <= 1
    assert (np.minimum(found.support, found.opposition) == 0).all()


@given(SAID)
def test_the_order_of_key_points_changes_nothing(said: list[dict[str, float]]) -> None:
    forward = results(rubric(ROAD, RIVER, PLAIN), *said)
    assert results(rubric(PLAIN, RIVER, ROAD), *said) == forward[::-1]


@given(SAID)
def test_a_point_said_twice_counts_once(said: list[dict[str, float]]) -> None:
    points = rubric(ROAD, RIVER, PLAIN)
    once, twice = results(points, *said), results(points, *said, *said)
    assert [point.status for point in once] == [point.status for point in twice]


def test_reading_a_claim_beside_a_point_decides_where_vectors_do_not() -> None:
    near = {"p": 0.8, "r": 0.79}
    statuses = {
        margin: covered(rubric(ROAD), near, margin=margin).results[0].status
        for margin in (-6.0, 0.0, 6.0)
    }
    assert statuses == {-6.0: "contradicted", 0.0: "missed", 6.0: "hit"}
    # What is not about a point does not come to be about it.
    (found,) = covered(rubric(ROAD), {"p": 0.2, "r": 0.2}, margin=6.0).results
    assert found.status == "missed"


def test_only_claims_that_are_about_a_point_are_read_beside_it() -> None:
    points = rubric(ROAD, RIVER)
    texts = rubric_texts(points)
    vectors = np.array(
        [[{"p": 0.9, "s": 0.1}.get(text, 0.0) for text in texts], [0.2] * len(texts)]
    )
    found = likeness(vectors, points, np.eye(len(texts)), READING)
    assert worth_reading(found) == [(0, 0)]
