"""The windows the tiny Whisper is trained on: sentences, gaps, noise, prompts and their labels."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from faster_whisper.feature_extractor import FeatureExtractor
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers.models.whisper.tokenization_whisper import LANGUAGES

from tests.models.espeak_clips import (
    DEFAULT_PITCH,
    DEFAULT_RATE_WPM,
    SAMPLE_RATE_HZ,
    Clip,
    Espeak,
    word_offsets,
)

N_TEXT_PIECES = 500
N_MELS = 80
N_POSITIONS = 1500
ENCODER_STEP_S = 0.02
MEL_BLOCK_S = 0.01
IGNORED = -100
MAX_FIRST_TIMESTAMP_S = 1.0
"""faster-whisper forbids a later first timestamp, so a later start is labelled with this time."""

FloatArray = NDArray[np.float32]
Span = tuple[float, float]
NOWHERE = (-1.0, -1.0)


@dataclass(frozen=True)
class Stage:
    """How one stage of training composes its windows and how long it goes on."""

    name: str
    window_s: float
    max_sentences: int
    batch: int
    steps: int
    learning_rate: float
    attention_weight: float
    prompted_share: float
    refined: bool
    """Whether the taught heads must cover the whole word, and find the timestamps too, and whether
    a timestamp near the true one is nearly right."""


@dataclass(frozen=True)
class Example:
    """One window with what the decoder reads and must write.

    `features` is float32, shape `(80, n_blocks)`. `spans` has, for every decoder position, the
    encoder positions `[first, end)` of the word being written, or -1 where no word is.
    """

    features: FloatArray
    inputs: list[int]
    targets: list[int]
    spans: list[Span]


# Tokens


def timestamp_token(time_s: float) -> str:
    """The token of the timestamp nearest to a time."""
    return f"<|{round(time_s / ENCODER_STEP_S) * ENCODER_STEP_S:.2f}|>"


def special_tokens() -> list[str]:
    """Whisper's special tokens in Whisper's order, the 1,501 timestamps last."""
    names = ["endoftext", "startoftranscript", *LANGUAGES, "translate", "transcribe"]
    names += ["startoflm", "startofprev", "nospeech", "notimestamps"]
    times = [timestamp_token(i * ENCODER_STEP_S) for i in range(N_POSITIONS + 1)]
    return [f"<|{name}|>" for name in names] + times


def token_id(tokenizer: Tokenizer, token: str) -> int:
    """The number of a token that the tokenizer is known to have."""
    number = tokenizer.token_to_id(token)
    if number is None:
        raise KeyError(token)
    return number


def build_tokenizer(sentences: Sequence[str]) -> Tokenizer:
    """A byte-level BPE, so that it can spell any text, with whole words for the sentences."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=N_TEXT_PIECES,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator([f" {s}" for s in sentences], trainer)
    tokenizer.add_special_tokens([AddedToken(t, special=True) for t in special_tokens()])
    space = token_id(tokenizer, "Ġ")
    for sentence in sentences:
        if space in tokenizer.encode(f" {sentence}").ids:
            raise ValueError(
                f"faster-whisper suppresses the bare space: raise the pieces: {sentence}"
            )
    return tokenizer


def token_spans(tokenizer: Tokenizer, clip: Clip, start_s: float) -> list[Span]:
    """For each piece of the clip's text, the encoder positions during which it is spoken."""
    knots = [*word_offsets(clip.text), len(clip.text)]
    times_s = [*clip.word_starts_s, clip.duration_s]
    spans = []
    text = f" {clip.text}"
    for begin, end in tokenizer.encode(text).offsets:
        first = begin if text[begin] == " " else begin - 1
        first_s, last_s = np.interp([first, end - 1], knots, times_s) + start_s
        spans.append((float(first_s) / ENCODER_STEP_S, float(last_s) / ENCODER_STEP_S))
    return spans


# Windows


def load_clips(espeak: Espeak, sentences: Sequence[str], rng: random.Random) -> list[list[Clip]]:
    """Every sentence at the default speed and pitch, and at 31 random ones."""
    bank = []
    for sentence in sentences:
        clips = [espeak.say(sentence, DEFAULT_RATE_WPM, DEFAULT_PITCH)]
        for _ in range(31):
            rate_wpm = round(rng.triangular(115, 215, DEFAULT_RATE_WPM))
            clips.append(espeak.say(sentence, rate_wpm, rng.randint(25, 75), rng.randint(35, 65)))
        bank.append(clips)
    return bank


class Composer:
    """Makes training examples without end: sentences, gaps, noise, prompts and their labels."""

    def __init__(self, tokenizer: Tokenizer, bank: list[list[Clip]], rng: random.Random) -> None:
        self._tokenizer = tokenizer
        self._bank = bank
        self._rng = rng
        self._noise = np.random.default_rng(rng.randrange(2**32))
        self._mel = FeatureExtractor(feature_size=N_MELS)
        self._words = sorted({w for clips in bank for w in clips[0].text.split()})
        self._begin_time = self._id("<|0.00|>")

    def example(self, stage: Stage, offset: int = 0) -> Example:
        """One example whose window starts `offset` encoder positions into the 30 s axis."""
        rng = self._rng
        if rng.random() < 0.05:
            return self._without_speech(stage, offset)
        placed = self._place(stage)
        timed = rng.random() < 0.7
        last, start_s = placed[-1]
        cut = start_s + last.duration_s > stage.window_s
        end_s = stage.window_s if cut else start_s + last.duration_s + self._tail_s()
        audio = np.zeros(int(min(end_s, stage.window_s) * SAMPLE_RATE_HZ), dtype=np.float32)
        for clip, at_s in placed:
            at = int(at_s * SAMPLE_RATE_HZ)
            piece = clip.samples[: len(audio) - at]
            audio[at : at + len(piece)] = piece * 10 ** (rng.uniform(-3, 0) / 20)
        whole = placed[:-1] if cut else placed
        cut_s = start_s if cut and timed else None
        prompt = self._prompt() if rng.random() < stage.prompted_share else []
        written = self._written(whole, cut_s, timed, offset)
        if not stage.refined:
            written = [(t, NOWHERE if t >= self._begin_time else span) for t, span in written]
        return self._labelled(self._features(audio, stage.window_s), written, prompt)

    def _place(self, stage: Stage) -> list[tuple[Clip, float]]:
        """Pick sentences and their starts. Only a window's last sentence may run past its end."""
        rng = self._rng
        count = rng.choice([1, 2, rng.randint(1, stage.max_sentences), stage.max_sentences])
        at_s = rng.choice([0.0, rng.uniform(0, 0.3), rng.uniform(0.0, 2.2)])
        gap_s = rng.choice([0.1, 0.4, 0.8, 1.5])
        placed: list[tuple[Clip, float]] = []
        for clips in rng.choices(self._bank, k=count):
            clip = clips[0] if rng.random() < 0.1 else rng.choice(clips)
            too_long = at_s + clip.duration_s > stage.window_s
            if too_long and (not placed or at_s > stage.window_s - 0.3 or rng.random() < 0.5):
                break
            placed.append((clip, at_s))
            at_s += clip.duration_s + gap_s * rng.uniform(0.5, 2.0)
            if too_long:
                break
        return placed or [(rng.choice(rng.choice(self._bank)), 0.0)]

    def _tail_s(self) -> float:
        return self._rng.choice([0.0, self._rng.uniform(0, 0.5), self._rng.uniform(0, 4.0)])

    def _features(self, audio: FloatArray, window_s: float) -> FloatArray:
        """What faster-whisper computes: log-mel of the audio, and zeros for the rest."""
        rng = self._rng
        if rng.random() < 0.5:
            level = 10 ** (rng.uniform(-75, -35) / 20)
            audio = audio + self._noise.standard_normal(len(audio), dtype=np.float32) * level
        audio = (audio * 10 ** (rng.uniform(-20, 3) / 20)).astype(np.float32)
        blocks = self._mel(audio)
        n_blocks = round(window_s / MEL_BLOCK_S)
        padded = np.zeros((N_MELS, n_blocks), dtype=np.float32)
        padded[:, : blocks.shape[1]] = blocks[:, :n_blocks]
        return padded

    def _without_speech(self, stage: Stage, offset: int) -> Example:
        """Noise or exact zeros: say there is no speech, and write nothing."""
        n_samples = int(self._rng.uniform(0.5, stage.window_s) * SAMPLE_RATE_HZ)
        audio = np.zeros(n_samples, dtype=np.float32)
        features = self._features(audio, stage.window_s)
        inputs = [self._id("<|startoftranscript|>"), self._begin_time + offset]
        targets = [self._id("<|nospeech|>"), self._id("<|endoftext|>")]
        return Example(features, inputs, targets, [NOWHERE] * 2)

    def _prompt(self) -> list[int]:
        """A text before the transcript, as hotwords and initial prompts are: to be ignored."""
        rng = self._rng
        letters = "abcdefghijklmnopqrstuvwxyzABCDEGKLMQRSTV"
        words = [
            rng.choice(self._words)
            if rng.random() < 0.5
            else "".join(rng.choices(letters, k=rng.randint(2, 8)))
            for _ in range(rng.randint(2, 40))
        ]
        joiner = rng.choice([" ", ", "])
        ids: list[int] = self._tokenizer.encode(" " + joiner.join(words)).ids[-223:]
        return [self._id("<|startofprev|>"), *ids]

    def _written(
        self, placed: list[tuple[Clip, float]], cut_s: float | None, timed: bool, offset: int
    ) -> list[tuple[int, Span]]:
        """The transcript; a sentence cut off by the window's end is only its start time."""
        written: list[tuple[int, Span]] = []
        if not timed:
            written.append((self._id("<|notimestamps|>"), NOWHERE))
        for clip, start_s in placed:
            ids = self._tokenizer.encode(f" {clip.text}").ids
            spoken = list(zip(ids, token_spans(self._tokenizer, clip, start_s), strict=True))
            first = self._time(start_s, offset, not written)
            last = self._time(start_s + clip.duration_s, offset, False)
            written += [first, *spoken, last] if timed else spoken
        if cut_s is not None:
            written.append(self._time(cut_s, offset, not written))
        written.append((self._id("<|endoftext|>"), NOWHERE))
        return written

    def _labelled(
        self, features: FloatArray, written: list[tuple[int, Span]], prompt: list[int]
    ) -> Example:
        """Put the prompt, of which nothing is learned, before the transcript."""
        tokens = [self._id("<|startoftranscript|>"), *(token for token, _ in written)]
        skipped = len(prompt)
        return Example(
            features,
            prompt + tokens[:-1],
            [IGNORED] * skipped + tokens[1:],
            [NOWHERE] * skipped + [span for _, span in written],
        )

    def _time(self, time_s: float, offset: int, is_first: bool) -> tuple[int, Span]:
        """A timestamp's token, and where it is heard, unless it is not allowed to be true."""
        position = round(time_s / ENCODER_STEP_S)
        if is_first and time_s > MAX_FIRST_TIMESTAMP_S:
            return self._begin_time + round(
                MAX_FIRST_TIMESTAMP_S / ENCODER_STEP_S
            ) + offset, NOWHERE
        token = self._begin_time + min(position + offset, N_POSITIONS)
        return token, (float(position), float(position))

    def _id(self, token: str) -> int:
        return token_id(self._tokenizer, token)


def collate(examples: Sequence[Example], end_of_text: int) -> dict[str, torch.Tensor]:
    """Stack examples, their tokens padded at the end to the longest."""
    longest = max(len(e.inputs) for e in examples)
    pads = [longest - len(e.inputs) for e in examples]
    pairs = list(zip(examples, pads, strict=True))
    return {
        "features": torch.from_numpy(np.stack([e.features for e in examples])),
        "inputs": torch.tensor([e.inputs + [end_of_text] * n for e, n in pairs]),
        "targets": torch.tensor([e.targets + [IGNORED] * n for e, n in pairs]),
        "spans": torch.tensor([e.spans + [NOWHERE] * n for e, n in pairs]),
    }
