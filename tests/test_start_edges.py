"""`interviewer start` when the disk fills up, or the sound server freezes or goes away."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from interviewer.archive import Archive
from interviewer.audio.format import SAMPLE_RATE_HZ
from interviewer.audio.recording import read_recording
from interviewer.audio.speaker import SilentSpeaker
from interviewer.bank.question import load_bank
from interviewer.bank.rubric import load_rubrics
from interviewer.bank.selection import Choice
from interviewer.finishing import Finisher
from interviewer.interview import Interview, Options, Parts
from interviewer.scoring.embedding import HashEmbedder
from interviewer.scoring.scale import load_scale
from interviewer.scoring.scorer import Scorer
from interviewer.scripted import ScriptedInteraction
from interviewer.settings import load_settings, shipped_dir
from interviewer.speech.synthesis import SilentSynthesizer
from interviewer.speech.transcript import ScriptedTranscriber
from tests.archive_kit import check_database
from tests.scripted_microphone import ScriptedMicrophone
from tests.test_start_sound import ANSWER, TINY_WHISPER, interview, kept, read_until
from tests.virtual_sound import VirtualSoundCard

START = (sys.executable, "-m", "interviewer", "start", "--question", "kv-cache", "--no-speech-out")


@pytest.mark.slow
@pytest.mark.parametrize("how", ["unplugged", "frozen", "starved"])
def test_sound_that_goes_away_keeps_what_was_said_and_scores_it(
    virtual_sound_card: VirtualSoundCard, how: str
) -> None:
    with interview("--seconds", "30", "--no-speech-out", "--model", TINY_WHISPER) as process:
        read_until(process, "Speak now")
        assert virtual_sound_card.speak_into_microphone(ANSWER[: 8 * SAMPLE_RATE_HZ]).wait(20.0)
        go_away: dict[str, Callable[[], None]] = {
            "unplugged": virtual_sound_card.remove_microphone,
            "frozen": virtual_sound_card.freeze,
            "starved": virtual_sound_card.starve_microphone,
        }
        go_away[how]()
        told = read_until(process, "Kept as session")
        assert process.wait(20.0) == 0
    assert "What was said so far is kept." in told and "connect it again" in told
    attempt = kept()
    assert (attempt.ended, attempt.stage) == ("device_lost", "assessed")
    assert attempt.duration_s is not None and attempt.duration_s > 7.0
    assert attempt.transcript is not None and "keys and values" in attempt.transcript.text


@pytest.mark.slow
def test_a_server_that_is_frozen_from_the_start_is_told(
    virtual_sound_card: VirtualSoundCard,
) -> None:
    virtual_sound_card.freeze()
    done = subprocess.run(
        [*START, "--model", "offline", "--seconds", "5"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "did not answer" in done.stderr and "interviewer doctor" in done.stderr
    assert "interviewer start --typed" in done.stderr


@pytest.mark.slow
def test_a_disk_that_fills_up_keeps_what_fits_and_scores_it(
    virtual_sound_card: VirtualSoundCard,
) -> None:
    """A limit on a file's size refuses writes as a full disk does."""
    limit = 10 * SAMPLE_RATE_HZ * 2
    code = (
        f"import resource, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit})); "
        "runpy.run_module('interviewer', run_name='__main__')"
    )
    command = [sys.executable, "-c", code, *START[3:], "--seconds", "30", "--model", TINY_WHISPER]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as process:
        read_until(process, "Speak now")
        virtual_sound_card.speak_into_microphone(ANSWER)
        told = read_until(process, "Kept as session")
        assert process.wait(20.0) == 0
    assert "no room left" in told and "What was recorded is kept." in told
    attempt = kept()
    assert (attempt.ended, attempt.stage) == ("interrupted", "assessed")
    assert attempt.audio_path is not None
    assert len(read_recording(attempt.audio_path)) == pytest.approx(limit / 2, abs=100)


@pytest.mark.slow
def test_two_interviews_at_once_keep_an_answer_each(virtual_sound_card: VirtualSoundCard) -> None:
    options = ("--seconds", "9", "--no-speech-out", "--model", TINY_WHISPER)
    with interview(*options) as first, interview(*options) as second:
        for process in (first, second):
            read_until(process, "Speak now")
        virtual_sound_card.speak_into_microphone(ANSWER[: 6 * SAMPLE_RATE_HZ])
        for process in (first, second):
            read_until(process, "Kept as session")
            assert process.wait(20.0) == 0
    with Archive.open(load_settings()) as archive:
        attempts = archive.attempts()
    assert len({attempt.session_id for attempt in attempts}) == 2
    for attempt in attempts:
        assert attempt.stage == "assessed" and attempt.duration_s == 9.0


@pytest.fixture
def nearly_full(tmp_path: Path) -> Iterator[list[bool]]:
    """A database that may not grow while the list holds True."""
    full = [False]

    def limit(connection: object, *_: object) -> None:
        pages = 1 if full[0] else 1_000_000  # never less than there are already
        connection.execute(f"PRAGMA max_page_count={pages}")  # type: ignore[attr-defined]

    event.listen(Engine, "checkout", limit)
    yield full
    event.remove(Engine, "checkout", limit)


def test_a_database_without_room_loses_nothing(tmp_path: Path, nearly_full: list[bool]) -> None:
    bank = load_bank(shipped_dir("bank"))
    rubrics = load_rubrics(shipped_dir("rubrics"), bank)
    scorer = Scorer(HashEmbedder(), load_scale(shipped_dir("rubrics")))
    text = "The cache stores the keys and values of all earlier tokens. " * 200

    def transcriber() -> ScriptedTranscriber:
        return ScriptedTranscriber(text)

    with Archive(f"sqlite:///{tmp_path / 'archive.db'}", tmp_path) as archive:
        finisher = Finisher(archive, bank, rubrics, transcriber, lambda: scorer)

        class Candidate(ScriptedInteraction):
            def caption(self, text: str, final: bool) -> None:
                nearly_full[0] = True

        candidate = Candidate()
        parts = Parts(
            archive,
            finisher,
            SilentSynthesizer(),
            SilentSpeaker(),
            lambda _question: ScriptedMicrophone(ANSWER),
        )
        choice = Choice(bank.question("kv-cache"), "asked for")
        held = Interview(parts, candidate, Options(seconds=20))
        held.run([choice])
        (shown,) = candidate.shown
        assert shown.failed and "is full" in shown.assessment.reasons[0]
        assert "free some space" in shown.assessment.reasons[0]
        nearly_full[0] = False
    check_database(tmp_path)
    with Archive(f"sqlite:///{tmp_path / 'archive.db'}", tmp_path) as archive:
        (waiting,) = archive.unfinished()
        assert waiting.has_audio and waiting.assessment is None
        finisher = Finisher(archive, bank, rubrics, transcriber, lambda: scorer)
        outcome = finisher.recover(waiting)
        assert outcome is not None and outcome.attempt.stage == "assessed"
        assert archive.unfinished() == ()
