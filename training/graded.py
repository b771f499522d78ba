"""Graded answers, and which of them may be learned from."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from interviewer.bank.question import Bank, load_bank
from interviewer.bank.rubric import Rubric, load_rubrics
from interviewer.scoring.claims import claims_of
from interviewer.scoring.scale import load_scale
from interviewer.scoring.scorer import Item
from interviewer.scoring.screening import screen
from interviewer.settings import shipped_dir
from interviewer.speech.transcript import typed
from training.claims import LabelledClaim, read_claims

ANSWERS_DIR = Path(__file__).parent.parent / "benchmarks" / "answers"
LATER_DIR = ANSWERS_DIR.with_name("later_answers")
"""By other writers, when there was a scorer already, in other words and of other kinds."""
GRADES_FILE = "grades.jsonl"
CLAIMLESS_KINDS = ("dont-know", "junk", "keywords", "other-question", "parroting", "platitudes")
"""How kinds of answers begin that claim nothing."""
TEST_EVERY = 3
"""Every third question of the bank is for testing; nothing of its answers is ever trained on."""
HELD_OUT_EVERY = 3
"""The later answers to every third train question are for fitting the grader."""


@dataclass(frozen=True)
class Answer:
    """One written answer, with the grade of each grader, who saw neither `kind` nor each other."""

    question: str
    kind: str
    text: str
    grades: tuple[int, ...]


def intended(kind: str) -> int:
    """The grade that the writer of an answer had in mind."""
    return 2 if kind.startswith("strong") else 1 if kind.startswith("partial") else 0


def read_answers(folder: Path) -> list[Answer]:
    """Every answer with its blind grades; one that has none has the grade that was intended."""
    grades: dict[tuple[str, str], tuple[int, ...]] = {}
    file = folder / GRADES_FILE
    if file.exists():
        for entry in _lines(file):
            given = tuple(grade for grade in (entry["a"], entry["b"]) if grade is not None)
            if given:
                grades[entry["question"], entry["kind"]] = given
    found = []
    for path in sorted(folder.glob("[0-9]*.jsonl")):
        for entry in _lines(path):
            key = entry["question"], entry["kind"]
            found.append(Answer(*key, entry["text"], grades.get(key, (intended(entry["kind"]),))))
    return found


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line]


@dataclass(frozen=True)
class Material:
    """The shipped bank and its graded answers, apart by what may be learned from."""

    bank: Bank
    rubrics: Mapping[str, Rubric]
    train: list[Answer]
    held_out: list[Answer]
    """Answers to train questions from which no model learns, to fit the grader on.

    A model makes the answers that it was trained on look more clear-cut than new ones.
    """
    test: list[Answer]
    later_test: list[Answer]
    test_questions: frozenset[str]

    @property
    def fitted_on(self) -> list[Answer]:
        """The answers on which the grader is fitted.

        Few of those held out claim nothing, so the first ones that do, to the same questions, are
        added. Models have learned from these, but there is nothing in them to find clear-cut.
        """
        questions = {answer.question for answer in self.held_out}
        claimless = (
            answer
            for answer in self.train
            if answer.question in questions and answer.kind.startswith(CLAIMLESS_KINDS)
        )
        return [*self.held_out, *claimless]

    @property
    def new_questions(self) -> frozenset[str]:
        """Those of which nothing may be known where new questions are measured or fitted."""
        return self.test_questions | {answer.question for answer in self.held_out}

    def without(self, questions: Collection[str]) -> Material:
        """The same without what was answered to some questions."""
        rest = [answer for answer in self.train if answer.question not in questions]
        return replace(self, train=rest)

    def claims(self) -> list[LabelledClaim]:
        """The labelled claims that may be learned from; none of what was left out."""
        scale = load_scale(shipped_dir("rubrics"))
        known = {answer.question for answer in self.train}
        kept_back = {
            (answer.question, claim.text)
            for answer in self.held_out
            for claim in screen(
                claims_of(typed(answer.text)), self.bank.question(answer.question).ask, scale
            ).counted
        }
        return [
            claim
            for claim in read_claims()
            if claim.question in known and (claim.question, claim.text) not in kept_back
        ]

    def items(self, answers: Iterable[Answer]) -> list[Item]:
        return [
            (self.bank.question(a.question), self.rubrics[a.question], typed(a.text))
            for a in answers
        ]


def shipped_material() -> Material:
    """Everything that training and measuring need, from the shipped files."""
    bank = load_bank(shipped_dir("bank"))
    rubrics = load_rubrics(shipped_dir("rubrics"), bank)
    test = frozenset(q.id for q in bank.questions if q.number % TEST_EVERY == 0)
    train = [q.id for q in bank.questions if q.id not in test]
    fitted_on = frozenset(train[::HELD_OUT_EVERY])
    first, later = read_answers(ANSWERS_DIR), read_answers(LATER_DIR)
    return Material(
        bank,
        rubrics,
        train=[a for a in first if a.question not in test]
        + [a for a in later if a.question not in test | fitted_on],
        held_out=[a for a in later if a.question in fitted_on],
        test=[a for a in first if a.question in test],
        later_test=[a for a in later if a.question in test],
        test_questions=test,
    )


def without_rejects(rubric: Rubric) -> Rubric:
    """The rubric as an imported bank has it: points and other right wordings."""
    return _changed(rubric, reject=())


def points_only(rubric: Rubric) -> Rubric:
    """The rubric with its key points alone."""
    return _changed(rubric, reject=(), accept=())


def _changed(rubric: Rubric, **fields: Collection[str]) -> Rubric:
    points = tuple(key.model_copy(update=fields) for key in rubric.key_points)
    return Rubric(question_id=rubric.question_id, key_points=points)
