"""Run by Alembic, on the connection that `interviewer.archive.database` opened."""

from alembic import context

from interviewer.archive.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
