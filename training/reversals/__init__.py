"""Right statements of key points in everyday words, each with itself turned into its opposite.

Lines of `{"question", "point", "right", "reversed"}` in the files beside this one: six for each
point. A language model wrote them from the key points, without sight of any answer, changing as few
words as it could: most swap roles, directions or sizes rather than insert a "not".
"""

from __future__ import annotations

import json
from pathlib import Path


def read_reversals(folder: Path = Path(__file__).parent) -> dict[tuple[str, str], list[list[str]]]:
    """Pairs of a right and a reversed statement by question and key point."""
    found: dict[tuple[str, str], list[list[str]]] = {}
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            pair = [entry["right"], entry["reversed"]]
            found.setdefault((entry["question"], entry["point"]), []).append(pair)
    return found
