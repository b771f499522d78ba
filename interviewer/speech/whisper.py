"""Speech to text with Whisper, run by faster-whisper on CTranslate2."""

from __future__ import annotations

import ctypes
import os
import platform
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np

from interviewer.audio.format import Samples, duration_s
from interviewer.errors import ModelUnavailableError, TranscriptionError, UsageError
from interviewer.hub import Report, cached_model, download_model, report_nothing
from interviewer.speech.transcript import Segment, Transcript, Word

ENGINE = "faster-whisper"
FOLDER_FILES = ("config.json", "model.bin", "tokenizer.json")
DEVICES = ("auto", "cpu", "cuda")
MAX_HINT_CHARACTERS = 600  # about the 223 tokens that Whisper reads; half a word helps nobody
_BEAM_SIZE = 5
_TEMPERATURES = (0.0, 0.2, 0.4, 0.6)  # each after the first only where the text before is no text
_MAX_CPU_THREADS = 4


class WhisperTranscriber:
    """Whisper from a CTranslate2 model folder; `load_whisper` finds one by name.

    Args:
        folder: a folder that holds `FOLDER_FILES`.
        name: what the model is called in transcripts.
        device: "cpu" or "cuda".
        compute_type: a type that `ctranslate2.get_supported_compute_types(device)` lists.

    Raises:
        ModelUnavailableError: the model cannot be loaded.
    """

    def __init__(self, folder: Path, name: str, device: str, compute_type: str) -> None:
        import faster_whisper

        self._name = name
        self._version: str = faster_whisper.__version__
        self.description = f"Whisper {name} ({device}, {compute_type})"
        threads = min(_MAX_CPU_THREADS, os.cpu_count() or 1)
        try:
            if device == "cuda":
                _load_packaged_cublas()
            self._model: Any = faster_whisper.WhisperModel(
                str(folder), device=device, compute_type=compute_type, cpu_threads=threads
            )
            if device == "cuda":
                # The libraries of a GPU are only looked for once it computes.
                n_mels = self._model.feature_extractor.mel_filters.shape[0]
                self._model.encode(np.zeros((n_mels, 3000), dtype=np.float32))
        except Exception as error:  # whatever a damaged file makes three libraries raise
            raise ModelUnavailableError(
                f"cannot load the Whisper model in {folder} on {device}: {error}",
                "pip install 'interviewer[gpu]', or use --device cpu"
                if device == "cuda"
                else "delete that folder, and the model is downloaded again when online",
            ) from error

    def window_s(self) -> float:
        """Measure how many seconds one window of 30 s of sound takes in the encoder."""
        n_mels = self._model.feature_extractor.mel_filters.shape[0]
        window = np.random.default_rng(0).normal(size=(n_mels, 3000)).astype(np.float32)
        for _ in range(2):  # the first one also warms the machine up
            started_s = time.perf_counter()
            np.array(self._model.encode(window))  # waits for the result
        return time.perf_counter() - started_s

    def transcribe(
        self, samples: Samples, hints: Sequence[str] = (), stop: Event | None = None
    ) -> Transcript:
        """See `Transcriber`. Where nobody speaks Whisper invents words: look for speech first."""
        segments: list[Segment] = []
        length_s = duration_s(samples)
        try:
            found, _ = self._model.transcribe(
                samples,
                language="en",
                beam_size=_BEAM_SIZE,
                temperature=_TEMPERATURES,
                condition_on_previous_text=False,
                word_timestamps=True,
                hotwords=_hotwords(hints),
            )
            for segment in found:  # decodes on demand, 30 s at a time
                segments += _within(segment, length_s)
                if stop is not None and stop.is_set():
                    break
        except (RuntimeError, ValueError) as error:
            raise TranscriptionError(
                f"{self.description} failed: {error}",
                "the recording is kept; try again with: interviewer recover --model offline",
            ) from error
        return Transcript(tuple(segments), ENGINE, self._name, self._version, length_s)


def is_cached(model: str) -> bool:
    """Whether the model of that name needs no download."""
    from faster_whisper.utils import _MODELS as REPOSITORIES

    return cached_model(REPOSITORIES[model]) is not None


def machine_key(device: str, compute_type: str) -> str:
    """What a measured speed is good for: this machine, device, type and library.

    Raises:
        UsageError: a device or type that there is not.
    """
    import ctranslate2

    chosen = _choose_device(device)
    parts = (
        platform.node(),
        platform.machine(),
        str(os.cpu_count()),
        chosen,
        _choose_compute_type(compute_type, chosen),
        str(ctranslate2.__version__),
    )
    return "/".join(parts)


def load_whisper(
    model: str,
    device: str = "auto",
    compute_type: str = "auto",
    offline: bool = False,
    report: Report = report_nothing,
) -> WhisperTranscriber:
    """Load a model from its folder, else from the hub's cache, else after downloading it.

    Args:
        model: a name that faster-whisper knows, such as "small.en", or a folder.
        device: one of `DEVICES`; "auto" is "cuda" where there is a GPU, else "cpu".
        compute_type: a CTranslate2 type; "auto" is float16 on a GPU and int8 on a CPU.
        offline: never download.
        report: told about the progress of a download.

    Raises:
        UsageError: a name, folder, device or type that there is not; the message lists those there
            are.
        ModelUnavailableError: the weights are neither cached nor can they be downloaded or loaded.
    """
    chosen = _choose_device(device)
    chosen_type = _choose_compute_type(compute_type, chosen)
    folder, name = find_model(model, offline, report)
    try:
        return WhisperTranscriber(folder, name, chosen, chosen_type)
    except ModelUnavailableError as error:
        if chosen == "cpu":
            raise
        if device == "cuda":
            raise UsageError(error.message, error.hint) from error
        # A GPU without its libraries is no reason to give up where none was asked for.
        return WhisperTranscriber(folder, name, "cpu", _choose_compute_type("auto", "cpu"))


def find_model(
    model: str, offline: bool = False, report: Report = report_nothing
) -> tuple[Path, str]:
    """The folder of `model`, downloaded if need be, and what to call it.

    Raises:
        UsageError: there is no such name, or the folder holds no Whisper model.
        ModelUnavailableError: the weights are not here and cannot be downloaded.
    """
    from faster_whisper.utils import _MODELS as REPOSITORIES

    folder = Path(model).expanduser()
    if folder.is_dir():
        missing = [name for name in FOLDER_FILES if not (folder / name).is_file()]
        if missing:
            raise UsageError(
                f"{folder} is no Whisper model for CTranslate2: it has no {', '.join(missing)}",
                "make one with: ct2-transformers-converter --copy_files tokenizer.json ...",
            )
        return folder, folder.resolve().name
    repo_id = REPOSITORIES.get(model)
    if repo_id is None:
        raise UsageError(
            f"there is no folder and no Whisper model {model!r}; "
            f"the models are {', '.join(REPOSITORIES)}",
            "choose one with --model; --model offline is pocketsphinx",
        )
    cached = cached_model(repo_id)
    if cached is not None:
        return cached, model
    if offline:
        raise ModelUnavailableError(
            f"the Whisper model {model} is not on this machine",
            f"go online and type: hf download {repo_id}",
        )
    return download_model(repo_id, report=report), model


def _load_packaged_cublas() -> None:
    """pip puts cuBLAS where the linker does not look; once loaded, CTranslate2 finds it by name."""
    nvidia = find_spec("nvidia")
    for place in (nvidia and nvidia.submodule_search_locations) or ():
        for name in ("libcublasLt.so.12", "libcublas.so.12"):
            library = Path(place, "cublas", "lib", name)
            if library.is_file():
                ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)


def _choose_device(device: str) -> str:
    import ctranslate2

    if device not in DEVICES:
        raise UsageError(
            f"there is no device {device!r}; the devices are {', '.join(DEVICES)}",
            "choose one with --device",
        )
    has_gpu = ctranslate2.get_cuda_device_count() > 0
    if device == "cuda" and not has_gpu:
        raise UsageError(
            "there is no NVIDIA GPU that CTranslate2 can use",
            "use --device cpu, or --device auto; `nvidia-smi` tells whether the driver is there",
        )
    return "cuda" if has_gpu and device != "cpu" else "cpu"


def _choose_compute_type(compute_type: str, device: str) -> str:
    import ctranslate2

    supported = ctranslate2.get_supported_compute_types(device)
    if compute_type == "auto":
        best = "float16" if device == "cuda" else "int8"
        return best if best in supported else "float32"
    if compute_type not in supported:
        raise UsageError(
            f"this machine cannot compute {compute_type!r} on {device}; "
            f"it can compute {', '.join(sorted(supported))}",
            "choose one with --compute-type, or leave it to --compute-type auto",
        )
    return compute_type


def _hotwords(hints: Sequence[str]) -> str | None:
    """As many of the hints as Whisper reads, in one line."""
    kept: list[str] = []
    for hint in hints:
        if sum(map(len, kept)) + 2 * len(kept) + len(hint) > MAX_HINT_CHARACTERS:
            break
        kept.append(hint)
    return ", ".join(kept) or None


def _within(segment: Any, length_s: float) -> list[Segment]:
    """The segment without what Whisper placed behind the sound's end; none if nothing is left."""
    words: list[Word] = []
    for piece in segment.words or ():
        if piece.start >= length_s:
            break
        start_s, text, probability = (
            max(0.0, float(piece.start)),
            piece.word.strip(),
            float(piece.probability),
        )
        if words and not piece.word.startswith(" "):  # "self" and "-attention" are one word
            before = words.pop()
            start_s, text = before.start_s, before.text + text
            probability = min(probability, before.probability)
        words.append(Word(text, start_s, min(float(piece.end), length_s), probability))
    if not words:
        return []
    text = " ".join(word.text for word in words)
    return [Segment(text, words[0].start_s, words[-1].end_s, tuple(words))]
