"""The archive: every session and attempt, kept from before its first sample on."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from sqlalchemy import URL, Connection, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from interviewer.archive import queries
from interviewer.archive.database import open_engine, translated, translated_files
from interviewer.archive.lock import SessionLock, is_held, turn
from interviewer.archive.records import (
    FINISHED_STAGES,
    Asked,
    AttemptRecord,
    Ending,
    Following,
    Mode,
    SessionRecord,
    SessionSummary,
    session_ids,
    summarise,
)
from interviewer.archive.schema import assessments, attempts, sessions, transcripts
from interviewer.bank.question import Question
from interviewer.errors import ArchiveError, UsageError
from interviewer.scoring.grade import Assessment, Score
from interviewer.settings import Settings
from interviewer.speech.transcript import Transcript


def utc_now() -> datetime:
    return datetime.now(UTC)


class Archive:
    """Sessions and attempts in a database, their recordings in a folder for each session.

    Every method is one transaction, on disk when it returns, and may be called from any thread.
    A session belongs to the process that started it until `end_session` or `close`: as long as
    that process lives, no other one takes the session for interrupted, or deletes it.
    """

    def __init__(self, url: str | URL, folder: Path, now: Callable[[], datetime] = utc_now) -> None:
        """Open the database at `url`, make or update its tables, and finish interrupted deletions.

        Args:
            url: SQLAlchemy URL, of SQLite or PostgreSQL.
            folder: where the recordings are; made when missing. One folder serves one database.
            now: the clock, giving aware times.

        Raises:
            SettingsError: `url` names no database that this program can use.
            ArchiveError: the folder or the database cannot be used; the hint says what to do.
        """
        self.folder = folder.absolute()
        self._now = now
        self._locks: dict[str, SessionLock] = {}
        with translated_files(f"make the archive folder {self.folder}", self.folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with turn(self.folder):
                self._reader = open_engine(url)
        self._writer = self._reader.execution_options(writing=True)
        try:
            self._finish_deletions()
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(cls, settings: Settings, now: Callable[[], datetime] = utc_now) -> Self:
        """Open the archive that `settings` name; raises as the constructor does."""
        file = settings.archive_dir.absolute() / "archive.db"
        # Built from its parts: in a URL, a "?" in the folder's name would end the path.
        url = settings.database or URL.create("sqlite", database=str(file))
        return cls(url, settings.archive_dir, now)

    def close(self) -> None:
        """Give up this process's sessions and connections. May be called twice."""
        while self._locks:
            self._locks.popitem()[1].release()
        self._reader.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    # Keeping what happens, in the order in which it happens

    def start_session(
        self, mode: Mode, planned: Sequence[str], options: Mapping[str, Any]
    ) -> SessionRecord:
        """Begin a session under a new id: the local date and a letter, as in 2026-11-23-a.

        Args:
            planned: ids of the questions that are going to be asked.
            options: plain JSON values worth remembering, such as the seed.
        """
        started_at = self._now()
        row = {
            "mode": mode,
            "planned": list(planned),
            "options": dict(options),
            "started_at": started_at,
        }
        session_id = next(name for name in session_ids(started_at) if self._claim(name, row))
        return self.session(session_id)

    def begin_attempt(
        self,
        session_id: str,
        question: Question,
        *,
        question_hash: str,
        rubric_hash: str,
        time_limit_s: float,
        follow_up: Following | None = None,
    ) -> AttemptRecord:
        """Note that a question is being asked; call it before the first sample is recorded.

        The hashes are of the question and of its rubric as they are now. In a `typed` session the
        attempt has no audio. A `follow_up` is asked in the question's place.
        """
        values = {
            "question_id": question.id,
            "category": question.category,
            "ask": question.ask if follow_up is None else follow_up.ask,
            "follow_up_of": None if follow_up is None else follow_up.attempt_id,
            "key_point": None if follow_up is None else follow_up.key_point,
            "question_hash": question_hash,
            "rubric_hash": rubric_hash,
            "time_limit_s": time_limit_s,
            "started_at": self._now(),
            "stage": "recording",
        }
        with self._writing() as connection:
            session = queries.session(connection, session_id, self.folder)
            position = len(session.attempts) + 1
            asked_now = (question.id, values["follow_up_of"], values["ask"])
            tries = sum(
                (tried.question_id, tried.follow_up_of, tried.ask) == asked_now
                for tried in session.attempts
            )
            audio = f"{session.id}/{position:02d}-{question.id}.wav"
            attempt_id = connection.execute(
                insert(attempts)
                .values(
                    session_id=session.id,
                    position=position,
                    try_number=tries + 1,
                    audio=None if session.mode == "typed" else audio,
                    **values,
                )
                .returning(attempts.c.id)
            ).scalar_one()
            return queries.attempt(connection, attempt_id, self.folder)

    def finish_recording(
        self, attempt_id: int, ended: Ending, duration_s: float, sha256: str | None = None
    ) -> AttemptRecord:
        """Note that the answer is complete; `sha256` of the audio file, none for typed answers."""
        return self._change(
            attempt_id, stage="recorded", ended=ended, duration_s=duration_s, sha256=sha256
        )

    def save_transcript(self, attempt_id: int, transcript: Transcript) -> AttemptRecord:
        """Keep one more transcript, which counts from now on; the attempt awaits its assessment."""
        row = {"data": transcript.to_dict()}
        return self._change(attempt_id, transcripts, row, stage="transcribed")

    def save_assessment(self, attempt_id: int, assessment: Assessment) -> AttemptRecord:
        """Keep one more assessment, which counts from now on; the attempt is finished."""
        row = {"score": assessment.score, "data": assessment.to_dict()}
        return self._change(attempt_id, assessments, row, stage="assessed")

    def skip(self, attempt_id: int, ended: Ending = "cancelled") -> AttemptRecord:
        """Finish an attempt without an answer to assess; what was recorded of it is kept."""
        return self._change(attempt_id, stage="skipped", ended=ended)

    def set_own_grade(self, attempt_id: int, grade: Score | None) -> AttemptRecord:
        """Keep the candidate's own grade; `None` withdraws it.

        Raises:
            UsageError: the grade is not 0, 1 or 2.
        """
        if grade not in (None, 0, 1, 2):
            raise UsageError(
                f"{grade!r} is no grade", "give 0 for wrong, 1 for partial or 2 for strong"
            )
        return self._change(attempt_id, own_grade=grade)

    def end_session(self, session_id: str) -> SessionRecord:
        """Note the end of a session, when nothing of it is left to be asked or computed.

        From now on its unfinished attempts are for `unfinished` to list.
        """
        with self._writing() as connection:
            ended = update(sessions).where(sessions.c.id == session_id)
            connection.execute(ended.values(ended_at=self._now()))
        if session_id in self._locks:
            self._locks.pop(session_id).release()
        return self.session(session_id)

    # Looking things up

    def sessions(self, limit: int | None = None) -> tuple[SessionSummary, ...]:
        """The newest `limit` sessions, newest first."""
        unfinished = Counter(attempt.session_id for attempt in self.unfinished())
        with self._reading() as connection:
            asked: dict[str, list[Asked]] = {}
            for one in queries.history(connection):
                asked.setdefault(one.session_id, []).append(one)
            rows = queries.session_rows(connection, limit)
        return tuple(
            summarise(
                row,
                asked.get(row["id"], ()),
                unfinished=unfinished[row["id"]],
                audio_bytes=_audio_bytes(self.folder / row["id"]),
                live=self._is_live(row["id"]),
            )
            for row in rows
        )

    def session(self, reference: str) -> SessionRecord:
        """One session with its attempts, by "last", its id, or a beginning only it has.

        Raises:
            UsageError: there is none, or more than one.
        """
        with self._reading() as connection:
            return queries.session(connection, reference, self.folder)

    def attempt(self, attempt_id: int) -> AttemptRecord:
        """One attempt by its number in the database.

        Raises:
            ArchiveError: there is none, or its session is deleted.
        """
        with self._reading() as connection:
            return queries.attempt(connection, attempt_id, self.folder)

    def attempts(self, session_id: str | None = None) -> tuple[AttemptRecord, ...]:
        """The attempts of one session, or of all, oldest first."""
        chosen = () if session_id is None else (attempts.c.session_id == session_id,)
        with self._reading() as connection:
            return queries.attempts_where(connection, self.folder, *chosen)

    def unfinished(self) -> tuple[AttemptRecord, ...]:
        """The attempts that recovery has to finish, oldest first.

        Those are neither assessed nor skipped, belong to a session that no living process holds,
        and have their session's folder on this machine. `has_audio` and `transcript` say what
        there is to work on; with neither, the crash came before the first sample.
        """
        with self._reading() as connection:
            waiting = queries.attempts_where(
                connection, self.folder, attempts.c.stage.not_in(FINISHED_STAGES)
            )
        ours = {
            session_id: (self.folder / session_id).is_dir() and not self._is_live(session_id)
            for session_id in {attempt.session_id for attempt in waiting}
        }
        return tuple(attempt for attempt in waiting if ours[attempt.session_id])

    def history(self) -> tuple[Asked, ...]:
        """Which questions were asked when, newest first."""
        with self._reading() as connection:
            return queries.history(connection)

    # Taking over and taking away

    @contextmanager
    def hold(self, session_id: str) -> Iterator[None]:
        """Keep a session to this process, while it recovers, transcribes or scores it again.

        Raises:
            ArchiveError: a living process holds it already.
        """
        lock = self._lock(session_id)
        if lock is None:
            raise ArchiveError(
                f"session {session_id} is in use by a running interview or recovery",
                "end that one first, then try again",
            )
        try:
            yield
        finally:
            lock.release()

    def delete_session(self, reference: str) -> int:
        """Delete a session with its recordings; returns the bytes of audio that were freed.

        The session is gone from the moment this begins. Interrupted, it is finished when the
        archive is next opened: the row goes last, so that no recording is ever forgotten.

        Raises:
            UsageError: there is no such session.
            ArchiveError: it is in use, or its files cannot be removed.
        """
        session_id = self.session(reference).id
        with self.hold(session_id):
            with self._writing() as connection:
                doomed = update(sessions).where(sessions.c.id == session_id)
                connection.execute(doomed.values(deleted_at=self._now()))
            return self._erase(session_id)

    def _finish_deletions(self) -> None:
        doomed = select(sessions.c.id).where(~queries.KEPT)
        with self._reading() as connection:
            ids = connection.execute(doomed).scalars().all()
        for session_id in ids:
            # What cannot be removed today must not keep anyone from their other sessions.
            with suppress(ArchiveError), self.hold(session_id):
                with self._reading() as connection:
                    still = connection.execute(doomed.where(sessions.c.id == session_id)).all()
                if still:
                    self._erase(session_id)

    def _erase(self, session_id: str) -> int:
        folder = self.folder / session_id
        freed = _audio_bytes(folder)
        with translated_files(f"delete the recordings in {folder}", self.folder):
            if folder.exists():
                shutil.rmtree(folder)
        with self._writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.id == session_id))
        return freed

    # Folders, locks and transactions

    def _claim(self, session_id: str, row: Mapping[str, Any]) -> bool:
        """Make the session, its folder and its lock, unless the id is taken in any of the three.

        A folder without a session is left alone: recordings outlive a database moved aside.
        """
        lock = self._lock(session_id)
        if lock is None:
            return False
        with ExitStack() as undo:
            undo.callback(lock.release)
            folder = self.folder / session_id
            if folder.exists():
                return False
            with translated_files(f"make the folder {folder}", self.folder):
                folder.mkdir(mode=0o700)
            undo.callback(folder.rmdir)
            with translated(self._reader.url):
                try:
                    with self._writer.begin() as connection:
                        connection.execute(insert(sessions).values(id=session_id, **row))
                except IntegrityError:
                    return False
            undo.pop_all()
        self._locks[session_id] = lock
        return True

    def _lock(self, session_id: str) -> SessionLock | None:
        with translated_files(f"lock session {session_id} in {self.folder}", self.folder):
            return SessionLock.acquire(self.folder, session_id)

    def _is_live(self, session_id: str) -> bool:
        with translated_files(f"lock session {session_id} in {self.folder}", self.folder):
            return is_held(self.folder, session_id)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with translated(self._reader.url), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with translated(self._reader.url), self._writer.begin() as connection:
            yield connection

    def _change(
        self,
        attempt_id: int,
        table: Table | None = None,
        row: Mapping[str, Any] | None = None,
        **values: object,
    ) -> AttemptRecord:
        """Update an attempt, and add a row about it to `table`."""
        with self._writing() as connection:
            changed = connection.execute(
                update(attempts).where(attempts.c.id == attempt_id).values(values)
            )
            if changed.rowcount and table is not None:
                added = {"attempt_id": attempt_id, "saved_at": self._now(), **(row or {})}
                connection.execute(insert(table).values(added))
            return queries.attempt(connection, attempt_id, self.folder)


def _audio_bytes(folder: Path) -> int:
    total = 0
    for file in folder.glob("*.wav"):
        with suppress(FileNotFoundError):  # another process may be deleting the session
            total += file.stat().st_size
    return total
