"""Key points proposed from a model answer: what a person would mark in it, to be looked over.

Items of lists and first sentences of paragraphs say the most; other sentences fill up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from interviewer.bank.exchange.markdown_syntax import fenced, is_rule
from interviewer.bank.exchange.text import Unique, flat, slug
from interviewer.bank.rubric import KeyPoint
from interviewer.bank.yaml_file import shortened

FEWEST, MOST = 4, 7
_LONGEST_POINT: Final = 300
_LONGEST_ANSWER: Final = 6_000
"""Characters; nobody says more in ten minutes."""
_FEWEST_WORDS: Final = 4
_LONGEST_LABEL: Final = 6
_SHORT_ITEM: Final = 10
"""Words; a shorter item does not stand for itself without the label of its list."""

_ITEM: Final = re.compile(r"([ \t]*)(?:[-*+•◦▪‣–]|[0-9]{1,3}[.)])[ \t]+(\S.*)")  # noqa: RUF001
_MARKS: Final = re.compile(r"\*\*|__|`|^[#>]+\s|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w)")
_LINK: Final = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])[\"')\]]?\s+(?=[\"'(\[]?[A-Z0-9])")
_ABBREVIATION: Final = re.compile(r"\b(?:e\.g|i\.e|vs|etc|cf|al|Fig|Eq|Dr|approx|No)\.$")
_WORD: Final = re.compile(r"[A-Za-z][a-z'’-]+")  # noqa: RUF001
_CODE: Final = re.compile(r"[{}]|\w\(\s?\w+=")
_CLAUSE: Final = re.compile(r"; |, (?:and|but|so|while|whereas) | — ")


@dataclass(frozen=True)
class _Statement:
    """A sentence that could be a key point; a lower rank says more of the answer."""

    rank: int
    text: str


def draft_key_points(answer: str) -> tuple[KeyPoint, ...]:
    """Four to seven drafts where the answer has as much to say; none for a blank answer."""
    statements = tuple(_statements(answer[:_LONGEST_ANSWER]))
    texts = [shortened(statement.text, 2 * _LONGEST_POINT) for statement in _chosen(statements)]
    texts = list(dict.fromkeys(_divided(texts))) or [flat(answer)]
    ids = Unique()
    return tuple(
        KeyPoint(id=ids.name(slug(text, 4) or "point"), point=text, draft=True)
        for text in (shortened(text, _LONGEST_POINT) for text in texts)
        if text
    )


def _statements(answer: str) -> Iterator[_Statement]:
    label = ""
    for item, depth, text in _paragraphs(answer):
        if text.endswith(":"):
            label = text if len(text.split()) <= _LONGEST_LABEL else ""
        elif not item:
            label = ""
        elif label and len(text.split()) < _SHORT_ITEM:
            text = f"{label} {text}"  # "Full fine-tuning: updates every weight"
        sentences = _sentences(text)
        if item and len(sentences) > 1 and len(sentences[0].split()) < 6:
            # "Simplicity. One stack of layers …": the label belongs to what it labels.
            sentences[:2] = [f"{sentences[0].rstrip('.')}: {sentences[1]}"]
        for number, sentence in enumerate(sentences):
            first = 0 if item and depth == 0 else 1
            if _says_something(sentence):
                yield _Statement(first if number == 0 else 2 + (not item), sentence)


def _paragraphs(answer: str) -> Iterator[tuple[bool, int, str]]:
    """Whether it is an item of a list, how deep the item is, and its text on one line."""
    lines = answer.split("\n")
    item, depth, parts = False, 0, list[str]()
    outermost = min((len(m[1]) for line in lines if (m := _ITEM.fullmatch(line))), default=0)
    for line, code in zip(lines, fenced(lines), strict=True):
        stripped = line.strip()
        begins = _ITEM.fullmatch(line)
        skipped = code or not stripped or stripped[0] in "|#" or is_rule(stripped)
        if (begins or skipped) and parts:
            yield item, depth, _plain(parts)
            item, depth, parts = False, 0, []
        if begins:
            item, depth, parts = True, len(begins[1]) - outermost, [begins[2]]
        elif not skipped:
            parts.append(stripped)
    if parts:
        yield item, depth, _plain(parts)


def _plain(parts: Sequence[str]) -> str:
    return flat(_MARKS.sub("", _LINK.sub(r"\1", " ".join(parts))))


def _sentences(text: str) -> list[str]:
    sentences: list[str] = []
    for piece in _SENTENCE_END.split(text):
        if sentences and _ABBREVIATION.search(sentences[-1][-8:]):
            sentences[-1] += f" {piece}"
        else:
            sentences.append(piece)
    return sentences


def _says_something(sentence: str) -> bool:
    """A statement in words: no heading, question, label, formula or code."""
    words = _WORD.findall(sentence)
    in_words = sum(map(len, words)) + sentence.count(" ") >= 0.7 * len(sentence)
    code = _CODE.search(sentence)
    ends = sentence.endswith((":", "?", "…"))
    return len(words) >= _FEWEST_WORDS and in_words and not code and not ends


def _chosen(statements: Sequence[_Statement]) -> list[_Statement]:
    """At most seven in their order: the best ranks whole, and every nth of the last that fits."""
    order = sorted(range(len(statements)), key=lambda index: (statements[index].rank, index))
    kept: list[int] = []
    for rank, of_rank in groupby(order, key=lambda index: statements[index].rank):
        if rank > 1 and len(kept) >= FEWEST:
            break
        indices, room = list(of_rank), MOST - len(kept)
        if len(indices) > room:
            indices = [indices[n * len(indices) // room] for n in range(room)]
        kept += indices
    return [statements[index] for index in sorted(kept)]


def _divided(texts: Sequence[str]) -> list[str]:
    """Where there are fewer than four, long sentences become two, at a joint between clauses."""
    divided = list(texts)
    while len(divided) < FEWEST:
        for index in sorted(range(len(divided)), key=lambda index: -len(divided[index])):
            parts = _clauses(divided[index])
            if len(parts) > 1:
                divided[index : index + 1] = parts
                break
        else:
            break
    return divided


def _clauses(text: str) -> list[str]:
    for joint in _CLAUSE.finditer(text):
        before, after = text[: joint.start()], text[joint.end() :]
        if _says_something(before) and _says_something(after):
            return [before, f"{after[0].upper()}{after[1:]}"]
    return [text]
