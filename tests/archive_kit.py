"""What the tests of the archive share: a clock, a question, its answer, and processes that die."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from interviewer.archive import Archive, AttemptRecord, SessionRecord
from interviewer.bank.question import Question
from interviewer.scoring.claims import Claim
from interviewer.scoring.coverage import KeyPointResult
from interviewer.scoring.grade import Assessment, Score
from interviewer.settings import Settings
from interviewer.speech.transcript import Segment, Transcript, Word

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Clock:
    """Noon, and a minute later each time it is read."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        self.time += timedelta(minutes=1)
        return self.time


def open_in(folder: Path) -> Archive:
    return Archive.open(Settings(archive_dir=folder), Clock())


def question(name: str = "kv-cache") -> Question:
    return Question(
        id=name,
        number=3,
        category="transformer-architecture",
        ask=f"What is {name}?",
        difficulty="medium",
        roles=("mle",),
        answer="It keeps keys and values.",
    )


def begin(archive: Archive, session: SessionRecord, name: str = "kv-cache") -> AttemptRecord:
    return archive.begin_attempt(
        session.id, question(name), question_hash="q1", rubric_hash="r1", time_limit_s=90
    )


def record(attempt: AttemptRecord, content: bytes = b"RIFF....") -> None:
    assert attempt.audio_path is not None
    attempt.audio_path.write_bytes(content)


def heard(words: str = "it keeps keys") -> Transcript:
    timed = tuple(Word(word, i * 0.5, i * 0.5 + 0.4, 0.9) for i, word in enumerate(words.split()))
    return Transcript((Segment(words, 0.0, 2.0, timed),), "faster-whisper", "small.en", "1.2", 2.0)


def graded(score: Score | None = 1) -> Assessment:
    point = KeyPointResult("avoids-recompute", "hit", 0.81, Claim("it keeps keys", 0.0, 1.4))
    missed = KeyPointResult("memory", "missed", 0.1, None)
    return Assessment(score, 0.5, (point, missed), ("One of two points.",), "first 1")


def answer(archive: Archive, attempt: AttemptRecord, score: Score | None) -> AttemptRecord:
    """Bring an attempt to its end."""
    if attempt.audio_path is not None:
        record(attempt)
    archive.finish_recording(attempt.id, "user", 42.5, "ab" * 32)
    archive.save_transcript(attempt.id, heard())
    return archive.save_assessment(attempt.id, graded(score))


@contextmanager
def child(action: Callable[[], object]) -> Iterator[int]:
    """Run `action` in a forked child; gives its process number, and reaps it in the end.

    A test calls it while it has no archive open itself: SQLite does not survive a fork.
    """
    number = os.fork()
    if number == 0:
        status = 1
        try:
            action()
            status = 0
        finally:
            os._exit(status)
    try:
        yield number
    except BaseException:
        os.kill(number, signal.SIGKILL)
        os.waitpid(number, 0)
        raise


def exit_status(number: int) -> int:
    """Wait for a child to end; negative for the signal that it died of."""
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])


def in_child(action: Callable[[], object]) -> int:
    """Run `action` in a child to its end; returns the exit status."""
    with child(action) as number:
        return exit_status(number)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def check_database(folder: Path) -> None:
    """Fail unless SQLite finds its file whole, and every row's parent there."""
    connection = sqlite3.connect(folder / "archive.db")
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    finally:
        connection.close()
