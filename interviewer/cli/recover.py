"""`interviewer recover`: finish what a crash interrupted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from interviewer.cli import parts, views
from interviewer.errors import ArchiveError, InterviewerError

if TYPE_CHECKING:
    from rich.console import Console

    from interviewer.archive import Archive
    from interviewer.finishing import Finisher


@click.command()
@parts.bank_option
@parts.engine_options
def recover(**options: Any) -> None:
    """Finish answers that a crash, a kill or a failed engine left behind.

    Recordings are mended, transcribed, scored and kept. Nothing is deleted.
    """
    settings = parts.settings_from(options)
    console = views.console()
    with parts.open_archive(settings) as archive:
        if not archive.unfinished():
            console.print("Nothing to recover: every answer is finished.")
            return
        content = parts.load_content(settings)
        finish_all(console, archive, parts.finisher(settings, archive, content, console.print))


def finish_all(console: Console, archive: Archive, finisher: Finisher) -> None:
    """Recover every unfinished answer, and say what became of each.

    Raises:
        InterviewerError: some could not be finished; the others are.
    """
    failed = 0
    for waiting in archive.unfinished():
        name = f"{waiting.session_id} answer {waiting.position} ({waiting.question_id})"
        try:
            with archive.hold(waiting.session_id):
                # Read again: another recovery may have finished it while this one waited.
                attempt = archive.attempt(waiting.id)
                outcome = finisher.recover(attempt) if attempt.assessment is None else None
        except ArchiveError as error:
            failed += 1
            console.print(Text(f"{name}: {error.message}"))
            continue
        if outcome is None:
            console.print(Text(f"{name}: interrupted before the first word; nothing to score"))
            continue
        failed += outcome.failed
        console.print(Text(f"{name}: {views.SCORES[outcome.assessment.score][0]}", style="bold"))
        for reason in outcome.assessment.reasons:
            console.print(Text(f"  {reason}"))
    if failed:
        raise InterviewerError(
            f"{failed} answer(s) could not be finished; their recordings are safe",
            "mend what the reasons above name, then type: interviewer recover",
        )
