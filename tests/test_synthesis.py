"""The real voice, its cache, and what happens where there is none."""

from __future__ import annotations

import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from interviewer.audio.endpoint import speech_spans
from interviewer.audio.format import SAMPLE_RATE_HZ, Samples, duration_s
from interviewer.errors import SynthesisError
from interviewer.speech.synthesis import (
    Pyttsx3Synthesizer,
    SilentSynthesizer,
    available_voices,
)

QUESTION = (
    "What is a key value cache, why does it make decoding faster, and what does it cost in memory? "
    "Name two ways to shrink it."
)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "voice"


@pytest.fixture
def no_pyttsx3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python in which pyttsx3 has no engine, as on a machine without the espeak library."""
    broken = tmp_path / "broken" / "pyttsx3"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text(
        "def init():\n    raise RuntimeError('you probably do not have eSpeak-ng installed!')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(broken.parent))


def _only(kept: Path) -> Path:
    (file,) = kept.iterdir()
    return file


def _spoken_s(samples: Samples) -> float:
    return sum(span.end_s - span.start_s for span in speech_spans(samples))


def test_question_is_spoken_whole(cache: Path) -> None:
    samples = Pyttsx3Synthesizer(cache).synthesize(QUESTION)
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert 0.3 < np.abs(samples).max() <= 1.0
    # 24 words at 165 words a minute take 8.7 s.
    assert _spoken_s(samples) == pytest.approx(8.7, abs=2.0)
    long = Pyttsx3Synthesizer(cache).synthesize(" ".join([QUESTION] * 5))
    assert duration_s(long) == pytest.approx(5 * duration_s(samples), rel=0.1)


def test_same_text_is_rendered_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    voice = Pyttsx3Synthesizer(cache)
    first = voice.synthesize("Grouped query attention.")
    kept = _only(cache)
    before = kept.stat().st_mtime_ns
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    monkeypatch.setenv("PATH", "")
    again = voice.synthesize("Grouped  query\nattention.")
    assert again == pytest.approx(first, abs=1e-4)
    assert kept.stat().st_mtime_ns == before


def test_other_rate_voice_or_text_is_rendered_anew(cache: Path) -> None:
    slow = Pyttsx3Synthesizer(cache, rate_wpm=120).synthesize(QUESTION)
    fast = Pyttsx3Synthesizer(cache, rate_wpm=240).synthesize(QUESTION)
    assert duration_s(slow) > 1.4 * duration_s(fast)
    american = Pyttsx3Synthesizer(cache, voice="english (america)").synthesize(QUESTION)
    default = Pyttsx3Synthesizer(cache).synthesize(QUESTION)
    assert len(american) != len(default)


@pytest.mark.parametrize("n_bytes", [0, 30, 44, 2000])
def test_damaged_rendering_is_made_again(cache: Path, n_bytes: int) -> None:
    voice = Pyttsx3Synthesizer(cache)
    whole = voice.synthesize("Rotary embeddings.")
    kept = _only(cache)
    kept.write_bytes(kept.read_bytes()[:n_bytes])
    assert voice.synthesize("Rotary embeddings.") == pytest.approx(whole, abs=1e-4)
    assert kept.stat().st_size > 2000


@pytest.mark.parametrize(
    "text",
    ["--help", "\"; echo $(x) `y` '", "naïve \x00 \ud800 ünïcode 你好", "<b>bold</b> [[x]] & more"],
)
def test_odd_text_is_spoken_and_never_an_option(cache: Path, text: str) -> None:
    assert duration_s(Pyttsx3Synthesizer(cache).synthesize(text)) > 0.2


@pytest.mark.parametrize("text", ["", "  \n", "... ?!"])
def test_nothing_to_say_is_silence(cache: Path, text: str) -> None:
    assert len(Pyttsx3Synthesizer(cache).synthesize(text)) == 0


def test_several_threads_may_ask_at_once(cache: Path) -> None:
    voice = Pyttsx3Synthesizer(cache)
    texts = ["one", "one", "two", "three"]
    with ThreadPoolExecutor(4) as pool:
        spoken = list(pool.map(voice.synthesize, texts))
    assert all(duration_s(samples) > 0.2 for samples in spoken)
    assert len(list(cache.iterdir())) == 3, "nothing half made stays behind"


def test_unknown_voice_names_those_there_are(cache: Path) -> None:
    with pytest.raises(SynthesisError, match=r"no voice 'Hal'; there are .*English \(America\)"):
        Pyttsx3Synthesizer(cache, voice="Hal").synthesize("Good evening, Dave.")


def test_available_voices_can_be_chosen() -> None:
    assert "English (America)" in available_voices()


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="the program espeak-ng is missing")
def test_program_speaks_where_pyttsx3_cannot(cache: Path, no_pyttsx3: None) -> None:
    samples = Pyttsx3Synthesizer(cache).synthesize(QUESTION)
    assert _spoken_s(samples) == pytest.approx(8.7, abs=2.0)
    assert duration_s(Pyttsx3Synthesizer(cache).synthesize("--version")) > 0.2


def test_no_espeak_at_all_says_what_to_install(
    cache: Path, no_pyttsx3: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(SynthesisError, match=r"do not have eSpeak-ng.*is not installed") as caught:
        Pyttsx3Synthesizer(cache).synthesize("Hello.")
    assert "install espeak-ng" in caught.value.hint
    assert not list(cache.iterdir())
    with pytest.raises(SynthesisError):
        available_voices()


def test_voice_that_makes_no_sound_is_tried_again(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine that leaves an empty file the first time, as eSpeak sometimes does."""
    module = tmp_path / "moody" / "pyttsx3.py"
    module.parent.mkdir()
    tried = tmp_path / "tried"
    module.write_text(
        f"""
import pathlib, wave
tried = pathlib.Path({str(tried)!r})

class Engine:
    def getProperty(self, name): return [] if name == "voices" else None
    def setProperty(self, name, value): pass
    def connect(self, topic, call): self.call = call
    def runAndWait(self): self.call(name=None, completed=True)
    def save_to_file(self, text, path):
        with wave.open(path, "wb") as file:
            file.setparams((1, 2, 22050, 0, "NONE", ""))
            file.writeframes(b"\\x01\\x20" * 22050 if tried.exists() else b"")
        tried.touch()

def init(): return Engine()
"""
    )
    monkeypatch.setenv("PYTHONPATH", str(module.parent))
    monkeypatch.setenv("PATH", os.devnull)
    assert duration_s(Pyttsx3Synthesizer(cache).synthesize("Hello.")) == pytest.approx(
        1.0, abs=0.01
    )


def test_cache_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(SynthesisError, match="cannot keep") as caught:
        Pyttsx3Synthesizer(tmp_path / "file" / "voice").synthesize("Hello.")
    assert "INTERVIEWER_CACHE_DIR" in caught.value.hint


def test_silence_lasts_as_long_as_a_voice() -> None:
    samples = SilentSynthesizer(rate_wpm=120).synthesize("four words are here")
    assert len(samples) == 2 * SAMPLE_RATE_HZ
    assert not np.any(samples)
