"""Which model is chosen for a machine, and that it is measured once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from interviewer import hub
from interviewer.errors import ModelUnavailableError
from interviewer.speech import whisper
from interviewer.speech.engines import TranscriberOptions, fetch_transcriber, find_transcriber
from interviewer.speech.fitting import COSTS, LIMIT_S, Speeds, choose, largest_that_keeps_up
from interviewer.speech.sphinx import SphinxTranscriber

TINY = Path(__file__).parent / "models" / "tiny-whisper"


def never(name: str) -> float:
    pytest.fail(f"measured {name}")


@pytest.mark.parametrize(
    ("window_s", "name"),
    [(0.1, "medium.en"), (0.5, "small.en"), (1.0, "base.en"), (3.0, "tiny.en"), (60.0, "tiny.en")],
)
def test_the_largest_that_keeps_up_is_chosen(window_s: float, name: str) -> None:
    assert largest_that_keeps_up(window_s) == name
    assert choose(lambda _: window_s, lambda _: False, True, None)[0] == name


def test_what_was_measured_is_not_measured_again() -> None:
    assert choose(never, lambda _: True, True, 0.5) == ("small.en", 0.5)


def test_any_model_that_is_here_will_do_to_measure_without_a_network() -> None:
    def window_s(name: str) -> float:
        assert name == "small.en"
        return 0.5 * COSTS[name]

    name, seconds = choose(window_s, lambda name: name == "small.en", False, None)
    assert name == "small.en"
    assert seconds == pytest.approx(0.5)


def test_without_a_network_the_best_of_those_that_are_here_is_chosen() -> None:
    here = {"tiny.en", "medium.en"}
    assert choose(never, here.__contains__, False, LIMIT_S / COSTS["small.en"])[0] == "tiny.en"
    assert choose(never, {"medium.en"}.__contains__, False, LIMIT_S)[0] == "medium.en"
    with pytest.raises(ModelUnavailableError, match="no Whisper model"):
        choose(never, lambda _: False, False, None)


def test_speeds_survive_and_damage_does_not_matter(tmp_path: Path) -> None:
    file = tmp_path / "cache" / "speeds.json"
    assert Speeds(file).get("a") is None
    Speeds(file).put("a", 1.5)
    Speeds(file).put("b", 2.5)
    assert (Speeds(file).get("a"), Speeds(file).get("b")) == (1.5, 2.5)
    for damaged in ("", "[]", '{"a": "fast"}', '{"a": -1.0}'):
        file.write_text(damaged)
        assert Speeds(file).get("a") is None
    Speeds(tmp_path / "cache" / "speeds.json" / "no").put("a", 1.0)


def test_auto_measures_once_takes_the_model_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nobody listens there
    hub._answers.cache_clear()
    cached = hub.hub_cache_dir() / "models--Systran--faster-whisper-tiny.en"
    shutil.copytree(TINY, cached / "snapshots" / "c0ffee")
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("c0ffee")
    options = TranscriberOptions(model="auto", device="cpu", speeds=tmp_path / "speeds.json")
    fetch_transcriber(options)
    (seconds,) = json.loads((tmp_path / "speeds.json").read_text()).values()
    assert 0.0 < seconds < 10.0
    monkeypatch.setattr(whisper.WhisperTranscriber, "window_s", lambda _: never("again"))
    found = find_transcriber(options)
    assert found.transcriber.description.startswith("Whisper tiny.en")
    assert "tiny.en listens" in found.notice


def test_auto_without_any_model_is_the_stand_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    hub._answers.cache_clear()
    found = find_transcriber(TranscriberOptions(model="auto", speeds=tmp_path / "speeds.json"))
    assert isinstance(found.transcriber, SphinxTranscriber)
    assert "go online" in found.notice
