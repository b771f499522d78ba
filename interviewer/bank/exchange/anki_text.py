"""Anki's text export: rows between header lines such as `#separator:tab` and comments."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from interviewer.bank.exchange.anki import (
    FIELD_NAMES,
    NOTE_TYPE,
    cells_of_note,
    check_markup,
    deck_of,
    fields_of,
    guid_of,
    marks_in,
    tags_of,
)
from interviewer.bank.exchange.entry import Cells, Reading
from interviewer.bank.exchange.html import looks_like_html
from interviewer.bank.exchange.table import delimited, entries_of, rows
from interviewer.bank.yaml_file import Fault, FaultsError, shortened

_SEPARATORS: Final = {
    "tab": "\t", "comma": ",", "semicolon": ";", "space": " ", "pipe": "|", "colon": ":",
}  # fmt: skip
_HEADER: Final = re.compile(r"#([a-z ]{1,30}):(.*)", re.IGNORECASE)
# Columns that are no fields of the note, by what the header calls them.
_SPECIAL: Final = ("guid", "notetype", "deck", "tags")


@dataclass
class _Header:
    separator: str = "\t"
    html: bool | None = None
    tags: str = ""
    deck: str = ""
    names: Sequence[str] = ()
    special: dict[str, int] = field(default_factory=dict)
    """Which column, from 0, holds what is no field."""


def looks_like_anki(text: str) -> bool:
    return (
        re.match(r"#(separator|html|tags|columns|notetype|deck|guid)\b[a-z ]*:", text) is not None
    )


def read_anki_text(file: Path, text: str) -> Reading:
    """Every note.

    Raises:
        BankError: a header line cannot be followed, or the columns cannot be told apart.
    """
    lines = text.split("\n")
    length = next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))
    header = _header(file, lines[:length])
    if header.html is None:
        header.html = looks_like_html(text)
    if header.html:
        check_markup(file, marks_in(text))
    # Empty lines in place of the header keep the count of the lines.
    body = "\n" * length + "\n".join(lines[length:])
    return entries_of(file, _notes(rows(file, body, header.separator), header, lines))


def written_anki_text(every: Sequence[Cells]) -> bytes:
    """A file that Anki imports: one note each, its columns named for the fields of a note type."""
    columns = ("Guid", "Deck", *FIELD_NAMES, "Tags")
    header = (
        f"#separator:tab\n#html:true\n#notetype:{NOTE_TYPE}\n"
        f"#guid column:1\n#deck column:2\n#tags column:{len(columns)}\n#columns:"
    )
    body = ([guid_of(c), deck_of(c), *fields_of(c), " ".join(tags_of(c))] for c in every)
    return (header + delimited([columns, *body], "\t")).encode("utf-8")


def _header(file: Path, lines: Sequence[str]) -> _Header:
    header = _Header()
    for number, line in enumerate(lines, 1):
        found = _HEADER.fullmatch(line)
        name, value = (found[1].lower().strip(), found[2]) if found else ("", "")
        special = name.removesuffix(" column")
        if name == "separator":
            header.separator = _separator(file, number, value)
        elif name == "html":
            header.html = value.strip().lower() == "true"
        elif name == "columns":
            header.names = next(csv.reader([value[:10_000]], delimiter=header.separator), [])
        elif name in ("tags", "deck"):
            setattr(header, name, value)
        elif special in _SPECIAL and re.fullmatch(r"\s*[1-9][0-9]{0,2}\s*", value):
            header.special[special] = int(value) - 1
    return header


def _separator(file: Path, line: int, value: str) -> str:
    separator = _SEPARATORS.get(value.strip().lower(), value)
    if len(separator) == 1 and separator not in '"\n\r':
        return separator
    problem = f"the separator {shortened(value)!r} is not known; allowed: {', '.join(_SEPARATORS)}"
    raise FaultsError([Fault(file, line, problem)])


def _notes(
    every: Iterator[tuple[int, list[str]]], header: _Header, lines: Sequence[str]
) -> Iterator[tuple[int, Cells]]:
    special = set(header.special.values())
    for line, row in every:
        if row[0].startswith("#") and lines[line - 1].startswith("#"):
            continue  # a comment; a field that begins like one stands in quotes
        own = {name: row[at] for name, at in header.special.items() if at < len(row)}
        names = [name for at, name in enumerate(header.names) if at not in special]
        values = [value for at, value in enumerate(row) if at not in special]
        if not names and own.get("notetype") == NOTE_TYPE:
            names = list(FIELD_NAMES)
        names += [""] * (len(values) - len(names))
        tags = f"{header.tags} {own.get('tags', '')}"
        deck = own.get("deck") or header.deck
        yield line, cells_of_note(names, values, tags, deck, bool(header.html))
