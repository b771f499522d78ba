"""Timed text: what a recogniser heard in one utterance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from threading import Event
from typing import Any, Protocol

from interviewer.audio.format import Samples

PUNCTUATION = ".,;:!?\"'()[]"


@dataclass(frozen=True)
class Word:
    """One word. Times are seconds from the start of the utterance; probability in [0, 1].

    `heard` is what the recogniser wrote where a term of the field was mended, and else empty.
    """

    text: str
    start_s: float
    end_s: float
    probability: float = 1.0
    heard: str = ""


@dataclass(frozen=True)
class Segment:
    """A stretch of speech decoded in one go. Times are seconds from the utterance's start."""

    text: str
    start_s: float
    end_s: float
    words: tuple[Word, ...] = ()


@dataclass(frozen=True)
class Transcript:
    """The segments of one utterance, with the engine and model that made it.

    `engine` is "faster-whisper", "pocketsphinx" or "keyboard"; `model` a name or a folder's name;
    `version` the version of the engine's library; `duration_s` the length of the utterance.
    """

    segments: tuple[Segment, ...]
    engine: str
    model: str
    version: str
    duration_s: float

    @property
    def text(self) -> str:
        return " ".join(segment.text.strip() for segment in self.segments if segment.text.strip())

    @property
    def mended(self) -> tuple[str, ...]:
        """For each kind of mended word what stands there, and in brackets what was heard."""
        mended = [word for word in self.words if word.heard]
        kinds = (f"{word.text.strip(PUNCTUATION)} (heard: {word.heard})" for word in mended)
        return tuple(dict.fromkeys(kinds))

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for segment in self.segments for word in segment.words)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; `from_dict` gives an equal transcript back."""
        return {
            "engine": self.engine,
            "model": self.model,
            "version": self.version,
            "duration_s": self.duration_s,
            "segments": [
                {
                    "text": segment.text,
                    "start_s": segment.start_s,
                    "end_s": segment.end_s,
                    "words": [_word_to_dict(word) for word in segment.words],
                }
                for segment in self.segments
            ],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Transcript:
        """Read what `to_dict` wrote."""
        segments = tuple(
            Segment(
                text=segment["text"],
                start_s=segment["start_s"],
                end_s=segment["end_s"],
                words=tuple(Word(**word) for word in segment["words"]),
            )
            for segment in data["segments"]
        )
        return cls(segments, data["engine"], data["model"], data["version"], data["duration_s"])


def _word_to_dict(word: Word) -> dict[str, Any]:
    plain = asdict(word)
    if not word.heard:
        del plain["heard"]
    return plain


def joined(transcripts: Sequence[Transcript]) -> Transcript:
    """One transcript of utterances said one after the other; the times run on."""
    segments: list[Segment] = []
    before_s = 0.0
    for part in transcripts:
        segments += (later(segment, before_s) for segment in part.segments)
        before_s += part.duration_s
    return replace(transcripts[-1], segments=tuple(segments), duration_s=before_s)


def later(segment: Segment, by_s: float) -> Segment:
    """The same segment, said `by_s` seconds later."""
    words = tuple(
        replace(word, start_s=word.start_s + by_s, end_s=word.end_s + by_s)
        for word in segment.words
    )
    return Segment(segment.text, segment.start_s + by_s, segment.end_s + by_s, words)


def typed(text: str) -> Transcript:
    """The transcript of an answer given by keyboard: one segment a line, no word times."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    segments = tuple(Segment(line, 0.0, 0.0) for line in lines)
    return Transcript(segments, engine="keyboard", model="", version="", duration_s=0.0)


class Transcriber(Protocol):
    """Speech to words. Implementations: `whisper`, `sphinx`; a fake: `ScriptedTranscriber`."""

    @property
    def description(self) -> str:
        """Engine, model and device in a few words, as shown to the candidate."""

    def transcribe(
        self, samples: Samples, hints: Sequence[str] = (), stop: Event | None = None
    ) -> Transcript:
        """Transcribe one utterance.

        Args:
            samples: shape `(n_samples,)`, float32, mono, 16,000 Hz, in [-1, 1].
            hints: jargon of the whole bank; never of the question being asked.
            stop: when set, give up soon and return what is there so far.

        Raises:
            TranscriptionError: the engine failed on this utterance.
        """


@dataclass(frozen=True)
class ScriptedTranscriber:
    """A transcriber that hears the same text whatever it is given; for tests and demonstrations."""

    text: str

    @property
    def description(self) -> str:
        return "scripted"

    def transcribe(
        self, samples: Samples, hints: Sequence[str] = (), stop: Event | None = None
    ) -> Transcript:
        from interviewer.audio.format import duration_s

        heard = self.text.split()
        length_s = duration_s(samples)
        step_s = length_s / max(1, len(heard))
        words = tuple(Word(text, i * step_s, (i + 1) * step_s) for i, text in enumerate(heard))
        segment = Segment(self.text, 0.0, length_s, words)
        return Transcript((segment,) if heard else (), "scripted", "", "", length_s)
