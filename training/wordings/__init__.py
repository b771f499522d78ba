"""Further right and wrong wordings of the shipped key points, for training alone.

Lines of `{"question", "point", "side", "text"}` in the files beside this one; `side` is "right",
"wrong", or "beside" for what is on the topic but neither states nor contradicts a key point. A
language model wrote them from the rubrics, without sight of any answer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Wordings:
    """Of one key point."""

    right: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.right) + len(self.wrong) + len(self.beside)


def read_wordings(folder: Path = Path(__file__).parent) -> dict[tuple[str, str], Wordings]:
    """By question and key point."""
    found: dict[tuple[str, str], Wordings] = {}
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            of_point = found.setdefault((entry["question"], entry["point"]), Wordings())
            side: list[str] = getattr(of_point, entry["side"])
            side.append(entry["text"])
    return found
