"""Sound out: a speaker plays and returns when all of it has been heard."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from interviewer.audio.device import DeviceProcess
from interviewer.audio.format import Samples, duration_s, to_int16
from interviewer.errors import AudioError

_STUCK_AFTER_S = 5.0


class Speaker(Protocol):
    """Where questions and recordings are heard."""

    def play(
        self,
        samples: Samples,
        stop: threading.Event,
        on_position: Callable[[float], None] | None = None,
    ) -> float:
        """Play `samples`; return how many seconds were heard, all of them unless `stop` was set.

        `on_position` gets the position heard, in seconds, about 20 times a second.

        Raises:
            AudioError: there is no speaker, it went away, or it does not move on.
        """
        ...


class DeviceSpeaker:
    """A speaker of this machine.

    Args:
        device: name or number; empty means the system's default.
    """

    def __init__(self, device: str = "") -> None:
        self._device = device

    def play(
        self,
        samples: Samples,
        stop: threading.Event,
        on_position: Callable[[float], None] | None = None,
    ) -> float:
        heard_s = 0.0
        with DeviceProcess("play", self._device, to_int16(samples).tobytes()) as child:
            while message := child.receive(stop, _STUCK_AFTER_S):
                heard_s = float(message.note["position_s"])
                if on_position is not None:
                    on_position(heard_s)
                if "done" in message.note:
                    return heard_s
        if stop.is_set():
            return heard_s
        raise AudioError(
            f"the speaker has not moved on for {_STUCK_AFTER_S:g} s",
            "run: interviewer doctor, or use --no-speech-out",
        )


class SilentSpeaker:
    """Plays nothing and returns at once, for tests and machines without a speaker.

    `given` keeps what it was given, in order.
    """

    def __init__(self) -> None:
        self.given: list[Samples] = []

    def play(
        self,
        samples: Samples,
        stop: threading.Event,
        on_position: Callable[[float], None] | None = None,
    ) -> float:
        self.given.append(samples)
        return duration_s(samples)
