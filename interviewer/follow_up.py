"""What an interviewer asks after an answer, and how the reply is graded. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection

from interviewer.archive import Following
from interviewer.bank.question import Question
from interviewer.bank.rubric import KeyPoint, Rubric
from interviewer.scoring.grade import Assessment

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9])")


def next_follow_up(
    attempt_id: int,
    question: Question,
    rubric: Rubric,
    assessment: Assessment,
    asked: Collection[str] = (),
) -> Following | None:
    """What to ask next: about the most important point that was missed, else to go deeper.

    Points that were missed or contradicted go before those stated in part; among them the required
    and then the heaviest.

    Args:
        attempt_id: the answer's.
        assessment: of the answer, with the replies so far.
        asked: the texts asked already, which are not asked again.
    """
    if assessment.score is None:
        return None
    statuses = {result.id: result.status for result in assessment.key_points}
    missed = [
        point
        for point in rubric.key_points
        if statuses.get(point.id, "missed") != "hit" and point.probe and point.probe not in asked
    ]
    if missed:
        point = max(
            missed,
            key=lambda point: (statuses.get(point.id) != "partial", point.required, point.weight),
        )
        return Following(attempt_id, point.probe, point.id)
    if any(status != "hit" for status in statuses.values()):
        return None
    own = (entry.ask for entry in question.follow_ups if entry.ask not in asked)
    return next((Following(attempt_id, ask, None) for ask in own), None)


def own_rubric(question: Question, ask: str) -> Rubric | None:
    """How the reply to one of the question's own follow-ups is graded: by its answer's sentences.

    `None` when the question has no such follow-up.
    """
    for entry in question.follow_ups:
        if entry.ask == ask:
            sentences = [
                part.strip() for part in _SENTENCE_END.split(" ".join(entry.answer.split()))
            ]
            points = tuple(
                KeyPoint(id=f"sentence-{number}", point=sentence)
                for number, sentence in enumerate(sentences, start=1)
            )
            return Rubric(question_id=question.id, key_points=points)
    return None
