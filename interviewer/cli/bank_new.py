"""`interviewer bank new`: begin a question of one's own."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any, Final

import click
from pydantic import ValidationError

from interviewer.bank.authoring import add_question, draft_rubric
from interviewer.bank.exchange.text import Unique, block, flat, slug
from interviewer.bank.question import DIFFICULTIES, ROLES, Bank, Question, load_bank
from interviewer.bank.rubric import load_rubrics
from interviewer.cli import parts
from interviewer.errors import UsageError

EXAMPLE: Final = 'interviewer bank new "What is paging?" --category "Operating Systems"'


@click.command("new")
@click.argument("ask", required=False)
@click.option("--bank", metavar="NAME|FOLDER", default="mine", show_default=True)
@click.option("--category", help="A slug or title; new ones are made. [general]")
@click.option("--difficulty", type=click.Choice(DIFFICULTIES), help="[medium]")
@click.option(
    "--role",
    "roles",
    type=click.Choice(ROLES),
    multiple=True,
    help="Whose interviews it belongs to; repeatable. [all]",
)
@click.option("--seconds", type=click.IntRange(1, 600), default=90, show_default=True)
@click.option("--answer", help="The model answer; key points are proposed from it.")
@click.option(
    "--point", "points", multiple=True, help="A key point in one sentence; repeatable, in order."
)
@click.option("--id", "id_", metavar="SLUG", help="[from the question's words]")
def new_question(ask: str | None, bank: str, **options: Any) -> None:
    """Begin a question of your own: ASK, with the skeleton of its rubric.

    It can be asked at once. What is marked as a draft is yours to fill in. In a terminal you are
    asked for what you leave out.
    """
    if ask is None:
        if not sys.stdin.isatty():
            raise UsageError("there is no question to ask", EXAMPLE)
        ask, options = _prompted(options)
    folder = parts.bank_folder(parts.settings_from({}), bank)
    there = _bank_there(folder)
    slug_, title = _category(there, options["category"] or "General")
    points = [text for point in options["points"] if (text := flat(point))]
    try:
        question = Question.model_validate(_fields(there, ask, slug_, options))
        rubric = draft_rubric(question.id, question.answer, points)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        reason = first.get("ctx", {}).get("error", first["msg"])
        raise UsageError(f"{first['loc'][0]} cannot be that; allowed: {reason}", EXAMPLE) from error
    files = add_question(folder, question, title, rubric)
    click.echo(f"Question {question.number}, {question.id}, is in the bank {bank}:")
    for file in files:
        click.echo(f"  {file}")
    click.echo("Fill in what is marked `draft: true`. Then type:")
    named = shlex.quote(bank)
    click.echo(f"  interviewer bank lint --bank {named}")
    click.echo(f"  interviewer start --bank {named} --question {question.id}")


def _prompted(options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The question, and the options with the answers to what was left out."""
    ask = click.prompt("The question, as an interviewer says it")
    asked = dict(options)
    if asked["category"] is None:
        asked["category"] = click.prompt("Category", "General")
    if asked["difficulty"] is None:
        choice = click.Choice(DIFFICULTIES)
        asked["difficulty"] = click.prompt("Difficulty", "medium", type=choice)
    if asked["answer"] is None:
        asked["answer"] = click.prompt("The model answer (Enter: later)", "", show_default=False)
    if not asked["points"]:
        prompt = "A key point (Enter: no more)"
        asked["points"] = tuple(iter(lambda: click.prompt(prompt, "", show_default=False), ""))
    return ask, asked


def _bank_there(folder: Path) -> Bank:
    """The user's bank as far as it exists; what is added to a faulty one could not be used."""
    if not (folder / "bank").is_dir():
        return Bank(())
    bank = load_bank(folder / "bank")
    if (folder / "rubrics").is_dir():
        load_rubrics(folder / "rubrics", bank)
    return bank


def _category(bank: Bank, name: str) -> tuple[str, str]:
    """Slug and title of a category of the bank, or of a new one."""
    wanted = slug(name)
    if not wanted:
        raise UsageError(f"the category {name!r} has no letter in it", EXAMPLE)
    for category in bank.categories:
        if wanted in (category.slug, slug(category.title)):
            return category.slug, category.title
    return wanted, flat(name)


def _fields(bank: Bank, ask: str, category: str, options: dict[str, Any]) -> dict[str, Any]:
    """What the question is made of; its id and number are free."""
    ids = Unique()
    for question in bank.questions:
        ids.name(question.id)
    given = options["id_"]
    if given is not None and any(given == question.id for question in bank.questions):
        raise UsageError(f"the id {given!r} is taken", f"choose another; {bank.near(given)}")
    number = max((question.number for question in bank.questions), default=0) + 1
    roles, wanted = options["roles"], slug(ask, 5)
    return {
        # An id without letters would be taken for a number.
        "id": given or ids.name(wanted if wanted.strip("0123456789-") else f"question-{number}"),
        "number": number,
        "category": category,
        "ask": flat(ask),
        "difficulty": options["difficulty"] or "medium",
        "roles": tuple(role for role in ROLES if role in roles) or ROLES,
        "time_limit_s": options["seconds"],
        "answer": block(options["answer"] or ""),
    }
