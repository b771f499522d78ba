"""A microphone made of samples, which may fail like a real one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Event

import numpy as np

from interviewer.audio.format import Samples


@dataclass
class ScriptedMicrophone:
    """Gives `samples` in blocks, then raises `failure` or goes on with silence until stopped."""

    samples: Samples
    failure: BaseException | None = None
    n_block: int = 320

    def blocks(self, stop: Event) -> Iterator[Samples]:
        for start in range(0, len(self.samples), self.n_block):
            if stop.is_set():
                return
            yield self.samples[start : start + self.n_block]
        if self.failure is not None:
            raise self.failure
        while not stop.is_set():
            yield np.zeros(self.n_block, np.float32)


def noise(seconds: float, seed: int = 0) -> Samples:
    """Faint noise, shape `(n_samples,)`: sound that is no speech and no silence."""
    rng = np.random.default_rng(seed)
    return rng.normal(0.0, 0.01, round(seconds * 16_000)).astype(np.float32)
