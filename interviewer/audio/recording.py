"""An answer on disk from its first block on, readable however the program ends.

A recording is a 16-bit mono 16,000 Hz WAV file with the plainest header there is, kept right at
each write, so that any program can read what has been written so far.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import struct
import threading
from pathlib import Path
from types import TracebackType

import numpy as np

from interviewer.audio.format import SAMPLE_RATE_HZ, Samples, from_int16, to_int16
from interviewer.errors import ArchiveError, DiskFullError

_BYTES_PER_SAMPLE = 2
_HEADER = struct.Struct("<4sI8sIHHIIHH4sI")
_SYNC_EVERY_S = 1.0
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_MAKE_ROOM = "free some space, or keep recordings elsewhere: INTERVIEWER_ARCHIVE_DIR=FOLDER"
_sync_to_disk = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


class Recording:
    """A new recording; a context manager that closes it.

    Args:
        path: the file; it must not exist, its folder must.
        time_limit_s: where the recording ends, to the sample; None for no limit.

    Attributes:
        n_samples: how many samples are written.
        n_clipped: how many of them were at or beyond full scale.
        peak: the largest magnitude among them, 1.0 being full scale.

    Raises:
        ArchiveError: the file exists or cannot be made.
        DiskFullError: there is no room for it.
    """

    def __init__(self, path: Path, time_limit_s: float | None = None) -> None:
        self.path = path
        self.n_samples = 0
        self.n_clipped = 0
        self.peak = 0.0
        self._limit = None if time_limit_s is None else round(time_limit_s * SAMPLE_RATE_HZ)
        self._sync_error: OSError | None = None
        self._closing = threading.Event()
        # A sync takes up to 50 ms, which the writer, who must keep up with a device, has not.
        self._syncing = threading.Thread(target=self._sync_regularly, daemon=True)
        try:
            self._file = path.open("xb", buffering=0)
        except FileExistsError as error:
            raise ArchiveError(
                f"{path} exists already, and a recording is never overwritten",
                "move it away, or record under another name",
            ) from error
        except OSError as error:
            raise _failure(path, error) from error
        self._syncing.start()
        try:
            self._append(_header(0))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Recording:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def full(self) -> bool:
        """Whether the time limit is reached."""
        return self._limit is not None and self.n_samples >= self._limit

    @property
    def duration_s(self) -> float:
        return self.n_samples / SAMPLE_RATE_HZ

    def write(self, block: Samples) -> int:
        """Append `block`, cut at the time limit; return how many of its samples were written.

        Raises:
            DiskFullError: there is no room left; what fitted is written and stays readable.
            ArchiveError: the disk failed.
        """
        if self._sync_error is not None:
            raise _failure(self.path, self._sync_error)
        if self._limit is not None:
            block = block[: self._limit - self.n_samples]
        if len(block) == 0:
            return 0
        before = self.n_samples
        try:
            self._append(to_int16(block).astype("<i2").tobytes())
        finally:
            self.n_samples = (self._file.tell() - _HEADER.size) // _BYTES_PER_SAMPLE
            self._file.seek(0)
            self._append(_header(self.n_samples))
            self._file.seek(0, os.SEEK_END)
        magnitudes = np.abs(block)
        self.n_clipped += int(np.count_nonzero(magnitudes >= 1.0))
        self.peak = max(self.peak, float(magnitudes.max()))
        return self.n_samples - before

    def close(self) -> None:
        """Bring the file to disk and close it; closing again does nothing.

        Raises:
            ArchiveError: the disk failed, so that the end of the recording may be missing.
        """
        if self._file.closed:
            return
        self._closing.set()
        self._syncing.join()
        self._sync()
        self._file.close()
        if self._sync_error is not None:
            raise _failure(self.path, self._sync_error)

    def _append(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:  # a disk that fills up takes a part, and refuses only the next write
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise _failure(self.path, error) from error

    def _sync_regularly(self) -> None:
        while not self._closing.wait(_SYNC_EVERY_S):
            self._sync()

    def _sync(self) -> None:
        try:
            _sync_to_disk(self._file.fileno())
        except OSError as error:
            self._sync_error = error


def read_recording(path: Path) -> Samples:
    """Read all the sound that is in a recording, whatever its header says about how much there is.

    Raises:
        ArchiveError: it cannot be read, or is no recording of this program.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _failure(path, error) from error
    _require_own(path, content[: _HEADER.size])
    n_samples = _n_samples(len(content))
    return from_int16(np.frombuffer(content, "<i2", n_samples, _HEADER.size if n_samples else 0))


def repair(path: Path) -> float:
    """Mend the header of a recording that was cut off; return its duration in seconds.

    A right header is left alone. A wrong one is replaced in one small write within the file's first
    sector, which happens entirely or not at all, and needs no room on a full disk.

    Raises:
        ArchiveError: it cannot be read or written, or is no recording of this program.
    """
    try:
        with path.open("r+b", buffering=0) as file:
            head = file.read(_HEADER.size)
            _require_own(path, head)
            n_bytes = file.seek(0, os.SEEK_END)
            n_samples = _n_samples(n_bytes)
            if head != _header(n_samples):
                file.seek(0)
                file.write(_header(n_samples))
                file.truncate(_HEADER.size + n_samples * _BYTES_PER_SAMPLE)
                os.fsync(file.fileno())
    except OSError as error:
        raise _failure(path, error) from error
    return n_samples / SAMPLE_RATE_HZ


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, as 64 hexadecimal digits.

    Raises:
        ArchiveError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _failure(path, error) from error


def require_room(folder: Path, seconds: float) -> None:
    """Make sure that a recording of `seconds` fits into `folder`, which need not exist yet.

    Raises:
        DiskFullError: it does not; the message says how much is needed and how much is free.
    """
    needed = _HEADER.size + round(seconds * SAMPLE_RATE_HZ) * _BYTES_PER_SAMPLE
    existing = next(
        place for place in (folder.absolute(), *folder.absolute().parents) if place.exists()
    )
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise DiskFullError(
            f"{seconds:g} s of recording need {needed / 1e6:.1f} MB, "
            f"and {folder} has {free / 1e6:.1f} MB free",
            _MAKE_ROOM,
        )


def _header(n_samples: int) -> bytes:
    n_bytes = n_samples * _BYTES_PER_SAMPLE
    return _HEADER.pack(
        b"RIFF",
        _HEADER.size - 8 + n_bytes,
        b"WAVEfmt ",
        16,
        1,  # PCM
        1,  # mono
        SAMPLE_RATE_HZ,
        SAMPLE_RATE_HZ * _BYTES_PER_SAMPLE,
        _BYTES_PER_SAMPLE,
        8 * _BYTES_PER_SAMPLE,
        b"data",
        n_bytes,
    )


def _n_samples(n_file_bytes: int) -> int:
    return max(0, n_file_bytes - _HEADER.size) // _BYTES_PER_SAMPLE


def _require_own(path: Path, head: bytes) -> None:
    """Refuse a foreign file. A power cut can leave a header short or all zeros; both are ours."""

    def without_sizes(header: bytes) -> bytes:
        return header[:4] + header[8:40]

    if head.strip(b"\0") and not without_sizes(_header(0)).startswith(without_sizes(head)):
        raise ArchiveError(
            f"{path} is not a 16-bit mono 16,000 Hz recording",
            "only recordings made by this program can be read back",
        )


def _failure(path: Path, error: OSError) -> ArchiveError:
    if error.errno in _NO_ROOM:
        return DiskFullError(f"there is no room left for {path}", _MAKE_ROOM)
    return ArchiveError(f"{path}: {error.strerror or error}", "run: interviewer doctor")
