"""`interviewer grade`: the candidate's own grades, and the boundaries that follow them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from interviewer.archive import Archive, AttemptRecord
from interviewer.cli import parts, views
from interviewer.errors import ArchiveError, UsageError
from interviewer.scoring.own_grades import (
    ENOUGH,
    Graded,
    OwnGrades,
    fit_own_grades,
    read_own_grades,
    write_own_grades,
)
from interviewer.settings import Settings

EXAMPLE = "type for example: interviewer grade last 1 2"
GRADES = {"0": 0, "1": 1, "2": 2, "none": None}


@click.command()
@click.argument("session", required=False)
@click.argument("number", type=click.IntRange(1), required=False)
@click.argument("own_grade", metavar="0|1|2|none", type=click.Choice(list(GRADES)), required=False)
@click.option(
    "--own/--shipped",
    "used",
    default=None,
    help="Score by the boundaries that your grades ask for, or by the shipped ones.",
)
@parts.bank_option
@click.option(
    "--offline", is_flag=True, default=None, help="Use only models that are here already."
)
def grade(
    session: str | None,
    number: int | None,
    own_grade: str | None,
    used: bool | None,
    **options: Any,
) -> None:
    """Give answer NUMBER of SESSION your own grade, where you would score it differently, or not.

    0 is wrong, 1 partial, 2 strong; `none` withdraws a grade. After twenty grades the boundaries
    between the scores move towards them, for answers that are scored from then on; scores already
    given stay (see `replay --rescore`). Without arguments: what your grades have come to.
    """
    settings = parts.settings_from(options)
    console = views.console()
    with parts.open_archive(settings) as archive:
        if session is not None:
            if number is None or own_grade is None:
                raise UsageError(
                    "a grade needs a session, the answer's number and 0, 1 or 2", EXAMPLE
                )
            _give(console, archive, archive.session(session).attempt(number), GRADES[own_grade])
        graded = [attempt for attempt in archive.attempts() if _counts(attempt)]
    console.print(_agreement(graded))
    found = _fit(settings, graded, used)
    if used is not None and found is None:
        raise UsageError(
            f"there are {len(graded)} grades of your own; from {ENOUGH} on they move boundaries",
            EXAMPLE,
        )
    if found is not None:
        console.print(_told(found))


def _give(console: Console, archive: Archive, attempt: AttemptRecord, grade: Any) -> None:
    if attempt.follow_up_of is not None or attempt.transcript is None:
        raise UsageError(
            f"answer {attempt.position} of {attempt.session_id} is "
            f"{'a reply to a follow-up' if attempt.follow_up_of else 'without a transcript'}",
            "only a question's whole answer is graded; `interviewer sessions show` lists them",
        )
    archive.set_own_grade(attempt.id, grade)
    label, style = views.SCORES[grade]
    given = (label, style) if grade is not None else ("withdrawn", "dim")
    console.print(Text.assemble(f"Answer {attempt.position}, {attempt.question_id}: ", given))


def _counts(attempt: AttemptRecord) -> bool:
    return (
        attempt.own_grade is not None
        and attempt.follow_up_of is None
        and attempt.transcript is not None
    )


def _agreement(graded: Sequence[AttemptRecord]) -> Text:
    """How often the scores that were given are the user's grades."""
    scored = [attempt for attempt in graded if attempt.score is not None]
    same = sum(attempt.score == attempt.own_grade for attempt in scored)
    text = Text(f"{len(graded)} grade{'' if len(graded) == 1 else 's'} of your own")
    if scored:
        text.append(f"; the scores agree with {same} of {len(scored)}")
    if len(graded) < ENOUGH:
        text.append(f". From {ENOUGH} on they move the boundaries between scores")
    return text.append(".")


def _fit(
    settings: Settings, graded: Sequence[AttemptRecord], used: bool | None
) -> OwnGrades | None:
    """Fit the boundaries and keep them; `None`, and nothing kept, while there are too few."""
    before = read_own_grades(settings.archive_dir)
    if len(graded) < ENOUGH and before is None:
        return None
    bank, rubrics = parts.load_content(settings)
    scorer = parts.load_shipped_scorer(settings, rubrics)
    known = [attempt for attempt in graded if attempt.question_id in rubrics]
    places = scorer.place(
        [
            (bank.question(a.question_id), rubrics[a.question_id], a.transcript)
            for a in known
            if a.transcript is not None
        ]
    )
    found = fit_own_grades(
        [
            Graded(place.level, place.cuts, attempt.own_grade)
            for attempt, place in zip(known, places, strict=True)
            if place is not None and attempt.own_grade is not None
        ],
        scorer.name,
    )
    keep = before.used if used is None and before is not None else used is not False
    found = found.model_copy(update={"used": keep})
    try:
        write_own_grades(settings.archive_dir, found)
    except OSError as error:
        raise ArchiveError(
            f"cannot keep what your grades came to in {settings.archive_dir}: {error}",
            "the grades themselves are kept; make room and type `interviewer grade`",
        ) from error
    return found if found.enough else None


def _told(found: OwnGrades) -> Text:
    text = Text(
        f"Against the shipped boundaries, partial begins {_moved(found.partial)} and strong "
        f"{_moved(found.strong)}. Of {found.grades} answers that could be placed, "
        f"{found.agreed_before} got your grade before and {found.agreed_after} do now.\n"
    )
    if found.used:
        return text.append("Back to the shipped boundaries: interviewer grade --shipped", "dim")
    return text.append(
        "Switched off: the shipped boundaries hold. Use yours with: interviewer grade --own", "dim"
    )


def _moved(shift: float) -> str:
    if shift == 0:
        return "where it did"
    return f"{'later' if shift > 0 else 'earlier'} by {abs(shift):.2f} logits"
