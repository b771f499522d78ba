"""What was fitted on graded answers, one fit for each embedding model: `weights/grade.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from interviewer.bank.rubric import Rubric

WEIGHTS_DIR = Path(__file__).parent / "weights"
GRADE_FILE = WEIGHTS_DIR / "grade.json"
OTHER_MODELS = "other"
"""The calibration for models that none was fitted for."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Reading(_Frozen):
    """How to read a model's similarities."""

    relevance: float
    """From about this similarity on a claim is about a key point."""
    width: float = Field(gt=0)
    """How gradually it begins to be."""
    lead: float = Field(gt=0)
    """A lead of right over wrong wordings of about this much is clear."""
    sharpness: float = Field(gt=0)
    """How much the nearest of several wordings counts beside the others."""
    near_enough: float
    """For a key point without misconceptions: only what is nearer than this states it."""


class Ordinal(_Frozen):
    """Proportional odds: P(score <= s) = 1 / (1 + exp(z - cuts[s])), z the weighted features."""

    weights: dict[str, float]
    """By feature, none below 0, so that the score rises with every feature."""
    cuts: tuple[float, float]


class Fit(_Frozen):
    """From similarities to grades."""

    reading: Reading
    ordinal: Ordinal


class Calibration(_Frozen):
    full: Fit
    """For rubrics that name misconceptions."""
    thin: Fit
    """For rubrics that name none."""
    note: str = ""
    """What a reader of the score should know about it, as a sentence."""
    mark: str = ""
    """Added to the scorer's name where the fit is not the shipped one."""

    def fit_for(self, rubric: Rubric) -> Fit:
        """The fit for rubrics of this kind."""
        return self.thin if is_thin(rubric) else self.full


def is_thin(rubric: Rubric) -> bool:
    """Whether nothing in the rubric says what would be wrong."""
    return not any(key.reject for key in rubric.key_points)


@cache
def calibrations(file: Path = GRADE_FILE) -> Mapping[str, Calibration]:
    """The fits by the name of the embedding model."""
    data = json.loads(file.read_text(encoding="utf-8"))
    return {
        name: Calibration.model_validate_json(json.dumps(entry))
        for name, entry in data["models"].items()
    }


def calibration_for(model: str) -> Calibration:
    """The fit for an embedder's name; for one that has none, the plain MiniLM's."""
    known = calibrations()
    return known.get(model, known[OTHER_MODELS])
