"""Which questions, in which order, and why."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from interviewer.bank.question import (
    DIFFICULTIES,
    ROLES,
    Bank,
    Difficulty,
    Importance,
    Question,
    Role,
)
from interviewer.bank.yaml_file import shortened
from interviewer.errors import UsageError

DEFAULT_COUNT: Final = 3
# A single question is a medium one; then a warm-up joins, then a hard one, and so round.
_TURNS: Final[tuple[Difficulty, ...]] = ("medium", "easy", "hard")
_WEIGHTS: Final[Mapping[Importance, int]] = {"low": 1, "medium": 2, "high": 4, "critical": 8}


@dataclass(frozen=True)
class Request:
    """What a session shall ask. An empty filter lets everything through.

    `count` is how many at most; `None` is three, or all of `questions`. `categories` are slugs,
    beginnings of slugs, or numbers from 1 in the order of the bank. `questions` are ids or numbers,
    to be asked in the order given. The same `seed` chooses the same questions on every machine,
    whatever was asked before; `None` chooses anew each time.
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

    Difficulties and categories take turns. With roles, a category comes up the oftener the more it
    matters for them.

    Args:
        asked_before: when each question was last asked, by id. Unless a seed fixes the choice, what
            was never asked comes first; after it what is drawn from the half asked longest ago.

    Raises:
        UsageError: a name is unknown, the filters leave nothing, or the wishes exclude each other.
    """
    if request.count is not None and request.count < 1:
        raise UsageError(f"cannot ask {request.count} questions; allowed: 1 or more", "--count 5")
    if request.questions:
        return _named(bank, request)
    last_asked = asked_before or {}
    count = request.count or DEFAULT_COUNT
    roles = _roles(bank, request)
    draw = _Draw(random.Random(request.seed), bank, roles)  # noqa: S311 (to repeat, not a secret)
    pool = _matching(bank, request)
    chosen: list[Question] = []
    for part in [pool] if request.seed is not None else _by_age(pool, last_asked, count):
        chosen += draw.mixed(part, count - len(chosen))
    chosen.sort(key=lambda question: DIFFICULTIES.index(question.difficulty))
    return tuple(Choice(q, _reason(q, bank, roles, last_asked)) for q in chosen)


def _named(bank: Bank, request: Request) -> tuple[Choice, ...]:
    if request.categories or request.roles or request.difficulties:
        raise UsageError(
            "questions were named and filters given; allowed: one or the other",
            "leave out --category, --role and --difficulty, or leave out --question",
        )
    questions = dict.fromkeys(bank.question(reference) for reference in request.questions)
    return tuple(Choice(question, "you named it") for question in questions)[: request.count]


def _by_age(
    pool: Sequence[Question], last_asked: Mapping[str, datetime], count: int
) -> tuple[list[Question], list[Question]]:
    """What was never asked, and of the rest the half asked longest ago, or as many as it takes."""
    fresh = [question for question in pool if question.id not in last_asked]
    stale = [question for question in pool if question.id in last_asked]
    stale.sort(key=lambda question: last_asked[question.id])
    return fresh, stale[: max(count - len(fresh), len(stale) // 2)]


class _Draw:
    """Draws questions at random, and remembers which categories have had their turn."""

    def __init__(self, rng: random.Random, bank: Bank, roles: Sequence[Role]) -> None:
        self._rng = rng
        self._weights = {
            category.slug: max(
                (_WEIGHTS[bank.importance(category.slug, role)] for role in roles), default=1
            )
            for category in bank.categories
        }
        self._turns: Counter[str] = Counter()

    def mixed(self, pool: Sequence[Question], count: int) -> list[Question]:
        """Up to `count` questions: the difficulties in turn, the categories by their weight."""
        # Sorted, so that the order of the files makes no difference.
        waiting: dict[Difficulty, dict[str, list[Question]]] = {turn: {} for turn in _TURNS}
        for question in sorted(pool, key=lambda question: question.number):
            waiting[question.difficulty].setdefault(question.category, []).append(question)
        drawn: list[Question] = []
        while len(drawn) < count and any(waiting.values()):
            turns = [by_category for by_category in waiting.values() if by_category]
            drawn += [self._one(by_category) for by_category in turns]
        return drawn[:count]

    def _one(self, by_category: dict[str, list[Question]]) -> Question:
        """Take one question out. A category that had its turn is drawn less and less often."""
        slugs = sorted(by_category)
        weights = [self._weights[slug] / (1 + self._turns[slug]) ** 2 for slug in slugs]
        slug = self._rng.choices(slugs, weights)[0]
        self._turns[slug] += 1
        questions = by_category[slug]
        question = questions.pop(self._rng.randrange(len(questions)))
        if not questions:
            del by_category[slug]
        return question


def _roles(bank: Bank, request: Request) -> tuple[Role, ...]:
    wanted = {_known(bank, _kinds(bank, request)[1], name) for name in request.roles}
    return tuple(role for role in ROLES if role in wanted)


def _reason(
    question: Question, bank: Bank, roles: Sequence[Role], last_asked: Mapping[str, datetime]
) -> str:
    parts: list[str] = [question.difficulty]
    parts += [
        f"{question.category} is {bank.importance(question.category, role)} for {role}"
        for role in roles
        if role in question.roles
    ]
    if question.id in last_asked:
        parts.append(f"last asked on {last_asked[question.id]:%Y-%m-%d}")
    else:
        parts.append("not asked before")
    return ", ".join(parts)


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
