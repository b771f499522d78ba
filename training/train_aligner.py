"""Train the aligner: word pieces taught which of two alike sentences states a key point.

python -m training.train_aligner [--unseen] [--out FILE]

For rubrics that name no misconceptions there is nothing to contrast a claim with; all there is is
how much of a key point has a counterpart in what was said (`interviewer.scoring.alignment`). Three
losses teach the pieces' vectors to find no counterpart where the opposite was said: right wordings
of a point cover it, misconceptions do not; no wording covers another point; and the coverage of the
graded answers orders their grades.

Only train questions are used, their answers and their rubrics: a thin rubric is always a new one,
and so one aligner serves the benchmark of new questions as well. The model keeps `KEPT` of what was
learned, so that it still reads what is about other things (Wortsman et al. 2022, "Robust
fine-tuning of zero-shot models").
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from interviewer.bank.rubric import KeyPoint
from interviewer.scoring.adapter import ALIGNER
from interviewer.scoring.alignment import Pieces, weights_of
from interviewer.scoring.claims import claims_of
from interviewer.scoring.embedding import PIECE_LAYERS, words_of_pieces
from interviewer.scoring.scale import load_scale
from interviewer.scoring.screening import screen, stem, words_of
from interviewer.settings import shipped_dir
from interviewer.speech.transcript import typed
from training.descent import descend, ordinal_loss
from training.graded import Material, shipped_material
from training.sampling import distorted
from training.train_adapter import MAX_TOKENS, base_model, differences, write_adapter
from training.wordings import Wordings, read_wordings

STEPS = 240
LEARNING_RATE = 5e-5
HEAD_LEARNING_RATE = 5e-3
KEPT = 0.7
"""The share of the learned difference that is kept."""
ELSEWHERE = 0.5
"""What covering another point costs, beside misreading one's own."""
QUESTIONS_A_STEP = 2
ANSWERS_A_QUESTION = 4
WORDINGS_A_SIDE = 3
OTHER_WORDING = 0.35
"""How often another right wording stands for a point."""
BESIDE = 0.5
"""How often a wording that is beside a point is read, too."""
BATCH_TEXTS = 32


@dataclass
class Asked:
    """One question of a step; numbers are those of the step's texts."""

    stems: frozenset[str]
    points: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    singles: list[tuple[int, int, float]] = field(default_factory=list)
    """Wordings to be read as claims: the text, its point (-1 for none), 1 where it states it."""
    answers: list[tuple[range, int]] = field(default_factory=list)
    """The claims of an answer, and its grade."""


@dataclass
class Step:
    texts: list[str] = field(default_factory=list)
    questions: list[Asked] = field(default_factory=list)

    def add(self, text: str) -> int:
        self.texts.append(text)
        return len(self.texts) - 1


class Sampler:
    """Draws the steps of the training, every time the same."""

    def __init__(self, material: Material, seed: int) -> None:
        self._draw = random.Random(seed)  # noqa: S311 - nothing here is secret
        self._material, self._wordings = material, read_wordings()
        self._answers: dict[str, list[tuple[list[str], tuple[int, ...]]]] = {}
        scale = load_scale(shipped_dir("rubrics"))
        for answer in material.train:
            question = material.bank.question(answer.question)
            screened = screen(claims_of(typed(answer.text)), question.ask, scale)
            if screened.asserted:
                claims = [claim.text for claim in screened.asserted]
                self._answers.setdefault(answer.question, []).append((claims, answer.grades))

    def steps(self) -> Iterator[Step]:
        waiting: list[str] = []
        for _ in range(STEPS):
            if len(waiting) < QUESTIONS_A_STEP:
                waiting = self._draw.sample(list(self._answers), len(self._answers))
            step = Step()
            for _ in range(QUESTIONS_A_STEP):
                step.questions.append(self._question(step, waiting.pop()))
            yield step

    def _question(self, step: Step, name: str) -> Asked:
        ask = self._material.bank.question(name).ask
        asked = Asked(frozenset(stem(word) for word in words_of(ask)))
        for number, key in enumerate(self._material.rubrics[name].key_points):
            further = self._wordings.get((name, key.id), Wordings())
            asked.points.append(step.add(self._wording(key)))
            asked.weights.append(float(key.weight))
            for stated, known, more in (
                (1.0, key.accept, further.right),
                (0.0, key.reject, further.wrong),
            ):
                for text in self._draw.sample([*known, *more], WORDINGS_A_SIDE):
                    asked.singles.append((step.add(self._distorted(text)), number, stated))
            if further.beside and self._draw.random() < BESIDE:
                text = self._distorted(self._draw.choice(further.beside))
                asked.singles.append((step.add(text), -1, 0.0))
        for claims, grades in self._draw.sample(self._answers[name], ANSWERS_A_QUESTION):
            rows = [step.add(self._distorted(claim)) for claim in claims]
            asked.answers.append((range(rows[0], rows[-1] + 1), self._draw.choice(grades)))
        return asked

    def _wording(self, key: KeyPoint) -> str:
        other = key.accept and self._draw.random() < OTHER_WORDING
        return self._draw.choice(key.accept) if other else key.point

    def _distorted(self, text: str) -> str:
        return distorted(text, self._draw)


class Reading(nn.Module):
    """From shares of a wording to whether it was stated, and to grades; thrown away afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.steepness = nn.Parameter(torch.tensor(10.0).log())
        self.threshold = nn.Parameter(torch.tensor(0.6))
        self.slope = nn.Parameter(torch.tensor(12.0).log())
        self.low = nn.Parameter(torch.tensor(0.5))
        self.width = nn.Parameter(torch.tensor(0.12).log())

    def stated(self, shares: Tensor) -> Tensor:
        """Logits that what was said states a wording."""
        return self.steepness.exp() * (shares - self.threshold)

    def loss(self, shares: Tensor, grades: Tensor) -> Tensor:
        """The mean negative log likelihood of proportional odds."""
        slope = self.slope.exp()
        high = self.low + self.width.exp()
        return ordinal_loss(slope * shares, slope * self.low, slope * high, grades)


@dataclass
class Read:
    """A text's word pieces: their words and, with gradients, their unit vectors."""

    words: tuple[str, ...]
    vectors: Tensor


def read(model: Any, tokenizer: Any, texts: Sequence[str]) -> list[Read]:
    """As `interviewer.scoring.embedding` reads pieces, with gradients."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    found = [Read((), torch.zeros(0, 1))] * len(texts)
    for first in range(0, len(order), BATCH_TEXTS):
        batch = order[first : first + BATCH_TEXTS]
        tokens = tokenizer(
            [texts[i] for i in batch],
            padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt",
        )  # fmt: skip
        with torch.autocast("cpu", dtype=torch.bfloat16):
            layers = model(**tokens, output_hidden_states=True).hidden_states
        parts = [functional.normalize(layers[i].float(), dim=-1) for i in PIECE_LAYERS]
        vectors = functional.normalize(torch.cat(parts, -1), dim=-1)
        for row, i in enumerate(batch):
            words, places = words_of_pieces(texts[i], tokens, row)
            found[i] = Read(words, vectors[row, places])
    return found


def shares(wording: Read, said: Sequence[Read], asked: Collection[str]) -> tuple[Tensor, Tensor]:
    """How much of a wording each claim says, shape `(n_claims,)`, and all of them together.

    Unlike in `interviewer.scoring.alignment` the same word in another form is nothing special:
    what it is said of must be learned.
    """
    nothing = Pieces(wording.words, np.zeros((0, 1), dtype=np.float32))
    weights = torch.from_numpy(weights_of(nothing, asked)).float()
    nearest = [
        (wording.vectors @ claim.vectors.T).max(1).values.clamp_min(0)
        if claim.words
        else torch.zeros(len(wording.words))
        for claim in said
    ]
    table = torch.stack(nearest)
    return table @ weights, table.max(0).values @ weights


def loss_of(step: Step, texts: Sequence[Read], reading: Reading) -> Tensor:
    told, elsewhere, levels, grades = [], [], [], []
    for asked in step.questions:
        said = [texts[row] for row, _, _ in asked.singles]
        by_point = [shares(texts[point], said, asked.stems)[0] for point in asked.points]
        logits = reading.stated(torch.stack(by_point, 1))
        own = torch.tensor(
            [[n == k for k in range(len(asked.points))] for _, n, _ in asked.singles]
        )
        right = torch.tensor([stated for _, n, stated in asked.singles if n >= 0])
        told.append(functional.binary_cross_entropy_with_logits(logits[own], right))
        elsewhere.append(functional.softplus(logits[~own]).mean())
        weights = torch.tensor(asked.weights) / sum(asked.weights)
        for rows, grade in asked.answers:
            claims = [texts[row] for row in rows]
            covered = [shares(texts[point], claims, asked.stems)[1] for point in asked.points]
            levels.append(torch.stack(covered) @ weights)
            grades.append(grade)
    ordered = reading.loss(torch.stack(levels), torch.tensor(grades))
    return torch.stack(told).mean() + ELSEWHERE * torch.stack(elsewhere).mean() + ordered


def train(model: Any, tokenizer: Any, sampler: Sampler) -> None:
    """Train the model in place."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    reading = Reading()
    descend(
        model,
        reading,
        sampler.steps(),
        STEPS,
        lambda step: loss_of(step, read(model, tokenizer, step.texts), reading),
        LEARNING_RATE,
        HEAD_LEARNING_RATE,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--unseen", action="store_true", help="leave what the grader is fitted on out"
    )
    parser.add_argument("--out", type=Path, default=ALIGNER)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    material = shipped_material()
    if options.unseen:
        material = material.without(material.new_questions)
    model, tokenizer = base_model()
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    train(model, tokenizer, Sampler(material, seed=1))
    trained_on = (
        f"the rubrics of {len({answer.question for answer in material.train})} questions"
        f", further wordings of them, {len(material.train)} answers to them"
    )
    write_adapter(options.out, differences(before, model, KEPT), trained_on)


if __name__ == "__main__":
    main()
