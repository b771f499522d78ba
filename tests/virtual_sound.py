"""A sound card without hardware: a private PulseAudio with a microphone that tests speak into.

The server lives in a folder of the test, so it never meets the user's own. The fixture points this
process and its children at it, through the environment.
"""

from __future__ import annotations

import fcntl
import io
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import cast

import numpy as np
import pytest

from interviewer.audio.format import SAMPLE_RATE_HZ, Samples, from_int16, to_int16

_PIECE_S = 0.02
_START_S = 10.0


class VirtualSoundCard:
    """A running sound server; `environment` is what leads a program to it."""

    def __init__(self, folder: Path) -> None:
        self.environment = {
            "XDG_RUNTIME_DIR": str(folder),
            "XDG_CONFIG_HOME": str(folder),
            "PULSE_SERVER": f"unix:{folder / 'native'}",
        }
        self._fifo = folder / "microphone"
        self._heard = bytearray()
        self._speech: SimpleQueue[tuple[bytes, threading.Event]] = SimpleQueue()
        self._starving = threading.Event()
        self._ending = threading.Event()
        self.n_spoken = 0
        """How many samples of speech, not of silence, have gone into the microphone."""
        with ExitStack() as stack:
            self._server = stack.enter_context(self._run(*_server_command(folder, self._fifo)))
            self._wait_for("info")
            stack.enter_context(self._listening())
            stack.enter_context(self._feeding())
            self._open = stack.pop_all()

    def close(self) -> None:
        self.thaw()
        self._open.close()

    def speak_into_microphone(self, samples: Samples) -> threading.Event:
        """Say `samples` in real time, after what is being said; the event is set at their end."""
        said = threading.Event()
        self._speech.put((to_int16(samples).tobytes(), said))
        return said

    def starve_microphone(self) -> None:
        """Give the microphone nothing at all any more, not even silence."""
        self._starving.set()

    def remove_microphone(self) -> None:
        """Unplug the card; PulseAudio would move the recording to any source that were left."""
        self._control("unload-module", "module-null-sink")
        self._control("unload-module", "module-pipe-source")

    def recorded_output(self) -> Samples:
        """All that the speaker has been heard to play so far, silence included."""
        pcm = bytes(self._heard)
        return from_int16(np.frombuffer(pcm, np.int16, len(pcm) // 2))

    def freeze(self) -> None:
        """Stop the sound server in its tracks; it keeps its connections and answers nothing."""
        self._server.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._server.send_signal(signal.SIGCONT)

    @contextmanager
    def _run(self, *command: str) -> Iterator[subprocess.Popen[bytes]]:
        with subprocess.Popen(
            command,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                yield process
            finally:
                process.terminate()
                try:
                    process.wait(2.0)
                except subprocess.TimeoutExpired:
                    process.kill()

    def _control(self, *arguments: str) -> str:
        """Give the server an order; the answer is empty when there is nothing or no server."""
        return subprocess.run(
            ["pactl", *arguments],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=_START_S,
        ).stdout

    def _wait_for(self, *question: str) -> None:
        deadline = time.monotonic() + _START_S
        while not self._control(*question):
            if time.monotonic() > deadline or self._server.poll() is not None:
                raise RuntimeError("PulseAudio does not start")

    @contextmanager
    def _listening(self) -> Iterator[None]:
        with self._run(*_LISTEN) as listener:
            heard = cast(io.BufferedReader, listener.stdout)
            self._wait_for("list", "short", "source-outputs")
            # The sink was made with blocks of 2 s; waking up, it takes the listener's 20 ms.
            self._control("suspend-sink", "speaker", "1")
            self._control("suspend-sink", "speaker", "0")
            self._heard += heard.read1()  # from here on nothing is missed
            listening = threading.Thread(target=self._listen, args=(heard,))
            listening.start()
            try:
                yield
            finally:
                listener.terminate()
                listening.join()

    def _listen(self, heard: io.BufferedReader) -> None:
        while piece := heard.read1():
            self._heard += piece

    @contextmanager
    def _feeding(self) -> Iterator[None]:
        feeding = threading.Thread(target=self._feed)
        feeding.start()
        try:
            yield
        finally:
            self._ending.set()
            feeding.join()

    def _feed(self) -> None:
        """Write speech, or else silence, into the microphone at the pace of a clock."""
        n_piece = round(_PIECE_S * SAMPLE_RATE_HZ) * 2
        speech, said = b"", threading.Event()
        # Opened for both ways, so that a microphone that is unplugged does not break the pipe.
        pipe = os.open(self._fifo, os.O_RDWR | os.O_NONBLOCK)
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 4096)
        due_s = time.monotonic()
        while not self._ending.wait(max(0.0, due_s - time.monotonic())):
            due_s += _PIECE_S
            if self._starving.is_set():
                continue
            if not speech:
                try:
                    speech, said = self._speech.get_nowait()
                except Empty:
                    _write(pipe, bytes(n_piece))
                    continue
            _write(pipe, speech[:n_piece])
            self.n_spoken += len(speech[:n_piece]) // 2
            speech = speech[n_piece:]
            if not speech:
                said.set()
        os.close(pipe)


_LISTEN = (
    *("parec", "--device=speaker.monitor", "--rate=16000", "--channels=1", "--format=s16le"),
    *("--raw", "--latency-msec=20"),
)


def _server_command(folder: Path, fifo: Path) -> tuple[str, ...]:
    return (
        *("pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1"),
        f"--load=module-native-protocol-unix auth-anonymous=1 socket={folder / 'native'}",
        "--load=module-null-sink sink_name=speaker rate=48000",
        f"--load=module-pipe-source source_name=microphone file={fifo} "
        f"format=s16le rate={SAMPLE_RATE_HZ} channels=1",
    )


def _write(pipe: int, pcm: bytes) -> None:
    with suppress(BlockingIOError):  # nobody listens: what is said is lost, as it is in real life
        os.write(pipe, pcm)


@pytest.fixture
def virtual_sound_card(monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualSoundCard]:
    """A sound card for this test and its child processes; needs PulseAudio."""
    if not all(map(shutil.which, ("pulseaudio", "pactl", "parec"))):
        missing = "PulseAudio is missing: sudo apt-get install pulseaudio pulseaudio-utils"
        if os.environ.get("CI") or os.environ.get("INTERVIEWER_REQUIRE_SOUND"):
            pytest.fail(missing)
        pytest.skip(missing)
    # Not tmp_path: the name of a socket may have 107 characters at most.
    with tempfile.TemporaryDirectory(prefix="sound-") as folder:
        card = VirtualSoundCard(Path(folder))
        for name, value in card.environment.items():
            monkeypatch.setenv(name, value)
        try:
            yield card
        finally:
            card.close()


def likeness(heard: Samples, expected: Samples) -> float:
    """The correlation, at most 1, of `expected` with the part of `heard` that is most like it.

    What is missing from `heard` counts as silence, so a cut beginning or end costs.
    """
    padded = np.concatenate([heard, np.zeros(len(expected), np.float32)])
    n = len(padded) + len(expected)
    at_lag = np.fft.irfft(np.fft.rfft(padded, n) * np.conj(np.fft.rfft(expected, n)), n)
    start = int(np.argmax(at_lag[: len(padded) - len(expected) + 1]))
    return float(np.corrcoef(padded[start : start + len(expected)], expected)[0, 1])


def noise(seconds: float, seed: int = 1) -> Samples:
    """Sound that is like itself at one lag only: noise below 1 kHz, which survives resampling."""
    spectrum = np.fft.rfft(
        np.random.default_rng(seed).standard_normal(round(seconds * SAMPLE_RATE_HZ))
    )
    spectrum[round(1_000 * seconds) :] = 0.0
    sound = np.fft.irfft(spectrum)
    return np.asarray(0.5 * sound / np.abs(sound).max(), dtype=np.float32)
