"""Whether live transcription hears the same words as a pass over the recording, and the right ones.

python -m benchmarks.live_words [--engine whisper|sphinx] [--answers 20]

Answers of 60 to 90 s with pauses at random are spoken by the voice that the engine knows best, and
transcribed three times: live, block by block; afterwards as the program transcribes a recording;
and by the engine alone, given all of it in one go.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from benchmarks._results import Figures, machine, write_results
from interviewer.audio.format import Samples, duration_s
from interviewer.bank.question import load_bank
from interviewer.settings import shipped_dir
from interviewer.speech.live import LiveTranscription, transcribe_pieces
from interviewer.speech.transcript import Transcriber
from tests.speech_kit import KNOWN, Answer, espeak, flite, random_answer, word_difference

TINY = Path(__file__).parent.parent / "tests" / "models" / "tiny-whisper"


def bank_sentences() -> list[str]:
    """Sentences of the model answers that a voice reads without guessing."""
    answers = [question.answer for question in load_bank(shipped_dir("bank")).questions]
    sentences = [s for answer in answers for s in re.split(r"(?<=[.?])\s+", answer.strip())]
    return [s for s in sentences if re.fullmatch(r"[A-Za-z' ,.-]{30,120}", s)]


def engine(name: str) -> Transcriber:
    if name == "sphinx":
        from interviewer.speech.sphinx import SphinxTranscriber

        return SphinxTranscriber()
    from interviewer.speech.whisper import load_whisper

    return load_whisper(str(TINY), device="cpu")


def heard_live(samples: Samples, transcriber: Transcriber) -> str:
    with LiveTranscription(lambda: transcriber) as live:
        for start in range(0, len(samples), 320):
            live.write(samples[start : start + 320])
        live.end()
        return live.result().text


def measure(answer: Answer, transcriber: Transcriber) -> Figures:
    live = heard_live(answer.samples, transcriber)
    afterwards = transcribe_pieces(answer.samples, lambda: transcriber).text
    in_one_go = transcriber.transcribe(answer.samples).text
    return {
        "seconds": round(duration_s(answer.samples), 1),
        "words": len(answer.text.split()),
        "live against afterwards": word_difference(afterwards, live),
        "live against the engine alone": word_difference(in_one_go, live),
        "live, wrong": word_difference(answer.text, live),
        "engine alone, wrong": word_difference(answer.text, in_one_go),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=("whisper", "sphinx"), default="whisper")
    parser.add_argument("--answers", type=int, default=20)
    options = parser.parse_args()
    on = machine()
    sphinx = options.engine == "sphinx"
    voice, sentences = (flite, bank_sentences()) if sphinx else (espeak, list(KNOWN))
    transcriber = engine(options.engine)
    runs = []
    for seed in range(options.answers):
        answer = random_answer(seed, voice, sentences)
        runs.append(measure(answer, transcriber))
    means = {name: sum(float(run[name]) for run in runs) / len(runs) for name in runs[0]}
    worst = max(float(run["live against afterwards"]) for run in runs)
    summary: Figures = {"answers": len(runs), **means, "worst live against afterwards": worst}
    write_results(f"live_words_{options.engine}", __doc__ or "", on, summary, runs)


if __name__ == "__main__":
    main()
