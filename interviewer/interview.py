"""The session loop, and the `Interaction` that a front end fills in.

This is the only place that puts effects in order: ask, record, save, compute, show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event
from typing import Literal, Protocol

from interviewer.archive import Archive, AttemptRecord, Ending, Mode, SessionRecord
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
from interviewer.speech.synthesis import Synthesizer
from interviewer.speech.transcript import typed

Command = Literal["done", "retry", "skip", "quit"]


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
    """One question about to be asked: the `number`-th of `total`, both counted from 1."""

    choice: Choice
    number: int
    total: int
    time_limit_s: float

    @property
    def question(self) -> Question:
        return self.choice.question


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

    def ask_next(self, is_last: bool) -> Command:
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
    """How the interview is held. `seconds` overrides every question's own time limit."""

    mode: Mode = "spoken"
    seconds: float | None = None
    feedback: Literal["after", "end"] = "after"


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
            {"seconds": options.seconds, "feedback": options.feedback},
        )
        askings = [
            Asking(choice, number, len(choices), options.seconds or choice.question.time_limit_s)
            for number, choice in enumerate(choices, start=1)
        ]
        try:
            with self._background() as background:
                self._render_ahead(background, askings[:1])
                later: list[Future[Outcome]] = []
                for asking in askings:
                    self._render_ahead(background, askings[asking.number : asking.number + 1])
                    if not self._ask(session, asking, background, later):
                        break
                self._show_later(later)
        finally:
            session = self._archive.end_session(session.id)
        return session

    def _ask(
        self,
        session: SessionRecord,
        asking: Asking,
        background: ThreadPoolExecutor,
        later: list[Future[Outcome]],
    ) -> bool:
        """Ask one question until the candidate goes on; False ends the session."""
        is_last = asking.number == asking.total
        while True:
            command, attempt = self._try(session, asking)
            if command == "done" and attempt is not None:
                outcome = background.submit(self._finish, attempt)
                if self._options.feedback == "end":
                    later.append(outcome)
                else:
                    typed_in = self._options.mode == "typed"
                    work = "Scoring" if typed_in else "Transcribing and scoring"
                    with self._interaction.working(f"{work} your answer"):
                        shown = outcome.result()
                    self._interaction.show(shown)
                command = self._interaction.ask_next(is_last)
            if command != "retry":
                return command != "quit"

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
                    voice = self._voices[asking.question.id].result()
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
            return self._interaction.ask_next(asking.number == asking.total), None
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

    def _finish(self, attempt: AttemptRecord) -> Outcome:
        finisher = self._parts.finisher
        return finisher.save(finisher.finish(attempt, self._abandon))

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
            text = asking.question.spoken
            self._voices[asking.question.id] = background.submit(
                self._parts.synthesizer.synthesize, text
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
