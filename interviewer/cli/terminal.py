"""The interview in a terminal: a live countdown and keys, or plain lines where there is none."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

from interviewer.bank.rubric import Rubric
from interviewer.cli import keys, views
from interviewer.finishing import Outcome
from interviewer.interaction import Asking, Command, Controls, Interaction, Moment, Onward

KEYS: Mapping[str, Command] = {"\n": "done", "r": "retry", "s": "skip", "q": "quit"}
TYPED_COMMANDS: Mapping[str, Command] = {"/r": "retry", "/s": "skip", "/q": "quit"}
METER_WIDTH = 24
METER_FLOOR_DB = -60.0
CALLS_S = (30, 10)
"""Seconds left at which the candidate is told so in plain output."""
BEHIND_S = 30.0
"""So much speech that waits to be transcribed is worth mentioning."""
CAPTION_CHARACTERS = 240
"""Of the latest words so many are shown while an answer goes on."""


NOTHING_YET = Moment(0.0, METER_FLOOR_DB)


def terminal(console: Console, rubrics: Mapping[str, Rubric]) -> Interaction:
    """The front end that fits: live where somebody sits at a terminal, plain lines elsewhere."""
    if console.is_terminal and sys.stdin.isatty():
        return LiveTerminal(console, rubrics)
    return PlainTerminal(console, rubrics)


class PlainTerminal:
    """Lines of text and no keys: the time limit ends each answer."""

    def __init__(self, console: Console, rubrics: Mapping[str, Rubric]) -> None:
        self._console = console
        self._rubrics = rubrics
        self._calls: list[int] = []
        self._limit_s = 0.0
        self._moment = NOTHING_YET

    def notice(self, message: str) -> None:
        self._console.print(Text(f"! {message}", style="yellow"))

    @contextmanager
    def asking(self, asking: Asking) -> Iterator[Controls]:
        question = asking.question
        title = f"Question {asking.number} of {asking.total}"
        self._console.print(
            Panel(
                Text(asking.text, style="bold"),
                title=Text(title if asking.follow_up is None else f"Follow-up to {title.lower()}"),
                subtitle=Text(f"{question.id} · {question.difficulty} · {asking.time_limit_s:g} s"),
                title_align="left",
                subtitle_align="left",
            )
        )
        yield Controls()

    @contextmanager
    def listening(self, asking: Asking) -> Iterator[Controls]:
        self._limit_s = asking.time_limit_s
        self._moment = NOTHING_YET
        self._calls = [call for call in CALLS_S if call < asking.time_limit_s]
        yield Controls()
        self._console.print(f"Recorded {self._moment.elapsed_s:.1f} s.")

    def heard(self, moment: Moment) -> None:
        if self._moment is NOTHING_YET:  # a microphone takes its time to open
            self._console.print(f"Recording, at most {self._limit_s:g} s. Speak now.")
        if moment.ends_in_s is not None and self._moment.ends_in_s is None:
            self._console.print(f"Silence ends this answer in {moment.ends_in_s:.0f} s.")
        self._moment = moment
        while self._calls and self._limit_s - moment.elapsed_s <= self._calls[0]:
            self._console.print(f"{self._calls.pop(0)} s left.")

    def caption(self, text: str, final: bool) -> None:
        if final and text:
            self._console.print(Text(f"  {text}", style="dim"))

    def choose_microphone(self, names: Sequence[str]) -> str | None:
        found = ", ".join(names)
        self._console.print(Text(f"Microphones there are now: {found}", style="dim"))
        return None

    def read_answer(self, asking: Asking) -> tuple[Command, str]:
        """Lines from standard input up to an empty line or its end."""
        self._console.print(
            "Type your answer; an empty line ends it (/s skips, /r again, /q quits)."
        )
        lines: list[str] = []
        for line in sys.stdin:
            text = line.strip()
            command = TYPED_COMMANDS.get(text.lower())
            if command is not None:
                return command, ""
            if not text and lines:
                return "done", "\n".join(lines)
            if text:
                lines.append(text)
        return ("done", "\n".join(lines)) if lines else ("quit", "")

    @contextmanager
    def working(self, what: str) -> Iterator[Callable[[float], None]]:
        self._console.print(f"{what} ...")
        yield lambda _share: None

    def show(self, outcome: Outcome) -> None:
        rubric = self._rubrics.get(outcome.attempt.question_id)
        self._console.print()
        self._console.print(
            views.answer(outcome.attempt, outcome.assessment, rubric, outcome.before)
        )

    def ask_next(self, onward: Onward) -> Command:
        return "done"


class LiveTerminal(PlainTerminal):
    """A countdown with a level meter, ended by single keys."""

    def __init__(self, console: Console, rubrics: Mapping[str, Rubric]) -> None:
        super().__init__(console, rubrics)
        self._level_db = METER_FLOOR_DB
        self._captions: list[str] = []
        self._draft = ""

    @contextmanager
    def asking(self, asking: Asking) -> Iterator[Controls]:
        with super().asking(asking) as controls, self._taking_keys(controls):
            yield controls

    @contextmanager
    def listening(self, asking: Asking) -> Iterator[Controls]:
        self._limit_s = asking.time_limit_s
        self._moment = NOTHING_YET
        self._level_db = METER_FLOOR_DB
        self._captions, self._draft = [], ""
        controls = Controls()
        self._console.print(
            Text("Enter ends the answer · r starts it again · s skips · q quits", style="dim")
        )
        with (
            Live(
                console=self._console,
                get_renderable=self._countdown,
                refresh_per_second=10,
                transient=True,
            ),
            self._taking_keys(controls),
        ):
            yield controls
        self._console.print(Text(f"Recorded {self._moment.elapsed_s:.1f} s.", style="dim"))

    def heard(self, moment: Moment) -> None:
        self._moment = moment
        # Falls slowly, as meters do, so that short words are seen.
        self._level_db = max(moment.level_db, self._level_db - 1.0)

    def caption(self, text: str, final: bool) -> None:
        self._draft = "" if final else text
        if final:
            self._captions.append(text)

    @contextmanager
    def working(self, what: str) -> Iterator[Callable[[float], None]]:
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(24))
        with Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task(what, total=None)

            def report(share: float) -> None:
                progress.update(task, completed=share, total=None if share == 1.0 else 1.0)

            yield report

    def choose_microphone(self, names: Sequence[str]) -> str | None:
        offered = names[:9]
        for number, name in enumerate(offered, start=1):
            self._console.print(Text(f"{number}  {name}"))
        self._console.print(Text("A number takes that microphone · Enter keeps to it", style="dim"))
        key = keys.one_of("\n" + "".join(str(i + 1) for i in range(len(offered))))
        return None if key == "\n" else offered[int(key) - 1]

    def ask_next(self, onward: Onward) -> Command:
        self._console.print(Text(f"Enter {onward} · r answer again · q end here", style="dim"))
        return KEYS[keys.one_of("\nrq")]

    def _taking_keys(self, controls: Controls) -> AbstractContextManager[None]:
        def on_key(key: str) -> None:
            command = KEYS.get(key.lower())
            if command is not None:
                controls.press(command)

        return keys.pressed(on_key)

    def _countdown(self) -> RenderableType:
        moment = self._moment
        if moment is NOTHING_YET:
            return Text("Opening the microphone ...", style="dim")
        left_s = max(0.0, self._limit_s - moment.elapsed_s)
        style, words = _time_left(left_s, self._limit_s)
        if moment.ends_in_s is not None:
            style, words = "magenta", f"silence: ends in {moment.ends_in_s:.0f} s"
        line = Text.assemble(
            (f"{views.clock(left_s + 0.999)} left ", f"bold {style}"),
            (f"{words:<24}", style),
            *_meter(self._level_db),
        )
        if moment.behind_s >= BEHIND_S:
            line.append(f"  {moment.behind_s:.0f} s still to transcribe", style="dim")
        return Group(line, self._caption_text())

    def _caption_text(self) -> Text:
        """The latest words; those that may still change are in italics."""
        said = Text(" ".join(self._captions), style="dim")
        said.append(f" {self._draft}", style="italic")
        return said if len(said) <= CAPTION_CHARACTERS else said[-CAPTION_CHARACTERS:]


def _time_left(left_s: float, limit_s: float) -> tuple[str, str]:
    """Colour and words for the time that is left."""
    if left_s <= 10:
        return "red", "last sentence"
    if left_s <= 30:
        return "yellow", "half a minute, wrap up"
    if left_s <= limit_s / 2:
        return "green", "second half"
    return "green", "first half"


def _meter(level_db: float) -> tuple[tuple[str, str], tuple[str, str]]:
    share = min(1.0, max(0.0, 1.0 - level_db / METER_FLOOR_DB))
    filled = round(share * METER_WIDTH)
    style = "red" if level_db > -3.0 else "green" if level_db > -45.0 else "dim"
    return ("█" * filled, style), ("░" * (METER_WIDTH - filled), "dim")
