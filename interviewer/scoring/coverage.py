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


def rubric_texts(rubric: Rubric) -> list[str]:
    """Every wording of a rubric: for each key point the point, its accepts, then its rejects."""
    return [text for key in rubric.key_points for text in (key.point, *key.accept, *key.reject)]


def cover(
    claims: Sequence[Claim],
    claim_vectors: Floats,
    rubric: Rubric,
    rubric_vectors: Floats,
    scale: Scale,
) -> tuple[KeyPointResult, ...]:
    """Decide each key point by the claims that are about it.

    A claim is about the key points whose wordings, right or wrong, it is nearest to. A point is
    contradicted when the claim that says most about it is clearly nearer to a misconception than to
    any right wording; where another claim is clearly right about it, it is stated in part. Else the
    best similarity to a right wording decides.

    Args:
        claims: what was said; none makes every point missed.
        claim_vectors: a row of length 1 for each claim, shape `(n_claims, n_dimensions)`.
        rubric_vectors: the same for each of `rubric_texts(rubric)`.
    """
    if not claims:
        return tuple(KeyPointResult(key.id, "missed", 0.0, None) for key in rubric.key_points)
    # Four decimals: what the last bits say depends on the processor, and is no reason for a score.
    similarities = np.round((claim_vectors @ rubric_vectors.T).astype(np.float64), 4)
    right, wrong = _nearest_wordings(similarities, rubric.key_points)
    relevance = np.maximum(right, wrong)
    is_about = relevance >= relevance.max(axis=0) - scale.nearest_margin
    return tuple(
        _result(key.id, claims, right[k], wrong[k], is_about[k], scale)
        for k, key in enumerate(rubric.key_points)
    )


def _nearest_wordings(similarities: Floats, keys: Sequence[KeyPoint]) -> tuple[Floats, Floats]:
    """Best similarity to a right and to a wrong wording, each `(n_key_points, n_claims)`."""
    right, wrong, row = [], [], 0
    for key in keys:
        rejects = row + 1 + len(key.accept)
        end = rejects + len(key.reject)
        right.append(similarities[:, row:rejects].max(axis=1))
        wrong.append(similarities[:, rejects:end].max(axis=1, initial=-1.0))
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
    nearest = float(right.max())
    right, wrong = np.where(is_about, right, -1.0), np.where(is_about, wrong, -1.0)
    stating = int(right.argmax())
    deciding = int(np.maximum(right, wrong).argmax())
    opposes = (wrong >= scale.hit_similarity) & _clearly_nearer(wrong, right, scale)
    supports = (right >= scale.partial_similarity) & _clearly_nearer(right, wrong, scale)
    if opposes[deciding] and not supports.any():
        return KeyPointResult(key_id, "contradicted", float(right[deciding]), claims[deciding])
    if right[stating] < scale.partial_similarity:
        return KeyPointResult(key_id, "missed", nearest, None)
    is_hit = right[stating] >= scale.hit_similarity and not opposes[deciding]
    status: Status = "hit" if is_hit else "partial"
    return KeyPointResult(key_id, status, float(right[stating]), claims[stating])


def _clearly_nearer(similarity: Floats, other: Floats, scale: Scale) -> npt.NDArray[np.bool_]:
    """Whether the distance, 1 - similarity, is smaller than the other one by more than a share."""
    return 1 - similarity < (1 - scale.clear_lead) * (1 - other)
