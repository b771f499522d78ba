"""Rows with named columns: CSV and TSV, from any spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from interviewer.bank.exchange.entry import (
    LABELS,
    MAX_QUESTIONS,
    Cell,
    Cells,
    Entry,
    Reading,
    Remark,
    cell_named,
)
from interviewer.bank.yaml_file import Fault, FaultsError, shortened
from interviewer.errors import BankError

SEPARATORS: Final = ",;\t|"
_MOST_COLUMNS: Final = 200
# A spreadsheet would calculate what begins like this; an apostrophe keeps it text.
_FORMULA: Final = re.compile(r"'*[=+\-@]")


def read_table(file: Path, text: str, separators: str = SEPARATORS) -> Reading:
    """Every row below the first, which names the columns; only the question's is needed.

    Raises:
        BankError: no column holds questions, or a row cannot be told apart.
    """
    separator = _separator(text, separators)
    if re.match(r"sep=.\n", text):
        text = "\n" + text[6:]  # how Excel is told; the empty line keeps the count
    every = rows(file, text, separator)
    _, header = next(every, (1, []))
    columns = named_columns(header)
    if "ask" not in columns.values():
        found = shortened(", ".join(map(str.strip, header))) or "nothing"
        raise BankError(
            f"{file}: no column holds questions; found: {found}; "
            "allowed: question, ask, front or prompt as a name in the first row",
            "name the columns in the first row, such as question,answer,difficulty",
        )
    filled = (
        (line, {cell: _as_text(row[at]) for at, cell in columns.items() if at < len(row)})
        for line, row in every
    )
    return entries_of(file, filled)


def named_columns(header: Sequence[str]) -> dict[int, Cell]:
    """Which column holds which cell; the first of a name counts."""
    columns: dict[int, Cell] = {}
    for index, name in enumerate(header):
        cell = cell_named(name)
        if cell and cell not in columns.values():
            columns[index] = cell
    return columns


def entries_of(file: Path, filled: Iterator[tuple[int, Cells]]) -> Reading:
    """The rows that hold a question, and remarks on those that hold something else.

    Raises:
        BankError: there are too many.
    """
    entries: list[Entry] = []
    remarks: list[Remark] = []
    for line, cells in filled:
        if cells.get("ask", "").strip():
            entries.append(Entry(line, cells))
        elif any(cell.strip() for cell in cells.values()):
            remarks.append(Remark(line, "there is no question here; the row is left out"))
        if len(entries) + len(remarks) > MAX_QUESTIONS:
            raise BankError(f"{file} has too many rows; allowed: {MAX_QUESTIONS:,}", "split it up")
    return Reading(tuple(entries), tuple(remarks))


def rows(file: Path, text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Every row that is not empty, with the line on which it begins.

    Raises:
        BankError: quotes are not closed, or a field is too large.
    """
    reader = csv.reader(io.StringIO(text), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            problem = f"the columns cannot be told apart: {error}"
            raise FaultsError(
                [Fault(file, line, problem)],
                "put text that holds a quote or the separator in quotes, and double its quotes",
            ) from None
        if row is None:
            return
        if len(row) > _MOST_COLUMNS:
            problem = f"there are {len(row):,} columns; allowed: {_MOST_COLUMNS}"
            raise FaultsError([Fault(file, line, problem)])
        if any(map(str.strip, row)):
            yield line, row


def written_table(every: Sequence[Cells], separator: str) -> bytes:
    """A file that spreadsheets open: UTF-8 with a byte order mark, the names in the first row."""
    body = ([_as_data(row[cell]) for cell in LABELS] for row in every)
    return delimited([LABELS.values(), *body], separator).encode("utf-8-sig")


def delimited(every: Iterable[Iterable[str]], separator: str) -> str:
    """Rows as text, with quotes where they are needed."""
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator, lineterminator="\n").writerows(every)
    return stream.getvalue()


def _separator(text: str, separators: str) -> str:
    """The one that makes the most known names of the first row."""
    told = re.match(r"\s*sep=(.)\n", text)
    if told and told[1] in separators:
        return told[1]
    header = next((line for line in text.split("\n", 20) if line.strip()), "")[:10_000]

    def known(separator: str) -> int:
        names = header.replace('"', "").split(separator)
        return sum(cell_named(name) is not None for name in names)

    return max(separators, key=known)


def _as_text(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _as_data(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell
