"""Coverage to a score of 0 wrong, 1 partial or 2 strong, with the reasons; or not scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from interviewer.bank.rubric import KeyPoint, Rubric
from interviewer.scoring.calibration import Calibration, Ordinal
from interviewer.scoring.claims import Claim
from interviewer.scoring.coverage import Coverage, Floats, KeyPointResult
from interviewer.scoring.scale import Scale
from interviewer.scoring.screening import words_of
from interviewer.speech.transcript import Transcript

Score = Literal[0, 1, 2]
Cap = Literal["", "required", "coverage", "wrong"]
Probabilities = tuple[float, float, float]
"""Of the scores 0, 1 and 2."""

LITTLE_EVIDENCE = 0.3
"""Beside this much, faint evidence is no reason to call an answer wrong."""
SOFTNESS = 0.08
"""A share counts a point from its threshold on, gradually within about this much."""
FEATURES = (
    "touched",
    "stated",
    "clearly_stated",
    "not_contradicted",
    "balance",
    "claim_balance",
    "median",
    "mean",
    "required_mean",
    "required_least",
)
MANY_WORDS = 100
"""So many new words are all that counts of them; the longest of our graded answers has 105."""
THIN_FEATURES = ("aligned", "near", "elaborated", *FEATURES)
"""For rubrics without misconceptions, whose points are read beside the claims at best."""


@dataclass(frozen=True)
class Assessment:
    """How one answer did.

    `score` is `None` when the answer could not be scored (never a stand-in for 0); `coverage` in
    [0, 1] is the weighted share of the rubric that was stated; `reasons` say in whole sentences why
    the score is what it is; `scorer` names scorer, scale and embedding model, with versions.
    `probabilities` are `None` where no grader was asked: not scored, or nothing to grade.
    """

    score: Score | None
    coverage: float
    key_points: tuple[KeyPointResult, ...]
    reasons: tuple[str, ...]
    scorer: str
    probabilities: Probabilities | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; `from_dict` gives an equal assessment back."""
        return {
            **asdict(self),
            "key_points": [asdict(result) for result in self.key_points],
            "reasons": list(self.reasons),
            "probabilities": None if self.probabilities is None else list(self.probabilities),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Assessment:
        """Read what `to_dict` wrote, this version's or an earlier one's."""
        points = tuple(
            KeyPointResult(
                id=point["id"],
                status=point["status"],
                similarity=point["similarity"],
                evidence=None if point["evidence"] is None else Claim(**point["evidence"]),
            )
            for point in data["key_points"]
        )
        chances = data.get("probabilities")
        return cls(
            data["score"],
            data["coverage"],
            points,
            tuple(data["reasons"]),
            data["scorer"],
            None if chances is None else (chances[0], chances[1], chances[2]),
        )


@dataclass(frozen=True)
class Verdict:
    """A score before it is explained. `level` is the grader's, on which the cuts lie."""

    score: Score
    coverage: float
    level: float
    probabilities: Probabilities
    cap: Cap = ""
    """The rule that keeps the score below what the grader gives."""


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
        words = "1 word" if said == 1 else f"{said} words"
        return f"The answer has {words}, too short to state a key point."
    return ""


def features(covered: Coverage, keys: Sequence[KeyPoint]) -> Floats:
    """What the grader weighs, in the order of `FEATURES`, shape `(10,)`.

    Every feature rises, or stays, with every value of `support`, and falls, or stays, with every
    value of `opposition`; so does it with a claim more that has only the one or the other.
    """
    weights = np.array([key.weight for key in keys], dtype=np.float64)
    weights /= weights.sum()
    support = covered.support.max(axis=0, initial=0.0)
    opposition = covered.opposition.max(axis=0, initial=0.0)
    net = support - opposition
    required = np.array([key.required for key in keys])
    needed = net[required] if required.any() else net
    return np.array(
        [
            weights @ _above(support, 0.25),
            weights @ _above(net, 0.25),
            weights @ _above(net, 0.5),
            -(weights @ _above(opposition, 0.5)),
            _log_ratio(covered.support @ weights, covered.opposition @ weights, 0.05),
            _log_ratio(_greatest(covered.support), _greatest(covered.opposition), 0.1),
            np.median(net),
            weights @ net,
            needed.mean(),
            needed.min(),
        ]
    )


def thin_features(covered: Coverage, keys: Sequence[KeyPoint]) -> Floats:
    """The same in the order of `THIN_FEATURES`, shape `(13,)`, for one without misconceptions.

    The first three are the weighted means of alignment and nearness, and how much new was said,
    each in [0, 1]. They rise, or stay, with every statement more.
    """
    weights = np.array([key.weight for key in keys], dtype=np.float64)
    weights /= weights.sum()
    alignment = np.asarray(covered.alignment, dtype=np.float64)
    near = np.asarray(covered.nearness, dtype=np.float64)
    elaborated = min(np.log1p(covered.new_words) / np.log1p(MANY_WORDS), 1.0)
    said = np.array([weights @ alignment, weights @ near, elaborated])
    return np.concatenate([said, features(covered, keys)])


def _level(covered: Coverage, keys: Sequence[KeyPoint], ordinal: Ordinal) -> float:
    if covered.alignment is None:
        return _weighed(features(covered, keys), FEATURES, ordinal)
    return _weighed(thin_features(covered, keys), THIN_FEATURES, ordinal)


def _weighed(values: Floats, names: Sequence[str], ordinal: Ordinal) -> float:
    return round(float(values @ [ordinal.weights[name] for name in names]), 4)


def _above(values: Floats, threshold: float) -> Floats:
    return np.asarray(1 / (1 + np.exp((threshold - values) / SOFTNESS)))


def _greatest(evidence: Floats) -> Floats:
    return np.asarray(evidence.max(axis=1, initial=0.0))


def _log_ratio(right: Floats, wrong: Floats, floor: float) -> float:
    """Right against wrong over the whole answer, whatever its length; 0 where nothing was said."""
    return float(np.log((right.sum() + floor) / (wrong.sum() + floor)))


def judge(covered: Coverage, rubric: Rubric, scale: Scale, calibration: Calibration) -> Verdict:
    """Score by the fitted grader, within the rules that a rubric's author relies on.

    An answer that clearly contradicts a required point cannot be strong; one with less coverage
    than the scale asks, or with more said wrong than it allows, neither strong nor partial. By a
    thin rubric there is too little to go by for rules: wrong statements only count in the level.
    """
    keys = rubric.key_points
    ordinal = calibration.fit_for(rubric).ordinal
    level = _level(covered, keys, ordinal)
    share = coverage_of(covered.results, keys, scale)
    chances = _probabilities(level, ordinal)
    given = sum(level > cut for cut in ordinal.cuts)
    thin = covered.alignment is not None
    caps: dict[Cap, int] = {"": 2} if thin else _caps(covered, keys, share, chances, scale)
    least = min(caps, key=lambda rule: caps[rule])
    cap = caps[least]
    score: Score = 0 if min(given, cap) == 0 else 1 if min(given, cap) == 1 else 2
    return Verdict(score, share, level, _capped(chances, cap), least if given > cap else "")


def _caps(
    covered: Coverage, keys: Sequence[KeyPoint], share: float, chances: Probabilities, scale: Scale
) -> dict[Cap, int]:
    """The highest score that each rule allows."""
    wrong = wrong_share(covered)
    doubtful = wrong >= scale.strong_wrong_share and chances[2] < scale.strong_certainty
    return {
        "required": 1 if contradicted_points(covered, keys, scale) else 2,
        "coverage": _cap(share < scale.partial_coverage, share < scale.strong_coverage),
        "wrong": _cap(wrong >= scale.partial_wrong_share, doubtful),
    }


def _cap(not_partial: bool, not_strong: bool) -> int:
    return 0 if not_partial else 1 if not_strong else 2


def wrong_share(covered: Coverage) -> float:
    """How much of the evidence is against the key points, in [0, 1).

    Each claim counts by what it says most clearly on either side. A right claim more never raises
    it, a wrong one never lowers it.
    """
    right, wrong = _greatest(covered.support).sum(), _greatest(covered.opposition).sum()
    return round(float(wrong / (right + wrong + LITTLE_EVIDENCE)), 4)


def coverage_of(results: Sequence[KeyPointResult], keys: Sequence[KeyPoint], scale: Scale) -> float:
    """The weighted share of the key points that were stated; those in part count in part."""
    credit = {"hit": 1.0, "partial": scale.partial_credit}
    stated = sum(
        key.weight * credit.get(result.status, 0.0)
        for key, result in zip(keys, results, strict=True)
    )
    # Four decimals, so that sums of shares meet a threshold that they equal.
    return round(stated / sum(key.weight for key in keys), 4)


def contradicted_points(
    covered: Coverage, keys: Sequence[KeyPoint], scale: Scale
) -> tuple[KeyPoint, ...]:
    """The required points of which the opposite was said clearly."""
    net = covered.support.max(axis=0, initial=0.0) - covered.opposition.max(axis=0, initial=0.0)
    return tuple(
        key
        for key, value in zip(keys, net, strict=True)
        if key.required and value <= -scale.clear_contradiction
    )


def _probabilities(level: float, ordinal: Ordinal) -> Probabilities:
    at_most = [1 / (1 + float(np.exp(min(level - cut, 500.0)))) for cut in ordinal.cuts]
    wrong, partial = round(at_most[0], 4), round(at_most[1] - at_most[0], 4)
    return (wrong, partial, round(1 - wrong - partial, 4))


def _capped(chances: Probabilities, cap: int) -> Probabilities:
    wrong, partial, strong = chances
    if cap == 0:
        return (1.0, 0.0, 0.0)
    return (wrong, round(partial + strong, 4), 0.0) if cap == 1 else chances
