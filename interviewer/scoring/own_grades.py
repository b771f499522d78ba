"""The user's own grades: how far they move the boundaries between the scores.

With `ENOUGH` graded answers the two cuts of the grader move to where they suit the user's grades
best, held back by a prior, so that a few odd grades do not move them far. What was fitted lies in
one file in the archive; without the file, or while it is switched off, the shipped cuts hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from interviewer.scoring.calibration import Calibration, Fit
from interviewer.scoring.grade import Score

Numbers: TypeAlias = npt.NDArray[np.floating[Any]]

ENOUGH = 20
"""Fewer own grades than this move nothing."""
FILE_NAME = "own-grades.json"
SPREAD = 1.0
"""The prior's standard deviation of a cut's shift, in logits."""
STEPS = np.round(np.arange(-3.0, 3.01, 0.05), 2)
"""The shifts that are tried."""


@dataclass(frozen=True)
class Graded:
    """One answer that the user graded: where the grader puts it, and what the user says."""

    level: float
    cuts: tuple[float, float]
    grade: Score


class OwnGrades(BaseModel):
    """What the user's grades came to; with fewer than `ENOUGH` of them both shifts are 0."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    scorer: str
    """The shipped scorer for which the shifts were fitted; they fit no other."""
    grades: int = Field(ge=0)
    partial: float = Field(ge=-3, le=3)
    """How far the boundary between wrong and partial moves: above 0 is stricter."""
    strong: float = Field(ge=-3, le=3)
    """The same between partial and strong."""
    agreed_before: int = Field(ge=0)
    """How many of the user's grades the shipped boundaries give."""
    agreed_after: int = Field(ge=0)
    used: bool = True
    """Switched off, the shipped boundaries hold."""

    @property
    def enough(self) -> bool:
        """Whether there are grades enough to move anything."""
        return self.grades >= ENOUGH

    def applied(self, calibration: Calibration) -> Calibration:
        """The calibration with its boundaries moved, and a note that says so."""

        def moved(fit: Fit) -> Fit:
            low, high = (
                round(cut + shift, 3)
                for cut, shift in zip(fit.ordinal.cuts, (self.partial, self.strong), strict=True)
            )
            cuts = (low, max(low, high))
            return fit.model_copy(update={"ordinal": fit.ordinal.model_copy(update={"cuts": cuts})})

        if not self.enough:
            return calibration
        told = f"The boundaries between the scores follow {self.grades} grades of your own."
        return calibration.model_copy(
            update={
                "full": moved(calibration.full),
                "thin": moved(calibration.thin),
                "note": f"{calibration.note} {told}".strip(),
                "mark": f"+own-{self.grades}({self.partial:+.2f},{self.strong:+.2f})",
            }
        )


def fit_own_grades(graded: Sequence[Graded], scorer: str) -> OwnGrades:
    """Fit the two shifts by maximum a posteriori; with too few grades both are 0.

    Args:
        graded: at most one entry an answer.
        scorer: the name of the scorer that gave the levels.
    """
    levels = np.array([one.level for one in graded])
    cuts = np.array([one.cuts for one in graded]).reshape(-1, 2)
    grades = np.array([one.grade for one in graded], dtype=np.int64)
    low_shift, high_shift = 0.0, 0.0
    if len(graded) >= ENOUGH:
        low, high = np.meshgrid(STEPS, STEPS, indexing="ij")
        allowed = (cuts[:, 0].max() + low) < (cuts[:, 1].min() + high)
        below = _sigmoid(cuts[:, 0] + low[..., None] - levels)
        up_to = _sigmoid(cuts[:, 1] + high[..., None] - levels)
        chances = np.stack([below, up_to - below, 1 - up_to])
        chosen = np.take_along_axis(chances, grades[None, None, None, :], axis=0)[0]
        fitting = np.log(chosen.clip(1e-9)).sum(axis=-1)
        posterior = fitting - (low**2 + high**2) / (2 * SPREAD**2)
        best = np.unravel_index(np.where(allowed, posterior, -np.inf).argmax(), low.shape)
        low_shift, high_shift = float(low[best]), float(high[best])
    return OwnGrades(
        scorer=scorer,
        grades=len(graded),
        partial=low_shift,
        strong=high_shift,
        agreed_before=_agreed(levels, cuts, grades),
        agreed_after=_agreed(levels, cuts + np.array([low_shift, high_shift]), grades),
    )


def _agreed(levels: Numbers, cuts: Numbers, grades: npt.NDArray[np.int64]) -> int:
    return int(((levels[:, None] > cuts).sum(axis=1) == grades).sum())


def _sigmoid(values: Numbers) -> Numbers:
    return np.asarray(1 / (1 + np.exp(-values)))


def read_own_grades(folder: Path) -> OwnGrades | None:
    """What was fitted for an archive; `None` where nothing was, or the file is damaged."""
    try:
        return OwnGrades.model_validate_json((folder / FILE_NAME).read_bytes())
    except (OSError, ValidationError):
        return None


def write_own_grades(folder: Path, found: OwnGrades) -> None:
    """Keep what was fitted, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    part = folder / f"{FILE_NAME}.part"
    part.write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")
    part.replace(folder / FILE_NAME)
