"""How far the scorer agrees with graded answers, beside plain measures of likeness.

python -m benchmarks.score_agreement

On the answers to test questions, none of which was trained on: as the shipped scorer scores them,
which has seen the questions' rubrics, and with an adapter and a grader that have seen neither
(`benchmarks/unseen/`). *Later answers* were written by others when there was a scorer already, of
kinds and in words that it did not know. Plain measures get the two thresholds that fit the train
answers best.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks._agreement import (
    Floats,
    Grades,
    accuracy,
    best_cuts,
    by_cuts,
    confusion,
    quadratic_weighted_kappa,
)
from benchmarks._results import Figures, machine, write_results
from interviewer.bank.rubric import Rubric
from interviewer.scoring.adapter import ADAPTER
from interviewer.scoring.calibration import Calibration, calibrations
from interviewer.scoring.embedding import Embedder, SentenceEmbedder, find_model
from interviewer.scoring.remembering import RememberingEmbedder
from interviewer.scoring.scale import load_scale
from interviewer.scoring.scorer import Scorer
from interviewer.scoring.screening import words_of
from interviewer.settings import shipped_dir
from interviewer.speech.transcript import Segment, Transcript, Word, typed
from training.graded import (
    CLAIMLESS_KINDS,
    Answer,
    Material,
    points_only,
    shipped_material,
    without_rejects,
)

UNSEEN = Path(__file__).parent / "unseen" / "adapter.safetensors"
UNSEEN_GRADE = UNSEEN.with_name("grade.json")
BY_HAND = Path(__file__).parent / "answers.jsonl"
JUNK = (*CLAIMLESS_KINDS, "silence")
SHORT_STRONG = ("strong-short", "strong-terse")

Measure = Callable[[Sequence[Answer]], Floats]


@dataclass(frozen=True)
class Bench:
    """The material, and the models that are measured on it."""

    material: Material
    shipped: Embedder
    unseen: Embedder
    plain: Embedder

    def scores(
        self,
        embedder: Embedder,
        calibration: Calibration | None = None,
        form: Callable[[Rubric], Rubric] = lambda rubric: rubric,
        transcript_of: Callable[[str], Transcript] = typed,
        answers: Sequence[Answer] | None = None,
    ) -> list[int]:
        """The scores of answers, of all those to test questions unless others are given."""
        material, scorer = self.material, Scorer(embedder, SCALE, calibration)
        items = [
            (
                material.bank.question(a.question),
                form(material.rubrics[a.question]),
                transcript_of(a.text),
            )
            for a in (material.test if answers is None else answers)
        ]
        return [int(found.score or 0) for found in scorer.score_many(items)]


SCALE = load_scale(shipped_dir("rubrics"))


def as_heard(text: str) -> Transcript:
    """What a recogniser without punctuation makes of a flawless recording.

    Lower-case words of 0.3 s each, with a pause of 0.7 s after each sentence.
    """
    words, now_s = [], 0.0
    for sentence in re.split(r"(?<=[.?!])\s+", text.strip()):
        for word in re.findall(r"[a-z0-9']+", sentence.lower()):
            words.append(Word(word, now_s, now_s + 0.3))
            now_s += 0.3
        now_s += 0.7
    segment = Segment(" ".join(word.text for word in words), 0.0, now_s, tuple(words))
    return Transcript((segment,), "imagined", "", "", now_s)


def written_by_hand() -> list[Answer]:
    """86 answers to seven questions, written and graded by one person."""
    entries = [json.loads(line) for line in BY_HAND.read_text(encoding="utf-8").splitlines()]
    return [Answer(e["question"], e["kind"], e["text"], (e["grade"],)) for e in entries]


def plain_measures(bench: Bench) -> dict[str, Measure]:
    """What others score with."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    material, embed = bench.material, bench.plain.embed
    tfidf = TfidfVectorizer(stop_words="english", sublinear_tf=True)
    tfidf.fit([question.answer for question in material.bank.questions])

    def model_answers(answers: Sequence[Answer]) -> list[str]:
        return [material.bank.question(a.question).answer for a in answers]

    def whole_answer(answers: Sequence[Answer]) -> Floats:
        said, models = embed([a.text for a in answers]), embed(model_answers(answers))
        return np.asarray((said * models).sum(axis=1), dtype=np.float64)

    def mean_key_point(answers: Sequence[Answer]) -> Floats:
        def mean(answer: Answer) -> float:
            points = embed([key.point for key in material.rubrics[answer.question].key_points])
            sentences = re.split(r"(?<=[.?!])\s+", answer.text.strip())
            return float((embed(sentences) @ points.T).max(axis=0).mean())

        return np.array([mean(answer) for answer in answers])

    def shared_words(answers: Sequence[Answer]) -> Floats:
        said = tfidf.transform([a.text for a in answers])
        return np.asarray(
            said.multiply(tfidf.transform(model_answers(answers))).sum(axis=1)
        ).ravel()

    def word_count(answers: Sequence[Answer]) -> Floats:
        return np.array([float(len(words_of(a.text))) for a in answers])

    return {
        "whole-answer cosine": whole_answer,
        "mean key-point cosine": mean_key_point,
        "TF-IDF cosine": shared_words,
        "word count": word_count,
    }


def silences(material: Material) -> list[Answer]:
    """Nothing said, to every test question."""
    return [Answer(question, "silence", "", (0,)) for question in sorted(material.test_questions)]


def first_grades(answers: Sequence[Answer]) -> Grades:
    return np.array([answer.grades[0] for answer in answers])


def agreement(name: str, grades: Sequence[int] | Grades, scores: Sequence[int] | Grades) -> Figures:
    return {
        f"{name}, QWK": quadratic_weighted_kappa(grades, scores),
        f"{name}, accuracy": accuracy(grades, scores),
    }


def share(
    answers: Sequence[Answer],
    scores: Sequence[int],
    kinds: str | tuple[str, ...],
    wanted: set[int],
) -> float:
    """The share of answers of some kinds whose score is one of those wanted."""
    found = [s in wanted for a, s in zip(answers, scores, strict=True) if a.kind.startswith(kinds)]
    return float(np.mean(found))


def by_kind(name: str, answers: Sequence[Answer], scores: Sequence[int]) -> Figures:
    """What must not happen, and how often it does."""
    return {
        f"{name}, reversed graded 2": share(answers, scores, "reversed", {2}),
        f"{name}, reversed graded 0": share(answers, scores, "reversed", {0}),
        f"{name}, junk graded above 0": share(answers, scores, JUNK, {1, 2}),
        f"{name}, short strong graded 2": share(answers, scores, SHORT_STRONG, {2}),
        f"{name}, strong graded 0": share(answers, scores, "strong", {0}),
    }


def main() -> None:
    on = machine()
    folder = find_model(offline=True)

    def embedder(adapter: Path) -> Embedder:
        return RememberingEmbedder(SentenceEmbedder(folder, adapter))

    material = shipped_material()
    bench = Bench(material, embedder(ADAPTER), embedder(UNSEEN), embedder(Path("none")))
    test, train, grades = material.test, material.train, first_grades(material.test)
    figures: Figures = {
        "answers to test questions": len(test),
        "later answers to test questions": len(material.later_test),
        "scorer": Scorer(bench.shipped, SCALE).name,
        "answers to train questions": len(train),
    }
    seen = bench.scores(bench.shipped)
    fitted = calibrations(UNSEEN_GRADE)[bench.unseen.name]
    unseen = bench.scores(bench.unseen, fitted)
    silent = silences(material)
    nothing_said = bench.scores(bench.shipped, answers=silent)
    later = material.later_test
    later_seen = bench.scores(bench.shipped, answers=later)
    later_unseen = bench.scores(bench.unseen, fitted, answers=later)
    for name, scores in (("rubrics seen", seen), ("nothing seen", unseen)):
        kinds = by_kind(name, [*test, *silent], [*scores, *nothing_said])
        figures |= agreement(name, grades, scores) | kinds
    for name, scores in (("rubrics seen", later_seen), ("nothing seen", later_unseen)):
        name = f"later answers, {name}"
        figures |= agreement(name, first_grades(later), scores) | by_kind(name, later, scores)
    without = bench.scores(bench.plain)
    figures |= agreement("without the adapter", grades, without)
    for name, measure in plain_measures(bench).items():
        cuts = best_cuts(measure(train), first_grades(train))
        figures |= agreement(name, grades, by_cuts(measure(test), *cuts))
        figures |= agreement(
            f"later answers, {name}", first_grades(later), by_cuts(measure(later), *cuts)
        )
    for name, form in (("points and accepts", without_rejects), ("points only", points_only)):
        figures |= agreement(
            f"nothing seen, {name}", grades, bench.scores(bench.unseen, fitted, form)
        )
    heard = bench.scores(bench.shipped, transcript_of=as_heard)
    figures |= agreement("without punctuation", grades, heard)
    figures["without punctuation, same score as typed"] = accuracy(seen, heard)
    by_hand = written_by_hand()
    for name, form_of in (("by one hand", typed), ("by one hand, as heard", as_heard)):
        scores = bench.scores(bench.shipped, transcript_of=form_of, answers=by_hand)
        figures |= agreement(name, first_grades(by_hand), scores)
    again = bench.scores(RememberingEmbedder(SentenceEmbedder(folder, ADAPTER)))
    figures["repeated run, same scores"] = accuracy(seen, again)
    runs = [
        {"question": a.question, "kind": a.kind, "grade": a.grades[0], "seen": s, "nothing seen": u}
        for a, s, u in zip(
            [*test, *later], [*seen, *later_seen], [*unseen, *later_unseen], strict=True
        )
    ]
    write_results("score_agreement", (__doc__ or "").strip(), on, figures, runs)
    for name, answers, scores in (
        ("Rubrics seen", test, seen),
        ("Nothing seen", test, unseen),
        ("Later answers, rubrics seen", later, later_seen),
        ("Later answers, nothing seen", later, later_unseen),
    ):
        print_kinds(name, answers, scores)
        print(confusion(first_grades(answers), scores))


def print_kinds(name: str, answers: Sequence[Answer], scores: Sequence[int]) -> None:
    print(f"\n| {name} | scored 0 | scored 1 | scored 2 |\n|---|---|---|---|")
    for kind in dict.fromkeys(sorted(a.kind for a in answers)):
        of_kind = [s for a, s in zip(answers, scores, strict=True) if a.kind == kind]
        print(f"| {kind} | {of_kind.count(0)} | {of_kind.count(1)} | {of_kind.count(2)} |")


if __name__ == "__main__":
    main()
