"""How far the scorer agrees with people's grades where a rubric has nothing but a reference answer.

python -m benchmarks.public_answers --folder FOLDER

FOLDER holds mohler.csv, digiklausur.csv and beetle.csv, public graded answers which are no part of
this project, with the columns question_id, question, reference, answer, grade in [0, 1] and cls3 in
{0, 1, 2}. A reference becomes a rubric of one key point a sentence; beetle's alternative references
become one key point with accepts. Blank answers are left out.

"Unseen questions": the weights of the three features are the likeliest for the answers to all other
questions of the set, and the thresholds those by which these get each score as often as they have
that grade; the ones with the best kappa there hang on few answers, and do worse. "Unseen set": the
same on the other sets. "As shipped": the fit on this project's own answers.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks._agreement import (
    Floats,
    Grades,
    accuracy,
    by_cuts,
    matched_cuts,
    quadratic_weighted_kappa,
)
from benchmarks._results import Figures, machine, write_results
from interviewer.bank.question import Question
from interviewer.bank.rubric import KeyPoint, Rubric
from interviewer.scoring.calibration import Calibration, Fit
from interviewer.scoring.claims import claims_of
from interviewer.scoring.coverage import Coverage
from interviewer.scoring.embedding import Embedder, SentenceEmbedder, find_model
from interviewer.scoring.grade import FEATURES, THIN_FEATURES, judge, thin_features
from interviewer.scoring.remembering import RememberingEmbedder
from interviewer.scoring.scale import load_scale
from interviewer.scoring.scorer import Item, Scorer
from interviewer.settings import shipped_dir
from interviewer.speech.transcript import typed
from training.fit_grade import THIN_READING, fit_ordinal

KNOWN = {
    "mohler": "r .592 (Sultan et al. 2016); people with each other .60 / .52 / .69",
    "digiklausur": "token alignment alone .49 / .49 / .62",
    "beetle": "token alignment alone .43 / .41 / .48",
}
"""What others reached: Pearson / QWK / accuracy."""
SCALE = load_scale(shipped_dir("rubrics"))
NO_ANSWER = re.compile(r"no (?:response|answer)\b", re.IGNORECASE)


@dataclass(frozen=True)
class GradedSet:
    """Answers with people's grades, in the order of their questions.

    `grades` are in [0, 1], `classes` 0, 1 or 2; `references` are every answer's whole references.
    """

    name: str
    items: list[Item]
    references: list[list[str]]
    grades: Floats
    classes: Grades

    @property
    def questions(self) -> list[str]:
        return [question.id for question, _, _ in self.items]


@dataclass(frozen=True)
class Graded:
    """Values that rise with the grade, and the scores they came to."""

    values: Floats
    scores: Grades


def read_set(file: Path) -> GradedSet:
    with file.open(encoding="utf-8", newline="") as source:
        rows = [row for row in csv.DictReader(source) if not _blank(row["answer"])]
    rows.sort(key=lambda row: row["question_id"])
    references = [
        [line.strip() for line in row["reference"].splitlines() if line.strip()]
        if file.stem == "beetle"
        else [row["reference"]]
        for row in rows
    ]
    return GradedSet(
        file.stem,
        [_item(row, texts) for row, texts in zip(rows, references, strict=True)],
        references,
        np.array([float(row["grade"]) for row in rows]),
        np.array([int(row["cls3"]) for row in rows]),
    )


def _blank(answer: str) -> bool:
    return len(re.findall(r"\w", answer)) < 2 or bool(NO_ANSWER.match(answer.strip()))


def _item(row: dict[str, str], references: Sequence[str]) -> Item:
    identity = f"q-{re.sub(r'[^a-z0-9]+', '-', row['question_id'].lower()).strip('-')}"
    question = Question(
        id=identity, number=1, category="public", ask=row["question"], difficulty="medium",
        roles=("mle",), answer=references[0],
    )  # fmt: skip
    if len(references) > 1:
        first, *others = dict.fromkeys(references)
        points = [KeyPoint(id="p0", point=first, accept=tuple(others))]
    else:
        sentences = dict.fromkeys(sentences_of(references[0]))
        points = [KeyPoint(id=f"p{i}", point=text) for i, text in enumerate(sentences)]
    return question, Rubric(question_id=identity, key_points=tuple(points)), typed(row["answer"])


def sentences_of(text: str) -> list[str]:
    return [claim.text for claim in claims_of(typed(text))]


def covered_by_question(scorer: Scorer, of: GradedSet) -> list[Coverage]:
    """What the answers cover, a question at a time, so that little is held in memory."""
    found: list[Coverage] = []
    for name in dict.fromkeys(of.questions):
        items = [item for item in of.items if item[0].id == name]
        found += [covered for _, covered in scorer.cover_many(items)]
    return found


def feature_rows(of: GradedSet, covered: Sequence[Coverage]) -> Floats:
    pairs = zip(of.items, covered, strict=True)
    return np.stack([thin_features(found, item[1].key_points) for item, found in pairs])


def graded_by(fit: Fit, items: Iterable[Item], covered: Iterable[Coverage]) -> Graded:
    """The grader's verdicts; the value is the level as a share of the highest one."""
    calibration = Calibration(full=fit, thin=fit)
    verdicts = [
        judge(found, rubric, SCALE, calibration)
        for (_, rubric, _), found in zip(items, covered, strict=True)
    ]
    levels = np.array([v.level for v in verdicts])
    scores = np.array([int(v.score) for v in verdicts])
    return Graded(levels / sum(fit.ordinal.weights.values()), scores)


def fitted(rows: Floats, classes: Grades) -> Fit:
    """The features of thin rubrics by their likeliest weights, with thresholds."""
    found = fit_ordinal(rows, classes, THIN_FEATURES)
    levels = rows @ [found.weights[name] for name in THIN_FEATURES]
    cuts = matched_cuts(levels, classes)
    return Fit(reading=THIN_READING, ordinal=found.model_copy(update={"cuts": cuts}))


def unseen_questions(of: GradedSet, one: Callable[[Grades, Grades], Graded]) -> Graded:
    """Grade the answers to each question by what is learned from those to the others.

    Args:
        one: takes the numbers of the answers to learn from, and of those to grade.
    """
    questions = np.array(of.questions)
    values, scores = np.zeros(len(questions)), np.zeros(len(questions), dtype=np.int64)
    for name in dict.fromkeys(of.questions):
        here = questions == name
        found = one(np.flatnonzero(~here), np.flatnonzero(here))
        values[here], scores[here] = found.values, found.scores
    return Graded(values, scores)


def by_thresholds(of: GradedSet, values: Floats) -> Graded:
    """A plain measure with two thresholds by the other questions."""

    def one(learn: Grades, grade: Grades) -> Graded:
        cuts = matched_cuts(values[learn], of.classes[learn])
        return Graded(values[grade], by_cuts(values[grade], *cuts))

    return unseen_questions(of, one)


def plain_measures(of: GradedSet, embedder: Embedder) -> dict[str, Floats]:
    """What others score with, the best over alternative references."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    tfidf = TfidfVectorizer(stop_words="english", sublinear_tf=True)
    tfidf.fit(sorted({text for texts in of.references for text in texts}))
    answers = [transcript.text for _, _, transcript in of.items]

    def best(likeness: Callable[[str, str], float]) -> Floats:
        pairs = zip(answers, of.references, strict=True)
        return np.array([max(likeness(said, text) for text in texts) for said, texts in pairs])

    def cosine(said: str, reference: str) -> float:
        first, second = embedder.embed([said, reference])
        return float(first @ second)

    def shared_words(said: str, reference: str) -> float:
        first, second = tfidf.transform([said]), tfidf.transform([reference])
        return float(first.multiply(second).sum())

    def sentence_by_sentence(said: str, reference: str) -> float:
        wanted = embedder.embed(sentences_of(reference))
        return float((embedder.embed(sentences_of(said)) @ wanted.T).max(axis=0).mean())

    embedder.embed([*answers, *(text for texts in of.references for text in texts)])
    embedder.embed([sentence for said in answers for sentence in sentences_of(said)])
    return {
        "whole-answer cosine": best(cosine),
        "TF-IDF cosine": best(shared_words),
        "mean best cosine per reference sentence": best(sentence_by_sentence),
        "word count": np.array([float(len(said.split())) for said in answers]),
    }


def agreement(of: GradedSet, found: Graded) -> tuple[float, float, float]:
    """Pearson correlation with the grade, kappa and accuracy on the classes."""
    pearson = float(np.corrcoef(found.values, of.grades)[0, 1])
    kappa = quadratic_weighted_kappa(of.classes, found.scores)
    return pearson, kappa, accuracy(of.classes, found.scores)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, help="holds mohler.csv, digiklausur.csv, beetle.csv")
    folder = parser.parse_args().folder
    if folder is None:
        parser.error("name the folder of the public answers: --folder FOLDER")
    missing = [f"{name}.csv" for name in KNOWN if not (folder / f"{name}.csv").is_file()]
    if missing:
        parser.error(f"{folder} lacks {', '.join(missing)}")
    on, sets = machine(), [read_set(folder / f"{name}.csv") for name in KNOWN]
    model = find_model(offline=True)
    scorer = Scorer(SentenceEmbedder(model), SCALE)
    covered = {of.name: covered_by_question(scorer, of) for of in sets}
    rows = {of.name: feature_rows(of, covered[of.name]) for of in sets}
    shipped = scorer.calibration.thin
    figures: Figures = {"scorer": scorer.name}
    runs: list[dict[str, object]] = []
    for of in sets:
        found = measured(of, sets, covered[of.name], rows, shipped)
        plain = {
            "alignment alone": rows[of.name][:, THIN_FEATURES.index("aligned")],
            **plain_measures(of, RememberingEmbedder(SentenceEmbedder(model, Path("none")))),
        }
        found |= {name: by_thresholds(of, values) for name, values in plain.items()}
        figures[f"{of.name}: answers, questions"] = f"{len(of.items)}, {len(set(of.questions))}"
        for name, graded in found.items():
            r, kappa, right = agreement(of, graded)
            figures[f"{of.name}: {name}, r / QWK / accuracy"] = (
                f"{r:.3f} / {kappa:.3f} / {right:.3f}"
            )
            runs.append({"set": of.name, "method": name, "r": r, "QWK": kappa, "accuracy": right})
        figures[f"{of.name}: known"] = KNOWN[of.name]
    write_results("public_answers", (__doc__ or "").strip(), on, figures, runs)


def measured(
    of: GradedSet,
    sets: Sequence[GradedSet],
    covered: Sequence[Coverage],
    rows: dict[str, Floats],
    shipped: Fit,
) -> dict[str, Graded]:
    """This scorer on one set, in the three ways of fitting it, and without what the reader says."""

    def unseen(here: Floats) -> Graded:
        def one(learn: Grades, grade: Grades) -> Graded:
            fit = fitted(here[learn], of.classes[learn])
            return graded_by(fit, [of.items[i] for i in grade], [covered[i] for i in grade])

        return unseen_questions(of, one)

    read = np.array([name in FEATURES for name in THIN_FEATURES])
    others = [other for other in sets if other is not of]
    elsewhere = fitted(
        np.concatenate([rows[other.name] for other in others]),
        np.concatenate([other.classes for other in others]),
    )
    return {
        "this scorer, unseen questions": unseen(rows[of.name]),
        "without the reader, unseen questions": unseen(np.where(read, 0.0, rows[of.name])),
        "this scorer, unseen set": graded_by(elsewhere, of.items, covered),
        "this scorer, as shipped": graded_by(shipped, of.items, covered),
    }


if __name__ == "__main__":
    main()
