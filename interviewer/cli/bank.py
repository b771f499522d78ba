"""`interviewer bank`: the questions there are, and what they amount to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from interviewer.bank.question import Bank, Question
from interviewer.bank.rubric import KeyPoint, Rubric
from interviewer.bank.selection import Request, select
from interviewer.bank.stats import Counts, Stats, stats_of
from interviewer.cli import parts, views
from interviewer.cli.lazy import LazyGroup

COMMANDS = {
    "list": ("bank:list_questions", "The questions, one a line."),
    "show": ("bank:show_question", "One question with its model answer and follow-ups."),
    "stats": ("bank:show_stats", "How many of everything there are."),
    "lint": ("bank_lint:lint_bank", "What is to mend, each with file, line and remedy."),
    "new": ("bank_new:new_question", "Begin a question of your own."),
    "import": ("exchange:import_command", "Questions from Markdown, CSV, TSV or Anki."),
    "export": ("exchange:export_command", "Questions to Markdown, CSV, TSV or Anki."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def bank() -> None:
    """List, show, check, write, import or export questions.

    With --bank they are those of a bank of your own: the name of one, or a folder that holds
    `bank/` and `rubrics/`.
    """


@click.command("list")
@click.option("--category", "categories", multiple=True, help="Only this category; repeatable.")
@click.option("--role", "roles", multiple=True, help="Only questions for this role; repeatable.")
@click.option(
    "--difficulty", "difficulties", multiple=True, help="easy, medium or hard; repeatable."
)
@parts.bank_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_questions(
    categories: tuple[str, ...],
    roles: tuple[str, ...],
    difficulties: tuple[str, ...],
    as_json: bool,
    **options: Any,
) -> None:
    """The questions, in the order of their numbers.

    Outside a terminal a line holds number, id, category, difficulty, roles and question, with tabs
    between them.
    """
    every, _ = parts.load_content(parts.settings_from(options))
    request = Request(len(every.questions), categories, roles, difficulties, seed=0)
    chosen = [choice.question for choice in select(every, request)]
    chosen.sort(key=lambda question: question.number)
    console = views.console()
    if as_json:
        click.echo(json.dumps([_brief(each) for each in chosen], indent=2, ensure_ascii=False))
    elif console.is_terminal:
        console.print(_table(chosen))
    else:
        for each in chosen:
            roles_named = ",".join(each.roles)
            cells = (each.number, each.id, each.category, each.difficulty, roles_named, each.ask)
            click.echo("\t".join(" ".join(str(cell).split()) for cell in cells))


def _brief(question: Question) -> dict[str, Any]:
    names = {"id", "number", "category", "difficulty", "roles", "time_limit_s", "ask"}
    return question.model_dump(mode="json", include=names)


def _table(questions: list[Question]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("#", justify="right", style="dim")
    table.add_column("Id", no_wrap=True, style="bold")
    table.add_column("Level", no_wrap=True)
    table.add_column("Question", ratio=1)
    for question in questions:
        cells = (str(question.number), question.id, question.difficulty, question.ask)
        table.add_row(*(Text(cell) for cell in cells))
    return table


@click.command("show")
@click.argument("question")
@click.option("--rubric", "with_rubric", is_flag=True, help="With the key points it is graded by.")
@click.option("--notes", "with_notes", is_flag=True, help="With the depth behind the answer.")
@parts.bank_option
@click.option("--json", "as_json", is_flag=True, help="All of it as JSON, its rubric too.")
def show_question(
    question: str, with_rubric: bool, with_notes: bool, as_json: bool, **options: Any
) -> None:
    """One QUESTION (id or number) with its model answer and follow-ups, as Markdown."""
    every, rubrics = parts.load_content(parts.settings_from(options))
    found = every.question(question)
    rubric = rubrics.get(found.id)
    if as_json:
        graded = None if rubric is None else rubric.model_dump(mode="json")
        whole = {**found.model_dump(mode="json"), "rubric": graded}
        click.echo(json.dumps(whole, indent=2, ensure_ascii=False))
        return
    sections = [_head(every, found), _follow_ups(found)]
    if with_notes:
        sections.append(f"## Notes\n\n{found.notes.strip() or 'None.'}")
    if with_rubric:
        sections.append(_rubric(rubric))
    text = "\n\n".join(section for section in sections if section)
    console = views.console()
    if console.is_terminal:
        console.print(Markdown(text))
    else:
        click.echo(text)


def _head(every: Bank, question: Question) -> str:
    title = next(each.title for each in every.categories if each.slug == question.category)
    facts = [question.id, title, question.difficulty, f"{question.time_limit_s} s"]
    lines = [f"# {question.number}. {question.ask}", f"*{' · '.join(facts)}*"]
    lines.append(f"For: {', '.join(question.roles)}")
    if question.speak:
        lines.append(f"Read aloud: {question.speak}")
    for name, values in (("Terms", question.terms), ("Tags", question.tags)):
        if values:
            lines.append(f"{name}: {', '.join(values)}")
    lines.append(f"## Model answer\n\n{question.answer.strip() or 'None yet.'}")
    return "\n\n".join(lines)


def _follow_ups(question: Question) -> str:
    if not question.follow_ups:
        return ""
    lines = ["## Follow-ups"]
    for follow_up in question.follow_ups:
        lines += [f"**{follow_up.ask}**", follow_up.answer.strip()]
    return "\n\n".join(line for line in lines if line)


def _rubric(rubric: Rubric | None) -> str:
    if rubric is None:
        return "## Rubric\n\nNone: answers to this question are not scored."
    return "\n\n".join(["## Rubric", *(_key_point(point) for point in rubric.key_points)])


def _key_point(point: KeyPoint) -> str:
    marks = [f"weight {point.weight}"]
    marks += [name for name in ("required", "draft") if getattr(point, name)]
    lines = [f"### {point.id} ({', '.join(marks)})", point.point]
    for title, phrases in (("Right", point.accept), ("Wrong", point.reject)):
        if phrases:
            lines.append(f"{title}:\n\n" + "\n".join(f"- {phrase}" for phrase in phrases))
    if point.probe:
        lines.append(f"Probe: {point.probe}")
    return "\n\n".join(lines)


@click.command("stats")
@parts.bank_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show_stats(as_json: bool, **options: Any) -> None:
    """How many questions there are of each category, difficulty and role, and how many rubrics."""
    stats = stats_of(*parts.load_content(parts.settings_from(options)))
    if as_json:
        click.echo(json.dumps(stats.to_dict(), indent=2, ensure_ascii=False))
        return
    total = stats.total
    by_category = "+".join(str(counts.questions) for counts in stats.categories.values())
    console = views.console()
    console.print(f"{total.questions} questions, {by_category}; {total.rubrics} rubrics\n")
    console.print(_stats_table(stats))
    console.print(f"\nDifficulty: {_listed(total.difficulties)}")
    console.print(f"Role: {_listed(total.roles)}")


def _listed(counts: Mapping[Any, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _stats_table(stats: Stats) -> Table:
    table = Table()
    table.add_column("Category", no_wrap=True)
    names = ("Questions", "Points", "Accepts", "Rejects", "Probes", "Follow-ups", "Drafts")
    for name in names:
        table.add_column(name, justify="right")
    for slug, counts in stats.categories.items():
        table.add_row(Text(stats.titles[slug]), *_cells(counts))
    table.add_section()
    table.add_row("All", *_cells(stats.total))
    return table


def _cells(counts: Counts) -> tuple[str, ...]:
    numbers = (
        counts.questions,
        counts.key_points,
        counts.accepts,
        counts.rejects,
        counts.probes,
        counts.follow_ups,
        counts.drafts,
    )
    return tuple(str(number) for number in numbers)
