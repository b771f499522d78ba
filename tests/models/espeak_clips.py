"""Speech made by espeak-ng's library, with the time at which each word starts.

The library is called directly, not the `espeak-ng` command, because only the library tells word
times. They train the tiny Whisper's attention and are the truth its word times are measured with.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16_000
DEFAULT_RATE_WPM = 175
DEFAULT_PITCH = 50

_AUDIO_OUTPUT_SYNCHRONOUS = 2
_EVENT_LIST_END = 0
_EVENT_WORD = 1
_PARAMETER_RATE = 1
_PARAMETER_PITCH = 3
_PARAMETER_RANGE = 4
_POSITION_CHARACTER = 1
_CHARS_UTF8 = 1
_AUDIBLE = 0.002


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    ]


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@dataclass(frozen=True)
class Clip:
    """One spoken sentence, without silence before or after it.

    `samples` is float32, mono, 16,000 Hz, in [-1, 1], shape `(n_samples,)`. `word_starts_s` has one
    time for each word of `text`, from the start of `samples`.
    """

    text: str
    samples: NDArray[np.float32]
    word_starts_s: tuple[float, ...]

    @property
    def duration_s(self) -> float:
        return len(self.samples) / SAMPLE_RATE_HZ


class Espeak:
    """The espeak-ng library with one voice. Only one may be alive in a process."""

    def __init__(self, voice: str = "en-us") -> None:
        name = ctypes.util.find_library("espeak-ng") or "libespeak-ng.so.1"
        self._library = ctypes.CDLL(name)
        self._rate_hz = self._library.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, 0, None, 0)
        self._blocks: list[NDArray[np.int16]] = []
        self._words: dict[int, float] = {}
        self._callback = _Callback(self._receive)
        self._library.espeak_SetSynthCallback(self._callback)
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise RuntimeError(f"espeak-ng has no voice {voice!r}: see `espeak-ng --voices`")

    def say(
        self,
        text: str,
        rate_wpm: int = DEFAULT_RATE_WPM,
        pitch: int = DEFAULT_PITCH,
        pitch_range: int = 50,
    ) -> Clip:
        """Speak one sentence. Pitch and its range go from 0 to 100."""
        for parameter, value in (
            (_PARAMETER_RATE, rate_wpm),
            (_PARAMETER_PITCH, pitch),
            (_PARAMETER_RANGE, pitch_range),
        ):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._blocks.clear()
        self._words.clear()
        data = text.encode() + b"\0"
        self._library.espeak_Synth(
            data, ctypes.c_size_t(len(data)), 0, _POSITION_CHARACTER, 0, _CHARS_UTF8, None, None
        )
        pcm = np.concatenate(self._blocks).astype(np.float32) / 32768
        return _trimmed(text, soxr.resample(pcm, self._rate_hz, SAMPLE_RATE_HZ), self._words)

    def _receive(self, wav: object, n_samples: int, events: object) -> int:
        for event in events:  # type: ignore[attr-defined]
            if event.type == _EVENT_LIST_END:
                break
            if event.type == _EVENT_WORD:
                self._words.setdefault(event.text_position - 1, event.audio_position_ms / 1000)
        if wav and n_samples:
            self._blocks.append(np.ctypeslib.as_array(wav, (n_samples,)).copy())
        return 0


def word_offsets(text: str) -> list[int]:
    """The index of the first character of each word."""
    return [i for i, c in enumerate(text) if c != " " and (i == 0 or text[i - 1] == " ")]


def _trimmed(text: str, samples: NDArray[np.float32], events: dict[int, float]) -> Clip:
    """Cut the silence off both ends. Words espeak runs into the one before share its time."""
    heard = np.flatnonzero(np.abs(samples) > _AUDIBLE)
    first, last = int(heard[0]), int(heard[-1]) + 1
    offsets = word_offsets(text)
    known = sorted((i, t) for i, t in events.items() if i in offsets)
    positions = [i for i, _ in known] + [len(text)]
    times_s = [t for _, t in known] + [last / SAMPLE_RATE_HZ]
    starts_s = np.interp(offsets, positions, times_s) - first / SAMPLE_RATE_HZ
    return Clip(text, samples[first:last], tuple(np.maximum(starts_s, 0.0).tolist()))
