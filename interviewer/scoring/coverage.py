"""Claims against key points: what was said, what was missed, and the words that show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from interviewer.bank.rubric import KeyPoint, Rubric
from interviewer.scoring.claims import Claim
from interviewer.scoring.scale import Scale

Status = Literal["hit", "partial", "missed", "contradicted"]
Floats: TypeAlias = npt.NDArray[np.floating[Any]]
NO_WORDING = -1.0
"""The similarity to a wording that the rubric does not have: less than to any other."""


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
    """What became of every key point, in the rubric's order, and of the answer as a whole.

    `lean` in [-2, 2] is how much nearer what was said is to right wordings than to misconceptions,
    on average; `None` when nothing was to the point, or the rubric names no misconceptions.
    """

    results: tuple[KeyPointResult, ...]
    lean: float | None


def rubric_texts(rubric: Rubric) -> list[str]:
    """Every wording of a rubric: for each key point the point, its accepts, then its rejects."""
    return [text for key in rubric.key_points for text in (key.point, *key.accept, *key.reject)]


def cover(
    claims: Sequence[Claim],
    claim_vectors: Floats,
    rubric: Rubric,
    rubric_vectors: Floats,
    scale: Scale,
) -> Coverage:
    """Decide each key point by the claims that are about it.

    A claim is about the key points whose wordings, right or wrong, it is nearest to. A point is
    contradicted when the claim that says most about it is clearly nearer to a misconception than to
    any right wording; else the best similarity to a right wording decides.

    Args:
        claims: what was said; none makes every point missed.
        claim_vectors: a row of length 1 for each claim, shape `(n_claims, n_dimensions)`.
        rubric_vectors: the same for each of `rubric_texts(rubric)`.
    """
    keys = rubric.key_points
    if not claims:
        return Coverage(tuple(KeyPointResult(key.id, "missed", 0.0, None) for key in keys), None)
    # Four decimals: what the last bits say depends on the processor, and is no reason for a score.
    similarities = np.round((claim_vectors @ rubric_vectors.T).astype(np.float64), 4)
    right, wrong = _nearest_wordings(similarities, keys)
    relevance = np.maximum(right, wrong)
    is_about = relevance >= relevance.max(axis=0) - scale.nearest_margin
    results = tuple(
        _result(key.id, claims, right[k], wrong[k], is_about[k], scale)
        for k, key in enumerate(keys)
    )
    return Coverage(results, _lean(right.max(axis=0), wrong.max(axis=0), scale))


def _nearest_wordings(similarities: Floats, keys: Sequence[KeyPoint]) -> tuple[Floats, Floats]:
    """Best similarity to a right and to a wrong wording, each `(n_key_points, n_claims)`."""
    right, wrong, row = [], [], 0
    for key in keys:
        rejects = row + 1 + len(key.accept)
        end = rejects + len(key.reject)
        right.append(similarities[:, row:rejects].max(axis=1))
        wrong.append(similarities[:, rejects:end].max(axis=1, initial=NO_WORDING))
        row = end
    return np.stack(right), np.stack(wrong)


def _result(
    key_id: str,
    claims: Sequence[Claim],
    right: Floats,
    wrong: Floats,
    is_about: npt.NDArray[np.bool_],
    scale: Scale,
) -> KeyPointResult:
    """Decide one key point; the arrays have shape `(n_claims,)`."""
    about_right = np.where(is_about, right, NO_WORDING)
    about_wrong = np.where(is_about, wrong, NO_WORDING)
    most = int(np.maximum(about_right, about_wrong).argmax())
    opposition = about_wrong[most]
    if opposition >= scale.hit_similarity and (
        1 - opposition < (1 - scale.clear_lead) * (1 - about_right[most])
    ):
        return KeyPointResult(key_id, "contradicted", float(right[most]), claims[most])
    best = int(about_right.argmax())
    if about_right[best] < scale.partial_similarity:
        return KeyPointResult(key_id, "missed", float(right.max()), None)
    status: Status = "hit" if right[best] >= scale.hit_similarity else "partial"
    return KeyPointResult(key_id, status, float(right[best]), claims[best])


def _lean(right: Floats, wrong: Floats, scale: Scale) -> float | None:
    """Mean lead of right over wrong wordings, over the claims near to any; shapes `(n_claims,)`."""
    counts = np.maximum(right, wrong) >= scale.partial_similarity
    if not counts.any() or wrong.max() == NO_WORDING:
        return None
    return round(float((right - wrong)[counts].mean()), 4)
