"""Question and rubric files in the layout of those that are shipped.

What is written reads back equal; a field that has its default value is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from interviewer.bank.question import ROLES, Category, Question
from interviewer.bank.rubric import KeyPoint, Rubric

_WIDTH: Final = 110
# Unquoted, these words could be nothing else than text.
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9 ./&()+-]*")
_NO_TEXT: Final = frozenset(("null", "true", "false"))
# Where a line can be folded so that reading puts the one space back.
_FOLD: Final = re.compile(r"(?<=[^\s\\]) (?=\S)")
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_TO_ESCAPE: Final = re.compile('[\\\\"\n\t\r\x00-\x1f\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]')
_NOT_IN_BLOCK: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def bank_yaml(category: Category) -> str:
    """One question file."""
    lines = [f"category: {_short(category.slug)}", f"title: {_short(category.title)}", "questions:"]
    for question in category.questions:
        lines += _question(question)
    return "\n".join(lines) + "\n"


def rubric_yaml(category: str, rubrics: Sequence[Rubric]) -> str:
    """One rubric file, the rubrics in the order given."""
    lines = [f"category: {_short(category)}", "rubrics:"]
    for rubric in rubrics:
        lines += [f"  {rubric.question_id}:", "    key_points:"]
        for point in rubric.key_points:
            lines += _key_point(point)
    return "\n".join(lines) + "\n"


def _question(question: Question) -> list[str]:
    roles = "all" if question.roles == ROLES else ", ".join(question.roles)
    lines = [f"  - id: {_short(question.id)}", f"    number: {question.number}"]
    lines += _field(4, "ask", question.ask)
    if question.speak:
        lines += _field(4, "speak", question.speak)
    lines += [f"    difficulty: {question.difficulty}", f"    roles: [{roles}]"]
    if question.time_limit_s != Question.model_fields["time_limit_s"].default:
        lines.append(f"    time_limit_s: {question.time_limit_s}")
    lines += _list("terms", question.terms) + _list("tags", question.tags)
    lines += _field(4, "answer", question.answer)
    if question.notes:
        lines += _field(4, "notes", question.notes)
    if question.follow_ups:
        lines.append("    follow_ups:")
    for follow_up in question.follow_ups:
        lines += _field(6, "- ask", follow_up.ask)
        if follow_up.answer:
            lines += _field(8, "answer", follow_up.answer)
    return lines


def _key_point(point: KeyPoint) -> list[str]:
    lines = [f"      - id: {_short(point.id)}", *_field(8, "point", point.point)]
    if point.weight != KeyPoint.model_fields["weight"].default:
        lines.append(f"        weight: {point.weight}")
    lines += [f"        {name}: true" for name in ("required", "draft") if getattr(point, name)]
    for name, phrases in (("accept", point.accept), ("reject", point.reject)):
        if phrases:
            lines.append(f"        {name}:")
        for phrase in phrases:
            lines += _quoted(phrase, f"{' ' * 10}- ", 12)
    if point.probe:
        lines += _field(8, "probe", point.probe)
    return lines


def _field(indentation: int, name: str, text: str) -> list[str]:
    """`name: "text"`, folded; or `name: |` and the lines of the text as they are."""
    start = f"{' ' * indentation}{name}: "
    inner = indentation + (4 if name.startswith("- ") else 2)
    kept = text.removesuffix("\n")
    several = "\n" in text and kept and not kept[0].isspace() and not kept.endswith("\n")
    if not several or _NOT_IN_BLOCK.search(text):
        return _quoted(text, start, inner)
    lines = [f"{' ' * inner}{line}" if line else "" for line in kept.split("\n")]
    return [f"{start}|" if text.endswith("\n") else f"{start}|-", *lines]


def _quoted(text: str, start: str, indentation: int) -> list[str]:
    """`start`, then the text in double quotes, its further lines indented."""
    return _filled(start, _FOLD.split(_in_quotes(text)), indentation)


def _in_quotes(text: str) -> str:
    def escape(found: re.Match[str]) -> str:
        return _ESCAPES.get(found[0]) or f"\\u{ord(found[0]):04x}"

    return f'"{_TO_ESCAPE.sub(escape, text)}"'


def _list(name: str, values: Sequence[str]) -> list[str]:
    """`name: [one, two]`, broken after commas; nothing for an empty list."""
    if not values:
        return []
    words = [f"{_short(value)}," for value in values[:-1]] + [f"{_short(values[-1])}]"]
    return _filled(f"    {name}: [", words, 12)


def _filled(start: str, words: Iterable[str], indentation: int) -> list[str]:
    """Words with one space between them, in lines; the first stays on the line of `start`."""
    lines, line, glue = list[str](), start, ""
    for word in words:
        if glue and len(line) + 1 + len(word) > _WIDTH:
            lines.append(line)
            line, glue = " " * indentation, ""
        line += glue + word
        glue = " "
    return [*lines, line]


def _short(text: str) -> str:
    """A title, term or tag, in quotes only where it needs them."""
    plain = _PLAIN.fullmatch(text) and not text.endswith(" ") and text.lower() not in _NO_TEXT
    return text if plain else _in_quotes(text)
