"""Claims against key points: what was said, what was missed, and the words that show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from interviewer.bank.rubric import KeyPoint, Rubric
from interviewer.scoring.calibration import Reading
from interviewer.scoring.claims import Claim
from interviewer.scoring.scale import Scale

READ_FROM = 0.5
"""A claim that is this much about a key point is read beside it. Reading more changes little."""
CLEAR_MARGIN = 4.0
"""Log odds of about this much are clear."""

Status = Literal["hit", "partial", "missed", "contradicted"]
Floats: TypeAlias = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class KeyPointResult:
    """What became of one key point.

    `similarity` in [-1, 1] is how close the evidence comes to the point; `evidence` is the claim
    that decided the status, `None` when nothing in the answer was about the point.
    """

    id: str
    status: Status
    similarity: float
    evidence: Claim | None


@dataclass(frozen=True)
class Coverage:
    """What became of every key point, in the rubric's order, and how much speaks for each.

    `support` and `opposition` in [0, 1] have shape `(n_claims, n_key_points)`: how clearly a claim
    states a point, and how clearly it contradicts it. At most one of the two is above 0.
    """

    results: tuple[KeyPointResult, ...]
    support: Floats
    opposition: Floats
    alignment: Floats | None = None
    """For a rubric without misconceptions: how much of each point the whole answer says, in
    [0, 1], shape `(n_key_points,)`."""
    nearness: Floats | None = None
    """For such a rubric: how near the nearest statement comes to each point, in [0, 1]."""
    new_words: int = 0
    """For such a rubric: how many different words with a meaning of their own were said, beside
    those of the question."""


def rubric_texts(rubric: Rubric) -> list[str]:
    """Every wording of a rubric: for each key point the point, its accepts, then its rejects."""
    return [text for key in rubric.key_points for text in (key.point, *key.accept, *key.reject)]


@dataclass(frozen=True)
class Likeness:
    """How near each claim is to the wordings of each key point, shape `(n_claims, n_key_points)`.

    `right` and `wrong` are soft maxima over the right wordings and the misconceptions, which one
    wording alone does not decide; `nearest` is the best right one's; `about` in [0, 1] is how much
    a claim is about a point.
    """

    right: Floats
    wrong: Floats
    nearest: Floats
    about: Floats


def likeness(
    claim_vectors: Floats, rubric: Rubric, rubric_vectors: Floats, reading: Reading
) -> Likeness:
    """Compare claims with a rubric: one matrix product.

    Args:
        claim_vectors: a row of length 1 for each claim, shape `(n_claims, n_dimensions)`.
        rubric_vectors: the same for each of `rubric_texts(rubric)`.
        reading: how to read the similarities of the model that made the vectors.
    """
    # Four decimals: what the last bits say depends on the processor, and is no reason for a score.
    similarities = np.round(claim_vectors.astype(np.float64) @ rubric_vectors.T, 4)
    right, wrong, nearest = _similarities(similarities, rubric.key_points, reading)
    return Likeness(right, wrong, nearest, _aboutness(np.maximum(right, wrong), reading))


def worth_reading(found: Likeness) -> list[tuple[int, int]]:
    """The claims and key points that are worth being read side by side, by their numbers."""
    return [(int(c), int(k)) for c, k in np.argwhere(found.about >= READ_FROM)]


def cover(
    claims: Sequence[Claim],
    found: Likeness,
    margins: Floats,
    rubric: Rubric,
    scale: Scale,
    reading: Reading,
) -> Coverage:
    """Decide each key point by the claims that are about it.

    A claim that is about a point supports it by how much nearer it is to the right wordings than to
    the misconceptions, and by how much likelier it states it than contradicts it, read beside it;
    or else it opposes it by the contrary. Only the clearest claim on either side counts, so a point
    said twice counts once.

    Args:
        claims: what was said; none makes every point missed.
        margins: log odds that a claim states a point against contradicts it, shape
            `(n_claims, n_key_points)`; 0 where they were not read together.
    """
    lead = np.tanh((found.right - found.wrong) / reading.lead + margins / CLEAR_MARGIN)
    support, opposition = found.about * np.maximum(lead, 0), found.about * np.maximum(-lead, 0)
    results = results_of(claims, support, opposition, found.nearest, rubric.key_points, scale)
    return Coverage(results, support, opposition)


def results_of(
    claims: Sequence[Claim],
    support: Floats,
    opposition: Floats,
    nearest: Floats,
    keys: Sequence[KeyPoint],
    scale: Scale,
) -> tuple[KeyPointResult, ...]:
    """What becomes of each key point; the arrays have shape `(n_claims, n_key_points)`."""
    if not claims:
        return tuple(KeyPointResult(key.id, "missed", 0.0, None) for key in keys)
    return tuple(
        _result(key.id, claims, support[:, k], opposition[:, k], nearest[:, k], scale)
        for k, key in enumerate(keys)
    )


def _similarities(
    similarities: Floats, keys: Sequence[KeyPoint], reading: Reading
) -> tuple[Floats, Floats, Floats]:
    """Of each claim to each point's right wordings, to its misconceptions, to its best wording.

    All have shape `(n_claims, n_key_points)`.
    """
    right, wrong, nearest, row = [], [], [], 0
    for key in keys:
        rejects = row + 1 + len(key.accept)
        end = rejects + len(key.reject)
        right.append(_soft_maximum(similarities[:, row:rejects], reading.sharpness))
        nearest.append(similarities[:, row:rejects].max(axis=1))
        if key.reject:
            wrong.append(_soft_maximum(similarities[:, rejects:end], reading.sharpness))
        else:  # nothing tells right from wrong but how near it is
            wrong.append(np.minimum(right[-1], reading.near_enough))
        row = end
    return np.stack(right, axis=1), np.stack(wrong, axis=1), np.stack(nearest, axis=1)


def _soft_maximum(similarities: Floats, sharpness: float) -> Floats:
    return np.asarray(np.log(np.exp(sharpness * similarities).mean(axis=1)) / sharpness)


def _aboutness(relevance: Floats, reading: Reading) -> Floats:
    """How much each claim is about each point: it is near to it, and to no other point nearer."""
    near = _sigmoid((relevance - reading.relevance) / reading.width)
    behind = relevance - relevance.max(axis=1, keepdims=True) + reading.width
    return np.asarray(near * _sigmoid(behind / reading.width))


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-values)))


def _result(
    key_id: str,
    claims: Sequence[Claim],
    support: Floats,
    opposition: Floats,
    nearest: Floats,
    scale: Scale,
) -> KeyPointResult:
    """Decide one key point; the arrays have shape `(n_claims,)`."""
    best, worst = int(support.argmax()), int(opposition.argmax())
    net = support[best] - opposition[worst]
    if net <= -scale.contradicted:
        return KeyPointResult(key_id, "contradicted", float(nearest[worst]), claims[worst])
    if net < scale.partial:
        return KeyPointResult(key_id, "missed", float(nearest.max()), None)
    status: Status = "hit" if net >= scale.hit else "partial"
    return KeyPointResult(key_id, status, float(nearest[best]), claims[best])
