"""The sound device, held by a child process so that its parent can always end it.

A frozen sound server blocks every PortAudio call, and a blocked library call cannot be interrupted:
only a process can. This module is both ends of that arrangement, and the only one that names
sounddevice. `DeviceProcess` is the parent's end; `python -m interviewer.audio.device JOB [NAME]` is
the child, with JOB one of:

    record   sends the microphone's blocks until it is ended
    play     plays what it was given, sends `{"position_s": 1.5}` 20 times a second, then `"done"`
    list     sends `{"inputs": [...], "outputs": [...]}`

Sound on the wire is always 16-bit mono PCM at 16,000 Hz; the child adapts it to the device.
A message of the child is a kind (one byte), a length (four) and that many bytes: PCM, or a JSON
object; an error is `{"error": class, "message": ..., "hint": ...}`. What is to be played reaches
the child's standard input as a length and that many bytes. The end of standard input tells the
child that its parent is gone, however it went.
"""

from __future__ import annotations

import json
import os
import queue
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, Any, Literal, TypeAlias, cast

from interviewer.errors import AudioError, DeviceLostError, NoDeviceError

# `format.SAMPLE_RATE_HZ`, which would import numpy and delay the first block by that much.
RATE_HZ = 16_000
_BYTES_PER_SAMPLE = 2
_BLOCKS_PER_S = 50
_POSITIONS_PER_S = 20
# Sound servers swallow the first 20 ms of a stream, and `stop` cuts the last 80 ms, which they hold
# behind PortAudio's back: silence around the sound keeps both from it.
_RUN_IN_S, _RUN_OUT_S = 0.05, 0.15
# PortAudio's own choice, 40 ms, runs dry while models load on the same cores.
_PLAY_LATENCY_S = 0.2
_PCM, _JSON = b"P", b"J"
_HEAD = struct.Struct("<cI")
_LENGTH = struct.Struct("<I")
_STOP_CHECK_S = 0.05
_END_S = 0.4
_ERRORS = {error.__name__: error for error in (AudioError, NoDeviceError, DeviceLostError)}
_WHO = {"input": "microphone", "output": "speaker"}
Direction: TypeAlias = Literal["input", "output"]


@dataclass(frozen=True)
class Message:
    """What a child says: sound (16-bit mono PCM at 16,000 Hz) or a note (a JSON object)."""

    pcm: bytes = b""
    note: Mapping[str, Any] = field(default_factory=dict)


class DeviceProcess:
    """A running child, ended within a second when the `with` block is left.

    Args:
        job: `record`, `play` or `list`.
        name: the device's name or number; empty means the system's default.
        pcm: what to play, 16-bit mono at 16,000 Hz.
    """

    def __init__(self, job: str, name: str = "", pcm: bytes = b"") -> None:
        # -P: a file beside the user must not shadow a module. A session of its own: Ctrl-C is the
        # parent's to handle. Audio libraries chat on standard error, which is not for the user.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "interviewer.audio.device", job, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._pump = threading.Thread(target=self._exchange, args=(pcm,), daemon=True)
        self._pump.start()

    def __enter__(self) -> DeviceProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def receive(self, stop: threading.Event, patience_s: float) -> Message | None:
        """The next message; None once `stop` is set or `patience_s` brought none.

        What has already arrived when `stop` is set is still delivered.

        Raises:
            AudioError: the child reported an error (of the class it named) or ended.
        """
        deadline = time.monotonic() + patience_s
        while True:
            try:
                # A live device wakes this wait. The timeout only bounds how late `stop` is seen
                # while a device is silent: an Event and a queue cannot be waited for together.
                message = self._messages.get(timeout=0 if stop.is_set() else _STOP_CHECK_S)
            except queue.Empty:
                if stop.is_set() or time.monotonic() >= deadline:
                    return None
                continue
            return _checked(message)

    def close(self) -> None:
        """End the child: at once if it can, by force if it cannot."""
        self._process.terminate()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._pump.join()

    def _exchange(self, pcm: bytes) -> None:
        """Give the child its sound, then queue what it says until it ends."""
        sink = cast(IO[bytes], self._process.stdin)
        with cast(IO[bytes], self._process.stdout) as source:
            try:
                sink.write(_LENGTH.pack(len(pcm)) + pcm)
                sink.flush()  # and not closed: its end would tell the child that its parent is gone
                while len(head := source.read(_HEAD.size)) == _HEAD.size:
                    kind, length = _HEAD.unpack(head)
                    body = source.read(length)
                    if len(body) < length:
                        break
                    self._messages.put(
                        Message(pcm=body) if kind == _PCM else Message(note=json.loads(body))
                    )
            except OSError:
                pass  # the child ended while it was being fed, which is told below
        self._messages.put(None)
        with suppress(OSError):  # closing flushes what the child did not take
            sink.close()


def _checked(message: Message | None) -> Message:
    if message is None:
        raise AudioError("the sound process ended unexpectedly", "run: interviewer doctor")
    if "error" in message.note:
        raise _ERRORS[message.note["error"]](message.note["message"], message.note["hint"])
    return message


# ---------------------------------------------------------------------------------- in the child


class _Wire:
    """The child's way to its parent. What a C library prints to standard output is kept off it."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)

    def send_pcm(self, pcm: bytes) -> None:
        self._send(_PCM, pcm)

    def send_note(self, **note: Any) -> None:
        self._send(_JSON, json.dumps(note).encode())

    def _send(self, kind: bytes, body: bytes) -> None:
        self._out.write(_HEAD.pack(kind, len(body)) + body)
        self._out.flush()


def main(job: str, name: str) -> None:
    """Do `job`, report to the parent, and end without waiting for PortAudio, which may hang."""
    wire = _Wire()
    pcm = sys.stdin.buffer.read(_LENGTH.unpack(sys.stdin.buffer.read(_LENGTH.size))[0])
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _JOBS[job](_sounddevice(), wire, name, pcm)
    except AudioError as error:
        wire.send_note(error=type(error).__name__, message=error.message, hint=error.hint)
    os._exit(0)


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def _sounddevice() -> Any:
    try:
        import sounddevice
    except OSError as error:
        packages = {
            "linux": "sudo apt-get install libportaudio2",
            "darwin": "brew install portaudio",
        }
        raise NoDeviceError(
            f"the PortAudio library is missing ({error})",
            packages.get(sys.platform, "install PortAudio: https://www.portaudio.com"),
        ) from error
    return sounddevice


def _devices(sd: Any, direction: Direction) -> list[dict[str, Any]]:
    """The devices that sound can come from or go to, with the default marked."""
    default = sd.default.device[direction]
    return [
        {**device, "is_default": device["index"] == default}
        for device in sd.query_devices()
        if device[f"max_{direction}_channels"] > 0
    ]


def _pick(sd: Any, name: str, direction: Direction) -> dict[str, Any]:
    """The default, or the device of that name or number, or the first with `name` in its name."""
    devices = _devices(sd, direction)
    if not devices:
        raise NoDeviceError(
            f"there is no {_WHO[direction]}", "connect one, then run: interviewer doctor"
        )
    if not name:
        return max(devices, key=lambda device: bool(device["is_default"]))
    exact = [device for device in devices if name in (device["name"], str(device["index"]))]
    similar = [device for device in devices if name.lower() in device["name"].lower()]
    if not (exact or similar):
        choices = ", ".join(f"{device['index']} ({device['name']})" for device in devices)
        raise NoDeviceError(
            f"no {_WHO[direction]} is called {name!r}; the choices are {choices}",
            "use one of these names or numbers, or none for the system's default",
        )
    return (exact or similar)[0]


def _open(sd: Any, name: str, direction: Direction, **options: Any) -> Any:
    """A stream at 16 kHz mono, or at what the device insists on; it is not started yet."""
    device = _pick(sd, name, direction)
    native_hz = int(device["default_samplerate"])
    stream_class = sd.RawInputStream if direction == "input" else sd.RawOutputStream
    refusal = None
    n_channels = device[f"max_{direction}_channels"]
    for rate_hz, channels in ((RATE_HZ, 1), (native_hz, 1), (native_hz, n_channels)):
        try:
            return stream_class(
                samplerate=rate_hz,
                channels=channels,
                blocksize=rate_hz // _BLOCKS_PER_S,
                device=device["index"],
                dtype="int16",
                **options,
            )
        except sd.PortAudioError as error:
            refusal = error
    raise NoDeviceError(
        f"the {_WHO[direction]} {device['name']!r} cannot be opened: {refusal}",
        "close programs that hold it, allow its use in the system's privacy settings, "
        "then run: interviewer doctor",
    )


def _record(sd: Any, wire: _Wire, name: str, _pcm: bytes) -> None:
    blocks: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def on_block(block: Any, n_samples: int, time: Any, status: Any) -> None:
        blocks.put(bytes(block))

    stream = _open(sd, name, "input", callback=on_block, finished_callback=lambda: blocks.put(None))
    convert = _converter(stream.samplerate, stream.channels, RATE_HZ, 1)
    try:
        stream.start()
    except sd.PortAudioError as error:
        raise NoDeviceError(
            f"the microphone does not start: {error}", "run: interviewer doctor"
        ) from error
    while (block := blocks.get()) is not None:
        wire.send_pcm(convert(block))
    raise DeviceLostError(
        "the microphone went away while it was recording",
        "connect it again, then run: interviewer doctor",
    )


def _play(sd: Any, wire: _Wire, name: str, pcm: bytes) -> None:
    stream = _open(sd, name, "output", latency=_PLAY_LATENCY_S)
    step = RATE_HZ // _POSITIONS_PER_S * _BYTES_PER_SAMPLE
    convert = _converter(RATE_HZ, 1, stream.samplerate, stream.channels)
    try:
        stream.start()
        stream.write(convert(_silence(_RUN_IN_S)))
        for start in range(0, len(pcm), step):
            stream.write(convert(pcm[start : start + step]))
            written_s = min(start + step, len(pcm)) / _BYTES_PER_SAMPLE / RATE_HZ
            wire.send_note(position_s=max(0.0, written_s - stream.latency))
        stream.write(convert(_silence(stream.latency + _RUN_OUT_S)))
        stream.stop()
    except sd.PortAudioError as error:
        raise DeviceLostError(
            f"the speaker went away while it was playing: {error}",
            "connect it again, then run: interviewer doctor",
        ) from error
    wire.send_note(position_s=len(pcm) / _BYTES_PER_SAMPLE / RATE_HZ, done=True)


def _silence(seconds: float) -> bytes:
    return bytes(round(seconds * RATE_HZ) * _BYTES_PER_SAMPLE)


def _list(sd: Any, wire: _Wire, _name: str, _pcm: bytes) -> None:
    wire.send_note(inputs=_devices(sd, "input"), outputs=_devices(sd, "output"))


def _converter(
    rate_in_hz: float, channels_in: int, rate_out_hz: float, channels_out: int
) -> Callable[[bytes], bytes]:
    """A function that brings consecutive pieces of 16-bit PCM to another rate and channel count."""
    if (rate_in_hz, channels_in) == (rate_out_hz, channels_out):
        return lambda pcm: pcm
    import numpy as np
    import soxr

    resampler = soxr.ResampleStream(rate_in_hz, rate_out_hz, 1, dtype="int16")

    def convert(pcm: bytes) -> bytes:
        mixed = np.frombuffer(pcm, np.int16).reshape(-1, channels_in).mean(axis=1).astype(np.int16)
        return bytes(np.repeat(resampler.resample_chunk(mixed), channels_out).tobytes())

    return convert


_JOBS: dict[str, Callable[[Any, _Wire, str, bytes], None]] = {
    "record": _record,
    "play": _play,
    "list": _list,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
