"""One interview from the command line: choose, hold, report."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.text import Text

from interviewer.archive import Archive, Mode, SessionRecord
from interviewer.bank.question import Bank, Question
from interviewer.bank.selection import Choice, Request, select
from interviewer.cli import parts, views
from interviewer.cli.recover import finish_all
from interviewer.cli.terminal import terminal
from interviewer.finishing import Finisher
from interviewer.interview import Interview, Options, Parts
from interviewer.report.summary import summarise
from interviewer.settings import PACKAGE_DIR, Settings

if TYPE_CHECKING:
    from interviewer.audio.microphone import Microphone
    from interviewer.audio.speaker import Speaker
    from interviewer.speech.synthesis import Synthesizer

CANDIDATE_DIR = PACKAGE_DIR / "candidate"
"""The recorded candidate: one WAV file a question, named by the question's id."""


@dataclass(frozen=True)
class Sound:
    """Where questions go to and answers come from."""

    synthesizer: Synthesizer
    speaker: Speaker
    microphone: Callable[[Question], Microphone]
    devices: Devices | None = None

    def parts(self, archive: Archive, finisher: Finisher) -> Parts:
        parts = Parts(archive, finisher, self.synthesizer, self.speaker, self.microphone)
        if self.devices is None:
            return parts
        return replace(parts, microphones=self.devices.names, use_microphone=self.devices.use)


class Devices:
    """The microphone of this machine that listens; another can take its place."""

    def __init__(self, name: str) -> None:
        self._name = name

    def microphone(self, _question: Question) -> Microphone:
        from interviewer.audio.microphone import DeviceMicrophone

        return DeviceMicrophone(self._name)

    def names(self) -> tuple[str, ...]:
        from interviewer.audio.microphone import list_devices

        return tuple(device.name for device in list_devices().inputs)

    def use(self, name: str) -> None:
        self._name = name


def hold(settings: Settings, options: Mapping[str, Any], mode: Mode) -> None:
    """Hold one interview and print its summary; `options` are those of `start` and `demo`.

    In the mode `recorded` the recorded candidate answers, and decides on the questions.

    Raises:
        InterviewerError: whatever keeps the interview from being held.
    """
    console = views.console()
    content = bank, rubrics = parts.load_content(settings)
    interaction = terminal(console, rubrics)
    with parts.open_archive(settings) as archive:
        choices = _choices(bank, archive, options, mode)
        if options.get("explain"):
            console.print(views.plan(choices))
        parts.fetch_models(settings, with_recogniser=mode != "typed")
        finisher = parts.finisher(
            settings, archive, content, interaction.notice, with_recogniser=mode != "typed"
        )
        _offer_recovery(console, archive, finisher)
        sound = _sound(settings, mute=options["no_speech_out"], mode=mode)
        interview = Interview(
            sound.parts(archive, finisher),
            interaction,
            Options(
                mode,
                options.get("seconds"),
                options.get("feedback", "after"),
                options.get("follow_ups", 0),
                options.get("end_on_silence"),
            ),
        )
        session = interview.run(choices)
        _conclude(console, bank, session)


def _choices(
    bank: Bank, archive: Archive, options: Mapping[str, Any], mode: Mode
) -> tuple[Choice, ...]:
    if mode == "recorded":
        recorded = sorted(CANDIDATE_DIR.glob("*.wav"))
        numbered = sorted((bank.question(file.stem) for file in recorded), key=lambda q: q.number)
        return tuple(Choice(question, "the recorded candidate answers it") for question in numbered)
    named = tuple(options["questions"])
    request = Request(
        count=options["count"],
        categories=tuple(options["categories"]),
        roles=tuple(options["roles"]),
        difficulties=tuple(options["difficulties"]),
        questions=named,
        seed=options["seed"],
    )
    asked = {past.question_id: past.started_at for past in reversed(archive.history())}
    return select(bank, request, asked)


def _sound(settings: Settings, mute: bool, mode: Mode) -> Sound:
    from interviewer.audio.microphone import FileMicrophone, list_devices
    from interviewer.audio.speaker import DeviceSpeaker, SilentSpeaker
    from interviewer.speech.synthesis import Pyttsx3Synthesizer, SilentSynthesizer

    devices = Devices(settings.microphone)

    def recorded(question: Question) -> Microphone:
        return FileMicrophone(CANDIDATE_DIR / f"{question.id}.wav")

    source = recorded if mode == "recorded" else devices.microphone
    others = None if mode == "recorded" else devices
    if mute or mode == "typed":
        return Sound(SilentSynthesizer(), SilentSpeaker(), source, others)
    voice = Pyttsx3Synthesizer(
        settings.cache_dir / "voice", settings.voice, settings.speaking_rate_wpm
    )
    # The recorded candidate also answers on machines without a speaker, where the text must do.
    deaf = mode == "recorded" and not list_devices().outputs
    speaker = SilentSpeaker() if deaf else DeviceSpeaker(settings.speaker)
    return Sound(voice, speaker, source, others)


def _offer_recovery(console: Console, archive: Archive, finisher: Finisher) -> None:
    """Say that a crash left answers behind, and finish them now if that is wanted."""
    waiting = archive.unfinished()
    if not waiting:
        return
    console.print(
        Text(f"{len(waiting)} earlier answer(s) were interrupted; they are safe.", style="yellow")
    )
    if console.is_terminal and sys.stdin.isatty() and click.confirm("Finish them now?", True):
        finish_all(console, archive, finisher)
    else:
        console.print("Finish them with: interviewer recover\n")


def _conclude(console: Console, bank: Bank, session: SessionRecord) -> None:
    """The table, and where everything is."""
    titles = {category.slug: category.title for category in bank.categories}
    console.print()
    console.print(views.summary(summarise(session.attempts, titles)))
    console.print(
        Text.assemble(
            ("Kept as session ", ""),
            (session.id, "bold"),
            (f" in {session.folder}\n", ""),
            (f"  interviewer replay {session.id} 1     listen to an answer again\n", "dim"),
            (f"  interviewer grade {session.id} 1 2    your own grade for it: 0, 1 or 2\n", "dim"),
            (
                f"  interviewer report {session.id}       this table again; --html FILE for a page",
                "dim",
            ),
        ),
        soft_wrap=True,
    )
