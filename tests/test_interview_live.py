"""An interview whose answers are transcribed while they are spoken, by the tiny Whisper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from interviewer.archive import Archive, AttemptRecord
from interviewer.audio.format import SAMPLE_RATE_HZ, Samples, read_wav
from interviewer.audio.levels import CLIPPED, FAINT, MUTED
from interviewer.audio.recording import Recording, read_recording
from interviewer.audio.speaker import SilentSpeaker
from interviewer.bank.question import load_bank
from interviewer.bank.rubric import load_rubrics
from interviewer.bank.selection import Choice
from interviewer.errors import TranscriptionError
from interviewer.finishing import Finisher
from interviewer.interaction import Asking
from interviewer.interview import Interview, Options, Parts
from interviewer.listening import SLEPT, Listener
from interviewer.scoring.embedding import HashEmbedder, Vectors
from interviewer.scoring.remembering import RememberingEmbedder
from interviewer.scoring.scale import load_scale
from interviewer.scoring.scorer import Scorer
from interviewer.scripted import ScriptedInteraction
from interviewer.settings import shipped_dir
from interviewer.speech.live import transcribe_pieces
from interviewer.speech.synthesis import SilentSynthesizer
from interviewer.speech.transcript import ScriptedTranscriber, Transcriber, Transcript, typed
from interviewer.speech.whisper import load_whisper
from tests.scripted_microphone import ScriptedMicrophone, noise

MODELS = Path(__file__).parent / "models"
SPEECH = read_wav(MODELS / "kv-cache-answer.wav")


@pytest.fixture(scope="module")
def whisper() -> Transcriber:
    return load_whisper(str(MODELS / "tiny-whisper"), device="cpu")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive(f"sqlite:///{tmp_path / 'archive.db'}", tmp_path) as opened:
        yield opened


@dataclass
class Counting:
    """A recogniser that counts how often it is asked, and fails the first `failures` times."""

    inner: Transcriber
    failures: int = 0
    calls: list[int] = field(default_factory=list)
    description: str = "counting"

    def transcribe(
        self, samples: Samples, hints: Sequence[str] = (), stop: Event | None = None
    ) -> Transcript:
        self.calls.append(len(samples))
        if len(self.calls) <= self.failures:
            raise TranscriptionError("it broke", "try again")
        return self.inner.transcribe(samples, hints, stop)


def hold(
    archive: Archive,
    transcriber: Transcriber,
    candidate: ScriptedInteraction,
    sound: Samples,
    options: Options | None = None,
) -> AttemptRecord:
    bank = load_bank(shipped_dir("bank"))
    rubrics = load_rubrics(shipped_dir("rubrics"), bank)
    scorer = Scorer(HashEmbedder(), load_scale(shipped_dir("rubrics")))
    finisher = Finisher(archive, bank, rubrics, lambda: transcriber, lambda: scorer)
    parts = Parts(
        archive,
        finisher,
        SilentSynthesizer(),
        SilentSpeaker(),
        lambda _question: ScriptedMicrophone(sound),
    )
    options = options or Options(seconds=len(sound) / SAMPLE_RATE_HZ)
    choice = Choice(bank.question("kv-cache"), "asked for")
    return Interview(parts, candidate, options).run([choice]).attempts[-1]


def test_captions_are_the_words_that_are_kept(archive: Archive, whisper: Transcriber) -> None:
    candidate = ScriptedInteraction()
    attempt = hold(archive, whisper, candidate, SPEECH)
    assert attempt.transcript is not None and attempt.audio_path is not None
    said = (MODELS / "kv-cache-answer.txt").read_text().split()
    assert attempt.transcript.text.split() == said
    final = [text for text, is_final in candidate.captions if is_final]
    assert " ".join(final) == attempt.transcript.text
    assert candidate.progress[-1] == 1.0
    again = transcribe_pieces(read_recording(attempt.audio_path), lambda: whisper)
    assert again == attempt.transcript, "a second reading of the recording gives the same"


def test_what_was_heard_live_is_not_heard_again_from_the_recording(
    archive: Archive, whisper: Transcriber
) -> None:
    counting = Counting(whisper)
    hold(archive, counting, ScriptedInteraction(), SPEECH)
    assert len(counting.calls) >= 2
    assert max(counting.calls) < len(SPEECH) / 2


def test_an_engine_that_fails_once_costs_a_second_pass_and_nothing_else(
    archive: Archive, whisper: Transcriber
) -> None:
    candidate = ScriptedInteraction()
    attempt = hold(archive, Counting(whisper, failures=1), candidate, SPEECH)
    assert attempt.stage == "assessed"
    assert attempt.transcript is not None
    assert attempt.transcript.text.split() == (MODELS / "kv-cache-answer.txt").read_text().split()
    assert candidate.notices == []


def test_what_was_rehearsed_is_no_work_at_the_end(archive: Archive) -> None:
    bank = load_bank(shipped_dir("bank"))
    rubrics = load_rubrics(shipped_dir("rubrics"), bank)
    embedded: list[str] = []

    class Noting(HashEmbedder):
        def embed(self, texts: Sequence[str]) -> Vectors:
            embedded.extend(texts)
            return super().embed(texts)

    scorer = Scorer(RememberingEmbedder(Noting()), load_scale(shipped_dir("rubrics")))
    silent = ScriptedTranscriber("")
    finisher = Finisher(archive, bank, rubrics, lambda: silent, lambda: scorer)
    question = bank.question("kv-cache")
    first = "The cache keeps the keys and values of all earlier tokens for each layer."
    last = "Without it every step would compute all of them again from the start."
    finisher.rehearse(question, typed(""))
    rubric_texts = len(embedded)
    finisher.rehearse(question, typed(first))
    assert rubric_texts > 10 and first in " ".join(embedded[rubric_texts:])
    before = len(embedded)
    scorer.score(question, rubrics["kv-cache"], typed(f"{first}\n{last}"))
    assert 0 < len(embedded) - before <= 2 and first not in " ".join(embedded[before:])


def test_an_answer_begun_again_is_transcribed_alone(archive: Archive, whisper: Transcriber) -> None:
    candidate = ScriptedInteraction(while_listening=["retry"], press_at_s=5.0)
    attempt = hold(archive, whisper, candidate, SPEECH)
    assert (attempt.try_number, attempt.stage) == (2, "assessed")
    assert attempt.transcript is not None
    assert attempt.transcript.text.split() == (MODELS / "kv-cache-answer.txt").read_text().split()


def test_silence_ends_an_answer_with_a_countdown_when_asked_to(
    archive: Archive, whisper: Transcriber
) -> None:
    candidate = ScriptedInteraction()
    thinking = np.concatenate([noise(6.0), SPEECH, noise(20.0)])
    options = Options(seconds=60, end_on_silence_s=4.0)
    attempt = hold(archive, whisper, candidate, thinking, options)
    assert attempt.ended == "silence"
    assert attempt.duration_s == pytest.approx(6 + len(SPEECH) / SAMPLE_RATE_HZ + 4, abs=0.8)
    countdown = [moment.ends_in_s for moment in candidate.moments]
    assert countdown[: 6 * 50] == [None] * 300, "thinking before the first word takes its time"
    left = [left_s for left_s in countdown[-100:] if left_s is not None]
    assert left == sorted(left, reverse=True)
    assert (left[0], left[-1]) == pytest.approx((2.0, 0.0), abs=0.1)


def test_a_computer_that_slept_goes_on_and_says_so(tmp_path: Path) -> None:
    times = iter([*range(100), *range(5_000, 5_050)])
    candidate = ScriptedInteraction()
    asking = Asking(
        Choice(load_bank(shipped_dir("bank")).question("kv-cache"), "asked for"), 1, 1, 3.0
    )
    with Recording(tmp_path / "answer.wav", 3.0) as recording:
        listener = Listener(recording, None, candidate, lambda: float(next(times)))
        ended, _ = listener.listen(ScriptedMicrophone(noise(5.0)), asking)
    assert candidate.notices == [SLEPT]
    assert (ended, recording.duration_s) == ("time_limit", 3.0)


def test_silence_ends_nothing_unless_asked_to(archive: Archive, whisper: Transcriber) -> None:
    candidate = ScriptedInteraction()
    attempt = hold(archive, whisper, candidate, np.concatenate([SPEECH, noise(8.0)]))
    assert attempt.ended == "time_limit"
    assert all(moment.ends_in_s is None for moment in candidate.moments)


@pytest.mark.parametrize(
    ("sound", "warnings"),
    [
        (np.zeros(3 * SAMPLE_RATE_HZ, np.float32), [MUTED]),
        (np.clip(SPEECH * 30, -1.0, 1.0), [CLIPPED]),
        (SPEECH * 0.01 + 0.1 * noise(16.0)[: len(SPEECH)], [FAINT]),
        (noise(8.0), []),
        (SPEECH, []),
    ],
    ids=["muted", "clipped", "faint", "thinking", "well"],
)
def test_what_is_wrong_with_the_sound_is_said_once(
    archive: Archive, whisper: Transcriber, sound: Samples, warnings: list[str]
) -> None:
    candidate = ScriptedInteraction()
    attempt = hold(archive, whisper, candidate, sound)
    assert candidate.notices == warnings
    assert attempt.duration_s == pytest.approx(len(sound) / SAMPLE_RATE_HZ), "and it is kept"
