"""The archive's database: its revisions, and what it says when it cannot be used."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import Engine

from interviewer.archive import Archive, database, schema
from interviewer.errors import ArchiveError, DiskFullError, SettingsError
from interviewer.scoring.grade import Assessment
from interviewer.settings import Settings
from interviewer.speech.transcript import Segment, Transcript
from tests.archive_kit import answer, begin, check_database, open_in, record

pytest_plugins = ["tests.archive_fixtures"]

REVISION_1_DATA = """
INSERT INTO sessions (id, mode, planned, options, started_at, ended_at) VALUES
  ('2026-01-02-a', 'spoken', '["kv-cache"]', '{"seed": 7}', '2026-01-02 10:00:00.000000', NULL);
INSERT INTO attempts (id, session_id, position, try_number, question_id, category, ask,
  question_hash, rubric_hash, started_at, time_limit_s, duration_s, ended, audio, sha256, stage,
  own_grade) VALUES
  (5, '2026-01-02-a', 1, 1, 'kv-cache', 'transformer-architecture', 'What is a KV cache?',
  'q', 'r', '2026-01-02 10:00:05.000000', 90.0, 42.5, 'time_limit',
  '2026-01-02-a/01-kv-cache.wav', 'ff', 'assessed', 2);
INSERT INTO transcripts (attempt_id, saved_at, data) VALUES (5, '2026-01-02 10:01:00.000000',
  '{"engine": "pocketsphinx", "model": "en-us", "version": "5.1", "duration_s": 42.5,
    "segments": [{"text": "keys", "start_s": 0.5, "end_s": 1.0, "words": []}]}');
INSERT INTO assessments (attempt_id, saved_at, score, data) VALUES (5, '2026-01-02 10:01:01.000000',
  1, '{"score": 1, "coverage": 0.5, "key_points": [], "reasons": ["Half."], "scorer": "first 1"}');
"""


def migrate(file: Path, revision: str) -> None:
    from alembic import command
    from alembic.config import Config

    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        config = Config()
        folder = Path(database.__file__).parent / "migrations"
        config.set_main_option("script_location", str(folder))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def test_an_archive_of_the_first_revision_opens_with_all_it_held(folder: Path) -> None:
    folder.mkdir()
    migrate(folder / "archive.db", "0001")
    connection = sqlite3.connect(folder / "archive.db")
    connection.executescript(REVISION_1_DATA)
    connection.close()

    with open_in(folder) as archive:
        session = archive.session("last")
        (attempt,) = session.attempts
    assert (session.id, session.mode, session.planned) == ("2026-01-02-a", "spoken", ("kv-cache",))
    assert session.options == {"seed": 7}
    assert session.started_at == datetime(2026, 1, 2, 10, tzinfo=UTC)
    assert (attempt.id, attempt.ask, attempt.ended) == (5, "What is a KV cache?", "time_limit")
    assert (attempt.duration_s, attempt.sha256, attempt.own_grade) == (42.5, "ff", 2)
    assert attempt.transcripts == (
        Transcript((Segment("keys", 0.5, 1.0),), "pocketsphinx", "en-us", "5.1", 42.5),
    )
    assert attempt.assessments == (Assessment(1, 0.5, (), ("Half.",), "first 1"),)


def test_the_migrations_make_the_tables_that_the_program_uses(archive: Archive, url: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    archive.close()
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, schema.metadata) == []
        assert context.get_current_revision() == schema.HEAD
    engine.dispose()


def test_an_archive_of_a_newer_program_is_left_alone(archive: Archive, url: str) -> None:
    archive.close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(ArchiveError, match=r"newer version .*9999") as newer:
        Archive(url, archive.folder)
    assert "upgrade" in newer.value.hint


def test_opening_an_archive_that_is_up_to_date_loads_no_migration_machinery(folder: Path) -> None:
    open_in(folder).close()
    program = (
        "import sys; from pathlib import Path; from interviewer.archive import Archive; "
        "from interviewer.settings import Settings; "
        f"Archive.open(Settings(archive_dir=Path({str(folder)!r}))).close(); "
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout.split()
    heavy = {"alembic", "torch", "sentence_transformers", "faster_whisper", "sounddevice"}
    assert "sqlalchemy" in loaded
    assert heavy.isdisjoint(loaded)


def test_a_damaged_database_says_how_to_go_on_and_the_recordings_stay(tmp_path: Path) -> None:
    folder = tmp_path / "my recordings"
    with open_in(folder) as archive:
        session = archive.start_session("spoken", [], {})
        attempt = begin(archive, session)
        record(attempt)
    (folder / "archive.db").write_bytes(b"not a database at all" * 100)

    with pytest.raises(ArchiveError, match="damaged") as damaged:
        open_in(folder)
    subprocess.run(damaged.value.hint.partition(": ")[2], shell=True, check=True)  # noqa: S602

    with open_in(folder) as archive:
        assert archive.sessions() == ()
        assert archive.start_session("spoken", [], {}).id != session.id
    assert attempt.has_audio


def test_damage_inside_the_database_is_told_from_other_trouble(folder: Path) -> None:
    with open_in(folder) as archive:
        for _ in range(20):
            answer(archive, begin(archive, archive.start_session("spoken", [], {})), 1)
    content = bytearray((folder / "archive.db").read_bytes())
    content[8192:] = b"\xa5" * (len(content) - 8192)
    (folder / "archive.db").write_bytes(content)
    with pytest.raises(ArchiveError, match="damaged"), open_in(folder) as archive:
        archive.attempts()


def test_another_program_that_keeps_the_database_locked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
    with open_in(folder) as archive:
        other = sqlite3.connect(folder / "archive.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ArchiveError, match=r"locked for 0\.05 s"):
            archive.start_session("spoken", [], {})
        other.execute("COMMIT")
        other.close()
        # What failed has left nothing behind: the first letter is still free.
        assert archive.start_session("spoken", [], {}).id == "2026-11-23-a"


def test_another_program_that_reads_holds_nothing_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
    with open_in(folder) as archive:
        other = sqlite3.connect(folder / "archive.db", isolation_level=None)
        other.execute("BEGIN")
        other.execute("SELECT * FROM sessions").fetchall()
        session = archive.start_session("spoken", [], {})
        assert archive.session("last") == session
        other.close()


def test_a_full_disk_says_so(folder: Path) -> None:
    def cap(connection: Any, _: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # as small as what is there already

    open_in(folder).close()
    event.listen(Engine, "connect", cap)
    try:
        with open_in(folder) as archive, pytest.raises(DiskFullError, match="full") as full:
            for _ in range(500):
                archive.start_session("spoken", ["x" * 500], {})
    finally:
        event.remove(Engine, "connect", cap)
    assert "interviewer sessions" in full.value.hint
    check_database(folder)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for place in ("file", "file/below"):
        with pytest.raises(ArchiveError, match="cannot make the archive folder") as refused:
            open_in(tmp_path / place)
        assert "permissions" in refused.value.hint


def test_a_database_that_may_only_be_read(folder: Path) -> None:
    open_in(folder).close()
    read_only = f"sqlite:///file:{folder / 'archive.db'}?mode=ro&uri=true"
    with (
        pytest.raises(ArchiveError, match="cannot write to"),
        Archive(read_only, folder) as archive,
    ):
        archive.start_session("spoken", [], {})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("nonsense", "URL is wrong"),
        ("mysql://me@host/name", "only in sqlite or postgresql"),
        ("postgresql+nodriver://me@host/name", "URL is wrong"),
    ],
)
def test_a_wrong_database_setting_shows_a_right_one(folder: Path, wrong: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as refused:
        Archive.open(Settings(archive_dir=folder, database=wrong))
    assert "postgresql+psycopg://" in refused.value.hint


def test_a_folder_with_a_name_that_a_url_would_break(tmp_path: Path) -> None:
    folder = tmp_path / "what? 100% #1"
    with open_in(folder) as archive:
        archive.start_session("spoken", [], {})
    assert (folder / "archive.db").is_file()


def test_the_recordings_are_for_their_owner_only(archive: Archive, folder: Path) -> None:
    session = archive.start_session("spoken", [], {})
    assert folder.stat().st_mode & 0o077 == 0
    assert session.folder.stat().st_mode & 0o077 == 0
