"""A program killed in the middle of an answer: the answer stays, and nothing else does."""

from __future__ import annotations

import random
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from interviewer.audio.format import SAMPLE_RATE_HZ, duration_s, to_int16
from interviewer.audio.recording import read_recording, repair
from tests.processes import children, has_ended
from tests.virtual_sound import VirtualSoundCard, noise

RECORD = """
import sys, threading
from pathlib import Path
from interviewer.audio.microphone import DeviceMicrophone
from interviewer.audio.recording import Recording
with Recording(Path(sys.argv[1])) as recording:
    for block in DeviceMicrophone().blocks(threading.Event()):
        recording.write(block)
        print("recording", flush=True)
"""


@pytest.fixture
def program(
    virtual_sound_card: VirtualSoundCard, tmp_path: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A program that is recording `answer.wav`."""
    command = [sys.executable, "-c", RECORD, str(tmp_path / "answer.wav")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        try:
            assert program.stdout.readline() == b"recording\n"
            yield program
        finally:
            program.kill()


@pytest.mark.parametrize("seed", range(4))
def test_at_most_a_second_is_lost(
    virtual_sound_card: VirtualSoundCard,
    program: subprocess.Popen[bytes],
    tmp_path: Path,
    seed: int,
) -> None:
    path, speech = tmp_path / "answer.wav", noise(5.0)
    n_before = random.Random(seed).randrange(SAMPLE_RATE_HZ // 2, 2 * SAMPLE_RATE_HZ)  # noqa: S311
    moment = virtual_sound_card.speak_into_microphone(speech[:n_before])
    virtual_sound_card.speak_into_microphone(speech[n_before:])
    assert moment.wait(10.0)
    program.kill()
    n_spoken = virtual_sound_card.n_spoken
    program.wait()

    kept = read_recording(path)
    last_words = to_int16(kept[-160:]).tobytes()
    n_kept = to_int16(speech).tobytes().index(last_words) // 2 + 160
    assert n_spoken - n_kept < SAMPLE_RATE_HZ
    with wave.open(str(path), "rb") as file:
        n_readable_by_all = file.getnframes()
    assert len(kept) - n_readable_by_all <= 0.1 * SAMPLE_RATE_HZ
    assert repair(path) == duration_s(kept)


@pytest.mark.parametrize("starved", [False, True])
def test_no_child_is_left(
    virtual_sound_card: VirtualSoundCard, program: subprocess.Popen[bytes], starved: bool
) -> None:
    (child,) = children(program.pid)
    if starved:
        virtual_sound_card.starve_microphone()
    program.kill()
    assert has_ended(child, within_s=1.0)
