"""`interviewer demo`: the whole interview, with a recorded candidate at the microphone."""

from __future__ import annotations

from typing import Any

import click

from interviewer.cli import parts


@click.command()
@click.option("--no-speech-out", is_flag=True, help="Show questions without reading them aloud.")
@parts.engine_options
def demo(**options: Any) -> None:
    """Watch an interview in which a recorded candidate answers.

    Three short answers go through the same recorder, recogniser and scorer as yours would, and are
    kept in the archive like them.
    """
    from interviewer.cli.session import hold

    hold(parts.settings_from(options), options, mode="recorded")
