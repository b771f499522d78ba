"""Which questions, in which order, and why."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from interviewer.bank.question import DIFFICULTIES, ROLES, Bank, Question
from interviewer.bank.yaml_file import shortened
from interviewer.errors import UsageError

DEFAULT_COUNT: Final = 5
# A single question is a medium one; then a warm-up joins, then a hard one, and so round.
_TURNS: Final = ("medium", "easy", "hard")


@dataclass(frozen=True)
class Request:
    """What a session shall ask. An empty filter lets everything through.

    `count` is how many at most; `None` is five, or all of `questions`. `categories` are slugs,
    beginnings of slugs, or numbers from 1 in the order of the bank. `questions` are ids or numbers,
    to be asked in the order given. The same `seed` chooses the same questions on every machine;
    `None` chooses anew each time.
    """

    count: int | None = None
    categories: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    difficulties: tuple[str, ...] = ()
    questions: tuple[str | int, ...] = ()
    seed: int | None = None


@dataclass(frozen=True)
class Choice:
    """A question to ask, and why it was chosen, as a clause to show."""

    question: Question
    why: str


def select(
    bank: Bank, request: Request, asked_before: Mapping[str, datetime] | None = None
) -> tuple[Choice, ...]:
    """Choose the questions of a session, from easy to hard; fewer than asked for if no more match.

    Args:
        asked_before: when each question was last asked, by id. What was never asked comes
            first; after it a mixture from the half that was asked longest ago.

    Raises:
        UsageError: a name is unknown, the filters leave nothing, or the wishes exclude each other.
    """
    if request.count is not None and request.count < 1:
        raise UsageError(f"cannot ask {request.count} questions; allowed: 1 or more", "--count 5")
    if request.questions:
        return _named(bank, request)
    last_asked = asked_before or {}
    # Drawn in the order of the numbers, so that the order of the files makes no difference.
    rng = random.Random(request.seed)  # noqa: S311 (a choice to repeat, not a secret)
    pool = sorted(_matching(bank, request), key=lambda _: rng.random())
    count = request.count or DEFAULT_COUNT
    fresh = [question for question in pool if question.id not in last_asked]
    stale = [question for question in pool if question.id in last_asked]
    chosen = _mixed(fresh, count)
    missing = count - len(chosen)
    oldest = sorted(stale, key=lambda question: last_asked[question.id])
    kept = {question.id for question in oldest[: max(missing, len(stale) // 2)]}
    chosen += _mixed([question for question in stale if question.id in kept], missing)
    chosen.sort(key=lambda question: DIFFICULTIES.index(question.difficulty))
    return tuple(Choice(question, _reason(question, last_asked)) for question in chosen)


def _named(bank: Bank, request: Request) -> tuple[Choice, ...]:
    if request.categories or request.roles or request.difficulties:
        raise UsageError(
            "questions were named and filters given; allowed: one or the other",
            "leave out --category, --role and --difficulty, or leave out --question",
        )
    questions = dict.fromkeys(bank.question(reference) for reference in request.questions)
    return tuple(Choice(question, "you named it") for question in questions)[: request.count]


def _mixed(pool: Sequence[Question], count: int) -> list[Question]:
    """Up to `count` questions, the difficulties in turn, each in the order of the pool."""
    waiting = [[q for q in pool if q.difficulty == difficulty] for difficulty in _TURNS]
    turns = range(max(map(len, waiting)))
    drawn = [questions[turn] for turn in turns for questions in waiting if turn < len(questions)]
    return drawn[:count]


def _reason(question: Question, last_asked: Mapping[str, datetime]) -> str:
    if question.id not in last_asked:
        return f"{question.difficulty}, not asked before"
    return f"{question.difficulty}, last asked on {last_asked[question.id]:%Y-%m-%d}"


def _matching(bank: Bank, request: Request) -> tuple[Question, ...]:
    """The questions that pass every filter, in the order of their numbers."""
    left = bank.questions
    for kind in _kinds(bank, request):
        wanted = {_known(bank, kind, name) for name in kind.wanted}
        passed = tuple(q for q in left if not wanted or wanted.intersection(kind.of(q)))
        if not passed:
            raise UsageError(
                f"no question is left with {kind.option} {' or '.join(sorted(wanted))}; "
                f"allowed with the other filters: {_counted(kind, left)}",
                f"leave out {kind.option}, or choose one of those named",
            )
        left = passed
    return left


@dataclass(frozen=True)
class _Kind:
    """One filter: its option, what was asked for, what there is, and what a question has of it."""

    option: str
    wanted: tuple[str, ...]
    names: tuple[str, ...]
    of: Callable[[Question], tuple[str, ...]]


def _kinds(bank: Bank, request: Request) -> tuple[_Kind, ...]:
    slugs = tuple(category.slug for category in bank.categories)
    return (
        _Kind("--category", request.categories, slugs, lambda q: (q.category,)),
        _Kind("--role", request.roles, ROLES, lambda q: q.roles),
        _Kind("--difficulty", request.difficulties, DIFFICULTIES, lambda q: (q.difficulty,)),
    )


def _known(bank: Bank, kind: _Kind, text: str) -> str:
    """The name meant by a name, its beginning, or (for categories) its number."""
    name = text.strip().lower()
    numbered = {str(n): slug for n, slug in enumerate(kind.names, 1)}
    if name in kind.names:
        return name
    if kind.option == "--category" and name.lstrip("0") in numbered:
        return numbered[name.lstrip("0")]
    begun = [known for known in kind.names if name and known.startswith(name)]
    if len(begun) == 1:
        return begun[0]
    problem = f"could be {' or '.join(begun)}" if begun else "is not known"
    raise UsageError(
        f"{kind.option} {shortened(text)!r} {problem}; allowed: {_counted(kind, bank.questions)}",
        f"choose one of them, such as {kind.option} {kind.names[0]}",
    )


def _counted(kind: _Kind, questions: Iterable[Question]) -> str:
    """`easy (3), hard (1)`: what these questions have of a kind."""
    counts = Counter(name for question in questions for name in kind.of(question))
    return ", ".join(f"{name} ({counts[name]})" for name in kind.names if counts[name])
