"""The program killed at random moments, and what `interviewer recover` brings back.

python -m benchmarks.kills [--kills 10]

Spoken interviews on a virtual sound card are killed (`kill -9`), half of them while the answer is
recorded, half while it is transcribed, scored or saved. Then one `interviewer recover` for every
ten. Needs PulseAudio.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks._results import Figures, machine, write_results
from interviewer.archive import Archive
from interviewer.audio.format import SAMPLE_RATE_HZ, Samples, duration_s, read_wav, to_int16
from interviewer.audio.recording import read_recording
from interviewer.settings import load_settings
from tests.test_start_sound import MODELS, TINY_WHISPER, interview, read_until
from tests.virtual_sound import VirtualSoundCard, noise

BATCH = 10
ANSWER_S = 8.0
AFTER_S = 1.0
"""So long after the end of an answer a kill may come; by then it is most often scored."""


@dataclass(frozen=True)
class Killed:
    """An answer whose program was killed; `n_spoken` samples of it had been said by then."""

    attempt: int
    stage: str
    n_spoken: int


def answer() -> Samples:
    """Speech in which every stretch of 10 ms is like no other, so that its place can be found."""
    speech = read_wav(MODELS / "kv-cache-answer.wav")[: round(ANSWER_S * SAMPLE_RATE_HZ)]
    return np.clip(speech + 0.01 * noise(duration_s(speech)), -1.0, 1.0)


@contextmanager
def world(folder: Path) -> Iterator[VirtualSoundCard]:
    """A sound card and an archive of this benchmark's own, also for its child processes."""
    places = {"CONFIG": "none.toml", "ARCHIVE_DIR": "recordings", "CACHE_DIR": "cache"}
    os.environ.update({f"INTERVIEWER_{name}": str(folder / it) for name, it in places.items()})
    card = VirtualSoundCard(folder)
    os.environ.update(card.environment)
    try:
        yield card
    finally:
        card.close()


def kill(card: VirtualSoundCard, speech: Samples, draw: random.Random, late: bool) -> Killed:
    """Hold an interview and kill it at a random moment, `late` after the answer is recorded."""
    length_s = duration_s(speech)
    options = ("--seconds", f"{length_s + 1:.0f}", "--no-speech-out", "--model", TINY_WHISPER)
    with interview(*options) as process:
        read_until(process, "Speak now")
        before = card.n_spoken
        said = card.speak_into_microphone(speech)
        if late:
            read_until(process, "Recorded")
        threading.Event().wait(draw.uniform(0.0, AFTER_S if late else length_s))
        process.kill()
        n_spoken = min(card.n_spoken - before, len(speech))
        process.wait()
    with Archive.open(load_settings()) as archive:
        attempt = archive.attempts()[-1]
    said.wait(length_s + 5)
    return Killed(attempt.id, attempt.stage, n_spoken)


def recover() -> int:
    command = [sys.executable, "-m", "interviewer", "recover", "--model", TINY_WHISPER]
    return subprocess.run(command, capture_output=True, timeout=500).returncode


def lost_s(killed: Killed, speech: Samples) -> float | None:
    """Seconds of what was said that are not in the archive; None where the answer is lost."""
    with Archive.open(load_settings()) as archive:
        attempt = archive.attempt(killed.attempt)
    if attempt.stage != "assessed" or attempt.audio_path is None or attempt.transcript is None:
        return None
    heard = np.trim_zeros(to_int16(read_recording(attempt.audio_path)), "b")
    place = to_int16(speech).tobytes().find(heard[-160:].tobytes())
    if place < 0:
        return None
    return max(0.0, (killed.n_spoken - place / 2 - 160) / SAMPLE_RATE_HZ)


def is_sound(database: Path) -> bool:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=BATCH)
    options = parser.parse_args()
    on, draw, speech = machine(), random.Random(1), answer()  # noqa: S311
    killed: list[Killed] = []
    losses: list[float | None] = []
    codes, n_sound = [], 0
    with tempfile.TemporaryDirectory(prefix="kills-") as folder, world(Path(folder)) as card:
        while len(killed) < options.kills:
            batch = []
            for i in range(min(BATCH, options.kills - len(killed))):
                batch.append(kill(card, speech, draw, late=i % 2 == 1))
                print(f"{len(killed) + len(batch)} of {options.kills}: {batch[-1]}", flush=True)
            n_sound += is_sound(Path(folder, "recordings", "archive.db"))
            codes.append(recover())
            n_sound += is_sound(Path(folder, "recordings", "archive.db"))
            killed += batch
            losses += (lost_s(each, speech) for each in batch)
    stages = Counter(each.stage for each in killed)
    kept = [loss for loss in losses if loss is not None]
    summary: Figures = {
        "kills": len(killed),
        **{f"found {stage}": n for stage, n in sorted(stages.items())},
        "answers lost": losses.count(None),
        "most sound lost, s": max(kept, default=0.0),
        "recoveries": len(codes),
        "of them with exit code 0": codes.count(0),
        "integrity checks": 2 * len(codes),
        "of them ok": n_sound,
    }
    runs = [{**vars(it), "lost_s": loss} for it, loss in zip(killed, losses, strict=True)]
    write_results("kills", __doc__ or "", on, summary, runs)


if __name__ == "__main__":
    main()
