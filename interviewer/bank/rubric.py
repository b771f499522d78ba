"""How an answer is graded."""

from __future__ import annotations

from interviewer.bank.question import Slug, Strict, Text


class KeyPoint(Strict):
    id: Slug
    point: Text
    weight: int = 1
    required: bool = False
    accept: tuple[Text, ...] = ()
    reject: tuple[Text, ...] = ()
    probe: str = ""


class Rubric(Strict):
    question_id: Slug
    key_points: tuple[KeyPoint, ...]
