"""A transcript as claims: single statements, each with the time it was said."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """One statement. Times are seconds from the start of the utterance; `None` for typed answers."""

    text: str
    start_s: float | None = None
    end_s: float | None = None
