"""The commands as a person types them: output, exit codes, and never a traceback."""

from __future__ import annotations

import csv
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from interviewer.archive import Archive
from interviewer.audio.recording import Recording
from interviewer.cli.main import run
from interviewer.cli.parts import load_content, mender
from interviewer.settings import load_settings
from tests.archive_kit import begin, heard

MODELS = Path(__file__).parent / "models"
RIGHT = (
    "The cache stores the keys and values of all earlier tokens. "
    "It often needs more memory than the weights, so it limits the batch size and the context."
)
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command; gives its exit code, standard output and standard error."""

    def call(*arguments: str | Path, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(typed.encode())))
        code = run([str(argument) for argument in arguments])
        told = capsys.readouterr()
        assert "Traceback" not in told.out + told.err
        assert "fault in interviewer itself" not in told.err
        return code, told.out, told.err

    return call


@pytest.fixture
def held(command: Command) -> str:
    """A typed interview that was held; gives the id of its session."""
    code, out, _ = command(
        "start", "--typed", "--question", "kv-cache", "--question", "5", typed=f"{RIGHT}\n\n/s\n"
    )
    assert code == 0
    assert "Score" in out and "Transformer Architecture" in out
    return next(word for word in out.split() if word.startswith("20") and word.endswith("-a"))


def test_a_typed_interview_is_kept_listed_and_shown(command: Command, held: str) -> None:
    code, out, _ = command("sessions")
    assert code == 0 and held in out and "typed" in out
    code, out, _ = command("sessions", "show", held)
    assert code == 0 and "keys and values of all earlier tokens" in out and "Skipped" in out


def test_the_report_adds_up_in_every_form(command: Command, held: str, tmp_path: Path) -> None:
    _, out, _ = command("report", held, "--json")
    found = json.loads(out)
    assert found["total"]["asked"] == 1
    assert found["target"] == 1.5
    _, out, _ = command("report", "--all", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert rows[-1]["title"] == "All categories" and rows[-1]["asked"] == "1"
    page = tmp_path / "report.html"
    code, _, _ = command("report", held, "--html", page)
    text = page.read_text(encoding="utf-8")
    assert code == 0 and "keys and values of all earlier tokens" in text
    assert "http://" not in text and "https://" not in text and "<script" not in text


def test_the_page_escapes_what_was_said(command: Command, tmp_path: Path) -> None:
    hostile = "The cache is <script>alert(1)</script> [bold]big[/bold] {{ 7 * 7 }} and [/nothing]."
    code, out, _ = command("start", "--typed", "--question", "kv-cache", typed=f"{hostile}\n\n")
    assert code == 0 and "[/nothing]" in out.replace("\n", " ")
    command("report", "--html", tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script" not in text and "&lt;script&gt;" in text and "{{ 7 * 7 }}" in text


def test_export_and_delete(command: Command, held: str, tmp_path: Path) -> None:
    code, out, _ = command("sessions", "export", held, tmp_path / "mine.zip")
    assert code == 0 and "mine.zip" in out
    with zipfile.ZipFile(tmp_path / "mine.zip") as exported:
        assert any(name.endswith("session.json") for name in exported.namelist())
    code, _, err = command("sessions", "delete", held, typed="n\n")
    assert code == 130 and "interrupted" in err
    assert command("sessions", "delete", held, "--yes")[0] == 0
    assert command("sessions", "show", held)[0] == 2


def test_rescoring_keeps_the_answer(command: Command, held: str) -> None:
    code, out, _ = command("replay", held, "1", "--rescore", "--no-sound")
    assert code == 0 and "Score:" in out
    code, _, err = command("replay", held, "1", "--point", "no-such-point")
    assert code == 2 and "those with evidence are" in err
    assert command("replay", held, "9")[0] == 2


def test_transcribing_again_replaces_the_words_and_keeps_the_old_ones(
    command: Command, tmp_path: Path
) -> None:
    with Archive.open(load_settings()) as archive:
        session = archive.start_session("spoken", ["kv-cache"], {})
        attempt = begin(archive, session)
        assert attempt.audio_path is not None
        shutil.copy(MODELS / "kv-cache-answer.wav", attempt.audio_path)
        archive.finish_recording(attempt.id, "user", 8.0)
        archive.save_transcript(attempt.id, heard("quite other words"))
        archive.end_session(session.id)
    again = ("replay", session.id, "1", "--no-sound", "--retranscribe")
    code, out, _ = command(*again, "--model", MODELS / "tiny-whisper")
    assert code == 0 and "heard by faster-whisper tiny-whisper" in out
    command("sessions", "export", session.id, tmp_path / "all")
    exported = "".join(file.read_text() for file in (tmp_path / "all").rglob("session.json"))
    assert "The KV cache stores" in exported and "quite other words" in exported


@pytest.mark.parametrize(
    ("arguments", "needle"),
    [
        (["start", "--typed", "--question", "kv-cash"], "kv-cache"),
        (["start", "--typed", "--category", "nothing"], "transformer-architecture"),
        (["start", "--typed", "--role", "boss"], "ml-infra-eng"),
        (["start", "--typed", "--difficulty", "brutal"], "medium"),
        (["start", "--typed", "--seconds", "0"], "seconds"),
        (["start", "--typed", "--device", "tpu"], "cuda"),
        (["report", "1999"], "session"),
        (["report", "--json", "--csv"], "either"),
        (["transcribe", "no-such-file.wav"], "no-such-file.wav"),
        (["nonsense"], "nonsense"),
    ],
)
def test_what_cannot_be_done_says_what_can(
    command: Command, arguments: list[str], needle: str
) -> None:
    code, _, err = command(*arguments)
    assert code == 2
    assert needle in err


def test_a_wrong_setting_is_named(
    command: Command, private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (private_home / "config.toml").write_text('modle = "small.en"\n')
    code, _, err = command("sessions")
    assert code == 2 and "modle" in err and "config.toml" in err
    (private_home / "config.toml").write_text("this is not TOML")
    assert command("sessions")[0] == 2
    (private_home / "config.toml").unlink()
    monkeypatch.setenv("INTERVIEWER_SPEAKING_RATE_WPM", "fast")
    code, _, err = command("sessions")
    assert code == 2 and "speaking_rate_wpm" in err


def test_scoring_reads_json_lines_from_standard_input(command: Command) -> None:
    lines = [
        {"question": "kv-cache", "text": RIGHT},
        {"question": 3, "text": RIGHT},
        {"question": "Q5", "text": ""},
    ]
    code, out, _ = command(
        "score", "--json", typed="\n".join(json.dumps(line) for line in lines) + "\n\n"
    )
    first, second, third = (json.loads(line) for line in out.splitlines())
    assert code == 0
    assert first == second
    assert set(first) == {"question", "score", "coverage", "key_points", "reasons", "scorer"}
    assert {"id", "status", "similarity", "evidence"} == set(first["key_points"][0])
    assert third["score"] == 0 and third["question"] == "rmsnorm"


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[1, 2]",
        '{"question": "kv-cache"}',
        '{"question": "kv-cache", "text": 7}',
        '{"question": true, "text": "x"}',
        '{"question": ["kv-cache"], "text": "x"}',
        '{"question": "nope", "text": "x"}',
        "[" * 100_000,
    ],
)
def test_a_bad_line_is_named(command: Command, line: str) -> None:
    code, out, err = command("score", typed=f"{line}\n")
    assert code == 2 and out == "" and err


def test_an_explained_score_says_why_and_how_to_get_further(
    command: Command, tmp_path: Path
) -> None:
    answer = tmp_path / "answer.txt"
    answer.write_text("It keeps the keys and values of all earlier tokens, at every layer.\n")
    code, out, _ = command("score", "--explain", "--question", "kv-cache", answer)
    said = " ".join(out.split())
    assert code == 0
    assert "What is the KV cache" in said and "Score:" in said
    assert "The most valuable point that is missing:" in said
    assert "“It keeps the keys and values of all earlier tokens, at every layer" in said


@pytest.mark.parametrize(
    ("options", "expected"),
    [(("--json", "--explain"), "take one"), (("--question", "nope"), "nope")],
)
def test_scoring_options_that_do_not_fit_are_refused(
    command: Command, options: tuple[str, ...], expected: str
) -> None:
    code, out, err = command("score", *options, typed="text")
    assert (code, out) == (2, "") and expected in err


def test_silence_is_not_transcribed(command: Command, tmp_path: Path) -> None:
    with Recording(tmp_path / "silence.wav") as recording:
        recording.write(np.zeros(48_000, np.float32))
    code, out, _ = command("transcribe", tmp_path / "silence.wav", "--json")
    assert code == 0 and json.loads(out)["segments"] == []
    (tmp_path / "noise.wav").write_bytes(b"this is no sound at all")
    code, _, err = command("transcribe", tmp_path / "noise.wav")
    assert code == 1 and "noise.wav" in err


def test_speech_is_transcribed_with_word_times(command: Command) -> None:
    recording = MODELS / "kv-cache-answer.wav"
    code, out, _ = command("transcribe", recording, "--model", "offline", "--json")
    found = json.loads(out)
    words = [word for segment in found["segments"] for word in segment["words"]]
    assert code == 0 and found["engine"] == "pocketsphinx"
    assert len(words) > 10
    assert all(0 <= word["start_s"] <= word["end_s"] <= found["duration_s"] for word in words)


def test_nothing_to_recover(command: Command) -> None:
    code, out, _ = command("recover")
    assert code == 0 and "Nothing to recover" in out


def test_without_a_microphone_it_says_so_and_what_to_type(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSE_SERVER", "unix:/nonexistent")
    monkeypatch.setenv("ALSA_CONFIG_PATH", "/dev/null")
    code, _, err = command("start", "--question", "kv-cache")
    assert code == 1 and "--typed" in err and "interviewer demo" in err
    code, out, _ = command("doctor", "--model", "offline")
    assert code == 1 and "Microphone" in out and "to mend" in out


def test_mended_words_are_marked_wherever_they_are_shown(command: Command, tmp_path: Path) -> None:
    said = "With Laura we train adapters of low rank and freeze the attention weights."
    bank, _ = load_content(load_settings())
    mended = mender(load_settings(), bank)(heard(said))
    with Archive.open(load_settings()) as archive:
        session = archive.start_session("spoken", ["kv-cache"], {})
        attempt = begin(archive, session)
        assert attempt.audio_path is not None
        shutil.copy(MODELS / "kv-cache-answer.wav", attempt.audio_path)
        archive.finish_recording(attempt.id, "user", 8.0)
        archive.save_transcript(attempt.id, mended)
        archive.end_session(session.id)
    command("replay", session.id, "1", "--no-sound", "--rescore")
    _, shown, _ = command("sessions", "show", session.id)
    _, replayed, _ = command("replay", session.id, "1", "--no-sound")
    command("report", session.id, "--html", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    command("sessions", "export", session.id, tmp_path / "all")
    exported = "".join(file.read_text() for file in (tmp_path / "all").rglob("*.txt"))
    for view in (shown, replayed, page, exported):
        assert "LoRA (heard: Laura)" in view
    assert '<mark title="heard: Laura">LoRA</mark>' in page


def test_mending_can_be_turned_off(command: Command, tmp_path: Path) -> None:
    settings = load_settings({"mend": False})
    bank, _ = load_content(settings)
    said = heard("With Laura we train adapters of low rank and freeze the attention weights.")
    assert mender(settings, bank)(said) == said
    assert mender(load_settings(), bank)(said).text.startswith("With LoRA we")
    code, _, _ = command("start", "--typed", "--no-mend", "--question", "5", typed="/q\n")
    assert code == 0
