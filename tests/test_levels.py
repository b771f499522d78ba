"""A muted microphone, and a voice that is too loud or too faint, are told once."""

from __future__ import annotations

import numpy as np
import pytest

from interviewer.audio.format import SAMPLE_RATE_HZ
from interviewer.audio.levels import CLIPPED, FAINT, MUTED, LevelWatch

N_BLOCK = round(0.02 * SAMPLE_RATE_HZ)


def told(blocks: list[float], speaking: bool = False) -> list[tuple[int, str]]:
    """The warnings and the numbers of their blocks, each of which has one value throughout."""
    watch = LevelWatch()
    return [
        (i, warning)
        for i, value in enumerate(blocks)
        for warning in watch.warnings(np.full(N_BLOCK, value, np.float32), speaking)
    ]


def test_a_muted_microphone_is_told_once_after_two_seconds_of_zeros() -> None:
    assert told([0.0] * 300) == [(99, MUTED)]


def test_the_faintest_noise_is_no_muted_microphone() -> None:
    assert told(([0.0] * 99 + [1 / 32767]) * 5) == []


@pytest.mark.parametrize("level", [1.0, -1.0])
def test_clipping_is_told_and_a_single_knock_is_not(level: float) -> None:
    assert told([0.1] * 5 + [level] * 100) == [(5, CLIPPED)]
    watch = LevelWatch()
    knock = np.full(N_BLOCK, 0.1, np.float32)
    knock[:100] = level
    assert list(watch.warnings(knock, True)) == []


def test_a_faint_voice_is_told_after_three_seconds_and_a_faint_room_is_not() -> None:
    assert told([0.003] * 400, speaking=True) == [(149, FAINT)]
    assert told([0.003] * 400, speaking=False) == []
    assert told([0.003] * 100 + [0.1] + [0.003] * 300, speaking=True) == []
