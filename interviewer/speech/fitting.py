"""`--model auto`: the largest Whisper model with which this machine keeps up with speech.

One window of one model is measured, once; what the others would take follows from their sizes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from interviewer.errors import ModelUnavailableError
from interviewer.hub import Report, hub_reachable

MEASURED = "base.en"
COSTS = {"tiny.en": 0.53, "base.en": 1.0, "small.en": 3.4, "medium.en": 12.0}
"""What a window costs in the encoder, in those of `MEASURED`; the smallest model first.

Measured with int8 on a processor, that of medium.en reckoned from its shape.
"""

LIMIT_S = 2.0
"""A window may take so long in the encoder.

Decoding takes about as long again, and pieces of speech come every ten seconds or so: a model at
the limit is busy for not quite half of the time.
"""


class Speeds:
    """What was measured on this machine: seconds a window of `MEASURED`, kept in one file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def get(self, key: str) -> float | None:
        """What was measured under `key`; `None` where nothing was, or the file is damaged."""
        found = self._read().get(key)
        return found if isinstance(found, float) and found > 0 else None

    def put(self, key: str, seconds: float) -> None:
        """Keep it; where it cannot be kept, it is measured again next time."""
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            part = self._file.with_suffix(f".{os.getpid()}.part")
            part.write_text(json.dumps({**self._read(), key: seconds}), encoding="utf-8")
            part.replace(self._file)

    def _read(self) -> dict[str, object]:
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


def largest_that_keeps_up(window_s: float) -> str:
    """The model for a machine that takes `window_s` for a window of `MEASURED`."""
    names = [name for name, cost in COSTS.items() if cost * window_s <= LIMIT_S]
    return names[-1] if names else next(iter(COSTS))


def choose(
    window_s: Callable[[str], float],
    is_here: Callable[[str], bool],
    can_download: bool,
    remembered: float | None,
) -> tuple[str, float]:
    """The model's name, and the seconds of a window of `MEASURED`.

    Args:
        window_s: measures a window of the model of that name, which is here or can be had.
        is_here: whether a model of that name needs no download.
        can_download: whether those that are not here can be had.
        remembered: what was measured before.

    Raises:
        ModelUnavailableError: no model is here and none can be downloaded.
    """
    here = [name for name in COSTS if is_here(name)]
    if not here and not can_download:
        raise ModelUnavailableError(
            "no Whisper model is on this machine to measure it with",
            f"go online, or name a model's folder; models are {', '.join(COSTS)}",
        )
    if remembered is None:
        name = MEASURED if can_download or MEASURED in here else here[0]
        remembered = window_s(name) / COSTS[name]
    best = largest_that_keeps_up(remembered)
    if not can_download and best not in here:
        smaller = [name for name in here if COSTS[name] <= COSTS[best]]
        best = smaller[-1] if smaller else here[0]
    return best, remembered


def fitting_whisper(
    device: str, compute_type: str, offline: bool, speeds: Path | None, report: Report
) -> tuple[str, str]:
    """The name of the model for this machine, and a sentence that says so.

    Args:
        speeds: the file of `Speeds`; without one it is measured each time.
        report: told about the progress of a download.

    Raises:
        UsageError: a device or type that there is not.
        ModelUnavailableError: there is no model to measure with.
    """
    from interviewer.speech import whisper

    def window_s(name: str) -> float:
        return whisper.load_whisper(name, device, compute_type, offline, report).window_s()

    kept = None if speeds is None else Speeds(speeds)
    key = whisper.machine_key(device, compute_type)
    remembered = None if kept is None else kept.get(key)
    name, seconds = choose(window_s, whisper.is_cached, hub_reachable(offline), remembered)
    if kept is not None and remembered is None:
        kept.put(key, seconds)
    return name, (
        f"Whisper {name} listens: this machine takes {seconds:.1f} s for a window of {MEASURED}, "
        f"and no larger model at hand keeps up."
    )
