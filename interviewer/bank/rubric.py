"""How an answer is graded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, model_validator

from interviewer.bank.question import NOT_EMPTY, Bank, Question, ShortText, Slug, Strict
from interviewer.bank.schema import validate
from interviewer.bank.yaml_file import (
    REPORTED_FAULTS,
    Document,
    Fault,
    FaultsError,
    read_yaml,
    yaml_files,
)

SCALE_FILE: Final = "scale.yaml"
"""Lies beside the rubrics but is none: it says how coverage becomes a score."""

Phrases = Annotated[tuple[ShortText, ...], Field(max_length=100)]


class KeyPoint(Strict):
    """One idea that a good answer states."""

    id: Slug
    point: ShortText
    weight: Annotated[int, Field(ge=1, le=10)] = 1
    required: bool = False
    """Without it the answer cannot be strong."""
    accept: Phrases = ()
    """Other ways people say it."""
    reject: Phrases = ()
    """The misconceptions that contradict it."""
    probe: Annotated[str, Field(max_length=1_000)] = ""
    """What an interviewer asks when it was missed."""
    draft: bool = False
    """Proposed by the program and not yet looked at by a person."""

    @model_validator(mode="after")
    def accepts_no_misconception(self) -> KeyPoint:
        both = {self.point, *self.accept} & set(self.reject)
        if both:
            raise ValueError(f"reject without {min(both)[:60]!r}, which is accepted as well")
        return self


class RubricEntry(Strict):
    """A rubric as its file says it, under the id of its question."""

    key_points: Annotated[tuple[KeyPoint, ...], Field(max_length=30), NOT_EMPTY]


class Rubric(RubricEntry):
    question_id: Slug


class RubricFile(Strict):
    category: Slug
    rubrics: Annotated[dict[Slug, RubricEntry], NOT_EMPTY]


def load_rubrics(folder: Path, bank: Bank) -> Mapping[str, Rubric]:
    """Read and check every rubric file of a folder; the result is keyed by question id.

    Raises:
        BankError: a file is wrong, or grades a question that the bank does not have.
    """
    faults: list[Fault] = []
    rubrics: dict[str, Rubric] = {}
    for file in yaml_files(folder):
        if file.name == SCALE_FILE:
            continue
        document = read_yaml(file)
        content = validate(document, RubricFile, faults)
        if content is not None:
            _check_places(document, content, bank, faults)
            _add_rubrics(document, content, rubrics, faults)
    if faults:
        raise FaultsError(faults)
    return rubrics


def missing_rubrics(bank: Bank, rubrics: Mapping[str, Rubric]) -> tuple[Question, ...]:
    """The questions whose answers cannot be scored, in the order of their numbers."""
    return tuple(question for question in bank.questions if question.id not in rubrics)


def _check_places(document: Document, content: RubricFile, bank: Bank, faults: list[Fault]) -> None:
    """Every rubric grades a question of the bank, in the file of the question's category."""
    categories = {question.id: question.category for question in bank.questions}
    for question_id in content.rubrics:
        category = categories.get(question_id)
        if category == content.category:
            continue
        if category is not None:
            problem = f"grades a question of another category; allowed: {category}"
        elif len(faults) < REPORTED_FAULTS:
            problem = f"grades no question of the bank; {bank.near(question_id)}"
        else:  # nobody will read it, and looking through a large bank takes a while
            problem = "grades no question of the bank"
        faults.append(document.fault(("rubrics", question_id), problem))


def _add_rubrics(
    document: Document, content: RubricFile, rubrics: dict[str, Rubric], faults: list[Fault]
) -> None:
    for question_id, entry in content.rubrics.items():
        location = ("rubrics", question_id)
        if question_id in rubrics:
            faults.append(document.fault(location, "has a rubric in another file; allowed: one"))
        rubrics[question_id] = Rubric(question_id=question_id, **dict(entry))
        ids = [point.id for point in entry.key_points]
        for index, id_ in enumerate(ids):
            if id_ in ids[:index]:
                place = (*location, "key_points", index, "id")
                faults.append(document.fault(place, f"{id_!r} is taken; allowed: another id"))
