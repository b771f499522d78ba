"""Fit the grader: from what answers cover to the grades that people gave them.

python -m training.fit_grade --aligner FILE [--adapter FILE] [--out FILE]

Proportional odds on the features of `interviewer.scoring.grade`, with no weight below 0, so that a
score never falls by a right statement nor rises by a wrong one. Only answers to train questions are
used, and of those only the ones held out for this: what a model has learned from it finds too
clear-cut. A thin rubric is always a new one, so for these the answers are read by models trained
with `--unseen`, which know nothing of the questions.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from benchmarks._agreement import matched_cuts, steady_cuts
from interviewer.scoring.adapter import ADAPTER
from interviewer.scoring.calibration import (
    GRADE_FILE,
    OTHER_MODELS,
    Calibration,
    Fit,
    Ordinal,
    Reading,
)
from interviewer.scoring.embedding import (
    Embedder,
    SentenceEmbedder,
    find_model,
)
from interviewer.scoring.grade import FEATURES, THIN_FEATURES, features, thin_features
from interviewer.scoring.scale import load_scale
from interviewer.scoring.scorer import Item, Scorer
from interviewer.settings import shipped_dir
from training.graded import Answer, Material, points_only, shipped_material, without_rejects

READINGS = {
    "adapted": Reading(relevance=0.60, width=0.05, lead=0.10, sharpness=14, near_enough=0.72),
    "plain": Reading(relevance=0.45, width=0.05, lead=0.10, sharpness=12, near_enough=0.50),
}
THIN_READING = Reading(relevance=0.50, width=0.40, lead=0.60, sharpness=12, near_enough=0.40)
"""`lead` and `near_enough` are of alignments, of which two sentences of a field have 0.4 anyway."""
BY_HAND = Ordinal(weights={**dict.fromkeys(FEATURES, 0.0), "stated": 4.0}, cuts=(1.0, 2.6))
"""For models without graded answers: partial from a quarter of a rubric, strong from two thirds."""
PLAIN_NOTE = (
    "Scored without the trained adapter, so right statements and misconceptions that are worded "
    "alike are hard to tell apart."
)
THIN_BY_HAND = Ordinal(
    weights={**dict.fromkeys(THIN_FEATURES, 0.0), "aligned": 10.0}, cuts=(4.0, 7.0)
)
RIDGE = 0.02
"""How strongly large weights are held back; features are scaled to one another first."""

UNSEEN = Path(__file__).parent.parent / "benchmarks" / "unseen" / "adapter.safetensors"
"""An adapter to which the questions that the grader is fitted on are new."""
LEAST_SPREAD = 0.01
LEAST_WIDTH = 0.9
"""Between the cuts for thin rubrics, in logits; with less hardly any answer would be partial."""

Floats = npt.NDArray[np.float64]
Grades = npt.NDArray[np.int64]


def fit_ordinal(values: Floats, grades: Grades, features_of: Sequence[str] = FEATURES) -> Ordinal:
    """Weights of at least 0 and two cuts by penalised likelihood.

    Args:
        values: shape `(n_answers, len(features_of))`.
        grades: 0, 1 or 2 for each answer.
    """
    spread = values.std(axis=0)
    # A feature that hardly varies gets no weight: contradictions, where no rubric names any.
    scaled = np.where(spread > LEAST_SPREAD, values / np.maximum(spread, LEAST_SPREAD), 0.0)
    n = scaled.shape[1]
    start = np.concatenate([np.full(n, 0.1), [-1.0, 1.0]])
    bounds = [(0.0, None)] * n + [(None, None)] * 2
    found = minimize(
        _loss, start, (scaled, grades), "L-BFGS-B", jac=True, bounds=bounds,
        options={"maxiter": 2_000},
    )  # fmt: skip
    weights = np.where(spread > LEAST_SPREAD, found.x[:n] / np.maximum(spread, LEAST_SPREAD), 0.0)
    low, high = float(found.x[n]), float(found.x[n] + np.exp(found.x[n + 1]))
    named = {name: round(float(w), 3) for name, w in zip(features_of, weights, strict=True)}
    return Ordinal(weights=named, cuts=(round(low, 3), round(high, 3)))


def _loss(parameters: Floats, scaled: Floats, grades: Grades) -> tuple[float, Floats]:
    """Mean negative log likelihood with its ridge, and the gradient."""
    n = scaled.shape[1]
    weights, low, gap = parameters[:n], parameters[n], np.exp(parameters[n + 1])
    level = scaled @ weights
    below, up_to = _sigmoid(low - level), _sigmoid(low + gap - level)
    chances = np.stack([below, up_to - below, 1 - up_to], axis=1).clip(1e-9)
    chosen = chances[np.arange(len(grades)), grades]
    slope_low, slope_high = below * (1 - below), up_to * (1 - up_to)
    by_low = np.select([grades == 0, grades == 1], [-slope_low, slope_low], 0.0) / chosen
    by_high = np.select([grades == 1, grades == 2], [-slope_high, slope_high], 0.0) / chosen
    gradient = np.concatenate(
        [
            -scaled.T @ (by_low + by_high) / len(grades) + 2 * RIDGE * weights,
            [(by_low + by_high).mean(), by_high.mean() * gap],
        ]
    )
    return float(-np.log(chosen).mean() + RIDGE * weights @ weights), gradient


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-values.clip(-500, 500))))


def fit_full(values: Floats, grades: Grades) -> Ordinal:
    """The same with another upper cut: as many answers get a 2 as have that grade.

    The likeliest one is timid, because short strong answers are seen less clearly than long ones.
    """
    found = fit_ordinal(values, grades)
    levels = np.round(values @ [found.weights[name] for name in FEATURES], 4)
    low, high = found.cuts[0], matched_cuts(levels, grades)[1]
    return found.model_copy(update={"cuts": (low, max(round(high, 3), low + LEAST_SPREAD))})


def fit_thin(values: Floats, grades: Grades) -> Ordinal:
    """The same for `THIN_FEATURES`, with the two cuts at which scores agree best with grades.

    Where wrong statements can hardly be told from right ones the likeliest cuts are timid and give
    hardly any answer a 2, and the best agreement alone would leave hardly any a 1.
    """
    found = fit_ordinal(values, grades, THIN_FEATURES)
    levels = np.round(values @ [found.weights[name] for name in THIN_FEATURES], 4)
    low, high = steady_cuts(levels, grades, LEAST_WIDTH)
    return found.model_copy(update={"cuts": (round(low, 3), round(high, 3))})


def thin_table(scorer: Scorer, items: Sequence[Item]) -> tuple[Floats, list[int]]:
    """The features of answers to thin rubrics that are graded by them, and which these are."""
    rows = [
        (i, thin_features(covered, item[1].key_points))
        for i, (item, (screened, covered)) in enumerate(
            zip(items, scorer.cover_many(items), strict=True)
        )
        if not screened.strung
    ]
    return np.stack([row for _, row in rows]), [i for i, _ in rows]


def feature_table(scorer: Scorer, items: Sequence[Item]) -> tuple[Floats, list[int]]:
    """The features of the answers that have any claims, and which answers those are."""
    rows = [
        (i, features(covered, item[1].key_points))
        for i, (item, (_, covered)) in enumerate(zip(items, scorer.cover_many(items), strict=True))
        if len(covered.support)
    ]
    return np.stack([row for _, row in rows]), [i for i, _ in rows]


def calibrate_full(
    material: Material, answers: Sequence[Answer], embedder: Embedder, reading: Reading
) -> Fit:
    """Fit the grader for rubrics that name misconceptions."""
    unfitted = Fit(
        reading=reading, ordinal=Ordinal(weights=dict.fromkeys(FEATURES, 0.0), cuts=(0.0, 1.0))
    )
    scorer = Scorer(
        embedder, load_scale(shipped_dir("rubrics")), Calibration(full=unfitted, thin=unfitted)
    )
    values: list[Floats] = []
    grades: list[int] = []
    table, rows = feature_table(scorer, material.items(answers))
    for i, row in zip(rows, table, strict=True):
        values += [row] * len(answers[i].grades)
        grades += answers[i].grades
    return Fit(reading=reading, ordinal=fit_full(np.stack(values), np.array(grades)))


def calibrate_thin(material: Material, answers: Sequence[Answer], embedder: Embedder) -> Fit:
    """Fit the grader for rubrics without misconceptions, with and without other wordings."""
    unfitted = Fit(reading=THIN_READING, ordinal=THIN_BY_HAND)
    scorer = Scorer(
        embedder, load_scale(shipped_dir("rubrics")), Calibration(full=unfitted, thin=unfitted)
    )
    values: list[Floats] = []
    grades: list[int] = []
    for change in (without_rejects, points_only):
        items = [(q, change(rubric), said) for q, rubric, said in material.items(answers)]
        table, rows = thin_table(scorer, items)
        for i, row in zip(rows, table, strict=True):
            values += [row] * len(answers[i].grades)
            grades += answers[i].grades
    return Fit(reading=THIN_READING, ordinal=fit_thin(np.stack(values), np.array(grades)))


def write_calibrations(file: Path, by_model: dict[str, Calibration]) -> None:
    models: dict[str, Any] = {name: fit.model_dump() for name, fit in by_model.items()}
    file.write_text(json.dumps({"models": models}, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--adapter", type=Path, default=ADAPTER, help="fit for this adapter")
    parser.add_argument("--out", type=Path, default=GRADE_FILE)
    parser.add_argument(
        "--aligner", type=Path, required=True, help="one that was trained with --unseen"
    )
    options = parser.parse_args()
    material, folder = shipped_material(), find_model(offline=True)
    adapted, plain = (
        SentenceEmbedder(folder, adapter) for adapter in (options.adapter, Path("none"))
    )
    new = SentenceEmbedder(folder, UNSEEN, options.aligner)
    fit = Calibration(
        full=calibrate_full(material, material.fitted_on, adapted, READINGS["adapted"]),
        thin=calibrate_thin(material, material.fitted_on, new),
    )
    without = Calibration(
        full=calibrate_full(material, material.train, plain, READINGS["plain"]),
        thin=calibrate_thin(material, material.fitted_on, plain),
        note=PLAIN_NOTE,
    )
    other = Calibration(
        full=Fit(reading=READINGS["plain"], ordinal=BY_HAND),
        thin=Fit(reading=THIN_READING, ordinal=THIN_BY_HAND),
    )
    by_model = {adapted.name: fit, plain.name: without, OTHER_MODELS: other}
    write_calibrations(options.out, by_model)


if __name__ == "__main__":
    main()
