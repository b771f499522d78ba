"""The benchmark on public answers: what it reads, and what it says without them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.public_answers import read_set

HEAD = "question_id,question,reference,answer,grade,grade_raw,cls3,split\n"
ROWS = """\
1.2,Why?,"It is so. It was so before, too.",Because it is so.,1.0,5,2,main
1.1,How?,"It goes up.
It climbs.",No response.,0.0,0,0,main
1.1,How?,"It goes up.
It climbs.",It goes upwards.,0.5,2.5,1,main
1.1,How?,"It goes up.
It climbs.",,0.0,0,0,main
"""


def test_without_a_folder_it_says_what_to_type() -> None:
    for words in ((), ("--folder", "nowhere")):
        command = (sys.executable, "-m", "benchmarks.public_answers", *words)
        root = Path(__file__).parent.parent
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120)
        assert done.returncode == 2
        assert ("--folder FOLDER" if not words else "nowhere lacks mohler.csv") in done.stderr


def test_blank_answers_are_left_out_and_alternatives_are_accepts(tmp_path: Path) -> None:
    for name in ("beetle", "mohler"):
        (tmp_path / f"{name}.csv").write_text(HEAD + ROWS, encoding="utf-8")
    alternatives = read_set(tmp_path / "beetle.csv")
    assert [said.text for _, _, said in alternatives.items] == [
        "It goes upwards.",
        "Because it is so.",
    ]
    (point,) = alternatives.items[0][1].key_points
    assert (point.point, point.accept) == ("It goes up.", ("It climbs.",))
    sentences = read_set(tmp_path / "mohler.csv")
    assert sentences.classes.tolist() == [1, 2]
    assert all(not key.reject for _, rubric, _ in sentences.items for key in rubric.key_points)
