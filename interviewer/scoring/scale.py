"""What turns coverage into a score, read from `scale.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from interviewer.bank.question import Strict
from interviewer.bank.rubric import SCALE_FILE
from interviewer.bank.schema import validate
from interviewer.bank.yaml_file import Fault, FaultsError, read_yaml

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Difference = Annotated[float, Field(ge=-2.0, le=2.0)]


class Scale(Strict):
    """Thresholds of the scorer; `rubrics/scale.yaml` says what each of them means."""

    version: Annotated[int, Field(ge=1)]
    hit_similarity: Share
    partial_similarity: Share
    clear_lead: Share
    nearest_margin: Share
    partial_credit: Share
    strong_coverage: Share
    partial_coverage: Share
    strong_lean: Difference
    partial_lean: Difference
    min_words: Annotated[int, Field(ge=1, le=1_000)]
    min_new_words: Annotated[int, Field(ge=0, le=1_000)]
    min_new_share: Share
    min_function_share: Share

    @model_validator(mode="after")
    def thresholds_rise(self) -> Scale:
        if self.partial_similarity > self.hit_similarity:
            raise ValueError("partial_similarity no larger than hit_similarity")
        if self.partial_coverage > self.strong_coverage:
            raise ValueError("partial_coverage no larger than strong_coverage")
        if self.partial_lean > self.strong_lean:
            raise ValueError("partial_lean no larger than strong_lean")
        return self


def load_scale(folder: Path) -> Scale:
    """Read and check `scale.yaml` in the folder of the rubrics.

    Raises:
        BankError: the file is missing or wrong; names file, line, field and what is allowed.
    """
    faults: list[Fault] = []
    scale = validate(read_yaml(folder / SCALE_FILE), Scale, faults)
    if scale is None:
        raise FaultsError(faults)
    return scale
