"""What the archive hands out: plain values, detached from the database. All times are UTC."""

from __future__ import annotations

import itertools
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from interviewer.errors import UsageError
from interviewer.scoring.grade import Assessment, Score
from interviewer.speech.transcript import Transcript

Mode = Literal["spoken", "typed", "recorded"]
Ending = Literal[
    "user", "time_limit", "silence", "no_speech", "cancelled", "device_lost", "interrupted"
]
Stage = Literal["recording", "recorded", "transcribed", "assessed", "skipped"]
"""How far an attempt has come. "Not scored" is `assessed`, by an assessment without a score."""

FINISHED_STAGES = ("assessed", "skipped")


@dataclass(frozen=True)
class AttemptRecord:
    """One asking of one question.

    `position` counts the session's attempts from 1, retries included; `try_number` counts the
    tries of one question in its session from 1. `audio` is the recording's path relative to the
    archive folder, `None` for typed answers. `ended`, `duration_s` and `sha256` (of the audio file)
    are `None` until the recording is finished. `transcripts` and `assessments` are oldest first.

    A follow-up names the attempt it followed, and the key point it asked about unless it is one of
    the question's own; with a key point, its assessment is of the answer and the replies together.
    """

    id: int
    session_id: str
    position: int
    try_number: int
    question_id: str
    category: str
    ask: str
    question_hash: str
    rubric_hash: str
    started_at: datetime
    time_limit_s: float
    duration_s: float | None
    ended: Ending | None
    audio: str | None
    sha256: str | None
    stage: Stage
    own_grade: Score | None
    follow_up_of: int | None
    key_point: str | None
    transcripts: tuple[Transcript, ...]
    assessments: tuple[Assessment, ...]
    archive_folder: Path

    @property
    def audio_path(self) -> Path | None:
        """Where the recording is, or will be once the first sample is written."""
        return None if self.audio is None else self.archive_folder / self.audio

    @property
    def has_audio(self) -> bool:
        """Whether there is a recording on disk."""
        return self.audio_path is not None and self.audio_path.is_file()

    @property
    def transcript(self) -> Transcript | None:
        """The newest, which is the one that counts."""
        return self.transcripts[-1] if self.transcripts else None

    @property
    def assessment(self) -> Assessment | None:
        """The newest, which is the one that counts."""
        return self.assessments[-1] if self.assessments else None

    @property
    def score(self) -> Score | None:
        return None if self.assessment is None else self.assessment.score

    def to_dict(self) -> dict[str, Any]:
        """Every field but the archive's folder, as plain JSON values."""
        return {
            **_plain(self, leave_out={"archive_folder"}),
            "transcripts": [transcript.to_dict() for transcript in self.transcripts],
            "assessments": [assessment.to_dict() for assessment in self.assessments],
        }


@dataclass(frozen=True)
class Following:
    """A follow-up about to be asked: after which attempt, in which words, about which key point."""

    attempt_id: int
    ask: str
    key_point: str | None


@dataclass(frozen=True)
class SessionRecord:
    """An ordered list of attempts. `folder` is absolute and holds the recordings."""

    id: str
    mode: Mode
    planned: tuple[str, ...]
    options: Mapping[str, Any]
    started_at: datetime
    ended_at: datetime | None
    attempts: tuple[AttemptRecord, ...]
    folder: Path

    def attempt(self, position: int) -> AttemptRecord:
        """The attempt at `position`, counted from 1.

        Raises:
            UsageError: there is none.
        """
        for attempt in self.attempts:
            if attempt.position == position:
                return attempt
        raise UsageError(
            f"session {self.id} has no answer {position}; it has {len(self.attempts)}",
            f"interviewer sessions show {self.id}",
        )

    def before(self, reply: AttemptRecord) -> Assessment | None:
        """The assessment that the reply to a probe could improve; `None` for other attempts."""
        if reply.key_point is None:
            return None
        earlier = [
            attempt.assessment
            for attempt in self.attempts
            if attempt.position < reply.position
            and attempt.assessment is not None
            and (
                attempt.id == reply.follow_up_of
                or (attempt.follow_up_of == reply.follow_up_of and attempt.key_point is not None)
            )
        ]
        return earlier[-1] if earlier else None

    def to_dict(self) -> dict[str, Any]:
        """Every field but the folder, as plain JSON values."""
        return {
            **_plain(self, leave_out={"folder"}),
            "planned": list(self.planned),
            "options": dict(self.options),
            "attempts": [attempt.to_dict() for attempt in self.attempts],
        }


@dataclass(frozen=True)
class SessionSummary:
    """One line of the list of sessions.

    `questions` counts different questions; `scored` those whose newest scored try has a score, and
    `mean_score` is the mean of those, `None` without any. `unfinished` counts the attempts that
    `Archive.unfinished` lists; `live` says that a process is adding to the session right now.
    """

    id: str
    mode: Mode
    started_at: datetime
    ended_at: datetime | None
    questions: int
    scored: int
    mean_score: float | None
    unfinished: int
    audio_bytes: int
    live: bool


@dataclass(frozen=True)
class Asked:
    """When a question was asked, and what its newest assessment says."""

    question_id: str
    category: str
    session_id: str
    try_number: int
    started_at: datetime
    stage: Stage
    score: Score | None


def summarise(
    session: Mapping[str, Any],
    asked: Sequence[Asked],
    *,
    unfinished: int,
    audio_bytes: int,
    live: bool,
) -> SessionSummary:
    """The summary of a row of `sessions`; `asked` is what was asked in it, newest first."""
    scores: dict[str, Score] = {}
    for one in asked:
        if one.score is not None:
            scores.setdefault(one.question_id, one.score)
    return SessionSummary(
        id=session["id"],
        mode=session["mode"],
        started_at=session["started_at"],
        ended_at=session["ended_at"],
        questions=len({one.question_id for one in asked}),
        scored=len(scores),
        mean_score=sum(scores.values()) / len(scores) if scores else None,
        unfinished=unfinished,
        audio_bytes=audio_bytes,
        live=live,
    )


def session_ids(started_at: datetime) -> Iterator[str]:
    """2026-11-23-a to -z, then -aa and on; the date is the local one, as the candidate knows it."""
    date = started_at.astimezone().date().isoformat()
    for length in itertools.count(1):
        for letters in itertools.product(string.ascii_lowercase, repeat=length):
            yield f"{date}-{''.join(letters)}"


def _plain(record: AttemptRecord | SessionRecord, leave_out: set[str]) -> dict[str, Any]:
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
        if name not in leave_out
    }
