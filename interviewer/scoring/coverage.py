"""Claims against key points: what was said, what was missed, and the words that show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from interviewer.scoring.claims import Claim

Status = Literal["hit", "partial", "missed", "contradicted"]


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
