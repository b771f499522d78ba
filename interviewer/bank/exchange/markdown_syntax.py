"""What the reader and the writer of Markdown agree on: fences, headings, labels, escapes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

LONGEST: Final = 10_000
"""A longer line is text, whatever it looks like: searching it for structure would take a while."""

_FENCE: Final = re.compile(r"\s*(`{3,}|~{3,})([^`]*)")
MARKS: Final = r"[*_]{0,3}"

NUMBERED: Final = re.compile(
    rf"{MARKS}(?:Q(?:uestion)?\.?\s{{0,3}}#?([0-9]{{1,9}})\s?[.:)—–-]|Q(?:uestion)?\s?:|([0-9]{{1,9}})[.)])"  # noqa: RUF001
    rf"{MARKS}\s+(\S.*)",
    re.IGNORECASE,
)
"""`Q12. What …`, `**Question 3:** …`, `Q: …`, and in headings `12. …`."""
HEADING: Final = re.compile(r"\s{0,3}(#{1,6})\s+(\S.*)")
CATEGORY: Final = re.compile(r"(?:Category|Part|Section)\s+[0-9]{1,3}\s*[.:—–-]*\s*(\S.*)", re.I)  # noqa: RUF001
LABEL: Final = re.compile(rf"{MARKS}([A-Za-z][A-Za-z -]{{0,19}}?){MARKS}\s?:{MARKS}\s*(.*)")
DIFFICULTY: Final = re.compile(
    rf"{MARKS}Difficulty{MARKS}\s?:{MARKS}\s*{MARKS}(?:easy|medium|hard){MARKS}\s*(?:$|\|.*)",
    re.IGNORECASE,
)
"""A line that only a question has; it shows where one begins whose heading is lost."""
SECTION: Final = re.compile(
    rf"(?:#{{1,6}}\s+)?{MARKS}(?:(?:model\s|sample\s)?(?P<answer>answer|solution|a(?=\s?:))"
    rf"|(?P<follow_ups>follow[\s-]?ups?(?:\squestions?)?)|(?P<notes>notes?))"
    rf"{MARKS}\s?(?:$|:{MARKS}\s*(?P<rest>.*))",
    re.IGNORECASE,
)
"""`Answer`, `**Follow-ups:**`, `### Notes`, `A: …`: a part of a question begins."""
FOLDING: Final = re.compile(r"\s*(?:</?(?:details|summary)\b[^<>]{0,80}>\s*)+")
"""What hides an answer until it is clicked."""
_MEANT: Final = (
    rf"(?:#{{1,3}}\s|#{{4,6}}\s+{MARKS}(?:Q|[0-9])|`{{3}}|~{{3}}"
    rf"|{MARKS}(?:Q|Question)[\s.#]*[0-9]*\s*[.:)—–-]|</?(?:details|summary)\b"  # noqa: RUF001
    rf"|{MARKS}Difficulty|{MARKS}(?:model\s|sample\s)?(?:answer|solution|a\s?:)"
    rf"|{MARKS}follow|{MARKS}note|(?:[-*_]\s*){{3,}}$)"
)
_TO_ESCAPE: Final = re.compile(rf"\s*\\*{_MEANT}", re.IGNORECASE)
_ESCAPED: Final = re.compile(rf"(\s*)\\(\\*{_MEANT}.*)", re.IGNORECASE)


def fenced(lines: Sequence[str]) -> list[bool]:
    """Which lines are code between fences, the fences included; one that stays open is none."""
    inside = [False] * len(lines)
    opened, fence = 0, ""
    for number, line in enumerate(lines):
        found = _FENCE.fullmatch(line) if len(line) <= LONGEST else None
        if not found:
            continue
        if not fence:
            opened, fence = number, found[1]
        elif found[1].startswith(fence) and not found[2].strip():
            inside[opened : number + 1] = [True] * (number + 1 - opened)
            fence = ""
    return inside


def is_rule(line: str) -> bool:
    """Whether a line divides the text: `---`, `* * *`."""
    marks = line.replace(" ", "").strip()
    return len(marks) >= 3 and marks[0] in "-*_" and marks == marks[0] * len(marks)


def escaped(text: str) -> str:
    """A text whose lines are all read as text again."""
    lines = text.split("\n")
    return "\n".join(
        re.sub(r"(?=\S)", r"\\", line, count=1) if not code and _means_more(line) else line
        for line, code in zip(lines, fenced(lines), strict=True)
    )


def _means_more(line: str) -> bool:
    return len(line) < LONGEST and _TO_ESCAPE.match(line) is not None


def unescaped(line: str) -> str:
    found = _ESCAPED.fullmatch(line) if len(line) <= LONGEST else None
    return found[1] + found[2] if found else line
