"""Untrusted bytes as clean text, and text as slugs, lists and lines."""

from __future__ import annotations

import codecs
import re
import stat
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Final

from interviewer.bank.yaml_file import Fault, FaultsError
from interviewer.errors import BankError

MAX_BYTES: Final = 8_000_000
MAX_LINES: Final = 200_000
_BREAKS: Final = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SPACES: Final = re.compile("[\xa0\u2007\u202f]")
# What a YAML file cannot hold.
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_UNUSUAL: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\xa0\u2007\u2028\u2029\u202f\ud800-\udfff\ufeff\ufffe\uffff]"
)
_BULLET: Final = re.compile(r"^(\s*)[•◦▪‣](?=[ \t])")
_ESCAPED: Final = re.compile(r"\\([\\;])")
# The words that a slug leaves out where enough others are left.
_SMALL_WORDS: Final = re.compile(
    r"(?:a|an|and|are|as|at|be|been|but|by|can|could|did|do|does|explain|for|from|had|has|have|how"
    r"|i|if|in|into|is|it|its|me|of|on|or|over|s|so|than|that|the|their|them|then|there|these|they"
    r"|this|to|use|used|using|was|we|were|what|when|where|which|while|who|why|will|with|would|you"
    r"|your)"
)


def read_bytes(file: Path, limit: int = MAX_BYTES) -> bytes:
    """The content of a regular file of at most `limit` bytes.

    Raises:
        BankError: it cannot be read, is no regular file, or is larger.
    """
    try:
        # A pipe or a device would never end; looking first keeps it from being opened.
        if not stat.S_ISREG(file.stat().st_mode):
            raise BankError(f"{file} is not a regular file", "name a file of questions")
        with file.open("rb") as stream:
            content = stream.read(limit + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BankError(f"cannot read {file}: {reason}", "check its name and permissions") from None
    if len(content) > limit:
        raise BankError(f"{file} is too large; allowed: {limit:,} bytes", "split it up")
    return content


def decoded(file: Path, content: bytes) -> str:
    """Text that is UTF-8, or UTF-16 with a byte order mark (as spreadsheets write it).

    Line ends are `\\n`; what no text file should hold is gone.

    Raises:
        BankError: the bytes are no such text.
    """
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        fault = Fault(file, line, "found bytes that are not UTF-8 text")
        raise FaultsError([fault], "save the file with the encoding UTF-8") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise FaultsError([Fault(file, line, "found NUL characters; this is not a file of text")])
    text = printable(text)
    if text.count("\n") > MAX_LINES:
        raise BankError(f"{file} has too many lines; allowed: {MAX_LINES:,}", "split it up")
    return text


def printable(text: str) -> str:
    """The text with `\\n` for every line end, plain spaces, and no control characters."""
    if _UNUSUAL.search(text) is None:
        return text
    return _UNPRINTABLE.sub("", _SPACES.sub(" ", _BREAKS.sub("\n", text)))


def flat(text: str) -> str:
    """The text on one line."""
    return " ".join(printable(text).split())


def block(text: str) -> str:
    """The text without outer blank lines and blanks at the ends of lines.

    Every line loses as much indentation as the first has. Bullets are hyphens, as in Markdown.
    """
    if not text:
        return ""
    clean = printable(text)
    if "\n" not in clean:
        return _BULLET.sub(r"\1-", clean.rstrip()).strip()
    lines = [_BULLET.sub(r"\1-", line.rstrip()) for line in clean.split("\n")]
    blanks = [len(line) - len(line.lstrip(" \t")) for line in lines]
    first = next((count for line, count in zip(lines, blanks, strict=True) if line), 0)
    cut = (line[min(count, first) :] for line, count in zip(lines, blanks, strict=True))
    return "\n".join(cut).strip()


def slug(text: str, words: int = 0) -> str:
    """`RLHF & Alignment` becomes `rlhf-alignment`; empty where no letter or digit is left.

    Args:
        words: how many words to keep at most, those that say the most first to stay; 0 keeps all.
    """
    return _slug(text[:2_000], words)


@lru_cache(maxsize=256)  # rows of a table name the same few categories
def _slug(text: str, words: int) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    found = re.findall(r"[a-z0-9]+", plain.lower().replace("'", ""))
    if words:
        telling = [word for word in found if not _SMALL_WORDS.fullmatch(word)]
        found = (telling if len(telling) > 1 else found)[:words]
    return "-".join(found)[:70].strip("-")


def is_slug(text: str) -> bool:
    """Whether it can be an id as it is."""
    return len(text) <= 80 and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text) is not None


class Unique:
    """Gives out names, each once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._last: dict[str, int] = {}

    def name(self, wanted: str) -> str:
        """`wanted` itself, or with the first number from 2 that makes it unique."""
        unique, number = wanted, self._last.get(wanted, 1)
        while unique in self._taken:
            number += 1
            unique = f"{wanted}-{number}"
        self._taken.add(unique)
        self._last[wanted] = number
        return unique


def joined(values: tuple[str, ...]) -> str:
    """Values as one cell: `KV cache; GQA`."""
    escaped = [re.sub(r"([\\;])", r"\\\1", flat(value)) for value in values]
    # One value with a comma shall not be read as two.
    return "; ".join(escaped) + (";" if len(values) == 1 and "," in values[0] else "")


def split(cell: str) -> tuple[str, ...]:
    """The values of a cell, without repeats: parted by `;` or lines, or else by commas."""
    if not cell:
        return ()
    parts = re.findall(r"(?:\\[\\;]|[^;\n])+", cell)
    if len(parts) == 1 and ";" not in _ESCAPED.sub("", cell):
        parts = parts[0].split(",")
    values = (flat(_ESCAPED.sub(r"\1", part)) for part in parts)
    return tuple(dict.fromkeys(value for value in values if value))
