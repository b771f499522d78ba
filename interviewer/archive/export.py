"""One session in a form that outlives this program: its audio, JSON and a readable transcript."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from textwrap import fill, indent

from interviewer.archive.database import translated_files
from interviewer.archive.records import AttemptRecord, SessionRecord
from interviewer.errors import UsageError
from interviewer.scoring.coverage import KeyPointResult
from interviewer.scoring.grade import Assessment

_ENDINGS = {
    None: "never finished",
    "user": "ended by the candidate",
    "time_limit": "ended by the time limit",
    "silence": "ended by silence",
    "no_speech": "nothing was said",
    "cancelled": "cancelled",
    "device_lost": "the microphone went away",
    "interrupted": "interrupted",
}


def export_session(record: SessionRecord, target: Path) -> Path:
    """Write one session as a folder, or as a zip where `target` ends in .zip; returns its path.

    It holds the recordings that are still there, `session.json` (every field) and `session.txt`
    (to be read). A `target` that is a folder already gets a folder named like the session inside.
    Nothing is overwritten, and nothing half-written is left behind.

    Raises:
        UsageError: there is something of that name.
        ArchiveError: a file cannot be read or written.
    """
    as_zip = target.suffix.lower() == ".zip"
    if target.is_dir() and not as_zip:
        target = target / record.id
    if target.exists():
        raise UsageError(
            f"{target} is there already, and an export overwrites nothing",
            f"interviewer sessions export {record.id} {target.with_stem(target.stem + '-2')}",
        )
    with translated_files(f"export to {target}", target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".export-") as scratch:
            made = Path(scratch) / record.id
            _write(record, made)
            if as_zip:
                made = _zipped(made)
            made.rename(target)
    return target


def _write(record: SessionRecord, folder: Path) -> None:
    folder.mkdir()
    content = {"format": 1, "session": record.to_dict()}
    (folder / "session.json").write_text(json.dumps(content, indent=2) + "\n", encoding="ascii")
    text = "\n".join(_lines(record)) + "\n"
    (folder / "session.txt").write_text(text, encoding="utf-8", errors="replace")
    for attempt in record.attempts:
        if attempt.audio_path is not None and attempt.has_audio:
            shutil.copy2(attempt.audio_path, folder / attempt.audio_path.name)


def _zipped(folder: Path) -> Path:
    file = folder.with_suffix(".zip")
    with zipfile.ZipFile(
        file, "x", compression=zipfile.ZIP_DEFLATED, strict_timestamps=False
    ) as archive:
        for member in sorted(folder.iterdir()):
            archive.write(member, f"{folder.name}/{member.name}")
    return file


def _lines(record: SessionRecord) -> Iterator[str]:
    yield f"Interview {record.id}, {record.mode}"
    yield f"{_time(record.started_at)} to {_time(record.ended_at)}"
    for attempt in record.attempts:
        yield ""
        yield from _attempt_lines(attempt)


def _attempt_lines(attempt: AttemptRecord) -> Iterator[str]:
    again = f", try {attempt.try_number}" if attempt.try_number > 1 else ""
    kind = "" if attempt.follow_up_of is None else ", follow-up"
    yield f"{attempt.position}. {attempt.question_id} ({attempt.category}){again}{kind}"
    yield _paragraph(attempt.ask)
    yield ""
    yield f"   {_recording(attempt)}"
    if attempt.transcript is not None:
        transcript = attempt.transcript
        engine = f"{transcript.engine} {transcript.model}".strip()
        yield f"   Answer, by {engine}:"
        yield _paragraph(transcript.text or "(nothing)")
        if transcript.mended:
            yield _paragraph(f"Mended: {'; '.join(transcript.mended)}")
    if attempt.assessment is None:
        yield f"   Not assessed ({attempt.stage})"
    else:
        yield from _assessment_lines(attempt.assessment)
    if attempt.own_grade is not None:
        yield f"   The candidate's own grade: {attempt.own_grade} of 2"


def _recording(attempt: AttemptRecord) -> str:
    ending = _ENDINGS[attempt.ended]
    if attempt.audio_path is None:
        return f"Typed; {ending}"
    name = attempt.audio_path.name if attempt.has_audio else "(the recording is gone)"
    length = "" if attempt.duration_s is None else f", {attempt.duration_s:.1f} s"
    return f"{name}{length} of {attempt.time_limit_s:g} s; {ending}"


def _assessment_lines(assessment: Assessment) -> Iterator[str]:
    score = "not scored" if assessment.score is None else f"{assessment.score} of 2"
    yield f"   Score: {score}, coverage {assessment.coverage:.2f} ({assessment.scorer})"
    for reason in assessment.reasons:
        yield _paragraph(reason)
    for result in assessment.key_points:
        yield f"   {result.status:<12} {result.id}{_evidence(result)}"


def _evidence(result: KeyPointResult) -> str:
    if result.evidence is None:
        return ""
    at_s = result.evidence.start_s
    when = "" if at_s is None else f" at {int(at_s) // 60}:{int(at_s) % 60:02d}"
    return f'{when}: "{result.evidence.text}"'


def _time(moment: datetime | None) -> str:
    return "(not ended)" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _paragraph(text: str) -> str:
    wrapped = "\n".join(fill(line, width=92) for line in text.splitlines())
    return indent(wrapped, "   ")
