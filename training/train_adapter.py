"""Train the adapter: MiniLM taught to tell right statements from misconceptions worded alike.

python -m training.train_adapter [--unseen] [--pairs FILE] [--out FILE]

Three losses are learned together. One is contrastive, about the rubrics, the further wordings of
`training/wordings/` and the pairs of `training/reversals/`: a wording of a key point lies nearer to
the other wordings of the same side (right, or misconception) than to the other side's and to all
other points'. One is of reading: a wording, or a labelled claim of `training/claims/`, is read as
stating, contradicting, or not being about each key point of its question, as
`interviewer.scoring.coverage` reads claims. The third is ordinal, on the graded answers to train
questions: the evidence that an answer's claims give must order the grades.

Nothing of a test question's answers is used, nor of those on which the grader is fitted. With
`--unseen` nothing of their rubrics either: so the benchmark measures new questions, and the grader
for thin rubrics is fitted, which are always new ones.

Everything but the word embeddings is trained; what is kept of each matrix's change is its part of
rank 32, as `interviewer.scoring.adapter` describes. Repeatable on one machine: every draw comes
from a seed, and one thread is used whatever the number of cores.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer

from interviewer.scoring.adapter import ADAPTER
from interviewer.scoring.embedding import REPOSITORY, find_model
from training.claims import NEITHER
from training.descent import descend, ordinal_loss
from training.sampling import Sampler, Side, Step, learned_from

CYCLES = 2
"""The learning rate rises and falls this often."""
LEARNING_RATE = 1e-4
HEAD_LEARNING_RATE = 1e-2
SCALE = 20.0
"""Similarities are multiplied by this before a softmax."""
ABOUT = 0.6
"""A claim that is about a point is at least this near to a wording of it."""
ELSEWHERE = 0.3
"""What reading a wording as a claim about another point costs, beside misreading it."""
RANK = 32
MAX_TOKENS = 64
BATCH_TEXTS = 32


class Evidence(nn.Module):
    """A small ordinal grader, thrown away after training, through which answers teach the model."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.tensor([1.0, 1.0, 0.5, 0.5]))
        self.cuts = nn.Parameter(torch.tensor([0.0, 0.5]))

    def level(self, claims: Tensor, vectors: Tensor, sides: list[Side], weight: Tensor) -> Tensor:
        """How much speaks for an answer; `claims` are its vectors, `vectors` the step's."""
        states, contradicts, _ = read(claims, vectors, sides).exp().unbind(-1)
        support, opposition = (states - contradicts).relu(), (contradicts - states).relu()
        stated = (weight * support.max(0).values).sum()
        contradicted = (weight * opposition.max(0).values).sum()
        for_it, against = support.max(1).values.sum(), opposition.max(1).values.sum()
        balance = torch.log((for_it + 0.1) / (against + 0.1))
        shares = torch.log((stated + 0.05) / (contradicted + 0.05))
        terms = torch.stack([3 * stated, -3 * contradicted, balance, shares])
        return functional.softplus(self.weights) @ terms

    def loss(self, levels: Tensor, grades: Tensor) -> Tensor:
        return ordinal_loss(levels, self.cuts[0], self.cuts[0] + self.cuts[1].exp(), grades)


def _nearness(claims: Tensor, wordings: Tensor) -> Tensor:
    soft = torch.logsumexp(SCALE * claims @ wordings.T, 1) - math.log(max(1, len(wordings)))
    return soft / SCALE


def read(claims: Tensor, vectors: Tensor, sides: Sequence[Side]) -> Tensor:
    """Log probabilities that a claim states a point, contradicts it, or is not about it.

    The shape is `(n_claims, n_points, 3)`.
    """
    right = torch.stack([_nearness(claims, vectors[s.start : s.middle]) for s in sides], 1)
    wrong = torch.stack([_nearness(claims, vectors[s.middle : s.end]) for s in sides], 1)
    nothing = torch.full_like(right, ABOUT)
    return functional.log_softmax(SCALE * torch.stack([right, wrong, nothing], -1), -1)


def reading_loss(claims: Tensor, vectors: Tensor, sides: Sequence[Side], labels: Tensor) -> Tensor:
    """How badly single wordings are read as claims.

    Args:
        labels: whether each states a point, contradicts it or neither, shape
            `(n_claims, n_points)`.
    """
    missed = -read(claims, vectors, sides).gather(-1, labels.unsqueeze(-1)).squeeze(-1)
    own = labels != NEITHER
    return missed[own].mean() + ELSEWHERE * missed[~own].sum() / len(claims)


def contrast(vectors: Tensor, point: Tensor, wrong: Tensor) -> Tensor:
    """Nearer to the same side of the same point than to anything else, and than to its other side.

    Args:
        vectors: the wordings as unit vectors, shape `(n_wordings, n_dimensions)`.
        point, wrong: of which point each wording is, and whether it is a misconception.
    """
    itself = torch.eye(len(vectors), dtype=torch.bool)
    logits = (SCALE * vectors @ vectors.T).masked_fill(itself, -1e9)
    same_point = point[:, None] == point
    alike = same_point & (wrong[:, None] == wrong) & ~itself
    near = logits.masked_fill(~alike, -1e9).logsumexp(1)
    anything = logits.logsumexp(1)
    within = logits.masked_fill(~same_point, -1e9).logsumexp(1)
    return (anything + within - 2 * near)[alike.any(1)].mean()


def embed(model: Any, tokenizer: Any, texts: Sequence[str]) -> Tensor:
    """Unit vectors, with gradients, shape `(n_texts, n_dimensions)`."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    parts = []
    for first in range(0, len(order), BATCH_TEXTS):
        batch = tokenizer(
            [texts[i] for i in order[first : first + BATCH_TEXTS]],
            padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt",
        )  # fmt: skip
        with torch.autocast("cpu", dtype=torch.bfloat16):
            hidden = model(**batch).last_hidden_state
        mask = batch["attention_mask"].unsqueeze(-1).float()
        parts.append((hidden.float() * mask).sum(1) / mask.sum(1))
    back = torch.empty(len(order), dtype=torch.long)
    back[torch.tensor(order)] = torch.arange(len(order))
    return functional.normalize(torch.cat(parts)[back], dim=-1)


def train(model: Any, tokenizer: Any, sampler: Sampler) -> None:
    """Train the model in place."""
    evidence = Evidence()
    descend(
        model,
        evidence,
        sampler.steps(),
        len(sampler),
        lambda step: _loss(embed(model, tokenizer, step.texts), step, evidence),
        LEARNING_RATE,
        HEAD_LEARNING_RATE,
    )


def _loss(vectors: Tensor, step: Step, evidence: Evidence) -> Tensor:
    wordings = vectors[: len(step.point)]
    loss = contrast(wordings, torch.tensor(step.point), torch.tensor(step.wrong))
    for sides, singles in step.singles:
        labels = torch.full((len(singles), len(sides)), NEITHER)
        for i, (_, said) in enumerate(singles):
            for point, label in said.items():
                labels[i, point] = label
        claims = vectors[[row for row, _ in singles]]
        loss = loss + reading_loss(claims, vectors, sides, labels) / len(step.singles)
    if not step.answers:
        return loss
    levels = []
    for sides, weights, first, end, _ in step.answers:
        weight = torch.tensor(weights)
        levels.append(evidence.level(vectors[first:end], vectors, sides, weight / weight.sum()))
    grades = torch.tensor([grade for *_, grade in step.answers])
    return loss + evidence.loss(torch.stack(levels), grades)


def differences(
    before: dict[str, Tensor], model: Any, kept: float = 1.0, rank: int = RANK
) -> dict[str, Tensor]:
    """What was learned, or a share of it, as the adapter's tensors."""
    tensors = {}
    for name, parameter in model.named_parameters():
        learned = kept * (parameter.detach() - before[name])
        if not learned.any():
            continue
        if learned.ndim == 2:
            left, sizes, right = torch.linalg.svd(learned, full_matrices=False)
            root = sizes[:rank].sqrt()
            up, down = left[:, :rank] * root, root[:, None] * right[:rank]
        else:
            up, down = learned[:, None], torch.ones(1, 1)
        tensors[f"{name}.up"] = up.half().contiguous()
        tensors[f"{name}.down"] = down.half().contiguous()
    return tensors


def write_adapter(file: Path, tensors: dict[str, Tensor], trained_on: str, **more: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, file)
    file.chmod(0o644)
    about = {
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "base": REPOSITORY,
        "rank": RANK,
        "trained_on": trained_on,
        **more,
    }
    file.with_suffix(".json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def read_pairs(file: Path) -> list[list[str]]:
    """Sentences and their negations: two columns, separated by a tab, under a line of headings."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    return [row for row in rows if len(row) == 2 and len(row[0].split()) < 30]


def base_model() -> tuple[Any, Any]:
    """MiniLM before any adapter, and its tokenizer."""
    folder = str(find_model(offline=True))
    return AutoModel.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--unseen", action="store_true", help="leave those rubrics out")
    parser.add_argument(
        "--pairs", type=Path, help="sentences and their negations, to learn besides"
    )
    parser.add_argument("--out", type=Path, default=ADAPTER)
    options = parser.parse_args()
    torch.set_num_threads(1)
    material, written, questions = learned_from(options.unseen)
    model, tokenizer = base_model()
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    pairs = read_pairs(options.pairs) if options.pairs else []
    for cycle in range(1, CYCLES + 1):
        torch.manual_seed(cycle)
        train(model, tokenizer, Sampler(material, written, questions, pairs, seed=cycle))
    trained_on = (
        f"{len(questions)} rubrics, {len(written)} further wordings of them"
        f", {len(material.train)} answers to train questions"
        f", {len(material.claims())} claims of them"
        f", {len(pairs)} pairs of a sentence and its negation"
    )
    write_adapter(options.out, differences(before, model), trained_on)


if __name__ == "__main__":
    main()
