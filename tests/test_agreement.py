"""The figures and thresholds that everything published rests on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from benchmarks._agreement import (
    NEARLY,
    Floats,
    Grades,
    accuracy,
    best_cuts,
    by_cuts,
    confusion,
    matched_cuts,
    quadratic_weighted_kappa,
    steady_cuts,
)
from interviewer.scoring.grade import THIN_FEATURES
from training.fit_grade import LEAST_WIDTH, fit_ordinal, fit_thin

SCORES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=40)


def noisy(n: int, noise: float) -> tuple[Floats, Grades]:
    """Values that rise with the grade, more or less."""
    draw = np.random.default_rng(1)
    grades = draw.integers(0, 3, n)
    return grades + noise * draw.standard_normal(n), grades


@given(SCORES)
def test_kappa_is_that_of_others(pairs: list[tuple[int, int]]) -> None:
    grades, scores = zip(*pairs, strict=True)
    if len({*grades, *scores}) < 2:
        return  # nothing to be expected by chance, and so no kappa
    theirs = cohen_kappa_score(grades, scores, labels=[0, 1, 2], weights="quadratic")
    assert quadratic_weighted_kappa(grades, scores) == pytest.approx(theirs)
    assert accuracy(grades, scores) == pytest.approx(
        np.trace(confusion(grades, scores)) / len(pairs)
    )


def test_the_best_cuts_tell_apart_what_can_be_told_apart() -> None:
    values, grades = noisy(90, noise=0.1)
    assert by_cuts(values, *best_cuts(values, grades)).tolist() == grades.tolist()


def test_steady_cuts_are_nearly_the_best_and_keep_their_distance() -> None:
    values, grades = noisy(300, noise=0.8)
    best = quadratic_weighted_kappa(grades, by_cuts(values, *best_cuts(values, grades)))
    steady = quadratic_weighted_kappa(grades, by_cuts(values, *steady_cuts(values, grades, 0.0)))
    assert best - 2 * NEARLY < steady <= best
    low, high = steady_cuts(values, grades, 1.5)
    assert high - low >= 1.5


def test_matched_cuts_give_each_score_as_often_as_the_grade() -> None:
    values, grades = noisy(300, noise=2.0)
    scores = by_cuts(values, *matched_cuts(values, grades))
    difference = np.bincount(scores, minlength=3) - np.bincount(grades, minlength=3)
    assert np.abs(difference).max() <= 1


def test_what_says_nothing_of_the_grade_gets_no_weight_and_nothing_a_negative_one() -> None:
    telling, grades = noisy(400, noise=0.7)
    against = -telling
    silent = np.full(len(grades), 0.4)
    found = fit_ordinal(np.stack([telling, against, silent], axis=1), grades, ("a", "b", "c"))
    assert found.weights["a"] > 1
    assert found.weights["b"] == found.weights["c"] == 0
    assert found.cuts[0] < found.cuts[1]


def test_the_cuts_for_thin_rubrics_leave_room_for_partial_answers() -> None:
    telling, grades = noisy(400, noise=3.0)  # so that the best cuts alone lie close together
    rows = np.zeros((len(grades), len(THIN_FEATURES)))
    rows[:, 0], rows[:, 1] = telling, 0.1 * telling
    found = fit_thin(rows, grades)
    assert tuple(found.weights) == THIN_FEATURES
    low, high = found.cuts
    assert high - low >= LEAST_WIDTH - 0.001
