"""`interviewer sessions`: list, show, delete, export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from interviewer.archive import SessionSummary, export_session
from interviewer.cli import parts, views
from interviewer.scoring.grade import not_scored


@click.group(invoke_without_command=True)
@click.pass_context
def sessions(context: click.Context) -> None:
    """List, show, delete or export past interviews.

    SESSION is an id such as 2026-11-23-a, the beginning of one, or `last`.
    """
    if context.invoked_subcommand is None:
        context.invoke(list_sessions)


@sessions.command("list")
@click.option("--count", type=click.IntRange(1), default=20, show_default=True)
def list_sessions(count: int = 20) -> None:
    """The newest sessions."""
    with parts.open_archive(parts.settings_from({})) as archive:
        found = archive.sessions(limit=count)
    console = views.console()
    if not found:
        console.print("No sessions yet. Begin with: interviewer start")
        return
    table = Table()
    for name in ("Session", "Started", "Kind"):
        table.add_column(name)
    for name in ("Questions", "Scored", "Mean", "Unfinished", "Audio"):
        table.add_column(name, justify="right")
    for session in found:
        _add(table, session)
    console.print(table)
    if any(session.unfinished for session in found):
        console.print("Finish what was interrupted with: interviewer recover")


def _add(table: Table, session: SessionSummary) -> None:
    table.add_row(
        Text(session.id),
        f"{session.started_at.astimezone():%Y-%m-%d %H:%M}",
        f"{session.mode}, going on" if session.live else session.mode,
        str(session.questions),
        str(session.scored),
        "-" if session.mean_score is None else f"{session.mean_score:.2f}",
        str(session.unfinished or "-"),
        f"{session.audio_bytes / 1e6:.1f} MB",
    )


@sessions.command("show")
@click.argument("session", default="last")
@parts.bank_option
def show_session(session: str, **options: Any) -> None:
    """One session, answer by answer."""
    settings = parts.settings_from(options)
    console = views.console()
    _, rubrics = parts.load_content(settings)
    with parts.open_archive(settings) as archive:
        record = archive.session(session)
    started = record.started_at.astimezone()
    console.print(Text(f"Session {record.id}, {record.mode}, {started:%Y-%m-%d %H:%M}\n"))
    for attempt in record.attempts:
        if attempt.stage == "skipped":
            result = not_scored("Skipped." if attempt.ended == "cancelled" else "Interrupted.")
        else:
            result = attempt.assessment or not_scored("Unfinished: type `interviewer recover`.")
        rubric = rubrics.get(attempt.question_id)
        console.print(views.answer(attempt, result, rubric, record.before(attempt)))


@sessions.command("delete")
@click.argument("session")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete_session(session: str, yes: bool) -> None:
    """Delete a session and its recordings, for good."""
    with parts.open_archive(parts.settings_from({})) as archive:
        record = archive.session(session)
        question = f"Delete session {record.id} with its {len(record.attempts)} answer(s)?"
        if not yes:
            click.confirm(question, abort=True)
        freed = archive.delete_session(record.id)
    click.echo(f"Deleted {record.id}; {freed / 1e6:.1f} MB of audio freed.")


@sessions.command("export")
@click.argument("session")
@click.argument("target", type=click.Path(path_type=Path))
def export(session: str, target: Path) -> None:
    """Copy a session with its recordings to a new folder, or to a file ending in .zip."""
    with parts.open_archive(parts.settings_from({})) as archive:
        written = export_session(archive.session(session), target)
    click.echo(f"Exported to {written}")
