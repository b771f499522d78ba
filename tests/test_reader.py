"""A claim beside a key point: stated, contradicted, or neither; whatever else is read with it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from interviewer.errors import ModelUnavailableError
from interviewer.scoring.adapter import ADAPTER
from interviewer.scoring.embedding import SentenceEmbedder, find_model
from interviewer.scoring.reader import READER_FILE, Readings
from interviewer.scoring.scorer import Scorer
from interviewer.speech.transcript import typed
from tests.scoring_kit import mini_lm, question, shipped_scale
from tests.test_alignment import THIN

# Of no bank: what is said, the same reversed, and the point.
REVERSED = [
    (
        "A hash table finds a key in about constant time.",
        "A hash table needs time in proportion to its size to find a key.",
        "Looking a key up takes constant time on average.",
    ),
    (
        "With an index the database reads a few pages and not the whole table.",
        "With an index the database reads the whole table and not just a few pages.",
        "An index spares the database from scanning all rows.",
    ),
    (
        "The parent process keeps running while the child does its work.",
        "The child process keeps running while the parent does its work.",
        "The parent goes on while the child works.",
    ),
    (
        "Compressing the file before you encrypt it is what makes it small.",
        "Encrypting the file before you compress it is what makes it small.",
        "Compress first and encrypt after that.",
    ),
    (
        "Small batches make the gradient noisier.",
        "Small batches make the gradient smoother.",
        "The gradient's noise grows as batches get smaller.",
    ),
    (
        "The cache is fast because it sits close to the processor.",
        "The cache is slow because it sits far from the processor.",
        "Being near to the processor makes the cache quick.",
    ),
]


def read(pairs: list[tuple[str, str]]) -> Readings:
    found = mini_lm().read(pairs)
    assert found is not None
    return found


def margin(claim: str, point: str) -> float:
    ((states, contradicts, _),) = read([(claim, point)])
    return float(states - contradicts)


def test_reversed_statements_of_new_points_are_told_apart() -> None:
    told = [margin(right, point) > margin(wrong, point) for right, wrong, point in REVERSED]
    assert sum(told) >= len(told) - 1


def test_another_topic_is_neither() -> None:
    found = read([("We had fish for dinner by the harbour.", point) for _, _, point in REVERSED])
    assert (found[:, 2] > found[:, :2].max(axis=1)).all()


def test_readings_are_probabilities_and_do_not_hang_on_company() -> None:
    pairs = [(claim, point) for right, wrong, point in REVERSED for claim in (right, wrong)]
    together = read(pairs)
    assert np.exp(together).sum(axis=1) == pytest.approx(1.0, abs=0.02)
    assert np.array_equal(together, np.concatenate([read([pair]) for pair in pairs]))
    assert mini_lm().read([]) is not None
    # Texts that were never embedded are read as those that were.
    fresh = SentenceEmbedder(find_model()).read(pairs)
    assert fresh is not None
    assert np.array_equal(together, fresh)


def test_a_reversed_answer_to_a_new_thin_rubric_is_not_strong() -> None:
    scorer = Scorer(mini_lm(), shipped_scale())
    right = (
        "You always take out the element that was put in last. "
        "Both pushing and popping run in constant time."
    )
    wrong = (
        "You always take out the element that was put in first. "
        "Both pushing and popping run in linear time."
    )
    one, other = (scorer.score(question(), THIN, typed(text)) for text in (right, wrong))
    assert one.score == 2, one.reasons
    assert other.score in (0, 1), other.reasons
    assert "contradicted" in [point.status for point in other.key_points]


def test_a_reader_of_another_adapter_is_refused(tmp_path: Path) -> None:
    mini_lm()
    reader = ADAPTER.with_name(READER_FILE)
    for file in (ADAPTER, ADAPTER.with_suffix(".json"), reader):
        shutil.copy(file, tmp_path)
    about = json.loads(reader.with_suffix(".json").read_text()) | {"fits": "0123456"}
    (tmp_path / READER_FILE).with_suffix(".json").write_text(json.dumps(about))
    with pytest.raises(ModelUnavailableError, match="was trained with the adapter 0123456"):
        SentenceEmbedder(find_model(), tmp_path / ADAPTER.name)
