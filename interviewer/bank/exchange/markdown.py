"""Questions from Markdown, or from plain text that is laid out like it.

    ## Category 1: Transformer Architecture
    ### Q3. What is the KV cache?
    **Difficulty:** Medium | **Roles:** MLE, AI Eng
    **Answer**
    It keeps the keys and values …
    **Follow-ups:**
    - What is GQA?

Everything but the question and its answer may be missing; so may the marks (`#`, `**`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final, Literal, TypeAlias

from interviewer.bank.exchange.entry import (
    MAX_QUESTIONS,
    Cell,
    Entry,
    Reading,
    Remark,
    bullet,
    cell_named,
)
from interviewer.bank.exchange.markdown_syntax import (
    CATEGORY,
    DIFFICULTY,
    FOLDING,
    HEADING,
    LABEL,
    LONGEST,
    NUMBERED,
    SECTION,
    fenced,
    is_rule,
    unescaped,
)
from interviewer.bank.exchange.text import flat
from interviewer.bank.yaml_file import shortened
from interviewer.errors import BankError

Kind: TypeAlias = Literal["question", "category", "end"]
Part: TypeAlias = Literal["answer", "notes", "follow_ups"]

_MAX_HEADINGS: Final = 5 * MAX_QUESTIONS
_TITLE: Final = re.compile(r"[A-Z][\w-]*(?: (?:[A-Z][\w-]*|[a-z]{1,3}|[-–&])){1,7}")  # noqa: RUF001
# How a question may begin where no `#` marks it.
_FIRST: Final = frozenset("Qq*_")
# What follows these labels goes on to the end of the line; after others a bar begins the next.
_WHOLE_LINE: Final[tuple[Cell, ...]] = ("category", "speak", "tags", "terms")


@dataclass(frozen=True)
class _Heading:
    level: int
    """Number of `#`; 0 without."""
    title: str
    number: int | None = None
    numbered: bool = False


@dataclass
class _Question:
    """A question that is being read. `part` is where text goes; `None` before the answer."""

    line: int
    cells: dict[Cell, str]
    part: Part | None = None
    texts: dict[Part, list[str]] = field(default_factory=dict)

    def add(self, text: str) -> None:
        self.texts.setdefault(self.part or "answer", []).append(text)

    def entry(self) -> Entry:
        for part, lines in self.texts.items():
            while lines and (not lines[-1].strip() or is_rule(lines[-1])):
                lines.pop()
            self.cells[part] = "\n".join(map(unescaped, lines))
        return Entry(self.line, self.cells)


def read_markdown(file: Path, text: str) -> Reading:
    """Every question of the text.

    Raises:
        BankError: there is none, or there are too many.
    """
    # LaTeX dashes are left over where a page was copied as text.
    lines = text.replace("\\text{---}", "—").split("\n")
    if text.count("\n#") > _MAX_HEADINGS:
        raise BankError(f"{file} has too many headings; allowed: {_MAX_HEADINGS:,}", "split it up")
    reader = _Reader(lines)
    for index in range(len(lines)):
        reader.take(index)
        if len(reader.entries) > MAX_QUESTIONS:
            raise BankError(
                f"{file} has too many questions; allowed: {MAX_QUESTIONS:,}", "split it up"
            )
    reader.finish()
    if not reader.entries:
        raise BankError(
            f"there are no questions in {file}; allowed: headings such as `### Q1. What is …?`, "
            "each with its answer below",
            "mark each question as a heading, or name the format with --format",
        )
    return Reading(tuple(reader.entries), tuple(reader.remarks))


class _Reader:
    """Takes the lines one after the other; holds the question that is open."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.code = fenced(lines)
        self.headings = _headings(lines, self.code)
        self.numbers = {heading.number for _, heading in self.headings.values()}
        self.entries: list[Entry] = []
        self.remarks: list[Remark] = []
        self.category = ""
        self.number = 0
        self.open: _Question | None = None
        self.after_follow_ups = False

    def take(self, index: int) -> None:
        line = self.lines[index]
        if index in self.headings:
            self.heading(index + 1, *self.headings[index])
        elif self.code[index] or len(line) > LONGEST:
            self.text(index, line)
        elif self.headless(index):
            self.labels(self.begin(index + 1, "", None), line)
        elif self.open is not None:
            self.inside(index, self.open, line)

    def heading(self, line: int, kind: Kind, heading: _Heading) -> None:
        if kind == "question":
            self.begin(line, heading.title, heading.number)
            return
        self.finish()
        if kind == "category":
            prefix = CATEGORY.fullmatch(heading.title)
            self.category = prefix[1] if prefix else heading.title

    def headless(self, index: int) -> bool:
        """Whether a question begins here whose heading is lost."""
        begun = self.open is not None and not self.open.part and not self.open.texts
        return not begun and DIFFICULTY.fullmatch(self.lines[index].strip()) is not None

    def begin(self, line: int, ask: str, number: int | None) -> _Question:
        self.finish()
        if not ask:
            number = self.number + 1 if self.number + 1 not in self.numbers else None
            name = f"question {number}" if number else f"the question of line {line}"
            ask = f"{name[0].upper()}{name[1:]}, whose heading is missing."
            self.remarks.append(Remark(line, f"{name} has no heading; write what it asks"))
        self.number = number or self.number
        cells: dict[Cell, str] = {"ask": ask, "category": self.category}
        if number is not None:
            cells["number"] = str(number)
        self.open = _Question(line, cells)
        return self.open

    def finish(self) -> None:
        if self.open is not None:
            self.entries.append(self.open.entry())
        self.open, self.after_follow_ups = None, False

    def inside(self, index: int, question: _Question, raw: str) -> None:
        """A line between one heading and the next."""
        raw = FOLDING.sub("", raw) if FOLDING.match(raw) else raw
        line = raw.strip()
        section = SECTION.fullmatch(line)
        if not question.part and not question.texts and self.labels(question, line):
            return
        if section and (part := _part(section, question)):
            question.part = part
            if section["rest"]:
                question.add(section["rest"])
        else:
            self.text(index, raw)

    def labels(self, question: _Question, line: str) -> bool:
        """Read `Difficulty: Easy | Roles: All`; false where that is not what the line is."""
        first = LABEL.fullmatch(line)
        cell = cell_named(first[1]) if first else None
        if first is None or cell is None or cell in ("ask", "answer", "notes", "follow_ups"):
            return False
        parts = [line] if cell in _WHOLE_LINE else line.split(" | ")
        for part in parts:
            found = LABEL.fullmatch(part.strip())
            name = cell_named(found[1]) if found else None
            if found and name:
                question.cells[name] = found[2]
        return True

    def text(self, index: int, line: str) -> None:
        question = self.open
        if question is None or self.after_follow_ups:
            return
        if question.part == "follow_ups" and self.leaves_list(index, question):
            self.after_follow_ups = True
            what = f"the text after the follow-ups is left out: {shortened(line)!r}"
            self.remarks.append(Remark(index + 1, what))
        elif line.strip() or question.texts:
            question.add(line)

    def leaves_list(self, index: int, question: _Question) -> bool:
        """Whether a paragraph begins that belongs to no item of the list of follow-ups."""
        line = unescaped(self.lines[index])
        listed = question.texts.get("follow_ups")
        if not listed or not line.strip() or line[0].isspace() or bullet(line):
            return False
        return not self.lines[index - 1].strip() and any(bullet(item) for item in listed[:2])


def _part(section: re.Match[str], question: _Question) -> Part | None:
    """The part that a label begins, where it can begin there."""
    if section["answer"]:
        return "answer" if question.part is None and not question.texts else None
    if section["follow_ups"]:
        return "follow_ups" if question.part != "follow_ups" else None
    # `Note: …` with text behind it is a sentence of the answer.
    return "notes" if question.part in (None, "answer") and not section["rest"] else None


def _headings(lines: Sequence[str], code: Sequence[bool]) -> dict[int, tuple[Kind, _Heading]]:
    """By index, the lines that begin a question or a category, or end a question."""
    marked: dict[int, _Heading] = {}
    plain: dict[int, _Heading] = {}
    for index, line in enumerate(lines):
        if code[index] or len(line) > LONGEST:
            continue
        if found := HEADING.fullmatch(line):
            if not SECTION.fullmatch(line.strip()):
                marked[index] = _heading(found[2], len(found[1]))
        elif line[:1] in _FIRST and (heading := _heading(line.strip(), 0)).numbered:
            plain[index] = heading
    if len(plain) > sum(heading.numbered for heading in marked.values()):
        return _among_plain(lines, code, plain)
    return _among_marked(lines, marked)


def _heading(text: str, level: int) -> _Heading:
    text = text.rstrip()
    found = NUMBERED.fullmatch(text)
    if found is None or (level == 0 and found[2]):  # an unmarked `1. …` is a list
        return _Heading(level, flat(re.sub(r"^([*_]{1,3})(.*)\1$", r"\2", text)))
    title, marks = found[3], re.match(r"[*_]*", text)
    if marks and marks[0]:
        title = title.removesuffix(marks[0])
    number = found[1] or found[2]
    return _Heading(level, flat(title), int(number) if number else None, numbered=True)


def _among_marked(
    lines: Sequence[str], marked: dict[int, _Heading]
) -> dict[int, tuple[Kind, _Heading]]:
    """Questions are the numbered headings; or else those that ask; or else the deepest."""

    def asks(index: int) -> bool:
        return marked[index].title.endswith("?") or _begins_question(lines, index + 1)

    numbered = [heading.level for heading in marked.values() if heading.numbered]
    asking = [marked[index].level for index in marked if asks(index)]
    levels = Counter(numbered or asking or [max((h.level for h in marked.values()), default=0)])
    level = max(levels, key=lambda level: (levels[level], -level))
    found: dict[int, tuple[Kind, _Heading]] = {}
    for index, heading in marked.items():
        if heading.level < level:
            found[index] = ("category", heading)
        elif heading.level == level:
            question = heading.numbered or not numbered or asks(index)
            found[index] = ("question" if question else "end", heading)
    return found


def _begins_question(lines: Sequence[str], index: int) -> bool:
    """Whether the next line that is not empty gives a difficulty or begins an answer."""
    line = next((line.strip() for line in lines[index : index + 4] if line.strip()), "")
    line = FOLDING.sub("", line[:LONGEST]).strip()
    section = SECTION.fullmatch(line)
    return bool(DIFFICULTY.fullmatch(line)) or bool(section and section["answer"])


def _among_plain(
    lines: Sequence[str], code: Sequence[bool], questions: dict[int, _Heading]
) -> dict[int, tuple[Kind, _Heading]]:
    """Questions are known by their numbers; between them stand the titles of categories."""
    found: dict[int, tuple[Kind, _Heading]] = {
        index: ("question", heading) for index, heading in questions.items()
    }
    starts = sorted(questions)
    for start, end in pairwise([0, *starts, len(lines)]):
        # A title inside a question stands before some part of it; a category stands after all.
        for index in range(end - 1, start, -1):
            line = lines[index].strip() if len(lines[index]) <= LONGEST else ""
            if code[index] or SECTION.fullmatch(line) or DIFFICULTY.fullmatch(line):
                break
            alone = not lines[index - 1].strip() and not "".join(lines[index + 1 : index + 2])
            if alone and (CATEGORY.fullmatch(line) or _TITLE.fullmatch(line)):
                found[index] = ("category", _Heading(0, line))
    return found
