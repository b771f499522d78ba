"""An exported session says everything, to people and to programs, and harms no file."""

from __future__ import annotations

import errno
import json
import zipfile
from pathlib import Path

import pytest

from interviewer.archive import Archive, SessionRecord, export_session
from interviewer.errors import ArchiveError, DiskFullError, UsageError
from interviewer.scoring.grade import Assessment
from interviewer.speech.transcript import Segment, Transcript, typed
from tests.archive_kit import answer, begin, graded, heard, record

pytest_plugins = ["tests.archive_fixtures"]


@pytest.fixture
def session(archive: Archive) -> SessionRecord:
    """One answer scored twice, one skipped retry, one that was never finished."""
    started = archive.start_session("spoken", ["kv-cache", "rope"], {"seed": 7})
    attempt = begin(archive, started)
    answer(archive, attempt, 0)
    archive.save_assessment(attempt.id, graded(1))
    archive.set_own_grade(attempt.id, 2)
    archive.skip(begin(archive, started).id)
    record(begin(archive, started, "rope"), b"never finished")
    return archive.end_session(started.id)


def plain(session: SessionRecord) -> object:
    return json.loads(json.dumps(session.to_dict()))


def test_a_folder_holds_recordings_json_and_text(session: SessionRecord, tmp_path: Path) -> None:
    target = tmp_path / "out" / "mine"
    assert export_session(session, target) == target
    assert sorted(file.name for file in target.iterdir()) == [
        "01-kv-cache.wav",
        "03-rope.wav",
        "session.json",
        "session.txt",
    ]
    assert (target / "01-kv-cache.wav").read_bytes() == b"RIFF...."
    assert (target / "03-rope.wav").read_bytes() == b"never finished"
    assert [path.name for path in target.parent.iterdir()] == ["mine"]


def test_the_json_says_everything(session: SessionRecord, tmp_path: Path) -> None:
    target = export_session(session, tmp_path / "mine")
    content = json.loads((target / "session.json").read_text())
    assert content == {"format": 1, "session": plain(session)}
    first = content["session"]["attempts"][0]
    assert [Assessment.from_dict(one) for one in first["assessments"]] == [graded(0), graded(1)]
    assert [Transcript.from_dict(one) for one in first["transcripts"]] == [heard()]
    assert first["own_grade"] == 2
    assert first["audio"] == f"{session.id}/01-kv-cache.wav"
    assert first["started_at"] == session.attempts[0].started_at.isoformat()
    assert content["session"]["options"] == {"seed": 7}
    assert str(session.folder.parent) not in json.dumps(content)


def test_the_text_can_be_read(session: SessionRecord, tmp_path: Path) -> None:
    target = export_session(session, tmp_path / "mine")
    assert (target / "session.txt").read_text() == (
        f"""\
Interview {session.id}, spoken
2026-11-23 12:01:00 UTC to 2026-11-23 12:08:00 UTC

1. kv-cache (transformer-architecture)
   What is kv-cache?

   01-kv-cache.wav, 42.5 s of 90 s; ended by the candidate
   Answer, by faster-whisper small.en:
   it keeps keys
   Score: 1 of 2, coverage 0.50 (first 1)
   One of two points.
   hit          avoids-recompute at 0:00: "it keeps keys"
   missed       memory
   The candidate's own grade: 2 of 2

2. kv-cache (transformer-architecture), try 2
   What is kv-cache?

   (the recording is gone) of 90 s; cancelled
   Not assessed (skipped)

3. rope (transformer-architecture)
   What is rope?

   03-rope.wav of 90 s; never finished
   Not assessed (recording)
"""
    )


def test_a_zip_holds_the_same(session: SessionRecord, tmp_path: Path) -> None:
    folder = export_session(session, tmp_path / "mine")
    file = export_session(session, tmp_path / "mine.ZIP")
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {
            f"{session.id}/{member.name}": member.read_bytes() for member in folder.iterdir()
        }


def test_not_scored_is_not_zero_and_typed_is_said(archive: Archive, tmp_path: Path) -> None:
    started = archive.start_session("typed", [], {})
    attempt = begin(archive, started)
    archive.finish_recording(attempt.id, "user", 30.0)
    archive.save_transcript(attempt.id, typed("it keeps keys"))
    archive.save_assessment(attempt.id, graded(None))
    target = export_session(archive.end_session(started.id), tmp_path / "mine")
    text = (target / "session.txt").read_text()
    assert "Score: not scored" in text
    assert "Typed; ended by the candidate" in text


def test_odd_text_can_be_exported(archive: Archive, tmp_path: Path) -> None:
    started = archive.start_session("spoken", [], {})
    attempt = begin(archive, started)
    odd = "\ud800 \0 naïve\n\n日本"
    archive.save_transcript(attempt.id, Transcript((Segment(odd, 0, 1),), "e", "m", "1", 1.0))
    kept = archive.end_session(started.id)
    target = export_session(kept, tmp_path / "mine")
    assert json.loads((target / "session.json").read_text())["session"] == plain(kept)
    assert "naïve" in (target / "session.txt").read_text(encoding="utf-8")


def test_a_folder_that_is_there_gets_the_session_inside(
    session: SessionRecord, tmp_path: Path
) -> None:
    (tmp_path / "note").write_text("mine")
    assert export_session(session, tmp_path) == tmp_path / session.id
    assert (tmp_path / "note").read_text() == "mine"


@pytest.mark.parametrize("name", ["there", "there.zip"])
def test_nothing_is_overwritten(session: SessionRecord, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(UsageError, match="overwrites nothing") as refused:
        export_session(session, tmp_path / name)
    assert (tmp_path / name).read_text() == "mine"
    assert name.replace("there", "there-2") in refused.value.hint
    inside = export_session(session, tmp_path)
    with pytest.raises(UsageError, match="overwrites nothing"):
        export_session(session, tmp_path)
    assert inside.is_dir()


def test_a_full_disk_leaves_nothing_half_written(
    session: SessionRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("shutil.copy2", full)
    (tmp_path / "out").mkdir()
    with pytest.raises(DiskFullError):
        export_session(session, tmp_path / "out" / "mine.zip")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_target_that_cannot_be_made(session: SessionRecord, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ArchiveError, match="cannot export"):
        export_session(session, tmp_path / "file" / "mine")
