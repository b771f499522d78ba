"""Sessions and attempts: a database row and an audio file each; recovery, deletion, export."""

from interviewer.archive.export import export_session
from interviewer.archive.records import (
    Asked,
    AttemptRecord,
    Ending,
    Following,
    Mode,
    SessionRecord,
    SessionSummary,
    Stage,
)
from interviewer.archive.store import Archive

__all__ = [
    "Archive",
    "Asked",
    "AttemptRecord",
    "Ending",
    "Following",
    "Mode",
    "SessionRecord",
    "SessionSummary",
    "Stage",
    "export_session",
]
