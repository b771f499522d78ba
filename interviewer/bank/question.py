"""What is asked."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from interviewer.bank.schema import validate
from interviewer.bank.yaml_file import (
    Document,
    Fault,
    FaultsError,
    Location,
    Value,
    read_yaml,
    shortened,
    yaml_files,
)
from interviewer.errors import BankError, UsageError

PRIORITIES_FILE: Final = "priorities.yaml"
"""Lies beside the questions but asks none: it says how much each category matters for each role."""

Difficulty = Literal["easy", "medium", "hard"]
Importance = Literal["low", "medium", "high", "critical"]
Role = Literal["mle", "ai-eng", "research-eng", "llm-eng", "ml-infra-eng", "applied-scientist"]
DIFFICULTIES: Final[tuple[Difficulty, ...]] = get_args(Difficulty)
ROLES: Final[tuple[Role, ...]] = get_args(Role)
Entries = TypeVar("Entries", bound=Sized)


def _slug(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text):
        raise ValueError("small letters, digits and single hyphens, as in kv-cache")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("text that is not blank")
    return text


def _tag(text: str) -> str:
    if not re.fullmatch(r"[^\s,;]+", text):
        raise ValueError("a word without spaces, commas and semicolons")
    return text


def _not_empty(values: Entries) -> Entries:
    if not values:
        raise ValueError("one or more entries")
    return values


def _every_role(roles: tuple[str, ...]) -> tuple[Role, ...]:
    return tuple(role for role in ROLES if role in roles or "all" in roles)


Slug = Annotated[str, Field(max_length=80), AfterValidator(_slug)]
ShortText = Annotated[str, Field(max_length=1_000), AfterValidator(_not_blank)]
Tag = Annotated[str, Field(max_length=80), AfterValidator(_tag)]
# min_length would call a list too short whenever all of its entries are wrong.
NOT_EMPTY: Final = AfterValidator(_not_empty)


class Strict(BaseModel):
    """What people write by hand: exact types, no unknown names, never changed after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of what it says, in hexadecimal.

        The order of names in the file does not count, nor does a field that has its default
        value: a field that a later version adds leaves the hashes of old content as they are.
        """
        content = self.model_dump(mode="json", exclude_defaults=True)
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode("ascii")).hexdigest()


class FollowUp(Strict):
    ask: ShortText
    answer: Annotated[str, Field(max_length=20_000)] = ""
    """Empty where none is written yet."""


class QuestionEntry(Strict):
    """A question as its file says it; the category stands at the head of the file."""

    id: Slug
    number: Annotated[int, Field(ge=1, le=1_000_000)]
    ask: ShortText
    speak: Annotated[str, Field(max_length=1_000)] = ""
    """Only where the reading differs from `ask`."""
    difficulty: Difficulty
    roles: Annotated[tuple[Literal[Role, "all"], ...], NOT_EMPTY, AfterValidator(_every_role)]
    time_limit_s: Annotated[int, Field(ge=1, le=600)] = 90
    terms: Annotated[tuple[ShortText, ...], Field(max_length=200)] = ()
    """Jargon that the candidate may say."""
    tags: Annotated[tuple[Tag, ...], Field(max_length=50)] = ()
    """Whatever else its author sorts it by."""
    answer: Annotated[str, Field(max_length=20_000)]
    """The model answer, sayable in the time; empty where none is written yet."""
    notes: Annotated[str, Field(max_length=100_000)] = ""
    """The depth behind the answer, in Markdown."""
    follow_ups: Annotated[tuple[FollowUp, ...], Field(max_length=50)] = ()


class Question(QuestionEntry):
    category: Slug
    """Slug of the category."""
    roles: tuple[Role, ...]
    """Whose interviews it belongs to, in the order of `ROLES`; `all` has become every role."""

    @property
    def spoken(self) -> str:
        """What the voice reads aloud."""
        return self.speak or self.ask


class QuestionFile(Strict):
    category: Slug
    title: ShortText
    questions: Annotated[tuple[QuestionEntry, ...], NOT_EMPTY]


class _PrioritiesFile(Strict):
    priorities: dict[Slug, dict[Role, Importance]]


@dataclass(frozen=True)
class Category:
    slug: str
    title: str
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Bank:
    """All that can be asked. Categories stand in the order of their files."""

    categories: tuple[Category, ...]
    priorities: Mapping[str, Mapping[Role, Importance]] = field(default_factory=dict)
    """How much a category matters for a role; `importance` says what holds for the others."""

    def importance(self, category: str, role: Role) -> Importance:
        """How much a category matters for a role: medium where nothing is said."""
        return self.priorities.get(category, {}).get(role, "medium")

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """Every question, in the order of the numbers."""
        every = (question for category in self.categories for question in category.questions)
        return tuple(sorted(every, key=lambda question: question.number))

    @cached_property
    def _by_name(self) -> dict[str, Question]:
        numbers = {str(question.number): question for question in self.questions}
        return numbers | {question.id: question for question in self.questions}

    def question(self, reference: str | int) -> Question:
        """Find a question by its id, or by its number: `3`, `"3"`, `"Q3"`. An id goes first.

        Raises:
            UsageError: there is no such question; the message names those that come near.
        """
        name = str(reference).strip().lower()
        number = re.fullmatch(r"q?0*([0-9]+)", name)
        found = self._by_name.get(name) or self._by_name.get(number[1] if number else "")
        if found is not None:
            return found
        raise UsageError(
            f"there is no question {shortened(str(reference))!r}; {self.near(name)}",
            "give an id such as kv-cache, or a number such as 3 or Q3",
        )

    def near(self, name: str) -> str:
        """A clause that names the ids like this one, or what there is when none is."""
        ids = [question.id for question in self.questions]
        holding = [id_ for id_ in ids if name and name in id_]
        near = get_close_matches(name, ids, cutoff=0.5) or holding[:3]
        if near:
            return f"near it: {', '.join(near)}"
        numbers = [question.number for question in self.questions]
        some = ", ".join(ids[:8]) + (", …" if len(ids) > 8 else "")
        return f"the bank has the numbers {min(numbers)} to {max(numbers)} and the ids {some}"


def load_bank(folder: Path) -> Bank:
    """Read and check every question file of a folder.

    Raises:
        BankError: a file is wrong; the message names file, line, field and what is allowed, for
            up to ten faults.
    """
    faults: list[Fault] = []
    categories: list[Category] = []
    taken: dict[tuple[str, Value], str] = {}
    priorities: Document | None = None
    for file in yaml_files(folder):
        document = read_yaml(file)
        if file.name == PRIORITIES_FILE:
            priorities = document
            continue
        content = validate(document, QuestionFile, faults)
        if content is not None:
            faults += taken_twice(document, taken)
            categories.append(_category(content))
    slugs = [category.slug for category in categories]
    importance = {} if priorities is None else priorities_of(priorities, slugs, faults)
    if faults:
        raise FaultsError(faults)
    if not categories:
        raise BankError(
            f"there are no questions in {folder}; allowed: one .yaml file for each category",
            "name another folder, or take the setting away to use the questions that are shipped",
        )
    return Bank(tuple(categories), importance)


def priorities_of(
    document: Document, slugs: Sequence[str], faults: list[Fault]
) -> Mapping[str, Mapping[Role, Importance]]:
    """How much each of these categories matters for each role; what is wrong joins `faults`."""
    content = validate(document, _PrioritiesFile, faults)
    if content is None:
        return {}
    for slug in content.priorities:
        if slug not in slugs and not faults:  # a category whose file is faulty is not unknown
            problem = f"is no category of this bank; allowed: {', '.join(slugs)}"
            faults.append(document.fault(("priorities", slug), problem))
    return content.priorities


def _category(content: QuestionFile) -> Category:
    questions = tuple(
        Question(category=content.category, **dict(entry)) for entry in content.questions
    )
    return Category(content.category, content.title, questions)


def taken_twice(document: Document, taken: dict[tuple[str, Value], str]) -> Iterator[Fault]:
    """What must be unique in the bank and is not; adds this file's part to `taken`.

    Reads the document as it is written, so that it need not be right.
    """
    head = document.value if isinstance(document.value, dict) else {}
    unique: list[tuple[Location, str, Value]] = [(("category",), "category", head.get("category"))]
    for index, entry in document.entries("questions"):
        unique += [(("questions", index, kind), kind, entry.get(kind)) for kind in ("id", "number")]
    for location, kind, value in unique:
        if not isinstance(value, str | int):
            continue
        if (kind, value) in taken:
            problem = f"{value!r} is taken by {taken[kind, value]}; allowed: another {kind}"
            yield document.fault(location, problem)
        else:
            taken[kind, value] = f"{document.file}:{document.line(location)}"
