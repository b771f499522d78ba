"""Follow-ups: attempts that belong to an earlier attempt."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("attempts", sa.Column("follow_up_of", sa.Integer))
    op.add_column("attempts", sa.Column("key_point", sa.String(80)))
