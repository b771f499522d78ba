"""Coverage to a score of 0 wrong, 1 partial or 2 strong, with the reasons; or not scored."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from interviewer.scoring.claims import Claim
from interviewer.scoring.coverage import KeyPointResult

Score = Literal[0, 1, 2]


@dataclass(frozen=True)
class Assessment:
    """How one answer did.

    `score` is `None` when the answer could not be scored (never a stand-in for 0); `coverage` in
    [0, 1] is the weighted share of the rubric that was stated; `reasons` say in whole sentences why
    the score is what it is; `scorer` names the scorer, the scale and the embedding model, with versions.
    """

    score: Score | None
    coverage: float
    key_points: tuple[KeyPointResult, ...]
    reasons: tuple[str, ...]
    scorer: str

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; `from_dict` gives an equal assessment back."""
        return {**asdict(self), "key_points": [asdict(result) for result in self.key_points]}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Assessment:
        """Read what `to_dict` wrote."""
        points = tuple(
            KeyPointResult(
                id=point["id"],
                status=point["status"],
                similarity=point["similarity"],
                evidence=None if point["evidence"] is None else Claim(**point["evidence"]),
            )
            for point in data["key_points"]
        )
        reasons = tuple(data["reasons"])
        return cls(data["score"], data["coverage"], points, reasons, data["scorer"])
