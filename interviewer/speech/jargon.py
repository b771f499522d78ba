"""The words of the field: told to the recogniser beforehand, and mended where it misheard them.

A term is mended by sound and context: what was written sounds like a term of the bank's glossary,
and other jargon of the field is near. A mended word keeps what was heard.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from interviewer.speech.transcript import PUNCTUATION, Segment, Transcript, Word

_FILE = Path(__file__).with_name("mishearings.toml")
_NEAR_WORDS = 25
"""So many words before and after a misheard term are its context."""
_MAX_WORDS = 6
_MIN_ACRONYM = 3
_STRONG, _WEAK = 2, 1
_NEEDED, _NEEDED_ORDINARY = 2, 3
_MANY_NEAR = 3
_GOLDEN = 0.6180339887498949

# How the letters are written when they are taken for words. Those in the second line are words
# of their own, so that not all letters of a term may be such.
_LETTERS = "b bee|c cee|d dee|f ef eff|g gee jee|h aitch|j jay|k kay|l el ell|m em|n en|p pee|\
q cue queue kew|r ar|s es ess|t tee|v vee|x ex|z zee zed"
_LETTER_WORDS = "a eh hey|b be|c see sea|e ee|h age|i eye aye|n and|o oh owe|p pea|q que|r are our|\
t tea|u you yew|v we|y why"


def glossary(terms: Iterable[str]) -> tuple[str, ...]:
    """The terms in the order in which a recogniser, which takes only so many, should get them.

    Those that are written in no ordinary way come first, and any beginning of the list is drawn
    from all over it, so that no part of the bank is heard better than another.
    """
    unique = list(dict.fromkeys(terms))
    spread = sorted(range(len(unique)), key=lambda i: i * _GOLDEN % 1.0)
    return tuple(sorted((unique[i] for i in spread), key=lambda term: not is_odd(term)))


def is_odd(term: str) -> bool:
    """Whether a term is written as ordinary words are not: "KV cache", "LoRA", "BM25"."""
    return any(len(re.findall("[A-Z]", word)) > 1 or _has_digit(word) for word in term.split())


def _has_digit(word: str) -> bool:
    return bool(re.search("[a-zA-Z]", word) and re.search("[0-9]", word))


@dataclass(frozen=True)
class Mishearing:
    """A term as it may be written by mistake, and what it takes to believe that it was meant."""

    term: str
    ordinary: bool = False
    near: frozenset[str] = frozenset()
    never_before: frozenset[str] = frozenset()
    never_after: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Found:
    """Words `start` to `end` of an answer, which may be a term."""

    start: int
    end: int
    mishearing: Mishearing


class Mender:
    """Mends the terms of one glossary. A pure function of the transcript.

    Args:
        terms: the jargon of the whole bank; never that of the question being asked.
    """

    def __init__(self, terms: Iterable[str]) -> None:
        known = list(dict.fromkeys(terms))
        file = _file()
        self._strong = frozenset(file["context"]["strong"].split())
        self._pairs = frozenset(_ways(file["context"]["strong_pairs"]))
        self._weak = frozenset(file["context"]["weak"].split())
        self._odd = frozenset(term for term in known if is_odd(term) and " " not in term)
        self._mishearings = dict(_listed(file["terms"], known))
        self._acronyms = {
            term.lower(): term
            for term in known
            if len(term) >= _MIN_ACRONYM and re.fullmatch("[A-Z0-9]+", term)
        }

    def mend(self, transcript: Transcript) -> Transcript:
        """The transcript with misheard terms mended, each as one word that keeps what was heard."""
        said = [word.text for segment in transcript.segments for word in segment.words]
        mended = {found.start: found for found in self._believed(said)}
        if not mended:
            return transcript
        segments, first = [], 0
        for segment in transcript.segments:
            segments.append(_rewritten(segment, first, mended))
            first += len(segment.words)
        return replace(transcript, segments=tuple(segments))

    def _believed(self, said: Sequence[str]) -> list[_Found]:
        """What was meant otherwise; the longest first, and no two over the same words."""
        plain = [_plain(text) for text in said]
        possible = list(self._possible(said, plain))
        believed: list[_Found] = []
        for found in sorted(possible, key=lambda each: (each.start - each.end, each.start)):
            taken = any(found.start < other.end and other.start < found.end for other in believed)
            if not taken and self._is_meant(found, said, plain, possible):
                believed.append(found)
        return believed

    def _possible(self, said: Sequence[str], plain: Sequence[str]) -> Iterator[_Found]:
        for start in range(len(plain)):
            for end in range(start + 1, min(start + _MAX_WORDS, len(plain)) + 1):
                if end - start > 1 and _ends_clause(said[end - 2]):
                    break
                mishearing = self._mishearing(said[start:end], plain[start:end])
                if mishearing is not None:
                    yield _Found(start, end, mishearing)

    def _mishearing(self, said: Sequence[str], plain: Sequence[str]) -> Mishearing | None:
        heard = " ".join(plain)
        found = self._mishearings.get(heard) or self._mishearings.get(heard.replace("-", " "))
        if found is None and len(plain) > 1:
            letters = _spelled(said, plain)
            if letters in self._acronyms:
                found = Mishearing(self._acronyms[letters])
        if found is None or " ".join(map(_bare, said)) == found.term:
            return None
        return found

    def _is_meant(
        self, found: _Found, said: Sequence[str], plain: Sequence[str], possible: Sequence[_Found]
    ) -> bool:
        """Whether the words around speak of the same field."""
        mishearing = found.mishearing
        before = plain[max(0, found.start - 1) : found.start]
        after = plain[found.end : found.end + 1]
        if mishearing.never_after & set(before) or mishearing.never_before & set(after):
            return False
        first, last = max(0, found.start - _NEAR_WORDS), found.end + _NEAR_WORDS
        around = [*range(first, found.start), *range(found.end, min(last, len(plain)))]
        words = {plain[i] for i in around}
        # Of "wait decay", the decay is rightly heard and speaks for the weight.
        kept = set(plain[found.start : found.end]) & set(re.split("[ -]", mishearing.term.lower()))
        odd = {said[i].strip(PUNCTUATION) for i in around} & self._odd
        pairs = {f"{plain[i]} {plain[i + 1]}" for i in around if i + 1 < len(plain)}
        others = {
            other.mishearing.term
            for other in possible
            if not other.mishearing.ordinary and other.mishearing.term != mishearing.term
            if first <= other.start < last
            and not (other.start < found.end and found.start < other.end)
        }
        strong = (words & self._strong) | odd | (pairs & self._pairs) | others
        near = words & mishearing.near
        weak = (words & self._weak | kept | near) - self._strong
        points = _STRONG * len(strong) + _WEAK * len(weak)
        if not mishearing.ordinary:
            return points >= _NEEDED
        if mishearing.near and not near:
            return False
        return points >= _NEEDED_ORDINARY and bool(strong or len(near) >= _MANY_NEAR)


def _rewritten(segment: Segment, first: int, mended: Mapping[int, _Found]) -> Segment:
    """The segment, whose first word is number `first` of the answer, with its mended words."""
    words: list[Word] = []
    i = 0
    while i < len(segment.words):
        found = mended.get(first + i)
        n_words = 0 if found is None else found.end - found.start
        if found is None or i + n_words > len(segment.words):
            words.append(segment.words[i])
            i += 1
            continue
        words.append(_mended(segment.words[i : i + n_words], found.mishearing.term))
        i += n_words
    if len(words) == len(segment.words) and tuple(words) == segment.words:
        return segment
    return replace(segment, text=" ".join(word.text for word in words), words=tuple(words))


def _mended(heard: Sequence[Word], term: str) -> Word:
    """One word for what was heard, with its times, its punctuation and its ending."""
    first, last = heard[0].text, heard[-1].text
    lead = first[: len(first) - len(first.lstrip("\"'(["))]
    tail = last[len(last.rstrip(".,;:!?\"')]")) :]
    ending = re.search(r"'s$", last[: len(last) - len(tail)])
    if first.lstrip("\"'([")[:1].isupper() and term.islower():
        term = term[0].upper() + term[1:]
    return Word(
        f"{lead}{term}{ending.group() if ending else ''}{tail}",
        heard[0].start_s,
        heard[-1].end_s,
        min(word.probability for word in heard),
        " ".join(word.text for word in heard).strip(PUNCTUATION),
    )


def _plain(text: str) -> str:
    """A word in lower case, without punctuation around it and without "'s"."""
    return _bare(text).lower().removesuffix("'s")


def _bare(text: str) -> str:
    return text.replace("\u2019", "'").strip(PUNCTUATION)


def _ends_clause(text: str) -> bool:
    return text.rstrip("\"')]").endswith((".", "?", "!", ";", ":", ","))


def _spelled(said: Sequence[str], plain: Sequence[str]) -> str:
    """The letters that words stand for, at least half of them beyond doubt; else nothing."""
    sure, likely = _letter_names()
    letters, n_sure = [], 0
    for text, word in zip(map(_bare, said), plain, strict=True):
        if re.fullmatch("[A-Z0-9]{2,}", text) or (len(word) == 1 and word not in "ai"):
            letters.append(word)
            n_sure += 1
        elif word in sure:
            letters.append(sure[word])
            n_sure += 1
        elif word in likely:
            letters.append(likely[word])
        else:
            return ""
    return "".join(letters) if 2 * n_sure >= len(letters) else ""


@lru_cache
def _letter_names() -> tuple[Mapping[str, str], Mapping[str, str]]:
    def table(names: str) -> Mapping[str, str]:
        rows = [row.split() for row in names.split("|")]
        return {name: letter for letter, *others in rows for name in others}

    return table(_LETTERS), {**table(_LETTER_WORDS), "a": "a", "i": "i"}


def _listed(
    terms: Mapping[str, Mapping[str, str]], known: Sequence[str]
) -> Iterator[tuple[str, Mishearing]]:
    """What the file lists, for the terms that are in the glossary or in a longer term of it."""
    words = {part for term in known for part in (term.lower(), *re.split("[ -]", term.lower()))}
    for term, ways in terms.items():
        if not set(re.split("[ -]", term.lower())) <= words:
            continue
        limits = {
            name: frozenset(ways.get(name, "").split())
            for name in ("near", "never_before", "never_after")
        }
        for kind in ("heard", "ordinary"):
            mishearing = Mishearing(term, kind == "ordinary", **limits)
            yield from ((way, mishearing) for way in _ways(ways.get(kind, "")))


def _ways(text: str) -> list[str]:
    return [" ".join(way.split()) for way in text.split("|") if way.strip()]


@lru_cache
def _file() -> Mapping[str, Any]:
    with _FILE.open("rb") as file:
        return tomllib.load(file)
