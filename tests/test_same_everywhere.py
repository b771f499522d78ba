"""The same answers get the same assessments whatever the threads and the processor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import chain
from typing import Any

import pytest

from tests.scoring_kit import mini_lm

SCORE = """
import json, sys
from interviewer.speech.transcript import typed
from tests.scoring_kit import real_scorer, shipped_bank, shipped_rubrics
asked = shipped_bank().questions[:6]
items = [(q, shipped_rubrics()[q.id], typed(said.answer)) for q in asked for said in asked[:3]]
together = [found.to_dict() for found in real_scorer().score_many(items)]
alone = [real_scorer().score(*item).to_dict() for item in items]
json.dump([together, alone], sys.stdout)
"""
THREADS = ({"OMP_NUM_THREADS": "1"}, {"OMP_NUM_THREADS": "2"}, {"OMP_NUM_THREADS": "5"})
OLDER_PROCESSOR = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
}


def start(changes: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCORE],
        env={**os.environ, **changes},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_assessments_do_not_depend_on_threads_nor_on_the_processor() -> None:
    mini_lm()  # skips where the model is not installed
    running = [start(changes) for changes in (*THREADS, OLDER_PROCESSOR)]
    found: list[list[list[dict[str, Any]]]] = []
    for process in running:
        printed, _ = process.communicate(timeout=100)
        assert process.returncode == 0
        found.append(json.loads(printed))
    one_thread, *others, older = found
    assert all(other == one_thread for other in others)
    # Another instruction set rounds sums otherwise, which reaches the fourth decimal at most.
    for here, there in zip(chain(*one_thread), chain(*older), strict=True):
        assert here["score"] == there["score"]
        assert [p["status"] for p in here["key_points"]] == [
            p["status"] for p in there["key_points"]
        ]
        if here["probabilities"] is not None:
            assert here["probabilities"] == pytest.approx(there["probabilities"], abs=2e-3)
    together, alone = one_thread
    assert [a["score"] for a in together] == [a["score"] for a in alone]
    assert {a["score"] for a in together} == {0, 2}
