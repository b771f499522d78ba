"""What a front end fills in, and what it is told: the terminal, the tests' script, a web page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Literal, Protocol

from interviewer.archive import Following
from interviewer.bank.question import Question
from interviewer.bank.selection import Choice
from interviewer.finishing import Outcome

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


@dataclass(frozen=True)
class Moment:
    """How an answer is going.

    Attributes:
        elapsed_s: how long it is.
        level_db: its level now, in dB of full scale.
        behind_s: how much finished speech waits to be transcribed.
        ends_in_s: when silence will end it; `None` while it will not.
    """

    elapsed_s: float
    level_db: float
    behind_s: float = 0.0
    ends_in_s: float | None = None


class Interaction(Protocol):
    """What a front end does. The terminal, the tests' script and later a web page fill it in."""

    def notice(self, message: str) -> None:
        """Tell something that the candidate must know."""

    def asking(self, asking: Asking) -> AbstractContextManager[Controls]:
        """Show the question while it is read aloud; `done` cuts the reading short."""

    def listening(self, asking: Asking) -> AbstractContextManager[Controls]:
        """Show that the answer is being recorded, and take the keys that end it."""

    def heard(self, moment: Moment) -> None:
        """Show how the answer is going; told for each block of sound."""

    def caption(self, text: str, final: bool) -> None:
        """Show the words just heard; those of a draft are told again until they are final.

        Called from a thread of its own, and at times shortly after the answer has ended.
        """

    def choose_microphone(self, names: Sequence[str]) -> str | None:
        """The one in use failed: which of these to go on with; `None` tries the same again."""

    def read_answer(self, asking: Asking) -> tuple[Command, str]:
        """Take a typed answer; the text counts when the command is `done`."""

    def working(self, what: str) -> AbstractContextManager[Callable[[float], None]]:
        """Show that the candidate has to wait, and for what; takes the share that is done."""

    def show(self, outcome: Outcome) -> None:
        """Show transcript, score, and every key point with its evidence."""

    def ask_next(self, onward: Onward) -> Command:
        """After an answer: `done` goes on, `retry` asks the question again, `quit` ends."""
