"""What goes out in any format comes back as it was."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings

from interviewer.bank.exchange.assembly import Imported
from interviewer.bank.exchange.folder import write_bank
from interviewer.bank.exchange.formats import Format
from interviewer.bank.exchange.key_points import draft_key_points
from interviewer.bank.exchange.text import block
from interviewer.bank.question import Bank, Category, Question, load_bank
from interviewer.bank.rubric import KeyPoint, Rubric, load_rubrics
from interviewer.settings import shipped_dir
from tests.exchange_kit import CATEGORIES, FORMATS, LINES, TEXTS, carried, categories

PROPERTY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _odd(title: str = "A", terms: tuple[str, ...] = (), answer: str = "") -> tuple[Category, ...]:
    """One question, with texts that were once misread."""
    question = Question(
        id="a", number=1, category="a", ask="What?", difficulty="easy", roles=("mle",),
        terms=terms, answer=answer,
    )  # fmt: skip
    return (Category("a", title, (question,)),)


@pytest.mark.parametrize("format_name", FORMATS)
def test_every_field_survives(tmp_path: Path, format_name: Format) -> None:
    imported = carried(CATEGORIES, tmp_path, format_name)
    assert imported.bank.categories == CATEGORIES
    assert imported.remarks == ()


@pytest.mark.parametrize("format_name", FORMATS)
def test_the_shipped_bank_survives(tmp_path: Path, format_name: Format) -> None:
    shipped = load_bank(shipped_dir("bank"))
    imported = carried(shipped.categories, tmp_path, format_name)
    assert imported.bank.categories == shipped.categories


@pytest.mark.parametrize("format_name", FORMATS)
@PROPERTY
@given(made=categories())
@example(made=_odd(title="a: b"))
@example(made=_odd(terms=(", \\",)))
@example(made=_odd(answer=block("\u2003\u2022 dot") + "\n"))
def test_any_bank_survives(format_name: Format, made: tuple[Category, ...]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        imported = carried(made, Path(folder), format_name)
    assert imported.bank.categories == made
    assert imported.remarks == ()


@PROPERTY
@given(made=categories())
def test_any_bank_is_written_as_it_is_read(made: tuple[Category, ...]) -> None:
    rubrics = {
        question.id: Rubric(question_id=question.id, key_points=points)
        for category in made
        for question in category.questions
        if (points := draft_key_points(question.answer))
    }
    with tempfile.TemporaryDirectory() as folder:
        write_bank(Imported(Bank(made), rubrics, ()), Path(folder) / "own")
        bank = load_bank(Path(folder) / "own" / "bank")
        assert bank.categories == made
        assert load_rubrics(Path(folder) / "own" / "rubrics", bank) == rubrics


@PROPERTY
@given(point=LINES, probe=LINES, phrase=TEXTS)
def test_every_field_of_a_rubric_is_written(point: str, probe: str, phrase: str) -> None:
    key_point = KeyPoint(
        id="a",
        point=f"Point {point}",
        weight=3,
        required=True,
        accept=(f"Yes {phrase}", "said so"),
        reject=(f"No {phrase}",),
        probe=probe,
    )
    question = CATEGORIES[0].questions[1]
    rubrics = {question.id: Rubric(question_id=question.id, key_points=(key_point,))}
    with tempfile.TemporaryDirectory() as folder:
        write_bank(Imported(Bank(CATEGORIES), rubrics, ()), Path(folder) / "own")
        bank = load_bank(Path(folder) / "own" / "bank")
        assert load_rubrics(Path(folder) / "own" / "rubrics", bank) == rubrics
