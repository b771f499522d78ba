"""The archive's database, opened and brought up to date, and its errors in plain words."""

from __future__ import annotations

import errno
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError

from interviewer.archive.schema import HEAD
from interviewer.errors import ArchiveError, DiskFullError, SettingsError

BUSY_TIMEOUT_S = 5.0
"""How long a write waits for another process's write."""

_MIGRATIONS = Path(__file__).parent / "migrations"

_URL_HINT = (
    "unset INTERVIEWER_DATABASE for a file in the archive folder, or set it to "
    "postgresql+psycopg://USER@HOST/NAME or sqlite:////PATH/archive.db"
)


def open_engine(url: str | URL) -> Engine:
    """Connect to `url` and bring its tables up to date.

    Transactions only read, unless the engine or connection has the execution option `writing`:
    SQLite then takes its write lock at once, where waiting for other processes works. Open one
    at a time: SQLite does not wait where two processes turn a new file to WAL mode.

    Raises:
        SettingsError: `url` names no database that this program can use.
        ArchiveError: it cannot be opened, is damaged, or is newer than this program.
    """
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
        if backend not in ("sqlite", "postgresql"):
            raise SettingsError(
                f"the archive cannot be kept in {backend}; only in sqlite or postgresql", _URL_HINT
            )
        if backend == "sqlite":
            engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_S})
            event.listen(engine, "connect", _configure_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        else:
            engine = create_engine(parsed)
    except ArgumentError as error:
        raise SettingsError(f"the archive's database URL is wrong: {error}", _URL_HINT) from error
    except ImportError as error:
        raise SettingsError(
            f"no driver for the archive's database: {error}",
            "pip install 'interviewer[postgres]', and start the URL with postgresql+psycopg://",
        ) from error
    try:
        with translated(engine.url):
            _bring_up_to_date(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def translated(url: URL) -> Iterator[None]:
    """Turn what the database raises into errors of our own."""
    try:
        yield
    except DBAPIError as error:
        raise _explained(error, url) from error


@contextmanager
def translated_files(doing: str, folder: Path) -> Iterator[None]:
    """The same for the file system; `doing` is what is being tried."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _disk_full(str(folder)) from error
        raise ArchiveError(
            f"cannot {doing}: {error.strerror or error}",
            f"check the permissions of {folder}, or name another folder",
        ) from error


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the only BEGIN is the one below
    cursor = connection.cursor()
    # FULL reaches the disk at every commit: a power cut loses nothing that was saved.
    # secure_delete overwrites the words of a deleted session.
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _bring_up_to_date(engine: Engine) -> None:
    with engine.connect() as connection:
        found = _revision(connection)
    if found is not None and found > HEAD:
        raise ArchiveError(
            f"the archive {_name(engine.url)} was written by a newer version of this program "
            f"(revision {found}; this one knows {HEAD})",
            "pip install --upgrade interviewer",
        )
    if found != HEAD:
        with engine.execution_options(writing=True).begin() as connection:
            _upgrade(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _explained(error: DBAPIError, url: URL) -> ArchiveError:
    cause = error.orig
    code: str = getattr(cause, "sqlite_errorname", "")
    name = _name(url)
    if code == "SQLITE_FULL":
        return _disk_full(name)
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return ArchiveError(
            f"another program has kept {name} locked for {BUSY_TIMEOUT_S:g} s",
            "close what else is using the archive, then try again",
        )
    if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        aside = shlex.quote(str(Path(name).with_name("damaged")))
        return ArchiveError(
            f"{name} is damaged: {cause}; the recordings beside it are not touched by this",
            "move it aside and a new one is made: "
            f"mkdir {aside} && mv {shlex.quote(name)}* {aside}/",
        )
    if code.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM")):
        return ArchiveError(
            f"cannot write to {name}: {cause}",
            "check the permissions of that file and its folder, "
            "or name another folder with INTERVIEWER_ARCHIVE_DIR",
        )
    hint = "interviewer doctor"
    if url.get_backend_name() != "sqlite":
        hint = "check that the server is running, and the URL in INTERVIEWER_DATABASE"
    first_line = str(cause).partition("\n")[0]
    return ArchiveError(f"the archive {name} failed: {first_line}", hint)


def _disk_full(where: str) -> DiskFullError:
    return DiskFullError(
        f"the disk that holds {where} is full",
        "free some space; interviewer sessions lists what each session takes",
    )


def _name(url: URL) -> str:
    """The file, or the URL without its password."""
    if url.get_backend_name() == "sqlite" and url.database:
        return url.database
    return url.render_as_string(hide_password=True)
