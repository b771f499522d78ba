"""Live and afterwards the same words, by real recognisers, and no fewer right ones."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from interviewer.audio.format import SAMPLE_RATE_HZ, Samples
from interviewer.audio.recording import read_recording
from interviewer.bank.question import load_bank
from interviewer.settings import shipped_dir
from interviewer.speech.live import LiveTranscription, transcribe_pieces
from interviewer.speech.transcript import Transcriber, Transcript
from interviewer.speech.whisper import load_whisper
from tests.speech_kit import KNOWN, Answer, espeak, flite, random_answer, word_difference

MAX_DIFFERENCE = 0.02
BLOCK_SIZES = (320, 333, 512, 4096)


@pytest.fixture(scope="module")
def whisper() -> Transcriber:
    return load_whisper(str(Path(__file__).parent / "models" / "tiny-whisper"), device="cpu")


def heard_live(samples: Samples, transcriber: Transcriber, n_block: int) -> Transcript:
    with LiveTranscription(lambda: transcriber) as live:
        for start in range(0, len(samples), n_block):
            live.write(samples[start : start + n_block])
        live.end()
        return live.result()


def check(answer: Answer, transcriber: Transcriber, n_block: int) -> Transcript:
    """Live and afterwards the same; times in order and within the sound."""
    live = heard_live(answer.samples, transcriber, n_block)
    afterwards = transcribe_pieces(answer.samples, lambda: transcriber)
    assert word_difference(afterwards.text, live.text) <= MAX_DIFFERENCE
    times_s = [time_s for word in live.words for time_s in (word.start_s, word.end_s)]
    assert times_s == sorted(times_s)
    assert times_s[-1] <= live.duration_s == len(answer.samples) / SAMPLE_RATE_HZ
    return live


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 20))]
)
def test_whisper_hears_the_same_live_and_afterwards(whisper: Transcriber, seed: int) -> None:
    answer = random_answer(seed, espeak, KNOWN)
    live = check(answer, whisper, BLOCK_SIZES[seed % len(BLOCK_SIZES)])
    assert word_difference(answer.text, live.text) <= 0.05


@pytest.fixture(scope="module")
def sphinx() -> Transcriber:
    pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")
    from interviewer.speech.sphinx import SphinxTranscriber

    return SphinxTranscriber()


def test_sphinx_hears_the_same_live_and_afterwards(sphinx: Transcriber) -> None:
    spoken = read_recording(Path(__file__).parent / "audio" / "two-sentences.wav")
    samples = np.concatenate([spoken, spoken[: 5 * SAMPLE_RATE_HZ]])
    text = "the cache stores the keys and values of every earlier token"
    live = check(Answer(samples, text), sphinx, 320)
    assert "keys and values" in live.text


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(20))
def test_sphinx_hears_long_answers_the_same(sphinx: Transcriber, seed: int) -> None:
    answers = [question.answer for question in load_bank(shipped_dir("bank")).questions]
    sentences = [s for answer in answers for s in re.split(r"(?<=[.?])\s+", answer.strip())]
    plain = [s for s in sentences if re.fullmatch(r"[A-Za-z' ,.-]{30,120}", s)]
    answer = random_answer(seed, flite, plain)
    live = check(answer, sphinx, BLOCK_SIZES[seed % len(BLOCK_SIZES)])
    assert word_difference(answer.text, live.text) <= 0.45
