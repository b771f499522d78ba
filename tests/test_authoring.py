"""New questions in files as they are: added whole, nothing else touched, or not added at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviewer.bank.authoring import PLACEHOLDER, add_question, draft_rubric
from interviewer.bank.exchange.text import block, flat
from interviewer.bank.question import Question, load_bank
from interviewer.bank.rubric import load_rubrics
from interviewer.bank.yaml_file import yaml_files
from interviewer.errors import BankError
from tests.lint_kit import QUESTIONS, RUBRICS, write_bank


def arch(
    category: str = "bridges", ask: str = "What does an arch do?", answer: str = ""
) -> Question:
    return Question(
        id="arch",
        number=3,
        category=category,
        ask=ask,
        difficulty="medium",
        roles=("mle",),
        answer=answer,
    )


def add(folder: Path, question: Question) -> tuple[Path, Path]:
    return add_question(folder, question, "Arches", draft_rubric(question.id, question.answer))


def contents(folder: Path) -> dict[str, str]:
    files = [*yaml_files(folder / "bank"), *yaml_files(folder / "rubrics")]
    return {str(file): file.read_text(encoding="utf-8") for file in files}


def test_the_first_question_makes_its_files(tmp_path: Path) -> None:
    files = add(tmp_path / "mine", arch("arches"))
    assert [file.relative_to(tmp_path).as_posix() for file in files] == [
        "mine/bank/01-arches.yaml",
        "mine/rubrics/01-arches.yaml",
    ]
    bank = load_bank(tmp_path / "mine" / "bank")
    assert bank.questions == (arch("arches"),)
    assert bank.categories[0].title == "Arches"
    (point,) = load_rubrics(tmp_path / "mine" / "rubrics", bank)["arch"].key_points
    assert (point.point, point.draft) == (PLACEHOLDER, True)


def test_what_stands_in_the_files_stays_as_it_is(tmp_path: Path) -> None:
    questions = (
        QUESTIONS.replace("category: bridges\n", "# Mine.\n") + "\n# The end.\ncategory: bridges\n"
    )
    folder = write_bank(tmp_path, questions, "# How it is graded.\n" + RUBRICS)
    before = contents(folder)
    files = add(folder, arch())
    for file, text in before.items():
        now = Path(file).read_text(encoding="utf-8").splitlines()
        kept = iter(now)
        assert all(line in kept for line in text.splitlines())
    bank = load_bank(folder / "bank")
    assert [question.id for question in bank.questions] == ["deck", "cable", "arch"]
    assert list(load_rubrics(folder / "rubrics", bank)) == ["deck", "cable", "arch"]
    assert [str(file) for file in files] == list(before)


@pytest.mark.parametrize("shift", [-2, 3])
def test_entries_are_indented_as_those_before_them(tmp_path: Path, shift: int) -> None:
    head, entries = QUESTIONS.split("questions:\n")
    rows = [" " * (shift + 2) + row.removeprefix("  ") for row in entries.splitlines()]
    folder = write_bank(tmp_path, head + "questions:\n" + "\n".join(rows) + "\n")
    add(folder, arch(answer="It pushes outwards.\n\nSo it needs abutments."))
    found = load_bank(folder / "bank").question("arch")
    assert found.answer == "It pushes outwards.\n\nSo it needs abutments."


def test_another_category_gets_a_file_of_its_own(tmp_path: Path) -> None:
    folder = write_bank(tmp_path)
    files = add(folder, arch("arches"))
    assert [file.name for file in files] == ["02-arches.yaml", "02-arches.yaml"]
    assert (folder / "bank" / "01-bridges.yaml").read_text() == QUESTIONS


def test_a_layout_that_cannot_be_added_to_is_refused_and_kept(tmp_path: Path) -> None:
    entry = "{id: deck, number: 1, ask: What?, difficulty: easy, roles: [all], answer: Road.}"
    flow = f"category: bridges\ntitle: Bridges\nquestions: [{entry}]\n"
    folder = write_bank(tmp_path, flow, RUBRICS[: RUBRICS.index("  cable:\n")])
    before = contents(folder)
    with pytest.raises(BankError, match="cannot add to") as caught:
        add(folder, arch())
    assert "- id: arch" in caught.value.hint
    assert contents(folder) == before
    assert {path.suffix for path in folder.rglob("*") if path.is_file()} == {".yaml"}


def test_key_points_are_those_given_or_come_from_the_answer() -> None:
    given = draft_rubric("arch", "", ["It pushes outwards.", "It pushes outwards."])
    assert [key.id for key in given.key_points] == ["pushes-outwards", "pushes-outwards-2"]
    answer = "An arch pushes outwards at its feet. Heavy abutments take that push up."
    drafted = draft_rubric("arch", answer)
    assert [key.point for key in drafted.key_points] == answer.replace(". ", ".\n").splitlines()
    assert all(key.draft for key in (*given.key_points, *drafted.key_points))


texts = st.text(st.characters(codec="utf-8"), max_size=200)


@given(texts.map(flat).filter(bool), texts.map(block), st.booleans())
def test_any_text_is_read_back_as_it_was_given(
    tmp_path_factory: pytest.TempPathFactory, ask: str, answer: str, existing: bool
) -> None:
    folder = tmp_path_factory.mktemp("mine")
    if existing:
        write_bank(folder)
    question = arch(ask=ask, answer=answer)
    add(folder, question)
    bank = load_bank(folder / "bank")
    assert bank.question("arch") == question
    assert load_rubrics(folder / "rubrics", bank)["arch"].key_points
