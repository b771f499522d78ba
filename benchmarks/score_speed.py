"""How long scoring takes: one answer at a time, and many at once, side by side.

python benchmarks/score_speed.py [--answers 100] [--repeats 3]
"""

from __future__ import annotations

import argparse
import os
import random
import re
import statistics
import time
from collections.abc import Callable

from interviewer.bank.question import load_bank
from interviewer.bank.rubric import load_rubrics
from interviewer.scoring.embedding import SentenceEmbedder, find_model
from interviewer.scoring.scale import load_scale
from interviewer.scoring.scorer import Item, Scorer
from interviewer.settings import Settings
from interviewer.speech.transcript import typed


def made_answers(settings: Settings, n_answers: int, seed: int) -> list[Item]:
    """Different answers of ten sentences each, drawn from the model answers of the bank."""
    draw = random.Random(seed)  # noqa: S311
    bank = load_bank(settings.bank_dir)
    rubrics = load_rubrics(settings.rubrics_dir, bank)
    questions = [question for question in bank.questions if question.id in rubrics]
    said = [s for q in questions for s in re.split(r"(?<=[.?])\s+", q.answer.strip())]
    items = []
    for i in range(n_answers):
        question = questions[i % len(questions)]
        # A number of its own keeps a sentence from being embedded once for several answers.
        text = " ".join(f"{sentence[:-1]} {i}." for sentence in draw.sample(said, 10))
        items.append((question, rubrics[question.id], typed(text)))
    return items


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    settings = Settings()
    scale = load_scale(settings.rubrics_dir)
    items = made_answers(settings, options.answers, seed=1)

    def one_by_one(scorer: Scorer) -> None:
        for question, rubric, transcript in items:
            scorer.score(question, rubric, transcript)

    def imported() -> None:
        import sentence_transformers  # noqa: F401

    import_s = seconds(imported)
    started = time.perf_counter()
    embedder = SentenceEmbedder(find_model(offline=True))
    load_s = time.perf_counter() - started
    scorer = Scorer(embedder, scale)
    rubrics_s = seconds(lambda: scorer.score_many(items[:10]))
    alone, bulk = [], []
    for _ in range(options.repeats):  # in turn, so that a busy machine slows both alike
        alone.append(seconds(lambda: one_by_one(scorer)))
        bulk.append(seconds(lambda: scorer.score_many(items)))
    per_answer_ms = 1000 / len(items)
    alone_ms = statistics.median(alone) * per_answer_ms
    bulk_ms = statistics.median(bulk) * per_answer_ms
    print(f"{scorer.name}, {os.cpu_count()} cores, {len(items)} answers of 10 sentences")
    print(f"import sentence_transformers    {import_s:8.2f} s")
    print(f"check and load the weights      {load_s:8.2f} s")
    print(f"first ten, with their rubrics   {rubrics_s:8.2f} s")
    print(f"one by one                      {alone_ms:8.1f} ms an answer")
    print(f"many at once                    {bulk_ms:8.1f} ms an answer")
    print(f"ratio                           {alone_ms / bulk_ms:8.2f}")


if __name__ == "__main__":
    main()
