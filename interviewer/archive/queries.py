"""Rows into records, inside a transaction of the caller's."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, func, select

from interviewer.archive.records import Asked, AttemptRecord, SessionRecord
from interviewer.archive.schema import assessments, attempts, sessions, transcripts
from interviewer.errors import ArchiveError, UsageError
from interviewer.scoring.grade import Assessment
from interviewer.speech.transcript import Transcript

KEPT = sessions.c.deleted_at.is_(None)
_NEWEST_FIRST = (
    sessions.c.started_at.desc(),
    func.length(sessions.c.id).desc(),
    sessions.c.id.desc(),
)


def session_rows(connection: Connection, limit: int | None = None) -> list[dict[str, Any]]:
    """Newest first."""
    query = select(sessions).where(KEPT).order_by(*_NEWEST_FIRST).limit(limit)
    return [row._asdict() for row in connection.execute(query)]


def session(connection: Connection, reference: str, folder: Path) -> SessionRecord:
    """One session with its attempts, by "last", its id, or a beginning only it has."""
    found = _resolve(connection, reference.strip().lower())
    row = connection.execute(select(sessions).where(sessions.c.id == found)).mappings().one()
    return SessionRecord(
        id=found,
        mode=row["mode"],
        planned=tuple(row["planned"]),
        options=row["options"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        attempts=attempts_where(connection, folder, attempts.c.session_id == found),
        folder=folder / found,
    )


def attempt(connection: Connection, attempt_id: int, folder: Path) -> AttemptRecord:
    """One attempt by its number in the database."""
    found = attempts_where(connection, folder, attempts.c.id == attempt_id)
    if not found:
        raise ArchiveError(
            f"answer number {attempt_id} is not in the archive; its session may be deleted",
            "interviewer sessions",
        )
    return found[0]


def attempts_where(
    connection: Connection, folder: Path, *conditions: Any
) -> tuple[AttemptRecord, ...]:
    """The attempts that meet SQL `conditions`, oldest first."""
    where = (KEPT, *conditions)
    rows = connection.execute(
        select(attempts).join(sessions).where(*where).order_by(attempts.c.id)
    ).mappings()

    def saved(table: Table) -> dict[int, list[dict[str, Any]]]:
        query = select(table.c.attempt_id, table.c.data).select_from(
            table.join(attempts).join(sessions)
        )
        by_attempt: dict[int, list[dict[str, Any]]] = {}
        for attempt_id, data in connection.execute(query.where(*where).order_by(table.c.id)):
            by_attempt.setdefault(attempt_id, []).append(data)
        return by_attempt

    heard, graded = saved(transcripts), saved(assessments)
    return tuple(
        AttemptRecord(
            **row,
            transcripts=tuple(map(Transcript.from_dict, heard.get(row["id"], ()))),
            assessments=tuple(map(Assessment.from_dict, graded.get(row["id"], ()))),
            archive_folder=folder,
        )
        for row in rows
    )


def history(connection: Connection) -> tuple[Asked, ...]:
    """Which questions were asked when, newest first; without follow-ups."""
    newest = (
        select(func.max(assessments.c.id))
        .where(assessments.c.attempt_id == attempts.c.id)
        .correlate(attempts)
        .scalar_subquery()
    )
    columns = [attempts.c[field.name] for field in fields(Asked) if field.name != "score"]
    query = (
        select(*columns, assessments.c.score)
        .join(sessions)
        .outerjoin(assessments, assessments.c.id == newest)
        .where(KEPT, attempts.c.follow_up_of.is_(None))
        .order_by(attempts.c.id.desc())
    )
    return tuple(Asked(**row) for row in connection.execute(query).mappings())


def _resolve(connection: Connection, reference: str) -> str:
    newest: list[str] = [row["id"] for row in session_rows(connection)]
    if not newest:
        raise UsageError("there are no sessions yet", "interviewer start")
    if reference in ("last", "latest"):
        return newest[0]
    if reference in newest:
        return reference
    found = [session_id for session_id in newest if session_id.startswith(reference)]
    if len(found) == 1:
        return found[0]
    trouble = "several sessions begin with" if found else "there is no session"
    raise UsageError(
        f"{trouble} {reference!r}; the newest are {', '.join((found or newest)[:5])}",
        "name one of them, or say last; interviewer sessions lists all",
    )
