"""Hostile and broken files: each is read or refused with a message, quickly and in little memory."""

# ruff: noqa: E501, S608 (a table of faults is read row by row; the statements are our own)

from __future__ import annotations

import gc
import io
import os
import random
import re
import sqlite3
import stat
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interviewer.bank.exchange.formats import Format, export_file, import_file
from interviewer.bank.exchange.text import MAX_BYTES
from interviewer.errors import BankError
from tests.exchange_kit import CATEGORIES, FILES, FORMATS, LINES, SUFFIXES, written

# In walks over the characters of the largest file: about a second, and longer on a slow machine.
MOST_WALKS: Final = 8
MOST_BYTES: Final = 200_000_000


@pytest.fixture(autouse=True, scope="module")
def _only_what_is_made_here_is_collected() -> Iterator[None]:
    """What other tests have left in memory would be searched again and again in what is timed."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def bounded(action: Callable[[], object]) -> None:
    """Hold the time of the quickest of three runs, and the memory that Python allocates in one."""
    assert any(thread_time(action) < MOST_WALKS * walk_s() for _ in range(3))
    tracemalloc.start()
    try:
        action()
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()


def thread_time(action: Callable[[], object]) -> float:
    began_s = time.thread_time()
    action()
    return time.thread_time() - began_s


@cache
def walk_s() -> float:
    """How long this machine takes to look at each character of the largest file."""
    return thread_time(lambda: sum(1 for _ in "a" * MAX_BYTES))


def refused(file: Path, format_name: Format | None = None) -> str:
    with pytest.raises(BankError) as caught:
        import_file(file, "a", format_name)
    assert caught.value.hint
    assert len(caught.value.message) < 3_000
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f]", caught.value.message)
    return caught.value.message


# Files that were never text


@pytest.mark.parametrize("format_name", ["markdown", "csv", "tsv", "anki"])
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"question\n\xff\xfe\x00", ":2: found bytes that are not UTF-8 text"),
        ("question\ncaf\xe9\n".encode("latin-1"), ":2: found bytes that are not UTF-8 text"),
        ("\ufeffquestion\n\ud800".encode("utf-16-le", "surrogatepass"), "not UTF-8 text"),
        (b"question\nWhat?\0\n", ":2: found NUL characters"),
        (b"\0" * MAX_BYTES, ":1: found NUL characters"),
        (b"", " no "),
        (b"\n\n\n", " no "),
        (b"x" * (MAX_BYTES + 1), "is too large; allowed: 8,000,000 bytes"),
        (b"\n" * (MAX_BYTES - 1), "has too many lines; allowed: 200,000"),
    ],
)
def test_what_is_no_text_is_refused(
    tmp_path: Path, format_name: Format, content: bytes, says: str
) -> None:
    assert says in refused(written(tmp_path, "x", content), format_name)


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_hundred_megabytes_of_nonsense_are_refused(tmp_path: Path, format_name: Format) -> None:
    file = tmp_path / f"x{SUFFIXES[format_name]}"
    with file.open("wb") as stream:
        for _ in range(100):
            stream.write(os.urandom(1_000_000))
    bounded(lambda: refused(file))


@pytest.mark.parametrize("format_name", FORMATS)
def test_only_regular_files_are_read(tmp_path: Path, format_name: Format) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "is not a regular file" in refused(tmp_path / "pipe", format_name)
    assert "is not a regular file" in refused(tmp_path, format_name)
    assert "cannot read" in refused(tmp_path / "missing", format_name)


# Texts that make a reader work


def filled(start: str, piece: str, size: int = 400_000) -> str:
    return start + piece * (size // len(piece))


TEXTS: Final[dict[Format, dict[str, str]]] = {
    "markdown": {
        "questions": filled("", "# a?\n"),
        "numbered": filled("", "Q1. x\n"),
        "fences": filled("# a?\n", "```\n~~~\n"),
        "one fence": filled("# a?\n", "```"),
        "spaces": filled("# a?\n", " ", 7_000_000) + "x",
        "stars": filled("# a?\n", "*", 7_000_000),
        "dashes": filled("# a?\n", "- ", 7_000_000),
        "escapes": filled("# a?\n", "\\", 7_000_000),
        "escaped headings": filled("# a?\n", "\\# x\n"),
        "labels": filled("# a?\n", "Tags: a, b | Roles: x, y\n"),
        "lost headings": filled("Q1. a?\nAnswer\n", "Difficulty: easy\nx\n"),
        "titles": filled("Q1. a?\nAnswer\nb\n", "\nAbc Def Ghi\n"),
        "follow-ups": filled("# a?\nFollow-ups:\n", "- a\n"),
        "a long follow-up": filled("# a?\nFollow-ups:\n- a\n", "b\n"),
        "folded": filled("# a?\n", "<details <summary ", 7_000_000),
        "sentences": filled("# a?\n", "It is so. ", 19_000),
        "clauses": filled("# a?\n", "it is a b and, but ", 19_000),
        "links": filled("# a?\n", "[a](", 19_000),
    },
    "csv": {
        "commas": filled("question,answer\n", ",", 7_000_000),
        "quotes": filled("question,answer\n", '"', 7_000_000),
        "open quote": filled('question,answer\n"', "a", 7_000_000),
        "rows": filled("question,answer\n", "a,b\n"),
        "same rows": filled("question,answer\n", "a,b\n", 39_000),
        "categories": "question,category\n" + "".join(f"q,c{n}\n" for n in range(2_000)),
        "digits": f"question,number,time\nq,{'9' * 100_000},{'9' * 100_000}\n",
    },
    "anki": {
        "tags": filled("#html:true\n", "<b>", 1_190_000),
        "blocks": filled("#html:true\na\t", "<ul><li>", 99_000),
        "half tags": filled("#html:true\na\t", "<", 99_000),
        "comments": filled("#html:true\na\t", "<!--", 99_000),
        "scripts": filled("#html:true\na\t", "<script>", 99_000),
        "entities": filled("#html:true\na\t", "&#9", 99_000),
        "numbers of entities": f"#html:true\na\t&#{'9' * 99_000};",
        "gaps": filled("#html:true\n", "{{c1::", 99_000),
        "sounds": filled("#html:true\na\t", "[sound:", 99_000),
        "comment lines": filled("#html:true\n", "#\n"),
        "columns": filled("#columns:", "a\t"),
        "separator": f"#separator:{'x' * 99_000}\na",
    },
}  # fmt: skip


OWN: Final = [(name, made) for made, texts in TEXTS.items() for name in texts]


@pytest.mark.parametrize(("name", "made_for"), OWN)
def test_a_text_made_to_be_slow_is_not(tmp_path: Path, name: str, made_for: Format) -> None:
    file = written(tmp_path, "x", TEXTS[made_for][name])
    bounded(lambda: read_or_refuse(file, made_for))


@pytest.mark.slow
@pytest.mark.parametrize("format_name", ["markdown", "csv", "tsv", "anki"])
@pytest.mark.parametrize(("name", "made_for"), OWN)
def test_nor_is_it_in_another_format(
    tmp_path: Path, name: str, made_for: Format, format_name: Format
) -> None:
    text = TEXTS[made_for][name]
    file = written(tmp_path, "x", text.replace(",", "\t") if format_name == "tsv" else text)
    bounded(lambda: read_or_refuse(file, format_name))


def read_or_refuse(file: Path, format_name: Format) -> None:
    try:
        imported = import_file(file, "a", format_name)
    except BankError as error:
        assert error.message
        assert error.hint
    else:
        assert imported.bank.questions


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("x.md", f"# {'a' * 1_001}?\n", ":1: ask: 1,002 characters; allowed: at most 1,000"),
        ("x.md", f"# a?\n{'a' * 20_001}", ":1: answer: 20,002 characters; allowed: at most 20,000"),
        ("x.md", "# a?\nFollow-ups\n" + "- b\n" * 51, ":1: follow_ups: 51 entries; allowed: at most 50"),
        ("x.md", "just words\n", "there are no questions in"),
        ("x.csv", "name,answer\na,b\n", "no column holds questions; found: name, answer; allowed: question"),
        ("x.csv", "question,answer\na,b\n\nc,\"d\n", ":4: the columns cannot be told apart: unexpected end"),
        ("x.csv", 'question,answer\n"a"b,c\n', ":2: the columns cannot be told apart: ',' expected"),
        ("x.csv", "question\n" + "a\n" * 10_001, "has too many rows; allowed: 10,000"),
        ("x.csv", "question,answer\n" + "a" * 140_000, ":2: the columns cannot be told apart: field larger"),
        ("x.csv", "question" + ",a" * 300, ":1: there are 301 columns; allowed: 200"),
        ("x.md", "# a?\n" * 10_002, "has too many questions; allowed: 10,000"),
        ("x.txt", "#separator:dots\na\tb\n", ":1: the separator 'dots' is not known; allowed: tab, comma"),
        ("x.txt", "#html:true\n" + "<b>" * 400_001, "has too many HTML tags; allowed: 400,000"),
    ],
)  # fmt: skip
def test_a_refusal_says_where_and_what_is_allowed(
    tmp_path: Path, name: str, content: str, says: str
) -> None:
    assert says in refused(written(tmp_path, name, content))


# Packages


def package(
    *files: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as made:
        for name, content in files:
            made.writestr(name, content)
    return stream.getvalue()


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def database(*statements: str, rows: Iterable[tuple[object, ...]] = ()) -> bytes:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(";".join(statements))
        for row in rows:
            connection.execute("INSERT INTO notes (id, mid, tags, flds) VALUES (?, ?, ?, ?)", row)
        connection.commit()
        return connection.serialize()


COL: Final = "CREATE TABLE col (models, decks); INSERT INTO col VALUES ('{}', '{}')"
CARDS: Final = "CREATE TABLE cards (nid, did)"
NOTES: Final = "CREATE TABLE notes (id integer primary key, mid, tags, flds)"
ENDLESS: Final = (
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
    "SELECT i AS id, 1 AS mid, '' AS tags, 'a' AS flds, i AS nid, 1 AS did FROM n"
)


def notes(*rows: tuple[object, ...]) -> bytes:
    return database(COL, CARDS, NOTES, rows=rows)


PACKAGES: Final[dict[str, tuple[Callable[[], bytes], str]]] = {
    "no zip": (lambda: b"PK\x03\x04" + b"x" * 1_000, "File is not a zip file"),
    "empty": (lambda: package(), "it has no collection.anki2 inside"),
    "no database": (lambda: package(("media", b"{}")), "it has no collection.anki2 inside"),
    "not SQLite": (lambda: package(("collection.anki2", b"x" * 9_999)), "file is not a database"),
    "cut off": (lambda: package(("collection.anki2", notes()[:5_000])), "not an Anki package"),
    "zip bomb": (
        lambda: package(("collection.anki2", b"\0" * 300_000_000)),
        "are too large; allowed: 64,000,000 bytes",
    ),
    "too many files": (
        lambda: package(*((f"{n:05}", b"") for n in range(40_000))),
        "it has too many files",
    ),
    "a bzip bomb": (
        lambda: package(("collection.anki2", notes()), method=zipfile.ZIP_BZIP2),
        "its compression is not one that Anki uses",
    ),
    "path traversal": (
        lambda: package(("../../collection.anki2", notes()), ("collection.anki2", notes())),
        "'../../collection.anki2' inside points out of the package",
    ),
    "an absolute path": (lambda: package(("/etc/x", b"")), "'/etc/x' inside points out of"),
    "a drive": (lambda: package(("C:\\x", b"")), "inside points out of the package"),
    "a symlink": (
        lambda: package((link("collection.anki2"), b"/etc/passwd")),
        "'collection.anki2' inside points out of the package",
    ),
    "other tables": (
        lambda: package(("collection.anki2", database("CREATE TABLE notes (id, mid, tags, flds)"))),
        "its database has no table 'cards' of Anki's",
    ),
    "an endless view": (
        lambda: package(("collection.anki2", database(COL, CARDS, f"CREATE VIEW notes AS {ENDLESS}"))),
        "its database has no table 'notes' of Anki's",
    ),
    "an endless view of cards": (
        lambda: package(("collection.anki2", database(COL, NOTES, f"CREATE VIEW cards AS {ENDLESS}"))),
        "its database has no table 'cards' of Anki's",
    ),
    "a virtual table": (
        lambda: package(("collection.anki2", database(COL, CARDS, "CREATE VIRTUAL TABLE notes USING fts5(id, mid, tags, flds)"))),
        "its database has no table 'notes' of Anki's",
    ),
    "computed columns": (
        lambda: package((
            "collection.anki2",
            database(
                COL, CARDS, "CREATE TABLE notes (id, mid, tags, x, flds AS (hex(zeroblob(4000000))))",
                "INSERT INTO notes VALUES (1, 1, '', 1)",
            ),
        )),
        "too big",
    ),
    "other columns": (
        lambda: package(("collection.anki2", database(COL, CARDS, "CREATE TABLE notes (x)"))),
        "no such column",
    ),
    "blobs": (lambda: package(("collection.anki2", notes((1, 1, b"\xff", b"\0")))), "of the wrong type"),
    "numbers": (lambda: package(("collection.anki2", notes((1, 1, "", 7)))), "of the wrong type"),
    "no UTF-8": (
        lambda: package((
            "collection.anki2",
            database(COL, CARDS, NOTES, "INSERT INTO notes VALUES (1, 1, '', CAST(x'ff' AS text))"),
        )),
        "Could not decode to UTF-8",
    ),
    "no notes": (lambda: package(("collection.anki2", notes())), "there are no questions in"),
    "empty notes": (lambda: package(("collection.anki2", notes((1, 1, "", "")))), "there are no questions"),
    "too many notes": (
        lambda: package(("collection.anki2", notes(*((n, 1, "", "a\x1fb") for n in range(10_001))))),
        "has too many notes; allowed: 10,000",
    ),
    "too much text": (
        lambda: package(("collection.anki2", notes(*((n, 1, "", "a" * 1_900_000) for n in range(5))))),
        "has too many notes; allowed: 10,000, with 8,000,000 characters",
    ),
    "a huge field": (
        lambda: package(("collection.anki2", notes((1, 1, "", "a" * 3_000_000)))),
        "string or blob too big",
    ),
    "a long field": (
        lambda: package(("collection.anki2", notes((1, 1, "", f"a\x1f{'b' * 30_000}")))),
        ":1: answer: 30,001 characters; allowed: at most 20,000",
    ),
    "too many cards": (
        lambda: package((
            "collection.anki2",
            database(COL, CARDS, NOTES, "INSERT INTO cards SELECT 1, 1 FROM (" + ENDLESS + " LIMIT 300000)"),
        )),
        "it takes too long to read",
    ),
    "too many tables": (
        lambda: package((
            "collection.anki2",
            database("PRAGMA page_size = 512", *(f"CREATE TABLE t{n} (a)" for n in range(2_000)), NOTES),
        )),
        "its database has no table 'cards' of Anki's",
    ),
    "deep note types": (
        lambda: package((
            "collection.anki2",
            database("CREATE TABLE col (models, decks)", CARDS, NOTES, f"INSERT INTO col VALUES ('{'[' * 99_999}', '')"),
        )),
        "its note types cannot be read",
    ),
    "no note types": (
        lambda: package(("collection.anki2", database("CREATE TABLE col (models, decks)", CARDS, NOTES))),
        "its note types cannot be read",
    ),
    "control characters": (
        lambda: package(("collection.anki2", notes()), ("../\x1b[31m", b"")),
        "inside points out of the package",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PACKAGES)
def test_a_hostile_package_is_refused(tmp_path: Path, name: str) -> None:
    make, says = PACKAGES[name]
    file = written(tmp_path, "x.apkg", make())
    bounded(lambda: refused(file))
    assert says in refused(file)


def test_triggers_do_not_run_and_nothing_is_written(tmp_path: Path) -> None:
    content = database(
        COL, CARDS, NOTES, "CREATE TABLE log (a)",
        "CREATE TRIGGER t AFTER INSERT ON notes BEGIN INSERT INTO log VALUES (1); END",
        rows=[(1, 1, "", "What?\x1fSo it is.")],
    )  # fmt: skip
    (tmp_path / "deck").mkdir()
    file = written(tmp_path / "deck", "x.apkg", package(("collection.anki2", content)))
    before = file.read_bytes()
    assert [q.ask for q in import_file(file, "a").bank.questions] == ["What?"]
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_a_database_in_the_mode_of_a_running_anki_is_read(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "c")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(f"{COL};{CARDS};{NOTES};INSERT INTO notes VALUES (1,1,'','a?')")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        content = (tmp_path / "c").read_bytes()
    file = written(tmp_path, "x.apkg", package(("collection.anki2", content)))
    assert len(import_file(file, "a").bank.questions) == 1


# Whatever the file says, it is read or refused


def samples(folder: Path, format_name: Format) -> list[bytes]:
    """Valid files of a format: small ones, and part of one that another program wrote."""
    file = folder / f"sample{SUFFIXES[format_name]}"
    export_file(CATEGORIES, file)
    kept = [file.read_bytes()]
    if format_name == "markdown":
        kept.append((FILES / "lost-heading.txt").read_bytes())
    elif format_name == "anki":
        kept.append((FILES / "anki-notes.txt").read_bytes())
    elif format_name == "apkg":
        kept.append((FILES / "anki-legacy.apkg").read_bytes())
        kept.append((FILES / "anki-zstd.apkg").read_bytes())
    return kept


PIECES: Final = [
    *(b"\n", b'"', b",", b"\t", b";", b"|", b"\0", b"\xff", b"\x1f", b"\\", b"`", b"<", b">", b"&"),
    *(b"# ", b"Q1. ", b"```\n", b"Answer\n", b"Follow-ups:\n", b"- ", b"Difficulty: Easy\n", b"**"),
    *(b"<b>", b"<ul><li>", b"&#9999999;", b"{{c1::", b"}}", b"#separator:", b"#html:true\n", b"sep=;"),
    *(b"\xe2\x80\xa8", b"\xf0\x9f\x90\xa6", b"9" * 5_000, b"x" * 30_000, b"\xef\xbb\xbf", b"1e309"),
    *(b"SQLite format 3\0", b"PK\x05\x06", b"\xff\xff\xff\xff", b"CREATE TABLE notes", b"NULL"),
]  # fmt: skip


def mutated(content: bytes, rng: random.Random) -> bytes:
    """A few places overwritten, cut out, doubled or filled."""
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        start = rng.randrange(len(content) + 1)
        end = min(len(content), start + rng.choice((0, 0, 1, 4, 40, 400)))
        middle = rng.choice(
            (b"", rng.choice(PIECES), rng.randbytes(rng.randrange(1, 9)), content[start:end] * 2)
        )
        content = content[:start] + middle + content[end:]
    return content


def mutated_package(content: bytes, rng: random.Random) -> bytes:
    """The package itself, or the database in it; the header of either stays more often than not."""
    if rng.random() < 0.3:
        return mutated(content, rng)
    with zipfile.ZipFile(io.BytesIO(content)) as whole:
        inner = whole.read(max(whole.namelist(), key=len))
    kept = rng.choice((0, 100, 4_096))
    if rng.random() < 0.5:  # of the same length, so that pages stay where they are
        changed = bytearray(inner)
        for _ in range(rng.choice((1, 3, 30, 300))):
            changed[rng.randrange(min(kept, len(inner) - 1), len(inner))] = rng.randrange(256)
        return package(("collection.anki2", bytes(changed)), method=zipfile.ZIP_STORED)
    inner = inner[:kept] + mutated(inner[kept:], rng)
    return package(("collection.anki2", inner), method=zipfile.ZIP_STORED)


def any_package(rng: random.Random) -> bytes:
    """Tables of the right names with any values in them."""
    values: list[Callable[[], object]] = [
        lambda: None,
        lambda: rng.randrange(-(2**63), 2**63),
        lambda: rng.random() * 10 ** rng.randrange(-300, 300),
        lambda: rng.randbytes(rng.randrange(20)),
        lambda: rng.choice(PIECES).decode(errors="replace"),
        lambda: rng.choice(('{"1": {"flds": [{"name": "Front"}]}}', "[]", '{"1": 1}', '{"1": {"flds": 5}}')),
        lambda: f"{rng.choice(PIECES).decode(errors='replace')}\x1f{rng.choice(PIECES).decode(errors='replace')}",
    ]  # fmt: skip
    some = [(n, *(rng.choice(values)() for _ in range(3))) for n in range(rng.randrange(4))]
    models = [str(rng.choice(values)()).replace("'", "").replace("\0", "") for _ in range(2)]
    names = rng.choice(("", "CREATE TABLE notetypes (a)"))
    col = f"CREATE TABLE col (models, decks); INSERT INTO col VALUES ('{models[0]}', '{models[1]}')"
    content = database(col, CARDS, NOTES, names, rows=some)
    return package(("collection.anki2", content), method=zipfile.ZIP_STORED)


def fuzz(folder: Path, format_name: Format, count: int) -> None:
    rng = random.Random(f"{format_name} {count}")  # noqa: S311 (the same inputs each time)
    valid = samples(folder, format_name)
    file = folder / "fuzzed"
    for _ in range(count):
        if format_name != "apkg":
            content = mutated(rng.choice(valid), rng)
        elif rng.random() < 0.3:
            content = any_package(rng)
        else:
            content = mutated_package(rng.choice(valid), rng)
        file.write_bytes(content)
        bounded(lambda: read_or_refuse(file, format_name))


@pytest.mark.parametrize("format_name", FORMATS)
def test_any_change_of_a_right_file(tmp_path: Path, format_name: Format) -> None:
    fuzz(tmp_path, format_name, 250)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("format_name", FORMATS)
def test_five_thousand_changes_of_right_files(tmp_path: Path, format_name: Format) -> None:
    fuzz(tmp_path, format_name, 5_000)


FUZZ = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("format_name", FORMATS)
@FUZZ
@given(content=st.binary(max_size=300))
def test_any_bytes(tmp_path: Path, format_name: Format, content: bytes) -> None:
    read_or_refuse(written(tmp_path, "x", content), format_name)


@pytest.mark.parametrize("format_name", ["markdown", "csv", "tsv", "anki"])
@FUZZ
@given(lines=st.lists(LINES, max_size=12))
def test_any_lines(tmp_path: Path, format_name: Format, lines: list[str]) -> None:
    for start in ("", "question\tanswer\n", "question,answer\n", "#separator:tab\n", "# What?\n"):
        read_or_refuse(written(tmp_path, "x", start + "\n".join(lines)), format_name)
