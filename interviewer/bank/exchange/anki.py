"""What Anki's two formats have in common: fields of HTML, tags and decks."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from interviewer.bank.exchange.entry import LABELS, Cell, Cells, category_of, cell_named
from interviewer.bank.exchange.html import from_html, to_html
from interviewer.errors import BankError

FIELDS: Final[tuple[Cell, ...]] = (
    "ask", "answer", "follow_ups", "notes", "speak", "terms", "time_limit_s", "number", "id",
)  # fmt: skip
"""The cells that have fields of their own, the first on the front of a card; tags have the rest."""
FIELD_NAMES: Final = ("Front", "Back", *(LABELS[cell] for cell in FIELDS[2:]))
"""The first two as Anki's own note types call them, so that they are matched in any of these."""
NOTE_TYPE: Final = "Interviewer"

MAX_MARKS: Final = 400_000

# The deck that every collection has says nothing about its cards.
_NO_DECK: Final = ("", "Default")
_CLOZE: Final = re.compile(r"\{\{c[0-9]{1,3}::([^{}]*)\}\}")


def check_markup(file: Path, marks: int) -> None:
    """Refuse more tags and entities than it takes a moment to read.

    Raises:
        BankError: there are too many.
    """
    if marks > MAX_MARKS:
        raise BankError(
            f"{file} has too many HTML tags; allowed: {MAX_MARKS:,}",
            "export one deck at a time, without HTML",
        )


def marks_in(text: str) -> int:
    """How many tags and entities there are at most."""
    return text.count("<") + text.count("&")


def cells_of_note(
    names: Sequence[str], values: Sequence[str], tags: str = "", deck: str = "", html: bool = True
) -> dict[Cell, str]:
    """A note as cells. Without a field that is called a question, its first two are the card."""
    cells: dict[Cell, str] = {}
    for name, value in zip(names, values, strict=False):
        if cell := cell_named(name):
            cells.setdefault(cell, value)
    if "ask" not in cells and values:
        cells["ask"] = values[0]
        if len(values) > 1:
            cells.setdefault("answer", values[1])
    text = {cell: from_html(value) if html else value for cell, value in cells.items()}
    if tags.strip():
        text["tags"] = f"{text.get('tags', '')} {tags}"
    title = deck.rsplit("::", 1)[-1].strip()
    if title not in _NO_DECK:
        text.setdefault("category", title)
    return _without_clozes(text)


def fields_of(cells: Cells) -> list[str]:
    return [to_html(cells[cell]) for cell in FIELDS]


def tags_of(cells: Cells) -> list[str]:
    """The question's own tags, and those that say what it is."""
    category, _ = category_of(cells["category"])
    roles = [f"role::{role.strip()}" for role in cells["roles"].split(",")]
    kinds = [f"category::{category}", f"difficulty::{cells['difficulty']}", *roles]
    return [*kinds, *cells["tags"].split()]


def deck_of(cells: Cells) -> str:
    """The title of the category, with its slug where the title looks like both."""
    title = category_of(cells["category"])[1]
    plain = category_of(title)[1] == title
    return (title if plain else cells["category"]).replace("::", ":")


def guid_of(cells: Cells) -> str:
    """The same for the same question, so that Anki updates it instead of adding it again."""
    return hashlib.sha256(cells["id"].encode()).hexdigest()[:16]


def _without_clozes(cells: Mapping[Cell, str]) -> dict[Cell, str]:
    """A text with gaps asks for what is in them."""
    text = cells.get("ask", "")
    gaps = [found.partition("::") for found in _CLOZE.findall(text)]
    if not gaps:
        return dict(cells)
    asked = _CLOZE.sub(lambda gap: f"[{gap[1].partition('::')[2] or '…'}]", text)
    whole = _CLOZE.sub(lambda gap: gap[1].partition("::")[0], text)
    more = cells.get("answer", "")
    return {**cells, "ask": f"Fill in: {asked}", "answer": f"{whole}\n\n{more}".strip()}
