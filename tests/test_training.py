"""What the trainings learn from, and that they read texts as the scorer does."""

from __future__ import annotations

import copy
from collections.abc import Collection, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from interviewer.scoring.adapter import ADAPTER, ALIGNER, add_adapter
from interviewer.scoring.claims import claims_of
from interviewer.scoring.reader import HEAD, LAYERS, READER_FILE, logits
from interviewer.speech.transcript import typed
from tests.scoring_kit import mini_lm
from training import sampling, train_aligner, train_reader
from training.claims import CONTRADICTS, read_claims
from training.descent import descend, ordinal_loss
from training.graded import Answer, Material, shipped_material
from training.reversals import read_reversals
from training.train_adapter import base_model

material = cache(shipped_material)


def drawn(n_steps: int) -> list[list[list[str]]]:
    """The texts of the first steps of each training."""
    of: Material = material()
    questions = [q.id for q in of.bank.questions if q.id not in of.test_questions]
    adapter = sampling.Sampler(of, sampling.Written({}, read_reversals()), questions, [], seed=1)
    aligner = train_aligner.Sampler(of, seed=1)
    reader = train_reader.Sampler(of, sampling.read_written(), questions, seed=1)
    return [
        [step.texts for step in islice(adapter.steps(), n_steps)],
        [step.texts for step in islice(aligner.steps(), n_steps)],
        [
            [t for pair in step for t in (pair.claim, pair.point)]
            for step in islice(reader.steps(), n_steps)
        ],
    ]


def test_the_draws_are_the_same_every_time() -> None:
    assert drawn(3) == drawn(3)


def texts_of(answers: Sequence[Answer]) -> set[str]:
    return {claim.text for answer in answers for claim in claims_of(typed(answer.text))}


def wordings_of(questions: Collection[str]) -> set[str]:
    return {
        text
        for question in questions
        for key in material().rubrics[question].key_points
        for text in (key.point, *key.accept, *key.reject)
    }


def test_nothing_of_a_test_question_is_learned() -> None:
    of = material()
    kept_back = texts_of([*of.test, *of.later_test]) | wordings_of(of.test_questions)
    learned = texts_of(of.train)
    for texts in drawn(40):
        said = {text for step in texts for text in step}
        assert said & learned
        # What answers to different questions share, such as "I don't know.", is in both.
        assert not said & (kept_back - learned)


def test_nothing_that_the_grader_is_fitted_on_is_learned() -> None:
    of = material()
    fitted_on = {answer.question for answer in of.held_out}
    assert len(fitted_on) == 12
    kept_back = texts_of(of.held_out) - texts_of(of.train)
    assert kept_back
    for texts in drawn(40):
        assert not kept_back & {text for step in texts for text in step}
    assert not kept_back & {claim.text for claim in of.claims()}
    rest = of.without(fitted_on)
    steps = islice(train_aligner.Sampler(rest, seed=1).steps(), 40)
    assert not wordings_of(fitted_on) & {text for step in steps for text in step.texts}


def test_claims_and_reversals_name_key_points_that_there_are() -> None:
    of = material()
    points = {(q, key.id) for q, rubric in of.rubrics.items() for key in rubric.key_points}
    claims = read_claims()
    assert not {claim.question for claim in claims} & of.test_questions
    assert {(claim.question, id) for claim in claims for id in claim.labels} <= points
    reversals = read_reversals()
    assert set(reversals) == points
    assert all(right != reversed for pairs in reversals.values() for right, reversed in pairs)


def adapted(adapter: Path) -> tuple[Any, Any]:
    mini_lm()  # skips where the model is not installed
    model, tokenizer = base_model()
    add_adapter(model, adapter)
    return model.eval(), tokenizer


def test_pieces_are_read_as_the_scorer_reads_them() -> None:
    model, tokenizer = adapted(ALIGNER)
    texts = ["The cache holds keys.", "It doesn't hold queries, or any of the logits."]
    with torch.no_grad():
        found = train_aligner.read(model, tokenizer, texts)
    for one, other in zip(found, mini_lm().pieces(texts), strict=True):
        assert one.words == other.words
        cosines = (one.vectors.numpy() * other.vectors).sum(axis=1)
        assert cosines.min() > 0.99  # trained at half the precision


def test_labelled_pairs_are_drawn_of_all_three_classes() -> None:
    of = material()
    questions = [q.id for q in of.bank.questions if q.id not in of.test_questions]
    sampler = train_reader.Sampler(of, sampling.read_written(), questions, seed=1)
    pairs = [pair for step in islice(sampler.steps(), 20) for pair in step]
    shares = np.bincount([pair.label for pair in pairs], minlength=3) / len(pairs)
    assert shares.min() > 0.25
    known = set(sampler.texts)
    assert all(pair.claim in known and pair.point in known for pair in pairs)
    # A right wording of a point is never drawn as one that contradicts it.
    right = {
        (key.point, text)
        for r in of.rubrics.values()
        for key in r.key_points
        for text in key.accept
    }
    assert not right & {(p.point, p.claim) for p in pairs if p.label == CONTRADICTS}


def test_the_reader_learns_by_the_logits_that_it_is_read_by() -> None:
    model, tokenizer = adapted(ADAPTER)
    texts = ["The cache holds keys.", "It doesn't hold queries, or any of the logits."]
    states = train_reader.lower_states(model, tokenizer, texts)
    layers = copy.deepcopy(model.encoder.layer[-LAYERS:])
    file = ADAPTER.with_name(READER_FILE)
    add_adapter(layers, file)
    head = {name: value.float() for name, value in load_file(file).items() if name.startswith(HEAD)}
    with torch.no_grad():
        found = logits(layers, head, [states[texts[0]]], [states[texts[1]]]).log_softmax(-1)
    told = mini_lm().read([(texts[0], texts[1])])
    assert told is not None
    assert np.abs(found.numpy() - told).max() < 0.3  # trained at half the precision


def test_the_ordinal_loss_is_least_where_grades_agree_with_levels() -> None:
    levels, low, high = torch.tensor([-2.0, 0.5, 3.0]), torch.tensor(0.0), torch.tensor(1.0)
    grades = torch.tensor([0, 1, 2])
    losses = {
        order: float(ordinal_loss(levels, low, high, grades[list(order)]))
        for order in ((0, 1, 2), (2, 1, 0), (1, 0, 2), (0, 2, 1))
    }
    assert min(losses, key=lambda order: losses[order]) == (0, 1, 2)
    # P(1) between the cuts is sigmoid(0.5) - sigmoid(-0.5), with logits from the levels.
    middle = float(ordinal_loss(levels[1:2], low, high, grades[1:2]))
    assert middle == pytest.approx(-np.log(1 / (1 + np.exp(-0.5)) - 1 / (1 + np.exp(0.5))))


class Line(nn.Module):
    """A model with embeddings, as small as can be."""

    def __init__(self) -> None:
        super().__init__()
        self.embeddings = nn.Linear(1, 1)
        self.slope = nn.Parameter(torch.tensor(0.0))


def test_descent_learns_everything_but_the_embeddings() -> None:
    model, head = Line(), nn.Linear(1, 1, bias=False)
    words = model.embeddings.weight.detach().clone()
    wanted = torch.tensor([1.0, 2.0, 3.0])

    def loss_of(given: Tensor) -> Tensor:
        shift: Tensor = model.embeddings(given[:, None])[:, 0] * 0
        missed = shift + model.slope * given - wanted
        return missed.square().mean() + (head.weight - 1).square().mean()

    given = torch.tensor([1.0, 2.0, 3.0])
    before = loss_of(given).item()
    descend(model, head, [given] * 100, 100, loss_of, rate=0.05, head_rate=0.05)
    assert loss_of(given).item() < before / 10
    assert torch.equal(model.embeddings.weight, words)
    assert model.slope.item() == pytest.approx(1.0, abs=0.1)
