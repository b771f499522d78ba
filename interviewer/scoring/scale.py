"""What an author of a bank may set about scoring, read from `scale.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from interviewer.bank.question import Strict
from interviewer.bank.rubric import SCALE_FILE
from interviewer.bank.schema import validate
from interviewer.bank.yaml_file import Fault, FaultsError, read_yaml

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Scale(Strict):
    """Thresholds of the scorer; `rubrics/scale.yaml` says what each of them means."""

    version: Annotated[int, Field(ge=1)]
    hit: Share
    partial: Share
    contradicted: Share
    partial_credit: Share
    strong_coverage: Share
    partial_coverage: Share
    clear_contradiction: Share
    strong_wrong_share: Share
    partial_wrong_share: Share
    strong_certainty: Share
    close_call: Share
    min_words: Annotated[int, Field(ge=1, le=1_000)]
    min_new_words: Annotated[int, Field(ge=0, le=1_000)]
    min_new_share: Share
    min_function_share: Share
    list_words: Annotated[int, Field(ge=1, le=1_000)]
    list_binding_share: Share
    list_binding_least: Share
    list_piece_words: Annotated[float, Field(ge=0.0, le=100.0)]
    list_frames: Annotated[int, Field(ge=1, le=1_000)]
    recited_share: Share

    @model_validator(mode="after")
    def thresholds_rise(self) -> Scale:
        if self.partial > self.hit:
            raise ValueError("partial no larger than hit")
        if self.partial_coverage > self.strong_coverage:
            raise ValueError("partial_coverage no larger than strong_coverage")
        if self.strong_wrong_share > self.partial_wrong_share:
            raise ValueError("strong_wrong_share no larger than partial_wrong_share")
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
