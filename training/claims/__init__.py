"""Claims of graded answers, each with the key points that it states and those it contradicts.

Lines of `{"question", "claim", "states", "contradicts"}` in the files beside this one, for the
answers to train questions. A language model read each claim by itself, knowing the question and the
key points, but neither the rest of the answer nor its grade.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

STATES, CONTRADICTS, NEITHER = 0, 1, 2


@dataclass(frozen=True)
class LabelledClaim:
    """What one claim says of its question's key points; of those not named here, nothing."""

    question: str
    text: str
    labels: Mapping[str, int]


def read_claims(folder: Path = Path(__file__).parent) -> list[LabelledClaim]:
    """Those that say one thing of each point; a claim that does both about one is left out."""
    found = []
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            states, contradicts = entry["states"], entry["contradicts"]
            if not set(states) & set(contradicts):
                labels = dict.fromkeys(states, STATES) | dict.fromkeys(contradicts, CONTRADICTS)
                found.append(LabelledClaim(entry["question"], entry["claim"], labels))
    return found
