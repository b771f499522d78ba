"""Words while they are being spoken: finished pieces are transcribed as they come.

When an answer ends, only what was said since the last pause is left to transcribe. A recording that
is transcribed later is cut in the same way, and so gives the same words.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from threading import Condition, Event, Thread
from types import TracebackType
from typing import TypeAlias

from interviewer.audio.format import SAMPLE_RATE_HZ, Samples, from_int16, to_int16
from interviewer.audio.pieces import Cutter, Piece
from interviewer.errors import InterviewerError, TranscriptionError
from interviewer.speech.transcript import Transcriber, Transcript, later

NO_SPEECH_ENGINE = "silero-vad"
"""The engine of a transcript in which no speech was found, so that no recogniser was asked."""

_TRY_AGAIN = "the recording is kept; type: interviewer recover"

Heard: TypeAlias = tuple[Piece, Transcript]
"""A piece and its words, whose times count from the piece's start."""

Caption: TypeAlias = Callable[[str, bool], None]
"""Takes the words of the latest piece, and whether they are final; from a thread of its own."""


def transcribe_pieces(
    samples: Samples,
    transcriber: Callable[[], Transcriber],
    hints: Sequence[str] = (),
    stop: Event | None = None,
) -> Transcript:
    """Transcribe one whole utterance, with the words that hearing it live would have given.

    Where there is no speech, no recogniser is asked: recognisers invent words there.

    Args:
        samples: shape `(n_samples,)`, float32, mono, 16,000 Hz, in [-1, 1].

    Raises:
        SpeechError: no recogniser, or it failed or was stopped.
    """
    heard = []
    for piece in _pieces(samples):
        if stop is not None and stop.is_set():
            break
        heard += [(piece, transcriber().transcribe(piece.samples, hints, stop))]
    if stop is not None and stop.is_set():
        raise TranscriptionError("transcription was stopped", _TRY_AGAIN)
    return _together(heard, len(samples))


def _pieces(samples: Samples) -> Iterator[Piece]:
    cutter = Cutter()
    yield from cutter.feed(samples)
    last = cutter.finish()
    if last is not None:
        yield last


class LiveTranscription:
    """Transcribes one utterance while it is spoken; a context manager that gives up when left.

    One thread writes the blocks; another, of its own, transcribes. Pieces wait in line and none is
    dropped, however slow the recogniser. A recogniser that fails ends this, and never the
    recording: `write` goes on as if nothing were, and `result` raises what happened.

    Args:
        transcriber: called in the thread that transcribes; may wait for a model that is loading.
        hints: jargon of the whole bank.
        caption: told what was heard; a draft is told again until it is final.

    Raises:
        ModelUnavailableError: the network that finds speech cannot be loaded.
    """

    def __init__(
        self,
        transcriber: Callable[[], Transcriber],
        hints: Sequence[str] = (),
        caption: Caption = lambda _text, _final: None,
    ) -> None:
        self._transcriber = transcriber
        self._hints = hints
        self._caption = caption
        self._cutter = Cutter()
        self._n_samples = 0
        self._changed = Condition()
        self._waiting: deque[Piece] = deque()  # the first is being transcribed
        self._heard: list[Heard] = []
        self._draft: Piece | None = None  # what is open now, while the speaker pauses
        self._drafting: Piece | None = None
        self._drafted: Heard | None = None
        self._drop_draft = Event()
        self._ended = False
        self._closed = Event()
        self._failure: InterviewerError | None = None
        self._worker = Thread(target=self._work, name="live transcription", daemon=True)

    def __enter__(self) -> LiveTranscription:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Begin to transcribe what comes; done by `with`."""
        self._worker.start()

    @property
    def backlog_s(self) -> float:
        """Seconds of finished speech that are not transcribed yet."""
        with self._changed:
            return sum(piece.duration_s for piece in self._waiting)

    @property
    def silence_s(self) -> float | None:
        """How long nothing has been said, in seconds; `None` before the first word."""
        return self._cutter.silence_s

    def write(self, block: Samples) -> None:
        """Take the next block, shape `(n_samples,)`, of any size. Does not wait."""
        block = from_int16(to_int16(block))  # as the recording keeps it
        if self._failure is not None:
            return
        self._n_samples += len(block)
        try:
            pieces = self._cutter.feed(block)
            draft = self._cutter.draft()
        except Exception as error:  # whatever onnxruntime raises must not cost the recording
            self._fail(TranscriptionError(f"finding speech failed: {error}", _TRY_AGAIN))
            return
        with self._changed:
            if pieces or draft is not self._draft:
                self._line_up(*pieces)
            self._draft = draft

    def so_far(self) -> Transcript:
        """What is final by now, with the piece of which `caption` was told last."""
        with self._changed:
            return _together(self._heard, self._n_samples)

    def end(self) -> None:
        """Say that the utterance is over."""
        last = self._cutter.finish()
        with self._changed:
            self._ended = True
            self._draft = None
            self._line_up(*([] if last is None else [last]))

    def progress(self) -> Iterator[float]:
        """After `end`: the share of the speech that is transcribed, at once and at each change.

        It ends when everything is transcribed, or nothing more will be.
        """
        n_told, over = -1, False
        while not over:
            with self._changed:
                while not self._is_over and len(self._waiting) == n_told:
                    self._changed.wait()
                n_told, over = len(self._waiting), self._is_over
                done_s = sum(piece.duration_s for piece, _ in self._heard)
                left_s = sum(piece.duration_s for piece in self._waiting)
            yield done_s / (done_s + left_s) if left_s else 1.0

    def result(self) -> Transcript:
        """After `end`: wait for the words.

        Raises:
            SpeechError: there is no recogniser, it failed, or this was closed before the end.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_over)
            if self._failure is not None:
                raise self._failure
            if self._waiting or not self._ended:
                raise TranscriptionError("transcription was stopped", _TRY_AGAIN)
            return _together(self._heard, self._n_samples)

    def close(self) -> None:
        """Give up what is not transcribed yet. Does not wait for the recogniser."""
        with self._changed:
            self._closed.set()
            self._drop_draft.set()
            self._changed.notify_all()

    @property
    def _is_over(self) -> bool:
        done = self._ended and not self._waiting
        return done or self._failure is not None or self._closed.is_set()

    def _line_up(self, *pieces: Piece) -> None:
        """Have pieces transcribed, and give up a draft that is none of them."""
        self._waiting += pieces
        drafting = self._drafting
        if pieces and drafting is not None and not pieces[0].is_same(drafting):
            self._drop_draft.set()
        self._changed.notify_all()

    def _work(self) -> None:
        try:
            transcriber = self._transcriber()
            while (work := self._next()) is not None:
                self._take(transcriber, *work)
        except InterviewerError as error:
            self._fail(error)
        except Exception as error:  # whatever an engine raises must not cost the recording
            self._fail(TranscriptionError(f"the recogniser failed: {error}", _TRY_AGAIN))

    def _next(self) -> tuple[Piece, bool] | None:
        """Wait for a piece, and whether it is final; `None` when there will be no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_over or self._waiting or self._has_new_draft)
            if self._is_over:
                return None
            if self._waiting:
                return self._waiting[0], True
            self._drop_draft.clear()
            self._drafting = self._draft
            return (self._draft, False) if self._draft else None

    @property
    def _has_new_draft(self) -> bool:
        before = self._drafted
        return self._draft is not None and not (before and before[0].is_same(self._draft))

    def _take(self, transcriber: Transcriber, piece: Piece, final: bool) -> None:
        if self._drafted is not None and self._drafted[0].is_same(piece):
            transcript = self._drafted[1]
        else:
            stop = self._closed if final else self._drop_draft
            transcript = transcriber.transcribe(piece.samples, self._hints, stop)
            self._drafting = None
            if stop.is_set():
                return
        if final:
            with self._changed:
                self._heard.append((piece, transcript))
        else:
            self._drafted = piece, transcript
        self._caption(transcript.text, final)
        if final:
            with self._changed:
                self._waiting.popleft()
                self._changed.notify_all()

    def _fail(self, error: InterviewerError) -> None:
        with self._changed:
            self._failure = error
            self._changed.notify_all()


def _together(heard: Sequence[Heard], n_samples: int) -> Transcript:
    """One transcript of all pieces, with times from the start of the utterance."""
    length_s = n_samples / SAMPLE_RATE_HZ
    if not heard:
        return Transcript((), NO_SPEECH_ENGINE, "", "", length_s)
    segments = tuple(
        later(segment, piece.start_s)
        for piece, transcript in heard
        for segment in transcript.segments
    )
    return replace(heard[-1][1], segments=segments, duration_s=length_s)
