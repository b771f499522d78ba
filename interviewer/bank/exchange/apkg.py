"""Anki packages: a zip file with an SQLite database of notes in it.

Nothing is ever unpacked by the name that the package gives it, and the database is read as the
work of an enemy: tables only (a view or a virtual table could compute without end), and limits on
sizes and on steps.
"""

from __future__ import annotations

import json
import sqlite3
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from io import BufferedReader, FileIO
from pathlib import Path, PurePosixPath, PureWindowsPath
from struct import error as StructError  # noqa: N812 (an exception under a name of its kind)
from typing import IO, Any, Final

from interviewer.bank.exchange.anki import cells_of_note, check_markup, marks_in
from interviewer.bank.exchange.entry import MAX_QUESTIONS, Cells, Reading
from interviewer.bank.exchange.table import entries_of
from interviewer.bank.exchange.text import MAX_BYTES, printable
from interviewer.bank.yaml_file import shortened
from interviewer.errors import BankError

MAX_DATABASE_BYTES: Final = 64_000_000
_MAX_READ_BYTES: Final = 2_000_000
_MAX_VALUE_BYTES: Final = 2_000_000
_STEPS: Final = 1_000
_MAX_TURNS: Final = 1_000
"""How often SQLite may go that many steps: notes and cards of a full package need a tenth."""

# The newest that is there holds the notes; the others then ask to update Anki.
_COMPRESSED: Final = "collection.anki21b"
_DATABASES: Final = (_COMPRESSED, "collection.anki21", "collection.anki2")
_ALLOWED: Final = frozenset((sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ))
_BROKEN_ZIP: Final = (
    zipfile.BadZipFile, zlib.error, StructError, EOFError, KeyError, NotImplementedError,
    OverflowError, RuntimeError, ValueError,
)  # fmt: skip


def read_apkg(file: Path) -> Reading:
    """Every note, counted from 1 in the order of their ids.

    Raises:
        BankError: the file is no such package, is broken or hostile, or goes past a limit.
    """
    with tempfile.TemporaryDirectory(prefix="interviewer-") as folder:
        database = Path(folder) / "collection"
        _unpack(file, database)
        with _opened(file, database) as connection:
            notes = _notes(file, connection)
    return entries_of(file, iter(notes))


class _Bounded(BufferedReader):
    """Refuses to read a directory of files that would fill the memory."""

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = -1 if size is None else size
        content = super().read(
            _MAX_READ_BYTES + 1 if wanted < 0 else min(wanted, _MAX_READ_BYTES + 1)
        )
        if len(content) > _MAX_READ_BYTES:
            raise zipfile.BadZipFile("it has too many files")
        return content


def _unpack(file: Path, target: Path) -> None:
    """Copy the database out of the package."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise BankError(f"{file} is not a regular file", "name a file ending in .apkg")
        with _Bounded(FileIO(file)) as stream, zipfile.ZipFile(stream) as package:
            _check_names(file, package)
            names = package.namelist()
            name = next((name for name in _DATABASES if name in names), None)
            if name is None:
                raise _broken(file, f"it has no {_DATABASES[-1]} inside")
            info = package.getinfo(name)
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise _broken(file, "its compression is not one that Anki uses")
            with package.open(info) as source, target.open("wb") as sink:
                if name == _COMPRESSED:
                    with _decompressed(file, source) as plain:
                        _copy(file, plain, sink)
                else:
                    _copy(file, source, sink)
    except _BROKEN_ZIP as error:
        raise _broken(file, str(error)) from None
    except OSError as error:
        raise BankError(
            f"cannot read {file}: {error.strerror or error}", "check its name and permissions"
        ) from None


def _check_names(file: Path, package: zipfile.ZipFile) -> None:
    for info in package.infolist():
        posix, windows = PurePosixPath(info.filename), PureWindowsPath(info.filename)
        outside = posix.is_absolute() or windows.anchor or ".." in (*posix.parts, *windows.parts)
        if outside or stat.S_ISLNK(info.external_attr >> 16):
            name = shortened(info.filename)
            raise _broken(file, f"{name!r} inside points out of the package; Anki makes no such")


def _copy(file: Path, source: IO[bytes], target: IO[bytes]) -> None:
    left = MAX_DATABASE_BYTES
    while chunk := source.read(min(left + 1, 1 << 20)):
        left -= len(chunk)
        if left < 0:
            raise BankError(
                f"the notes in {file} are too large; allowed: {MAX_DATABASE_BYTES:,} bytes",
                "export one deck at a time, without scheduling information",
            )
        target.write(chunk)


@contextmanager
def _decompressed(file: Path, source: IO[bytes]) -> Iterator[IO[bytes]]:
    """The stream of a package that Anki wrote for its newer versions only."""
    import zstandard

    decompressor = zstandard.ZstdDecompressor(max_window_size=1 << 25)
    try:
        with decompressor.stream_reader(source) as stream:
            yield stream
    except zstandard.ZstdError as error:
        raise _broken(file, str(error)) from None


@contextmanager
def _opened(file: Path, database: Path) -> Iterator[sqlite3.Connection]:
    turns = 0

    def turn() -> bool:
        nonlocal turns
        turns += 1
        return turns > _MAX_TURNS

    def authorize(action: int, *_: str | None) -> int:
        return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY

    try:
        uri = f"{database.as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE_BYTES)
            connection.set_progress_handler(turn, _STEPS)
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.create_collation("unicase", lambda one, two: (one > two) - (one < two))
            connection.set_authorizer(authorize)
            yield connection
    except (sqlite3.Error, UnicodeError) as error:  # SQLite quotes broken text in its messages
        reason = "it takes too long to read" if turns > _MAX_TURNS else str(error)
        raise _broken(file, reason) from None


def _notes(file: Path, connection: sqlite3.Connection) -> list[tuple[int, Cells]]:
    tables = {
        str(name): str(definition)
        for name, definition in connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
        )
    }
    for name in ("notes", "cards", "col"):
        if not tables.get(name, "").upper().startswith("CREATE TABLE"):
            raise _broken(file, f"its database has no table {name!r} of Anki's")
    kinds = _kinds_of_new(connection) if "notetypes" in tables else _kinds_of_old(file, connection)
    homes = dict(connection.execute("SELECT nid, did FROM cards"))
    found: list[tuple[int, int, str, str]] = []
    left, marks = MAX_BYTES, 0
    for note, kind, tags, fields in connection.execute("SELECT id, mid, tags, flds FROM notes"):
        if not (isinstance(note, int) and isinstance(tags, str) and isinstance(fields, str)):
            raise _broken(file, "a note has values of the wrong type")
        left -= len(tags) + len(fields)
        marks += marks_in(fields)
        check_markup(file, marks)
        if left < 0 or len(found) == MAX_QUESTIONS:
            raise BankError(
                f"{file} has too many notes; allowed: {MAX_QUESTIONS:,}, with {MAX_BYTES:,} "
                "characters in all",
                "export one deck at a time",
            )
        found.append((note, kind, tags, fields))
    found.sort(key=lambda row: row[0])
    return [
        (
            place,
            cells_of_note(
                kinds.fields(kind), fields.split("\x1f"), tags, kinds.deck(homes.get(note))
            ),
        )
        for place, (note, kind, tags, fields) in enumerate(found, 1)
    ]


@dataclass(frozen=True)
class _Kinds:
    """The names of fields by note type, and of decks, by ids as text."""

    field_names: Mapping[str, tuple[str, ...]]
    decks: Mapping[str, str]

    def fields(self, kind: object) -> tuple[str, ...]:
        return self.field_names.get(str(kind), ())

    def deck(self, deck: object) -> str:
        return self.decks.get(str(deck), "")


def _kinds_of_old(file: Path, connection: sqlite3.Connection) -> _Kinds:
    row = connection.execute("SELECT models, decks FROM col").fetchone() or ("", "")
    models, decks = (_json(file, value) for value in row)
    names: dict[str, tuple[str, ...]] = {}
    for kind, model in models.items():
        fields = model.get("flds") if isinstance(model, dict) else None
        listed = fields if isinstance(fields, list) else []
        named = [field for field in listed if isinstance(field, dict)]
        names[kind] = tuple(str(field.get("name", "")) for field in named)
    titles = {
        key: str(deck.get("name", "")) for key, deck in decks.items() if isinstance(deck, dict)
    }
    return _Kinds(names, titles)


def _json(file: Path, text: object) -> dict[str, Any]:
    try:
        value = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        return value
    raise _broken(file, "its note types cannot be read")


def _kinds_of_new(connection: sqlite3.Connection) -> _Kinds:
    fields: dict[str, dict[int, str]] = {}
    for kind, place, name in connection.execute("SELECT ntid, ord, name FROM fields"):
        if isinstance(place, int):
            fields.setdefault(str(kind), {})[place] = str(name)
    decks = {
        str(deck): str(name).replace("\x1f", "::")
        for deck, name in connection.execute("SELECT id, name FROM decks")
    }
    names = {kind: tuple(named[at] for at in sorted(named)) for kind, named in fields.items()}
    return _Kinds(names, decks)


def _broken(file: Path, reason: str) -> BankError:
    return BankError(
        f"{file} is not an Anki package that can be read: {shortened(printable(reason), 200)}",
        "export the deck from Anki again, as .apkg or as notes in plain text",
    )
