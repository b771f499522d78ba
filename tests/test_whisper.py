"""The real faster-whisper on a tiny trained model: finding it, and speech to words with times."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import ctranslate2
import numpy as np
import pytest

from interviewer import hub
from interviewer.audio.format import Samples, duration_s
from interviewer.audio.recording import read_recording
from interviewer.errors import ModelUnavailableError, UsageError
from interviewer.speech.live import transcribe_pieces
from interviewer.speech.transcript import Transcript
from interviewer.speech.whisper import WhisperTranscriber, _hotwords, load_whisper

MODELS = Path(__file__).parent / "models"
TINY = MODELS / "tiny-whisper"
HAS_GPU = ctranslate2.get_cuda_device_count() > 0


@pytest.fixture(scope="module")
def whisper() -> WhisperTranscriber:
    return load_whisper(str(TINY), device="cpu")


@pytest.fixture(scope="module")
def answer() -> Samples:
    return read_recording(MODELS / "kv-cache-answer.wav")


@pytest.fixture(scope="module")
def heard(whisper: WhisperTranscriber, answer: Samples) -> Transcript:
    return whisper.transcribe(answer)


def _cached(home: Path, names: set[str]) -> None:
    """Lay the tiny model out in the hub's cache as if it were the real "tiny.en"."""
    stored = home / "hub" / "models--Systran--faster-whisper-tiny.en"
    snapshot = stored / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (stored / "refs").mkdir()
    (stored / "refs" / "main").write_text("abc")
    for name in names:
        shutil.copy(TINY / name, snapshot / name)


def test_words_that_were_spoken_are_heard(heard: Transcript) -> None:
    first = (MODELS / "kv-cache-answer.txt").read_text().splitlines()[0]
    assert heard.segments[0].text == first
    assert (heard.engine, heard.model) == ("faster-whisper", "tiny-whisper")
    assert heard.version


def test_words_have_times_in_order_within_the_sound(heard: Transcript, answer: Samples) -> None:
    times = [time_s for word in heard.words for time_s in (word.start_s, word.end_s)]
    assert len(heard.words) > 20
    assert times == sorted(times)
    assert times[0] >= 0.0
    assert times[-1] <= duration_s(answer)
    assert all(0.0 <= word.probability <= 1.0 for word in heard.words)
    for segment in heard.segments:
        assert segment.text == " ".join(word.text for word in segment.words)
        assert (segment.start_s, segment.end_s) == (
            segment.words[0].start_s,
            segment.words[-1].end_s,
        )


def test_silence_before_an_answer_moves_its_words(
    whisper: WhisperTranscriber, answer: Samples, heard: Transcript
) -> None:
    later = whisper.transcribe(np.concatenate([np.zeros(32_000, dtype=np.float32), answer]))
    assert later.words[3].start_s == pytest.approx(heard.words[3].start_s + 2.0, abs=0.5)


def test_transcript_survives_json(heard: Transcript) -> None:
    assert Transcript.from_dict(heard.to_dict()) == heard


@pytest.mark.parametrize("seconds", [0.0, 0.01, 10.0])
def test_nobody_speaks_and_nothing_is_invented(whisper: WhisperTranscriber, seconds: float) -> None:
    noise = np.random.default_rng(4).normal(0, 0.05, int(seconds * 16_000)).astype(np.float32)
    transcript = transcribe_pieces(noise, lambda: whisper)
    assert transcript.segments == ()
    assert transcript.duration_s == duration_s(noise)


def test_stop_ends_after_the_segment_at_hand(whisper: WhisperTranscriber, answer: Samples) -> None:
    stop = threading.Event()
    stop.set()
    long = np.tile(answer, 4)
    some = whisper.transcribe(long, stop=stop)
    assert len(some.segments) == 1
    assert some.duration_s == duration_s(long)


def test_words_behind_the_end_of_the_sound_are_left_out(
    whisper: WhisperTranscriber, answer: Samples
) -> None:
    """Whisper hears 30 s whatever it is given, and may go on where the sound is cut."""
    for length_s in (1.7, 3.1, 5.9):
        cut = whisper.transcribe(answer[: int(length_s * 16_000)])
        assert all(0.0 <= word.start_s <= word.end_s <= length_s for word in cut.words)


def test_hints_reach_the_recogniser(
    whisper: WhisperTranscriber, answer: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = whisper._model
    prompts: list[list[int]] = []
    make = model.get_prompt

    def watch(*args: object, **options: object) -> list[int]:
        prompts.append(make(*args, **options))
        return prompts[-1]

    monkeypatch.setattr(model, "get_prompt", watch)
    whisper.transcribe(answer, hints=["KV cache", "RMSNorm"])
    assert "KV cache, RMSNorm" in model.hf_tokenizer.decode(prompts[0])


def test_no_more_hints_than_are_read() -> None:
    hints = [f"term number {i}" for i in range(200)]
    line = _hotwords(hints)
    assert line is not None
    assert line.startswith("term number 0, term number 1")
    assert 500 < len(line) <= 600
    assert line.rsplit(", ", 1)[-1] in hints, "no hint is cut in two"
    assert _hotwords([]) is None


def test_unknown_model_lists_the_names() -> None:
    with pytest.raises(UsageError, match=r"'smal\.en'.*small\.en.*large-v3"):
        load_whisper("smal.en")


@pytest.mark.parametrize("missing", ["model.bin", "tokenizer.json", "config.json"])
def test_folder_that_is_no_model_says_what_is_missing(tmp_path: Path, missing: str) -> None:
    folder = tmp_path / "half-a-model"
    shutil.copytree(TINY, folder, ignore=lambda *_: [missing])
    with pytest.raises(UsageError, match=f"half-a-model.* no {missing}"):
        load_whisper(str(folder))


def test_damaged_model_is_unavailable(tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(TINY, folder)
    (folder / "model.bin").write_bytes((TINY / "model.bin").read_bytes()[:1000])
    with pytest.raises(ModelUnavailableError, match=r"cannot load the Whisper model in .*damaged"):
        load_whisper(str(folder))


def test_cached_model_needs_no_network(private_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "hub_reachable", lambda: pytest.fail("asked the network"))
    _cached(private_home, {file.name for file in TINY.iterdir()})
    assert load_whisper("tiny.en").description == "Whisper tiny.en (cpu, int8)"


def test_half_downloaded_model_is_not_loaded(private_home: Path) -> None:
    _cached(private_home, {"config.json", "tokenizer.json"})
    with pytest.raises(ModelUnavailableError) as caught:
        load_whisper("tiny.en", offline=True)
    assert caught.value.hint.endswith("hf download Systran/faster-whisper-tiny.en")


def test_unknown_device_and_type_list_the_choices() -> None:
    with pytest.raises(UsageError, match=r"'tpu'.*auto, cpu, cuda"):
        load_whisper(str(TINY), device="tpu")
    with pytest.raises(UsageError, match=r"'int3'.*float32.*int8"):
        load_whisper(str(TINY), device="cpu", compute_type="int3")


@pytest.mark.parametrize("compute_type", ["float32", "int8"])
def test_compute_type_is_used(compute_type: str, answer: Samples) -> None:
    whisper = load_whisper(str(TINY), device="cpu", compute_type=compute_type)
    assert compute_type in whisper.description
    assert whisper.transcribe(answer[:64_000]).text.startswith("The KV cache stores")


@pytest.mark.skipif(HAS_GPU, reason="this machine has a GPU")
def test_no_gpu_says_so_and_auto_is_the_cpu() -> None:
    with pytest.raises(UsageError, match=r"no NVIDIA GPU") as caught:
        load_whisper(str(TINY), device="cuda")
    assert "--device cpu" in caught.value.hint
    assert "(cpu, int8)" in load_whisper(str(TINY)).description


@pytest.mark.gpu
@pytest.mark.skipif(not HAS_GPU, reason="CTranslate2 finds no NVIDIA GPU on this machine")
@pytest.mark.parametrize("device", ["cuda", "auto"])
def test_gpu_hears_the_same_words(device: str, answer: Samples, heard: Transcript) -> None:
    whisper = load_whisper(str(TINY), device=device)
    assert "(cuda, float16)" in whisper.description
    assert whisper.transcribe(answer).segments[0].text == heard.segments[0].text
