"""How long scoring takes: one answer at a time, and many at once, side by side.

One at a time is measured twice: with a scorer that has read the rubric before, as in an interview,
where it is read while the candidate speaks; and with a new scorer for each answer, models loaded,
as where each answer is scored by itself.

For graded answers as they are, long and short; for the same by rubrics without misconceptions and
other wordings; and for longer answers, of ten sentences each.

python -m benchmarks.score_speed [--answers 100] [--repeats 3]
"""

from __future__ import annotations

import argparse
import os
import random
import re
import statistics
import time
from collections.abc import Callable, Sequence

from interviewer.bank.question import load_bank
from interviewer.bank.rubric import load_rubrics
from interviewer.scoring.embedding import Embedder, SentenceEmbedder, find_model
from interviewer.scoring.scale import Scale, load_scale
from interviewer.scoring.scorer import Item, Scorer
from interviewer.settings import Settings
from interviewer.speech.transcript import typed
from training.graded import points_only, shipped_material


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


def graded_answers(n_answers: int, seed: int) -> list[Item]:
    """Some of the project's graded answers, of every kind."""
    material = shipped_material()
    draw = random.Random(seed)  # noqa: S311
    return material.items(draw.sample([*material.train, *material.test], n_answers))


def print_speed(embedder: Embedder, scale: Scale, items: Sequence[Item], repeats: int) -> None:
    """One line for each way of scoring."""

    def one_by_one(scorer_for_each: Callable[[], Scorer], part: Sequence[Item]) -> None:
        for question, rubric, transcript in part:
            scorer_for_each().score(question, rubric, transcript)

    scorer = Scorer(embedder, scale)
    scorer.score_many(items)
    some = items[: max(1, len(items) // 4)]
    new, known, bulk = [], [], []
    for _ in range(repeats):  # in turn, so that a busy machine slows all alike
        new.append(seconds(lambda: one_by_one(lambda: Scorer(embedder, scale), some)))
        known.append(seconds(lambda: one_by_one(lambda: scorer, items)))
        bulk.append(seconds(lambda: scorer.score_many(items)))
    new_ms = statistics.median(new) * 1000 / len(some)
    known_ms = statistics.median(known) * 1000 / len(items)
    bulk_ms = statistics.median(bulk) * 1000 / len(items)
    print(f"one by one, each by itself      {new_ms:8.1f} ms an answer")
    print(f"one by one, rubrics known       {known_ms:8.1f} ms an answer")
    print(f"many at once                    {bulk_ms:8.1f} ms an answer")
    print(f"many at once, answers a second  {1000 / bulk_ms:8.1f}")
    print(f"ratio to each by itself         {new_ms / bulk_ms:8.2f}")
    print(f"ratio to rubrics known          {known_ms / bulk_ms:8.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    settings = Settings()
    scale = load_scale(settings.rubrics_dir)

    def imported() -> None:
        import sentence_transformers  # noqa: F401

    import_s = seconds(imported)
    started = time.perf_counter()
    embedder = SentenceEmbedder(find_model(offline=True))
    load_s = time.perf_counter() - started
    print(f"{Scorer(embedder, scale).name}, {os.cpu_count()} cores")
    print(f"import sentence_transformers    {import_s:8.2f} s")
    print(f"check and load the weights      {load_s:8.2f} s")
    graded = graded_answers(options.answers, seed=1)
    for name, items in (
        ("graded answers", graded),
        ("of them by the points alone", [(q, points_only(r), said) for q, r, said in graded]),
        ("answers of ten sentences", made_answers(settings, options.answers // 2, seed=1)),
    ):
        n_words = statistics.mean(len(said.text.split()) for _, _, said in items)
        print(f"\n{len(items)} {name}, {n_words:.0f} words on average")
        print_speed(embedder, scale, items, options.repeats)


if __name__ == "__main__":
    main()
