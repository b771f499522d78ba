"""The tables. A change here needs a new revision in `migrations/versions` and a new `HEAD`."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

HEAD = "0002"
"""The newest revision. Known without importing Alembic, so that opening an archive stays quick."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in, the same time in UTC out; SQLite itself keeps no time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData()

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("mode", String(16), nullable=False),
    Column("planned", JSON, nullable=False),
    Column("options", JSON, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    # Set before the audio goes and the row last, so that an interrupted deletion is finished later.
    Column("deleted_at", UtcDateTime),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("session_id", ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("try_number", Integer, nullable=False),
    Column("question_id", String(80), nullable=False),
    Column("category", String(80), nullable=False),
    Column("ask", Text, nullable=False),
    Column("question_hash", String(128), nullable=False),
    Column("rubric_hash", String(128), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("time_limit_s", Float, nullable=False),
    Column("duration_s", Float),
    Column("ended", String(16)),
    Column("audio", Text),
    Column("sha256", String(64)),
    Column("stage", String(16), nullable=False),
    Column("own_grade", Integer),
    Column("follow_up_of", Integer),
    Column("key_point", String(80)),
    UniqueConstraint("session_id", "position", name="uq_attempts_session_position"),
)

transcripts = Table(
    "transcripts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("attempt_id", ForeignKey("attempts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("saved_at", UtcDateTime, nullable=False),
    Column("data", JSON, nullable=False),
)

assessments = Table(
    "assessments",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("attempt_id", ForeignKey("attempts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("saved_at", UtcDateTime, nullable=False),
    Column("score", Integer),
    Column("data", JSON, nullable=False),
)
