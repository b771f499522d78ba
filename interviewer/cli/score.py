"""`interviewer score`: written answers in; one JSON line each out for scripts, or the reasons."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import IO, Any

import click

from interviewer.bank.question import Bank, Question
from interviewer.bank.rubric import Rubric
from interviewer.cli import parts
from interviewer.errors import UsageError
from interviewer.scoring.grade import Assessment, not_scored
from interviewer.scoring.scorer import Scorer
from interviewer.speech.transcript import Transcript, typed

BATCH_ANSWERS = 256
MAX_LINE_CHARACTERS = 1_000_000
EXAMPLE = '{"question": "kv-cache", "text": "It stores the keys and values ..."}'
Answer = tuple[Question, Transcript]


@click.command()
@click.argument("file", type=click.File("r", encoding="utf-8", errors="strict"), default="-")
@click.option("--json", "as_json", is_flag=True, help="JSON lines out, as without any option.")
@click.option(
    "--explain",
    is_flag=True,
    help="Say why in words: what was said, what was missed, and a way up.",
)
@click.option("--question", metavar="QUESTION", help="FILE is one answer to this, as plain text.")
@parts.bank_option
@click.option(
    "--offline", is_flag=True, default=None, help="Use only models that are here already."
)
def score(
    file: IO[str], as_json: bool, explain: bool, question: str | None, **options: Any
) -> None:
    """Score written answers: JSON lines from FILE or standard input, one JSON line out for each.

    With --question, FILE is the text of one answer:
    interviewer score --explain --question kv-cache answer.txt

    \b
    in:   {"question": "kv-cache" or 3, "text": "It stores the keys and values ..."}
    out:  {"question", "score", "coverage", "key_points": [{"id", "status", "similarity",
          "evidence"}], "reasons", "scorer"}
    """
    if as_json and explain:
        raise UsageError("--json and --explain are two forms of the same", "take one of them")
    settings = parts.settings_from(options)
    bank, rubrics = parts.load_content(settings)
    answers = _answers(file, bank) if question is None else _one(file, bank.question(question))
    batch = list(islice(answers, BATCH_ANSWERS))
    scorer = parts.load_scorer(settings) if batch else None
    while batch and scorer is not None:
        for (asked, _), result in zip(batch, _score(scorer, rubrics, batch), strict=True):
            if explain:
                _explain(asked, result, rubrics.get(asked.id))
            else:
                click.echo(json.dumps(_line(asked, result), ensure_ascii=False))
        batch = list(islice(answers, BATCH_ANSWERS))


def _one(file: IO[str], question: Question) -> Iterator[Answer]:
    """The whole file as one answer."""
    try:
        text = file.read(MAX_LINE_CHARACTERS + 1)
    except UnicodeDecodeError as error:
        raise UsageError(
            "the text is not UTF-8", "save it as UTF-8 and type the same again"
        ) from error
    if len(text) > MAX_LINE_CHARACTERS:
        raise UsageError(
            f"the answer is longer than {MAX_LINE_CHARACTERS} characters", "write a shorter one"
        )
    yield question, typed(text)


def _explain(question: Question, result: Assessment, rubric: Rubric | None) -> None:
    from interviewer.cli import views

    out = views.console()
    out.print(f"{question.id}: {question.ask}", style="bold", markup=False, highlight=False)
    out.print(views.assessment(result, rubric))
    out.print()


def _answers(file: IO[str], bank: Bank) -> Iterator[Answer]:
    number = 0
    try:
        while line := file.readline(MAX_LINE_CHARACTERS + 1):
            number += 1
            if len(line) > MAX_LINE_CHARACTERS:
                raise UsageError(
                    f"line {number} is longer than {MAX_LINE_CHARACTERS} characters",
                    "write one answer a line",
                )
            if line.strip():
                yield _answer(line, number, bank)
    except UnicodeDecodeError as error:
        raise UsageError(
            f"after line {number}: the text is not UTF-8",
            "save it as UTF-8 and type the same again",
        ) from error


def _answer(line: str, number: int, bank: Bank) -> Answer:
    hint = f"write lines like: {EXAMPLE}"
    try:
        given = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"line {number} is not JSON: {error}", hint) from error
    if not isinstance(given, dict) or set(given) != {"question", "text"}:
        raise UsageError(f'line {number} must hold "question" and "text", and nothing else', hint)
    reference, text = given["question"], given["text"]
    if not isinstance(text, str) or isinstance(reference, bool):
        raise UsageError(f'line {number}: "text" must be a string', hint)
    if not isinstance(reference, str | int):
        raise UsageError(f'line {number}: "question" must be an id or a number', hint)
    return bank.question(reference), typed(text)


def _score(
    scorer: Scorer, rubrics: Mapping[str, Rubric], batch: Sequence[Answer]
) -> list[Assessment]:
    """Assess a batch in one go; an answer without a rubric is not scored."""
    items = [
        (question, rubrics[question.id], transcript)
        for question, transcript in batch
        if question.id in rubrics
    ]
    results = iter(scorer.score_many(items))
    return [
        next(results)
        if question.id in rubrics
        else not_scored(f"There is no rubric for the question '{question.id}'.", scorer.name)
        for question, _ in batch
    ]


def _line(question: Question, result: Assessment) -> dict[str, Any]:
    points = [
        {
            "id": point.id,
            "status": point.status,
            "similarity": round(point.similarity, 4),
            "evidence": None if point.evidence is None else point.evidence.text,
        }
        for point in result.key_points
    ]
    return {
        "question": question.id,
        "score": result.score,
        "coverage": round(result.coverage, 4),
        "key_points": points,
        "reasons": list(result.reasons),
        "scorer": result.scorer,
    }
