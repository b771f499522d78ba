"""Entries of any format as a bank with rubrics that can be used at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from interviewer.bank.exchange.entry import (
    ROLE_NAMES,
    Cell,
    Entry,
    Reading,
    Remark,
    category_of,
    follow_ups_of,
)
from interviewer.bank.exchange.key_points import draft_key_points
from interviewer.bank.exchange.text import Unique, block, flat, is_slug, slug, split
from interviewer.bank.question import DIFFICULTIES, ROLES, Bank, Category, Question
from interviewer.bank.rubric import Rubric
from interviewer.bank.yaml_file import Fault, FaultsError, shortened
from interviewer.errors import BankError

MAX_CATEGORIES: Final = 200
_LARGEST_NUMBER: Final = 1_000_000
_LONGEST_TIME_S: Final = 600

_ROLES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("mlengineer", "machinelearningengineer"), "mle"),
    **dict.fromkeys(("mlinfraengineer", "mlinfrastructureengineer"), "ml-infra-eng"),
    **dict.fromkeys(("all", "everyone", "any"), "all"),
    **{
        re.sub(r"[^a-z]", "", name.lower()): role
        for role, title in ROLE_NAMES.items()
        for name in (role, title, title.replace("Eng", "Engineer"))
    },
}
_DIFFICULTIES: Final[Mapping[str, str]] = {
    **{str(difficulty): difficulty for difficulty in DIFFICULTIES},
    **dict.fromkeys(("beginner", "basic", "junior", "simple", "1"), "easy"),
    **dict.fromkeys(("intermediate", "normal", "mid", "2"), "medium"),
    **dict.fromkeys(("advanced", "difficult", "expert", "senior", "3"), "hard"),
}
# `difficulty::easy` among the tags says what a column of that name would.
_TAG_CELLS: Final[Mapping[str, Cell]] = {
    "difficulty": "difficulty", "role": "roles", "category": "category",
}  # fmt: skip


@dataclass(frozen=True)
class Imported:
    """A bank from somewhere else.

    `rubrics` holds drafts, by question id; a question without an answer has none. `remarks` says
    what the file lacked, in the order of its lines.
    """

    bank: Bank
    rubrics: Mapping[str, Rubric]
    remarks: tuple[Remark, ...]


def assemble(file: Path, reading: Reading, name: str) -> Imported:
    """Questions with ids, numbers, categories and drafts of key points.

    What is missing gets a default: medium, every role, 90 s, the category `name`.

    Raises:
        BankError: there is no question, or a text is longer than a question may have it.
    """
    assembler = _Assembler(name, reading.entries)
    questions: list[Question] = []
    faults: list[Fault] = []
    for entry in reading.entries:
        try:
            questions.append(Question.model_validate(assembler.fields(entry)))
        except ValidationError as error:
            faults += _faults(file, entry.line, error)
    if faults:
        raise FaultsError(faults, "shorten what is too long")
    if not questions:
        raise BankError(
            f"there are no questions in {file}", "give every question a text that is not blank"
        )
    rubrics = {
        question.id: Rubric(question_id=question.id, key_points=points)
        for question in questions
        if (points := draft_key_points(question.answer))
    }
    remarks = sorted((*reading.remarks, *assembler.remarks), key=lambda remark: remark.line)
    return Imported(Bank(assembler.categories(file, questions)), rubrics, tuple(remarks))


class _Assembler:
    """Gives out what must be unique, and remembers what was wanting."""

    def __init__(self, name: str, entries: Sequence[Entry]) -> None:
        self.name = name
        self.remarks: list[Remark] = []
        self.titles: dict[str, str] = {}
        self.unnamed: dict[str, str] = {}
        self.ids = Unique()
        self.given = {number for entry in entries if (number := _number(entry.cells))}
        self.free = (number for number in count(1) if number not in self.given)
        self.used: set[int] = set()
        self.last = 0

    def fields(self, entry: Entry) -> dict[str, Any]:
        """What `Question` is made of."""
        tags, cells = _read_tags(entry.cells)
        ask = _unmarked(flat(cells.get("ask", "")))
        number = self.number(entry.line, cells)
        given = cells.get("id", "").strip()
        wanted = given if is_slug(given) else slug(given) or slug(ask, 5)
        return {
            "id": self.ids.name(wanted if re.search("[a-z]", wanted) else f"question-{number}"),
            "number": number,
            "category": self.category(cells.get("category", "")),
            "ask": ask,
            "speak": flat(cells.get("speak", "")),
            "difficulty": self.difficulty(entry.line, cells.get("difficulty", "")),
            "roles": self.roles(entry.line, cells.get("roles", "")),
            "time_limit_s": self.time_limit_s(entry.line, cells.get("time_limit_s", "")),
            "terms": split(cells.get("terms", "")),
            "tags": tags,
            "answer": _ended(block(cells.get("answer", ""))),
            "notes": _ended(block(cells.get("notes", ""))),
            "follow_ups": tuple(
                {"ask": follow_up, "answer": answer}
                for follow_up, answer in follow_ups_of(block(cells.get("follow_ups", "")))
            ),
        }

    def remark(self, line: int, text: str) -> None:
        self.remarks.append(Remark(line, text))

    def number(self, line: int, cells: Mapping[Cell, str]) -> int:
        wanted = _number(cells)
        if wanted is None or wanted in self.used:
            if wanted is not None:
                self.remark(line, f"the number {wanted} is taken; the question got another")
            following = self.last + 1
            taken = following in self.given or following in self.used
            if taken or following > _LARGEST_NUMBER:
                following = next(number for number in self.free if number not in self.used)
            wanted = following
        self.used.add(wanted)
        self.last = wanted
        return wanted

    def category(self, text: str) -> str:
        category, title = category_of(flat(text)[:1_000])
        if not title:
            category, title = slug(self.name), self.name
        if not category:  # a title without a single Latin letter or digit
            another = f"{slug(self.name) or 'category'}-{len(self.titles) + 1}"
            category = self.unnamed.setdefault(title, another)
        self.titles.setdefault(category, title)
        return category

    def difficulty(self, line: int, text: str) -> str:
        if not text.strip():
            return "medium"
        found = _DIFFICULTIES.get(_key(text))
        if not found:
            self.remark(line, f"the difficulty {shortened(text)!r} is not known; it became medium")
        return found or "medium"

    def roles(self, line: int, text: str) -> tuple[str, ...]:
        if not text.strip():
            return ROLES
        known: list[str] = []
        for name in re.split("[,;/|\n]", text):
            if role := _ROLES.get(_key(name).removesuffix("s")):
                known.append(role)
            elif name.strip():
                self.remark(line, f"the role {shortened(name)!r} is not known; it is left out")
        return ROLES if not known or "all" in known else tuple(r for r in ROLES if r in known)

    def time_limit_s(self, line: int, text: str) -> int:
        if not text.strip():
            return 90
        found = re.match(r"\s*([0-9]{1,9})(?:\.0*)?\s*(?:$|s)", text)
        if found and 1 <= int(found[1]) <= _LONGEST_TIME_S:
            return int(found[1])
        allowed = f"1 to {_LONGEST_TIME_S} s"
        self.remark(line, f"the time limit {shortened(text)!r} is not {allowed}; it became 90")
        return 90

    def categories(self, file: Path, questions: Sequence[Question]) -> tuple[Category, ...]:
        if len(self.titles) > MAX_CATEGORIES:
            raise BankError(
                f"{file} has {len(self.titles):,} categories; allowed: {MAX_CATEGORIES}",
                "rename the column of categories if it holds something else",
            )
        of_category: dict[str, list[Question]] = {slug: [] for slug in self.titles}
        for question in questions:
            of_category[question.category].append(question)
        return tuple(
            Category(slug, title, tuple(of_category[slug])) for slug, title in self.titles.items()
        )


def _unmarked(ask: str) -> str:
    """A question is read aloud, and nobody says the marks of bold and code."""
    return re.sub(r"`([^`]+)`", r"\1", re.sub(r"\*\*(?=\S)([^*]+)(?<=\S)\*\*", r"\1", ask))


def _ended(text: str) -> str:
    return f"{text}\n" if text else ""


def _key(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text[:100].lower())


def _number(cells: Mapping[Cell, str]) -> int | None:
    text = cells.get("number", "")
    if not text:
        return None
    found = re.fullmatch(r"\s*[QqNn#]?[o.]*\s?0*([1-9][0-9]{0,6})(?:\.0*)?\s*", text)
    number = int(found[1]) if found else 0
    return number if 1 <= number <= _LARGEST_NUMBER else None


def _read_tags(cells: Mapping[Cell, str]) -> tuple[tuple[str, ...], dict[Cell, str]]:
    """The tags that say nothing else, and the cells with what the other tags say."""
    text = cells.get("tags", "")
    if not text:
        return (), dict(cells)
    if re.search("[,;]", text):
        tags = ["-".join(tag.split()) for tag in re.split("[,;]", text)]
    else:
        tags = text.split()
    own: list[str] = []
    said: dict[Cell, list[str]] = {}
    for tag in dict.fromkeys(filter(None, tags)):
        kind, _, value = tag.partition("::")
        cell = _TAG_CELLS.get(kind.lower())
        bare = _bare(tag)
        if cell and value:
            said.setdefault(cell, []).append(value)
        elif bare and not cells.get(bare, "").strip():
            said.setdefault(bare, []).append(tag)
        else:
            own.append(tag)
    read = dict(cells) | {cell: ", ".join(values) for cell, values in said.items()}
    if "category" in said:
        read["category"] = _titled(slug(said["category"][0]), cells.get("category", ""))
    return tuple(own), read


def _bare(tag: str) -> Cell | None:
    """What a tag says by itself: `easy`, `mle`."""
    if tag.lower() in DIFFICULTIES:
        return "difficulty"
    return "roles" if tag.lower() in ROLES else None


def _titled(category: str, title: str) -> str:
    """The category that a tag names; a deck may have its title."""
    title = title or category.replace("-", " ").title()
    return title if category_of(title)[0] == category else f"{category}: {title}"


def _faults(file: Path, line: int, error: ValidationError) -> Iterator[Fault]:
    for detail in error.errors(include_url=False):
        field = ".".join(str(step + 1 if isinstance(step, int) else step) for step in detail["loc"])
        context, found = detail.get("ctx", {}), detail["input"]
        if detail["type"] == "string_too_long":
            problem = f"{len(found):,} characters; allowed: at most {context['max_length']:,}"
        elif detail["type"] == "too_long":
            problem = f"{len(found):,} entries; allowed: at most {context['max_length']}"
        else:
            problem = (
                f"found {shortened(str(found))!r}; allowed: {context.get('error', detail['msg'])}"
            )
        yield Fault(file, line, problem, field)
