"""Sessions, attempts, transcripts and assessments."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("planned", sa.JSON, nullable=False),
        sa.Column("options", sa.JSON, nullable=False),
        sa.Column("started_at", time, nullable=False),
        sa.Column("ended_at", time),
        sa.Column("deleted_at", time),
    )
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "session_id",
            sa.String(32),
            sa.ForeignKey("sessions.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("try_number", sa.Integer, nullable=False),
        sa.Column("question_id", sa.String(80), nullable=False),
        sa.Column("category", sa.String(80), nullable=False),
        sa.Column("ask", sa.Text, nullable=False),
        sa.Column("question_hash", sa.String(128), nullable=False),
        sa.Column("rubric_hash", sa.String(128), nullable=False),
        sa.Column("started_at", time, nullable=False),
        sa.Column("time_limit_s", sa.Float, nullable=False),
        sa.Column("duration_s", sa.Float),
        sa.Column("ended", sa.String(16)),
        sa.Column("audio", sa.Text),
        sa.Column("sha256", sa.String(64)),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("own_grade", sa.Integer),
        sa.UniqueConstraint("session_id", "position", name="uq_attempts_session_position"),
        # The number of a deleted attempt must not come to mean another one.
        sqlite_autoincrement=True,
    )
    for name, extra in (("transcripts", []), ("assessments", [sa.Column("score", sa.Integer)])):
        op.create_table(
            name,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column(
                "attempt_id",
                sa.Integer,
                sa.ForeignKey("attempts.id", ondelete="CASCADE"),
                nullable=False,
            ),
            sa.Column("saved_at", time, nullable=False),
            *extra,
            sa.Column("data", sa.JSON, nullable=False),
        )
        op.create_index(f"ix_{name}_attempt_id", name, ["attempt_id"])
