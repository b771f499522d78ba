"""Cutting an utterance at its pauses: nothing is lost, nothing comes twice, at any block size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interviewer.audio.endpoint import CHUNK_SAMPLES, Probabilities, speech_spans
from interviewer.audio.format import SAMPLE_RATE_HZ, Samples
from interviewer.audio.pieces import MAX_PIECE_S, Cutter, Piece
from interviewer.audio.recording import read_recording

TWO_SENTENCES = Path(__file__).parent / "audio" / "two-sentences.wav"


def loudness(samples: Samples) -> Probabilities:
    """The mean magnitude of each chunk."""
    chunks = np.abs(samples).reshape(-1, CHUNK_SAMPLES)
    return np.asarray(chunks.mean(axis=1), dtype=np.float32)


class LoudIsSpeech:
    """A detector without a network: a chunk is speech as far as it is loud."""

    def __init__(self) -> None:
        self._rest = np.zeros(0, np.float32)

    def probabilities(self, block: Samples) -> Probabilities:
        heard = np.concatenate([self._rest, block])
        n_whole = len(heard) - len(heard) % CHUNK_SAMPLES
        self._rest = heard[n_whole:]
        return loudness(heard[:n_whole])


def sound(*stretches: tuple[float, float]) -> Samples:
    """Levels, each for so many seconds; every sample is different."""
    parts = [np.full(round(s * SAMPLE_RATE_HZ), level) for level, s in stretches]
    samples = np.concatenate([np.zeros(0), *parts])
    return np.asarray(samples + 1e-7 * np.arange(len(samples)), dtype=np.float32)


def cut(samples: Samples, n_block: int | None = None) -> list[Piece]:
    cutter = Cutter(LoudIsSpeech().probabilities)
    n_block = n_block or max(1, len(samples))
    pieces: list[Piece] = []
    for start in range(0, len(samples), n_block):
        pieces += cutter.feed(samples[start : start + n_block])
    last = cutter.finish()
    return pieces if last is None else [*pieces, last]


def times_covered(pieces: list[Piece], n_samples: int) -> npt.NDArray[np.int64]:
    covered = np.zeros(n_samples, np.int64)
    for piece in pieces:
        covered[piece.start : piece.start + len(piece.samples)] += 1
    return covered


utterances = st.lists(
    st.tuples(st.sampled_from([0.0, 0.9, 1.0]), st.floats(0.3, 9.0)), max_size=14
).map(lambda stretches: sound(*stretches))


@settings(max_examples=60, deadline=None)
@given(utterances, st.integers(1, 40_000))
def test_all_speech_is_in_exactly_one_piece_whatever_the_blocks(
    samples: Samples, n_block: int
) -> None:
    pieces = cut(samples, max(n_block, len(samples) // 2_000))
    covered = times_covered(pieces, len(samples))
    n_judged = len(samples) - len(samples) % CHUNK_SAMPLES
    loud = loudness(samples[:n_judged]) >= 0.5
    assert covered.max(initial=0) <= 1
    assert np.all(covered[:n_judged][np.repeat(loud, CHUNK_SAMPLES)] == 1)
    for piece in pieces:
        assert piece.duration_s <= MAX_PIECE_S
        there = samples[piece.start : piece.start + len(piece.samples)]
        assert np.array_equal(piece.samples, there)
    whole = cut(samples)
    assert len(pieces) == len(whole)
    assert all(map(Piece.is_same, pieces, whole))


@settings(max_examples=40, deadline=None)
@given(utterances)
def test_silence_is_left_out(samples: Samples) -> None:
    quiet = np.abs(samples) < 0.5
    covered = times_covered(cut(samples), len(samples))
    edges = np.flatnonzero(np.diff(np.concatenate([[1], ~quiet, [1]])))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start > 3 * SAMPLE_RATE_HZ:
            middle = covered[start + SAMPLE_RATE_HZ // 2 : end - SAMPLE_RATE_HZ // 2]
            assert not middle.any()


def test_a_pause_parts_sentences_and_a_breath_does_not() -> None:
    said = sound((0.9, 6.0), (0.0, 0.3), (0.9, 3.0), (0.0, 0.8), (0.9, 6.0))
    first, second = cut(said)
    assert first.start_s == 0.0
    assert first.duration_s == pytest.approx(9.5, abs=0.05)
    assert second.start_s == pytest.approx(9.9, abs=0.05)


def test_a_few_words_wait_for_what_comes_after_a_short_pause() -> None:
    (piece,) = cut(sound((0.9, 1.0), (0.0, 1.5), (0.9, 3.0)))
    assert piece.duration_s == pytest.approx(5.5, abs=0.05)
    assert len(cut(sound((0.9, 1.0), (0.0, 2.5), (0.9, 3.0)))) == 2


def test_speech_without_a_pause_is_cut_where_it_is_quietest() -> None:
    said = sound((1.0, 20.0), (0.6, 0.2), (1.0, 14.0))
    first, second = cut(said)
    assert first.duration_s == pytest.approx(20.1, abs=0.1)
    assert second.start == len(first.samples)


@pytest.mark.parametrize(
    "stretches",
    [[], [(0.0, 5.0)], [(0.0, 1.0), (1.0, 0.1), (0.0, 3.0)], [(0.0, 1.0), (1.0, 0.1)]],
    ids=["nothing", "silence", "a click", "a click at the end"],
)
def test_what_is_no_speech_makes_no_piece(stretches: list[tuple[float, float]]) -> None:
    assert cut(sound(*stretches)) == []


def test_a_draft_is_the_last_piece_unless_more_is_said() -> None:
    cutter = Cutter(LoudIsSpeech().probabilities)
    cutter.feed(sound((0.9, 3.0)))
    assert cutter.draft() is None, "nobody pauses"
    cutter.feed(sound((0.0, 0.6)))
    draft = cutter.draft()
    assert draft is not None and draft.duration_s == pytest.approx(3.2, abs=0.05)
    cutter.feed(sound((0.0, 0.5)))
    assert cutter.draft() is draft
    last = cutter.finish()
    assert last is not None and last.is_same(draft)


def test_more_words_make_a_draft_void() -> None:
    cutter = Cutter(LoudIsSpeech().probabilities)
    cutter.feed(sound((0.9, 3.0), (0.0, 0.6)))
    draft = cutter.draft()
    cutter.feed(sound((0.9, 1.0)))
    assert cutter.draft() is None
    last = cutter.finish()
    assert draft is not None and last is not None and not last.is_same(draft)


@pytest.mark.parametrize("n_block", [320, 4_000_000])
def test_real_speech_is_cut_between_its_sentences(n_block: int) -> None:
    samples = np.tile(read_recording(TWO_SENTENCES), 3)
    cutter = Cutter()
    pieces: list[Piece] = []
    for start in range(0, len(samples), n_block):
        pieces += cutter.feed(samples[start : start + n_block])
    assert cutter.finish() is None, "the last sentence ended long ago"
    assert len(pieces) == 3
    covered = times_covered(pieces, len(samples))
    for span in speech_spans(samples, padding_ms=0):
        first, last = round(span.start_s * SAMPLE_RATE_HZ), round(span.end_s * SAMPLE_RATE_HZ)
        assert np.all(covered[first:last] == 1)
