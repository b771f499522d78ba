"""What the terminal shows while an answer goes on."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from rich.console import Console

from interviewer.bank.question import load_bank
from interviewer.bank.selection import Choice
from interviewer.cli import keys
from interviewer.cli.terminal import CAPTION_CHARACTERS, LiveTerminal, PlainTerminal
from interviewer.interaction import Asking, Moment
from interviewer.settings import shipped_dir

ASKING = Asking(
    Choice(load_bank(shipped_dir("bank")).question("kv-cache"), "asked for"), 1, 1, 90.0
)


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None)


def shown(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@contextmanager
def no_keys(_on_key: object) -> Iterator[None]:
    yield


@pytest.fixture
def live(console: Console, monkeypatch: pytest.MonkeyPatch) -> LiveTerminal:
    monkeypatch.setattr(keys, "pressed", no_keys)
    return LiveTerminal(console, {})


def drawn(terminal: LiveTerminal) -> str:
    paper = Console(file=io.StringIO(), width=100)
    paper.print(terminal._countdown())
    return shown(paper)


def test_a_draft_is_shown_and_replaced_by_what_is_final(live: LiveTerminal) -> None:
    with live.listening(ASKING):
        live.heard(Moment(1.0, -20.0))
        live.caption("the cash", False)
        assert "the cash" in drawn(live)
        live.caption("the cache stores", True)
        live.caption("keys", False)
        assert "the cash" not in drawn(live)
        assert "the cache stores keys" in drawn(live)


def test_long_answers_show_their_latest_words(live: LiveTerminal) -> None:
    with live.listening(ASKING):
        live.heard(Moment(1.0, -20.0))
        for i in range(100):
            live.caption(f"sentence number {i}.", True)
        text = " ".join(drawn(live).split())
        assert "number 99." in text and "number 5." not in text
        assert len(text) < CAPTION_CHARACTERS + 120


def test_an_answer_begins_without_the_words_of_the_last(live: LiveTerminal) -> None:
    with live.listening(ASKING):
        live.caption("of the first", True)
    with live.listening(ASKING):
        live.heard(Moment(1.0, -20.0))
        assert "of the first" not in drawn(live)


def test_silence_is_counted_down_and_a_backlog_is_told(live: LiveTerminal) -> None:
    with live.listening(ASKING):
        live.heard(Moment(20.0, -20.0, behind_s=45.0, ends_in_s=2.6))
        assert "ends in 3 s" in drawn(live) and "45 s still to transcribe" in drawn(live)
        live.heard(Moment(20.1, -20.0, behind_s=5.0))
        assert "ends in" not in drawn(live) and "still to transcribe" not in drawn(live)


def test_the_wait_has_a_bar_that_fills(live: LiveTerminal, console: Console) -> None:
    with live.working("Transcribing") as report:
        report(0.25)
        report(0.75)
        report(1.0)
    assert "Transcribing" in shown(console)


@pytest.mark.parametrize(("key", "name"), [("2", "Built-in"), ("\n", None)])
def test_another_microphone_is_chosen_by_its_number(
    live: LiveTerminal,
    console: Console,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    name: str | None,
) -> None:
    def one_of(allowed: str) -> str:
        assert allowed == "\n12"
        return key

    monkeypatch.setattr(keys, "one_of", one_of)
    assert live.choose_microphone(["Headset", "Built-in"]) == name
    assert "1  Headset" in shown(console) and "2  Built-in" in shown(console)


def test_plain_lines_tell_final_words_time_and_silence(console: Console) -> None:
    plain = PlainTerminal(console, {})
    with plain.listening(ASKING):
        plain.heard(Moment(0.02, -20.0))
        plain.caption("not yet", False)
        plain.caption("the cache stores", True)
        plain.heard(Moment(61.0, -20.0, ends_in_s=3.0))
    told = shown(console)
    assert "Speak now" in told and "the cache stores" in told and "not yet" not in told
    assert "30 s left." in told and "Silence ends this answer in 3 s." in told
    assert "Recorded 61.0 s." in told
