"""`interviewer doctor`: what works here, and the command that mends what does not."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event, Timer
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from interviewer.cli import parts, views
from interviewer.errors import InterviewerError
from interviewer.settings import Settings

LISTEN_S = 1.0
QUIET_DB = -60.0
ROOM_FOR_ANSWERS = 100


@dataclass(frozen=True)
class Finding:
    """One line: `problem` is empty where all is well, and then `mend` is too."""

    what: str
    found: str
    problem: str = ""
    mend: str = ""


@click.command()
@click.option("--play", is_flag=True, help="Say a sentence through the speaker.")
@parts.engine_options
def doctor(play: bool, **options: Any) -> int:
    """Check sound in and out, voice, models, disk and archive; exit code 1 if something is amiss.

    Speak while it listens, to see the level of your microphone.
    """
    settings = parts.settings_from(options)
    console = views.console()
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    amiss = 0
    with console.status("Looking and listening ..."):
        for finding in _findings(settings, play):
            amiss += bool(finding.problem)
            table.add_row(*_cells(finding))
    console.print(table)
    console.print("All is well." if amiss == 0 else f"{amiss} thing(s) to mend.")
    return 1 if amiss else 0


def _cells(finding: Finding) -> tuple[Text, Text, Text]:
    if not finding.problem:
        return Text("ok", style="green"), Text(finding.what), Text(finding.found)
    told = Text.assemble(finding.problem, (f"\n{finding.mend}" if finding.mend else "", "bold"))
    return Text("!!", style="bold red"), Text(finding.what), told


def _findings(settings: Settings, play: bool) -> Iterator[Finding]:
    checks: tuple[tuple[str, Callable[[], str]], ...] = (
        ("Questions", lambda: _questions(settings)),
        ("Microphone", lambda: _microphone(settings)),
        ("Speaker", lambda: _speaker(settings)),
        ("Voice", lambda: _voice(settings, play)),
        ("Recogniser", lambda: _recogniser(settings)),
        ("Scorer", lambda: parts.load_scorer(settings).name),
        ("Disk", lambda: _disk(settings)),
        ("Archive", lambda: _archive(settings)),
    )
    for what, check in checks:
        try:
            yield Finding(what, check())
        except InterviewerError as error:
            yield Finding(what, "", error.message, error.hint)


def _questions(settings: Settings) -> str:
    bank, rubrics = parts.load_content(settings)
    return f"{len(bank.questions)} questions, {len(rubrics)} rubrics in {settings.bank_dir}"


def _microphone(settings: Settings) -> str:
    """Open it, listen for a second, and tell the level."""
    from interviewer.audio.format import level_db
    from interviewer.audio.microphone import DeviceMicrophone

    stop = Event()
    timer = Timer(LISTEN_S, stop.set)
    loudest_db = -120.0
    for block in DeviceMicrophone(settings.microphone).blocks(stop):
        if not timer.is_alive() and not stop.is_set():
            timer.start()
        loudest_db = max(loudest_db, level_db(block))
    if loudest_db <= -120.0:
        raise InterviewerError(
            "it gives nothing but silence", "unmute it in the system's sound settings"
        )
    quiet = " (very quiet: speak up, or raise its level)" if loudest_db < QUIET_DB else ""
    return f"{settings.microphone or 'the default'}, loudest {loudest_db:.0f} dB{quiet}"


def _speaker(settings: Settings) -> str:
    from interviewer.audio.microphone import list_devices

    devices = list_devices()
    if not devices.outputs:
        raise InterviewerError(
            devices.problem or "there is no output device",
            "connect one, or type: interviewer start --no-speech-out",
        )
    default = next((each for each in devices.outputs if each.is_default), devices.outputs[0])
    return settings.speaker or default.name


def _voice(settings: Settings, play: bool) -> str:
    from interviewer.audio.format import duration_s
    from interviewer.audio.speaker import DeviceSpeaker
    from interviewer.speech.synthesis import Pyttsx3Synthesizer

    cache_dir = settings.cache_dir / "voice"
    voice = Pyttsx3Synthesizer(cache_dir, settings.voice, settings.speaking_rate_wpm)
    said = voice.synthesize("This is how the questions sound.")
    if play:
        DeviceSpeaker(settings.speaker).play(said, Event())
    return f"{settings.voice or 'the default'}, {duration_s(said):.1f} s for a test sentence"


def _recogniser(settings: Settings) -> str:
    notices: list[str] = []
    transcriber = parts.load_transcriber(settings, notices.append)
    return " ".join([transcriber.description, *notices])


def _disk(settings: Settings) -> str:
    from interviewer.audio.recording import require_room

    require_room(settings.archive_dir, ROOM_FOR_ANSWERS * 90.0)
    folder = next(each for each in settings.archive_dir.absolute().parents if each.exists())
    return f"{shutil.disk_usage(folder).free / 1e9:.1f} GB free for {settings.archive_dir}"


def _archive(settings: Settings) -> str:
    with parts.open_archive(settings) as archive:
        waiting = len(archive.unfinished())
        count = len(archive.sessions())
    if waiting:
        raise InterviewerError(
            f"{waiting} answer(s) were interrupted; they are safe", "interviewer recover"
        )
    return f"{count} sessions in {settings.archive_dir}"
