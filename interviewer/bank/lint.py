"""What to mend in a bank, as far as it takes neither model nor scorer to see it."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final, Literal, TypeAlias

from interviewer.bank.content import Content, Finding, Placed
from interviewer.bank.question import Question
from interviewer.bank.rubric import KeyPoint, Rubric
from interviewer.bank.yaml_file import Location, shortened

WORDS_PER_MINUTE: Final = 150
"""How fast a model answer can be said."""
REPEATED_WORDS: Final = 8
"""So many words in a row that another text has too are no coincidence."""
LEAST_PHRASES: Final = 6
"""Ways of saying a key point, and ways of getting it wrong."""
MOST_SHARED: Final = 0.5
"""Of two phrases of one list, as a share of their words in the same order. Right and wrong phrases
often mirror each other's words; two of one list that do are the same twice, or one is misplaced."""

_FILLERS = """
    a an and are as basically be for in is it its just of on really s so that the these they this to
    was we were which you
"""
FILLERS: Final = frozenset(_FILLERS.split())
"""Words that a phrase says no less without."""

Source: TypeAlias = tuple[str, Iterable[str]]
"""A text that must not be repeated: its name and its lines."""
Kind: TypeAlias = Literal["point", "accept", "reject"]


@dataclass(frozen=True)
class Phrase:
    """One wording of a rubric: the statement of a key point, or an entry of a list of it."""

    point: int
    kind: Kind
    number: int
    text: str

    @property
    def steps(self) -> Location:
        """Where it stands within the rubric."""
        place: Location = ("key_points", self.point, self.kind)
        return place if self.kind == "point" else (*place, self.number)


def phrases_of(rubric: Rubric) -> list[Phrase]:
    """Every wording of a rubric, in the order of the file."""
    keys = enumerate(rubric.key_points)
    return [phrase for place, key in keys for phrase in _phrases_of(key, place)]


def _phrases_of(key: KeyPoint, place: int) -> Iterator[Phrase]:
    yield Phrase(place, "point", 0, key.point)
    for number, text in enumerate(key.accept):
        yield Phrase(place, "accept", number, text)
    for number, text in enumerate(key.reject):
        yield Phrase(place, "reject", number, text)


def words_of(text: str) -> list[str]:
    """Runs of small letters and digits; whatever else stands between them ends a word."""
    return [word[0] for word in _words_in(text)]


def _words_in(text: str) -> Iterator[re.Match[str]]:
    return re.finditer(r"[a-z0-9]+", text.lower())


def lint_texts(content: Content, against: Sequence[Source] = ()) -> Iterator[Finding]:
    """Everything that the files alone show, what is wrong with the files themselves first.

    Args:
        against: texts of which no eight words in a row may be repeated.
    """
    yield from content.findings
    for question in content.questions:
        yield from _too_long(question)
    for rubric in content.rubrics.values():
        yield from _alike(rubric)
        yield from _unfinished(rubric)
    yield from _repeats(content, against)


def _too_long(question: Placed[Question]) -> Iterator[Finding]:
    asked = question.value
    words, most = len(asked.answer.split()), asked.time_limit_s * WORDS_PER_MINUTE // 60
    if words > most:
        problem = f"has {words} words, which nobody says in {asked.time_limit_s} s"
        yield question.finding("time", ("answer",), problem, f"cut it down to {most} words")


def _alike(rubric: Placed[Rubric]) -> Iterator[Finding]:
    """Phrases that stand in a rubric twice, or nearly so in one list."""
    said: dict[tuple[str, ...], Phrase] = {}
    lists: dict[tuple[int, Kind], list[Phrase]] = {}
    for phrase in phrases_of(rubric.value):
        twin = said.setdefault(_gist(phrase.text), phrase)
        earlier = lists.setdefault((phrase.point, phrase.kind), [])
        near = next((other for other in earlier if _mostly_shared(other.text, phrase.text)), None)
        if twin is not phrase:
            problem = f"says the same as {_where(rubric, twin)}"
            remedy = "keep it where it belongs, and take the other away"
            yield rubric.finding("alike", phrase.steps, problem, remedy)
        elif near is not None:
            other_list = "reject" if phrase.kind == "accept" else "accept"
            problem = f"has most of its words in common with {_where(rubric, near)}"
            remedy = (
                f"say it otherwise; or if one of the two belongs in {other_list}, move it there"
            )
            yield rubric.finding("alike", phrase.steps, problem, remedy)
        earlier.append(phrase)


def _where(rubric: Placed[Rubric], phrase: Phrase) -> str:
    name = rubric.document.name((*rubric.location, *phrase.steps))
    return f"{name} (line {rubric.line(phrase.steps)})"


def _gist(text: str) -> tuple[str, ...]:
    """The words that say something, without their endings: equal where people say the same twice.

    Their order counts, and so does every word that can turn a sentence round.
    """
    words = words_of(text)
    telling = [word for word in words if word not in FILLERS] or words
    return tuple(re.sub("(?<=..)(?:ing|ed|es|s)$", "", word) for word in telling)


def _mostly_shared(first: str, second: str) -> bool:
    """Whether more than `MOST_SHARED` of the words of both are the same, in the same order."""
    matcher = SequenceMatcher(None, words_of(first), words_of(second), autojunk=False)
    ratios = (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)
    return all(ratio() > MOST_SHARED for ratio in ratios)


def _unfinished(rubric: Placed[Rubric]) -> Iterator[Finding]:
    for place, key in enumerate(rubric.value.key_points):
        steps: Location = ("key_points", place)
        for kind, texts in (("accept", key.accept), ("reject", key.reject)):
            if len(texts) < LEAST_PHRASES:
                problem = f"has {len(texts)} phrases"
                remedy = f"write {LEAST_PHRASES} or more, as different people would say it"
                yield rubric.finding("few", (*steps, kind), problem, remedy, advice=True)
        if not key.probe.strip():
            remedy = "write what to ask someone who missed the point, without giving it away"
            yield rubric.finding("few", (*steps, "probe"), "is not there", remedy, advice=True)
        if key.draft:
            remedy = "correct the key point, then take `draft: true` away"
            yield rubric.finding("few", (*steps, "draft"), "is a draft", remedy, advice=True)


@dataclass(frozen=True)
class _Text:
    """A text of the bank: what it belongs to, where it stands there, and its words."""

    owner: Placed[Any]
    steps: Location
    words: list[str]


def _texts(content: Content) -> Iterator[_Text]:
    for question in content.questions:
        asked = question.value
        texts: list[tuple[Location, str]] = [
            (("ask",), asked.ask),
            (("speak",), asked.speak),
            (("answer",), asked.answer),
            (("notes",), asked.notes),
        ]
        for number, follow_up in enumerate(asked.follow_ups):
            texts.append((("follow_ups", number, "ask"), follow_up.ask))
            texts.append((("follow_ups", number, "answer"), follow_up.answer))
        yield from (_Text(question, steps, words_of(text)) for steps, text in texts)
    for rubric in content.rubrics.values():
        for phrase in phrases_of(rubric.value):
            yield _Text(rubric, phrase.steps, words_of(phrase.text))
        for place, key in enumerate(rubric.value.key_points):
            yield _Text(rubric, ("key_points", place, "probe"), words_of(key.probe))


def _repeats(content: Content, against: Sequence[Source]) -> Iterator[Finding]:
    """Passages of the bank that stand in another text as well, word for word."""
    if not against:
        return
    texts = list(_texts(content))
    runs: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    for number, text in enumerate(texts):
        for start in range(len(text.words) - REPEATED_WORDS + 1):
            run = tuple(text.words[start : start + REPEATED_WORDS])
            runs.setdefault(run, []).append((number, start))
    for name, lines in against:
        found: dict[int, dict[int, int]] = {}
        for run, line in _runs_in(lines):
            for number, start in runs.get(run, ()):
                found.setdefault(number, {}).setdefault(start, line)
        for number, starts in sorted(found.items()):
            yield from _passages(texts[number], starts, name)


def _runs_in(lines: Iterable[str]) -> Iterator[tuple[tuple[str, ...], int]]:
    """Every eight words in a row, with the line of the last; in memory one line at a time."""
    last: deque[str] = deque(maxlen=REPEATED_WORDS)
    for number, line in enumerate(lines, 1):
        for word in _words_in(line):
            last.append(word[0])
            if len(last) == REPEATED_WORDS:
                yield tuple(last), number


def _passages(text: _Text, starts: Mapping[int, int], name: str) -> Iterator[Finding]:
    """One finding for each unbroken passage; `starts` are repeated words and their lines there."""
    for start in sorted(starts):
        if start - 1 in starts:
            continue
        end = start
        while end + 1 in starts:
            end += 1
        passage = " ".join(text.words[start : end + REPEATED_WORDS])
        problem = f"repeats {shortened(passage, 100)!r} from {name}:{starts[start]}"
        yield text.owner.finding("repeats", text.steps, problem, "say it in other words")
