"""A pytest plugin: an empty archive for each test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from interviewer.archive import Archive, schema
from tests.archive_kit import Clock

POSTGRES = os.environ.get("INTERVIEWER_TEST_DATABASE", "")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "recordings"


@pytest.fixture(params=["sqlite", "postgresql"] if POSTGRES else ["sqlite"])
def url(request: pytest.FixtureRequest, folder: Path) -> str:
    """An empty database: SQLite, and PostgreSQL too where one is named for tests to write to."""
    if request.param == "sqlite":
        return f"sqlite:///{folder / 'archive.db'}"
    engine = create_engine(POSTGRES)
    with engine.begin() as connection:
        schema.metadata.drop_all(connection)
        connection.execute(text("DROP TABLE IF EXISTS alembic_version"))
    engine.dispose()
    return POSTGRES


@pytest.fixture
def archive(url: str, folder: Path) -> Iterator[Archive]:
    with Archive(url, folder, Clock()) as opened:
        yield opened
