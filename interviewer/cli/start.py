"""`interviewer start`: hold an interview."""

from __future__ import annotations

import sys
from typing import Any

import click

from interviewer.cli import parts
from interviewer.errors import NoDeviceError

MIN_SILENCE_S = 4.0
"""Shorter silences are pauses for thinking."""


@click.command()
@click.option("--count", type=click.IntRange(1), help="How many questions. [3]")
@click.option("--category", "categories", multiple=True, help="Only this category; repeatable.")
@click.option("--role", "roles", multiple=True, help="Only questions for this role; repeatable.")
@click.option(
    "--difficulty", "difficulties", multiple=True, help="easy, medium or hard; repeatable."
)
@click.option("--question", "questions", multiple=True, help="This one (id or number); repeatable.")
@click.option("--seed", type=int, help="The same seed asks the same questions.")
@click.option("--explain", is_flag=True, help="Say first why each question was chosen.")
@click.option(
    "--seconds", type=click.FloatRange(1, 600), help="Time for each answer. [the question's: 90]"
)
@click.option(
    "--feedback",
    type=click.Choice(["after", "end"]),
    default="after",
    show_default=True,
    help="Show scores after each answer or at the end.",
)
@click.option(
    "--follow-ups",
    type=click.IntRange(0, 10),
    default=0,
    show_default=True,
    help="After each answer, ask up to this many questions about what was missed.",
)
@click.option(
    "--end-on-silence",
    type=click.FloatRange(MIN_SILENCE_S, 60),
    metavar="SECONDS",
    help="End an answer after so much silence, 4 s or more, counted down. [never]",
)
@click.option("--typed", is_flag=True, help="Answer by keyboard.")
@click.option("--no-speech-out", is_flag=True, help="Show questions without reading them aloud.")
@click.option("--or-demo", is_flag=True, help="Where nobody can answer, run `interviewer demo`.")
@parts.bank_option
@parts.engine_options
def start(**options: Any) -> None:
    """Hold an interview: questions are read aloud, answers recorded, transcribed and scored.

    While you answer: Enter ends the answer, r records it again, s skips the question, q ends the
    session. Without a terminal the time limit ends each answer.
    """
    from interviewer.cli.session import hold

    settings = parts.settings_from(options)
    if options["typed"]:
        hold(settings, options, mode="typed")
        return
    missing = _missing_microphone()
    if options["or_demo"] and (missing or not sys.stdin.isatty()):
        reason = f"no microphone ({missing})" if missing else "no terminal to talk to"
        click.echo(f"There is {reason}. A recorded candidate answers instead.\n")
        hold(settings, options, mode="recorded")
        return
    if missing:
        raise NoDeviceError(
            missing,
            "connect a microphone and type `interviewer doctor`; or answer by keyboard with "
            "`interviewer start --typed`; or watch `interviewer demo`",
        )
    hold(settings, options, mode="spoken")


def _missing_microphone() -> str:
    """Why there is no microphone to record with; empty when there is one."""
    from interviewer.audio.microphone import list_devices

    devices = list_devices()
    return "" if devices.inputs else devices.problem or "this machine has no input device"
