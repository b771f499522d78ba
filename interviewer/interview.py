"""The session loop, and the `Interaction` that a front end fills in.

This is the only place that puts effects in order: ask, record, save, compute, show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Literal, Protocol

from interviewer.archive import Archive, AttemptRecord, Ending, Following, Mode, SessionRecord
from interviewer.audio.format import Samples, level_db
from interviewer.audio.microphone import Microphone, SilenceWatch
from interviewer.audio.recording import Recording, require_room, sha256_of
from interviewer.audio.speaker import Speaker
from interviewer.bank.question import Question
from interviewer.bank.selection import Choice
from interviewer.errors import (
    ArchiveError,
    AudioError,
    DeviceLostError,
    DiskFullError,
    SynthesisError,
)
from interviewer.finishing import Finisher, Outcome
from interviewer.follow_up import next_follow_up
from interviewer.scoring.grade import Assessment
from interviewer.speech.reading import speakable
from interviewer.speech.synthesis import Synthesizer
from interviewer.speech.transcript import typed

Command = Literal["done", "retry", "skip", "quit"]

Onward = Literal["follow-up", "next question", "finish"]
"""Where an interview goes on to."""

FOLLOW_UP_LIMIT_S = 45.0
"""The time for the reply to a follow-up, where the question itself has no less."""


@dataclass
class Controls:
    """What the candidate asks for while something goes on; the first wish counts."""

    stop: Event = field(default_factory=Event)
    command: Command | None = None

    def press(self, command: Command) -> None:
        """Note the wish and end what is going on. May be called from any thread."""
        if self.command is None:
            self.command = command
            self.stop.set()


@dataclass(frozen=True)
class Asking:
    """One question about to be asked: the `number`-th of `total`, both counted from 1.

    With a `follow_up`, that is asked, after the question was answered.
    """

    choice: Choice
    number: int
    total: int
    time_limit_s: float
    follow_up: Following | None = None

    @property
    def question(self) -> Question:
        return self.choice.question

    @property
    def text(self) -> str:
        """What is shown: the question, or the follow-up."""
        return self.question.ask if self.follow_up is None else self.follow_up.ask

    @property
    def spoken(self) -> str:
        """What is read aloud."""
        return self.question.spoken if self.follow_up is None else self.follow_up.ask

    @property
    def onward(self) -> Onward:
        """Where the interview goes on to after this question."""
        return "finish" if self.number == self.total else "next question"

    def then(self, follow_up: Following) -> Asking:
        """The same with a follow-up, which has less time."""
        limit_s = min(self.time_limit_s, FOLLOW_UP_LIMIT_S)
        return replace(self, follow_up=follow_up, time_limit_s=limit_s)


class Interaction(Protocol):
    """What a front end does. The terminal, the tests' script and later a web page fill it in."""

    def notice(self, message: str) -> None:
        """Tell something that the candidate must know."""

    def asking(self, asking: Asking) -> AbstractContextManager[Controls]:
        """Show the question while it is read aloud; `done` cuts the reading short."""

    def listening(self, asking: Asking) -> AbstractContextManager[Controls]:
        """Show that the answer is being recorded, and take the keys that end it."""

    def heard(self, elapsed_s: float, level: float) -> None:
        """Show the time that has passed, in seconds, and the level, in dB of full scale."""

    def read_answer(self, asking: Asking) -> tuple[Command, str]:
        """Take a typed answer; the text counts when the command is `done`."""

    def working(self, what: str) -> AbstractContextManager[None]:
        """Show that the candidate has to wait, and for what."""

    def show(self, outcome: Outcome) -> None:
        """Show transcript, score, and every key point with its evidence."""

    def ask_next(self, onward: Onward) -> Command:
        """After an answer: `done` goes on, `retry` asks the question again, `quit` ends."""


@dataclass(frozen=True)
class Parts:
    """What the interview runs on. `microphone` is asked once for each question."""

    archive: Archive
    finisher: Finisher
    synthesizer: Synthesizer
    speaker: Speaker
    microphone: Callable[[Question], Microphone]


@dataclass(frozen=True)
class Options:
    """How the interview is held.

    `seconds` overrides every question's own time limit; after each answer up to `follow_ups` more
    questions are asked about it.
    """

    mode: Mode = "spoken"
    seconds: float | None = None
    feedback: Literal["after", "end"] = "after"
    follow_ups: int = 0


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
        while True:
            command, attempt = self._try(held.session, asking)
            if attempt is not None:
                command = self._follow_up(held, asking, attempt, self._assess(held, attempt))
            if command != "retry":
                return command != "quit"

    def _assess(
        self, held: _Held, attempt: AttemptRecord, before: Assessment | None = None
    ) -> Future[Outcome]:
        """Have an answer transcribed and scored, and show the outcome now or at the end."""

        def finish() -> Outcome:
            finisher = self._parts.finisher
            return replace(finisher.save(finisher.finish(attempt, self._abandon)), before=before)

        outcome = held.background.submit(finish)
        if self._options.feedback == "end":
            held.later.append(outcome)
        else:
            self._interaction.show(self._wait(outcome))
        return outcome

    def _wait(self, outcome: Future[Outcome]) -> Outcome:
        what = "Scoring" if self._options.mode == "typed" else "Transcribing and scoring"
        with self._interaction.working(f"{what} your answer"):
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
                command, reply = self._try(held.session, asking.then(following))
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

    def _try(self, session: SessionRecord, asking: Asking) -> tuple[Command, AttemptRecord | None]:
        """One asking: the attempt comes back when there is an answer to assess."""
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
        return self._record(self._begin(session, asking), asking)

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
        self, attempt: AttemptRecord, asking: Asking
    ) -> tuple[Command, AttemptRecord | None]:
        """Record the answer, at most to the limit, which counts from the first sample."""
        path = attempt.audio_path
        if path is None:
            raise ArchiveError("the archive keeps no recordings of this session", "")
        ended: Ending = "interrupted"
        command: Command = "done"
        recording = Recording(path, asking.time_limit_s)
        try:
            with recording:
                ended, command = self._listen(recording, asking)
        finally:
            # Also when Ctrl-C is pressed: the row then says how much there is to recover.
            attempt = self._archive.finish_recording(
                attempt.id, ended, recording.duration_s, sha256_of(path)
            )
        if command == "done" and recording.n_samples > 0:
            return command, attempt
        self._archive.skip(attempt.id, ended if ended == "device_lost" else "cancelled")
        if command == "done":
            return self._interaction.ask_next(asking.onward), None
        return command, None

    def _listen(self, recording: Recording, asking: Asking) -> tuple[Ending, Command]:
        """Write blocks until the limit, a key or a fault; how it ended, and what is wanted."""
        watch = SilenceWatch()
        microphone = self._parts.microphone(asking.question)
        with self._interaction.listening(asking) as controls:
            blocks = microphone.blocks(controls.stop)
            try:
                for block in blocks:
                    recording.write(block)
                    self._interaction.heard(recording.duration_s, level_db(block))
                    if watch.is_muted(block):
                        self._interaction.notice(
                            "The microphone gives nothing but silence. Is it muted?"
                        )
                    if recording.full:
                        return "time_limit", "done"
            except DiskFullError as error:
                self._interaction.notice(f"{error.message}. What was recorded is kept.")
                return "interrupted", "done"
            except AudioError as error:
                kept = " What was said so far is kept." if recording.n_samples else ""
                self._interaction.notice(f"{error.message}.{kept} {error.hint}")
                lost = isinstance(error, DeviceLostError)
                return "device_lost" if lost else "cancelled", "done"
            finally:
                _close(blocks)
        return "user", controls.command or "done"

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
        """Two workers: a voice is rendered while an answer is scored. Ctrl-C waits for neither."""
        background = ThreadPoolExecutor(max_workers=2, thread_name_prefix="interview")
        try:
            yield background
        finally:
            self._abandon.set()
            background.shutdown(wait=False, cancel_futures=True)


def _close(blocks: Iterator[Samples]) -> None:
    """End the device at once and not when the generator happens to be collected."""
    close = getattr(blocks, "close", None)
    if close is not None:
        with suppress(AudioError):
            close()
