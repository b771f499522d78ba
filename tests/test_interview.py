"""The loop from question to kept assessment, with a scripted candidate and real recordings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from interviewer.archive import Archive, AttemptRecord, SessionRecord
from interviewer.audio.format import SAMPLE_RATE_HZ, Samples, read_wav
from interviewer.audio.recording import read_recording, sha256_of
from interviewer.audio.speaker import SilentSpeaker
from interviewer.bank.question import Bank, Category, FollowUp, Question, load_bank
from interviewer.bank.rubric import KeyPoint, Rubric, load_rubrics
from interviewer.bank.selection import Choice
from interviewer.errors import AudioError, DeviceLostError, SynthesisError, TranscriptionError
from interviewer.finishing import Finisher
from interviewer.interaction import Command
from interviewer.interview import Interview, Options, Parts
from interviewer.report.summary import summarise
from interviewer.scoring.embedding import HashEmbedder
from interviewer.scoring.scale import load_scale
from interviewer.scoring.scorer import Scorer
from interviewer.scripted import ScriptedInteraction
from interviewer.settings import shipped_dir
from interviewer.speech.synthesis import SilentSynthesizer
from interviewer.speech.transcript import ScriptedTranscriber, Transcriber
from tests.scripted_microphone import ScriptedMicrophone, noise

SPEECH = read_wav(Path(__file__).parent / "models" / "kv-cache-answer.wav")
TEXT = "The cache stores the keys and values of all earlier tokens."
Hold = Callable[..., tuple[AttemptRecord, ...]]


@pytest.fixture(scope="module")
def bank() -> Bank:
    return load_bank(shipped_dir("bank"))


@pytest.fixture(scope="module")
def rubrics(bank: Bank) -> Mapping[str, Rubric]:
    return load_rubrics(shipped_dir("rubrics"), bank)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive(f"sqlite:///{tmp_path / 'archive.db'}", tmp_path) as opened:
        yield opened


@pytest.fixture
def finisher(archive: Archive, bank: Bank, rubrics: Mapping[str, Rubric]) -> Finisher:
    scorer = Scorer(HashEmbedder(), load_scale(shipped_dir("rubrics")))
    return Finisher(archive, bank, rubrics, lambda: ScriptedTranscriber(TEXT), lambda: scorer)


@pytest.fixture
def hold(archive: Archive, finisher: Finisher, bank: Bank) -> Hold:
    """Hold an interview with a scripted candidate; gives the attempts as the archive keeps them."""

    def run(
        interaction: ScriptedInteraction,
        *sounds: Samples | ScriptedMicrophone,
        questions: tuple[str, ...] = ("kv-cache",),
        options: Options | None = None,
        finisher: Finisher = finisher,
    ) -> tuple[AttemptRecord, ...]:
        waiting = [
            sound if isinstance(sound, ScriptedMicrophone) else ScriptedMicrophone(sound)
            for sound in sounds
        ]

        def microphone(_question: Question) -> ScriptedMicrophone:
            return waiting.pop(0)

        parts = Parts(archive, finisher, SilentSynthesizer(), SilentSpeaker(), microphone)
        choices = [Choice(bank.question(name), "asked for") for name in questions]
        interview = Interview(parts, interaction, options or Options(seconds=20))
        return interview.run(choices).attempts

    return run


def test_an_answer_is_recorded_transcribed_scored_kept_and_shown(hold: Hold) -> None:
    candidate = ScriptedInteraction(while_listening=["done"], press_at_s=16.0)
    (attempt,) = hold(candidate, SPEECH)
    assert attempt.stage == "assessed"
    assert attempt.ended == "user"
    assert attempt.transcript is not None and attempt.transcript.segments[0].text == TEXT
    assert attempt.assessment is not None and attempt.assessment.score is not None
    assert candidate.shown[0].assessment == attempt.assessment
    assert attempt.audio_path is not None
    assert attempt.sha256 == sha256_of(attempt.audio_path)
    heard = read_recording(attempt.audio_path)
    assert np.allclose(heard[: len(SPEECH)], SPEECH, atol=1 / 32767)
    assert attempt.duration_s == len(heard) / SAMPLE_RATE_HZ


def test_the_time_limit_ends_the_answer_to_the_sample(hold: Hold) -> None:
    (attempt,) = hold(ScriptedInteraction(), SPEECH, options=Options(seconds=3.7))
    assert attempt.ended == "time_limit"
    assert attempt.audio_path is not None
    assert len(read_recording(attempt.audio_path)) == round(3.7 * SAMPLE_RATE_HZ)


def test_silence_is_never_transcribed_and_scores_0(hold: Hold) -> None:
    silence = np.zeros(4 * SAMPLE_RATE_HZ, np.float32)
    candidate = ScriptedInteraction()
    (attempt,) = hold(candidate, silence, options=Options(seconds=4))
    assert attempt.transcript is not None and attempt.transcript.text == ""
    assert attempt.assessment is not None and attempt.assessment.score == 0
    assert any("muted" in notice for notice in candidate.notices)


def test_noise_is_no_speech_and_no_muted_microphone(hold: Hold) -> None:
    candidate = ScriptedInteraction()
    (attempt,) = hold(candidate, noise(4.0), options=Options(seconds=4))
    assert attempt.transcript is not None and attempt.transcript.text == ""
    assert candidate.notices == []


def test_retry_while_answering_keeps_the_first_take_and_asks_again(hold: Hold) -> None:
    candidate = ScriptedInteraction(while_listening=["retry", "done"])
    first, second = hold(candidate, SPEECH, SPEECH)
    assert (first.stage, first.ended, first.has_audio) == ("skipped", "cancelled", True)
    assert (second.stage, second.try_number) == ("assessed", 2)
    assert candidate.asked == ["kv-cache", "kv-cache"]


def test_retry_after_the_score_keeps_both_scores(hold: Hold) -> None:
    candidate = ScriptedInteraction(while_listening=["done", "done"], after_answers=["retry"])
    attempts = hold(candidate, SPEECH, SPEECH)
    assert [attempt.stage for attempt in attempts] == ["assessed", "assessed"]
    assert len(candidate.shown) == 2


def test_skip_goes_on_and_quit_ends_the_session(hold: Hold, archive: Archive) -> None:
    candidate = ScriptedInteraction(while_asking=["skip"], while_listening=["quit"])
    questions = ("kv-cache", "rmsnorm", "swiglu")
    attempts = hold(candidate, SPEECH, questions=questions)
    assert [attempt.question_id for attempt in attempts] == ["kv-cache", "rmsnorm"]
    assert [attempt.stage for attempt in attempts] == ["skipped", "skipped"]
    assert archive.session("last").ended_at is not None
    assert archive.unfinished() == ()


def test_feedback_at_the_end_shows_every_answer_once_in_order(hold: Hold) -> None:
    candidate = ScriptedInteraction(while_listening=["done", "done"])
    options = Options(seconds=20, feedback="end")
    hold(candidate, SPEECH, SPEECH, questions=("kv-cache", "rmsnorm"), options=options)
    assert [shown.attempt.question_id for shown in candidate.shown] == ["kv-cache", "rmsnorm"]


def test_typed_answers_take_the_same_way(hold: Hold) -> None:
    typed = [("done", TEXT), ("skip", ""), ("quit", "")]
    candidate = ScriptedInteraction(typed_answers=typed)  # type: ignore[arg-type]
    questions = ("kv-cache", "rmsnorm", "swiglu")
    attempts = hold(candidate, questions=questions, options=Options(mode="typed"))
    assert [attempt.stage for attempt in attempts] == ["assessed", "skipped", "skipped"]
    assert attempts[0].transcript is not None and attempts[0].transcript.text == TEXT
    assert not attempts[0].has_audio


def test_a_device_that_vanishes_keeps_what_was_said(hold: Hold) -> None:
    lost = ScriptedMicrophone(SPEECH, DeviceLostError("the microphone is gone", "plug it in"))
    candidate = ScriptedInteraction()
    (attempt,) = hold(candidate, lost)
    assert (attempt.ended, attempt.stage) == ("device_lost", "assessed")
    assert attempt.duration_s == pytest.approx(len(SPEECH) / SAMPLE_RATE_HZ)
    assert any("microphone is gone" in notice for notice in candidate.notices)


def test_another_microphone_is_offered_when_one_is_lost(
    archive: Archive, finisher: Finisher
) -> None:
    lost = ScriptedMicrophone(SPEECH, DeviceLostError("the microphone is gone", "plug it in"))
    used = ["headset"]

    def microphone(_question: Question) -> ScriptedMicrophone:
        return lost if used[-1] == "headset" else ScriptedMicrophone(SPEECH)

    parts = Parts(
        archive,
        finisher,
        SilentSynthesizer(),
        SilentSpeaker(),
        microphone,
        lambda: ("headset", "built-in"),
        used.append,
    )
    candidate = ScriptedInteraction(after_answers=["retry"], while_listening=[None, "done"])
    choice = Choice(finisher.bank.question("kv-cache"), "asked for")
    first, second = Interview(parts, candidate, Options(seconds=20)).run([choice]).attempts
    assert candidate.offered == [("headset", "built-in")]
    assert used == ["headset", "built-in"]
    assert (first.ended, second.ended) == ("device_lost", "user")


def test_a_device_that_never_opens_can_be_tried_again(hold: Hold) -> None:
    broken = ScriptedMicrophone(np.zeros(0, np.float32), AudioError("it will not open", ""))
    candidate = ScriptedInteraction(after_answers=["retry"], while_listening=[None, "done"])
    first, second = hold(candidate, broken, SPEECH)
    assert (first.stage, second.stage) == ("skipped", "assessed")


def test_ctrl_c_keeps_what_was_recorded_for_recovery(
    hold: Hold, archive: Archive, finisher: Finisher
) -> None:
    with pytest.raises(KeyboardInterrupt):
        hold(ScriptedInteraction(), ScriptedMicrophone(SPEECH, KeyboardInterrupt()))
    (left,) = archive.unfinished()
    assert left.ended == "interrupted"
    assert left.duration_s == pytest.approx(len(SPEECH) / SAMPLE_RATE_HZ)
    outcome = finisher.recover(left)
    assert outcome is not None and outcome.attempt.stage == "assessed"
    assert archive.unfinished() == ()


def test_a_failed_engine_is_not_scored_and_is_recovered_later(
    hold: Hold, archive: Archive, finisher: Finisher
) -> None:
    def failing() -> Transcriber:
        raise TranscriptionError("the recogniser is broken", "try another")

    broken = Finisher(archive, finisher.bank, finisher.rubrics, failing, finisher.scorer)
    candidate = ScriptedInteraction(while_listening=["done"])
    (attempt,) = hold(candidate, SPEECH, finisher=broken)
    assert candidate.shown[0].assessment.score is None
    assert "the recogniser is broken" in candidate.shown[0].assessment.reasons[0]
    assert attempt.assessment is None
    outcome = finisher.recover(archive.unfinished()[0])
    assert outcome is not None and outcome.assessment.score is not None


def test_a_question_without_a_rubric_is_not_scored(hold: Hold, finisher: Finisher) -> None:
    bare = Finisher(finisher.archive, finisher.bank, {}, finisher.transcriber, finisher.scorer)
    (attempt,) = hold(ScriptedInteraction(while_listening=["done"]), SPEECH, finisher=bare)
    assert attempt.assessment is not None and attempt.assessment.score is None
    assert "no rubric" in attempt.assessment.reasons[0]


def test_without_a_voice_the_question_is_shown_and_the_interview_goes_on(
    archive: Archive, finisher: Finisher, bank: Bank
) -> None:
    class NoVoice:
        def synthesize(self, text: str) -> Samples:
            raise SynthesisError("there is no voice", "sudo apt-get install espeak-ng")

    candidate = ScriptedInteraction(while_listening=["done", "done"])
    parts = Parts(
        archive, finisher, NoVoice(), SilentSpeaker(), lambda _question: ScriptedMicrophone(SPEECH)
    )
    choices = [Choice(bank.question(name), "") for name in ("kv-cache", "rmsnorm")]
    session = Interview(parts, candidate, Options(seconds=20)).run(choices)
    assert [attempt.stage for attempt in session.attempts] == ["assessed", "assessed"]
    assert len([notice for notice in candidate.notices if "no voice" in notice]) == 1


BRIDGE = Question(
    id="bridge",
    number=900,
    category="bridges",
    ask="How does a suspension bridge stand?",
    difficulty="easy",
    roles=("mle",),
    answer="It hangs from cables.",
    follow_ups=(FollowUp(ask="Which one is old?", answer="Brooklyn Bridge opened long ago."),),
)
CABLES = KeyPoint(
    id="cables",
    point="Steel cables carry the deck in tension.",
    weight=1,
    probe="What holds the deck from above?",
)
ANCHORS = KeyPoint(
    id="anchors",
    point="Heavy anchorages at both shores hold the ends of the main wires.",
    weight=3,
    required=True,
    probe="Where does the pull end?",
)


@pytest.fixture
def bridge(archive: Archive) -> Finisher:
    scorer = Scorer(HashEmbedder(), load_scale(shipped_dir("rubrics")))
    bank = Bank((Category("bridges", "Bridges", (BRIDGE,)),))
    rubric = Rubric(question_id="bridge", key_points=(CABLES, ANCHORS))
    return Finisher(
        archive, bank, {"bridge": rubric}, lambda: ScriptedTranscriber(TEXT), lambda: scorer
    )


def typed_interview(
    bridge: Finisher, count: int, *answers: tuple[Command, str], feedback: str = "after"
) -> tuple[ScriptedInteraction, SessionRecord]:
    candidate = ScriptedInteraction(typed_answers=list(answers))
    parts = Parts(
        bridge.archive,
        bridge,
        SilentSynthesizer(),
        SilentSpeaker(),
        lambda _question: ScriptedMicrophone(SPEECH),
    )
    options = Options(mode="typed", follow_ups=count, feedback=feedback)  # type: ignore[arg-type]
    return candidate, Interview(parts, candidate, options).run([Choice(BRIDGE, "")])


def test_the_most_important_missing_point_is_asked_about_and_the_reply_counts(
    bridge: Finisher,
) -> None:
    candidate, session = typed_interview(bridge, 1, ("done", CABLES.point), ("done", ANCHORS.point))
    assert candidate.asked == ["bridge", ANCHORS.probe]
    answer, reply = session.attempts
    assert (reply.follow_up_of, reply.key_point, reply.ask) == (answer.id, "anchors", ANCHORS.probe)
    assert answer.score is not None and reply.score is not None and reply.score > answer.score
    assert session.before(reply) == answer.assessment == candidate.shown[1].before
    summary = summarise(session.attempts, {})
    assert summary.total.asked == 1 and summary.total.mean_score == answer.score
    assert summary.after_follow_ups == reply.score


def test_each_point_is_asked_about_once_and_no_oftener_than_wanted(bridge: Finisher) -> None:
    nothing: tuple[Command, str] = ("done", "I would rather talk about boats and the open sea.")
    candidate, _ = typed_interview(bridge, 5, nothing, nothing, nothing)
    assert candidate.asked == ["bridge", ANCHORS.probe, CABLES.probe]
    candidate, _ = typed_interview(bridge, 1, nothing, nothing)
    assert candidate.asked == ["bridge", ANCHORS.probe]


def test_when_nothing_was_missed_it_goes_deeper(bridge: Finisher) -> None:
    everything = f"{CABLES.point} {ANCHORS.point}"
    candidate, session = typed_interview(
        bridge, 1, ("done", everything), ("done", "The Brooklyn Bridge opened long ago.")
    )
    assert candidate.asked == ["bridge", "Which one is old?"]
    reply = session.attempts[1]
    assert reply.key_point is None and session.before(reply) is None
    assert reply.assessment is not None and reply.assessment.score is not None
    assert [point.status for point in reply.assessment.key_points] == ["hit"]


def test_a_follow_up_can_be_skipped_retried_or_end_the_session(bridge: Finisher) -> None:
    first: tuple[Command, str] = ("done", CABLES.point)
    _, session = typed_interview(bridge, 2, first, ("skip", ""))
    assert [attempt.stage for attempt in session.attempts] == ["assessed", "skipped"]
    candidate, session = typed_interview(
        bridge, 1, first, ("retry", ""), ("done", ANCHORS.point), feedback="end"
    )
    assert candidate.asked == ["bridge", ANCHORS.probe, ANCHORS.probe]
    assert [attempt.try_number for attempt in session.attempts] == [1, 1, 2]
    assert len(candidate.shown) == 2
    _, session = typed_interview(bridge, 2, first, ("quit", ""))
    assert session.ended_at is not None


def test_a_spoken_follow_up_has_less_time(archive: Archive, bridge: Finisher) -> None:
    candidate = ScriptedInteraction()
    sounds = [SPEECH, np.tile(SPEECH, 6)]
    parts = Parts(
        archive,
        bridge,
        SilentSynthesizer(),
        SilentSpeaker(),
        lambda _question: ScriptedMicrophone(sounds.pop(0)),
    )
    session = Interview(parts, candidate, Options(follow_ups=1)).run([Choice(BRIDGE, "")])
    answer, reply = session.attempts
    assert answer.ended == "time_limit" and answer.duration_s == 90.0
    assert (reply.duration_s, reply.ended) == (45.0, "time_limit")
    assert reply.audio != answer.audio
