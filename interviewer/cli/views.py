"""How results look in a terminal. Bank text and transcripts are shown as text, never as markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from interviewer.archive import AttemptRecord
from interviewer.bank.rubric import Rubric
from interviewer.bank.selection import Choice
from interviewer.report.summary import TARGET_MEAN_SCORE, Row, Summary
from interviewer.scoring.coverage import KeyPointResult
from interviewer.scoring.grade import Assessment
from interviewer.speech.transcript import Transcript

SCORES: Mapping[int | None, tuple[str, str]] = {
    2: ("2 strong", "bold green"),
    1: ("1 partial", "bold yellow"),
    0: ("0 wrong", "bold red"),
    None: ("not scored", "bold magenta"),
}
STATUSES = {
    "hit": ("+ hit", "green"),
    "partial": ("~ partial", "yellow"),
    "missed": ("- missed", "red"),
    "contradicted": ("! contradicted", "bold red"),
}


def console() -> Console:
    """The console to print to: colours only in a terminal, and a steady width outside one."""
    plain = Console(highlight=False)
    return plain if plain.is_terminal else Console(highlight=False, width=100)


def clock(seconds: float) -> str:
    """Seconds as minutes and seconds: 75.4 is `1:15`."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def transcript(attempt: AttemptRecord) -> RenderableType:
    """What was heard, and by which recogniser."""
    heard = attempt.transcript
    if heard is None:
        return Text("No transcript yet.", style="dim")
    if heard.engine == "keyboard" or not heard.text:
        return Text(heard.text or "(nothing was said)", style="italic")
    source = " ".join(part for part in (heard.engine, heard.model) if part)
    lines = [f"{clock(heard.duration_s)} of audio, heard by {source}"]
    if heard.mended:
        lines.append(f"Mended: {'; '.join(heard.mended)}")
    return Group(_said(heard), *(Text(line, style="dim") for line in lines))


def _said(heard: Transcript) -> Text:
    """The words, those that were mended underlined."""
    said = Text(style="italic")
    for segment in heard.segments:
        if any(word.heard for word in segment.words):
            for word in segment.words:
                said.append(word.text, style="underline" if word.heard else "").append(" ")
        else:
            said.append(f"{segment.text.strip()} ")
    said.rstrip()
    return said


def assessment(result: Assessment, rubric: Rubric | None) -> RenderableType:
    """The score, why it is what it is, and every key point with the words that earned it."""
    label, style = SCORES[result.score]
    head = Text.assemble(("Score: ", "bold"), (label, style))
    if result.score is not None:
        head.append(f"   {result.coverage:.0%} of the key points by weight", style="dim")
    parts: list[RenderableType] = [head, *(Text(reason) for reason in result.reasons)]
    if result.key_points:
        parts += [Text(), _key_points(result, rubric)]
    return Group(*parts)


def _key_points(result: Assessment, rubric: Rubric | None) -> Table:
    points = {} if rubric is None else {point.id: point for point in rubric.key_points}
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    for found in result.key_points:
        label, style = STATUSES[found.status]
        point = points.get(found.id)
        lines: list[RenderableType] = [Text(found.id if point is None else point.point)]
        if point is not None and point.required and found.status != "hit":
            lines[0] = Text.assemble(point.point, (" (required)", "dim"))
        lines += _evidence(found)
        table.add_row(Text(label, style=style), Group(*lines))
    return table


def _evidence(found: KeyPointResult) -> list[RenderableType]:
    claim = found.evidence
    if claim is None or found.status == "missed":
        return []
    when = "" if claim.start_s is None else f"at {clock(claim.start_s)}  "
    return [Text.assemble((when, "cyan"), (f"“{claim.text}”", "italic dim"))]


def plan(choices: Sequence[Choice]) -> RenderableType:
    """Which questions are going to be asked, and why."""
    lines = [
        Text.assemble((f"{number}. {choice.question.id}", "bold"), f"  {choice.why}")
        for number, choice in enumerate(choices, start=1)
    ]
    return Group(Text("Chosen for this interview:"), *lines, Text())


def summary(result: Summary) -> RenderableType:
    """The table per category, against the target."""
    table = Table(
        title=f"Score per category (target {TARGET_MEAN_SCORE} of 2)", title_justify="left"
    )
    table.add_column("Category", no_wrap=True)
    for name in ("Asked", "Strong", "Partial", "Wrong", "Unscored", "Mean"):
        table.add_column(name, justify="right")
    table.add_column("Verdict")
    for row in result.rows:
        _add(table, row)
    if len(result.rows) > 1:
        table.add_section()
        _add(table, result.total)
    if result.after_follow_ups is None:
        return table
    return Group(table, Text(f"With the replies to follow-ups: {result.after_follow_ups:.2f}"))


def _add(table: Table, row: Row) -> None:
    mean = row.mean_score
    style = "dim" if mean is None else "green" if mean >= TARGET_MEAN_SCORE else "yellow"
    counts = (row.asked, row.strong, row.partial, row.wrong, row.not_scored)
    table.add_row(
        Text(row.title),
        *(str(count) for count in counts),
        Text("-" if mean is None else f"{mean:.2f}", style=style),
        Text(row.verdict, style=style),
    )


def answer(
    attempt: AttemptRecord,
    result: Assessment,
    rubric: Rubric | None,
    before: Assessment | None = None,
) -> RenderableType:
    """One whole answer: the question, what was said, and how good it was.

    For the reply to a probe, `before` is the assessment without it: both are shown.
    """
    again = f", try {attempt.try_number}" if attempt.try_number > 1 else ""
    kind = "" if attempt.follow_up_of is None else "follow-up, "
    head = Text.assemble(
        (f"{attempt.position}. ", "bold"),
        (attempt.ask, "bold"),
        (f"  [{kind}{attempt.question_id}{again}]", "dim"),
    )
    graded = assessment(result, rubric)
    if attempt.key_point is not None:
        graded = _after_probe(result, rubric, attempt.key_point, before)
    own = []
    if attempt.own_grade is not None:
        own = [Text.assemble(("Your own grade: ", "bold"), SCORES[attempt.own_grade])]
    body = Group(transcript(attempt), Text(), *own, graded)
    return Group(head, Padding(body, (0, 0, 1, 3)))


def _after_probe(
    result: Assessment, rubric: Rubric | None, key_point: str, before: Assessment | None
) -> RenderableType:
    """The score before and after the reply, and the key point that was asked about."""
    label, style = SCORES[result.score]
    head = Text.assemble(("Score with this reply: ", "bold"), (label, style))
    if before is not None:
        label, style = SCORES[before.score]
        head = Text.assemble(("Score before: ", "bold"), (label, style), "   ", head)
    if result.score is not None:
        head.append(f"   {result.coverage:.0%} of the key points by weight", style="dim")
    probed = tuple(point for point in result.key_points if point.id == key_point)
    return Group(head, Text(), _key_points(replace(result, key_points=probed), rubric))
