"""Sound in: a microphone gives blocks until it is told to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from interviewer.audio.device import DeviceProcess
from interviewer.audio.format import SAMPLE_RATE_HZ, Samples, from_int16, read_wav
from interviewer.errors import AudioError, DeviceLostError, NoDeviceError

_LOST_AFTER_S = 3.0
_LIST_PATIENCE_S = 5.0


class Microphone(Protocol):
    """Where an answer comes from."""

    def blocks(self, stop: threading.Event) -> Iterator[Samples]:
        """Yield consecutive blocks, shape `(n_samples,)`, float32, 16,000 Hz, until `stop` is set.

        It may end earlier, where there is nothing more to hear. Closing the iterator ends it, too.

        Raises:
            NoDeviceError: there is nothing to open.
            DeviceLostError: the device went away after the first block.
        """
        ...


class DeviceMicrophone:
    """A microphone of this machine, in blocks of 20 ms; none is dropped, however slow the reader.

    Args:
        device: name or number; empty means the system's default.
        open_timeout_s: how long to wait for the first block.
    """

    def __init__(self, device: str = "", open_timeout_s: float = 5.0) -> None:
        self._device = device
        self._open_timeout_s = open_timeout_s

    def blocks(self, stop: threading.Event) -> Iterator[Samples]:
        heard = False
        with DeviceProcess("record", self._device) as child:
            while message := child.receive(stop, _LOST_AFTER_S if heard else self._open_timeout_s):
                heard = True
                yield from_int16(np.frombuffer(message.pcm, dtype=np.int16))
        if stop.is_set():
            return
        if heard:
            raise DeviceLostError(
                f"the microphone has given no sound for {_LOST_AFTER_S:g} s",
                "connect it again, then run: interviewer doctor",
            )
        raise NoDeviceError(
            f"the microphone gave no sound within {self._open_timeout_s:g} s",
            "run: interviewer doctor",
        )


class FileMicrophone:
    """A recorded candidate: the blocks of a WAV file of any rate, width and number of channels.

    Args:
        path: the file.
        block_s: length of a block in seconds.
        real_time: whether blocks come at the pace of speech, as a device's do, or at once.
    """

    def __init__(self, path: Path, block_s: float = 0.02, real_time: bool = False) -> None:
        self._path = path
        self._block_s = block_s
        self._real_time = real_time

    def blocks(self, stop: threading.Event) -> Iterator[Samples]:
        samples = read_wav(self._path)
        n_block = max(1, round(self._block_s * SAMPLE_RATE_HZ))
        started_s = time.monotonic()
        for start in range(0, len(samples), n_block):
            block = samples[start : start + n_block]
            heard_s = (start + len(block)) / SAMPLE_RATE_HZ
            wait_s = started_s + heard_s - time.monotonic() if self._real_time else 0.0
            if stop.wait(max(0.0, wait_s)):
                return
            yield block


@dataclass(frozen=True)
class Device:
    """A microphone or a speaker; `name` and `index` both select it."""

    name: str
    index: int
    is_default: bool


@dataclass(frozen=True)
class Devices:
    """What this machine has to hear and to speak with; `problem` says why that is not known."""

    inputs: tuple[Device, ...] = ()
    outputs: tuple[Device, ...] = ()
    problem: str = ""


def list_devices() -> Devices:
    """Find this machine's microphones and speakers; never raises, see `Devices.problem`."""
    try:
        with DeviceProcess("list") as child:
            found = child.receive(threading.Event(), _LIST_PATIENCE_S)
    except AudioError as error:
        return Devices(problem=f"{error.message}: {error.hint}")
    if found is None:
        return Devices(problem=f"the sound server did not answer within {_LIST_PATIENCE_S:g} s")
    return Devices(_devices(found.note["inputs"]), _devices(found.note["outputs"]))


def _devices(found: list[dict[str, Any]]) -> tuple[Device, ...]:
    return tuple(Device(each["name"], each["index"], each["is_default"]) for each in found)
