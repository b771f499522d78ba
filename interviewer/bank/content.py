"""A bank's files as far as they can be read, with the place of everything; for linting.

`load_bank` and `load_rubrics` refuse a folder for its first fault. Here a fault becomes a finding,
and the questions and rubrics that are right are still read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError

from interviewer.bank.question import (
    PRIORITIES_FILE,
    Question,
    QuestionEntry,
    QuestionFile,
    load_bank,
    priorities_of,
    taken_twice,
)
from interviewer.bank.rubric import SCALE_FILE, Rubric, RubricEntry, RubricFile
from interviewer.bank.schema import validate
from interviewer.bank.yaml_file import (
    REPORTED_FAULTS,
    Document,
    Fault,
    FaultsError,
    Location,
    Value,
    read_yaml,
    yaml_files,
)
from interviewer.errors import BankError

Rule: TypeAlias = Literal[
    "alike", "category", "duplicate", "few", "format", "misconceptions", "misplaced",
    "model-answer", "no-question", "no-rubric", "repeats", "same-point", "silence", "time",
]  # fmt: skip
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Finding:
    """One thing to mend: where it is, what is wrong there, and what to do about it.

    `advice` is what a finished bank heeds and a draft may leave for later.
    """

    file: Path
    line: int
    field: str
    rule: Rule
    problem: str
    remedy: str
    advice: bool = False

    def __str__(self) -> str:
        what = f"{self.field}: {self.problem}" if self.field else self.problem
        level = "advice: " if self.advice else ""
        return f"{self.file}:{self.line}: {level}{what}; {self.remedy}"


@dataclass(frozen=True)
class Placed(Generic[Model]):
    """A question or rubric, and where it stands."""

    value: Model
    document: Document
    location: Location

    def line(self, steps: Location = ()) -> int:
        """The line of a field of it."""
        return self.document.line((*self.location, *steps))

    def finding(
        self, rule: Rule, steps: Location, problem: str, remedy: str, advice: bool = False
    ) -> Finding:
        """Something to mend in a field of it."""
        found = finding_at(self.document, (*self.location, *steps), rule, problem, remedy)
        return replace(found, advice=advice)


@dataclass(frozen=True)
class Content:
    """What could be read: questions in the order of their files, rubrics by question id."""

    questions: tuple[Placed[Question], ...]
    rubrics: Mapping[str, Placed[Rubric]]
    findings: tuple[Finding, ...]
    """What is wrong with the files themselves, so that the rest could not be read."""


def read_content(bank_dir: Path, rubrics_dir: Path) -> Content:
    """Read every question and rubric that is right; whatever is not becomes a finding.

    Raises:
        BankError: a folder cannot be read, or holds no questions at all.
    """
    reader = _Reader()
    files = yaml_files(bank_dir)
    question_files = [file for file in files if file.name != PRIORITIES_FILE]
    if not question_files:
        load_bank(bank_dir)  # says what is missing
    for file in question_files:
        reader.question_file(file)
    for file in set(files).difference(question_files):
        reader.priorities(file)
    for file in yaml_files(rubrics_dir):
        if file.name != SCALE_FILE:
            reader.rubric_file(file)
    reader.ungraded(rubrics_dir)
    return Content(tuple(reader.questions), reader.rubrics, tuple(reader.findings))


def finding_at(
    document: Document, location: Location, rule: Rule, problem: str, remedy: str
) -> Finding:
    """Something to mend at a place of a file."""
    line, name = document.line(location), document.name(location)
    return Finding(document.file, line, name, rule, problem, remedy)


def findings_of(faults: Iterable[Fault], remedy: str = "") -> list[Finding]:
    """The faults of a file as findings; `remedy` is for those that do not say what is allowed."""
    return [_finding(fault, remedy) for fault in faults]


def _finding(fault: Fault, remedy: str) -> Finding:
    problem, _, allowed = fault.problem.partition("; allowed: ")
    if allowed:
        remedy = f"allowed: {allowed}"
    elif problem == "is missing":
        remedy = "add it"
    elif not remedy:
        problem, _, remedy = problem.rpartition("; ") if "; " in problem else (problem, "", "")
    return Finding(
        fault.file, fault.line, fault.field, "format", problem, remedy or "correct this line"
    )


def _valid(model: type[Model], value: object) -> Model | None:
    try:
        return model.model_validate(value)
    except ValidationError:
        return None


@dataclass
class _Reader:
    """Reads file after file, and keeps what is needed to compare them."""

    questions: list[Placed[Question]] = field(default_factory=list)
    rubrics: dict[str, Placed[Rubric]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    categories: dict[str, Value] = field(default_factory=dict)
    """The category of every question id, also of those that are not right."""
    graded: dict[str, str] = field(default_factory=dict)
    """Where every question id has its rubric, also those that are not right."""
    slugs: list[str] = field(default_factory=list)
    taken: dict[tuple[str, Value], str] = field(default_factory=dict)
    unread: bool = False
    """Some file could not be read at all, so nobody knows what is missing."""

    def document(self, file: Path, model: type[BaseModel] | None) -> Document | None:
        """The file, and its faults among the findings; `None` when it is no YAML to begin with."""
        try:
            document = read_yaml(file)
        except FaultsError as error:
            self.findings += findings_of(error.faults, error.remedy)
        except BankError as error:
            self.findings.append(Finding(file, 1, "", "format", error.message, error.hint))
        else:
            faults: list[Fault] = []
            if model is not None:
                validate(document, model, faults)
            self.findings += findings_of(faults)
            return document
        self.unread = True
        return None

    def question_file(self, file: Path) -> None:
        document = self.document(file, QuestionFile)
        if document is None:
            return
        category = _head(document, "category")
        if isinstance(category, str):
            self.slugs.append(category)
        taken = findings_of(taken_twice(document, self.taken))
        self.findings += [replace(finding, rule="duplicate") for finding in taken]
        for index, raw in document.entries("questions"):
            if isinstance(raw.get("id"), str):
                self.categories.setdefault(str(raw["id"]), category)
            entry = _valid(QuestionEntry, raw)
            question = _valid(Question, {**dict(entry), "category": category}) if entry else None
            if question is not None:
                self.questions.append(Placed(question, document, ("questions", index)))

    def priorities(self, file: Path) -> None:
        document = self.document(file, None)
        faults: list[Fault] = []
        if document is not None:
            priorities_of(document, self.slugs, faults)
        self.findings += findings_of(faults)

    def rubric_file(self, file: Path) -> None:
        document = self.document(file, RubricFile)
        rubrics = None if document is None else _head(document, "rubrics")
        if document is None or not isinstance(rubrics, dict):
            return
        for question_id, raw in rubrics.items():
            location = ("rubrics", question_id)
            self.findings += self.wrong_places(document, question_id, raw)
            self.graded.setdefault(question_id, f"{file}:{document.line(location)}")
            entry = _valid(RubricEntry, raw)
            rubric = _valid(Rubric, {**dict(entry), "question_id": question_id}) if entry else None
            if rubric is not None:
                self.rubrics.setdefault(question_id, Placed(rubric, document, location))

    def wrong_places(self, document: Document, question_id: str, raw: Value) -> Iterable[Finding]:
        """Whether the rubric grades a question of its file's category, and is the only one."""
        location: Location = ("rubrics", question_id)
        category = self.categories.get(question_id)
        if question_id in self.graded:
            problem = f"is graded in {self.graded[question_id]} as well"
            yield finding_at(document, location, "duplicate", problem, "keep one rubric")
        elif question_id not in self.categories and not self.unread:
            remedy = f"{self.meant(question_id)}, or take the rubric away"
            problem = "grades no question of the bank"
            yield finding_at(document, location, "no-question", problem, remedy)
        elif category is not None and category != _head(document, "category"):
            problem = f"grades a question of the category {category}"
            remedy = "move it to that category's file"
            yield finding_at(document, location, "category", problem, remedy)
        for place, id_ in _repeated_points(raw):
            where = (*location, "key_points", place, "id")
            remedy = "give each key point of a rubric its own"
            yield finding_at(document, where, "duplicate", f"{id_!r} is taken", remedy)

    def meant(self, question_id: str) -> str:
        """What to do about an id that no question has."""
        if len(self.findings) > REPORTED_FAULTS:  # looking through a large bank takes a while
            return "write the question"
        near = get_close_matches(question_id, self.categories, 1, 0.5)
        return f"write {near[0]} if that is meant" if near else "write the question"

    def ungraded(self, rubrics_dir: Path) -> None:
        """Report the questions without a rubric."""
        for placed in self.questions:
            question_id, file = placed.value.id, rubrics_dir / placed.document.file.name
            if question_id not in self.graded and not self.unread:
                remedy = f"add `{question_id}:` under `rubrics:` in {file}"
                self.findings.append(
                    placed.finding("no-rubric", ("id",), f"{question_id!r} has no rubric", remedy)
                )


def _head(document: Document, name: str) -> Value:
    return document.value.get(name) if isinstance(document.value, dict) else None


def _repeated_points(rubric: Value) -> Iterable[tuple[int, str]]:
    """The key points whose id an earlier one has: their places and ids."""
    points: Any = rubric.get("key_points") if isinstance(rubric, dict) else None
    seen: set[str] = set()
    for place, point in enumerate(points if isinstance(points, tuple) else ()):
        id_ = point.get("id") if isinstance(point, dict) else None
        if isinstance(id_, str):
            if id_ in seen:
                yield place, id_
            seen.add(id_)
