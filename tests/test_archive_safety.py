"""Nothing is lost or left behind: kills, several processes at once, deletions."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from interviewer.archive import Archive
from interviewer.archive.lock import SessionLock
from interviewer.errors import ArchiveError, UsageError
from tests.archive_kit import (
    NOON,
    answer,
    begin,
    check_database,
    child,
    die,
    exit_status,
    graded,
    heard,
    in_child,
    open_in,
    record,
)

pytest_plugins = ["tests.archive_fixtures"]

Step = tuple[str, Callable[[Archive], object]]

STEPS: tuple[Step, ...] = (
    ("start", lambda archive: archive.start_session("spoken", ["kv-cache"], {})),
    ("begin", lambda archive: begin(archive, archive.session("last"))),
    ("record", lambda archive: record(archive.attempts()[0])),
    ("finish", lambda archive: archive.finish_recording(1, "user", 42.5, "ab" * 32)),
    ("transcript", lambda archive: archive.save_transcript(1, heard())),
    ("assessment", lambda archive: archive.save_assessment(1, graded(1))),
    ("end", lambda archive: archive.end_session(archive.session("last").id)),
    ("delete", lambda archive: archive.delete_session("last")),
)
STAGES = {
    "begin": "recording",
    "record": "recording",
    "finish": "recorded",
    "transcript": "transcribed",
    "assessment": "assessed",
    "end": "assessed",
}


def live_until(statement: int, folder: Path) -> tuple[list[str], int]:
    """Go through the steps in a child that is killed after SQL statement number `statement`.

    Returns the steps that had returned by then, and the child's exit status.
    """
    reader, writer = os.pipe()

    def life() -> None:
        executed = 0

        def count(*_: object) -> None:
            nonlocal executed
            executed += 1
            if executed == statement:
                die()

        event.listen(Engine, "after_cursor_execute", count)
        archive = open_in(folder)
        os.write(writer, b"open ")
        for name, step in STEPS:
            step(archive)
            os.write(writer, f"{name} ".encode())

    status = in_child(life)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        return pipe.read().split(), status


def test_a_kill_while_the_archive_is_made_leaves_one_that_opens(tmp_path: Path) -> None:
    for statement in range(1, 1000):
        folder = tmp_path / str(statement)
        done, status = live_until(statement, folder)
        assert status == -signal.SIGKILL
        if done:
            break
        with open_in(folder) as archive:
            assert archive.start_session("spoken", [], {}).id == "2026-11-23-a"
        check_database(folder)
    assert statement > 10


def test_a_kill_after_any_statement_loses_nothing_that_was_saved(tmp_path: Path) -> None:
    made = tmp_path / "made"
    open_in(made).close()
    deaths = set()
    for statement in range(1, 1000):
        folder = shutil.copytree(made, tmp_path / str(statement))
        done, status = live_until(statement, folder)
        if status == 0:
            check_database(folder)
            break
        assert status == -signal.SIGKILL
        deaths.update(done[-1:])
        check_database(folder)
        with open_in(folder) as archive:
            stage = STAGES.get(done[-1]) if done else None
            kept = archive.attempts()
            if "end" in done:  # killed while deleting: whole, or gone with its recording
                assert not kept or kept[0].has_audio
                assert bool(kept) == (folder / "2026-11-23-a").exists()
                continue
            assert [attempt.stage for attempt in kept] == ([stage] if stage else [])
            waiting = stage is not None and stage != "assessed"
            assert archive.unfinished() == (kept if waiting else ())
            sessions = archive.sessions()  # with "start" unreported, it may have been saved or not
            assert len(sessions) == 1 or "start" not in done
            assert not any(session.live for session in sessions)
    else:
        pytest.fail("the child never came to its end")
    # "record" is followed by a statement of "finish", and so on: every gap was hit.
    assert deaths == {"open", *(name for name, _ in STEPS if name != "delete")}


def test_an_interview_elsewhere_is_interrupted_only_once_its_process_is_dead(
    url: str, folder: Path
) -> None:
    ready, tell = os.pipe()

    def interview() -> None:
        archive = Archive(url, folder)
        record(begin(archive, archive.start_session("spoken", [], {})))
        os.write(tell, b"recording")
        signal.pause()

    with child(interview) as number:
        os.read(ready, 16)
        with Archive(url, folder) as archive:
            (session,) = archive.sessions()
            assert (session.live, session.unfinished) == (True, 0)
            assert archive.unfinished() == ()
            with pytest.raises(ArchiveError, match="in use"):
                archive.delete_session(session.id)
            with pytest.raises(ArchiveError, match="in use"), archive.hold(session.id):
                pass

            os.kill(number, signal.SIGKILL)
            assert exit_status(number) == -signal.SIGKILL
            (attempt,) = archive.unfinished()
            assert attempt.has_audio
            (session,) = archive.sessions()
            assert (session.live, session.unfinished) == (False, 1)
    os.close(ready)
    os.close(tell)


def test_an_interview_of_this_process_is_interrupted_only_once_it_ended(archive: Archive) -> None:
    session = archive.start_session("spoken", [], {})
    attempt = begin(archive, session)
    assert archive.unfinished() == ()
    archive.end_session(session.id)
    assert archive.unfinished() == (attempt,)


def test_a_session_being_recovered_is_not_recovered_twice(
    archive: Archive, url: str, folder: Path
) -> None:
    session = archive.start_session("spoken", [], {})
    begin(archive, session)
    archive.end_session(session.id)
    with archive.hold(session.id), Archive(url, folder) as other:
        assert other.unfinished() == ()
        with pytest.raises(ArchiveError, match="in use"), other.hold(session.id):
            pass
    assert len(archive.unfinished()) == 1


def test_a_lock_released_while_it_is_being_taken_is_taken_for_good(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir()
    first = SessionLock.acquire(folder, "2026-11-23-a")
    assert first is not None
    flock = fcntl.flock

    def just_before(handle: int, how: int) -> None:
        monkeypatch.undo()
        first.release()
        flock(handle, how)

    monkeypatch.setattr(fcntl, "flock", just_before)
    second = SessionLock.acquire(folder, "2026-11-23-a")
    assert second is not None
    assert SessionLock.acquire(folder, "2026-11-23-a") is None
    second.release()
    assert list(folder.iterdir()) == []


def test_an_attempt_recorded_on_another_machine_is_not_ours_to_recover(
    url: str, folder: Path, tmp_path: Path
) -> None:
    with Archive(url, folder) as archive:
        begin(archive, archive.start_session("spoken", [], {}))
    with Archive(url, tmp_path / "elsewhere") as archive:
        assert archive.unfinished() == ()
        # Nor may its id be used again, though there is no folder of that name here.
        assert archive.start_session("spoken", [], {}).id.endswith("-b")


def test_processes_that_start_and_write_at_once(url: str, folder: Path) -> None:
    started, go = os.pipe()

    def interviews() -> None:
        os.close(go)
        os.read(started, 1)  # returns in all of them at once, when the parent closes its end
        with Archive(url, folder, lambda: NOON) as archive:
            for _ in range(5):
                session = archive.start_session("spoken", [], {})
                for name in ("kv-cache", "rope"):
                    answer(archive, begin(archive, session, name), 2)

    with child(interviews) as first, child(interviews) as second, child(interviews) as third:
        os.close(go)
        assert [exit_status(number) for number in (first, second, third)] == [0, 0, 0]
    os.close(started)
    with Archive(url, folder) as archive:
        sessions = archive.sessions()
        assert len({session.id for session in sessions}) == 15
        assert {(session.scored, session.mean_score) for session in sessions} == {(2, 2.0)}


def test_answers_are_saved_from_any_thread(archive: Archive) -> None:
    session = archive.start_session("spoken", [], {})
    attempts = [begin(archive, session, f"q{i}") for i in range(8)]
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda attempt: answer(archive, attempt, 1), attempts))
    assert [attempt.stage for attempt in done] == ["assessed"] * 8


def test_deleting_takes_the_recordings_along(archive: Archive, folder: Path) -> None:
    kept = archive.start_session("spoken", [], {})
    answer(archive, begin(archive, kept), 1)
    doomed = archive.start_session("spoken", [], {})
    answer(archive, begin(archive, doomed), 1)
    archive.end_session(doomed.id)

    assert archive.delete_session(doomed.id) == len(b"RIFF....")

    assert not (folder / doomed.id).exists()
    assert [session.id for session in archive.sessions()] == [kept.id]
    assert [attempt.session_id for attempt in archive.attempts()] == [kept.id]
    assert [asked.session_id for asked in archive.history()] == [kept.id]
    with pytest.raises(UsageError):
        archive.session(doomed.id)
    assert (folder / kept.id / "01-kv-cache.wav").exists()


def test_a_deletion_killed_before_the_recordings_is_finished_at_the_next_start(
    url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Archive(url, folder) as archive:
        session = archive.start_session("spoken", [], {})
        answer(archive, begin(archive, session), 1)

    def killed() -> None:
        monkeypatch.setattr("shutil.rmtree", lambda _: die())
        Archive(url, folder).delete_session(session.id)

    assert in_child(killed) == -signal.SIGKILL
    assert (folder / session.id / "01-kv-cache.wav").exists()
    with Archive(url, folder) as archive:
        assert archive.sessions() == ()
        assert not (folder / session.id).exists()
        assert archive.start_session("spoken", [], {}).id == session.id  # nothing is left of it


def test_recordings_that_cannot_be_removed_now_are_removed_later(
    archive: Archive, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = archive.start_session("spoken", [], {})
    answer(archive, begin(archive, session), 1)
    archive.end_session(session.id)

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", refuse)
        with pytest.raises(ArchiveError, match="cannot delete the recordings"):
            archive.delete_session(session.id)
        with Archive(url, folder) as other:  # opens all the same
            assert other.sessions() == ()
            assert other.attempts() == ()
            assert other.history() == ()
    assert (folder / session.id).exists()
    with Archive(url, folder):
        assert not (folder / session.id).exists()


def test_the_words_of_a_deleted_session_are_overwritten(folder: Path) -> None:
    with open_in(folder) as archive:
        session = archive.start_session("spoken", [], {})
        attempt = begin(archive, session)
        archive.save_transcript(attempt.id, heard("a slip of the tongue"))
        archive.end_session(session.id)
        archive.delete_session(session.id)
    assert not [file for file in folder.iterdir() if b"slip of" in file.read_bytes()]


def test_the_number_of_a_deleted_attempt_is_not_used_again(archive: Archive) -> None:
    session = archive.start_session("spoken", [], {})
    gone = begin(archive, session)
    archive.end_session(session.id)
    archive.delete_session(session.id)
    assert begin(archive, archive.start_session("spoken", [], {})).id != gone.id
    with pytest.raises(ArchiveError, match="may be deleted"):
        archive.save_transcript(gone.id, heard())


def test_a_session_of_this_process_is_not_deleted_under_it(archive: Archive) -> None:
    session = archive.start_session("spoken", [], {})
    with pytest.raises(ArchiveError, match="in use"):
        archive.delete_session("last")
    assert archive.session(session.id).id == session.id
