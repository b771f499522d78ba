"""`interviewer start` with real sound: heard, recorded, transcribed, scored, and killed."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from interviewer.archive import Archive, AttemptRecord
from interviewer.audio.format import SAMPLE_RATE_HZ, Samples, read_wav, to_int16
from interviewer.audio.recording import read_recording
from interviewer.cli.session import CANDIDATE_DIR
from interviewer.settings import load_settings
from tests.processes import children, has_ended
from tests.virtual_sound import VirtualSoundCard, likeness, noise

MODELS = Path(__file__).parent / "models"
ANSWER = read_wav(MODELS / "kv-cache-answer.wav")
CLEAR_ANSWER = read_wav(CANDIDATE_DIR / "kv-cache.wav")
"""In a voice that pocketsphinx understands."""
TINY_WHISPER = str(MODELS / "tiny-whisper")


@contextmanager
def interview(*options: str) -> Iterator[subprocess.Popen[str]]:
    """`interviewer start` about the KV cache, in a process of its own."""
    command = [sys.executable, "-m", "interviewer", "start", "--question", "kv-cache", *options]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: subprocess.Popen[str], needle: str) -> str:
    """All the output up to the line that holds `needle`."""
    assert process.stdout is not None
    told = ""
    for line in process.stdout:
        told += line
        if needle in line:
            return told
    raise AssertionError(f"{needle!r} never came; instead:\n{told}")


def kept() -> AttemptRecord:
    """The one answer in the archive."""
    with Archive.open(load_settings()) as archive:
        (attempt,) = archive.attempts()
    return attempt


@pytest.mark.parametrize(
    ("model", "answer", "says"),
    [
        pytest.param(TINY_WHISPER, ANSWER, "faster-whisper tiny-whisper", id="whisper"),
        pytest.param("offline", CLEAR_ANSWER, "pocketsphinx", id="pocketsphinx"),
    ],
)
def test_a_spoken_answer_is_heard_kept_and_scored(
    virtual_sound_card: VirtualSoundCard, model: str, answer: Samples, says: str
) -> None:
    with interview("--count", "1", "--seconds", "20", "--model", model) as process:
        read_until(process, "Speak now")
        virtual_sound_card.speak_into_microphone(answer)
        told = read_until(process, "Kept as session")
    attempt = kept()
    assert attempt.audio_path is not None
    recorded = read_recording(attempt.audio_path)
    assert len(recorded) == 20 * SAMPLE_RATE_HZ
    assert likeness(recorded, answer) > 0.98
    assert says in told
    assert attempt.transcript is not None and "tokens" in attempt.transcript.text.lower()
    assert attempt.score is not None
    question_aloud = virtual_sound_card.recorded_output()
    assert abs(question_aloud).max() > 0.1, "the question is read aloud"


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 20))]
)
def test_a_killed_interview_is_recovered(virtual_sound_card: VirtualSoundCard, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    speech = noise(12.0, seed)
    with interview("--no-speech-out", "--model", "offline") as process:
        read_until(process, "Speak now")
        n_before = rng.randrange(SAMPLE_RATE_HZ // 2, 4 * SAMPLE_RATE_HZ)
        moment = virtual_sound_card.speak_into_microphone(speech[:n_before])
        virtual_sound_card.speak_into_microphone(speech[n_before:])
        assert moment.wait(15.0)
        # Anywhere between two writes: the blocks come every 20 ms.
        time.sleep(rng.random() * 0.04)
        left_behind = children(process.pid)
        process.kill()
        n_spoken = virtual_sound_card.n_spoken
        process.wait()
    assert all(has_ended(child, within_s=1.0) for child in left_behind)

    command = [sys.executable, "-m", "interviewer", "recover", "--model", "offline"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    attempt = kept()
    assert (attempt.stage, attempt.ended) == ("assessed", "interrupted")
    assert attempt.audio_path is not None
    recorded = read_recording(attempt.audio_path)
    last_words = to_int16(recorded[-160:]).tobytes()
    n_kept = to_int16(speech).tobytes().index(last_words) // 2 + 160
    assert n_spoken - n_kept < SAMPLE_RATE_HZ


def test_ctrl_c_ends_with_130_and_loses_nothing(virtual_sound_card: VirtualSoundCard) -> None:
    with interview("--no-speech-out", "--model", "offline") as process:
        read_until(process, "Speak now")
        assert virtual_sound_card.speak_into_microphone(ANSWER[: 2 * SAMPLE_RATE_HZ]).wait(15.0)
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        told = process.stdout.read()
        assert process.wait(20.0) == 130
    assert "Traceback" not in told and "interviewer recover" in told
    attempt = kept()
    assert attempt.ended == "interrupted" and attempt.has_audio
    assert attempt.duration_s is not None and attempt.duration_s > 1.0
