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
from tests.scoring_kit import mini_lm, shipped_rubrics, shipped_scale
from training.graded import points_only, shipped_material

# In words of no rubric: what is said, the same reversed, the question and its key point.
REVERSED = [
    (
        "You hold on to what was worked out for older tokens, so a step only handles the newest.",
        "You throw away what was worked out for older tokens, so a step handles all of them again.",
        "kv-cache", "stores-past-keys-values",
    ),
    (
        "It skips centering and just scales by the root mean square.",
        "It centers by the mean and never scales by the root mean square.",
        "rmsnorm", "divides-by-rms-only",
    ),
    (
        "The small model guesses a few tokens and the big one checks them in one go.",
        "The big model guesses a few tokens and the small one checks them in one go.",
        "speculative-decoding", "draft-then-verify",
    ),
    (
        "Only the little added matrices learn, the big weights stay as they were.",
        "Only the big weights learn, the little added matrices stay as they were.",
        "full-lora-qlora", "lora-low-rank",
    ),
]  # fmt: skip


def point_of(question_id: str, key_id: str) -> str:
    keys = {key.id: key.point for key in shipped_rubrics()[question_id].key_points}
    return keys[key_id]


def read(pairs: list[tuple[str, str]]) -> Readings:
    found = mini_lm().read(pairs)
    assert found is not None
    return found


def test_most_reversed_statements_are_told_apart() -> None:
    told = []
    for right, wrong, *where in REVERSED:
        point = point_of(*where)
        states, contradicts = read([(right, point), (wrong, point)])[:, :2].T
        margins = states - contradicts
        told.append(margins[0] > margins[1])
    assert sum(told) >= 3, told


def test_another_topic_is_neither() -> None:
    said = "We had fish for dinner by the harbour."
    found = read([(said, point_of(*where)) for _, _, *where in REVERSED])
    assert (found[:, 2] > found[:, :2].max(axis=1)).all()


def test_readings_are_probabilities_and_do_not_hang_on_company() -> None:
    pairs = [
        (claim, point_of(*where)) for right, wrong, *where in REVERSED for claim in (right, wrong)
    ]
    together = read(pairs)
    assert np.exp(together).sum(axis=1) == pytest.approx(1.0, abs=0.02)
    assert np.array_equal(together, np.concatenate([read([pair]) for pair in pairs]))
    assert mini_lm().read([]) is not None
    # Texts that were never embedded are read as those that were.
    fresh = SentenceEmbedder(find_model()).read(pairs)
    assert fresh is not None
    assert np.array_equal(together, fresh)


def test_a_reversed_answer_to_a_thin_rubric_is_not_strong() -> None:
    material = shipped_material()
    answers = {a.kind: a.text for a in material.later_test if a.question == "kv-cache"}
    thin = points_only(material.rubrics["kv-cache"])
    scorer = Scorer(mini_lm(), shipped_scale())
    one, other = (
        scorer.score(material.bank.question("kv-cache"), thin, typed(answers[kind]))
        for kind in ("strong-long", "reversed")
    )
    assert one.score == 2, one.reasons
    assert other.score in (0, 1), other.reasons
    assert "contradicted" in [point.status for point in other.key_points]
    assert "right is:" in " ".join(other.reasons)


def test_a_reader_of_another_adapter_is_refused(tmp_path: Path) -> None:
    mini_lm()
    reader = ADAPTER.with_name(READER_FILE)
    for file in (ADAPTER, ADAPTER.with_suffix(".json"), reader):
        shutil.copy(file, tmp_path)
    about = json.loads(reader.with_suffix(".json").read_text()) | {"fits": "0123456"}
    (tmp_path / READER_FILE).with_suffix(".json").write_text(json.dumps(about))
    with pytest.raises(ModelUnavailableError, match="was trained with the adapter 0123456"):
        SentenceEmbedder(find_model(), tmp_path / ADAPTER.name)
