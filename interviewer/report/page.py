"""The report as one self-contained HTML page: no script, nothing fetched from anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from interviewer.archive import AttemptRecord
from interviewer.bank.rubric import Rubric
from interviewer.report.summary import TARGET_MEAN_SCORE, Summary, counted


def render(
    title: str,
    summary: Summary,
    attempts: Sequence[AttemptRecord],
    rubrics: Mapping[str, Rubric],
) -> str:
    """The page as text; everything that people wrote or said in it is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("interviewer.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["clock"] = lambda seconds: f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
    statements = {
        (question_id, point.id): point.point
        for question_id, rubric in rubrics.items()
        for point in rubric.key_points
    }
    return environment.get_template("report.html").render(
        title=title,
        summary=summary,
        attempts=counted(attempts),
        follow_ups=_follow_ups(attempts),
        statements=statements,
        target=TARGET_MEAN_SCORE,
    )


def _follow_ups(attempts: Sequence[AttemptRecord]) -> Mapping[int, list[AttemptRecord]]:
    """The answered follow-ups by the number of the attempt they followed, in their order."""
    found: dict[int, list[AttemptRecord]] = {}
    for attempt in attempts:
        if attempt.follow_up_of is not None and attempt.stage != "skipped":
            found.setdefault(attempt.follow_up_of, []).append(attempt)
    return found
