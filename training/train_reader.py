"""Train the reader: does a claim, read beside a key point, state it or contradict it?

python -m training.train_reader [--adapter FILE] [--unseen] [--out FILE]

The adapter's lower layers stay as they are, and read each text once; the last two layers, and a
small head, learn to class pairs (`interviewer.scoring.reader`). Half of the pairs are labelled
claims of answers (`training/claims/`) beside the key points of their question, half wordings of the
rubrics, of `training/wordings/` and of `training/reversals/` beside their own key point or another.
The classes are drawn more evenly than they come: in answers most claims are about no given point,
so the third class gets its odds back at the end.

Nothing of a test question's answers is used, nor of those on which the grader is fitted; with
`--unseen` nothing of their rubrics either.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from interviewer.scoring.adapter import ADAPTER, add_adapter
from interviewer.scoring.embedding import DIMENSIONS
from interviewer.scoring.reader import HEAD, LAYERS, READER_FILE, TextState, logits
from training.claims import CONTRADICTS, NEITHER, STATES
from training.descent import descend
from training.graded import Material
from training.sampling import Written, distorted, learned_from
from training.train_adapter import MAX_TOKENS, base_model, differences, write_adapter

STEPS = 900
PAIRS_A_STEP = 128
PAIRS_AT_ONCE = 32
LEARNING_RATE = 3e-4
HEAD_LEARNING_RATE = 1e-3
RANK = 64
INNER = 128
"""The width of the head."""
CLAIMS_SHARE = 0.5
OWN_WORDINGS = 0.72
"""Of the wordings, the share beside their own point, half of them right; then, to the second
number, those beside another point of their question; and the rest are beside any point."""
SAME_QUESTION = 0.94
LABELLED = (0.35, 0.65)
"""Of the claims, the share that states the point, and with that the share that says anything."""
NEITHER_ODDS = 2.0
"""What the third class gets back, in logits."""
BATCH_TEXTS = 64


@dataclass(frozen=True)
class Pair:
    claim: str
    point: str
    label: int


@dataclass
class Wording:
    """What there is of one key point."""

    question: str
    point: str
    right: list[str]
    wrong: list[str]
    beside: list[str]


class Sampler:
    """Draws the pairs of each step, every time the same."""

    def __init__(
        self, material: Material, written: Written, questions: Sequence[str], seed: int
    ) -> None:
        self._draw = random.Random(seed)  # noqa: S311 - nothing here is secret
        self._wordings = [w for q in questions for w in _wordings_of(material, written, q)]
        self._of_question: dict[str, list[Wording]] = {}
        for wording in self._wordings:
            self._of_question.setdefault(wording.question, []).append(wording)
        self._distorted = {
            text: distorted(text, self._draw)
            for wording in self._wordings
            for text in (*wording.right, *wording.wrong, *wording.beside)
        }
        self._labelled: tuple[list[Pair], list[Pair], list[Pair]] = ([], [], [])
        for claim in material.claims():
            if claim.question in self._of_question:
                for key in material.rubrics[claim.question].key_points:
                    label = claim.labels.get(key.id, NEITHER)
                    self._labelled[label].append(Pair(claim.text, key.point, label))

    @property
    def texts(self) -> list[str]:
        """Everything that may be drawn."""
        points = [wording.point for wording in self._wordings]
        claims = [pair.claim for pairs in self._labelled for pair in pairs]
        return [*points, *self._distorted, *self._distorted.values(), *claims]

    def steps(self) -> Iterator[list[Pair]]:
        for _ in range(STEPS):
            n_claims = int(CLAIMS_SHARE * PAIRS_A_STEP)
            claims = [self._claim() for _ in range(n_claims)]
            yield claims + [self._worded() for _ in range(PAIRS_A_STEP - n_claims)]

    def _claim(self) -> Pair:
        states, says = LABELLED
        chance = self._draw.random()
        label = STATES if chance < states else CONTRADICTS if chance < says else NEITHER
        return self._draw.choice(self._labelled[label])

    def _worded(self) -> Pair:
        draw = self._draw
        wording, chance = draw.choice(self._wordings), draw.random()
        if chance < OWN_WORDINGS:
            label = STATES if chance < OWN_WORDINGS / 2 else CONTRADICTS
            texts = wording.right if label == STATES else wording.wrong
        else:
            label = NEITHER
            others = [w for w in self._of_question[wording.question] if w is not wording]
            if chance > SAME_QUESTION or not others:
                others = [w for w in self._wordings if w is not wording]
            other = draw.choice(others)
            texts = [*other.right, *other.wrong, *wording.beside]
        text = draw.choice(texts)
        said = self._distorted[text] if draw.random() < 0.5 else text
        return Pair(said, wording.point, label)


def _wordings_of(material: Material, written: Written, question: str) -> Iterator[Wording]:
    for key in material.rubrics[question].key_points:
        further = written.wordings[question, key.id]
        reversals = written.reversals[question, key.id]
        yield Wording(
            question,
            key.point,
            [*key.accept, *further.right, *(right for right, _ in reversals)],
            [*key.reject, *further.wrong, *(wrong for _, wrong in reversals)],
            further.beside,
        )


class Head(nn.Module):
    """What makes three classes of a pair, and tells its two texts apart."""

    def __init__(self) -> None:
        super().__init__()
        n_features = 3 * DIMENSIONS + 1
        self.segments = nn.Parameter(torch.zeros(2, DIMENSIONS))
        self.inner = nn.Parameter(torch.randn(INNER, n_features) / n_features**0.5)
        self.inner_bias = nn.Parameter(torch.zeros(INNER))
        self.outer = nn.Parameter(torch.randn(3, INNER) / INNER**0.5)
        self.outer_bias = nn.Parameter(torch.zeros(3))

    def tensors(self) -> dict[str, Tensor]:
        return {f"{HEAD}.{name}": parameter for name, parameter in self.named_parameters()}


class Upper(nn.Module):
    """The layers that are trained. They read no word embeddings."""

    def __init__(self, layers: nn.ModuleList) -> None:
        super().__init__()
        self.embeddings = nn.Identity()
        self.layers = layers


@torch.no_grad()
def lower_states(model: Any, tokenizer: Any, texts: Sequence[str]) -> dict[str, TextState]:
    """What the lower layers make of each text, at half the precision."""
    states = {}
    order = sorted(dict.fromkeys(texts), key=lambda text: (len(text), text))
    for first in range(0, len(order), BATCH_TEXTS):
        some = order[first : first + BATCH_TEXTS]
        batch = tokenizer(
            some, padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
        )
        with torch.autocast("cpu", dtype=torch.bfloat16):
            layers = model(**batch, output_hidden_states=True).hidden_states
        mask = batch["attention_mask"]
        last = (layers[-1].float() * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        vectors = functional.normalize(last, dim=-1)
        for row, text in enumerate(some):
            tokens = layers[-1 - LAYERS][row, : int(mask[row].sum())]
            states[text] = TextState(tokens.half().clone(), vectors[row].clone())
    return states


def loss_of(
    pairs: Sequence[Pair], states: Mapping[str, TextState], layers: Any, head: Head
) -> Tensor:
    """Mean cross entropy; pairs of like length are read together."""

    def length(pair: Pair) -> int:
        return len(states[pair.claim].tokens) + len(states[pair.point].tokens)

    order = sorted(pairs, key=length)
    losses = []
    for first in range(0, len(order), PAIRS_AT_ONCE):
        some = order[first : first + PAIRS_AT_ONCE]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = logits(
                layers,
                head.tensors(),
                [states[pair.claim] for pair in some],
                [states[pair.point] for pair in some],
            )
        labels = torch.tensor([pair.label for pair in some])
        losses.append(functional.cross_entropy(found.float(), labels, reduction="sum"))
    return torch.stack(losses).sum() / len(pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--adapter", type=Path, default=ADAPTER, help="the adapter that it reads by"
    )
    parser.add_argument("--unseen", action="store_true", help="leave those rubrics out")
    parser.add_argument("--out", type=Path, help="where it goes; beside the adapter by default")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    material, written, questions = learned_from(options.unseen)
    model, tokenizer = base_model()
    fits = add_adapter(model, options.adapter)
    sampler = Sampler(material, written, questions, seed=0)
    states = lower_states(model, tokenizer, sampler.texts)
    upper, head = Upper(model.encoder.layer[-LAYERS:]), Head()
    before = {name: value.detach().clone() for name, value in upper.layers.named_parameters()}
    descend(
        upper, head, sampler.steps(), STEPS,
        lambda pairs: loss_of(pairs, states, upper.layers, head),
        LEARNING_RATE, HEAD_LEARNING_RATE,
    )  # fmt: skip
    tensors = {name: value.detach().half() for name, value in head.tensors().items()}
    tensors[f"{HEAD}.outer_bias"][NEITHER] += NEITHER_ODDS
    tensors |= differences(before, upper.layers, rank=RANK)
    trained_on = f"{len(questions)} rubrics, {len(written)} further wordings of them"
    trained_on += f", {len(material.claims())} claims of answers to train questions"
    out = options.out or options.adapter.with_name(READER_FILE)
    write_adapter(out, tensors, trained_on, rank=RANK, fits=fits)


if __name__ == "__main__":
    main()
