"""What is wrong with how an answer sounds, said while it can still be mended."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from interviewer.audio.format import SAMPLE_RATE_HZ, Samples, duration_s, level_db

MUTED = "The microphone gives nothing but silence. Is it muted?"
CLIPPED = "You are too loud for the microphone: move back, or turn its level down."
FAINT = "The microphone hardly hears you: move closer, or turn its level up."

_MUTED_S = 2.0
_CLIPPED_SAMPLES = SAMPLE_RATE_HZ // 100  # 10 ms in all; a single knock clips less
_FULL_SCALE = 0.999
_FAINT_DB = -45.0
_FAINT_S = 3.0


class LevelWatch:
    """Notices a muted microphone, and speech that is too loud or too low for it."""

    def __init__(self) -> None:
        self._silent_s = 0.0
        self._n_clipped = 0
        self._loudest_db = -120.0
        self._spoken_s = 0.0
        self._told: set[str] = set()

    def warnings(self, block: Samples, speaking: bool) -> Iterator[str]:
        """Take the next block, of about 20 ms; what there is to say, each thing once an answer.

        Args:
            block: shape `(n_samples,)`, float32, 16,000 Hz, in [-1, 1].
            speaking: whether somebody speaks in it.
        """
        self._silent_s = 0.0 if np.any(block) else self._silent_s + duration_s(block)
        self._n_clipped += int(np.count_nonzero(np.abs(block) >= _FULL_SCALE))
        if speaking:
            self._spoken_s += duration_s(block)
            self._loudest_db = max(self._loudest_db, level_db(block))
        wrong = {
            MUTED: self._silent_s >= _MUTED_S,
            CLIPPED: self._n_clipped >= _CLIPPED_SAMPLES,
            FAINT: self._spoken_s >= _FAINT_S and self._loudest_db < _FAINT_DB,
        }
        for message, is_wrong in wrong.items():
            if is_wrong and message not in self._told:
                self._told.add(message)
                yield message
