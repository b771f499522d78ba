"""How many questions a bank has of each kind, and what their rubrics hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from interviewer.bank.question import DIFFICULTIES, ROLES, Bank, Difficulty, Question, Role
from interviewer.bank.rubric import Rubric


@dataclass(frozen=True)
class Counts:
    """What some questions amount to, with their rubrics."""

    questions: int
    rubrics: int
    key_points: int
    accepts: int
    rejects: int
    probes: int
    follow_ups: int
    drafts: int
    """Key points that a person has not looked at."""
    difficulties: Mapping[Difficulty, int]
    roles: Mapping[Role, int]


@dataclass(frozen=True)
class Stats:
    """The counts of a bank, and of each category by its slug, in the order of the files."""

    total: Counts
    categories: Mapping[str, Counts]
    titles: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            **asdict(self.total),
            "categories": [
                {"category": slug, "title": self.titles[slug], **asdict(counts)}
                for slug, counts in self.categories.items()
            ],
        }


def stats_of(bank: Bank, rubrics: Mapping[str, Rubric]) -> Stats:
    """Count everything."""
    return Stats(
        total=_counts(bank.questions, rubrics),
        categories={each.slug: _counts(each.questions, rubrics) for each in bank.categories},
        titles={each.slug: each.title for each in bank.categories},
    )


def _counts(questions: Sequence[Question], rubrics: Mapping[str, Rubric]) -> Counts:
    graded = [rubrics[question.id] for question in questions if question.id in rubrics]
    points = [point for rubric in graded for point in rubric.key_points]
    difficulties = Counter(question.difficulty for question in questions)
    roles = Counter(role for question in questions for role in question.roles)
    return Counts(
        questions=len(questions),
        rubrics=len(graded),
        key_points=len(points),
        accepts=sum(len(point.accept) for point in points),
        rejects=sum(len(point.reject) for point in points),
        probes=sum(bool(point.probe.strip()) for point in points),
        follow_ups=sum(len(question.follow_ups) for question in questions),
        drafts=sum(point.draft for point in points),
        difficulties={difficulty: difficulties[difficulty] for difficulty in DIFFICULTIES},
        roles={role: roles[role] for role in ROLES},
    )
