"""Measure the tiny Whisper: word error rates, word times and speed, through faster-whisper.

python -m tests.models.measure_tiny_whisper
"""

from __future__ import annotations

import argparse
import random
import re
import time
import wave
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from faster_whisper import WhisperModel
from numpy.typing import NDArray

from tests.models.espeak_clips import SAMPLE_RATE_HZ, Clip, Espeak

HERE = Path(__file__).resolve().parent
FloatArray = NDArray[np.float32]
SEED = 7
PROMPT = "KV cache, grouped query attention, paged attention, RMS norm, softmax, LoRA, RLHF"


@dataclass(frozen=True)
class Case:
    """One recording to transcribe: its words, their starts, and what is special about it."""

    name: str
    samples: FloatArray
    text: str
    word_starts_s: tuple[float, ...]
    hotwords: str | None = None


@dataclass(frozen=True)
class Result:
    """Words wrong and in all, and by how much the starts of the right words were off."""

    case: Case
    heard: str
    n_wrong: int
    n_words: int
    time_errors_s: tuple[float, ...]


def plain_words(text: str) -> list[str]:
    """The words in lower case, without punctuation."""
    return re.findall(r"[a-z']+", text.lower())


def align(wanted: list[str], heard: list[str]) -> tuple[int, list[tuple[int, int]]]:
    """The least number of word edits, and which wanted word is which heard word."""
    costs = np.zeros((len(wanted) + 1, len(heard) + 1), dtype=int)
    costs[:, 0], costs[0] = np.arange(len(wanted) + 1), np.arange(len(heard) + 1)
    for i, word in enumerate(wanted, 1):
        for j, other in enumerate(heard, 1):
            swap = costs[i - 1, j - 1] + (word != other)
            costs[i, j] = min(swap, costs[i - 1, j] + 1, costs[i, j - 1] + 1)
    i, j, pairs = len(wanted), len(heard), []
    while i and j:
        if costs[i, j] == costs[i - 1, j - 1] + (wanted[i - 1] != heard[j - 1]):
            i, j = i - 1, j - 1
            if wanted[i] == heard[j]:
                pairs.append((i, j))
        elif costs[i, j] == costs[i - 1, j] + 1:
            i -= 1
        else:
            j -= 1
    return int(costs[-1, -1]), pairs


def answer(name: str, clips: list[Clip], gaps_s: list[float], hotwords: str | None = None) -> Case:
    """The clips one after the other, each with its own silence before it, and 0.3 s at the end."""
    pieces: list[FloatArray] = []
    starts_s: list[float] = []
    n_samples = 0
    for clip, gap_s in zip(clips, gaps_s, strict=True):
        gap = np.zeros(round(gap_s * SAMPLE_RATE_HZ), dtype=np.float32)
        pieces += [gap, clip.samples]
        n_samples += len(gap)
        starts_s += [n_samples / SAMPLE_RATE_HZ + s for s in clip.word_starts_s]
        n_samples += len(clip.samples)
    pieces.append(np.zeros(round(0.3 * SAMPLE_RATE_HZ), dtype=np.float32))
    text = " ".join(clip.text for clip in clips)
    return Case(name, np.concatenate(pieces), text, tuple(starts_s), hotwords)


def read_wav(path: Path) -> FloatArray:
    """A 16-bit mono recording as float32, shape `(n_samples,)`, in [-1, 1]."""
    with wave.open(str(path)) as file:
        pcm = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    return pcm.astype(np.float32) / np.float32(32768)


def committed_answer() -> Iterator[Case]:
    """The committed recording, as it is, resampled, after a silence, quieter, and with noise."""
    samples = read_wav(HERE / "kv-cache-answer.wav")
    text = (HERE / "kv-cache-answer.txt").read_text(encoding="utf-8")
    yield Case("answer", samples, text, ())
    yield Case("answer, hotwords", samples, text, (), PROMPT)
    there = soxr.resample(samples, SAMPLE_RATE_HZ, 48_000)
    yield Case("answer by 48 kHz", soxr.resample(there, 48_000, SAMPLE_RATE_HZ), text, ())
    yield Case("answer at -20 dB", samples * np.float32(0.1), text, ())
    noise = np.random.default_rng(SEED).standard_normal(len(samples)).astype(np.float32)
    yield Case("answer with noise at -50 dBFS", samples + noise * np.float32(0.00316), text, ())
    for pad_s in (0.5, 1.0, 1.5, 2.0):
        silence = np.zeros(int(pad_s * SAMPLE_RATE_HZ), dtype=np.float32)
        yield Case(f"answer after {pad_s} s", np.concatenate([silence, samples]), text, ())


def spoken_cases(espeak: Espeak, sentences: list[str]) -> Iterator[Case]:
    """Single sentences at several speeds and pitches, then answers of several sentences."""
    for rate_wpm, pitch in ((175, 50), (140, 50), (160, 40), (190, 60), (200, 50)):
        for sentence in sentences:
            clip = espeak.say(sentence, rate_wpm, pitch)
            yield answer(f"single, {rate_wpm} wpm, pitch {pitch}", [clip], [0.0])
    for gap_s in (0.3, 1.0):
        for sentence in sentences:
            yield answer(f"single, after {gap_s} s", [espeak.say(sentence)], [gap_s])
    rng = random.Random(SEED)  # noqa: S311
    for count, name in (
        (2, "answers of 2"),
        (4, "answers of 4"),
        (7, "answers of 7"),
        (14, "of 14"),
    ):
        for _ in range(10):
            rate_wpm = rng.choice([160, 175, 190])
            clips = [espeak.say(s, rate_wpm) for s in rng.sample(sentences, count)]
            yield answer(name, clips, [rng.uniform(0.3, 1.0) for _ in clips])
    for _ in range(10):
        clips = [espeak.say(s) for s in rng.sample(sentences, 4)]
        yield answer("answers of 4, hotwords", clips, [0.5] * 4, PROMPT)


def speechless_cases() -> Iterator[Case]:
    """Exact zeros and white noise, in which no word may be heard."""
    rng = np.random.default_rng(SEED)
    for duration_s in (1, 3, 10, 25):
        noise = rng.standard_normal(duration_s * SAMPLE_RATE_HZ).astype(np.float32)
        for level in (0.0, 0.001, 0.01):
            yield Case("no speech", noise * np.float32(level), "", ())


def transcribe(model: WhisperModel, case: Case) -> Result:
    """Transcribe as the product does, and compare with what was said."""
    segments, _ = model.transcribe(
        case.samples,
        language="en",
        beam_size=5,
        temperature=0,
        condition_on_previous_text=False,
        word_timestamps=True,
        hotwords=case.hotwords,
    )
    words = [word for segment in segments for word in segment.words or []]
    wanted, heard = plain_words(case.text), [" ".join(plain_words(w.word)) for w in words]
    n_wrong, pairs = align(wanted, heard)
    errors_s = tuple(
        abs(words[j].start - case.word_starts_s[i]) for i, j in pairs if case.word_starts_s
    )
    text = "".join(word.word for word in words)
    return Result(case, text, n_wrong, len(wanted), errors_s)


def report(results: Iterable[Result]) -> None:
    """Print a table, then everything that was misheard."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(result.case.name, []).append(result)
    print("| what | recordings | words | wrong | WER | word start off, median / 95 % |")
    print("|---|---|---|---|---|---|")
    for name, group in groups.items():
        n_words, n_wrong = sum(r.n_words for r in group), sum(r.n_wrong for r in group)
        errors = [e for r in group for e in r.time_errors_s]
        times = f"{np.median(errors):.2f} s / {np.percentile(errors, 95):.2f} s" if errors else ""
        rate = f"{n_wrong / n_words:.3f}" if n_words else ""
        print(f"| {name} | {len(group)} | {n_words} | {n_wrong} | {rate} | {times} |")
    for group in groups.values():
        for result in (r for r in group if r.n_wrong):
            print(f"\n{result.case.name}: {result.n_wrong} wrong")
            print(f"  said  {result.case.text.strip()}\n  heard{result.heard}")


def main() -> None:
    """Load the model, time it, and measure it."""
    parser = argparse.ArgumentParser(description="Measure the tiny Whisper of the tests.")
    parser.add_argument("--model", type=Path, default=HERE / "tiny-whisper")
    arguments = parser.parse_args()
    started = time.perf_counter()
    model = WhisperModel(str(arguments.model), device="cpu", compute_type="int8")
    print(f"loaded in {time.perf_counter() - started:.2f} s")
    sentences = (HERE / "sentences.txt").read_text(encoding="utf-8").splitlines()
    for case in [*committed_answer()][:1] * 2:
        started = time.perf_counter()
        transcribe(model, case)
        duration_s = len(case.samples) / SAMPLE_RATE_HZ
        print(f"{duration_s:.1f} s transcribed in {time.perf_counter() - started:.2f} s")
    cases = [*committed_answer(), *spoken_cases(Espeak(), sentences), *speechless_cases()]
    report(transcribe(model, case) for case in cases)


if __name__ == "__main__":
    main()
