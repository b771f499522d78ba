"""Where in the sound somebody speaks: Silero VAD, run by onnxruntime block by block.

The network comes with the faster-whisper package; only its file is used, so that finding speech
does not load a recogniser.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from interviewer.audio.format import SAMPLE_RATE_HZ, Samples, duration_s
from interviewer.errors import ModelUnavailableError

CHUNK_SAMPLES = 512
CHUNK_S = CHUNK_SAMPLES / SAMPLE_RATE_HZ
_CONTEXT_SAMPLES = 64  # the network also sees the end of the chunk before
_HYSTERESIS = 0.15  # speech ends where its probability falls this far below the threshold

Probabilities: TypeAlias = npt.NDArray[np.float32]
"""Shape `(n_chunks,)`, float32, in [0, 1]: whether each 32 ms chunk holds speech."""


@dataclass(frozen=True)
class Span:
    """A stretch of speech. Times are seconds from the start of the utterance."""

    start_s: float
    end_s: float


class StreamingVad:
    """Speech probabilities of one utterance, while its blocks come in. Not for several threads.

    Raises:
        ModelUnavailableError: the network's file is missing or cannot be loaded.
    """

    def __init__(self) -> None:
        self._session = _session()
        self._state = np.zeros((2, 1, 1, 128), dtype=np.float32)
        self._context = np.zeros(_CONTEXT_SAMPLES, dtype=np.float32)
        self._rest = np.zeros(0, dtype=np.float32)

    def probabilities(self, block: Samples) -> Probabilities:
        """The chunks that `block` completes; a block of any size, what is left over is kept."""
        heard = np.concatenate([self._rest, block])
        n_chunks = len(heard) // CHUNK_SAMPLES
        self._rest = heard[n_chunks * CHUNK_SAMPLES :]
        if n_chunks == 0:
            return np.zeros(0, dtype=np.float32)
        sound = np.concatenate([self._context, heard[: n_chunks * CHUNK_SAMPLES]])
        self._context = sound[-_CONTEXT_SAMPLES:]
        windows = np.lib.stride_tricks.sliding_window_view(sound, _CONTEXT_SAMPLES + CHUNK_SAMPLES)
        found, *state = self._session.run(
            None,
            {"input": windows[::CHUNK_SAMPLES], "h": self._state[0], "c": self._state[1]},
        )
        self._state = np.stack(state)
        return np.asarray(found, dtype=np.float32).reshape(n_chunks)


def speech_spans(
    samples: Samples,
    threshold: float = 0.5,
    min_speech_ms: float = 250.0,
    min_silence_ms: float = 500.0,
    padding_ms: float = 100.0,
) -> tuple[Span, ...]:
    """Find the speech in one utterance.

    Args:
        samples: shape `(n_samples,)`, float32, mono, 16,000 Hz, in [-1, 1].
        threshold: the probability at which speech begins.
        min_speech_ms: shorter bursts are no speech.
        min_silence_ms: shorter pauses do not part two spans.
        padding_ms: added on both sides of a span, as far as there is room between neighbours.

    Raises:
        ModelUnavailableError: the network's file is missing or cannot be loaded.
    """
    whole_chunks = np.pad(samples, (0, -len(samples) % CHUNK_SAMPLES))
    probabilities = StreamingVad().probabilities(whole_chunks)
    length_s = duration_s(samples)
    spans = [
        Span(start * CHUNK_S, min(end * CHUNK_S, length_s))
        for start, end in _runs(probabilities, threshold, min_silence_ms / 1000 / CHUNK_S)
        if (end - start) * CHUNK_S > min_speech_ms / 1000
    ]
    return _padded(spans, padding_ms / 1000, length_s)


def has_speech(samples: Samples) -> bool:
    """Whether anybody speaks in `samples`; noise, tones and silence are no speech."""
    return bool(speech_spans(samples))


def _runs(
    probabilities: Iterable[float], threshold: float, min_silence_chunks: float
) -> list[tuple[int, int]]:
    """First and one past the last chunk of each stretch of speech."""
    runs: list[tuple[int, int]] = []
    start: int | None = None
    silence: int | None = None
    n_chunks = 0
    for chunk, probability in enumerate(probabilities):
        n_chunks = chunk + 1
        if probability >= threshold:
            start = chunk if start is None else start
            silence = None
        elif start is not None and probability < threshold - _HYSTERESIS:
            silence = chunk if silence is None else silence
            if chunk - silence >= min_silence_chunks:
                runs.append((start, silence))
                start = silence = None
    if start is not None:
        runs.append((start, n_chunks if silence is None else silence))
    return runs


def _padded(spans: list[Span], padding_s: float, length_s: float) -> tuple[Span, ...]:
    """Widen each span by the padding, or by half the gap where two would overlap."""
    ends_before = [-np.inf, *(span.end_s for span in spans)]
    starts_after = [*(span.start_s for span in spans[1:]), np.inf]
    return tuple(
        Span(
            max(0.0, span.start_s - min(padding_s, (span.start_s - before) / 2)),
            min(length_s, span.end_s + min(padding_s, (after - span.end_s) / 2)),
        )
        for span, before, after in zip(spans, ends_before, starts_after, strict=False)
    )


@lru_cache
def _session() -> Any:
    package = find_spec("faster_whisper")  # does not import it
    folder = Path(package.origin).parent if package and package.origin else Path()
    network = next(folder.glob("assets/silero_vad*.onnx"), None)
    if network is None:
        raise ModelUnavailableError(
            "the network that finds speech, which comes with faster-whisper, is missing",
            "pip install --force-reinstall faster-whisper",
        )
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(
            str(network), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's errors share no base of their own
        raise ModelUnavailableError(
            f"cannot load {network}: {error}", "pip install --force-reinstall faster-whisper"
        ) from error
