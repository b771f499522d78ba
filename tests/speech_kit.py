"""Spoken answers of known words, with pauses at random, and how far two transcripts differ."""

from __future__ import annotations

import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from interviewer.audio.format import SAMPLE_RATE_HZ, Samples, read_wav
from tests.models.measure_tiny_whisper import align, plain_words

KNOWN = tuple((Path(__file__).parent / "models" / "sentences.txt").read_text().splitlines())
"""What the tiny Whisper knows, when espeak-ng says it."""

Voice = Callable[[str], Samples]


@dataclass(frozen=True)
class Answer:
    """An utterance, and what is said in it."""

    samples: Samples
    text: str


def espeak(text: str) -> Samples:
    """The voice that the tiny Whisper was trained on."""
    return _said(("espeak-ng", "-v", "en-us", "-s", "165", "-w", "{file}", text))


def flite(text: str) -> Samples:
    """A voice made from recordings of a person, which pocketsphinx understands."""
    return _said(("flite", "-voice", "rms", "-t", text, "-o", "{file}"))


@lru_cache(maxsize=512)
def _said(command: tuple[str, ...]) -> Samples:
    """What a speech program says, without the silence before and after it."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is missing: sudo apt-get install {command[0]}")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "said.wav"
        subprocess.run(
            [part.replace("{file}", str(file)) for part in command], check=True, capture_output=True
        )
        samples = read_wav(file)
    heard = np.flatnonzero(np.abs(samples) > 0.002)
    return samples[heard[0] : heard[-1] + 1]


def random_answer(seed: int, voice: Voice, sentences: Sequence[str]) -> Answer:
    """60 to 90 s of different sentences after each other, with pauses of 0.15 to 2.5 s."""
    draw = random.Random(seed)  # noqa: S311
    until = draw.uniform(62, 88) * SAMPLE_RATE_HZ
    parts: list[Samples] = []
    said: list[str] = []
    while sum(map(len, parts)) < until:
        pause_s = draw.choice([draw.uniform(0.15, 0.6), draw.uniform(0.4, 1.2), 2.5])
        said.append(draw.choice(sentences))
        parts += [np.zeros(round(pause_s * SAMPLE_RATE_HZ), np.float32), voice(said[-1])]
    return Answer(np.concatenate(parts)[: 90 * SAMPLE_RATE_HZ], " ".join(said))


def word_difference(first: str, second: str) -> float:
    """The share of the words of `first` that have to be edited to make `second` of it."""
    words = plain_words(first)
    n_edits, _ = align(words, plain_words(second))
    return n_edits / max(1, len(words))
