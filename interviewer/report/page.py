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
        statements=statements,
        target=TARGET_MEAN_SCORE,
    )
