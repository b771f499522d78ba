"""Transcribing while somebody speaks, with recognisers that are slow, fail or hang."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from threading import Event

import numpy as np
import pytest

from interviewer.audio.format import Samples, duration_s
from interviewer.errors import ModelUnavailableError, TranscriptionError
from interviewer.speech.live import LiveTranscription, transcribe_pieces
from interviewer.speech.transcript import Segment, Transcript, Word
from tests.speech_kit import KNOWN, espeak

PATIENCE_S = 20.0


@dataclass
class Loudness:
    """A recogniser whose words say how long the piece is; it works only when it is let.

    `free` lets it work; `failing` is what it raises then.
    """

    free: Event = field(default_factory=Event)
    failing: Exception | None = None
    started: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    calls: list[float] = field(default_factory=list)
    description: str = "loudness"

    def transcribe(
        self, samples: Samples, hints: Sequence[str] = (), stop: Event | None = None
    ) -> Transcript:
        length_s = duration_s(samples)
        self.calls.append(length_s)
        self.started.release()
        assert self.free.wait(PATIENCE_S)
        if self.failing is not None:
            raise self.failing
        word = Word(f"{length_s:.1f}", 0.0, length_s)
        return Transcript((Segment(word.text, 0.0, length_s, (word,)),), "loud", "", "", length_s)


@pytest.fixture(scope="module")
def speech() -> Samples:
    """Three stretches of speech, each long enough for a piece, and silence at the end."""
    said = [espeak(sentence) for sentence in KNOWN[:6]]
    pause = np.zeros(16_000, np.float32)
    pairs = [np.concatenate([*said[i : i + 2], pause]) for i in (0, 2, 4)]
    return np.concatenate([pause, *pairs])


def blocks(samples: Samples) -> Iterator[Samples]:
    for start in range(0, len(samples), 320):
        yield samples[start : start + 320]


def fed(live: LiveTranscription, samples: Samples) -> None:
    for block in blocks(samples):
        live.write(block)


def released() -> Loudness:
    recogniser = Loudness()
    recogniser.free.set()
    return recogniser


def test_live_gives_the_words_and_times_of_the_whole_recording(speech: Samples) -> None:
    recogniser = released()
    whole = transcribe_pieces(speech, lambda: recogniser)
    with LiveTranscription(lambda: recogniser) as live:
        fed(live, speech)
        live.end()
        assert live.result() == whole
    assert len(whole.segments) == 3
    assert whole.duration_s == duration_s(speech)
    starts = [segment.start_s for segment in whole.segments]
    assert starts[0] == pytest.approx(0.8, abs=0.1)
    assert starts == sorted(starts)
    assert whole.segments[-1].end_s <= whole.duration_s


def test_pieces_are_heard_while_the_answer_goes_on(speech: Samples) -> None:
    recogniser = released()
    captions: list[tuple[str, bool]] = []
    first_is_final = Event()

    def caption(text: str, final: bool) -> None:
        captions.append((text, final))
        if final:
            first_is_final.set()

    with LiveTranscription(lambda: recogniser, caption=caption) as live:
        fed(live, speech[: len(speech) // 2])
        assert first_is_final.wait(PATIENCE_S), "before the answer is over"
        fed(live, speech[len(speech) // 2 :])
        live.end()
        heard = live.result()
    assert [text for text, final in captions if final] == [part.text for part in heard.segments]


def test_a_slow_recogniser_falls_behind_and_loses_nothing(speech: Samples) -> None:
    recogniser = Loudness()
    with LiveTranscription(lambda: recogniser) as live:
        fed(live, np.tile(speech, 3))
        assert live.backlog_s == pytest.approx(9 * 7, rel=0.2)
        live.end()
        progress = live.progress()
        shares = [next(progress)]
        recogniser.free.set()
        shares += progress
        heard = live.result()
    assert live.backlog_s == 0.0
    assert shares[0] == 0.0 and shares[-1] == 1.0
    assert shares == sorted(shares)
    assert heard == transcribe_pieces(np.tile(speech, 3), lambda: recogniser)
    assert len(heard.segments) == 9


def test_what_was_heard_in_the_last_pause_is_not_heard_again(speech: Samples) -> None:
    few = np.concatenate([speech[: 16_000 * 3], np.zeros(8_000, np.float32)])
    recogniser = Loudness()
    captions: list[tuple[str, bool]] = []
    with LiveTranscription(
        lambda: recogniser, caption=lambda *caption: captions.append(caption)
    ) as live:
        fed(live, few)
        assert recogniser.started.acquire(timeout=PATIENCE_S), "a draft, in the pause"
        live.end()
        recogniser.free.set()
        heard = live.result()
    assert len(recogniser.calls) == 1
    assert captions == [(heard.text, False), (heard.text, True)]


def test_a_draft_is_corrected_when_more_is_said(speech: Samples) -> None:
    recogniser = released()
    captions: list[tuple[str, bool]] = []
    drafted = Event()

    def caption(text: str, final: bool) -> None:
        captions.append((text, final))
        drafted.set()

    with LiveTranscription(lambda: recogniser, caption=caption) as live:
        fed(live, np.concatenate([speech[: 16_000 * 3], np.zeros(8_000, np.float32)]))
        assert drafted.wait(PATIENCE_S)
        fed(live, speech[16_000 * 3 : 16_000 * 4])
        live.end()
        heard = live.result()
    (draft, draft_final), (last, last_final) = captions
    assert (draft_final, last_final) == (False, True)
    assert heard.text == last != draft


def test_silence_asks_no_recogniser() -> None:
    def none() -> Loudness:
        pytest.fail("asked for a recogniser's words")

    noise = np.random.default_rng(1).normal(0, 0.02, 64_000).astype(np.float32)
    assert transcribe_pieces(noise, none).segments == ()
    recogniser = Loudness()
    with LiveTranscription(lambda: recogniser) as live:
        fed(live, noise)
        live.end()
        heard = live.result()
    assert (heard.segments, heard.duration_s, recogniser.calls) == ((), 4.0, [])


@pytest.mark.parametrize(
    "failing", [TranscriptionError("it broke", "try again"), RuntimeError("it broke")]
)
def test_an_engine_that_fails_raises_in_the_end_and_disturbs_nothing_before(
    speech: Samples, failing: Exception
) -> None:
    recogniser = Loudness(failing=failing)
    recogniser.free.set()
    with LiveTranscription(lambda: recogniser) as live:
        fed(live, np.tile(speech, 2))
        live.end()
        assert list(live.progress())[-1] < 1.0
        with pytest.raises(TranscriptionError, match="it broke"):
            live.result()


def test_a_model_that_cannot_be_had_raises_in_the_end(speech: Samples) -> None:
    def missing() -> Loudness:
        raise ModelUnavailableError("there is no model", "get one")

    with LiveTranscription(missing) as live:
        fed(live, speech)
        live.end()
        with pytest.raises(ModelUnavailableError):
            live.result()


def test_giving_up_does_not_wait_for_the_recogniser(speech: Samples) -> None:
    recogniser = Loudness()
    with LiveTranscription(lambda: recogniser) as live:
        fed(live, speech)
        assert recogniser.started.acquire(timeout=PATIENCE_S)
    live.close()
    with pytest.raises(TranscriptionError, match="stopped"):
        live.result()
    recogniser.free.set()


def test_stop_ends_the_pass_over_a_recording(speech: Samples) -> None:
    recogniser, stop = released(), Event()
    stop.set()
    with pytest.raises(TranscriptionError, match="stopped"):
        transcribe_pieces(speech, lambda: recogniser, stop=stop)
    assert recogniser.calls == []
