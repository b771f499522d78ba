"""Coverage to a score of 0 wrong, 1 partial or 2 strong, with the reasons; or not scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from interviewer.bank.rubric import KeyPoint, Rubric
from interviewer.scoring.claims import Claim
from interviewer.scoring.coverage import Coverage, KeyPointResult, Status
from interviewer.scoring.scale import Scale
from interviewer.scoring.screening import Screened, words_of
from interviewer.speech.transcript import Transcript

Score = Literal[0, 1, 2]


@dataclass(frozen=True)
class Assessment:
    """How one answer did.

    `score` is `None` when the answer could not be scored (never a stand-in for 0); `coverage` in
    [0, 1] is the weighted share of the rubric that was stated; `reasons` say in whole sentences why
    the score is what it is; `scorer` names scorer, scale and embedding model, with versions.
    """

    score: Score | None
    coverage: float
    key_points: tuple[KeyPointResult, ...]
    reasons: tuple[str, ...]
    scorer: str

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; `from_dict` gives an equal assessment back."""
        return {
            **asdict(self),
            "key_points": [asdict(result) for result in self.key_points],
            "reasons": list(self.reasons),
        }

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


def not_scored(reason: str, scorer: str = "") -> Assessment:
    """An answer that could not be scored, with a whole sentence that says why."""
    return Assessment(None, 0.0, (), (reason,), scorer)


def no_answer(transcript: Transcript, scale: Scale) -> str:
    """Why there is nothing to score, as a sentence; empty where there is an answer."""
    said = len(words_of(transcript.text))
    if said == 0 and transcript.engine == "keyboard":
        return "There was no answer: nothing was typed."
    if said == 0:
        return "There was no speech in the recording."
    if said < scale.min_words:
        return f"The answer has {_count(said, 'word')}, too short to state a key point."
    return ""


def grade(
    covered: Coverage, rubric: Rubric, scale: Scale, scorer: str, screened: Screened
) -> Assessment:
    """Score by the weighted share of the rubric that was stated, and by the answer's lean.

    Args:
        covered: what became of the key points of `rubric`, in its order.
        scorer: what made the results, with versions.
        screened: the answer's claims, with those that did not count.
    """
    results, keys = covered.results, rubric.key_points
    stated = _share(results, keys, "hit")
    # Four decimals, so that sums of shares meet a threshold that they equal.
    coverage = round(stated + scale.partial_credit * _share(results, keys, "partial"), 4)
    lacking = [
        key.id
        for key, result in zip(keys, results, strict=True)
        if key.required and result.status not in ("hit", "partial")
    ]
    lean = scale.strong_lean if covered.lean is None else covered.lean
    score: Score = 0
    if coverage >= scale.strong_coverage and lean >= scale.strong_lean and not lacking:
        score = 2
    elif coverage >= scale.partial_coverage and lean >= scale.partial_lean:
        score = 1
    reasons = (
        *_screening_reasons(screened),
        *_coverage_reasons(results, coverage),
        *_lean_reasons(lean, scale),
        *_score_reasons(score, coverage, lacking, scale),
        *_rubric_reasons(rubric),
    )
    return Assessment(score, coverage, results, reasons, scorer)


def _share(results: Sequence[KeyPointResult], keys: Sequence[KeyPoint], status: Status) -> float:
    """The share of the rubric's weight that lies on key points with this status."""
    with_status = sum(
        key.weight for key, result in zip(keys, results, strict=True) if result.status == status
    )
    return with_status / sum(key.weight for key in keys)


def _screening_reasons(screened: Screened) -> list[str]:
    """Worth a word only where most of the answer did not count."""
    all_claims = len(screened.kept) + len(screened.echoes) + len(screened.lists)
    most = "The answer" if not screened.kept else "Most of the answer"
    reasons = []
    if 2 * len(screened.echoes) > all_claims:
        reasons.append(f"{most} only repeats the question, which does not count.")
    if 2 * len(screened.lists) > all_claims:
        reasons.append(f"{most} lists terms without saying anything about them.")
    return reasons


def _coverage_reasons(results: Sequence[KeyPointResult], coverage: float) -> list[str]:
    if all(result.status == "missed" for result in results):
        return ["Nothing that was said comes close to a key point."]
    ids: dict[Status, list[str]] = {"hit": [], "partial": [], "missed": [], "contradicted": []}
    for result in results:
        ids[result.status].append(result.id)
    hits, total = len(ids["hit"]), len(results)
    stated = f"{hits} of {_count(total, 'key point')} {_was(hits)} stated"
    if ids["partial"]:
        stated += f" and {len(ids['partial'])} in part"
    reasons = [f"{stated}: {coverage:.0%} of the rubric by weight."]
    if ids["contradicted"]:
        wrong = _quoted(ids["contradicted"])
        reasons.append(
            f"What was said about {wrong} is a common misconception, or very near to one."
        )
    return reasons


def _lean_reasons(lean: float, scale: Scale) -> list[str]:
    whole = (
        "Taken together, what was said is nearer to common misconceptions than to the key points"
    )
    if lean < scale.partial_lean:
        return [f"{whole}, so the answer counts as wrong."]
    return [f"{whole}, so the answer cannot be strong."] if lean < scale.strong_lean else []


def _score_reasons(
    score: Score, coverage: float, lacking: Sequence[str], scale: Scale
) -> list[str]:
    if score == 2:
        return [f"That is strong: it takes {scale.strong_coverage:.0%} and every required point."]
    reasons = []
    if lacking:
        points = "point" if len(lacking) == 1 else "points"
        reasons.append(
            f"The required {points} {_quoted(lacking)} {_was(len(lacking))} not stated, "
            "so the answer cannot be strong."
        )
    if coverage < scale.partial_coverage:
        reasons.append(f"A partial answer takes {scale.partial_coverage:.0%}.")
    elif coverage < scale.strong_coverage:
        reasons.append(f"A strong answer takes {scale.strong_coverage:.0%}.")
    return reasons


def _rubric_reasons(rubric: Rubric) -> list[str]:
    if any(key.reject for key in rubric.key_points):
        return []
    return ["This rubric names no misconceptions, so wrong statements cannot be told from right."]


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _was(n: int) -> str:
    return "was" if n == 1 else "were"


def _quoted(ids: Sequence[str]) -> str:
    *most, last = (f"'{key_id}'" for key_id in ids)
    return f"{', '.join(most)} and {last}" if most else last
