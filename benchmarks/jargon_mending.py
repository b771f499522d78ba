"""How many misheard terms are mended, and how much is changed that was right.

python -m benchmarks.jargon_mending [--aloud]

A hundred sentences in which one term is misheard, and a hundred ordinary ones: each alone, and the
ordinary ones also amid jargon. Then the spoken-style answers of `answers/`, of which some have the
slips of a recogniser. With `--aloud` a voice says the hundred sentences as they were meant, and
pocketsphinx writes them down: how many terms are right before and after mending.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from benchmarks._results import Figures, machine, write_results
from interviewer.speech.jargon import Mender
from interviewer.speech.transcript import Transcript
from tests.speech_kit import flite
from tests.test_jargon import MISHEARD, ORDINARY, case, heard, is_mended, terms

ANSWERS = Path(__file__).parent / "answers"
JARGON = "The attention layer reads the keys and values of all tokens, then come the logits."


def mended(transcript: Transcript) -> list[str]:
    return [f"{word.heard} > {word.text}" for word in transcript.words if word.heard]


def spoken_style(mender: Mender) -> tuple[int, int, list[str]]:
    """Answers, words, and what was mended in them."""
    lines = [line for file in ANSWERS.glob("0*.jsonl") for line in file.read_text().splitlines()]
    texts = [json.loads(line)["text"] for line in lines]
    changes = [change for text in texts for change in mended(mender.mend(heard(text)))]
    return len(texts), sum(len(text.split()) for text in texts), changes


def holds(term: str, text: str) -> bool:
    """Whether the words of the text have the term, however it is written."""
    plain = [re.sub("[^a-z0-9]+", " ", each.lower()).strip() for each in (term, text)]
    return f" {plain[0]} " in f" {plain[1]} "


def aloud(mender: Mender) -> Figures:
    from interviewer.speech.sphinx import SphinxTranscriber

    recogniser, before, after, n_changes = SphinxTranscriber(), 0, 0, 0
    for line in MISHEARD:
        written, misheard, term = case(line)
        found = recogniser.transcribe(flite(written.replace(misheard, term)))
        better = mender.mend(found)
        before += holds(term, found.text)
        after += holds(term, better.text)
        n_changes += len(mended(better))
    return {
        "said aloud: right terms before": before,
        "said aloud: right terms after": after,
        "said aloud: words mended": n_changes,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--aloud", action="store_true")
    options = parser.parse_args()
    on, mender = machine(), Mender(terms())
    left = [line for line in MISHEARD if not is_mended(mender, line)]
    wrong = [change for line in ORDINARY for change in mended(mender.mend(heard(line)))]
    amid = [mended(mender.mend(heard(JARGON, line, JARGON))) for line in ORDINARY]
    n_answers, n_words, changes = spoken_style(mender)
    summary: Figures = {
        "misheard terms": len(MISHEARD),
        "of them mended": len(MISHEARD) - len(left),
        "ordinary sentences": len(ORDINARY),
        "of them changed": len(wrong),
        "of them changed amid jargon": sum(map(bool, amid)),
        "spoken-style answers": n_answers,
        "their words": n_words,
        "words mended in them": len(changes),
        **(aloud(mender) if options.aloud else {}),
    }
    runs = [
        {"left": left},
        {"changed amid jargon": [change for found in amid for change in found]},
        {"mended in spoken-style answers": sorted(changes)},
    ]
    write_results("jargon_mending", __doc__ or "", on, summary, runs)


if __name__ == "__main__":
    main()
