"""How far the scorer agrees with the grades of `answers.jsonl`, and which answers it gets wrong.

python benchmarks/score_agreement.py

The scale was fitted with the answers marked "fitted" in view, and fixed before those marked
"unseen" were scored. Each is scored as it was written, and again as a recogniser without
punctuation would give it. With them: each question's model answer (2), the first two misconceptions
of each of its key points (0), and the model answer of the next question (0).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt

from interviewer.bank.question import Bank, load_bank
from interviewer.bank.rubric import Rubric, load_rubrics
from interviewer.scoring.embedding import SentenceEmbedder, find_model
from interviewer.scoring.scale import load_scale
from interviewer.scoring.scorer import Scorer
from interviewer.settings import Settings
from interviewer.speech.transcript import Segment, Transcript, Word, typed

ANSWERS = Path(__file__).parent / "answers.jsonl"


@dataclass(frozen=True)
class Graded:
    set: str
    question: str
    kind: str
    grade: int
    text: str


def written() -> list[Graded]:
    lines = ANSWERS.read_text(encoding="utf-8").splitlines()
    return [Graded(**json.loads(line)) for line in lines]


def as_heard(text: str) -> Transcript:
    """What a recogniser without punctuation makes of a flawless recording.

    Lower-case words of 0.3 s each, with a pause of 0.7 s after each sentence.
    """
    words, now_s = [], 0.0
    for sentence in re.split(r"(?<=[.?!])\s+", text.strip()):
        for word in re.findall(r"[a-z0-9']+", sentence.lower()):
            words.append(Word(word, now_s, now_s + 0.3))
            now_s += 0.3
        now_s += 0.7
    segment = Segment(" ".join(word.text for word in words), 0.0, now_s, tuple(words))
    return Transcript((segment,), "imagined", "", "", now_s)


def quadratic_weighted_kappa(grades: Sequence[int], scores: Sequence[int]) -> float:
    """1 is agreement, 0 is chance; a difference of two counts four times a difference of one."""
    table = confusion(grades, scores)
    cost = (np.arange(3)[:, None] - np.arange(3)[None, :]) ** 2
    chance = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return float(1 - (cost * table).sum() / (cost * chance).sum())


def confusion(grades: Sequence[int], scores: Sequence[int]) -> npt.NDArray[np.int64]:
    table = np.zeros((3, 3), dtype=np.int64)
    np.add.at(table, (np.array(grades), np.array(scores)), 1)
    return table


def report(name: str, grades: Sequence[int], scores: Sequence[int]) -> None:
    print(f"\n{name}: {len(grades)} answers, QWK {quadratic_weighted_kappa(grades, scores):.2f}")
    print("            scored 0  scored 1  scored 2")
    for grade, row in enumerate(confusion(grades, scores)):
        print(f"  graded {grade}  " + "".join(f"{count:>9} " for count in row))


def made(bank: Bank, rubrics: Mapping[str, Rubric], ids: Sequence[str]) -> list[Graded]:
    answers = []
    for question_id, next_id in zip(ids, [*ids[1:], ids[0]], strict=True):
        wrong = [text for key in rubrics[question_id].key_points for text in key.reject[:2]]
        answers += [
            Graded("made", question_id, "model answer", 2, bank.question(question_id).answer),
            Graded("made", question_id, "misconceptions", 0, " ".join(wrong)),
            Graded("made", question_id, "another's answer", 0, bank.question(next_id).answer),
        ]
    return answers


def main() -> None:
    settings = Settings()
    bank = load_bank(settings.bank_dir)
    rubrics = load_rubrics(settings.rubrics_dir, bank)
    scorer = Scorer(SentenceEmbedder(find_model(offline=True)), load_scale(settings.rubrics_dir))
    by_hand = written()
    ids = list(dict.fromkeys(answer.question for answer in by_hand))
    groups = {
        "written by hand, fitted": [answer for answer in by_hand if answer.set == "fitted"],
        "written by hand, unseen": [answer for answer in by_hand if answer.set == "unseen"],
        "made from the bank": made(bank, rubrics, ids),
    }
    forms: dict[str, Callable[[str], Transcript]] = {"as typed": typed, "as heard": as_heard}
    print(scorer.name)
    for (group, answers), (form, transcript_of) in product(groups.items(), forms.items()):
        found = scorer.score_many(
            [
                (bank.question(a.question), rubrics[a.question], transcript_of(a.text))
                for a in answers
            ]
        )
        scores = [int(assessment.score or 0) for assessment in found]
        report(f"{group}, {form}", [answer.grade for answer in answers], scores)
        for answer, score in zip(answers, scores, strict=True):
            if answer.grade != score:
                print(f"  {answer.question}, {answer.kind}: graded {answer.grade}, scored {score}")


if __name__ == "__main__":
    main()
