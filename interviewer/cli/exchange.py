"""`interviewer bank import` and `interviewer bank export`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from interviewer.bank.exchange.assembly import Imported
from interviewer.bank.exchange.folder import write_bank
from interviewer.bank.exchange.formats import FORMATS, Format, export_file, import_file
from interviewer.bank.exchange.text import is_slug, slug
from interviewer.bank.question import Category
from interviewer.bank.selection import Request, select
from interviewer.bank.yaml_file import REPORTED_FAULTS
from interviewer.cli import parts
from interviewer.errors import UsageError


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "format_name",
    type=click.Choice(FORMATS),
    help="What the file is. [by its name, then by what it holds]",
)
@click.option("--name", help="What to call the bank. [the file's name]")
@click.option(
    "--to", "folder", type=click.Path(path_type=Path), help="Where to put it. [with your own banks]"
)
@click.option("--replace", is_flag=True, help="Replace a bank of that name.")
def import_command(
    file: Path, format_name: Format | None, name: str | None, folder: Path | None, replace: bool
) -> None:
    """Make a bank of your own from the questions in FILE.

    FILE is Markdown, CSV, TSV, or what Anki exports (notes in plain text, or an .apkg package).
    Only the questions have to be there. From their answers key points are proposed, as drafts:
    answers are scored by them at once, and better once you have looked them over.
    """
    name = slug(file.stem) or "imported" if name is None else name
    if not is_slug(name):
        raise UsageError(
            f"--name {name!r} cannot be a bank's name; allowed: small letters, digits and hyphens",
            f"--name {slug(name) or 'my-questions'}",
        )
    imported = import_file(file, name, format_name)
    target = parts.bank_folder(parts.settings_from({}), name) if folder is None else folder
    write_bank(imported, target, replace)
    _tell(file, imported, target)
    shown = name if folder is None else shlex.quote(str(target.resolve()))
    click.echo(f"Next: interviewer start --bank {shown}")


def _tell(file: Path, imported: Imported, target: Path) -> None:
    """What was found, what was not, and what became of it."""
    questions = imported.bank.questions
    answers = sum(1 for question in questions if question.answer)
    follow_ups = sum(len(question.follow_ups) for question in questions)
    points = sum(len(rubric.key_points) for rubric in imported.rubrics.values())
    click.echo(
        f"{_count(len(questions), 'question')} in "
        f"{_count(len(imported.bank.categories), 'category', 'categories')}: "
        f"{_count(answers, 'answer')}, {_count(follow_ups, 'follow-up')}, "
        f"{_count(points, 'key point')} drafted"
    )
    for remark in imported.remarks[:REPORTED_FAULTS]:
        click.echo(f"  {file.name}:{remark.line}: {remark.text}")
    if len(imported.remarks) > REPORTED_FAULTS:
        click.echo(f"  and {len(imported.remarks) - REPORTED_FAULTS} more such lines")
    if answers < len(questions):
        missing = _count(len(questions) - answers, "question")
        click.echo(f"  {missing} without an answer cannot be scored until one is written")
    click.echo(f"Written to {target / 'bank'} and {target / 'rubrics'}; both are yours to edit.")


def _count(number: int, one: str, several: str = "") -> str:
    return f"{number:,} {one if number == 1 else several or one + 's'}"


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--category", "categories", multiple=True, help="Only this category; repeatable.")
@click.option("--replace", is_flag=True, help="Overwrite FILE if it is there.")
@parts.bank_option
def export_command(file: Path, categories: tuple[str, ...], replace: bool, **options: Any) -> None:
    """Write the questions of a bank to FILE.

    Its ending says in which format: .md, .csv, .tsv, .txt (text that Anki imports) or .apkg (an
    Anki package). `interviewer bank import` reads every one of them back; rubrics are not in them.
    """
    bank, _ = parts.load_content(parts.settings_from(options))
    chosen = {
        choice.question.id
        for choice in select(bank, Request(len(bank.questions), categories, seed=0))
    }
    kept = [
        Category(category.slug, category.title, questions)
        for category in bank.categories
        if (questions := tuple(q for q in category.questions if q.id in chosen))
    ]
    export_file(kept, file, replace)
    click.echo(f"{_count(len(chosen), 'question')} written to {file}")
