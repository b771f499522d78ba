"""Hostile question files: each is refused with a message, quickly and in little memory."""

# ruff: noqa: E501 (a table of faults is read row by row)

from __future__ import annotations

import os
import time
import tracemalloc
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interviewer.bank import yaml_file
from interviewer.bank.question import Bank, load_bank
from interviewer.bank.rubric import load_rubrics
from interviewer.bank.yaml_file import read_yaml
from interviewer.errors import BankError
from tests.test_bank import QUESTIONS, RUBRICS, bank_error, written


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    return load_bank(written(tmp_path / "bank", QUESTIONS))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a: &a [x]\nb: *a\n", ":1: anchors (&) and aliases (*) are not allowed"),
        ("a: 1\nb: *a\n", ":2: anchors (&) and aliases (*) are not allowed"),
        ("a: !!python/object/apply:os.system [id]\n", ":1: the tag !!python/object/apply:os.system is"),
        ("a: 1\nb: !secret x\n", ":2: the tag !secret is not allowed"),
        ("a: !!str 1\n", ":1: the tag !!str is not allowed"),
        ("%TAG ! tag:x,2000:\n---\na: 1\n", ":1: directives (% at the start of a line) are not"),
        ("a: 1\n---\nb: 2\n", ":3: a second document begins; allowed: one"),
        ("a: 1\nb:\n  c: 1\n  c: 2\n", ":4: the name 'c' stands here a second time"),
        ("a: 1\n? [b]\n: 2\n", ":2: a list or mapping stands where a name is expected"),
        ('a: 1\nb: "\\x1b[31m"\n', ":2: control characters are not allowed in text"),
        ("a: 1\nb: \x1b[31m\n", ":2: this is not valid YAML: control characters are not allowed"),
        ("a: 1\nb: \0\n", ":2: this is not valid YAML: control characters are not allowed"),
        ('a: "\\ud800"\n', ":1: this is not valid YAML: found invalid Unicode character"),
        ("a: 1\n\tb: 2\n", ":2: this is not valid YAML: found a tab character"),
        ("a: [1,\n", "this is not valid YAML: did not find expected node content"),
        ("", ":1: found nothing; allowed: names with values"),
        ("just words", ":1: found 'just words'; allowed: names with values"),
        ("- a\n", ":1: found a list of 1; allowed: names with values"),
        (QUESTIONS.encode("utf-16"), ":1: found bytes that are not UTF-8 text"),
        ("a: 1\nb: café\n".encode("latin-1"), ":2: found bytes that are not UTF-8 text"),
        (b"PK\x03\x04\x14\x00\x00\x00", ":1: this is not valid YAML: control characters"),
        (bytes(range(256)), ":2: found bytes that are not UTF-8 text"),
    ],
)  # fmt: skip
def test_a_hostile_file_is_refused(tmp_path: Path, content: str | bytes, says: str) -> None:
    assert says in bank_error(tmp_path, content).message


def test_a_byte_order_mark_is_no_fault(tmp_path: Path, bank: Bank) -> None:
    marked = load_bank(written(tmp_path / "marked", b"\xef\xbb\xbf" + QUESTIONS.encode()))
    assert marked == bank


def test_line_ends_of_other_systems_are_no_fault(tmp_path: Path, bank: Bank) -> None:
    assert load_bank(written(tmp_path / "crlf", QUESTIONS.replace("\n", "\r\n"))) == bank


BOMB = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in pairwise("abcdefghi"))


@pytest.mark.parametrize(
    "content",
    [
        BOMB.encode(),
        b"[" * 20_000,
        b"{a: " * 20_000,
        b"- " * 20_000,
        b"? " * 20_000,
        b"".join(b" " * n + b"a:\n" for n in range(2_000)),
        b"[" + b"a," * 300_000,
        b"a: 1\n" + b"".join(b"k%d: 1\n" % n for n in range(110_000)),
        b"".join(b"k%d: 1\n" % n for n in range(90_000)),
        b"category: a\nrubrics:\n" + b"".join(b" K%d: 1\n" % n for n in range(90_000)),
        b"".join(b"%%TAG !%d! x\n" % n for n in range(100_000)),
        b"a: " + b"9" * 1_000_000,
        b"a" * 51_000_000,
    ],
    ids=[
        "bomb",
        "[",
        "{",
        "-",
        "?",
        "indent",
        "wide",
        "names",
        "unknown",
        "keys",
        "directives",
        "digits",
        "51 MB",
    ],
)
def test_a_bomb_costs_little(tmp_path: Path, bank: Bank, content: bytes) -> None:
    folder = written(tmp_path / "bomb", content)
    for load in (load_bank, lambda folder: load_rubrics(folder, bank)):
        began_s = time.process_time()
        with pytest.raises(BankError) as caught:
            load(folder)
        assert time.process_time() - began_s < 10
        assert len(caught.value.message) < 3000


def test_a_large_file_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    folder = written(tmp_path / "bank", b"")
    os.truncate(folder / "01-attention.yaml", 50_000_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(BankError, match=r"is too large; allowed: 8,000,000 bytes"):
            load_bank(folder)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(BankError, match=r"pipe\.yaml is not a regular file"):
        load_bank(tmp_path)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("7", 7),
        ("-07", -7),
        ("0.5", 0.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("no", "no"),
        ("On", "On"),
        ("12:30", "12:30"),
        ("2020-01-01", "2020-01-01"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        (".", "."),
        (".nan", ".nan"),
        ("1e999", "1e999"),
        ("=", "="),
        ("'true'", "true"),
        ('"7"', "7"),
    ],
)
def test_words_are_read_as_their_author_meant(tmp_path: Path, word: str, value: object) -> None:
    file = written(tmp_path / "words", f"a: {word}\n") / "01-attention.yaml"
    read = read_yaml(file).value
    assert isinstance(read, dict)
    assert read["a"] == value
    assert type(read["a"]) is type(value)


def test_a_merge_key_merges_nothing(tmp_path: Path) -> None:
    error = bank_error(tmp_path, QUESTIONS + "<<: {title: Another}\n")
    assert "<<: is not known here" in error.message


def test_both_parsers_of_pyyaml_are_read_alike(
    tmp_path: Path, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml_file, "_LOADER", yaml.SafeLoader)
    assert load_bank(tmp_path / "bank") == bank
    for content in ('a: "\\ud800"', "a: &a 1", "a: [1", "a: 1\na: 2", b"a: \x01", "[" * 3000):
        bank_error(tmp_path, content)


# Whatever the file says, it loads or is refused

FUZZ = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
PIECES = st.sampled_from(
    [
        *"[]{}:,-?&*!|>%@`'\"#~\t\n\r \\\0\x85\u2028\ufeff",
        *("- ", ": ", "\n  ", "---\n", "...\n", "<<", "\\x00", "\\ud800", "true", "null", "1e99"),
        *("9" * 5000, "category: a", "questions:", "id: kv-cache", "rubrics:", "key_points:"),
    ]
)


def loads_or_is_refused(bank: Bank, folder: Path, content: bytes) -> None:
    written(folder, content)
    for load in (load_bank, lambda folder: load_rubrics(folder, bank)):
        try:
            load(folder)
        except BankError as error:
            assert error.message
            assert error.hint


@FUZZ
@given(content=st.binary(max_size=300))
def test_any_bytes(tmp_path: Path, bank: Bank, content: bytes) -> None:
    loads_or_is_refused(bank, tmp_path / "fuzz", content)


@FUZZ
@given(text=st.lists(PIECES | st.text(max_size=5), max_size=40).map("".join))
def test_any_text(tmp_path: Path, bank: Bank, text: str) -> None:
    loads_or_is_refused(bank, tmp_path / "fuzz", text.encode(errors="ignore"))


@FUZZ
@given(data=st.data())
def test_any_change_of_a_right_file(tmp_path: Path, bank: Bank, data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([QUESTIONS, RUBRICS]))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 30)))
    text = text[:start] + data.draw(PIECES | st.text(max_size=8)) + text[end:]
    loads_or_is_refused(bank, tmp_path / "fuzz", text.encode(errors="ignore"))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@FUZZ
@given(
    entry=st.dictionaries(
        st.sampled_from(["id", "number", "ask", "difficulty", "roles", "answer", "follow_ups"]) | st.text(max_size=8),
        VALUES,
    )
)  # fmt: skip
def test_any_values_in_any_field(tmp_path: Path, bank: Bank, entry: dict[str, object]) -> None:
    content = {"category": "a", "title": "A", "questions": [entry]}
    loads_or_is_refused(
        bank, tmp_path / "fuzz", yaml.safe_dump(content, allow_unicode=True).encode()
    )


@FUZZ
@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=80))
def test_quoted_text_comes_back_as_it_was_written(tmp_path: Path, text: str) -> None:
    folder = written(
        tmp_path / "fuzz", yaml.safe_dump({"a": text}, default_style="'", allow_unicode=True)
    )
    assert read_yaml(folder / "01-attention.yaml").value == {"a": text}
