"""Recordings: exact to the sample, readable whatever happens, never overwritten."""

from __future__ import annotations

import errno
import hashlib
import shutil
import subprocess
import sys
import tempfile
import threading
import wave
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interviewer.audio import recording as recording_module
from interviewer.audio.format import SAMPLE_RATE_HZ, Samples, from_int16
from interviewer.audio.recording import (
    Recording,
    read_recording,
    repair,
    require_room,
    sha256_of,
)
from interviewer.errors import ArchiveError, DiskFullError

HEADER_BYTES = 44


def ramp(n_samples: int, start: int = 1) -> Samples:
    """Sound in which every sample tells its place."""
    return from_int16((np.arange(start, start + n_samples) % 32_000).astype(np.int16))


def made(path: Path, samples: Samples) -> Path:
    with Recording(path) as recording:
        recording.write(samples)
    return path


def by_the_standard_library(path: Path) -> Samples:
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16_000)
        return from_int16(np.frombuffer(file.readframes(file.getnframes()), "<i2"))


class TestWriting:
    @settings(deadline=None, max_examples=30)
    @given(
        sizes=st.lists(st.integers(0, 700), max_size=12),
        limit=st.none() | st.integers(0, 3_000),
    )
    def test_ends_at_the_limit_to_the_sample(self, sizes: list[int], limit: int | None) -> None:
        spoken = ramp(sum(sizes))
        kept = spoken if limit is None else spoken[:limit]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "answer.wav"
            time_limit_s = None if limit is None else limit / SAMPLE_RATE_HZ
            with Recording(path, time_limit_s) as recording:
                written, place = 0, 0
                for size in sizes:
                    written += recording.write(spoken[place : place + size])
                    place += size
            assert written == recording.n_samples == len(kept)
            assert recording.full is (limit is not None and len(spoken) >= limit)
            assert recording.duration_s == len(kept) / SAMPLE_RATE_HZ
            assert np.array_equal(read_recording(path), kept)
            assert np.array_equal(by_the_standard_library(path), kept)

    def test_is_readable_by_others_while_it_is_being_made(self, tmp_path: Path) -> None:
        path = tmp_path / "answer.wav"
        with Recording(path) as recording:
            assert len(by_the_standard_library(path)) == 0
            recording.write(ramp(320))
            assert len(by_the_standard_library(path)) == 320
            recording.write(ramp(100))
            assert len(by_the_standard_library(path)) == 420

    def test_knows_its_peak_and_what_was_clipped(self, tmp_path: Path) -> None:
        with Recording(tmp_path / "answer.wav") as recording:
            recording.write(np.array([0.1, -0.5], np.float32))
            assert recording.peak == 0.5
            assert recording.n_clipped == 0
            recording.write(np.array([1.0, -1.5, 0.9], np.float32))
        assert recording.n_clipped == 2
        assert recording.peak == 1.5
        assert read_recording(recording.path)[3] == -1.0

    def test_never_overwrites(self, tmp_path: Path) -> None:
        path = made(tmp_path / "answer.wav", ramp(10))
        with pytest.raises(ArchiveError, match="exists already"):
            Recording(path)
        assert len(read_recording(path)) == 10

    def test_a_missing_folder_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ArchiveError, match=r"none/answer\.wav"):
            Recording(tmp_path / "none" / "answer.wav")

    def test_closing_again_does_nothing(self, tmp_path: Path) -> None:
        recording = Recording(tmp_path / "answer.wav")
        recording.close()
        recording.close()


class TestReachingTheDisk:
    def test_happens_beside_the_writer_and_once_more_at_the_end(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        syncing_threads: list[str] = []
        synced = threading.Event()

        def sync(file: int) -> None:
            syncing_threads.append(threading.current_thread().name)
            synced.set()

        monkeypatch.setattr(recording_module, "_sync_to_disk", sync)
        monkeypatch.setattr(recording_module, "_SYNC_EVERY_S", 0.01)
        me = threading.current_thread().name
        with Recording(tmp_path / "answer.wav"):
            assert synced.wait(5.0)
            assert me not in syncing_threads
        assert syncing_threads[-1] == me

    def test_a_failing_disk_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(file: int) -> None:
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(recording_module, "_sync_to_disk", fail)
        with pytest.raises(ArchiveError, match="Input/output error"):
            made(tmp_path / "answer.wav", ramp(10))


FILL_THE_DISK = """
import resource, sys
from pathlib import Path
import numpy as np
from interviewer.audio.recording import Recording
from interviewer.errors import DiskFullError
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    with Recording(Path(sys.argv[1])) as recording:
        for start in range(0, 32000, 320):
            recording.write(np.arange(start, start + 320).astype(np.float32) / 32767)
except DiskFullError as error:
    print(error.message, error.hint)
"""


class TestFullDisk:
    """A limit on a file's size refuses writes just as a full disk does: first a part, then all."""

    def fill(self, path: Path, n_bytes: int) -> str:
        return subprocess.run(
            [sys.executable, "-c", FILL_THE_DISK, str(path), str(n_bytes)],
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    @pytest.mark.parametrize("n_bytes", [HEADER_BYTES + 10_000, HEADER_BYTES + 10_001])
    def test_keeps_all_that_fits(self, tmp_path: Path, n_bytes: int) -> None:
        path = tmp_path / "answer.wav"
        said = self.fill(path, n_bytes)
        assert "no room left" in said
        assert "INTERVIEWER_ARCHIVE_DIR" in said
        assert np.array_equal(by_the_standard_library(path), ramp(5_000, start=0))
        assert np.array_equal(read_recording(path), ramp(5_000, start=0))

    def test_with_no_room_for_a_header_leaves_something_that_can_be_mended(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "answer.wav"
        assert "no room left" in self.fill(path, 10)
        assert len(read_recording(path)) == 0
        assert repair(path) == 0.0

    def test_is_noticed_before_recording(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        not_there_yet = tmp_path / "recordings" / "session"
        require_room(not_there_yet, 90.0)
        monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=2_000_000))
        with pytest.raises(DiskFullError, match=r"90 s .* 2\.9 MB, .* 2\.0 MB free"):
            require_room(not_there_yet, 90.0)
        require_room(not_there_yet, 60.0)


class TestRepair:
    @settings(deadline=None, max_examples=60)
    @given(
        n_bytes=st.integers(0, HEADER_BYTES + 400),
        claimed=st.binary(min_size=4, max_size=4),
        zeroed=st.booleans(),
    )
    def test_brings_back_all_the_sound_there_is(
        self, n_bytes: int, claimed: bytes, zeroed: bool
    ) -> None:
        sound = ramp(200)
        with tempfile.TemporaryDirectory() as folder:
            path = made(Path(folder) / "answer.wav", sound)
            content = bytearray(path.read_bytes())
            content[4:8] = content[40:44] = claimed
            if zeroed:
                content[:HEADER_BYTES] = bytes(HEADER_BYTES)
            path.write_bytes(content[:n_bytes])
            left = sound[: max(0, n_bytes - HEADER_BYTES) // 2]

            assert np.array_equal(read_recording(path), left)
            assert repair(path) == len(left) / SAMPLE_RATE_HZ
            assert np.array_equal(by_the_standard_library(path), left)
            mended, mended_at = path.read_bytes(), path.stat().st_mtime_ns
            assert repair(path) == len(left) / SAMPLE_RATE_HZ
            assert (path.read_bytes(), path.stat().st_mtime_ns) == (mended, mended_at)

    def test_leaves_a_foreign_file_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "song.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(44_100)
            file.writeframes(bytes(400))
        before = path.read_bytes()
        with pytest.raises(ArchiveError, match="not a 16-bit mono"):
            repair(path)
        with pytest.raises(ArchiveError, match="not a 16-bit mono"):
            read_recording(path)
        assert path.read_bytes() == before

    def test_a_missing_recording_is_named(self, tmp_path: Path) -> None:
        for read in (repair, read_recording, sha256_of):
            with pytest.raises(ArchiveError, match=r"none\.wav"):
                read(tmp_path / "none.wav")


def test_the_checksum_is_that_of_the_file(tmp_path: Path) -> None:
    path = made(tmp_path / "answer.wav", ramp(1_000))
    assert sha256_of(path) == hashlib.sha256(path.read_bytes()).hexdigest()
