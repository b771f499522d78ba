"""The real pocketsphinx on speech that was made from a person's voice."""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from interviewer.audio.format import Samples, duration_s
from interviewer.audio.recording import read_recording
from interviewer.errors import ModelUnavailableError
from interviewer.speech.sphinx import SphinxTranscriber
from interviewer.speech.transcript import Transcript

pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")


SAID = (
    "the cache stores the keys and values of every earlier token "
    "the price is memory which grows with the length of the sequence"
)


@pytest.fixture(scope="module")
def spoken() -> Samples:
    return read_recording(Path(__file__).parent / "audio" / "two-sentences.wav")


@pytest.fixture(scope="module")
def sphinx() -> SphinxTranscriber:
    return SphinxTranscriber()


@pytest.fixture(scope="module")
def heard(sphinx: SphinxTranscriber, spoken: Samples) -> Transcript:
    return sphinx.transcribe(spoken)


def test_most_words_are_heard(heard: Transcript) -> None:
    said = SAID.split()
    found = [word.text for word in heard.words]
    assert len([word for word in said if word in found]) / len(said) > 0.75
    assert (heard.engine, heard.model) == ("pocketsphinx", "en-us")
    assert json.loads(json.dumps(heard.to_dict())) == heard.to_dict()


def test_pause_parts_segments_and_words_lie_within_their_sentence(heard: Transcript) -> None:
    first, second = heard.segments[0], heard.segments[-1]
    assert first.start_s == pytest.approx(0.5, abs=0.3)
    assert second.end_s == pytest.approx(10.365, abs=0.3)
    assert "memory" in heard.text
    (memory,) = (word for word in heard.words if word.text == "memory")
    assert 6.15 < memory.start_s < memory.end_s < 8.5
    starts = [word.start_s for word in heard.words]
    assert starts == sorted(starts)
    assert not any(4.95 + 0.3 < word.start_s < 6.15 - 0.3 for word in heard.words)


def test_no_fillers_and_no_marks_of_the_dictionary(heard: Transcript) -> None:
    assert not set(heard.text) & set("<>[]()_0123456789")


def test_same_sound_gives_the_same_words_whatever_came_before(
    sphinx: SphinxTranscriber, spoken: Samples, heard: Transcript
) -> None:
    sphinx.transcribe(0.05 * spoken[: len(spoken) // 2])
    assert sphinx.transcribe(spoken) == heard


def test_nobody_speaks(sphinx: SphinxTranscriber) -> None:
    noise = np.random.default_rng(5).normal(0, 0.05, 48_000).astype(np.float32)
    transcript = sphinx.transcribe(noise)
    assert transcript.segments == ()
    assert transcript.duration_s == 3.0
    assert sphinx.transcribe(np.zeros(0, dtype=np.float32)).segments == ()


def test_jargon_is_in_the_dictionary(sphinx: SphinxTranscriber) -> None:
    assert sphinx._decoder.lookup_word("softmax") == "S AO F T M AE K S"
    assert sphinx._decoder.lookup_word("KV_cache") == "K EY V IY K AE SH"


def test_stop_gives_what_is_there(sphinx: SphinxTranscriber, spoken: Samples) -> None:
    stop = threading.Event()
    stop.set()
    long = np.tile(spoken, 8)
    start = time.monotonic()
    assert sphinx.transcribe(long, stop=stop).duration_s == duration_s(long)
    assert time.monotonic() - start < 5.0, "decoding all of it takes longer"


def test_other_threads_go_on_meanwhile(sphinx: SphinxTranscriber, spoken: Samples) -> None:
    gaps: list[float] = []
    done = threading.Event()

    def watch() -> None:
        before = time.monotonic()
        while not done.wait(0.01):
            now = time.monotonic()
            gaps.append(now - before)
            before = now

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.monotonic()
    try:
        sphinx.transcribe(spoken)
    finally:
        took_s = time.monotonic() - start
        done.set()
        watcher.join()
    assert max(gaps) < took_s / 2


def test_not_installed_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    monkeypatch.setattr("interviewer.speech.sphinx.find_spec", lambda _: None)
    with pytest.raises(ModelUnavailableError) as caught:
        SphinxTranscriber()
    assert "pip install 'interviewer[offline]'" in caught.value.hint
