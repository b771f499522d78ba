"""Which sessions a living process is working on, and whose turn it is to open the archive.

File locks, because the kernel drops them when their process dies, however it dies: there is no
process number that could come to mean another program, and no heartbeat to miss while a laptop
sleeps.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SessionLock:
    """Held from `acquire` to `release`, or to the end of the process.

    A child process does not inherit it by `exec` or `spawn`, but does by `fork`.
    """

    file: Path
    handle: int

    @classmethod
    def acquire(cls, archive_folder: Path, session_id: str) -> SessionLock | None:
        """Take the lock, or return `None` at once when anybody holds it, this process included.

        Raises:
            OSError: the file cannot be made, or the file system has no locks.
        """
        file = _file(archive_folder, session_id)
        while True:
            handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_still(file, handle):
                    return cls(file, handle)
            except BlockingIOError:
                os.close(handle)
                return None
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)

    def release(self) -> None:
        # Removed while it is still held: whoever opened it before finds out in `acquire`.
        self.file.unlink(missing_ok=True)
        os.close(self.handle)


def is_held(archive_folder: Path, session_id: str) -> bool:
    """Whether anybody, this process included, holds the lock. Clears up after a dead holder."""
    if not _file(archive_folder, session_id).exists():
        return False
    lock = SessionLock.acquire(archive_folder, session_id)
    if lock is None:
        return True
    lock.release()
    return False


@contextmanager
def turn(archive_folder: Path) -> Iterator[None]:
    """Wait until no other process opens an archive in the folder, and keep them waiting meanwhile.

    Raises:
        OSError: the file system has no locks.
    """
    handle = os.open(archive_folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _file(archive_folder: Path, session_id: str) -> Path:
    return archive_folder / f".{session_id}.lock"


def _is_still(file: Path, handle: int) -> bool:
    """Whether `handle` is the file of that name, which its last holder removes on release."""
    try:
        return os.path.samestat(os.fstat(handle), file.stat())
    except FileNotFoundError:
        return False
