"""The user's own grades: what they move, when, and back again."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviewer.scoring.calibration import calibration_for
from interviewer.scoring.grade import Score
from interviewer.scoring.own_grades import (
    ENOUGH,
    FILE_NAME,
    Graded,
    fit_own_grades,
    read_own_grades,
    write_own_grades,
)

CUTS = (1.7, 4.2)
LEVELS = [i / 3 for i in range(24)]


def strict(by: float) -> list[Graded]:
    """The grades of a user whose boundaries lie higher by so much."""

    def grade(level: float) -> Score:
        return 0 if level <= CUTS[0] + by else 1 if level <= CUTS[1] + by else 2

    return [Graded(level, CUTS, grade(level)) for level in LEVELS]


def test_too_few_grades_move_nothing() -> None:
    found = fit_own_grades(strict(1.0)[: ENOUGH - 1], "s")
    assert (found.partial, found.strong, found.enough) == (0.0, 0.0, False)
    calibration = calibration_for("other")
    assert found.applied(calibration) == calibration


def test_no_grades_at_all() -> None:
    assert fit_own_grades([], "s").grades == 0


@pytest.mark.parametrize("by", [-1.0, 1.0])
def test_the_boundaries_move_the_way_the_user_grades(by: float) -> None:
    found = fit_own_grades(strict(by), "s")
    assert found.partial * by > 0
    assert found.strong * by > 0
    assert found.agreed_after > found.agreed_before


def test_grades_that_agree_move_little() -> None:
    found = fit_own_grades(strict(0.0), "s")
    assert abs(found.partial) < 0.8
    assert abs(found.strong) < 0.8
    assert found.agreed_before == len(LEVELS)
    assert found.agreed_after >= len(LEVELS) - 2


@given(st.lists(st.tuples(st.floats(-20, 20), st.sampled_from([0, 1, 2])), max_size=40))
def test_whatever_is_graded_the_boundaries_keep_their_order(
    entries: list[tuple[float, Score]],
) -> None:
    found = fit_own_grades([Graded(level, CUTS, grade) for level, grade in entries], "s")
    low, high = found.applied(calibration_for("other")).full.ordinal.cuts
    assert low <= high
    assert abs(found.partial) <= 3
    assert abs(found.strong) <= 3


def test_moved_boundaries_are_told_and_named() -> None:
    moved = fit_own_grades(strict(1.0), "s").applied(calibration_for("other"))
    assert f"{len(LEVELS)} grades of your own" in moved.note
    assert moved.mark.startswith(f"+own-{len(LEVELS)}(")


def test_what_was_fitted_is_kept(tmp_path: Path) -> None:
    found = fit_own_grades(strict(1.0), "s")
    folder = tmp_path / "archive"
    folder.mkdir()
    write_own_grades(folder, found)
    assert read_own_grades(folder) == found
    assert [file.name for file in folder.iterdir()] == [FILE_NAME]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"scorer": 1}', '{"partial": 9.0}'])
def test_a_damaged_file_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    assert read_own_grades(tmp_path) is None
