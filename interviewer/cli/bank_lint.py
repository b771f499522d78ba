"""`interviewer bank lint`: what is to mend."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from interviewer.bank.content import Finding
from interviewer.cli import parts
from interviewer.linting import lint


@click.command("lint")
@parts.bank_option
@click.option(
    "--against",
    "files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A text of which no eight words in a row may be repeated; repeatable.",
)
@click.option("--strict", is_flag=True, help="Fail for advice as well.")
@click.option(
    "--quick", is_flag=True, help="Compare no wordings, score nothing: no model is needed."
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option(
    "--offline", is_flag=True, default=None, help="Use only models that are here already."
)
@click.pass_context
def lint_bank(
    context: click.Context,
    /,
    files: tuple[Path, ...],
    strict: bool,
    quick: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """What is to mend in a bank, each with file, line and field, and what to do about it.

    Advice is what a finished bank heeds and a draft may leave for later. The exit code is 1 when
    there is anything to mend but advice.
    """
    settings = parts.settings_from(options)
    with ExitStack() as stack, _working():
        texts = (
            stack.enter_context(each.open(encoding="utf-8", errors="replace")) for each in files
        )
        findings = lint(
            _short(settings.bank_dir),
            _short(settings.rubrics_dir),
            _short(parts.scale_dir(settings)),
            [(str(file), text) for file, text in zip(files, texts, strict=True)],
            None if quick else lambda: parts.load_embedder(settings),
        )
    if as_json:
        every = [{**asdict(finding), "file": str(finding.file)} for finding in findings]
        click.echo(json.dumps(every, indent=2, ensure_ascii=False))
    else:
        for finding in findings:
            click.echo(str(finding))
        click.echo(_summary(findings))
    context.exit(int(any(strict or not finding.advice for finding in findings)))


@contextmanager
def _working() -> Iterator[None]:
    """Say in a terminal that it takes a while."""
    console = Console(stderr=True)
    if console.is_terminal:
        with console.status("Comparing wordings and scoring model answers ..."):
            yield
    else:
        yield


def _short(folder: Path) -> Path:
    """As seen from here, where it is further down."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def _summary(findings: list[Finding]) -> str:
    advice = sum(finding.advice for finding in findings)
    to_mend = len(findings) - advice
    if not findings:
        return "Nothing to mend."
    return f"{to_mend} to mend, {advice} to consider."
