"""Each key point is hit, stated in part, missed or contradicted, and the words show it."""

from __future__ import annotations

import numpy as np
import pytest

from interviewer.bank.rubric import KeyPoint, Rubric
from interviewer.scoring.claims import Claim
from interviewer.scoring.coverage import Coverage, KeyPointResult, Status, cover, rubric_texts
from interviewer.scoring.scale import Scale
from tests.scoring_kit import rubric, shipped_scale

ROAD = KeyPoint(id="road", point="p", accept=("a1", "a2"), reject=("r1",))
RIVER = KeyPoint(id="river", point="q", reject=("s1", "s2"))
PLAIN = KeyPoint(id="plain", point="n")
SCALE = shipped_scale().model_copy(
    update={
        "hit_similarity": 0.6,
        "partial_similarity": 0.5,
        "clear_lead": 0.2,
        "nearest_margin": 0.1,
    }
)


def covered(points: Rubric, *similarities: dict[str, float]) -> Coverage:
    """Cover claims that have these similarities to the rubric's wordings, and 0 to the others.

    Each wording gets an axis of its own, so that a product of vectors is the similarity given.
    """
    texts = rubric_texts(points)
    claims = [Claim(f"claim {i}", float(i), i + 1.0) for i in range(len(similarities))]
    vectors = np.array([[s.get(t, 0.0) for t in texts] for s in similarities], dtype=np.float32)
    axes = np.eye(len(texts), dtype=np.float32)
    return cover(claims, vectors.reshape(-1, len(texts)), points, axes, SCALE)


def results(points: Rubric, *similarities: dict[str, float]) -> tuple[KeyPointResult, ...]:
    return covered(points, *similarities).results


@pytest.mark.parametrize(
    ("similarities", "status"),
    [
        ({"p": 0.6}, "hit"),
        ({"a2": 0.9}, "hit"),
        ({"a1": 0.59}, "partial"),
        ({"p": 0.5}, "partial"),
        ({"p": 0.49}, "missed"),
        ({}, "missed"),
        ({"r1": 0.9}, "contradicted"),
        ({"p": 0.8, "r1": 0.9}, "contradicted"),
        # Near the wording of both, the smallest difference tells.
        ({"p": 0.97, "r1": 1.0}, "contradicted"),
        ({"p": 0.9, "r1": 0.8}, "hit"),
        # Too close to call speaks for the candidate.
        ({"p": 0.65, "r1": 0.7}, "hit"),
        # Not near enough to the misconception to say that it was stated.
        ({"p": 0.4, "r1": 0.55}, "missed"),
    ],
)
def test_status(similarities: dict[str, float], status: Status) -> None:
    (found,) = results(rubric(ROAD), similarities)
    assert found.status == status


def test_the_claim_that_says_most_is_the_evidence() -> None:
    (found,) = results(rubric(ROAD), {"p": 0.55}, {"a1": 0.7}, {"p": 0.65})
    assert found == KeyPointResult("road", "hit", 0.7, Claim("claim 1", 1.0, 2.0))


def test_the_evidence_of_a_contradiction_is_the_misconception() -> None:
    (found,) = results(rubric(ROAD), {"p": 0.7, "r1": 0.7}, {"p": 0.6, "r1": 0.8})
    assert found == KeyPointResult("road", "contradicted", 0.6, Claim("claim 1", 1.0, 2.0))


def test_what_was_said_nearest_to_the_point_outweighs_the_rest() -> None:
    (found,) = results(rubric(ROAD), {"p": 0.9, "r1": 0.5}, {"p": 0.6, "r1": 0.8})
    assert found == KeyPointResult("road", "hit", 0.9, Claim("claim 0", 0.0, 1.0))


@pytest.mark.parametrize(
    ("said", "lean"),
    [
        ([{"p": 0.9, "r1": 0.7}], 0.2),
        ([{"p": 0.9, "r1": 0.7}, {"q": 0.6, "s1": 0.9}], -0.05),
        # What is near to nothing in the rubric says nothing about right and wrong.
        ([{"p": 0.9, "r1": 0.7}, {"p": 0.1, "r1": 0.4}], 0.2),
        # A misconception about one point may be a right wording of another.
        ([{"p": 0.3, "r1": 0.8, "q": 0.9}], 0.1),
        ([{"p": 0.4}], None),
        ([], None),
    ],
)
def test_lean(said: list[dict[str, float]], lean: float | None) -> None:
    assert covered(rubric(ROAD, RIVER), *said).lean == lean


def test_a_rubric_without_misconceptions_has_no_lean() -> None:
    assert covered(rubric(PLAIN), {"n": 0.9}).lean is None


def test_a_missed_point_has_no_evidence() -> None:
    (found,) = results(rubric(ROAD), {"p": 0.3})
    assert (found.status, found.similarity, found.evidence) == ("missed", 0.3, None)


def test_one_claim_does_not_state_a_point_that_it_is_much_less_about() -> None:
    road, river = results(rubric(ROAD, RIVER), {"p": 0.9, "q": 0.7})
    assert (road.status, river.status) == ("hit", "missed")


def test_one_claim_may_state_two_points_that_it_is_equally_about() -> None:
    road, river = results(rubric(ROAD, RIVER), {"p": 0.75, "q": 0.7})
    assert (road.status, river.status) == ("hit", "hit")


def test_a_point_without_misconceptions_goes_by_similarity() -> None:
    road, plain = results(rubric(ROAD, PLAIN), {"r1": 0.9}, {"n": 0.7})
    assert (road.status, plain.status) == ("contradicted", "hit")


def test_nothing_said_misses_everything() -> None:
    assert [found.status for found in results(rubric(ROAD, RIVER))] == ["missed", "missed"]


def test_the_order_of_key_points_changes_nothing() -> None:
    said = ({"p": 0.7, "s1": 0.72}, {"q": 0.55, "a2": 0.5}, {"n": 0.6})
    forward = results(rubric(ROAD, RIVER, PLAIN), *said)
    assert results(rubric(PLAIN, RIVER, ROAD), *said) == forward[::-1]


def test_thresholds_come_from_the_scale() -> None:
    strict = Scale(**{**dict(SCALE), "hit_similarity": 0.9, "partial_similarity": 0.8})
    claims = [Claim("a claim")]
    one = np.ones((1, 1), dtype=np.float32)
    (found,) = cover(claims, one * 0.85, rubric(PLAIN), one, strict).results
    assert found.status == "partial"
