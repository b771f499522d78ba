"""What to mend in a rubric by how near its wordings are to each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from interviewer.bank.content import Finding, Placed
from interviewer.bank.lint import Phrase, phrases_of
from interviewer.bank.rubric import Rubric
from interviewer.bank.yaml_file import shortened

Floats: TypeAlias = npt.NDArray[np.floating[Any]]
Embed: TypeAlias = Callable[[Sequence[str]], Floats]
"""Texts to vectors of length 1, shape `(n_texts, n_dimensions)`."""

SAME_STATEMENT: Final = 0.9
"""Statements of two key points that are at least as similar say the same."""
INTERLEAVED: Final = 0.97
"""Two key points are one when the mean distance between their wordings is less than this share of
the mean distance within each. For two halves of one key point it is about 1."""
CLEARLY_NEARER: Final = 0.42
"""A phrase belongs to another key point when its distance to the nearest wording there is less than
this share of the distance to the nearest wording of its own."""
OTHER_SIDE: Final = 0.55
"""A phrase belongs to the other list of its key point when its mean distance to that is less than
this share of the mean distance to its own. Right and wrong wordings often mirror each other, so the
nearest one says nothing."""


def lint_likeness(rubric: Placed[Rubric], embed: Embed) -> Iterator[Finding]:
    """Key points that say the same as another, and phrases that stand in the wrong place."""
    phrases = phrases_of(rubric.value)
    vectors = embed([phrase.text for phrase in phrases])
    distances = 1.0 - np.round((vectors @ vectors.T).astype(np.float64), 4)
    yield from _same_points(rubric, phrases, distances)
    for number, phrase in enumerate(phrases):
        if phrase.kind != "point":
            yield from _misplaced(rubric, phrases, number, distances[number])


def _same_points(
    rubric: Placed[Rubric], phrases: Sequence[Phrase], distances: Floats
) -> Iterator[Finding]:
    """Args: distances: between all phrases, shape `(n_phrases, n_phrases)`."""
    right = [
        [n for n, p in enumerate(phrases) if p.point == place and p.kind != "reject"]
        for place in range(len(rubric.value.key_points))
    ]
    for first, second in combinations(range(len(right)), 2):
        # The first wording of each is its statement.
        statements = distances[right[first][0], right[second][0]]
        between = distances[np.ix_(right[first], right[second])].mean()
        within = (_within(distances, right[first]) + _within(distances, right[second])) / 2
        if statements <= 1 - SAME_STATEMENT or between < INTERLEAVED * within:
            other = rubric.value.key_points[first].id
            problem = f"says the same as the key point {other!r}"
            remedy = "join the two, or state what only this one says and word its accepts like it"
            yield rubric.finding("same-point", ("key_points", second, "point"), problem, remedy)


def _within(distances: Floats, rows: Sequence[int]) -> float:
    """Mean distance between different wordings; 0 where there is only one."""
    pairs = len(rows) * (len(rows) - 1)
    return float(distances[np.ix_(rows, rows)].sum()) / pairs if pairs else 0.0


def _misplaced(
    rubric: Placed[Rubric], phrases: Sequence[Phrase], number: int, distances: Floats
) -> Iterator[Finding]:
    """Args: distances: from the phrase of this number to each, shape `(n_phrases,)`."""
    phrase = phrases[number]
    others = [n for n in range(len(phrases)) if n != number]
    at_home = [n for n in others if phrases[n].point == phrase.point]
    abroad = [n for n in others if phrases[n].point != phrase.point]
    wrong = phrase.kind == "reject"
    own = [n for n in at_home if (phrases[n].kind == "reject") == wrong]
    rival = [n for n in at_home if (phrases[n].kind == "reject") != wrong]
    nearest = min(abroad, key=lambda n: distances[n], default=None)
    if nearest is not None and distances[nearest] < CLEARLY_NEARER * distances[at_home].min():
        there = rubric.value.key_points[phrases[nearest].point].id
        problem = f"speaks of another key point, {there!r}: {shortened(phrases[nearest].text)!r}"
        remedy = f"move it to {there!r}, or say what it has to do with its own point"
        yield rubric.finding("misplaced", phrase.steps, problem, remedy)
    elif own and rival and distances[rival].mean() < OTHER_SIDE * distances[own].mean():
        side = "right wordings" if wrong else "misconceptions"
        problem = f"is nearer to the {side} of its key point than to its own kind"
        remedy = f"move it to {'accept' if wrong else 'reject'} if it belongs there, or reword it"
        yield rubric.finding("misplaced", phrase.steps, problem, remedy)
