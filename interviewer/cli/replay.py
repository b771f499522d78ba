"""`interviewer replay`: an answer again, with its transcript walking along."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from interviewer.archive import Archive, AttemptRecord, SessionRecord
from interviewer.cli import parts, views
from interviewer.errors import UsageError
from interviewer.settings import Settings
from interviewer.speech.transcript import Word

if TYPE_CHECKING:
    from interviewer.finishing import Finisher

LEAD_IN_S = 1.0
"""How much is heard before the words that were jumped to."""


@click.command()
@click.argument("session", default="last")
@click.argument("number", type=click.IntRange(1), required=False)
@click.option("--point", metavar="KEY_POINT", help="Jump to the words that earned this key point.")
@click.option("--from", "start_s", type=click.FloatRange(0), help="Begin at this second.")
@click.option("--rescore", is_flag=True, help="Score again with the rubric as it is now.")
@click.option("--retranscribe", is_flag=True, help="Transcribe again (see --model), then score.")
@click.option("--no-sound", is_flag=True, help="Show the answer without playing it.")
@parts.bank_option
@parts.engine_options
def replay(session: str, number: int | None, **options: Any) -> None:
    """Listen to answer NUMBER of SESSION again (default: the first answer of the last session).

    Earlier transcripts and scores are kept beside new ones. Ctrl-C ends the playing.
    """
    settings = parts.settings_from(options)
    console = views.console()
    content = _, rubrics = parts.load_content(settings)
    with parts.open_archive(settings) as archive:
        record = archive.session(session)
        attempt = _attempt(record, number)
        if options["rescore"] or options["retranscribe"]:
            finisher = parts.finisher(settings, archive, content, console.print)
            attempt = _again(archive, finisher, attempt, retranscribe=options["retranscribe"])
    if attempt.assessment is not None:
        rubric = rubrics.get(attempt.question_id)
        console.print(views.answer(attempt, attempt.assessment, rubric, record.before(attempt)))
    start_s = _start_s(attempt, options["point"], options["start_s"])
    if attempt.has_audio and not options["no_sound"]:
        _play(console, settings, attempt, start_s)


def _attempt(record: SessionRecord, number: int | None) -> AttemptRecord:
    if number is not None:
        return record.attempt(number)
    for attempt in record.attempts:
        if attempt.stage != "skipped":
            return attempt
    raise UsageError(f"session {record.id} has no answers", "interviewer sessions")


def _again(
    archive: Archive, finisher: Finisher, attempt: AttemptRecord, retranscribe: bool
) -> AttemptRecord:
    with archive.hold(attempt.session_id):
        if retranscribe:
            attempt = finisher.transcribe(attempt)
        return archive.save_assessment(attempt.id, finisher.score(attempt))


def _start_s(attempt: AttemptRecord, point: str | None, start_s: float | None) -> float:
    """Where to begin, in seconds."""
    if point is None:
        return start_s or 0.0
    found = () if attempt.assessment is None else attempt.assessment.key_points
    for result in found:
        if result.id == point and result.evidence is not None:
            return max(0.0, (result.evidence.start_s or 0.0) - LEAD_IN_S)
    heard = [result.id for result in found if result.evidence is not None]
    raise UsageError(
        f"nothing in this answer is evidence for the key point {point!r}",
        f"those with evidence are: {', '.join(heard) or 'none'}",
    )


def _play(console: Console, settings: Settings, attempt: AttemptRecord, start_s: float) -> None:
    """Play the recording from `start_s`, and mark the word being heard."""
    from interviewer.audio.format import SAMPLE_RATE_HZ
    from interviewer.audio.recording import read_recording
    from interviewer.audio.speaker import DeviceSpeaker

    if attempt.audio_path is None:
        return
    samples = read_recording(attempt.audio_path)[round(start_s * SAMPLE_RATE_HZ) :]
    words = () if attempt.transcript is None else attempt.transcript.words
    speaker = DeviceSpeaker(settings.speaker)
    if not console.is_terminal:
        console.print(f"Playing from {views.clock(start_s)}.")
        speaker.play(samples, Event())
        return
    with Live(console=console, refresh_per_second=15) as live:
        speaker.play(samples, Event(), lambda at_s: live.update(_walking(words, start_s + at_s)))


def _walking(words: Sequence[Word], now_s: float) -> Text:
    """The transcript: what was heard plain, the word being heard marked, what comes dim.

    Mended words are underlined.
    """
    text = Text.assemble((f"{views.clock(now_s)}  ", "cyan"))
    for word in words:
        style = "dim" if word.start_s > now_s else "reverse" if word.end_s > now_s else "default"
        text.append(word.text.strip(), style=f"{style} underline" if word.heard else style)
        text.append(" ")
    return text
