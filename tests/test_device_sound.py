"""Sound through sounddevice both ways, over a virtual sound card, and all that may go wrong."""

from __future__ import annotations

import os
import struct
import threading
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from interviewer.audio import device, microphone, speaker
from interviewer.audio.format import (
    SAMPLE_RATE_HZ,
    Samples,
    duration_s,
    from_int16,
    level_db,
    read_wav,
    to_int16,
)
from interviewer.audio.microphone import (
    DeviceMicrophone,
    FileMicrophone,
    list_devices,
)
from interviewer.audio.recording import Recording, read_recording
from interviewer.audio.speaker import DeviceSpeaker, SilentSpeaker
from interviewer.errors import AudioError, DeviceLostError, NoDeviceError
from tests.processes import children, has_ended
from tests.virtual_sound import VirtualSoundCard, likeness, noise


@pytest.fixture
def no_sound_card(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/nothing")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    if list_devices().inputs or list_devices().outputs:
        pytest.skip("this machine has a sound card of its own")


class TestMicrophone:
    def test_hears_what_is_said_and_records_it(
        self, virtual_sound_card: VirtualSoundCard, tmp_path: Path
    ) -> None:
        speech, stop = noise(1.0), threading.Event()
        with Recording(tmp_path / "answer.wav", 1.5) as recording:
            for block in DeviceMicrophone().blocks(stop):
                if recording.n_samples == 0:
                    virtual_sound_card.speak_into_microphone(speech)
                recording.write(block)
                if recording.full:
                    stop.set()
        heard = read_recording(tmp_path / "answer.wav")
        assert duration_s(heard) == 1.5
        assert likeness(heard, speech) > 0.98

    def test_a_slow_reader_misses_nothing(self, virtual_sound_card: VirtualSoundCard) -> None:
        speech, stop = noise(0.6), threading.Event()
        blocks = DeviceMicrophone().blocks(stop)
        heard = [next(blocks)]
        virtual_sound_card.speak_into_microphone(speech).wait()
        stop_later = threading.Timer(0.3, stop.set)
        stop_later.start()
        heard += blocks
        stop_later.join()
        assert likeness(np.concatenate(heard), speech) > 0.98

    @pytest.mark.parametrize("name", ["default", "PULS", "0"])
    def test_opens_a_device_by_name_part_or_number(
        self, virtual_sound_card: VirtualSoundCard, name: str
    ) -> None:
        assert len(next(DeviceMicrophone(name).blocks(threading.Event()))) > 0

    def test_an_unknown_device_is_refused_with_the_choices(
        self, virtual_sound_card: VirtualSoundCard
    ) -> None:
        with pytest.raises(NoDeviceError, match=r"'Studio'.*choices are .*default"):
            next(DeviceMicrophone("Studio").blocks(threading.Event()))

    @pytest.mark.parametrize("starved", [False, True])
    def test_stops_soon_after_being_told(
        self, virtual_sound_card: VirtualSoundCard, starved: bool
    ) -> None:
        stop = threading.Event()
        told_at: list[float] = []

        def tell() -> None:
            told_at.append(time.monotonic())
            stop.set()

        blocks = DeviceMicrophone().blocks(stop)
        next(blocks)
        if starved:
            virtual_sound_card.starve_microphone()
        teller = threading.Timer(0.3, tell)
        teller.start()
        for _ in blocks:
            pass
        assert time.monotonic() - told_at[0] < 0.3
        teller.join()

    def test_leaving_early_ends_the_child(self, virtual_sound_card: VirtualSoundCard) -> None:
        before = children(os.getpid())
        blocks = DeviceMicrophone().blocks(threading.Event())
        next(blocks)
        (child,) = set(children(os.getpid())) - set(before)
        assert isinstance(blocks, Iterator)
        blocks.close()  # type: ignore[attr-defined]
        assert has_ended(child, within_s=1.0)

    def test_no_microphone(self, no_sound_card: None) -> None:
        with pytest.raises(NoDeviceError, match="no microphone") as failure:
            next(DeviceMicrophone().blocks(threading.Event()))
        assert "interviewer doctor" in failure.value.hint

    def test_unplugged_while_recording_keeps_what_was_said(
        self, virtual_sound_card: VirtualSoundCard, tmp_path: Path
    ) -> None:
        path = tmp_path / "answer.wav"
        with pytest.raises(DeviceLostError), Recording(path) as recording:
            for block in DeviceMicrophone().blocks(threading.Event()):
                recording.write(block)
                if recording.n_samples == len(block) * 10:
                    virtual_sound_card.remove_microphone()
        assert duration_s(read_recording(path)) >= 0.2

    @pytest.mark.parametrize("fault", ["freeze", "starve_microphone"])
    def test_a_microphone_that_falls_silent_is_lost(
        self, virtual_sound_card: VirtualSoundCard, monkeypatch: pytest.MonkeyPatch, fault: str
    ) -> None:
        monkeypatch.setattr(microphone, "_LOST_AFTER_S", 0.5)
        blocks = DeviceMicrophone().blocks(threading.Event())
        next(blocks)
        getattr(virtual_sound_card, fault)()
        started = time.monotonic()
        with pytest.raises(DeviceLostError, match=r"no sound for 0\.5 s"):
            list(blocks)
        assert time.monotonic() - started < 3.0

    @pytest.mark.parametrize("fault", ["freeze", "starve_microphone"])
    def test_a_microphone_that_never_begins_is_given_up(
        self, virtual_sound_card: VirtualSoundCard, fault: str
    ) -> None:
        getattr(virtual_sound_card, fault)()
        started = time.monotonic()
        with pytest.raises(NoDeviceError, match="no sound within 1 s") as failure:
            list(DeviceMicrophone(open_timeout_s=1.0).blocks(threading.Event()))
        assert time.monotonic() - started < 3.0
        assert "interviewer doctor" in failure.value.hint


class TestSpeaker:
    def test_plays_from_the_first_sample_to_the_last(
        self, virtual_sound_card: VirtualSoundCard
    ) -> None:
        sound = noise(1.0)
        positions: list[float] = []
        played_s = DeviceSpeaker().play(sound, threading.Event(), positions.append)
        assert played_s == 1.0
        assert likeness(virtual_sound_card.recorded_output(), sound) > 0.98
        assert positions == sorted(positions)
        assert len(positions) >= 15
        assert positions[-1] == 1.0

    def test_stops_when_told(self, virtual_sound_card: VirtualSoundCard) -> None:
        stop = threading.Event()
        told_at: list[float] = []

        def tell(position_s: float) -> None:
            if position_s > 0.2 and not stop.is_set():
                told_at.append(time.monotonic())
                stop.set()

        played_s = DeviceSpeaker().play(noise(5.0), stop, tell)
        assert time.monotonic() - told_at[0] < 0.5
        assert 0.2 < played_s < 1.0

    def test_gives_up_on_a_frozen_sound_server(
        self, virtual_sound_card: VirtualSoundCard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(speaker, "_STUCK_AFTER_S", 0.5)
        started = time.monotonic()

        def freeze(position_s: float) -> None:
            if position_s > 0.2:
                virtual_sound_card.freeze()

        with pytest.raises(AudioError, match="has not moved on"):
            DeviceSpeaker().play(noise(10.0), threading.Event(), freeze)
        assert time.monotonic() - started < 5.0

    def test_no_speaker(self, no_sound_card: None) -> None:
        with pytest.raises(NoDeviceError, match="no speaker"):
            DeviceSpeaker().play(noise(0.1), threading.Event())

    def test_the_silent_one_keeps_what_it_was_given(self) -> None:
        silent, sound = SilentSpeaker(), noise(0.5)
        assert silent.play(sound, threading.Event()) == 0.5
        assert silent.given == [sound]


class TestDevices:
    def test_are_listed_with_the_default_marked(self, virtual_sound_card: VirtualSoundCard) -> None:
        found = list_devices()
        assert found.problem == ""
        assert sum(each.is_default for each in found.inputs) == 1
        assert sum(each.is_default for each in found.outputs) == 1

    def test_none_is_no_problem(self, no_sound_card: None) -> None:
        assert list_devices() == microphone.Devices()

    def test_a_frozen_sound_server_is_a_problem(
        self, virtual_sound_card: VirtualSoundCard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(microphone, "_LIST_PATIENCE_S", 0.5)
        virtual_sound_card.freeze()
        assert "did not answer" in list_devices().problem

    def test_without_portaudio_the_package_is_named(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')\n")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        assert "portaudio" in list_devices().problem.lower()
        with pytest.raises(NoDeviceError, match="PortAudio") as failure:
            next(DeviceMicrophone().blocks(threading.Event()))
        assert "install" in failure.value.hint

    def test_a_child_that_dies_is_reported(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "sounddevice.py").write_text("import os; os.kill(os.getpid(), 11)\n")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        with pytest.raises(AudioError, match="ended unexpectedly"):
            DeviceSpeaker().play(noise(0.1), threading.Event())


STUBBORN_CARD = '''
"""A card that knows nothing but 48 kHz stereo: it hums 440 Hz, and checks that it is given that."""
import math, struct, threading

class PortAudioError(Exception):
    pass

class default:
    device = {"input": 0, "output": 0}

def query_devices():
    return [{"name": "Stubborn", "index": 0, "default_samplerate": 48000.0,
             "max_input_channels": 2, "max_output_channels": 2}]

class Stream:
    latency = 0.0

    def __init__(self, samplerate, channels, blocksize, callback=None, **options):
        if (samplerate, channels) != (48000, 2):
            raise PortAudioError("Invalid sample rate [PaErrorCode -9997]")
        self.samplerate, self.channels = float(samplerate), channels
        self.blocksize, self.callback = blocksize, callback

    def start(self):
        if self.callback:
            threading.Thread(target=self.hum, daemon=True).start()

    def hum(self):
        for first in range(0, 48000, self.blocksize):
            values = [round(16000 * math.sin(2 * math.pi * 440 * n / 48000))
                      for n in range(first, first + self.blocksize) for _ in "lr"]
            self.callback(struct.pack(f"{len(values)}h", *values), self.blocksize, None, None)

    def write(self, pcm):
        with open(FILE, "ab") as file:
            file.write(pcm)

    def stop(self):
        pass

RawInputStream = RawOutputStream = Stream
'''


class TestStubbornCard:
    """A card that refuses 16 kHz and mono is used at its own rate; the sound is brought to ours."""

    @pytest.fixture
    def given(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
        given = tmp_path / "given.pcm"
        module = STUBBORN_CARD.replace("FILE", repr(str(given)))
        (tmp_path / "sounddevice.py").write_text(module)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        return given

    def test_recording(self, given: Path) -> None:
        heard: list[Samples] = []
        stop = threading.Event()
        for block in DeviceMicrophone().blocks(stop):
            heard.append(block)
            if sum(map(len, heard)) >= 0.8 * SAMPLE_RATE_HZ:
                stop.set()
        assert likeness(np.concatenate(heard), tone(440.0, 0.7)) > 0.99

    def test_playing(self, given: Path) -> None:
        DeviceSpeaker().play(tone(440.0, 0.5), threading.Event())
        both = np.fromfile(given, np.int16).reshape(-1, 2)
        assert np.array_equal(both[:, 0], both[:, 1])
        at_48_khz = tone(440.0, 0.5, rate_hz=48_000)
        assert likeness(from_int16(both[:, 0]), at_48_khz) > 0.99


def test_the_child_and_the_program_agree_on_the_rate() -> None:
    assert device.RATE_HZ == SAMPLE_RATE_HZ


def tone(hz: float, seconds: float, rate_hz: int = SAMPLE_RATE_HZ) -> Samples:
    n = np.arange(round(seconds * rate_hz))
    return (0.5 * np.sin(2 * np.pi * hz * n / rate_hz)).astype(np.float32)


class TestFileMicrophone:
    @pytest.mark.parametrize("n_channels", [1, 2])
    @pytest.mark.parametrize("rate_hz", [16_000, 44_100, 8_000])
    @pytest.mark.parametrize("width", [1, 2, 3, 4])
    def test_hears_the_same_in_any_format(
        self, tmp_path: Path, width: int, rate_hz: int, n_channels: int
    ) -> None:
        path = tmp_path / "candidate.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(n_channels)
            file.setsampwidth(width)
            file.setframerate(rate_hz)
            values = np.repeat(tone(440.0, 0.5, rate_hz), n_channels)
            wide = (values * (2**31 - 1)).astype("<i4").view(np.uint8).reshape(-1, 4)
            narrow = wide[:, 4 - width :].copy()
            file.writeframes((narrow ^ 0x80 if width == 1 else narrow).tobytes())
        heard = np.concatenate(list(FileMicrophone(path).blocks(threading.Event())))
        assert duration_s(heard) == pytest.approx(0.5, abs=0.001)
        assert likeness(heard, tone(440.0, 0.45)) > 0.99
        assert np.abs(heard[100:-100]).max() == pytest.approx(0.5, abs=0.02)

    @pytest.mark.parametrize("n_bits", [32, 64])
    @pytest.mark.parametrize("extensible", [False, True])
    def test_hears_floating_point_sound(
        self, tmp_path: Path, n_bits: int, extensible: bool
    ) -> None:
        path, width = tmp_path / "candidate.wav", n_bits // 8
        values = tone(440.0, 0.5).astype(f"<f{width}")
        values[:3] = [np.nan, np.inf, -2.0]
        kind = 0xFFFE if extensible else 3
        form = struct.pack("<HHIIHH", kind, 1, 16_000, 16_000 * width, width, n_bits)
        if extensible:
            form += struct.pack("<HHIH14s", 22, n_bits, 4, 3, bytes(14))
        sound = values.tobytes()
        chunks = ((b"fmt ", form), (b"LIST", b"odd"), (b"data", sound))
        content = b"".join(
            struct.pack("<4sI", name, len(body)) + body + bytes(len(body) % 2)
            for name, body in chunks
        )
        path.write_bytes(struct.pack("<4sI4s", b"RIFF", 4 + len(content), b"WAVE") + content)
        heard = read_wav(path)
        assert list(heard[:3]) == [0.0, 1.0, -1.0]
        assert np.array_equal(heard[3:], tone(440.0, 0.5)[3:])

    def test_a_header_that_claims_too_much_is_not_believed(self, tmp_path: Path) -> None:
        path = tmp_path / "candidate.wav"
        with Recording(path) as recording:
            recording.write(tone(440.0, 0.5))
        content = bytearray(path.read_bytes())
        content[40:44] = b"\xff\xff\xff\xff"
        path.write_bytes(content)
        assert duration_s(read_wav(path)) == 0.5

    @pytest.mark.parametrize(
        "content", [b"", b"RIFF", b"not sound at all", b"RIFF\0\0\0\0WAVEfmt "]
    )
    def test_what_is_no_wav_file_is_refused(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "candidate.wav"
        path.write_bytes(content)
        with pytest.raises(AudioError, match=r"candidate\.wav"):
            list(FileMicrophone(path).blocks(threading.Event()))

    def test_a_missing_file_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(AudioError, match=r"none\.wav"):
            list(FileMicrophone(tmp_path / "none.wav").blocks(threading.Event()))

    def test_speaks_in_real_time_if_asked_to(self, tmp_path: Path) -> None:
        path = tmp_path / "candidate.wav"
        with Recording(path) as recording:
            recording.write(tone(440.0, 0.3))
        started = time.monotonic()
        list(FileMicrophone(path, real_time=True).blocks(threading.Event()))
        assert time.monotonic() - started >= 0.3

    def test_stops_in_the_middle_of_a_block(self, tmp_path: Path) -> None:
        path = tmp_path / "candidate.wav"
        with Recording(path) as recording:
            recording.write(tone(440.0, 60.0))
        stop = threading.Event()
        blocks = FileMicrophone(path, block_s=30.0, real_time=True).blocks(stop)
        teller = threading.Timer(0.1, stop.set)
        teller.start()
        assert list(blocks) == []
        teller.join()


class TestLevel:
    def test_of_full_scale_half_and_silence(self) -> None:
        assert level_db(np.ones(100, np.float32)) == pytest.approx(0.0)
        assert level_db(np.full(100, 0.5, np.float32)) == pytest.approx(-6.02, abs=0.01)
        assert level_db(np.zeros(100, np.float32)) == -120.0
        assert level_db(np.zeros(0, np.float32)) == -120.0

    def test_16_bits_come_back_as_they_were(self) -> None:
        pcm = np.arange(-32767, 32768, dtype=np.int16)
        assert np.array_equal(to_int16(from_int16(pcm)), pcm)
