"""The archive keeps what happened and finds it again."""

from __future__ import annotations

import time
from datetime import UTC, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from interviewer.archive import Archive
from interviewer.errors import ArchiveError, UsageError
from interviewer.scoring.claims import Claim
from interviewer.scoring.coverage import KeyPointResult
from interviewer.scoring.grade import Assessment
from interviewer.settings import Settings
from interviewer.speech.transcript import Segment, Transcript, Word, typed
from tests.archive_kit import NOON, answer, begin, graded, heard, question, record

pytest_plugins = ["tests.archive_fixtures"]


def test_an_attempt_keeps_everything(archive: Archive, url: str, folder: Path) -> None:
    session = archive.start_session("spoken", ["kv-cache"], {"seed": 7, "roles": ["mle"]})
    begun = begin(archive, session)
    assert begun.stage == "recording"
    assert {begun.ended, begun.duration_s, begun.sha256} == {None}
    done = answer(archive, begun, 1)
    archive.set_own_grade(done.id, 0)
    ended = archive.end_session(session.id)
    archive.close()

    with Archive(url, folder) as reopened:
        kept = reopened.session(session.id)
        assert kept == ended
        (attempt,) = kept.attempts
        assert reopened.attempt(attempt.id) == attempt
    assert (kept.mode, kept.planned, kept.options) == (
        "spoken",
        ("kv-cache",),
        {"seed": 7, "roles": ["mle"]},
    )
    assert (attempt.question_id, attempt.category) == ("kv-cache", "transformer-architecture")
    assert attempt.ask == "What is kv-cache?"
    assert (attempt.question_hash, attempt.rubric_hash) == ("q1", "r1")
    assert (attempt.position, attempt.try_number, attempt.time_limit_s) == (1, 1, 90.0)
    assert (attempt.stage, attempt.ended, attempt.duration_s) == ("assessed", "user", 42.5)
    assert attempt.sha256 == "ab" * 32
    assert attempt.audio == f"{session.id}/01-kv-cache.wav"
    assert attempt.audio_path == folder / session.id / "01-kv-cache.wav"
    assert attempt.transcript == heard()
    assert attempt.assessment == graded(1)
    assert attempt.score == 1
    assert attempt.own_grade == 0


def test_times_come_back_in_utc_whatever_the_clock_says(url: str, folder: Path) -> None:
    moment = NOON.astimezone(ZoneInfo("Asia/Kolkata"))
    with Archive(url, folder, lambda: moment) as archive:
        session = archive.start_session("spoken", [], {})
    assert session.started_at == NOON
    assert session.started_at.tzinfo is UTC


def test_the_newest_transcript_and_assessment_count_and_the_old_ones_stay(
    archive: Archive,
) -> None:
    session = archive.start_session("spoken", ["kv-cache"], {})
    attempt = answer(archive, begin(archive, session), 0)

    again = archive.save_transcript(attempt.id, heard("it keeps keys and values"))
    assert again.stage == "transcribed"
    again = archive.save_assessment(attempt.id, graded(2))

    assert again.stage == "assessed"
    assert again.transcripts == (heard(), heard("it keeps keys and values"))
    assert again.transcript == heard("it keeps keys and values")
    assert [assessment.score for assessment in again.assessments] == [0, 2]
    assert again.score == 2
    assert [asked.score for asked in archive.history()] == [2]


def test_retries_are_attempts_of_their_own(archive: Archive) -> None:
    session = archive.start_session("spoken", ["kv-cache", "rope"], {})
    first = begin(archive, session)
    archive.skip(first.id)
    begin(archive, session)
    begin(archive, session, "rope")

    attempts = archive.attempts(session.id)
    assert [(a.position, a.question_id, a.try_number) for a in attempts] == [
        (1, "kv-cache", 1),
        (2, "kv-cache", 2),
        (3, "rope", 1),
    ]
    assert len({attempt.audio for attempt in attempts}) == 3
    assert (attempts[0].stage, attempts[0].ended) == ("skipped", "cancelled")


def test_a_typed_answer_has_no_audio(archive: Archive) -> None:
    session = archive.start_session("typed", ["kv-cache"], {})
    attempt = begin(archive, session)
    assert attempt.audio is None
    assert attempt.audio_path is None
    assert not attempt.has_audio
    archive.finish_recording(attempt.id, "user", 61.0)
    kept = archive.save_transcript(attempt.id, typed("It keeps keys.\nAnd values."))
    assert kept.transcript is not None
    assert kept.transcript.text == "It keeps keys. And values."


def test_a_grade_of_zero_is_a_grade_and_can_be_withdrawn(archive: Archive) -> None:
    attempt = begin(archive, archive.start_session("spoken", [], {}))
    assert archive.set_own_grade(attempt.id, 0).own_grade == 0
    assert archive.set_own_grade(attempt.id, None).own_grade is None
    with pytest.raises(UsageError, match="3 is no grade"):
        archive.set_own_grade(attempt.id, 3)  # type: ignore[arg-type]


def test_a_session_or_attempt_that_is_not_there_is_an_error(archive: Archive) -> None:
    session = archive.start_session("spoken", [], {})
    with pytest.raises(ArchiveError, match="answer number 99"):
        archive.save_transcript(99, heard())
    with pytest.raises(UsageError, match="no session '2020-01-01-a'"):
        archive.begin_attempt(
            "2020-01-01-a", question(), question_hash="", rubric_hash="", time_limit_s=90
        )
    with pytest.raises(UsageError, match="has no answer 2"):
        archive.session(session.id).attempt(2)


names = st.text(max_size=20)
seconds = st.floats(0, 1e6, allow_nan=False)
words = st.builds(Word, names, seconds, seconds, st.floats(0, 1))
segments = st.builds(Segment, names, seconds, seconds, st.lists(words, max_size=3).map(tuple))
transcripts = st.builds(
    Transcript, st.lists(segments, max_size=3).map(tuple), names, names, names, seconds
)
claims = st.builds(Claim, names, st.none() | seconds, st.none() | seconds)
results = st.builds(
    KeyPointResult,
    names,
    st.sampled_from(["hit", "partial", "missed", "contradicted"]),
    st.floats(-1, 1),
    st.none() | claims,
)
assessments = st.builds(
    Assessment,
    st.sampled_from([None, 0, 1, 2]),
    st.floats(0, 1),
    st.lists(results, max_size=3).map(tuple),
    st.lists(names, max_size=3).map(tuple),
    names,
)


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(transcript=transcripts, assessment=assessments)
def test_any_text_comes_back_as_it_was(
    archive: Archive, transcript: Transcript, assessment: Assessment
) -> None:
    if not archive.sessions():
        begin(archive, archive.start_session("spoken", [], {}))
    attempt = archive.attempts()[0]
    archive.save_transcript(attempt.id, transcript)
    kept = archive.save_assessment(attempt.id, assessment)
    assert kept.transcript == transcript
    assert kept.assessment == assessment


@pytest.mark.parametrize("odd", ["", "\0", "a\0b", "\ud800", "naïve 日本 🎙", "'; DROP TABLE x"])
def test_odd_text_comes_back_as_it_was(archive: Archive, odd: str) -> None:
    attempt = begin(archive, archive.start_session("spoken", [], {}))
    transcript = Transcript((Segment(odd, 0, 1),), odd, odd, odd, 1.0)
    archive.save_transcript(attempt.id, transcript)
    assert archive.attempt(attempt.id).transcript == transcript


def test_ids_are_the_local_date_and_a_letter(
    url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    try:
        with Archive(url, folder, lambda: NOON) as archive:
            ids = [archive.start_session("spoken", [], {}).id for _ in range(28)]
    finally:
        monkeypatch.undo()
        time.tzset()
    assert ids[:2] == ["2026-11-24-a", "2026-11-24-b"]  # tomorrow, over there
    assert ids[25:] == ["2026-11-24-z", "2026-11-24-aa", "2026-11-24-ab"]


def test_a_session_is_found_by_last_id_or_unique_beginning(folder: Path) -> None:
    moments = [NOON - timedelta(days=40), *[NOON] * 27]
    with Archive.open(Settings(archive_dir=folder), lambda: moments[0]) as archive:
        ids = []
        while moments:
            ids.append(archive.start_session("spoken", [], {}).id)
            moments.pop(0)
        last = ids[-1]
        assert last == "2026-11-23-aa"
        assert archive.session("last").id == archive.session("LATEST ").id == last
        assert archive.session("2026-10").id == ids[0]
        assert archive.session("2026-11-23-a").id == "2026-11-23-a"  # whole, before a beginning
        with pytest.raises(UsageError, match="several sessions begin with '2026-11-23'") as several:
            archive.session("2026-11-23")
        assert "2026-11-23-aa, 2026-11-23-z, 2026-11-23-y" in several.value.message
        with pytest.raises(UsageError, match="no session 'x%'; the newest are 2026-11-23-aa"):
            archive.session("x%")


def test_an_empty_archive_says_how_to_begin(archive: Archive) -> None:
    assert (*archive.sessions(), *archive.attempts(), *archive.unfinished()) == ()
    with pytest.raises(UsageError, match="no sessions yet") as nothing:
        archive.session("last")
    assert nothing.value.hint == "interviewer start"


def test_the_list_of_sessions_adds_up(archive: Archive) -> None:
    empty = archive.start_session("typed", ["rope"], {})
    session = archive.start_session("spoken", ["kv-cache", "rope", "moe"], {})
    answer(archive, begin(archive, session), 0)
    answer(archive, begin(archive, session), 2)  # the retry counts
    answer(archive, begin(archive, session, "rope"), None)  # not scored is not zero
    answer(archive, begin(archive, session, "moe"), 0)
    record(begin(archive, session, "lora"), b"12345")
    archive.end_session(session.id)

    first, second = archive.sessions()
    assert (first.id, second.id) == (session.id, empty.id)
    assert (first.questions, first.scored, first.mean_score) == (4, 2, 1.0)
    assert (first.unfinished, first.live) == (1, False)
    assert first.audio_bytes == 4 * len(b"RIFF....") + 5
    assert (second.questions, second.scored, second.mean_score) == (0, 0, None)
    assert (second.mode, second.live, second.ended_at) == ("typed", True, None)
    assert archive.sessions(limit=1) == (first,)


def test_history_says_what_was_asked_when_newest_first(archive: Archive) -> None:
    session = archive.start_session("spoken", [], {})
    answer(archive, begin(archive, session), 2)
    archive.skip(begin(archive, session, "rope").id)
    other = archive.start_session("spoken", [], {})
    begin(archive, other)

    seen = [(a.question_id, a.session_id, a.stage, a.score) for a in archive.history()]
    assert seen == [
        ("kv-cache", other.id, "recording", None),
        ("rope", session.id, "skipped", None),
        ("kv-cache", session.id, "assessed", 2),
    ]
    times = [asked.started_at for asked in archive.history()]
    assert times == sorted(times, reverse=True)
