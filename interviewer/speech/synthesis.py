"""Text to speech: pyttsx3 in a process of its own, rendered once and kept; and silence."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import wave
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import numpy as np

from interviewer.audio.format import SAMPLE_RATE_HZ, Samples, from_int16, resample, to_int16
from interviewer.errors import SynthesisError
from interviewer.speech import voice_child

TRIES = 2
RENDER_LIMIT_S = voice_child.FINISH_LIMIT_S + 10.0
_INSTALL = (
    "brew install espeak-ng" if sys.platform == "darwin" else "sudo apt-get install espeak-ng"
)
_HINT = f"type: {_INSTALL}; or read the questions on the screen: --no-speech-out"


class Synthesizer(Protocol):
    """Text to speech. Implementations: `Pyttsx3Synthesizer`; without sound, `SilentSynthesizer`."""

    def synthesize(self, text: str) -> Samples:
        """Speak `text`; text without a letter or digit gives no samples.

        Returns:
            Shape `(n_samples,)`, float32, mono, 16,000 Hz, in [-1, 1].

        Raises:
            SynthesisError: there is no voice, or it made no sound.
        """


@dataclass(frozen=True)
class SilentSynthesizer:
    """Silence for as long as a voice would take; for tests and for interviews without sound."""

    rate_wpm: int = 165

    def synthesize(self, text: str) -> Samples:
        length_s = len(text.split()) * 60 / self.rate_wpm
        return np.zeros(round(length_s * SAMPLE_RATE_HZ), dtype=np.float32)


@dataclass(frozen=True)
class Pyttsx3Synthesizer:
    """The system's voice, through pyttsx3; each text is rendered once and kept in `cache_dir`.

    Where pyttsx3 fails twice, the program `espeak-ng` (on macOS: `say`) is asked directly. Calls
    from several threads are safe.

    Args:
        cache_dir: a folder for the rendered files; it is made when it is missing.
        voice: name or id of a pyttsx3 voice; empty means an English one.
        rate_wpm: words a minute.
    """

    cache_dir: Path
    voice: str = ""
    rate_wpm: int = 165

    def synthesize(self, text: str) -> Samples:
        """See `Synthesizer`.

        Raises:
            SynthesisError: there is no voice, or none of that name, or it made no sound.
        """
        text = re.sub(r"[\x00-\x1f\x7f\ud800-\udfff\s]+", " ", text).strip()
        if not any(character.isalnum() for character in text):
            return np.zeros(0, dtype=np.float32)
        kept = self.cache_dir / f"{self._key(text)}.wav"
        try:
            return _read_wav(kept)
        except (OSError, EOFError, wave.Error):  # not there, or cut off: render it again
            pass
        try:
            self.cache_dir.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.cache_dir, prefix="rendering-") as folder:
                samples = self._render(text, Path(folder))
                new = Path(folder, "kept.wav")
                _write_wav(new, samples)
                new.replace(kept)
        except OSError as error:
            raise SynthesisError(
                f"cannot keep the rendered voice in {self.cache_dir}: {error.strerror or error}",
                "make room there, or keep it elsewhere: INTERVIEWER_CACHE_DIR=FOLDER",
            ) from error
        return samples

    def _key(self, text: str) -> str:
        told = "\0".join([text, self.voice, str(self.rate_wpm), version("pyttsx3"), sys.platform])
        return hashlib.sha256(told.encode()).hexdigest()[:32]

    def _render(self, text: str, folder: Path) -> Samples:
        rendered = folder / "rendered.wav"
        ways = [self._by_pyttsx3] * TRIES + [self._by_program]
        failures = []
        for way in ways:
            rendered.unlink(missing_ok=True)
            try:
                way(text, rendered)
                return _read_sound(rendered)
            except SynthesisError as error:
                failures.append(error.message)
        raise SynthesisError(f"the voice failed: {'; then: '.join(dict.fromkeys(failures))}", _HINT)

    def _by_pyttsx3(self, text: str, rendered: Path) -> None:
        code, told = _run_child([str(rendered), str(self.rate_wpm), self.voice], text)
        if code != 0:
            raise SynthesisError(f"pyttsx3: {_last_line(told) or code}", _HINT)

    def _by_program(self, text: str, rendered: Path) -> None:
        rate = str(self.rate_wpm)
        if shutil.which("espeak-ng"):
            command = ["espeak-ng", "--stdin", "-s", rate, "-w", str(rendered)]
            command += ["-v", self.voice or "en"]
        elif shutil.which("say"):  # macOS
            command = ["say", "-f", "-", "-r", rate, "-o", str(rendered)]
            command += ["--data-format=LEI16@22050", *(["-v", self.voice] if self.voice else [])]
        else:
            raise SynthesisError("the program espeak-ng is not installed", _HINT)
        code, told = _run(command, text)
        if code != 0:
            raise SynthesisError(f"{command[0]}: {_last_line(told) or code}", _HINT)


def available_voices() -> tuple[str, ...]:
    """Names of the voices that pyttsx3 finds on this machine, in its order.

    Raises:
        SynthesisError: there is no engine.
    """
    code, told = _run_child(["--voices"], "")
    if code != 0:
        raise SynthesisError(f"pyttsx3: {_last_line(told) or code}", _HINT)
    return tuple(told.splitlines())


def _run_child(arguments: list[str], text: str) -> tuple[int, str]:
    # -P: a file in the user's working folder must not stand in for a module.
    return _run([sys.executable, "-P", "-m", voice_child.__name__, *arguments], text)


def _run(command: list[str], text: str) -> tuple[int, str]:
    """Exit code, and what it wrote: to standard output if all went well, else to standard error."""
    try:
        done = subprocess.run(
            command, input=text.encode(), capture_output=True, timeout=RENDER_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise SynthesisError(f"no speech after {RENDER_LIMIT_S:.0f} s", _HINT) from error
    told = done.stderr if done.returncode else done.stdout
    return done.returncode, told.decode("utf-8", "replace")


def _last_line(told: str) -> str:
    return told.strip().rsplit("\n", 1)[-1]


def _read_sound(path: Path) -> Samples:
    """Decode what a voice rendered: WAV, or on macOS AIFF whatever the file is called.

    Raises:
        SynthesisError: it is missing, no sound, or silent.
    """
    import av

    parts = []
    try:
        with av.open(path) as container:
            rate_hz = container.streams.audio[0].rate
            to_mono = av.AudioResampler(format="flt", layout="mono", rate=rate_hz)
            for frame in container.decode(audio=0):
                parts += [out.to_ndarray()[0] for out in to_mono.resample(frame)]
    except (OSError, ValueError, IndexError) as error:
        raise SynthesisError(f"what the voice rendered cannot be read: {error}", _HINT) from error
    samples = np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)
    if not np.any(samples):
        raise SynthesisError("the voice made no sound", _HINT)
    return resample(samples.astype(np.float32), rate_hz).clip(-1.0, 1.0)


def _read_wav(path: Path) -> Samples:
    with wave.open(str(path), "rb") as file:
        n_samples = file.getnframes()
        data = file.readframes(n_samples)
        if file.getparams()[:3] != (1, 2, SAMPLE_RATE_HZ) or not data or len(data) != 2 * n_samples:
            raise wave.Error("not a whole rendering of ours")
    return from_int16(np.frombuffer(data, "<i2"))


def _write_wav(path: Path, samples: Samples) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(to_int16(samples).astype("<i2").tobytes())
