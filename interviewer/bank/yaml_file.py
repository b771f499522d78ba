"""Untrusted YAML files as plain values, each with the line it stands on.

PyYAML's safe loader does the parsing; what may stand in a file is decided here, from the parser's
events, without recursion. Limits hold on size, depth and number of values. Anchors, aliases, tags,
directives, repeated names, control characters and second documents are refused. Unquoted words are
read as YAML 1.2 reads them, so that `no`, `on` and `12:30` stay the text that their author wrote.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn, TypeAlias

import yaml

from interviewer.errors import BankError

MAX_BYTES: Final = 8_000_000
MAX_DEPTH: Final = 20
MAX_VALUES: Final = 200_000
REPORTED_FAULTS: Final = 10

Value: TypeAlias = "str | int | float | bool | tuple[Value, ...] | dict[str, Value] | None"
Location: TypeAlias = "tuple[str | int, ...]"

# The same events, an order of magnitude slower, where PyYAML was built without libyaml.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,18}")
_DECIMAL: Final = re.compile(r"[-+]?(?=\.?[0-9])[0-9]{0,18}(\.[0-9]{0,18})?([eE][-+]?[0-9]{1,2})?")
# A `%` at the start of a line, as YAML counts lines. libyaml's time for directives is quadratic.
_DIRECTIVE: Final = re.compile("%(?<![^\r\n\x85\u2028\u2029\ufeff]%)")
_NOT_TEXT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")

_NO_ENTRY: Final = object()


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a file: where it is, and what is allowed there."""

    file: Path
    line: int
    problem: str
    field: str = ""
    """Such as `questions.kv-cache.roles[2]`; empty where the whole file is meant."""

    def __str__(self) -> str:
        what = f"{self.field}: {self.problem}" if self.field else self.problem
        return f"{self.file}:{self.line}: {what}"


class FaultsError(BankError):
    """Files that are wrong, with all that is wrong in them.

    The message has the first `REPORTED_FAULTS` in full; `remedy` may say what mends them.
    """

    def __init__(self, faults: Sequence[Fault], remedy: str = "") -> None:
        lines = [str(fault) for fault in faults[:REPORTED_FAULTS]]
        if len(faults) > len(lines):
            lines.append(f"and {len(faults) - len(lines)} more faults")
        mend = f"correct line {faults[0].line} of {faults[0].file} and try again"
        super().__init__("\n".join(lines), f"{mend}: {remedy}" if remedy else mend)
        self.faults = tuple(faults)
        self.remedy = remedy


@dataclass(frozen=True)
class Document:
    """What a file says; its lists are tuples.

    `lines` holds, by the `id` of each list and mapping, the lines of its entries or names.
    """

    file: Path
    value: Value
    lines: Mapping[int, Any]

    def line(self, location: Location) -> int:
        """The line, counted from 1, of the field there, or of what it is missing from."""
        line, value = 1, self.value
        for step in location:
            inner = _entry(value, step)
            if inner is _NO_ENTRY:
                break
            line, value = self.lines[id(value)][step], inner
        return line

    def name(self, location: Location) -> str:
        """`questions.kv-cache.roles[2]`: list entries by their id, or else counted from 1."""
        name, value = "", self.value
        for step in location:
            value = _entry(value, step)
            own_id = value.get("id") if isinstance(value, dict) else None
            label = own_id if isinstance(step, int) and isinstance(own_id, str) else step
            name += f".{shortened(label)}" if isinstance(label, str) else f"[{label + 1}]"
        return name.removeprefix(".")

    def entries(self, name: str) -> list[tuple[int, dict[str, Value]]]:
        """The mappings in a list at the head of the file, each with its place in that list."""
        found = self.value.get(name) if isinstance(self.value, dict) else None
        entries = enumerate(found) if isinstance(found, tuple) else ()
        return [(index, entry) for index, entry in entries if isinstance(entry, dict)]

    def fault(self, location: Location, problem: str) -> Fault:
        return Fault(self.file, self.line(location), problem, self.name(location))


def read_yaml(file: Path) -> Document:
    """Read one file.

    Raises:
        BankError: the file cannot be read, is no UTF-8 text or YAML, or goes past a limit.
    """
    content = _read_bytes(file)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        fault = Fault(file, _line_at(content, error.start), "found bytes that are not UTF-8 text")
        raise FaultsError([fault], "save the file with the encoding UTF-8") from error
    if directive := _DIRECTIVE.search(text):
        line = text.count("\n", 0, directive.start()) + 1
        raise FaultsError(
            [Fault(file, line, "directives (% at the start of a line) are not allowed")]
        )
    try:
        return _Reader(file).read(yaml.parse(content, Loader=_LOADER))
    except yaml.YAMLError as error:
        raise FaultsError(
            [_syntax_fault(file, content, error)],
            "indent with spaces, and put text that holds ': ' or ' #' in quotes",
        ) from error


def shortened(text: str, length: int = 60) -> str:
    """The text on one line, its end cut off where it is longer."""
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: length - 1] + "…"


def yaml_files(folder: Path) -> list[Path]:
    """The YAML files of a folder in the order of their names.

    Raises:
        BankError: the folder cannot be read.
    """
    try:
        return sorted(file for file in folder.iterdir() if file.suffix in (".yaml", ".yml"))
    except OSError as error:
        raise BankError(
            f"cannot read the folder {folder}: {error.strerror}",
            "name a folder that holds one .yaml file for each category",
        ) from error


def _entry(value: Any, step: Any) -> Any:
    try:
        return value[step] if isinstance(value, dict | tuple) else _NO_ENTRY
    except (IndexError, KeyError, TypeError):
        return _NO_ENTRY


def _read_bytes(file: Path) -> bytes:
    try:
        # A pipe or a device would never end; looking first keeps it from being opened.
        if not stat.S_ISREG(file.stat().st_mode):
            raise BankError(f"{file} is not a regular file", "put a file of text in its place")
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise BankError(
            f"cannot read {file}: {error.strerror}", "check its permissions, or take it away"
        ) from error
    if len(content) > MAX_BYTES:
        raise BankError(
            f"{file} is too large; allowed: {MAX_BYTES:,} bytes", "split it into several files"
        )
    return content


def _line_at(content: bytes, offset: int) -> int:
    return content.count(b"\n", 0, offset) + 1


def _syntax_fault(file: Path, content: bytes, error: yaml.YAMLError) -> Fault:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if isinstance(error, yaml.reader.ReaderError):
        line, problem = _line_at(content, error.position), str(error.reason)
    else:
        line, problem = (mark.line + 1 if mark else 1), getattr(error, "problem", None) or ""
    return Fault(file, line, f"this is not valid YAML: {problem}")


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not been read."""

    line: int
    names: dict[str, int] | None = None
    """The names read so far with their lines; `None` in a list."""
    values: list[Value] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    @property
    def wants_name(self) -> bool:
        return self.names is not None and len(self.names) == len(self.values)

    def add(self, value: Value, line: int) -> None:
        self.values.append(value)
        self.lines.append(line)

    def close(self) -> tuple[Value, ...] | dict[str, Value]:
        if self.names is None:
            return tuple(self.values)
        return dict(zip(self.names, self.values, strict=True))


class _Reader:
    """Builds a document from the parser's events, with a stack of its own."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.values_left = MAX_VALUES
        self.open = [_Open(line=1)]
        self.lines: dict[int, Any] = {}

    def read(self, events: Iterator[Any]) -> Document:
        for event in events:
            line = event.start_mark.line + 1
            if isinstance(event, yaml.NodeEvent):
                self.check(event, line)
            if isinstance(event, yaml.ScalarEvent):
                self.scalar(event, line)
            elif isinstance(event, yaml.CollectionStartEvent):
                self.start(event, line)
            elif isinstance(event, yaml.CollectionEndEvent):
                self.end()
        values = self.open[0].values
        return Document(self.file, values[0] if values else None, self.lines)

    def check(self, event: Any, line: int) -> None:
        self.values_left -= 1
        if self.values_left < 0:
            self.refuse(line, f"too many values; allowed: {MAX_VALUES:,} in one file")
        if event.anchor is not None:
            self.refuse(line, "anchors (&) and aliases (*) are not allowed; write the value out")
        if getattr(event, "tag", None) is not None:
            tag = shortened(event.tag.replace("tag:yaml.org,2002:", "!!"))
            self.refuse(line, f"the tag {tag} is not allowed; leave out what begins with !")
        if len(self.open) == 1 and self.open[0].values:
            self.refuse(line, "a second document begins; allowed: one document in one file")

    def scalar(self, event: Any, line: int) -> None:
        text: str = event.value
        # Only an escape in double quotes can bring in what the parser itself refuses.
        if event.style == '"' and _NOT_TEXT.search(text):
            self.refuse(line, "control characters are not allowed in text")
        parent = self.open[-1]
        if parent.names is None or not parent.wants_name:
            parent.add(_plain_value(text) if event.implicit[0] else text, line)
        elif text in parent.names:
            self.refuse(line, f"the name {shortened(text)!r} stands here a second time")
        else:
            parent.names[text] = line

    def start(self, event: Any, line: int) -> None:
        if len(self.open) > MAX_DEPTH:
            self.refuse(line, f"values are nested too deeply; allowed: {MAX_DEPTH} levels")
        if self.open[-1].wants_name:
            self.refuse(line, "a list or mapping stands where a name is expected")
        self.open.append(_Open(line, {} if isinstance(event, yaml.MappingStartEvent) else None))

    def end(self) -> None:
        closed = self.open.pop()
        value = closed.close()
        self.lines[id(value)] = closed.lines if closed.names is None else closed.names
        self.open[-1].add(value, closed.line)

    def refuse(self, line: int, problem: str) -> NoReturn:
        raise FaultsError([Fault(self.file, line, problem)])


def _plain_value(text: str) -> Value:
    """An unquoted word. Numbers past 18 digits stay text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text
