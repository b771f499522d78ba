"""The command `interviewer`, and the one place where errors become messages and exit codes.

Exit codes: 0 done, 1 failed, 2 cannot be done as typed, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import NoReturn

import click

from interviewer import __version__
from interviewer.cli.lazy import LazyGroup
from interviewer.errors import InterviewerError

COMMANDS = {
    "start": "Hold an interview: questions aloud, answers recorded and scored.",
    "demo": "Watch an interview in which a recorded candidate answers.",
    "sessions": "List, show, delete or export past interviews.",
    "replay": "Listen to an answer again, with its transcript and its evidence.",
    "report": "What it added up to, category by category.",
    "bank": "List, show, check, write, import or export questions.",
    "recover": "Finish what a crash or a closed laptop interrupted.",
    "grade": "Give an answer your own grade, which the scores learn from.",
    "score": "Score written answers, one JSON line each.",
    "transcribe": "Turn a recording into words with times.",
    "doctor": "Check sound, voice, models, disk and archive.",
}


@click.group(
    cls=LazyGroup,
    lazy={name: (f"{name}:{name}", line) for name, line in COMMANDS.items()},
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="interviewer")
def cli() -> None:
    """A private mock interviewer that you talk to.

    Everything runs on this machine: no account, no key, no cloud.

    \b
    interviewer start                    an interview of three questions
    interviewer start --typed            the same by keyboard
    interviewer report                   how the last one went
    """


def main() -> NoReturn:
    """Run the command line and exit; nothing but a message ever reaches the user."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    try:
        result = cli.main(args=arguments, prog_name="interviewer", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except InterviewerError as error:
        _complain(error.message, error.hint)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _complain("interrupted", "what was recorded is kept; `interviewer recover` finishes it")
        return 130
    except BrokenPipeError:
        # The reader (head, less) has gone; keep Python from complaining about it again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # the last line of defence: a bug, told as one
        _complain(f"a fault in interviewer itself: {error!r}", _keep_traceback())
        return 1


def _complain(message: str, hint: str) -> None:
    click.echo(f"interviewer: {message}", err=True)
    if hint:
        click.echo(f"  {hint}", err=True)


def _keep_traceback() -> str:
    """Write the traceback where it can be found; return the hint that says where."""
    import tempfile

    with tempfile.NamedTemporaryFile(
        "w", prefix="interviewer-fault-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        file.write(traceback.format_exc())
    return f"nothing recorded is lost; the details are in {Path(file.name)}"
