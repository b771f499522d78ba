"""Banks to carry out and in again, as tests need them."""

# ruff: noqa: E501 (a table of texts is read row by row)

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from hypothesis import strategies as st

from interviewer.bank.exchange.assembly import Imported
from interviewer.bank.exchange.formats import Format, export_file, import_file
from interviewer.bank.exchange.text import block, flat
from interviewer.bank.question import (
    DIFFICULTIES,
    ROLES,
    Category,
    FollowUp,
    Question,
)

FILES: Final = Path(__file__).parent / "exchange"
"""Files that other programs made; see the README there."""
SUFFIXES: Final[Mapping[Format, str]] = {
    "markdown": ".md", "csv": ".csv", "tsv": ".tsv", "anki": ".txt", "apkg": ".apkg",
}  # fmt: skip
FORMATS: Final = tuple(SUFFIXES)

CATEGORIES: Final = (
    Category(
        "rag-systems",
        "RAG Systems",
        (
            Question(
                id="hybrid-search",
                number=26,
                ask='When does "hybrid" search, dense + sparse, pay off?',
                speak="When does hybrid search pay off?",
                difficulty="hard",
                roles=("mle", "ai-eng"),
                time_limit_s=60,
                terms=("BM25", "alpha; beta", "one, two"),
                tags=("search::dense", "weekly"),
                answer=(
                    "Dense vectors find meaning, and keywords find names.\n\n"
                    "- Scores are fused with a weight alpha.\n  - 0.5 is where to begin.\n"
                    "- Ranks are fused without one.\n\n```\nscore = a * d + (1 - a) * s\n# both\n```\n"
                ),
                notes="## Formula\n\n| k | 1/k |\n|---|---|\n| 1 | 1 |\n\n---\n\nQ9. is no question.\n",
                follow_ups=(
                    FollowUp(
                        ask="What is RRF?", answer="A sum over 1/(k + rank).\n\nIt needs no scale."
                    ),
                    FollowUp(ask="How is alpha chosen?"),
                ),
                category="rag-systems",
            ),
            Question(
                id="reranker",
                number=3,
                ask="What is a reranker?",
                difficulty="easy",
                roles=ROLES,
                answer="A model that reads query and document together.\n",
                category="rag-systems",
            ),
        ),
    ),
    Category(
        "llm",
        "Große Modelle: Überblick",
        (
            Question(
                id="what",
                number=100,
                ask="What is a language model?",
                difficulty="medium",
                roles=("llm-eng",),
                answer="",
                category="llm",
            ),
        ),
    ),
)


def carried(categories: tuple[Category, ...], folder: Path, format_name: Format) -> Imported:
    """Exported to a file in the folder, and imported again."""
    file = folder / f"questions{SUFFIXES[format_name]}"
    export_file(categories, file, replace=True)
    return import_file(file, "another-name", format_name)


def written(folder: Path, name: str, content: str | bytes) -> Path:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return file


# Any bank

_CHARACTERS: Final = st.characters(exclude_categories=["Cs", "Cc"])
_PIECES: Final = st.sampled_from(
    [
        *("Q5. What?", "## Part", "#### Q1. x", "**Answer**", "Answer: no", "A: b", "Notes", "Note: a"),
        *("**Follow-ups:**", "Follow-up: c", "Difficulty: Easy", "**Difficulty:** Hard | x", "Tags: x"),
        *("```", "```python", "~~~", "---", "* * *", "- item", "  - deeper", "* star", "1. one", "• dot"),
        *("| a | b |", "|---|", "<details>", "<summary>Answer</summary>", "<b>", "<br>", "&amp;", "&#9;"),
        *("=1+1", "'=1", "-5", "@x", "#separator:tab", "# x", '"', '""', "';", ",", ";", "\t", "\\# x"),
        *("\\", "\\\\Answer", "**bold**", "`code`", "****", "a\\;b", "\xa0", "\u2028", "\ufeff", "x" * 70),
        *("% TAG", "--- a", "...", ": ", "null", "true", "'", "{}", "[", "&a", "*a", "!b", "   ", ""),
    ]
)  # fmt: skip
LINES: Final = st.lists(_PIECES | st.text(_CHARACTERS, max_size=8), max_size=3).map(" ".join)
TEXTS: Final = st.lists(LINES, max_size=6).map("\n".join).map(block)
# What formats cannot carry or read as something else: marks in what is read aloud, gaps, sounds.
_PLAIN: Final = LINES.map(lambda text: flat(re.sub(r"[*`]", "", text)))
ASKS: Final = _PLAIN.map(lambda text: text or "What?")
_WORDS: Final = st.sampled_from(["a", "0", "7b", "kv", "cache", "rag", "x1", "question", "all"])
SLUGS: Final = st.lists(_WORDS, min_size=1, max_size=4).map("-".join)
TAGS: Final = st.sampled_from(["#1", "it's", "=x", "a::b", "<b>", "&b", "über", "easier", "role"])


@st.composite
def categories(draw: st.DrawFn) -> tuple[Category, ...]:
    """One or two categories whose questions have any texts that a reader leaves as they are."""
    slugs = draw(st.lists(SLUGS, min_size=1, max_size=2, unique=True))
    ids = iter(draw(st.lists(SLUGS.filter(_has_letter), min_size=3, max_size=3, unique=True)))
    numbers = iter(draw(st.lists(st.integers(1, 1_000_000), min_size=3, max_size=3, unique=True)))
    made: list[Category] = []
    for slug in slugs:
        title = draw(_PLAIN.filter(bool)).replace("::", ":")
        count = 2 if slug == slugs[0] else 1
        questions = (draw(questions_of(slug, next(ids), next(numbers))) for _ in range(count))
        made.append(Category(slug, title, tuple(questions)))
    return tuple(made)


def _has_letter(text: str) -> bool:
    return re.search("[a-z]", text) is not None


@st.composite
def questions_of(draw: st.DrawFn, category: str, id_: str, number: int) -> Question:
    roles = draw(st.sets(st.sampled_from(ROLES), min_size=1))
    follow_ups = st.builds(FollowUp, ask=ASKS, answer=TEXTS)
    terms = draw(st.lists(LINES.map(flat).filter(bool), max_size=3, unique=True))
    return Question(
        id=id_,
        number=number,
        ask=draw(ASKS),
        speak=draw(_PLAIN),
        difficulty=draw(st.sampled_from(DIFFICULTIES)),
        roles=tuple(role for role in ROLES if role in roles),
        time_limit_s=draw(st.integers(1, 600)),
        terms=tuple(terms),
        tags=tuple(draw(st.lists(TAGS, max_size=3, unique=True))),
        answer=draw(TEXTS.map(_ended)),
        notes=draw(TEXTS.map(_ended)),
        follow_ups=tuple(draw(st.lists(follow_ups, max_size=3))),
        category=category,
    )


def _ended(text: str) -> str:
    return f"{text}\n" if text else ""
