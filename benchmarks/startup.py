"""How long it takes from typing `interviewer start` to the first sound of the first question.

python -m benchmarks.startup [--runs 5]

Once to warm up, which also puts the voice of the question into the cache. Needs PulseAudio.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from benchmarks._results import Figures, machine, write_results
from benchmarks.kills import world
from tests.test_start_sound import TINY_WHISPER, interview
from tests.virtual_sound import VirtualSoundCard

PATIENCE_S = 30.0


def first_sound_s(card: VirtualSoundCard) -> float:
    """Seconds until something is heard; polled every 5 ms."""
    before = len(card.recorded_output())
    started_s = time.perf_counter()
    with interview("--seconds", "5", "--model", TINY_WHISPER) as process:
        while time.perf_counter() - started_s < PATIENCE_S:
            if np.any(np.abs(card.recorded_output()[before:]) > 0.001):
                process.kill()
                return time.perf_counter() - started_s
            threading.Event().wait(0.005)
    raise TimeoutError("nothing was heard")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    on = machine()
    with tempfile.TemporaryDirectory(prefix="startup-") as folder, world(Path(folder)) as card:
        first_s = first_sound_s(card)
        threading.Event().wait(1.0)  # what is still in the sound server's buffer runs out
        runs = []
        for _ in range(options.runs):
            runs.append(first_sound_s(card))
            threading.Event().wait(1.0)
    summary: Figures = {
        "the first time, s": first_s,
        "runs": len(runs),
        "warm, median, s": statistics.median(runs),
        "warm, most, s": max(runs),
    }
    write_results("startup", __doc__ or "", on, summary, [{"warm, s": each} for each in runs])


if __name__ == "__main__":
    main()
