"""A front end without a person: it follows a script. For tests, and for trying the loop out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from interviewer.finishing import Outcome
from interviewer.interaction import Asking, Command, Controls, Moment, Onward


@dataclass
class ScriptedInteraction:
    """Fills in `interaction.Interaction`, and keeps what it was shown.

    The lists of commands are used up in order; where one is empty nothing is pressed, and after
    an answer the interview goes on. A key of `while_listening` is pressed at `press_at_s` of
    the answer.
    """

    while_asking: list[Command | None] = field(default_factory=list)
    while_listening: list[Command | None] = field(default_factory=list)
    after_answers: list[Command] = field(default_factory=list)
    typed_answers: list[tuple[Command, str]] = field(default_factory=list)
    press_at_s: float = 1.0
    asked: list[str] = field(default_factory=list)
    shown: list[Outcome] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    captions: list[tuple[str, bool]] = field(default_factory=list)
    progress: list[float] = field(default_factory=list)
    offered: list[tuple[str, ...]] = field(default_factory=list)
    _controls: Controls = field(default_factory=Controls)
    _pending: Command | None = None

    def notice(self, message: str) -> None:
        self.notices.append(message)

    @contextmanager
    def asking(self, asking: Asking) -> Iterator[Controls]:
        self.asked.append(asking.question.id if asking.follow_up is None else asking.text)
        controls = Controls()
        command = self.while_asking.pop(0) if self.while_asking else None
        if command is not None:
            controls.press(command)
        yield controls

    @contextmanager
    def listening(self, asking: Asking) -> Iterator[Controls]:
        self._controls = Controls()
        self._pending = self.while_listening.pop(0) if self.while_listening else None
        yield self._controls

    def heard(self, moment: Moment) -> None:
        self.moments.append(moment)
        if self._pending is not None and moment.elapsed_s >= self.press_at_s:
            self._controls.press(self._pending)

    def caption(self, text: str, final: bool) -> None:
        self.captions.append((text, final))

    def choose_microphone(self, names: Sequence[str]) -> str | None:
        self.offered.append(tuple(names))
        return names[-1]

    def read_answer(self, asking: Asking) -> tuple[Command, str]:
        return self.typed_answers.pop(0)

    @contextmanager
    def working(self, what: str) -> Iterator[Callable[[float], None]]:
        yield self.progress.append

    def show(self, outcome: Outcome) -> None:
        self.shown.append(outcome)

    def ask_next(self, onward: Onward) -> Command:
        return self.after_answers.pop(0) if self.after_answers else "done"
