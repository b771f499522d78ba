"""Where figures go: printed as a table, and written with the machine they were measured on."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

FOLDER = Path(__file__).parent / "results"

Figures: TypeAlias = dict[str, float | int | str]
"""Figures by their names, which say the unit."""


def machine() -> Figures:
    """What is measured on, and how busy it was before; taken before the work starts."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count() or 0,
        "load before": round(os.getloadavg()[0], 2),
        "system": platform.platform(),
        "python": platform.python_version(),
        "commit": _commit(),
        "date": datetime.now(UTC).date().isoformat(),
    }


def write_results(
    name: str, about: str, on: Figures, summary: Figures, runs: Sequence[Mapping[str, object]]
) -> None:
    """Print a table and write `results/NAME.md` and `results/NAME.json`.

    Args:
        about: what the benchmark measures; its first line becomes the title.
        on: what `machine` gave.
        summary: the figures of the table.
        runs: each run's own figures, for the JSON file.
    """
    table = ["| | |", "|---|---|", *(f"| {key} | {_shown(it)} |" for key, it in summary.items())]
    where = ["Measured on:", "", *(f"- {key}: {value}" for key, value in on.items())]
    text = "\n".join([f"# {about.splitlines()[0]}", "", *table, "", *where]) + "\n"
    print(text)
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.md").write_text(text, encoding="utf-8")
    kept = {"machine": on, "summary": summary, "runs": list(runs)}
    (FOLDER / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def _shown(figure: float | int | str) -> str:
    return f"{figure:.3f}" if isinstance(figure, float) else str(figure)


def _cpu() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _commit() -> str:
    def git(*words: str) -> str:
        found = subprocess.run(("git", *words), cwd=FOLDER.parent, capture_output=True, text=True)
        return found.stdout.strip()

    commit = git("rev-parse", "--short", "HEAD") or "unknown"
    return f"{commit} and changes" if git("status", "--porcelain") else commit
