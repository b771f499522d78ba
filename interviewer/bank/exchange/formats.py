"""The formats by name, and the way through each of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

from interviewer.bank.exchange.anki_text import (
    looks_like_anki,
    read_anki_text,
    written_anki_text,
)
from interviewer.bank.exchange.apkg import read_apkg
from interviewer.bank.exchange.apkg_writer import write_apkg
from interviewer.bank.exchange.assembly import Imported, assemble
from interviewer.bank.exchange.entry import cells_of
from interviewer.bank.exchange.folder import written_whole
from interviewer.bank.exchange.markdown import read_markdown
from interviewer.bank.exchange.markdown_writer import written_markdown
from interviewer.bank.exchange.table import read_table, written_table
from interviewer.bank.exchange.text import decoded, read_bytes
from interviewer.bank.question import Category
from interviewer.errors import UsageError

Format: TypeAlias = Literal["markdown", "csv", "tsv", "anki", "apkg"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
_SUFFIXES: Final[dict[str, Format]] = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".apkg": "apkg",
    ".colpkg": "apkg",
}


def import_file(file: Path, name: str, format: Format | None = None) -> Imported:
    """The questions of a file, as a bank that is not written anywhere yet.

    Args:
        name: of the category of questions that name none.
        format: `None` goes by the name of the file, and then by what it holds.

    Raises:
        BankError: the file cannot be read as what it is said to be.
    """
    chosen = format or _SUFFIXES.get(file.suffix.lower())
    if chosen == "apkg" or (chosen is None and _begins_like_zip(file)):
        return assemble(file, read_apkg(file), name)
    text = decoded(file, read_bytes(file))
    if chosen is None:
        chosen = "anki" if looks_like_anki(text) or _has_tabs(text) else "markdown"
    if chosen == "anki":
        reading = read_anki_text(file, text)
    elif chosen == "markdown":
        reading = read_markdown(file, text)
    else:
        reading = read_table(file, text, "\t") if chosen == "tsv" else read_table(file, text)
    return assemble(file, reading, name)


def export_file(categories: Sequence[Category], target: Path, replace: bool = False) -> Format:
    """Write questions to a file in the format that its suffix names; returns the format.

    Raises:
        UsageError: the suffix names none, or the file is there and `replace` is false.
        BankError: it cannot be written.
    """
    suffix = target.suffix.lower()
    chosen: Format | None = "anki" if suffix == ".txt" else _SUFFIXES.get(suffix)
    if chosen is None or suffix == ".colpkg":
        raise UsageError(
            f"cannot tell the format of {target.name}; allowed: .md, .csv, .tsv, .txt (Anki's "
            "text) and .apkg",
            f"interviewer bank export {target.with_suffix('.md')}",
        )
    every = [
        cells_of(question, category.title)
        for category in categories
        for question in category.questions
    ]
    with written_whole(target, replace) as made:
        if chosen == "apkg":
            write_apkg(every, made)
        elif chosen == "markdown":
            made.write_bytes(written_markdown(every))
        elif chosen == "anki":
            made.write_bytes(written_anki_text(every))
        else:
            made.write_bytes(written_table(every, "," if chosen == "csv" else "\t"))
    return chosen


def _begins_like_zip(file: Path) -> bool:
    if not file.is_file():
        return False
    with suppress(OSError), file.open("rb") as stream:
        return stream.read(4) == b"PK\x03\x04"
    return False


def _has_tabs(text: str) -> bool:
    """Whether its first lines are rows, as Anki's export without header lines has them."""
    lines = [line for line in text[:20_000].split("\n")[:20] if line.strip()]
    return bool(lines) and sum("\t" in line.strip() for line in lines) > len(lines) / 2
