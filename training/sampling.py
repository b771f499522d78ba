"""The steps of the adapter's training: which texts are learned from together."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from interviewer.bank.rubric import KeyPoint
from interviewer.scoring.claims import claims_of
from interviewer.speech.transcript import typed
from training.claims import CONTRADICTS, STATES, LabelledClaim
from training.graded import CLAIMLESS_KINDS, Material, shipped_material
from training.reversals import read_reversals
from training.wordings import Wordings, read_wordings

EPOCHS = 10
QUESTIONS_A_STEP = 2
ANSWERS_A_QUESTION = 6
WORDINGS_A_SIDE = 6
FURTHER_A_SIDE = 3
REVERSALS_A_POINT = 2
CLAIMS_A_QUESTION = 24
SAYING_NOTHING = 0.25
"""The share of those claims, at most, that say nothing of any key point."""
HELD_OUT = 0.5
"""How often a wording of the rubric is held out of its side, to be read as a claim."""
PAIRS_A_STEP = 4
DISTORTED = 0.5
"""The share of texts that are made to look like speech: fillers, no punctuation, words lost."""
CLAIMLESS_SHARE = 0.4
"""Kinds of answers that the screening sees to are drawn less often."""
T = TypeVar("T")
_FILLERS = "um|uh|so|you know|I mean|basically|like|okay so|I think|right so|and|well"
FILLERS = _FILLERS.split("|")


@dataclass
class Side:
    """Where a key point's wordings stand among a step's texts: right ones, then misconceptions."""

    start: int
    middle: int
    end: int


Single: TypeAlias = tuple[int, Mapping[int, int]]
"""Which text, and by the numbers of key points whether it states or contradicts them; what it says
nothing of is left out."""


@dataclass
class Step:
    """The texts of one step. `point` and `wrong` tell the first `len(point)` of them apart."""

    texts: list[str] = field(default_factory=list)
    point: list[int] = field(default_factory=list)
    wrong: list[bool] = field(default_factory=list)
    answers: list[tuple[list[Side], list[float], int, int, int]] = field(default_factory=list)
    """For each answer: its key points and their weights, its claims' first and end, its grade."""
    singles: list[tuple[list[Side], list[Single]]] = field(default_factory=list)
    """For each question: its key points, and the wordings to be read as claims."""

    def add_point(self, right: Sequence[str], misconceptions: Sequence[str]) -> Side:
        start, number = len(self.texts), self.point[-1] + 1 if self.point else 0
        self._add(number, right, False)
        self._add(number, misconceptions, True)
        return Side(start, start + len(right), len(self.texts))

    def add_further(self, right: Sequence[str], misconceptions: Sequence[str]) -> range:
        """More wordings of the point added last, to which answers are not compared."""
        first = len(self.texts)
        self._add(self.point[-1], right, False)
        self._add(self.point[-1], misconceptions, True)
        return range(first, len(self.texts))

    def _add(self, number: int, texts: Sequence[str], wrong: bool) -> None:
        self.texts += texts
        self.point += [number] * len(texts)
        self.wrong += [wrong] * len(texts)


@dataclass(frozen=True)
class Written:
    """What was written of key points for training alone, by question and key point."""

    wordings: Mapping[tuple[str, str], Wordings]
    reversals: Mapping[tuple[str, str], list[list[str]]]

    def __len__(self) -> int:
        n_wordings = sum(len(said) for said in self.wordings.values())
        return n_wordings + 2 * sum(len(pairs) for pairs in self.reversals.values())

    def without(self, questions: Collection[str]) -> Written:
        return Written(
            {key: said for key, said in self.wordings.items() if key[0] not in questions},
            {key: said for key, said in self.reversals.items() if key[0] not in questions},
        )


def read_written() -> Written:
    return Written(read_wordings(), read_reversals())


def learned_from(unseen: bool) -> tuple[Material, Written, list[str]]:
    """The answers, what was written, and the questions: all, or nothing of the new ones."""
    material = shipped_material()
    left_out = material.new_questions if unseen else frozenset()
    questions = [q.id for q in material.bank.questions if q.id not in left_out]
    return material.without(left_out), read_written().without(left_out), questions


class Sampler:
    """Draws the steps of the training, every time the same."""

    def __init__(
        self,
        material: Material,
        written: Written,
        questions: Sequence[str],
        pairs: list[list[str]],
        seed: int,
    ) -> None:
        self._wordings, self._reversals = written.wordings, written.reversals
        self._draw = random.Random(seed)  # noqa: S311 - nothing here is secret
        self._rubrics = material.rubrics
        self._questions = list(questions)
        self._pairs = pairs
        self._answers: dict[str, list[tuple[list[str], int, str]]] = {}
        for answer in material.train:
            claims = [claim.text for claim in claims_of(typed(answer.text))]
            entry = claims, answer.grades[0], answer.kind
            self._answers.setdefault(answer.question, []).append(entry)
        self._claims: dict[str, tuple[list[LabelledClaim], list[LabelledClaim]]] = {}
        for labelled in material.claims():
            of_question = self._claims.setdefault(labelled.question, ([], []))
            of_question[not labelled.labels].append(labelled)

    def __len__(self) -> int:
        return EPOCHS * math.ceil(len(self._questions) / QUESTIONS_A_STEP)

    def steps(self) -> Iterator[Step]:
        for _ in range(EPOCHS):
            self._draw.shuffle(self._questions)
            for first in range(0, len(self._questions), QUESTIONS_A_STEP):
                yield self._step(self._questions[first : first + QUESTIONS_A_STEP])

    def _step(self, questions: Sequence[str]) -> Step:
        step = Step()
        sides = {}
        for question in questions:
            keys = self._rubrics[question].key_points
            singles: list[Single] = []
            sides[question] = [
                self._point(step, question, key, k, singles) for k, key in enumerate(keys)
            ]
            step.singles.append((sides[question], singles))
        for sentence, negated in self._draw.sample(
            self._pairs, min(PAIRS_A_STEP, len(self._pairs))
        ):
            step.add_point([sentence, distorted(sentence, self._draw)], [negated])
        for question, (_, singles) in zip(questions, step.singles, strict=True):
            numbers = {key.id: k for k, key in enumerate(self._rubrics[question].key_points)}
            for claim in self._claims_of(question):
                labels = {numbers[point]: label for point, label in claim.labels.items()}
                singles.append((len(step.texts), labels))
                step.texts.append(distorted(claim.text, self._draw))
        for question in questions:
            weights = [float(key.weight) for key in self._rubrics[question].key_points]
            for claims, grade, _ in self._answers_to(question):
                first = len(step.texts)
                step.texts += [distorted(claim, self._draw) for claim in claims]
                step.answers.append((sides[question], weights, first, len(step.texts), grade))
        return step

    def _point(
        self,
        step: Step,
        question: str,
        key: KeyPoint,
        number: int,
        singles: list[Single],
    ) -> Side:
        draw = self._draw
        accepts, rejects = (
            draw.sample(key.accept, len(key.accept)),
            draw.sample(key.reject, len(key.reject)),
        )
        further = self._wordings.get((question, key.id), Wordings())
        reversals = self._some(self._reversals.get((question, key.id), []), REVERSALS_A_POINT)
        held = 1 if draw.random() < HELD_OUT else 0
        right = [
            distorted(text, self._draw) for text in (key.point, *accepts[held:WORDINGS_A_SIDE])
        ]
        wrong = [distorted(text, self._draw) for text in rejects[held:WORDINGS_A_SIDE]]
        side = step.add_point(right, wrong)
        more_right = [*accepts[:held], *self._some(further.right), *(pair[0] for pair in reversals)]
        more_wrong = [*rejects[:held], *self._some(further.wrong), *(pair[1] for pair in reversals)]
        rows = step.add_further(
            [distorted(t, self._draw) for t in more_right],
            [distorted(t, self._draw) for t in more_wrong],
        )
        for i, row in enumerate(rows):
            singles.append((row, {number: STATES if i < len(more_right) else CONTRADICTS}))
        if further.beside:  # near to nothing
            singles.append((len(step.texts), {}))
            step.add_point([distorted(draw.choice(further.beside), self._draw)], [])
        return side

    def _some(self, found: Sequence[T], most: int = FURTHER_A_SIDE) -> list[T]:
        return self._draw.sample(found, min(most, len(found)))

    def _claims_of(self, question: str) -> list[LabelledClaim]:
        saying, not_saying = self._claims.get(question, ([], []))
        nothing = self._some(not_saying, int(SAYING_NOTHING * CLAIMS_A_QUESTION))
        return [*self._some(saying, CLAIMS_A_QUESTION - len(nothing)), *nothing]

    def _answers_to(self, question: str) -> list[tuple[list[str], int, str]]:
        draw = self._draw
        known = [
            answer
            for answer in self._answers.get(question, [])
            if not answer[2].startswith(CLAIMLESS_KINDS) or draw.random() < CLAIMLESS_SHARE
        ]
        chosen = draw.sample(known, min(ANSWERS_A_QUESTION - 1, len(known)))
        if draw.random() < 0.5:
            chosen += [a for a in known if a[2].startswith("reversed") and a not in chosen][:1]
        return chosen


def distorted(text: str, draw: random.Random) -> str:
    """The text made to look like speech, or as it is."""
    if draw.random() > DISTORTED:
        return text
    words = text.split()
    if draw.random() < 0.5:
        words = [re.sub(r"[.,;:?!]", "", word) for word in words]
    if draw.random() < 0.5:
        words.insert(0, draw.choice(FILLERS))
    if draw.random() < 0.4:
        words.insert(draw.randrange(len(words)), draw.choice(FILLERS))
    if draw.random() < 0.4 and len(words) > 8:
        words.pop(draw.randrange(len(words)))
    if draw.random() < 0.2 and len(words) > 14:
        cut = draw.randint(1, 4)
        words = words[:-cut] if draw.random() < 0.5 else words[cut:]
    return " ".join(words)
