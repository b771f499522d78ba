"""Which recogniser is found: the one asked for, or the stand-in said out loud."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from interviewer import hub
from interviewer.errors import ModelUnavailableError, UsageError
from interviewer.speech import engines
from interviewer.speech.engines import TranscriberOptions, find_transcriber
from interviewer.speech.sphinx import SphinxTranscriber
from interviewer.speech.whisper import WhisperTranscriber

TINY = Path(__file__).parent / "models" / "tiny-whisper"


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nobody listens there
    hub._answers.cache_clear()


def test_folder_is_whisper_and_needs_no_notice() -> None:
    found = find_transcriber(TranscriberOptions(model=str(TINY), device="cpu"))
    assert isinstance(found.transcriber, WhisperTranscriber)
    assert found.notice == ""


def test_offline_is_pocketsphinx_as_asked() -> None:
    found = find_transcriber(TranscriberOptions(model="offline"))
    assert isinstance(found.transcriber, SphinxTranscriber)
    assert found.notice == ""


def test_stand_in_is_said_out_loud_with_the_command(no_network: None) -> None:
    start = time.monotonic()
    found = find_transcriber(TranscriberOptions(model="base.en"))
    assert isinstance(found.transcriber, SphinxTranscriber)
    assert "pocketsphinx" in found.notice
    assert "hf download Systran/faster-whisper-base.en" in found.notice
    assert time.monotonic() - start < 15.0


def test_offline_never_asks_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(_: str) -> bool:
        raise AssertionError("asked the network")

    monkeypatch.setattr(hub, "_answers", ask)
    assert find_transcriber(TranscriberOptions(offline=True)).notice


def test_wrong_name_has_no_stand_in() -> None:
    with pytest.raises(UsageError, match=r"small\.en"):
        find_transcriber(TranscriberOptions(model="huge"))


def test_neither_is_an_error_with_both_ways_out(
    no_network: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("interviewer.speech.sphinx.find_spec", lambda _: None)
    with pytest.raises(ModelUnavailableError) as caught:
        find_transcriber(TranscriberOptions())
    assert "hf download" in caught.value.hint
    assert "interviewer[offline]" in caught.value.hint


def test_engines_are_found_without_importing_them() -> None:
    program = (
        "import sys; from interviewer.speech.engines import installed_engines; "
        "assert installed_engines() == ('faster-whisper', 'pocketsphinx'); "
        "sys.exit(any(m in sys.modules for m in "
        "('faster_whisper', 'pocketsphinx', 'ctranslate2', 'onnxruntime', 'huggingface_hub')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_missing_whisper_package_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "find_spec", lambda _: None)
    found = find_transcriber(TranscriberOptions())
    assert isinstance(found.transcriber, SphinxTranscriber)
    assert "pip install faster-whisper" in found.notice
