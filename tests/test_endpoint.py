"""Finding speech: against the reference implementation, and where there is none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from interviewer.audio.endpoint import StreamingVad, has_speech, speech_spans
from interviewer.audio.format import SAMPLE_RATE_HZ, Samples
from interviewer.audio.recording import read_recording

TWO_SENTENCES = Path(__file__).parent / "audio" / "two-sentences.wav"


@pytest.fixture(scope="module")
def spoken() -> Samples:
    return read_recording(TWO_SENTENCES)


def test_sentences_are_found_where_they_were_spoken(spoken: Samples) -> None:
    first, second = speech_spans(spoken, padding_ms=0)
    assert (first.start_s, first.end_s) == pytest.approx((0.5, 4.95), abs=0.25)
    assert (second.start_s, second.end_s) == pytest.approx((6.15, 10.365), abs=0.25)


@pytest.mark.parametrize(("silence_ms", "padding_ms"), [(100, 30), (500, 100), (700, 400)])
def test_spans_agree_with_the_reference(spoken: Samples, silence_ms: int, padding_ms: int) -> None:
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(
        min_speech_duration_ms=250, min_silence_duration_ms=silence_ms, speech_pad_ms=padding_ms
    )
    noise = np.random.default_rng(1).normal(0, 0.003, 3 * len(spoken)).astype(np.float32)
    sound = np.tile(spoken, 3) + noise
    expected = [
        (span["start"] / SAMPLE_RATE_HZ, span["end"] / SAMPLE_RATE_HZ)
        for span in get_speech_timestamps(sound, options)
    ]
    found = speech_spans(sound, min_silence_ms=silence_ms, padding_ms=padding_ms)
    assert len(expected) >= 6
    assert np.array([(span.start_s, span.end_s) for span in found]) == pytest.approx(
        np.array(expected), abs=0.05
    )


def test_long_pauses_only_part_where_they_are_longer_than_asked(spoken: Samples) -> None:
    assert len(speech_spans(spoken, min_silence_ms=500)) == 2
    assert len(speech_spans(spoken, min_silence_ms=2000)) == 1


def test_wide_padding_does_not_make_spans_overlap_or_leave_the_sound(spoken: Samples) -> None:
    first, second = speech_spans(spoken, padding_ms=3000)
    assert first.start_s == 0.0
    assert first.end_s == pytest.approx(second.start_s)
    assert second.end_s == len(spoken) / SAMPLE_RATE_HZ


def test_blocks_of_any_size_give_the_same_probabilities(spoken: Samples) -> None:
    whole = StreamingVad().probabilities(spoken)
    streaming = StreamingVad()
    parts = [streaming.probabilities(spoken[i : i + 333]) for i in range(0, len(spoken), 333)]
    assert np.concatenate(parts) == pytest.approx(whole, abs=1e-4)
    assert len(whole) == len(spoken) // 512


def test_two_utterances_do_not_disturb_each_other(spoken: Samples) -> None:
    quiet, busy = StreamingVad(), StreamingVad()
    for i in range(0, len(spoken), 512):
        busy.probabilities(spoken[i : i + 512])
        assert not np.any(quiet.probabilities(np.zeros(512, dtype=np.float32)) > 0.5)


def _noise(n_samples: int) -> Samples:
    loud = np.random.default_rng(2).normal(0, 0.1, n_samples).astype(np.float32)
    return np.clip(loud, -1.0, 1.0)


def _tone(n_samples: int) -> Samples:
    wave = np.sin(2 * np.pi * 1000 * np.arange(n_samples) / SAMPLE_RATE_HZ)
    return (0.5 * wave).astype(np.float32)


@pytest.mark.parametrize(
    "sound",
    [np.zeros(160_000, dtype=np.float32), _noise(160_000), _tone(160_000), _noise(100), _noise(0)],
    ids=["silence", "noise", "tone", "shorter than a chunk", "empty"],
)
def test_what_is_no_speech(sound: Samples) -> None:
    assert not has_speech(sound)


def test_quiet_speech_in_noise_is_speech(spoken: Samples) -> None:
    noise = np.random.default_rng(3).normal(0, 0.002, len(spoken)).astype(np.float32)
    assert has_speech(spoken * 0.1 + noise)


def test_recogniser_is_not_imported_to_find_speech() -> None:
    program = (
        "import sys, numpy; from interviewer.audio.endpoint import has_speech; "
        "has_speech(numpy.zeros(16000, 'float32')); "
        "sys.exit('ctranslate2' in sys.modules or 'faster_whisper' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
