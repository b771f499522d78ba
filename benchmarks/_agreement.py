"""How far scores agree with grades, and the thresholds that make scores of a plain measure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Grades: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
N_CUTS = 60
NEARLY = 0.01
"""So much less kappa is nearly as good."""


def confusion(grades: Sequence[int] | Grades, scores: Sequence[int] | Grades) -> Grades:
    """How many answers of each grade got each score, shape `(3, 3)`."""
    pairs = 3 * np.asarray(grades, dtype=np.int64) + np.asarray(scores, dtype=np.int64)
    return np.bincount(pairs, minlength=9).reshape(3, 3)


def quadratic_weighted_kappa(
    grades: Sequence[int] | Grades, scores: Sequence[int] | Grades
) -> float:
    """1 is agreement, 0 is chance; a difference of two counts four times a difference of one.

    Cohen, "Weighted kappa", Psychological Bulletin 70 (1968).
    """
    table = confusion(grades, scores)
    cost = (np.arange(3)[:, None] - np.arange(3)[None, :]) ** 2
    chance = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    expected = (cost * chance).sum()
    return float(1 - (cost * table).sum() / expected) if expected else 0.0


def accuracy(grades: Sequence[int] | Grades, scores: Sequence[int] | Grades) -> float:
    """The share of answers that got their grade."""
    return float(np.mean(np.asarray(grades) == np.asarray(scores)))


def best_cuts(values: Floats, grades: Grades) -> tuple[float, float]:
    """The two thresholds with the highest kappa, among the quantiles of `values`."""
    pairs = _pairs(values, 0.0)
    return pairs[int(np.argmax(_kappas(values, grades, pairs)))]


def steady_cuts(values: Floats, grades: Grades, width: float) -> tuple[float, float]:
    """The mean of the pairs of thresholds with nearly the highest kappa.

    Which pair has the highest one hangs on few answers.

    Args:
        width: how far apart they are at least.
    """
    pairs = _pairs(values, width)
    kappas = _kappas(values, grades, pairs)
    low, high = np.array(pairs)[kappas > kappas.max() - NEARLY].mean(axis=0)
    return float(low), float(high)


def _pairs(values: Floats, width: float) -> list[tuple[float, float]]:
    cuts = np.unique(np.quantile(values, np.linspace(0, 1, N_CUTS + 1)))
    wide = ((low, max(high, low + width)) for i, low in enumerate(cuts) for high in cuts[i:])
    return list(dict.fromkeys(wide))


def _kappas(values: Floats, grades: Grades, pairs: Sequence[tuple[float, float]]) -> Floats:
    return np.array([quadratic_weighted_kappa(grades, by_cuts(values, *pair)) for pair in pairs])


def matched_cuts(values: Floats, grades: Grades) -> tuple[float, float]:
    """The two thresholds by which as many answers get each score as have that grade."""
    low, high = np.quantile(values, [np.mean(grades < 1), np.mean(grades < 2)])
    return float(low), float(high)


def by_cuts(values: Floats, low: float, high: float) -> Grades:
    """0 below `low`, 1 from there on, 2 from `high` on."""
    return (values >= low).astype(np.int64) + (values >= high)
