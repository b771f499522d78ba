"""The one form that sound has inside the program, and the WAV files that hold it.

Sound is converted once, at the edge: float32, mono, 16,000 Hz, in [-1, 1], shape `(n_samples,)`.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

SAMPLE_RATE_HZ = 16_000

Samples: TypeAlias = npt.NDArray[np.float32]
"""Shape `(n_samples,)`, float32, mono, 16,000 Hz, in [-1, 1]."""


def duration_s(samples: Samples) -> float:
    """Length of `samples` in seconds."""
    return len(samples) / SAMPLE_RATE_HZ


def to_int16(samples: Samples) -> npt.NDArray[np.int16]:
    """Convert to 16-bit PCM, shape `(n_samples,)`; values outside [-1, 1] are clipped."""
    return np.rint(np.clip(samples, -1.0, 1.0) * 32767.0).astype(np.int16)


def from_int16(pcm: npt.NDArray[np.int16]) -> Samples:
    """Convert 16-bit PCM, shape `(n_samples,)`, to `Samples`. `to_int16` gives the same PCM back."""
    return (pcm.astype(np.float32) / 32767.0).clip(-1.0, 1.0)


def resample(samples: npt.NDArray[np.float32], rate_hz: int) -> Samples:
    """Bring mono float32 samples of shape `(n_samples,)` from `rate_hz` to 16,000 Hz."""
    if rate_hz == SAMPLE_RATE_HZ:
        return samples
    import soxr

    return np.asarray(soxr.resample(samples, rate_hz, SAMPLE_RATE_HZ), dtype=np.float32)
