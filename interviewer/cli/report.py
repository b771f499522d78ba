"""`interviewer report`: what it added up to."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import click

from interviewer.cli import parts, views
from interviewer.errors import InterviewerError, UsageError
from interviewer.report.summary import Summary, summarise


@click.command()
@click.argument("session", default="last")
@click.option("--all", "every", is_flag=True, help="All sessions together.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="As CSV, one line a category.")
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), help="As one web page, to this file."
)
@parts.bank_option
def report(
    session: str, every: bool, as_json: bool, as_csv: bool, html: Path | None, **options: Any
) -> None:
    """What a session added up to, category by category, against the target of 1.5.

    SESSION is an id, the beginning of one, or `last`.
    """
    if as_json and as_csv:
        raise UsageError("a report is either JSON or CSV", "leave out --json or --csv")
    settings = parts.settings_from(options)
    bank, rubrics = parts.load_content(settings)
    with parts.open_archive(settings) as archive:
        records = None if every else archive.session(session)
        attempts = archive.attempts() if records is None else records.attempts
    summary = summarise(attempts, {each.slug: each.title for each in bank.categories})
    title = "All sessions" if records is None else f"Session {records.id}"
    if html is not None:
        from interviewer.report.page import render

        _write(html, render(title, summary, attempts, rubrics))
        click.echo(f"Wrote {html}")
    elif as_json:
        click.echo(json.dumps({"title": title, **summary.to_dict()}, indent=2))
    elif as_csv:
        click.echo(_csv(summary), nl=False)
    else:
        console = views.console()
        console.print(title)
        console.print(views.summary(summary))


def _csv(summary: Summary) -> str:
    rows = [row.to_dict() for row in (*summary.rows, summary.total)]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(summary.total.to_dict()), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _write(file: Path, page: str) -> None:
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise InterviewerError(
            f"cannot write {file}: {error.strerror}", "name a file in a folder that can be written"
        ) from error
