"""The graded answers of `benchmarks/answers/`, and which questions they are tested on."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from interviewer.bank.question import Bank, load_bank
from interviewer.bank.rubric import Rubric, load_rubrics
from interviewer.scoring.scorer import Item
from interviewer.settings import shipped_dir
from interviewer.speech.transcript import typed

ANSWERS_DIR = Path(__file__).parent.parent / "benchmarks" / "answers"
GRADES_FILE = "grades.jsonl"
TEST_EVERY = 3
"""Every third question of the bank is for testing; nothing of its answers is ever trained on."""
HELD_OUT_EVERY = 3
"""The answers to every third train question are for fitting the grader."""


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


def read_answers(folder: Path = ANSWERS_DIR) -> list[Answer]:
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
    test: list[Answer]
    test_questions: frozenset[str]

    @property
    def held_out(self) -> list[Answer]:
        """Of the train answers those on which the grader is fitted.

        An adapter makes the answers that it was trained on look more clear-cut than new ones, so
        the evidence in these is taken from one that was trained without them.
        """
        train = [q.id for q in self.bank.questions if q.id not in self.test_questions]
        chosen = set(train[::HELD_OUT_EVERY])
        return [answer for answer in self.train if answer.question in chosen]

    def without_held_out(self) -> Material:
        """The same, to train on what the grader is not fitted on."""
        held_out = set(self.held_out)
        return replace(self, train=[answer for answer in self.train if answer not in held_out])

    def items(self, answers: Iterable[Answer]) -> list[Item]:
        return [
            (self.bank.question(a.question), self.rubrics[a.question], typed(a.text))
            for a in answers
        ]


def shipped_material(answers_dir: Path = ANSWERS_DIR) -> Material:
    """Everything that training and measuring need, from the shipped files."""
    bank = load_bank(shipped_dir("bank"))
    rubrics = load_rubrics(shipped_dir("rubrics"), bank)
    test = frozenset(q.id for q in bank.questions if q.number % TEST_EVERY == 0)
    answers = [answer for answer in read_answers(answers_dir) if answer.question in rubrics]
    return Material(
        bank,
        rubrics,
        [answer for answer in answers if answer.question not in test],
        [answer for answer in answers if answer.question in test],
        test,
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
