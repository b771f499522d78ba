"""Speech to text with pocketsphinx and the model in its package: the stand-in without a network."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from itertools import pairwise
from threading import Event, Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from interviewer.audio.endpoint import Span, speech_spans
from interviewer.audio.format import SAMPLE_RATE_HZ, Samples, duration_s, to_int16
from interviewer.errors import ModelUnavailableError, TranscriptionError
from interviewer.speech.transcript import Segment, Transcript, Word

ENGINE = "pocketsphinx"
MODEL = "en-us"
_MIN_SILENCE_MS = 150.0
_PADDING_MS = 150.0
_STEP_SAMPLES = 4096  # the decoder lets no other thread run while it works on a step
_MAX_PART_S = 12.0
_QUIET_S = 0.1
_PAUSE_S = 0.2
_FRAMES_PER_S = 100
# A wider beam in the second pass: a word error rate of 0.26 for 0.30, in the same time.
_SEARCH = {"fwdflatbeam": 1e-80}
_COARSE = {"ds": 8, "topn": 1, "pl_window": 0}

# Words of the field that the packaged dictionary lacks; "_" stands for a space. The list is the
# same for every question: with the words of one answer, that answer would be heard in any other.
_JARGON = """
autoregressive AO T OW R IH G R EH S IH V
backpropagation B AE K P R AA P AH G EY SH AH N
cross_attention K R AO S AH T EH N SH AH N
dot_product D AA T P R AA D AH K T
dot_products D AA T P R AA D AH K T S
DPO D IY P IY OW
embeddings EH M B EH D IH NG Z
encoder EH N K OW D ER
feed_forward F IY D F AO R W ER D
fine_tune F AY N T UW N
fine_tuned F AY N T UW N D
fine_tuning F AY N T UW N IH NG
FlashAttention F L AE SH AH T EH N SH AH N
GPT JH IY P IY T IY
GPU JH IY P IY Y UW
GPUs JH IY P IY Y UW Z
GQA JH IY K Y UW EY
grouped_query G R UW P T K W IH R IY
hyperparameter HH AY P ER P ER AE M AH T ER
hyperparameters HH AY P ER P ER AE M AH T ER Z
key_value K IY V AE L Y UW
KV_cache K EY V IY K AE SH
KV_caches K EY V IY K AE SH IH Z
layer_norm L EY ER N AO R M
LLM EH L EH L EH M
LLMs EH L EH L EH M Z
logit L OW JH IH T
logits L OW JH IH T S
MQA EH M K Y UW EY
multi_head M AH L T IY HH EH D
multi_query M AH L T IY K W IH R IY
post_norm P OW S T N AO R M
pre_norm P R IY N AO R M
prefill P R IY F IH L
pretraining P R IY T R EY N IH NG
QLoRA K Y UW L AO R AH
quantization K W AA N T IH Z EY SH AH N
quantize K W AA N T AY Z
quantized K W AA N T AY Z D
reranker R IY R AE NG K ER
residual_stream R IH Z IH JH UW AH L S T R IY M
RLHF AA R EH L EY CH EH F
RMSNorm AA R EH M EH S N AO R M
self_attention S EH L F AH T EH N SH AH N
softmax S AO F T M AE K S
softmaxes S AO F T M AE K S IH Z
SwiGLU S W IH G L UW
tokenization T OW K AH N AH Z EY SH AH N
tokenizer T OW K AH N AY Z ER
"""


class SphinxTranscriber:
    """US English from the model that the pocketsphinx package carries; no network, no weights.

    One utterance at a time; a second caller waits for the first.

    Raises:
        ModelUnavailableError: the package is not installed, or its model does not load.
    """

    description = "pocketsphinx (offline stand-in)"

    def __init__(self) -> None:
        if find_spec(ENGINE) is None:
            raise ModelUnavailableError(
                "the offline recogniser pocketsphinx is not installed",
                "type: pip install 'interviewer[offline]'",
            )
        from pocketsphinx import Decoder

        try:
            self._decoder: Any = Decoder(loglevel="FATAL", **_SEARCH)
            entries = _JARGON.strip().splitlines()
            for entry in entries:
                word, _, phones = entry.partition(" ")
                self._decoder.add_word(word, phones, update=entry is entries[-1])
            # Looks for a single word, which costs next to nothing, to learn how a voice sounds.
            self._listener: Any = Decoder(loglevel="FATAL", keyphrase="hello", **_COARSE)
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelUnavailableError(
                f"pocketsphinx cannot load its own model: {error}",
                "type: pip install --force-reinstall pocketsphinx",
            ) from error
        self._lock = Lock()

    def transcribe(
        self, samples: Samples, hints: Sequence[str] = (), stop: Event | None = None
    ) -> Transcript:
        """See `Transcriber`. A segment is what is said between two pauses; `hints` are not used."""
        spans = speech_spans(samples, min_silence_ms=_MIN_SILENCE_MS, padding_ms=_PADDING_MS)
        parts = [part for span in spans for part in _parts(samples, span)]
        words: list[Word] = []
        with self._lock:
            mean = self._spectral_mean(samples, parts) if parts else ""
            for part in parts:
                if stop is not None and stop.is_set():
                    break
                # Without this the decoder goes on from whatever it heard last, and hearing an
                # utterance twice gives different words.
                self._decoder.set_cmn(mean)
                words += self._decode(samples, part, stop)
        segments = tuple(_segments(words))
        return Transcript(segments, ENGINE, MODEL, version(ENGINE), duration_s(samples))

    def _spectral_mean(self, samples: Samples, parts: Sequence[Span]) -> str:
        """What voice and microphone are like on average, which the decoder takes away."""
        pcm = np.concatenate([_pcm(samples, part) for part in parts])
        self._listener.start_utt()
        self._listener.process_raw(pcm.tobytes(), full_utt=True)
        self._listener.end_utt()
        mean: str = self._listener.get_cmn(update=True)
        return mean

    def _decode(self, samples: Samples, part: Span, stop: Event | None) -> Iterator[Word]:
        pcm = _pcm(samples, part)
        try:
            self._decoder.start_utt()
            try:
                for start in range(0, len(pcm), _STEP_SAMPLES):
                    if stop is not None and stop.is_set():
                        break
                    self._decoder.process_raw(pcm[start : start + _STEP_SAMPLES].tobytes())
            finally:
                self._decoder.end_utt()
            # Asked before anything was recognised, the decoder has no segmentation to give.
            heard = list(self._decoder.seg()) if self._decoder.hyp() else []
        except RuntimeError as error:
            raise TranscriptionError(
                f"pocketsphinx failed: {error}",
                "the recording is kept; try again with: interviewer recover",
            ) from error
        for piece in heard:
            if piece.word[0] in "<[":  # silence and noises
                continue
            yield Word(
                # "the(2)" is another way to say "the".
                re.sub(r"\(\d+\)$", "", piece.word).replace("_", " "),
                part.start_s + piece.start_frame / _FRAMES_PER_S,
                min(part.start_s + (piece.end_frame + 1) / _FRAMES_PER_S, part.end_s),
                min(1.0, self._decoder.logmath.exp(piece.prob)),
            )


def _parts(samples: Samples, span: Span) -> Iterator[Span]:
    """Cut a long span where it is quietest: the decoder's last pass over a part blocks threads."""
    start = round(span.start_s * SAMPLE_RATE_HZ)
    end = round(span.end_s * SAMPLE_RATE_HZ)
    longest, window = round(_MAX_PART_S * SAMPLE_RATE_HZ), round(_QUIET_S * SAMPLE_RATE_HZ)
    while end - start > longest:
        half = start + longest // 2
        power = np.cumsum(np.square(samples[half : start + longest], dtype=np.float64))
        cut = half + int(np.argmin(power[window:] - power[:-window])) + window // 2
        yield Span(start / SAMPLE_RATE_HZ, cut / SAMPLE_RATE_HZ)
        start = cut
    yield Span(start / SAMPLE_RATE_HZ, end / SAMPLE_RATE_HZ)


def _segments(words: Sequence[Word]) -> Iterator[Segment]:
    """Part the words where the speaker pauses, which is where most sentences end."""
    ends = [i for i in range(1, len(words)) if words[i].start_s - words[i - 1].end_s >= _PAUSE_S]
    for first, last in pairwise([0, *ends, len(words)]):
        said = tuple(words[first:last])
        if said:
            text = " ".join(word.text for word in said)
            yield Segment(text, said[0].start_s, said[-1].end_s, said)


def _pcm(samples: Samples, part: Span) -> npt.NDArray[np.int16]:
    return to_int16(
        samples[round(part.start_s * SAMPLE_RATE_HZ) : round(part.end_s * SAMPLE_RATE_HZ)]
    )
