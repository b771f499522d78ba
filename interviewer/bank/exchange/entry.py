"""A question as every format carries it: named cells of text, and where they stand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import indent
from typing import Final, Literal, TypeAlias

from interviewer.bank.exchange.text import block, flat, joined, slug
from interviewer.bank.question import ROLES, FollowUp, Question, Role

MAX_QUESTIONS: Final = 10_000

Cell: TypeAlias = Literal[
    "id", "number", "category", "difficulty", "roles", "tags", "time_limit_s",
    "ask", "speak", "terms", "answer", "notes", "follow_ups",
]  # fmt: skip
Cells: TypeAlias = Mapping[Cell, str]

ROLE_NAMES: Final[Mapping[Role, str]] = {
    "mle": "MLE",
    "ai-eng": "AI Eng",
    "research-eng": "Research Eng",
    "llm-eng": "LLM Eng",
    "ml-infra-eng": "ML Infra Eng",
    "applied-scientist": "Applied Scientist",
}

LABELS: Final[Mapping[Cell, str]] = {
    "id": "Id",
    "number": "Number",
    "category": "Category",
    "difficulty": "Difficulty",
    "roles": "Roles",
    "tags": "Tags",
    "time_limit_s": "Time limit",
    "ask": "Question",
    "speak": "Read aloud",
    "terms": "Terms",
    "answer": "Answer",
    "notes": "Notes",
    "follow_ups": "Follow-ups",
}
"""What each cell is called in what we write."""
# What else people call it, in small letters.
_NAMES: Final[Mapping[Cell, tuple[str, ...]]] = {
    "id": ("slug",),
    "number": ("no", "nr", "num"),
    "category": ("topic", "section", "subject", "chapter", "theme", "deck", "group"),
    "difficulty": ("level",),
    "roles": ("role", "targetroles", "targetrole"),
    "tags": ("tag", "labels", "label", "keywords"),
    "time_limit_s": ("timelimits", "time", "seconds"),
    "ask": ("questions", "ask", "front", "prompt", "q", "text"),
    "speak": ("speak",),
    "terms": ("jargon",),
    "answer": ("back", "modelanswer", "sampleanswer", "response", "solution", "a"),
    "notes": ("note", "extra", "backextra", "background", "explanation", "comment"),
    "follow_ups": ("followup", "followupquestions"),
}
_CELLS: Final[Mapping[str, Cell]] = {
    re.sub("[^a-z]", "", name.lower()): cell
    for cell, names in _NAMES.items()
    for name in (LABELS[cell], *names)
}


@dataclass(frozen=True)
class Entry:
    """One question of a file. `line` is where it begins, or which one it is from 1."""

    line: int
    cells: Cells


@dataclass(frozen=True)
class Remark:
    """Something that a file lacks, and what was done about it."""

    line: int
    text: str


@dataclass(frozen=True)
class Reading:
    """What one file holds."""

    entries: tuple[Entry, ...]
    remarks: tuple[Remark, ...] = ()


def cell_named(name: str) -> Cell | None:
    """The cell that a column or label means, whatever its case, spaces and hyphens."""
    return _CELLS.get(re.sub(r"[^a-z0-9]", "", name[:100].lower()))


def cells_of(question: Question, title: str) -> dict[Cell, str]:
    """A question of the category with that title, ready to be written; empty cells included."""
    return {
        "id": question.id,
        "number": str(question.number),
        "category": carried_category(question.category, title),
        "difficulty": question.difficulty,
        "roles": "all" if question.roles == ROLES else ", ".join(question.roles),
        "tags": " ".join(question.tags),
        "time_limit_s": f"{question.time_limit_s} s",
        "ask": flat(question.ask),
        "speak": flat(question.speak),
        "terms": joined(question.terms),
        "answer": block(question.answer),
        "notes": block(question.notes),
        "follow_ups": listed_follow_ups(question.follow_ups),
    }


# A category is carried as its title where that leads to its slug, or else as `slug: title`


def carried_category(category: str, title: str) -> str:
    """One text for both names of a category."""
    plain = flat(title)
    return plain if category_of(plain) == (category, plain) else f"{category}: {plain}"


def category_of(text: str) -> tuple[str, str]:
    """Slug (empty where there is none) and title."""
    both = re.fullmatch(r"([a-z0-9]+(?:-[a-z0-9]+)*): (.*)", text)
    return (both[1], both[2]) if both else (slug(text), text)


# Follow-ups are a list in Markdown, the answers indented below

_MANY_FOLLOW_UPS: Final = 1_000
_BULLET: Final = re.compile(r"([ \t]*)(?:[-*+•◦▪‣·–]|[0-9]{1,3}[.)])[ \t]+(\S.*)")  # noqa: RUF001


def listed_follow_ups(follow_ups: tuple[FollowUp, ...]) -> str:
    """A tight list, or one with room between its items where any has an answer.

    Its bullets are stars: a spreadsheet takes what begins with a hyphen for a formula.
    """
    items: list[str] = []
    for follow_up in follow_ups:
        item = f"* {flat(follow_up.ask)}"
        if answer := block(follow_up.answer):
            item += "\n\n" + indent(answer, "  ")
        items.append(item)
    return ("\n\n" if any(follow_up.answer for follow_up in follow_ups) else "\n").join(items)


def bullet(line: str) -> re.Match[str] | None:
    """Groups: the indentation and the text of a list item."""
    return _BULLET.fullmatch(line)


def follow_ups_of(text: str) -> tuple[tuple[str, str], ...]:
    """The questions of a list, each with its answer or an empty text.

    A question goes on until it ends or a line is empty; what is indented below is its answer.
    Without a list every paragraph is a question.
    """
    if not text:
        return ()
    asks: list[list[str]] = []
    answers: list[list[str]] = []
    base, asking = 0, False
    for line in text.split("\n"):
        if len(asks) > _MANY_FOLLOW_UPS:  # a question may not have as many, so the rest can wait
            break
        item, stripped = bullet(line), line.strip()
        indentation = len(line) - len(line.lstrip())
        if item and (not asks or indentation < base + 2):
            base = base if asks else indentation
            asks.append([item[2]])
            answers.append([])
            asking = True
        elif not stripped:
            asking = False
            if answers:
                answers[-1].append("")
            continue
        elif asking:
            asks[-1].append(stripped)
        elif asks and indentation > base:
            answers[-1].append(line)
        else:
            asks.append([stripped])
            answers.append([])
            asking = True
        asking = asking and not stripped.endswith(("?", ".", "!"))
    return tuple(
        (flat(" ".join(ask)), block("\n".join(answer)))
        for ask, answer in zip(asks, answers, strict=True)
    )
