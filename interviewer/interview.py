"""The session loop.

This is the only place that puts effects in order: ask, record, save, compute, show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Literal

from interviewer.archive import Archive, AttemptRecord, Ending, Following, Mode, SessionRecord
from interviewer.audio.endpoint import StreamingVad
from interviewer.audio.format import Samples
from interviewer.audio.microphone import Microphone
from interviewer.audio.recording import Recording, require_room, sha256_of
from interviewer.audio.speaker import Speaker
from interviewer.bank.question import Question
from interviewer.bank.selection import Choice
from interviewer.errors import ArchiveError, AudioError, ModelUnavailableError, SynthesisError
from interviewer.finishing import Finisher, Outcome
from interviewer.follow_up import next_follow_up
from interviewer.interaction import Asking, Command, Interaction
from interviewer.listening import Listener
from interviewer.scoring.grade import Assessment
from interviewer.speech.live import LiveTranscription
from interviewer.speech.reading import speakable
from interviewer.speech.synthesis import Synthesizer
from interviewer.speech.transcript import Transcript, typed


@dataclass(frozen=True)
class Parts:
    """What the interview runs on. `microphone` is asked once for each question.

    When it fails, one of `microphones` is offered and handed to `use_microphone`.
    """

    archive: Archive
    finisher: Finisher
    synthesizer: Synthesizer
    speaker: Speaker
    microphone: Callable[[Question], Microphone]
    microphones: Callable[[], Sequence[str]] = tuple
    use_microphone: Callable[[str], None] = lambda _name: None


@dataclass(frozen=True)
class Options:
    """How the interview is held.

    `seconds` overrides every question's own time limit; after each answer up to `follow_ups` more
    questions are asked about it. With `end_on_silence_s`, so much silence ends an answer.
    """

    mode: Mode = "spoken"
    seconds: float | None = None
    feedback: Literal["after", "end"] = "after"
    follow_ups: int = 0
    end_on_silence_s: float | None = None


@dataclass(frozen=True)
class _Held:
    """A session that is going on; `later` is what is shown at its end."""

    session: SessionRecord
    background: ThreadPoolExecutor
    later: list[Future[Outcome]] = field(default_factory=list)


class Interview:
    """One session: asks the chosen questions in order and keeps everything."""

    def __init__(self, parts: Parts, interaction: Interaction, options: Options) -> None:
        self._parts = parts
        self._archive = parts.archive
        self._interaction = interaction
        self._options = options
        self._voices: dict[str, Future[Samples]] = {}
        self._live: dict[int, LiveTranscription] = {}
        self._rehearsal: Future[None] | None = None
        self._mute = False
        self._abandon = Event()

    def run(self, choices: Sequence[Choice]) -> SessionRecord:
        """Hold the interview and return the session as the archive has it.

        Raises:
            ArchiveError: the answers cannot be kept.
            KeyboardInterrupt: what was recorded is kept, for `recover` to finish.
        """
        options = self._options
        session = self._archive.start_session(
            options.mode,
            [choice.question.id for choice in choices],
            {
                "seconds": options.seconds,
                "feedback": options.feedback,
                "follow_ups": options.follow_ups,
            },
        )
        askings = [
            Asking(choice, number, len(choices), options.seconds or choice.question.time_limit_s)
            for number, choice in enumerate(choices, start=1)
        ]
        try:
            with self._background() as background:
                held = _Held(session, background)
                if options.mode != "typed":
                    background.submit(StreamingVad)  # its network is loaded by the first answer
                self._render_ahead(background, askings[:1])
                for asking in askings:
                    self._render_ahead(background, askings[asking.number : asking.number + 1])
                    if not self._ask(held, asking):
                        break
                self._show_later(held.later)
        finally:
            session = self._archive.end_session(session.id)
        return session

    def _ask(self, held: _Held, asking: Asking) -> bool:
        """Ask one question until the candidate goes on; False ends the session."""
        self._rehearse(held, asking.question, lambda: typed(""))
        while True:
            command, attempt = self._try(held, asking)
            if attempt is not None:
                command = self._follow_up(held, asking, attempt, self._assess(held, attempt))
            if command != "retry":
                return command != "quit"

    def _assess(
        self, held: _Held, attempt: AttemptRecord, before: Assessment | None = None
    ) -> Future[Outcome]:
        """Have an answer transcribed and scored, and show the outcome now or at the end."""

        live = self._live.get(attempt.id)

        def finish() -> Outcome:
            finisher = self._parts.finisher
            outcome = finisher.finish(attempt, self._abandon, live)
            self._live.pop(attempt.id, None)
            return replace(finisher.save(outcome), before=before)

        outcome = held.background.submit(finish)
        if self._options.feedback == "end":
            held.later.append(outcome)
        else:
            self._interaction.show(self._wait(outcome, live))
        return outcome

    def _wait(self, outcome: Future[Outcome], live: LiveTranscription | None = None) -> Outcome:
        what = "Scoring" if self._options.mode == "typed" else "Transcribing and scoring"
        with self._interaction.working(f"{what} your answer") as report:
            for share in live.progress() if live else ():
                report(share)
            return outcome.result()

    def _follow_up(
        self, held: _Held, asking: Asking, answer: AttemptRecord, outcome: Future[Outcome]
    ) -> Command:
        """Ask about the answer as often as wanted; then what the candidate wants to do next."""
        asked: list[str] = []
        assessment: Assessment | None = None
        while len(asked) < self._options.follow_ups:
            found = outcome.result() if outcome.done() else self._wait(outcome)
            if assessment is None or found.attempt.key_point is not None:
                assessment = found.assessment
            following = self._following(asking.question, answer, assessment, asked)
            if following is None:
                break
            self._render_ahead(held.background, [asking.then(following)])
            command = self._interaction.ask_next("follow-up")
            while command == "done":
                command, reply = self._try(held, asking.then(following))
                if reply is not None:
                    before = assessment if following.key_point else None
                    outcome = self._assess(held, reply, before)
                    break
                command = "done" if command == "retry" else command
            if command == "skip":
                break
            if command != "done":
                return command
            asked.append(following.ask)
        return self._interaction.ask_next(asking.onward)

    def _following(
        self,
        question: Question,
        answer: AttemptRecord,
        assessment: Assessment,
        asked: Sequence[str],
    ) -> Following | None:
        rubric = self._parts.finisher.rubrics.get(question.id)
        if rubric is None:
            return None
        return next_follow_up(answer.id, question, rubric, assessment, asked)

    def _try(self, held: _Held, asking: Asking) -> tuple[Command, AttemptRecord | None]:
        """One asking: the attempt comes back when there is an answer to assess."""
        session = held.session
        if self._options.mode == "typed":
            with self._interaction.asking(asking):
                pass
            return self._take_typed(session, asking)
        require_room(self._archive.folder, asking.time_limit_s)
        command = self._read_aloud(asking)
        if command in ("skip", "quit"):
            attempt = self._begin(session, asking)
            self._archive.skip(attempt.id)
            return command, None
        return self._record(held, self._begin(session, asking), asking)

    def _begin(self, session: SessionRecord, asking: Asking) -> AttemptRecord:
        rubric = self._parts.finisher.rubrics.get(asking.question.id)
        return self._archive.begin_attempt(
            session.id,
            asking.question,
            question_hash=asking.question.content_hash,
            rubric_hash="" if rubric is None else rubric.content_hash,
            time_limit_s=asking.time_limit_s,
            follow_up=asking.follow_up,
        )

    def _take_typed(
        self, session: SessionRecord, asking: Asking
    ) -> tuple[Command, AttemptRecord | None]:
        attempt = self._begin(session, asking)
        command, text = self._interaction.read_answer(asking)
        if command != "done":
            self._archive.skip(attempt.id)
            return command, None
        self._archive.finish_recording(attempt.id, "user", 0.0)
        return command, self._archive.save_transcript(attempt.id, typed(text))

    def _read_aloud(self, asking: Asking) -> Command:
        """Show and read the question; a voice that fails leaves it on the screen."""
        with self._interaction.asking(asking) as controls:
            if not self._mute:
                try:
                    voice = self._voices[asking.spoken].result()
                    self._parts.speaker.play(voice, controls.stop)
                except (SynthesisError, AudioError) as error:
                    self._mute = True
                    self._interaction.notice(
                        f"Questions are shown and not read aloud: {error.message}. {error.hint}"
                    )
        return controls.command or "done"

    def _record(
        self, held: _Held, attempt: AttemptRecord, asking: Asking
    ) -> tuple[Command, AttemptRecord | None]:
        """Record the answer, at most to the limit, which counts from the first sample."""
        path = attempt.audio_path
        if path is None:
            raise ArchiveError("the archive keeps no recordings of this session", "")
        ended: Ending = "interrupted"
        command: Command = "done"
        recording = Recording(path, asking.time_limit_s)
        live = self._hear(held, attempt, asking.question)
        listener = Listener(recording, live, self._interaction)
        try:
            with recording:
                microphone = self._parts.microphone(asking.question)
                ended, command = listener.listen(microphone, asking, self._options.end_on_silence_s)
        finally:
            # Also when Ctrl-C is pressed: the row then says how much there is to recover.
            attempt = self._archive.finish_recording(
                attempt.id, ended, recording.duration_s, sha256_of(path)
            )
        if listener.has_failed:
            self._offer_microphones()
        if command == "done" and recording.n_samples > 0:
            return command, attempt
        if live is not None:
            live.close()
        self._archive.skip(attempt.id, ended if ended == "device_lost" else "cancelled")
        if command == "done":
            return self._interaction.ask_next(asking.onward), None
        return command, None

    def _offer_microphones(self) -> None:
        names = self._parts.microphones()
        chosen = self._interaction.choose_microphone(names) if names else None
        if chosen is not None:
            self._parts.use_microphone(chosen)

    def _hear(
        self, held: _Held, attempt: AttemptRecord, question: Question
    ) -> LiveTranscription | None:
        """Have an answer transcribed while it is spoken; without it there is the pass after."""
        finisher = self._parts.finisher

        def caption(text: str, final: bool) -> None:
            self._interaction.caption(text, final)
            if final:
                self._rehearse(held, question, live.so_far)

        try:
            live = LiveTranscription(finisher.transcriber, finisher.hints, caption)
        except ModelUnavailableError:
            return None
        live.start()
        self._live[attempt.id] = live
        return live

    def _rehearse(self, held: _Held, question: Question, said: Callable[[], Transcript]) -> None:
        """Have the scorer work ahead; while it still does, the next rehearsal will tell it more."""
        if self._rehearsal is None or self._rehearsal.done():
            finisher = self._parts.finisher
            with suppress(RuntimeError):  # the interview is over, and nothing is begun any more
                self._rehearsal = held.background.submit(
                    lambda: finisher.rehearse(question, said())
                )

    def _show_later(self, later: Sequence[Future[Outcome]]) -> None:
        for number, outcome in enumerate(later, start=1):
            with self._interaction.working(f"Scoring answer {number} of {len(later)}"):
                shown = outcome.result()
            self._interaction.show(shown)

    def _render_ahead(self, background: ThreadPoolExecutor, askings: Sequence[Asking]) -> None:
        """Have the voice ready before it is needed; typed interviews have none."""
        if self._options.mode == "typed":
            return
        for asking in askings:
            self._voices[asking.spoken] = background.submit(
                self._parts.synthesizer.synthesize, speakable(asking.spoken)
            )

    @contextmanager
    def _background(self) -> Iterator[ThreadPoolExecutor]:
        """Workers for a voice, a rehearsal and a score at a time. Ctrl-C waits for none."""
        background = ThreadPoolExecutor(max_workers=3, thread_name_prefix="interview")
        try:
            yield background
        finally:
            self._abandon.set()
            for live in list(self._live.values()):
                live.close()
            background.shutdown(wait=False, cancel_futures=True)
