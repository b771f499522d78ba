"""The one form that sound has inside the program, and the WAV files that hold it.

Sound is converted once, at the edge: float32, mono, 16,000 Hz, in [-1, 1], shape `(n_samples,)`.
"""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from interviewer.errors import AudioError

SAMPLE_RATE_HZ = 16_000

Samples: TypeAlias = npt.NDArray[np.float32]
"""Shape `(n_samples,)`, float32, mono, 16,000 Hz, in [-1, 1]."""


def duration_s(samples: Samples) -> float:
    """Length of `samples` in seconds."""
    return len(samples) / SAMPLE_RATE_HZ


def to_int16(samples: Samples) -> npt.NDArray[np.int16]:
    """Convert to 16-bit PCM, shape `(n_samples,)`; values outside [-1, 1] are clipped."""
    pcm: npt.NDArray[np.int16] = np.rint(np.clip(samples, -1.0, 1.0) * 32767.0).astype(np.int16)
    return pcm


def from_int16(pcm: npt.NDArray[np.int16]) -> Samples:
    """Convert 16-bit PCM, shape `(n_samples,)`, to `Samples`; `to_int16` gives it back."""
    return (pcm.astype(np.float32) / 32767.0).clip(-1.0, 1.0)


def resample(samples: npt.NDArray[np.float32], rate_hz: int) -> Samples:
    """Bring mono float32 samples of shape `(n_samples,)` from `rate_hz` to 16,000 Hz."""
    if rate_hz == SAMPLE_RATE_HZ:
        return samples
    import soxr

    return np.asarray(soxr.resample(samples, rate_hz, SAMPLE_RATE_HZ), dtype=np.float32)


def level_db(block: Samples) -> float:
    """The RMS level of `block` in dB of full scale, at least -120 (which silence has)."""
    power = float(np.mean(np.square(block, dtype=np.float64))) if len(block) else 0.0
    return 10.0 * math.log10(max(power, 1e-12))


def read_wav(path: Path) -> Samples:
    """Read a WAV file: PCM of 8 to 32 bits or float, any number of channels, any usual rate.

    A file that was cut off, and so claims more sound than it has, is read as far as it goes.

    Raises:
        AudioError: the file cannot be read or is no such file.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise AudioError(f"cannot read {path}: {error.strerror}", "check the name") from error
    chunks = _riff_chunks(content)
    try:
        kind, n_channels, rate_hz, _, _, n_bits = struct.unpack_from("<HHIIHH", chunks[b"fmt "])
        if kind == _EXTENSIBLE:
            (kind,) = struct.unpack_from("<H", chunks[b"fmt "], 24)
        if not (1 <= n_channels <= 64 and 4_000 <= rate_hz <= 384_000):
            raise ValueError(f"{n_channels} channels at {rate_hz} Hz")
        sound = _decode(chunks[b"data"], kind, n_bits)
    except (KeyError, ValueError, struct.error) as error:
        raise AudioError(
            f"{path} is not a WAV file that can be read ({error})",
            f"convert it: ffmpeg -i {path.name} -ar {SAMPLE_RATE_HZ} -ac 1 answer.wav",
        ) from error
    sound = sound[: len(sound) - len(sound) % n_channels].reshape(-1, n_channels)
    mono: npt.NDArray[np.float32] = sound.mean(axis=1, dtype=np.float32)
    return resample(mono, rate_hz).clip(-1.0, 1.0)


_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE


def _riff_chunks(content: bytes) -> dict[bytes, bytes]:
    """The chunks of a RIFF/WAVE file by name; a chunk that claims too much ends with the file."""
    chunks: dict[bytes, bytes] = {}
    at = 12 if content[:4] == b"RIFF" and content[8:12] == b"WAVE" else len(content)
    while at + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, at)
        chunks.setdefault(name, content[at + 8 : at + 8 + size])
        at += 8 + size + size % 2
    return chunks


def _decode(data: bytes, kind: int, n_bits: int) -> npt.NDArray[np.float32]:
    """Samples of all channels, interleaved, shape `(n_samples * n_channels,)`, in [-1, 1]."""
    n_values = len(data) // max(1, n_bits // 8)
    if kind == _FLOAT and n_bits in (32, 64):
        floats = np.frombuffer(data, f"<f{n_bits // 8}", n_values).clip(-1.0, 1.0)
        return np.nan_to_num(floats.astype(np.float32))
    if kind != _PCM or n_bits not in (8, 16, 24, 32):
        raise ValueError(f"coding {kind} with {n_bits} bits")
    if n_bits == 8:
        return (np.frombuffer(data, np.uint8).astype(np.float32) - 128.0) / 127.0
    if n_bits == 24:
        padded = np.zeros((n_values, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(data, np.uint8, n_values * 3).reshape(-1, 3)
        return (padded.view("<i4")[:, 0] / (2.0**31 - 1)).astype(np.float32)
    values = np.frombuffer(data, f"<i{n_bits // 8}", n_values)
    return (values / (2.0 ** (n_bits - 1) - 1)).astype(np.float32)
