"""How long a score takes after the last word, and what listening costs.

python -m benchmarks.live_latency [--runs 20] [--size base] [--seconds 90] [--slow]

A Whisper of the real shape with random weights does the real computing, decoding 3.3 tokens for
each second of speech; the words are those of a model answer. Speech of espeak-ng with pauses at
random is fed at real time to a whole interview, which ends with its last sample. Beside it, in the
same run, the same program transcribes and scores the whole recording afterwards. `--slow` makes one
more run on a recogniser that takes twice its time.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._results import Figures, machine, write_results
from interviewer.archive import Archive
from interviewer.audio.format import SAMPLE_RATE_HZ, Samples, duration_s
from interviewer.audio.speaker import SilentSpeaker
from interviewer.bank.selection import Choice
from interviewer.cli import parts
from interviewer.finishing import Finisher, Outcome
from interviewer.interaction import Moment
from interviewer.interview import Interview, Options, Parts
from interviewer.scripted import ScriptedInteraction
from interviewer.settings import Settings
from interviewer.speech.synthesis import SilentSynthesizer
from interviewer.speech.transcript import Segment, Transcript, Word
from interviewer.speech.whisper import WhisperTranscriber
from tests.speech_kit import KNOWN, espeak, random_answer

TOKENS_PER_S, WORDS_PER_S = 3.3, 2.5
QUESTION = "kv-cache"


@dataclass
class HeldModel:
    """Stands for `faster_whisper.WhisperModel`: as many tokens as real speech has, decoded once."""

    model: Any
    end_token: int

    def transcribe(self, samples: Samples, **options: Any) -> tuple[Iterator[Any], Any]:
        held = {
            "temperature": 0.0,
            "without_timestamps": True,
            "max_new_tokens": max(1, round(TOKENS_PER_S * duration_s(samples))),
            "suppress_tokens": [-1, self.end_token],
            "compression_ratio_threshold": None,
            "log_prob_threshold": None,
            "no_speech_threshold": None,
        }
        found, about = self.model.transcribe(samples, **{**options, **held})
        return islice(found, 1), about


@dataclass
class Recogniser:
    """Computes as Whisper does, and hears the words of an answer one after the other.

    With `slowness` 2 it takes twice its time. `busy` is when it worked.
    """

    inner: WhisperTranscriber
    words: Sequence[str]
    slowness: float = 1.0
    n_heard: int = 0
    busy: list[tuple[float, float]] = field(default_factory=list)
    description: str = "shape-true Whisper"

    def transcribe(
        self, samples: Samples, hints: Sequence[str] = (), stop: threading.Event | None = None
    ) -> Transcript:
        started_s, length_s = time.perf_counter(), duration_s(samples)
        self.inner.transcribe(samples, hints, stop)
        took_s = time.perf_counter() - started_s
        threading.Event().wait((self.slowness - 1.0) * took_s)
        self.busy.append((started_s, time.perf_counter()))
        n_words = max(1, round(WORDS_PER_S * length_s))
        said = [self.words[(self.n_heard + i) % len(self.words)] for i in range(n_words)]
        self.n_heard += n_words
        step_s = length_s / n_words
        words = tuple(Word(text, i * step_s, (i + 1) * step_s) for i, text in enumerate(said))
        segment = Segment(" ".join(said), 0.0, length_s, words)
        return Transcript((segment,), "shape", "", "", length_s)


@dataclass(frozen=True)
class PacedMicrophone:
    """Blocks at the pace of speech; they end with the last sample."""

    samples: Samples
    told: Callable[[], None]

    def blocks(self, stop: threading.Event) -> Iterator[Samples]:
        started_s = time.perf_counter()
        for end in range(320, len(self.samples) + 1, 320):
            stop.wait(max(0.0, started_s + end / SAMPLE_RATE_HZ - time.perf_counter()))
            if end + 320 > len(self.samples):
                self.told()
            yield self.samples[end - 320 : end]


@dataclass
class Watching(ScriptedInteraction):
    """Notes when the score is shown, and what the processor has done at each block."""

    shown_s: float = 0.0
    cpu: list[tuple[float, float]] = field(default_factory=list)

    def heard(self, moment: Moment) -> None:
        super().heard(moment)
        self.cpu.append((time.perf_counter(), time.process_time()))

    def show(self, outcome: Outcome) -> None:
        self.shown_s = time.perf_counter()
        super().show(outcome)


def speech(seconds: float, seed: int) -> Samples:
    """So much speech with pauses at random, up to the last sample."""
    said = [random_answer(seed + i, espeak, KNOWN).samples for i in range(2)]
    return np.concatenate(said)[: round(seconds * SAMPLE_RATE_HZ) // 320 * 320]


def load(folder: Path, words: Sequence[str]) -> Recogniser:
    inner = WhisperTranscriber(folder, "shape", "cpu", "int8")
    model: Any = inner._model
    end = model.hf_tokenizer.token_to_id("<|endoftext|>")
    inner._model = HeldModel(model, end)
    return Recogniser(inner, words)


def idle_cpu(watching: Watching, busy: Sequence[tuple[float, float]]) -> float:
    """The share of one core that listening takes while no piece is transcribed or scored."""
    cpu_s = wall_s = 0.0
    for (before, cpu_before), (after, cpu_after) in zip(
        watching.cpu, watching.cpu[1:], strict=False
    ):
        # A second after a piece its claims are still being embedded.
        if not any(start < after and before < end + 1.0 for start, end in busy):
            cpu_s += cpu_after - cpu_before
            wall_s += after - before
    return cpu_s / wall_s if wall_s else 0.0


def hold(finisher: Finisher, recogniser: Recogniser, samples: Samples) -> Figures:
    """One interview of one answer, and the same recording transcribed afterwards."""
    recogniser.n_heard, recogniser.busy = 0, []
    ended_s: list[float] = []
    watching = Watching()
    microphone = PacedMicrophone(samples, lambda: ended_s.append(time.perf_counter()))
    silent = SilentSynthesizer(), SilentSpeaker()
    interview = Interview(
        Parts(finisher.archive, finisher, *silent, lambda _question: microphone),
        watching,
        Options(seconds=duration_s(samples) + 1),
    )
    question = finisher.bank.question(QUESTION)
    attempt = interview.run([Choice(question, "asked for")]).attempts[-1]
    live_s = watching.shown_s - ended_s[-1]
    figures: Figures = {
        "live, s": live_s,
        "pieces": len(recogniser.busy),
        "work on the last piece, s": recogniser.busy[-1][1] - recogniser.busy[-1][0],
        "backlog at most, s": max(moment.behind_s for moment in watching.moments),
        "CPU while listening, cores": idle_cpu(watching, recogniser.busy),
    }
    recogniser.n_heard = 0
    started_s = time.perf_counter()
    again = finisher.transcribe(attempt)
    finisher.archive.save_assessment(again.id, finisher.score(again))
    whole_s = time.perf_counter() - started_s
    return {**figures, "whole file, s": whole_s, "times faster": whole_s / live_s}


def percentile(values: Sequence[float], share: float) -> float:
    return float(np.quantile(values, share))


def summarise(runs: Sequence[Figures]) -> Figures:
    live, whole, faster, cpu = (
        [float(run[name]) for run in runs]
        for name in ("live, s", "whole file, s", "times faster", "CPU while listening, cores")
    )
    return {
        "runs": len(runs),
        "end of speech to score, median, s": statistics.median(live),
        "end of speech to score, 95th percentile, s": percentile(live, 0.95),
        "end of speech to score, most, s": max(live),
        "whole file afterwards, median, s": statistics.median(whole),
        "times faster, median": statistics.median(faster),
        "times faster, least": min(faster),
        "backlog at most, s": max(float(run["backlog at most, s"]) for run in runs),
        "CPU while listening, median, cores": statistics.median(cpu),
        "peak memory, MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--size", default="base")
    parser.add_argument("--seconds", type=float, default=90.0)
    parser.add_argument("--slow", action="store_true")
    options = parser.parse_args()
    on = machine()
    with tempfile.TemporaryDirectory() as folder:
        model, settings = Path(folder, "model"), Settings(cache_dir=Path(folder, "cache"))
        build = [sys.executable, "-m", "benchmarks._shape_true", model, "--size", options.size]
        subprocess.run(build, check=True, capture_output=True)
        bank, rubrics = parts.load_content(settings)
        recogniser = load(model, bank.question(QUESTION).answer.split())
        scorer = parts.load_scorer(settings, rubrics)
        with Archive(f"sqlite:///{folder}/archive.db", Path(folder)) as archive:
            hints, mend = parts.jargon(bank), parts.mender(settings, bank)
            finisher = Finisher(
                archive, bank, rubrics, lambda: recogniser, lambda: scorer, hints, mend
            )
            runs = []
            for seed in range(options.runs):
                runs.append(hold(finisher, recogniser, speech(options.seconds, 2 * seed)))
                print(runs[-1], flush=True)
            summary = summarise(runs)
            if options.slow:
                recogniser.slowness = 2.0
                slow = hold(finisher, recogniser, speech(options.seconds, 0))
                summary["half as fast: end of speech to score, s"] = slow["live, s"]
                summary["half as fast: backlog at most, s"] = slow["backlog at most, s"]
    write_results("live_latency", __doc__ or "", on, summary, runs)


if __name__ == "__main__":
    main()
