"""Why a score is what it is, in whole sentences, and what would have made it a 2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from interviewer.bank.rubric import KeyPoint, Rubric
from interviewer.scoring.calibration import Calibration, is_thin
from interviewer.scoring.coverage import Coverage, Floats, KeyPointResult, Status
from interviewer.scoring.grade import Verdict, contradicted_points, judge, wrong_share
from interviewer.scoring.scale import Scale
from interviewer.scoring.screening import Screened

SCORE_NAMES = ("wrong", "partial", "strong")
MIN_WORDINGS = 3
"""A rubric with fewer right wordings a key point, on average, knows few ways to say it."""


def explain(
    verdict: Verdict, covered: Coverage, rubric: Rubric, scale: Scale, calibration: Calibration
) -> list[str]:
    """The reasons for a verdict, the weightiest first."""
    return [
        *_coverage_reasons(covered.results, verdict.coverage),
        *_contradictions(covered.results, rubric.key_points),
        *_rules(verdict, covered, rubric, scale),
        *_way_up(verdict, covered, rubric, scale, calibration),
        *_close_call(verdict, scale),
        *_rubric_reasons(rubric),
    ]


def screening_reasons(screened: Screened) -> list[str]:
    """What did not count; worth a word only where it is most of the answer."""
    kinds = (
        (
            screened.echoes,
            "only repeats the question or says what holds of any topic, which does not count",
        ),
        (screened.lists, "lists terms without saying anything about them"),
        (screened.unasserted, "asks, quotes others, or was taken back, and states nothing"),
    )
    all_claims = len(screened.kept) + sum(len(claims) for claims, _ in kinds)
    most = "The answer" if not screened.kept else "Most of the answer"
    return [f"{most} {does}." for claims, does in kinds if 2 * len(claims) > all_claims]


def _coverage_reasons(results: Sequence[KeyPointResult], coverage: float) -> list[str]:
    count: dict[Status, int] = {"hit": 0, "partial": 0, "missed": 0, "contradicted": 0}
    for result in results:
        count[result.status] += 1
    if count["missed"] == len(results):
        return ["Nothing that was said comes close to a key point."]
    points = "1 key point" if len(results) == 1 else f"{len(results)} key points"
    stated = f"{count['hit']} of {points} {'was' if count['hit'] == 1 else 'were'} stated"
    if count["partial"]:
        stated += f" and {count['partial']} in part"
    return [f"{stated}: {coverage:.0%} of the rubric by weight."]


def _contradictions(results: Sequence[KeyPointResult], keys: Sequence[KeyPoint]) -> list[str]:
    """What was said wrong, with the right statement beside it; the weightiest first."""
    wrong = [
        (key, result.evidence.text)
        for key, result in zip(keys, results, strict=True)
        if result.status == "contradicted" and result.evidence is not None
    ]
    wrong.sort(key=lambda pair: (not pair[0].required, -pair[0].weight))
    return [
        f"About '{key.id}' you said “{said.rstrip(' .')}”, which is wrong or very near to a common "
        f"misconception; right is: {_sentence(key.point)}"
        for key, said in wrong
    ]


def _rules(verdict: Verdict, covered: Coverage, rubric: Rubric, scale: Scale) -> list[str]:
    if verdict.cap == "required":
        ids = _quoted([key.id for key in contradicted_points(covered, rubric.key_points, scale)])
        return [f"What was said against the required {ids} keeps the answer from being strong."]
    if verdict.cap == "wrong":
        name = SCORE_NAMES[verdict.score + 1]
        return [
            f"{wrong_share(covered):.0%} of the evidence is against the key points, which is too "
            f"much for a {name} answer."
        ]
    if verdict.cap == "coverage":
        strong = verdict.score == 1
        least = scale.strong_coverage if strong else scale.partial_coverage
        return [f"A {SCORE_NAMES[verdict.score + 1]} answer takes {least:.0%} of the rubric."]
    return []


def _way_up(
    verdict: Verdict, covered: Coverage, rubric: Rubric, scale: Scale, calibration: Calibration
) -> list[str]:
    """What would have made it strong: the missing points by what they are worth to this answer."""
    if verdict.score == 2:
        return []
    stated: list[int] = []
    missing = {
        k for k, result in enumerate(covered.results) if result.status in ("missed", "contradicted")
    } or {k for k, result in enumerate(covered.results) if result.status == "partial"}
    score = 0
    while missing and score < 2:
        trials = {k: _if_stated(covered, [*stated, k]) for k in sorted(missing)}
        judged = {k: judge(trial, rubric, scale, calibration) for k, trial in trials.items()}
        best = max(judged, key=lambda k: (judged[k].level, rubric.key_points[k].weight))
        missing.remove(best)
        stated.append(best)
        score = judged[best].score
    keys = [rubric.key_points[k] for k in stated]
    if not keys:
        return []
    first = f"The most valuable point that is missing: {_sentence(keys[0].point)}"
    ids = _quoted([key.id for key in keys])
    end = "would have made it a 2" if score == 2 else "would have come nearest to a 2"
    return [first, f"Stating {ids} clearly, and the rest as it was, {end}."]


def _if_stated(covered: Coverage, points: Sequence[int]) -> Coverage:
    """The same answer with these points stated clearly and never contradicted."""
    opposition = covered.opposition.copy()
    opposition[:, points] = 0.0
    said = np.zeros((len(points), opposition.shape[1]))
    said[range(len(points)), points] = 1.0
    results = tuple(
        replace(result, status="hit") if k in points else result
        for k, result in enumerate(covered.results)
    )
    return replace(
        covered,
        results=results,
        support=np.vstack([covered.support, said]),
        opposition=np.vstack([opposition, np.zeros_like(said)]),
        alignment=_in_full(covered.alignment, points),
        nearness=_in_full(covered.nearness, points),
    )


def _in_full(shares: Floats | None, points: Sequence[int]) -> Floats | None:
    if shares is None:
        return None
    full = shares.copy()
    full[list(points)] = 1.0
    return full


def _close_call(verdict: Verdict, scale: Scale) -> list[str]:
    others = [s for s in range(3) if s != verdict.score]
    other = max(others, key=lambda s: verdict.probabilities[s])
    if verdict.probabilities[other] < scale.close_call:
        return []
    ours, theirs = verdict.probabilities[verdict.score], verdict.probabilities[other]
    return [
        f"This is near the boundary: {ours:.0%} for {SCORE_NAMES[verdict.score]}, "
        f"{theirs:.0%} for {SCORE_NAMES[other]}."
    ]


def _rubric_reasons(rubric: Rubric) -> list[str]:
    if is_thin(rubric):
        return [
            "This score rests on a thin rubric: it names no misconceptions, so wrong statements "
            "are told from right less surely."
        ]
    wordings = sum(1 + len(key.accept) for key in rubric.key_points)
    if wordings < MIN_WORDINGS * len(rubric.key_points):
        return [
            "This score rests on a thin rubric: it knows few ways to say each point, so a right "
            "statement in other words may be missed."
        ]
    return []


def _sentence(text: str) -> str:
    return f"{text.rstrip(' .')}."


def _quoted(ids: Sequence[str]) -> str:
    *most, last = (f"'{key_id}'" for key_id in ids)
    return f"{', '.join(most)} and {last}" if most else last
