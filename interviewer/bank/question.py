"""What is asked."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Difficulty = Literal["easy", "medium", "hard"]
Role = Literal[
    "mle", "ai-eng", "research-eng", "llm-eng", "ml-infra-eng", "applied-scientist"
]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Text = Annotated[str, Field(min_length=1, max_length=20_000)]


class Strict(BaseModel):
    """What people write by hand: exact types, no unknown names, never changed after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class FollowUp(Strict):
    ask: Text
    answer: Text


class Question(Strict):
    id: Slug
    number: int
    category: Slug
    """Slug of the category; taken from the head of the file."""
    ask: Text
    speak: str = ""
    difficulty: Difficulty
    roles: tuple[Role, ...]
    time_limit_s: int = 90
    terms: tuple[str, ...] = ()
    answer: Text
    notes: str = ""
    follow_ups: tuple[FollowUp, ...] = ()

    @property
    def spoken(self) -> str:
        """What the voice reads aloud."""
        return self.speak or self.ask
