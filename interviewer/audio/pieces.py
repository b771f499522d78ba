"""An utterance cut into pieces of speech at its pauses, while its blocks come in.

Where the cuts are depends on the sound alone, not on the sizes of the blocks or on the time they
come at, so that hearing a recording again gives the same pieces as hearing it live.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

import numpy as np

from interviewer.audio.endpoint import CHUNK_S, CHUNK_SAMPLES, Probabilities, StreamingVad
from interviewer.audio.format import SAMPLE_RATE_HZ, Samples

MAX_PIECE_S = 25.0
"""A recogniser hears at most 30 s in one go."""

_THRESHOLD, _END_THRESHOLD = 0.5, 0.35  # the probabilities at which speech begins and ends
_MIN_SPEECH_S = 0.25  # shorter bursts are no speech
_PARTING_S = 0.5  # a burst on its own has this much silence after it
_PADDING_S = 0.2  # kept around speech, whose edges are soft
_DRAFT_S = 0.4
# How long a pause has to be for a cut: the more has been said since the last one, the shorter.
# Few long pieces are heard better and faster than many short ones; but the last is waited for.
_PAUSES_S = ((5.0, 2.0), (12.0, 0.5), (inf, 0.25))
_SEARCH_S, _REMAINDER_S, _QUIET_S = 10.0, 0.5, 0.1


@dataclass(frozen=True)
class Piece:
    """Speech between two pauses: the samples of the utterance from number `start` on."""

    start: int
    samples: Samples

    @property
    def start_s(self) -> float:
        return self.start / SAMPLE_RATE_HZ

    @property
    def duration_s(self) -> float:
        return len(self.samples) / SAMPLE_RATE_HZ

    def is_same(self, other: Piece) -> bool:
        """Whether both are the same stretch of the one utterance."""
        return self.start == other.start and len(self.samples) == len(other.samples)


class Cutter:
    """Takes the blocks of one utterance and gives its pieces. Not for several threads.

    Pieces never overlap, and what is in none of them is no speech.

    Args:
        probabilities: gives for each next block the speech probabilities of the chunks of
            `CHUNK_SAMPLES` that it completes; a `StreamingVad` where there is none.

    Raises:
        ModelUnavailableError: the network that finds speech cannot be loaded.
    """

    def __init__(self, probabilities: Callable[[Samples], Probabilities] | None = None) -> None:
        self._probabilities = probabilities or StreamingVad().probabilities
        self._tape = _Tape()
        self._n_chunks = 0
        self._free_from = 0  # the sample behind the last piece
        self._open: _Open | None = None
        self._draft: Piece | None = None
        self._spoken_to: int | None = None  # the chunk behind the last one that held speech

    @property
    def silence_s(self) -> float | None:
        """How long nothing has been said, in seconds; `None` before the first word."""
        if self._spoken_to is None:
            return None
        return (self._n_chunks - self._spoken_to) * CHUNK_S

    def feed(self, block: Samples) -> list[Piece]:
        """Take the next block, of any size; the pieces that it ends."""
        self._tape.append(block)
        pieces = []
        for probability in self._probabilities(block):
            piece = self._judge(float(probability))
            self._n_chunks += 1
            if piece is not None:
                pieces.append(piece)
        if self._open is None:
            self._tape.forget(self._n_chunks * CHUNK_SAMPLES - _samples(_PADDING_S))
        return pieces

    def draft(self) -> Piece | None:
        """In a pause, what `finish` would give if nothing more were said; the same all its time."""
        if self._open is None or self._open.pause_s(self._n_chunks) < _DRAFT_S:
            self._draft = None
        elif self._draft is None:
            self._draft = self._whole(self._open)
        return self._draft

    def finish(self) -> Piece | None:
        """The utterance is over: the last piece, if there is one."""
        last, self._open = self._open, None
        return None if last is None else self._whole(last)

    def _judge(self, probability: float) -> Piece | None:
        """Take the next chunk; a piece if it ends one."""
        chunk, now = self._n_chunks, self._open
        if probability >= _THRESHOLD and (now is not None and now.is_speech(chunk)):
            self._spoken_to = chunk + 1
        if now is None:
            if probability >= _THRESHOLD:
                start = max(self._free_from, chunk * CHUNK_SAMPLES - _samples(_PADDING_S))
                self._open = _Open(start, speech=chunk, run=chunk)
            return None
        if probability >= _THRESHOLD:
            now.go_on(chunk)
        elif probability < _END_THRESHOLD:
            now.fall_silent(chunk)
        pause_s = now.pause_s(chunk + 1)
        if pause_s >= _PARTING_S and not now.is_speech(chunk + 1):
            self._open = None
        elif pause_s >= now.pause_for_cut_s:
            self._open = None
            return self._close(now, self._end(now))
        elif (chunk + 1) * CHUNK_SAMPLES - now.start >= _samples(MAX_PIECE_S):
            return self._split(now)
        return None

    def _split(self, now: _Open) -> Piece:
        """Cut speech that has no pause where it is quietest, most likely between two words."""
        end = (self._n_chunks + 1) * CHUNK_SAMPLES
        first = end - _samples(_SEARCH_S)
        sound = self._tape.read(first, end - _samples(_REMAINDER_S))
        power = np.cumsum(np.square(sound, dtype=np.float64))
        n_quiet = _samples(_QUIET_S)
        cut = first + int(np.argmin(power[n_quiet:] - power[:-n_quiet])) + n_quiet // 2
        if now.silence is not None and now.silence * CHUNK_SAMPLES <= cut:  # silence is left
            self._open = None
            return self._close(now, self._end(now))
        chunk = cut // CHUNK_SAMPLES
        self._open = _Open(cut, chunk, chunk, now.silence, known_speech=True)
        return self._close(now, cut)

    def _whole(self, now: _Open) -> Piece | None:
        if not now.is_speech(self._n_chunks):
            return None
        return Piece(now.start, self._tape.read(now.start, self._end(now)))

    def _close(self, now: _Open, end: int) -> Piece:
        samples = self._tape.read(now.start, end)
        self._free_from = end
        self._tape.forget(end)
        return Piece(now.start, samples)

    def _end(self, now: _Open) -> int:
        """One past the last sample of the piece, if it ends with what was said so far."""
        if now.silence is None:
            return self._tape.end
        return min(self._tape.end, now.silence * CHUNK_SAMPLES + _samples(_PADDING_S))


@dataclass
class _Open:
    """The piece that is being spoken: its first sample; the rest counts chunks."""

    start: int
    speech: int
    run: int
    silence: int | None = None
    known_speech: bool = False

    def go_on(self, chunk: int) -> None:
        if self.pause_s(chunk) >= _PARTING_S:
            self.run = chunk
        self.silence = None

    def fall_silent(self, chunk: int) -> None:
        if self.silence is None:
            self.known_speech = self.is_speech(chunk)
            self.silence = chunk

    def pause_s(self, n_chunks: int) -> float:
        return 0.0 if self.silence is None else (n_chunks - self.silence) * CHUNK_S

    def is_speech(self, n_chunks: int) -> bool:
        end = n_chunks if self.silence is None else self.silence
        return self.known_speech or (end - self.run) * CHUNK_S > _MIN_SPEECH_S

    @property
    def pause_for_cut_s(self) -> float:
        said_s = 0.0 if self.silence is None else (self.silence - self.speech) * CHUNK_S
        return next(pause_s for up_to_s, pause_s in _PAUSES_S if said_s < up_to_s)


class _Tape:
    """The latest samples of an utterance, by their number in it."""

    def __init__(self) -> None:
        self._blocks: deque[Samples] = deque()
        self._start = 0
        self.end = 0

    def append(self, block: Samples) -> None:
        self._blocks.append(block)
        self.end += len(block)

    def read(self, start: int, end: int) -> Samples:
        sound = np.concatenate(self._blocks)
        return sound[start - self._start : end - self._start].copy()

    def forget(self, before: int) -> None:
        while self._blocks and self._start + len(self._blocks[0]) <= before:
            self._start += len(self._blocks.popleft())


def _samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE_HZ)
