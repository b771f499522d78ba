"""From an answer on disk to an assessment: at once, after a crash, or again with better parts.

Save first, then compute: every step reads what the step before it saved, so that an answer can be
taken up wherever it was left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Event

from interviewer.archive import Archive, AttemptRecord
from interviewer.audio.recording import read_recording, repair, sha256_of
from interviewer.bank.question import Bank, Question
from interviewer.bank.rubric import Rubric
from interviewer.errors import InterviewerError, SpeechError
from interviewer.follow_up import own_rubric
from interviewer.scoring.grade import Assessment, not_scored
from interviewer.scoring.scorer import Scorer
from interviewer.speech.live import LiveTranscription, transcribe_pieces
from interviewer.speech.transcript import Transcriber, Transcript, joined


@dataclass(frozen=True)
class Outcome:
    """An attempt after its last step, and the assessment to show for it.

    `failed` means that an engine failed: the assessment gives the reason and is not saved, so that
    `recover` takes the answer up again. `before` is the assessment that a reply could improve.
    """

    attempt: AttemptRecord
    assessment: Assessment
    failed: bool = False
    before: Assessment | None = None


@dataclass(frozen=True)
class Finisher:
    """Takes attempts from where they are to their assessment.

    `transcriber` and `scorer` are called when they are first needed, and may wait for a model that
    is still loading; what they raise becomes the reason for which an answer is not scored.
    `hints` is the jargon of the whole bank; `mend` puts right what of it was misheard.
    """

    archive: Archive
    bank: Bank
    rubrics: Mapping[str, Rubric]
    transcriber: Callable[[], Transcriber]
    scorer: Callable[[], Scorer]
    hints: Sequence[str] = ()
    mend: Callable[[Transcript], Transcript] = lambda transcript: transcript

    def finish(
        self,
        attempt: AttemptRecord,
        stop: Event | None = None,
        live: LiveTranscription | None = None,
    ) -> Outcome:
        """Do the steps that `attempt` still lacks, with what `live` has heard if it can be had.

        Raises:
            ArchiveError: the archive itself cannot be read or written.
        """
        try:
            if attempt.transcript is None:
                attempt = self.transcribe(attempt, stop, live)
            return Outcome(attempt, self.score(attempt))
        except InterviewerError as error:
            reason = f"This answer is not scored yet: {error.message}. {error.hint}".strip()
            return Outcome(attempt, not_scored(reason), failed=True)

    def save(self, outcome: Outcome) -> Outcome:
        """Keep the assessment of a finished outcome; a failed one is left for `recover`."""
        if outcome.failed:
            return outcome
        attempt = self.archive.save_assessment(outcome.attempt.id, outcome.assessment)
        return Outcome(attempt, outcome.assessment)

    def recover(self, attempt: AttemptRecord) -> Outcome | None:
        """Finish what a crash interrupted; `None` when it came before the first sound or word."""
        if attempt.audio_path is not None and attempt.has_audio:
            length_s = repair(attempt.audio_path)
            if attempt.ended is None:
                attempt = self.archive.finish_recording(
                    attempt.id, "interrupted", length_s, sha256_of(attempt.audio_path)
                )
        elif attempt.transcript is None:
            self.archive.skip(attempt.id, "interrupted")
            return None
        return self.save(self.finish(attempt))

    def transcribe(
        self,
        attempt: AttemptRecord,
        stop: Event | None = None,
        live: LiveTranscription | None = None,
    ) -> AttemptRecord:
        """Transcribe the recording and keep the transcript beside earlier ones.

        Where `live` has failed the recording is transcribed from its beginning.

        Raises:
            ArchiveError: the recording cannot be read.
            SpeechError: no recogniser, or it failed.
        """
        if attempt.audio_path is None:
            raise InterviewerError("a typed answer has no recording", "score it again instead")
        transcript = None
        if live is not None:
            with suppress(SpeechError):
                transcript = live.result()
        if transcript is None:
            samples = read_recording(attempt.audio_path)
            transcript = transcribe_pieces(samples, self.transcriber, self.hints, stop)
        return self.archive.save_transcript(attempt.id, self.mend(transcript))

    def score(self, attempt: AttemptRecord) -> Assessment:
        """Score the newest transcript against the rubric as it is now.

        Raises:
            ScoringError, ModelUnavailableError: the scorer cannot work.
        """
        if attempt.follow_up_of is not None:
            return self._score_reply(attempt, attempt.follow_up_of)
        rubric = self.rubrics.get(attempt.question_id)
        if rubric is None:
            return not_scored(
                f"There is no rubric for the question {attempt.question_id!r} in this bank."
            )
        if attempt.transcript is None:
            return not_scored("There is no transcript of this answer.")
        question = self.bank.question(attempt.question_id)
        return self.scorer().score(question, rubric, attempt.transcript)

    def rehearse(self, question: Question, said: Transcript) -> None:
        """Score what was said so far, for nothing but what the scorer remembers of it.

        At the end of the answer only the rest remains to be embedded.
        """
        rubric = self.rubrics.get(question.id)
        if rubric is not None:
            with suppress(InterviewerError):
                self.scorer().score(question, rubric, self.mend(said))

    def _score_reply(self, reply: AttemptRecord, answer_id: int) -> Assessment:
        """A reply about a key point counts together with the answer and the replies before it.

        One to a follow-up of the question's own is scored alone.
        """
        question = self.bank.question(reply.question_id)
        if reply.key_point is None:
            rubric = own_rubric(question, reply.ask)
            said = [reply]
        else:
            rubric = self.rubrics.get(reply.question_id)
            said = [
                attempt
                for attempt in self.archive.attempts(reply.session_id)
                if attempt.id == answer_id
                or (
                    attempt.follow_up_of == answer_id
                    and attempt.key_point is not None
                    and attempt.id <= reply.id
                    and attempt.stage != "skipped"
                )
            ]
        heard = [attempt.transcript for attempt in said if attempt.transcript is not None]
        if rubric is None or not heard:
            return not_scored("This follow-up is not in the bank any more.")
        asked = question if reply.key_point else question.model_copy(update={"ask": reply.ask})
        return self.scorer().score(asked, rubric, joined(heard))
