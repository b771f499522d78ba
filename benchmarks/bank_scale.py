"""How the bank scales: load, choose and hold 10,000 questions.

Run with `python benchmarks/bank_scale.py [QUESTIONS]`. Every question is one of those shipped, with
an id and a number of its own, so that the texts have the lengths of real ones.
"""

from __future__ import annotations

import re
import resource
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from interviewer.bank.question import load_bank
from interviewer.bank.rubric import load_rubrics
from interviewer.bank.selection import Request, select
from interviewer.settings import shipped_dir

PER_FILE = 200
Result = TypeVar("Result")


def write_copies(kind: str, entry_start: str, folder: Path, count: int) -> float:
    """Write `count` entries into files of `PER_FILE`, and return their size in MB."""
    folder.mkdir()
    source = next(shipped_dir(kind).glob("0*.yaml")).read_text(encoding="utf-8")
    entries = re.split(rf"^(?={entry_start})", source, flags=re.MULTILINE)[1:]
    list_name = re.search(r"^(questions|rubrics):$", source, flags=re.MULTILINE)
    assert list_name is not None  # noqa: S101
    for first in range(0, count, PER_FILE):
        slug = f"category-{first // PER_FILE + 1:03}"
        lines = [f"category: {slug}", *([f"title: {slug}"] if kind == "bank" else [])]
        lines.append(list_name[0])
        for number in range(first + 1, min(first + PER_FILE, count) + 1):
            entry = entries[number % len(entries)]
            entry = re.sub(rf"(?m)\A({entry_start})[a-z0-9-]+", rf"\1question-{number}", entry)
            lines.append(re.sub(r"(?m)^    number: .*", f"    number: {number}", entry).rstrip())
        (folder / f"{slug}.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return sum(file.stat().st_size for file in folder.iterdir()) / 1e6


def timed(what: str, action: Callable[[], Result]) -> Result:
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    result = action()
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    print(f"{what:<34} {wall_s:>9.3f} s {cpu_s:>9.3f} s CPU")
    return result


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as name:
        bank_dir, rubrics_dir = Path(name, "bank"), Path(name, "rubrics")
        bank_mb = write_copies("bank", "  - id: ", bank_dir, count)
        rubrics_mb = write_copies("rubrics", r"  (?=[a-z0-9-]+:$)", rubrics_dir, count)
        print(f"{count:,} questions, {bank_mb:.0f} MB; their rubrics, {rubrics_mb:.0f} MB")
        bank = timed("load the bank", lambda: load_bank(bank_dir))
        timed("choose 5 of all", lambda: select(bank, Request(seed=1)))
        hard = Request(count=50, difficulties=("hard",), seed=1)
        timed("choose 50 hard ones", lambda: select(bank, hard))
        timed("find a question by number", lambda: bank.question(f"Q{count}"))
        timed("hash every question", lambda: [question.content_hash for question in bank.questions])
        timed("load the rubrics", lambda: load_rubrics(rubrics_dir, bank))
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        tracemalloc.start()
        held = load_bank(bank_dir)
        held_mb, while_loading_mb = (size / 1e6 for size in tracemalloc.get_traced_memory())
        print(
            f"{'memory of the bank':<34} {held_mb:>9.0f} MB, {while_loading_mb:.0f} MB at its peak"
        )
        print(f"{'memory of the process at its peak':<34} {peak_mb:>9.0f} MB")
        assert len(held.questions) == count  # noqa: S101


if __name__ == "__main__":
    main()
