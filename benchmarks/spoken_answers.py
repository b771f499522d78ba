"""Whether an answer gets the same score typed and spoken.

python -m benchmarks.spoken_answers [--most-words 60] [--pause-s 0.7] [--cache FOLDER]

The short answers to test questions are said by a voice made from recordings of a person, heard as
the program hears a recording without a network (pocketsphinx, with misheard terms mended), and
scored by the shipped scorer, beside the typed text and the typed text without punctuation. The
voice reads straight on from sentence to sentence, which people do not, so it pauses after each.
Word errors are counted against the typed text, where a number in digits is no word. Hearing takes
most of the time: with `--cache`, what was heard is kept, and another run only scores.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

import numpy as np

from benchmarks._agreement import accuracy, confusion, quadratic_weighted_kappa
from benchmarks._results import Figures, machine, write_results
from benchmarks.score_agreement import SCALE, Bench, agreement, as_heard, first_grades
from interviewer.audio.format import SAMPLE_RATE_HZ, Samples
from interviewer.scoring.adapter import ADAPTER
from interviewer.scoring.embedding import SentenceEmbedder, find_model
from interviewer.scoring.remembering import RememberingEmbedder
from interviewer.scoring.scorer import Scorer
from interviewer.speech import sphinx
from interviewer.speech.jargon import Mender, glossary
from interviewer.speech.live import transcribe_pieces
from interviewer.speech.transcript import Transcript, typed
from tests.models.measure_tiny_whisper import align, plain_words
from tests.speech_kit import flite
from training.graded import Answer, Material, shipped_material

VOICE = "flite rms"
QUIET = np.zeros(SAMPLE_RATE_HZ // 2, np.float32)
"""Before and after what is said: nobody speaks from the first sample of a recording to its last."""

Hear: TypeAlias = Callable[[str], Transcript]
Scores: TypeAlias = dict[str, list[int]]
"""The scores of all answers by the form in which they were given."""


def missing() -> str:
    """What to install before anything can be said and heard; nothing when all is there."""
    if shutil.which("flite") is None:
        return "the voice is missing; type: sudo apt-get install flite"
    if find_spec(sphinx.ENGINE) is None:
        return "the recogniser is missing; type: pip install 'interviewer[offline]'"
    return ""


def said(text: str, pause_s: float) -> Samples:
    """The text in a voice, with a pause after each sentence as `as_heard` imagines it."""
    pause = np.zeros(round(pause_s * SAMPLE_RATE_HZ), np.float32)
    sentences = re.split(r"(?<=[.?!])\s+", text.strip()) if pause_s > 0 else [text]
    parts = [part for sentence in sentences for part in (pause, flite(sentence))]
    return np.concatenate([QUIET, *parts[1:], QUIET])


def hearing(hints: Sequence[str], pause_s: float) -> Hear:
    """Say a text and hear it; the recogniser is loaded when it is first needed."""
    recogniser = lru_cache(sphinx.SphinxTranscriber)

    def hear(text: str) -> Transcript:
        return transcribe_pieces(said(text, pause_s), recogniser, hints)

    return hear


def remembered(hear: Hear, folder: Path, pause_s: float) -> Hear:
    """What was heard earlier, or else `hear`: again for another voice, pause or recogniser."""
    folder.mkdir(parents=True, exist_ok=True)
    # Its source is part of a recogniser: it holds the words and the search that we give it.
    source = hashlib.sha256(Path(sphinx.__file__).read_bytes()).hexdigest()
    by = (VOICE, pause_s, sphinx.ENGINE, version(sphinx.ENGINE), sphinx.MODEL, source)

    def recall(text: str) -> Transcript:
        key = hashlib.sha256(json.dumps((text, *by)).encode()).hexdigest()
        file = folder / f"{key[:24]}.json"
        if not file.exists():
            half = file.with_suffix(".half")
            kept = {"text": text, "by": by, "heard": hear(text).to_dict()}
            half.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
            half.replace(file)
        return Transcript.from_dict(json.loads(file.read_text(encoding="utf-8"))["heard"])

    return recall


def wrong_words(answers: Sequence[Answer], heard: Sequence[Transcript]) -> float:
    """The word error rate over all answers together."""
    wanted = [plain_words(answer.text) for answer in answers]
    edits = [align(w, plain_words(h.text))[0] for w, h in zip(wanted, heard, strict=True)]
    return sum(edits) / sum(map(len, wanted))


def likeness(name: str, first: Sequence[int], second: Sequence[int]) -> Figures:
    """How far the scores of two forms of the same answers agree."""
    table = confusion(first, second)
    return {
        f"{name}, QWK": quadratic_weighted_kappa(first, second),
        f"{name}, same score": accuracy(first, second),
        f"{name}, two apart": float((table[0, 2] + table[2, 0]) / table.sum()),
    }


def by_kind(answers: Sequence[Answer], heard: Sequence[Transcript], scores: Scores) -> Figures:
    """For each kind, how many answers got 0, 1 and 2 in each form, and how they were heard."""
    figures: Figures = {}
    for kind in sorted({answer.kind for answer in answers}):
        at = [i for i, answer in enumerate(answers) if answer.kind == kind]
        shown = [
            f"{form} {' '.join(str([got[i] for i in at].count(score)) for score in range(3))}"
            for form, got in scores.items()
        ]
        same = sum(scores["typed"][i] == scores["spoken"][i] for i in at)
        wrong = wrong_words([answers[i] for i in at], [heard[i] for i in at])
        shown += [f"same typed and spoken {same} of {len(at)}", f"word errors {wrong:.2f}"]
        figures[f"{kind}, scored 0 1 2"] = "; ".join(shown)
    return figures


def measure(
    material: Material, answers: Sequence[Answer], hear: Hear, mender: Mender, pause_s: float
) -> None:
    """Hear and score the answers, and write down the figures."""
    on, unmended = machine(), [hear(answer.text) for answer in answers]
    heard = [mender.mend(transcript) for transcript in unmended]
    embedder = RememberingEmbedder(SentenceEmbedder(find_model(offline=True), ADAPTER))
    bench = Bench(material, embedder, embedder, embedder)
    spoken = {a.text: transcript for a, transcript in zip(answers, heard, strict=True)}
    forms = {"typed": typed, "without punctuation": as_heard, "spoken": spoken.__getitem__}
    scores = {
        form: bench.scores(embedder, transcript_of=given, answers=answers)
        for form, given in forms.items()
    }
    figures: Figures = {
        "answers": len(answers),
        "words": sum(len(plain_words(answer.text)) for answer in answers),
        "pause after each sentence, s": pause_s,
        "minutes of speech": sum(transcript.duration_s for transcript in heard) / 60,
        "scorer": Scorer(embedder, SCALE).name,
        "word error rate": wrong_words(answers, unmended),
        "word error rate, mended": wrong_words(answers, heard),
    }
    for form, got in scores.items():
        figures |= agreement(form, first_grades(answers), got)
    for form in ("spoken", "without punctuation"):
        figures |= likeness(f"{form} against typed", scores["typed"], scores[form])
    figures |= by_kind(answers, heard, scores)
    runs = [
        {"question": a.question, "kind": a.kind, "grade": a.grades[0], "heard": spoken[a.text].text}
        | {form: got[i] for form, got in scores.items()}
        for i, a in enumerate(answers)
    ]
    write_results("spoken_answers", (__doc__ or "").strip(), on, figures, runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most-words", type=int, default=60)
    parser.add_argument("--pause-s", type=float, default=0.7, help="after each sentence")
    parser.add_argument("--cache", type=Path, help="a folder for what was heard")
    options = parser.parse_args()
    if missing():
        parser.exit(2, f"{missing()}\n")
    material = shipped_material()
    answers = [a for a in material.test if len(a.text.split()) <= options.most_words]
    terms = [term for question in material.bank.questions for term in question.terms]
    hear = hearing(glossary(terms), options.pause_s)
    if options.cache is not None:
        hear = remembered(hear, options.cache, options.pause_s)
    measure(material, answers, hear, Mender(terms), options.pause_s)


if __name__ == "__main__":
    main()
