"""One interview from the command line: choose, hold, report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from interviewer.archive import Archive, SessionRecord
from interviewer.bank.question import Bank, Question
from interviewer.bank.selection import Choice, Request, select
from interviewer.cli import parts, views
from interviewer.cli.terminal import terminal
from interviewer.interview import Interview, Options, Parts
from interviewer.report.summary import summarise
from interviewer.settings import PACKAGE_DIR, Settings

if TYPE_CHECKING:
    from interviewer.audio.microphone import Microphone
    from interviewer.audio.speaker import Speaker
    from interviewer.speech.synthesis import Synthesizer

CANDIDATE_DIR = PACKAGE_DIR / "candidate"
"""The recorded candidate: one WAV file a question, named by the question's id."""

DEFAULT_COUNT = 3


@dataclass(frozen=True)
class Sound:
    """Where questions go to and answers come from."""

    synthesizer: Synthesizer
    speaker: Speaker
    microphone: Callable[[Question], Microphone]


def hold(settings: Settings, options: Mapping[str, Any]) -> None:
    """Hold one interview and print its summary; `options` are those of `start` and `demo`.

    Raises:
        InterviewerError: whatever keeps the interview from being held.
    """
    console = views.console()
    content = bank, rubrics = parts.load_content(settings)
    interaction = terminal(console, rubrics)
    with parts.open_archive(settings) as archive:
        _offer_recovery(console, archive)
        choices = _choices(bank, archive, options)
        finisher = parts.finisher(settings, archive, content, interaction.notice)
        sound = _sound(settings, options)
        interview = Interview(
            Parts(archive, finisher, sound.synthesizer, sound.speaker, sound.microphone),
            interaction,
            Options(
                mode="recorded"
                if options["demo"]
                else "typed"
                if options.get("typed")
                else "spoken",
                seconds=options.get("seconds"),
                feedback=options.get("feedback") or "after",
            ),
        )
        session = interview.run(choices)
        _conclude(console, bank, archive, session)


def _choices(bank: Bank, archive: Archive, options: Mapping[str, Any]) -> tuple[Choice, ...]:
    if options["demo"]:
        recorded = sorted(CANDIDATE_DIR.glob("*.wav"))
        numbered = sorted((bank.question(file.stem) for file in recorded), key=lambda q: q.number)
        return tuple(Choice(question, "the recorded candidate answers it") for question in numbered)
    named = tuple(options["questions"])
    request = Request(
        count=options["count"] or (None if named else DEFAULT_COUNT),
        categories=tuple(options["categories"]),
        roles=tuple(options["roles"]),
        difficulties=tuple(options["difficulties"]),
        questions=named,
        seed=options["seed"],
    )
    asked = {past.question_id: past.started_at for past in reversed(archive.history())}
    return select(bank, request, asked)


def _sound(settings: Settings, options: Mapping[str, Any]) -> Sound:
    from interviewer.audio.microphone import DeviceMicrophone, FileMicrophone, list_devices
    from interviewer.audio.speaker import DeviceSpeaker, SilentSpeaker
    from interviewer.speech.synthesis import Pyttsx3Synthesizer, SilentSynthesizer

    microphone = DeviceMicrophone(settings.microphone)

    def recorded(question: Question) -> Microphone:
        return FileMicrophone(CANDIDATE_DIR / f"{question.id}.wav")

    source = recorded if options["demo"] else lambda _question: microphone
    if options.get("no_speech_out") or options.get("typed"):
        return Sound(SilentSynthesizer(), SilentSpeaker(), source)
    voice = Pyttsx3Synthesizer(
        settings.cache_dir / "voice", settings.voice, settings.speaking_rate_wpm
    )
    # The recorded candidate also answers on machines without a speaker, where the text must do.
    mute = options["demo"] and not list_devices().outputs
    return Sound(voice, SilentSpeaker() if mute else DeviceSpeaker(settings.speaker), source)


def _offer_recovery(console: Console, archive: Archive) -> None:
    waiting = archive.unfinished()
    if waiting:
        console.print(
            Text(
                f"{len(waiting)} earlier answer(s) were interrupted and are safe on disk. "
                "Finish them with: interviewer recover\n",
                style="yellow",
            )
        )


def _conclude(console: Console, bank: Bank, archive: Archive, session: SessionRecord) -> None:
    """The table, and where everything is."""
    titles = {category.slug: category.title for category in bank.categories}
    console.print()
    console.print(views.summary(summarise(session.attempts, titles)))
    kept = Path(session.folder)
    console.print(
        Text.assemble(
            ("Kept as session ", ""),
            (session.id, "bold"),
            (f" in {kept}\n", ""),
            (f"  interviewer replay {session.id} 1     listen to an answer again\n", "dim"),
            (
                f"  interviewer report {session.id}       this table again; --html FILE for a page",
                "dim",
            ),
        ),
        soft_wrap=True,
    )
