"""Scores added up per category. Pure: no audio, no ML, no output."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from statistics import mean
from typing import Any

from interviewer.archive import AttemptRecord

TARGET_MEAN_SCORE = 1.5
"""The mean score, of at most 2, at which a category counts as ready for the interview."""


@dataclass(frozen=True)
class Row:
    """One line of the table. `mean_score` in [0, 2], `None` when nothing was scored."""

    title: str
    asked: int
    strong: int
    partial: int
    wrong: int
    not_scored: int

    @property
    def mean_score(self) -> float | None:
        scored = self.strong + self.partial + self.wrong
        return (2 * self.strong + self.partial) / scored if scored else None

    @property
    def verdict(self) -> str:
        """`ready`, how far below the target, or that there is nothing to go by."""
        if self.mean_score is None:
            return "nothing scored yet"
        missing = TARGET_MEAN_SCORE - self.mean_score
        return "ready" if missing <= 0 else f"{missing:.2f} below"

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "mean_score": self.mean_score, "verdict": self.verdict}


@dataclass(frozen=True)
class Summary:
    """A row per category, in the bank's order, and the row of all of them together.

    `after_follow_ups` is the mean score of all answers, each with the replies to its probes; `None`
    when there were none.
    """

    rows: tuple[Row, ...]
    total: Row
    after_follow_ups: float | None = None

    def to_dict(self) -> dict[str, Any]:
        return {
            "target": TARGET_MEAN_SCORE,
            "categories": [row.to_dict() for row in self.rows],
            "total": self.total.to_dict(),
            "after_follow_ups": self.after_follow_ups,
        }


def counted(attempts: Iterable[AttemptRecord]) -> tuple[AttemptRecord, ...]:
    """The attempts that count: the last answered try of each question in each session.

    Follow-ups do not count: the score of an answer is the one before them.
    """
    last: dict[tuple[str, str], AttemptRecord] = {}
    for attempt in attempts:
        if attempt.stage == "skipped" or attempt.follow_up_of is not None:
            continue
        key = (attempt.session_id, attempt.question_id)
        if key not in last or attempt.try_number > last[key].try_number:
            last[key] = attempt
    return tuple(last.values())


def summarise(attempts: Iterable[AttemptRecord], titles: Mapping[str, str]) -> Summary:
    """Add up the counted attempts; `titles` gives category slugs their names and their order."""
    by_category: dict[str, list[AttemptRecord]] = {slug: [] for slug in titles}
    every = tuple(attempts)
    answered = counted(every)
    for attempt in answered:
        by_category.setdefault(attempt.category, []).append(attempt)
    rows = tuple(
        _row(titles.get(slug, slug), members) for slug, members in by_category.items() if members
    )
    return Summary(rows, _row("All categories", answered), _after_follow_ups(answered, every))


def _after_follow_ups(
    answered: Iterable[AttemptRecord], every: Iterable[AttemptRecord]
) -> float | None:
    replies = {
        attempt.follow_up_of: attempt.score
        for attempt in every
        if attempt.key_point is not None and attempt.score is not None
    }
    own = {attempt.id: attempt.score for attempt in answered if attempt.score is not None}
    if not replies.keys() & own.keys():
        return None
    return mean(replies.get(id_, score) for id_, score in own.items())


def _row(title: str, attempts: Iterable[AttemptRecord]) -> Row:
    scores = [attempt.score for attempt in attempts]
    return Row(
        title=title,
        asked=len(scores),
        strong=scores.count(2),
        partial=scores.count(1),
        wrong=scores.count(0),
        not_scored=scores.count(None),
    )
