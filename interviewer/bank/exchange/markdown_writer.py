"""Questions as Markdown, for people to read and for `markdown` to read back equal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from interviewer.bank.exchange.entry import LABELS, ROLE_NAMES, Cell, Cells
from interviewer.bank.exchange.markdown_syntax import escaped
from interviewer.bank.question import ROLES

_OWN_LINES: Final[tuple[Cell, ...]] = ("tags", "terms", "speak")


def written_markdown(every: Sequence[Cells]) -> bytes:
    """A heading of the second level for each category, one of the third for each question."""
    parts: list[str] = []
    grouped = groupby(every, key=lambda cells: cells["category"])
    for number, (category, questions) in enumerate(grouped, 1):
        parts.append(f"## Category {number}: {category}")
        for cells in questions:
            parts += _question(cells)
    return ("\n\n".join(parts) + "\n").encode("utf-8")


def _question(cells: Cells) -> list[str]:
    names: dict[str, str] = {role: ROLE_NAMES[role] for role in ROLES} | {"all": "All"}
    roles = ", ".join(names[role] for role in cells["roles"].split(", "))
    shown: dict[Cell, str] = {"difficulty": cells["difficulty"].capitalize(), "roles": roles}
    shown |= {"time_limit_s": cells["time_limit_s"], "id": cells["id"]}
    labels = [" | ".join(f"**{LABELS[cell]}:** {value}" for cell, value in shown.items())]
    labels += [f"**{LABELS[cell]}:** {cells[cell]}" for cell in _OWN_LINES if cells[cell]]
    # Two blanks at its end keep a line apart from the next one.
    parts = [f"### Q{cells['number']}. {cells['ask']}", "  \n".join(labels)]
    sections: tuple[Cell, ...] = ("answer", "notes", "follow_ups")
    for section in sections:
        if text := cells[section]:
            colon = ":" if section == "follow_ups" else ""
            parts += [f"**{LABELS[section]}{colon}**", escaped(text)]
    return parts
