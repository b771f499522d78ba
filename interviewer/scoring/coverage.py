"""Claims against key points: what was said, what was missed, and the words that show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from interviewer.bank.rubric import KeyPoint, Rubric
from interviewer.scoring.claims import Claim
from interviewer.scoring.scale import Scale

Status = Literal["hit", "partial", "missed", "contradicted"]
Floats: TypeAlias = npt.NDArray[np.float32]


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
    """Decide each key point by the one claim that says most about it.

    A claim is about the key points whose wordings, right or wrong, it is nearest to. Of the claims
    about a point the nearest decides: the point is contradicted when that claim is nearer to a
    misconception than to every right wording, else stated, stated in part or missed by similarity.

    Args:
        claims: what was said; none makes every point missed.
        claim_vectors: a row of length 1 for each claim, shape `(n_claims, n_dimensions)`.
        rubric_vectors: the same for each of `rubric_texts(rubric)`.
    """
    if not claims:
        return tuple(KeyPointResult(key.id, "missed", 0.0, None) for key in rubric.key_points)
    # Four decimals: what the last bits say depends on the processor, and is no reason for a score.
    similarities = np.round(claim_vectors @ rubric_vectors.T, 4)
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
    best = int(np.where(is_about, np.maximum(right, wrong), -1.0).argmax())
    similarity, opposition = float(right[best]), float(wrong[best])
    status = _status(similarity, opposition, scale) if is_about[best] else "missed"
    evidence = None if status == "missed" else claims[best]
    return KeyPointResult(key_id, status, round(similarity, 4), evidence)


def _status(similarity: float, opposition: float, scale: Scale) -> Status:
    """The status of a key point whose deciding claim is this near to right and wrong wordings."""
    lead = round(opposition - similarity, 4)
    if opposition >= scale.contradiction_similarity and lead > scale.contradiction_margin:
        return "contradicted"
    if similarity >= scale.hit_similarity:
        return "hit"
    if similarity >= scale.partial_similarity:
        return "partial"
    return "missed"
