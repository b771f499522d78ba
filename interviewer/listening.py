"""Taking one answer: from the microphone to disk first, then to whoever transcribes it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from interviewer.archive import Ending
from interviewer.audio.format import Samples, level_db
from interviewer.audio.levels import LevelWatch
from interviewer.audio.microphone import Microphone
from interviewer.audio.recording import Recording
from interviewer.errors import AudioError, DeviceLostError, DiskFullError
from interviewer.interaction import Asking, Command, Interaction, Moment
from interviewer.speech.live import LiveTranscription

_COUNTDOWN_FROM_S = 1.0
_ASLEEP_S = 10.0  # a device that gives nothing for a third of this is lost, unless all stood still
SLEPT = "The computer slept meanwhile. What was said is kept, and the answer goes on."


class Listener:
    """Fills one recording, and feeds `live`, if there is one, with what is on disk."""

    def __init__(
        self,
        recording: Recording,
        live: LiveTranscription | None,
        interaction: Interaction,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._recording = recording
        self._live = live
        self._interaction = interaction
        self._watch = LevelWatch()
        self._clock = clock  # one that goes on while the computer sleeps
        self._last_block_s: float | None = None
        self.has_failed = False
        """Whether the microphone went away or never opened."""

    def listen(
        self, microphone: Microphone, asking: Asking, end_on_silence_s: float | None = None
    ) -> tuple[Ending, Command]:
        """Write blocks until the limit, a key, silence or a fault; how it ended, what is wanted.

        Raises:
            ArchiveError: the disk failed.
        """
        recording = self._recording
        with self._interaction.listening(asking) as controls:
            blocks = microphone.blocks(controls.stop)
            try:
                for block in blocks:
                    self._take(block[: recording.write(block)], end_on_silence_s)
                    if recording.full:
                        return "time_limit", "done"
                    if end_on_silence_s is not None and self._silence_s >= end_on_silence_s:
                        return "silence", "done"
            except DiskFullError as error:
                self._interaction.notice(f"{error.message}. What was recorded is kept.")
                return "interrupted", "done"
            except AudioError as error:
                self.has_failed = True
                kept = " What was said so far is kept." if recording.n_samples else ""
                self._interaction.notice(f"{error.message}.{kept} {error.hint}")
                lost = isinstance(error, DeviceLostError)
                return "device_lost" if lost else "cancelled", "done"
            finally:
                _close(blocks)
                if self._live is not None:
                    self._live.end()
        return "user", controls.command or "done"

    @property
    def _silence_s(self) -> float:
        """Seconds since the last word; none before the first, which may take its time."""
        return (self._live.silence_s if self._live else None) or 0.0

    def _take(self, block: Samples, end_on_silence_s: float | None) -> None:
        live = self._live
        if live is not None:
            live.write(block)
        silence_s = self._silence_s
        ends_in_s = None
        if end_on_silence_s is not None and silence_s >= _COUNTDOWN_FROM_S:
            ends_in_s = max(0.0, end_on_silence_s - silence_s)
        behind_s = live.backlog_s if live else 0.0
        self._interaction.heard(
            Moment(self._recording.duration_s, level_db(block), behind_s, ends_in_s)
        )
        speaking = live is not None and live.silence_s == 0.0
        for warning in self._watch.warnings(block, speaking):
            self._interaction.notice(warning)
        before_s, self._last_block_s = self._last_block_s, self._clock()
        if before_s is not None and self._last_block_s - before_s > _ASLEEP_S:
            self._interaction.notice(SLEPT)


def _close(blocks: Iterator[Samples]) -> None:
    """End the device at once and not when the generator happens to be collected."""
    close = getattr(blocks, "close", None)
    if close is not None:
        with suppress(AudioError):
            close()
