"""`interviewer bank import` and `export`, as a person types them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from interviewer.bank.exchange import folder as folder_module
from interviewer.bank.exchange.formats import import_file
from interviewer.bank.question import load_bank
from interviewer.bank.rubric import load_rubrics
from interviewer.cli.main import run
from interviewer.settings import shipped_dir
from tests.exchange_kit import FILES, written

Command = Callable[..., tuple[int, str, str]]
BIRDS = FILES / "lost-heading.txt"


@pytest.fixture
def banks(private_home: Path) -> Path:
    """Where a user's own banks are."""
    return private_home / "banks"


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command; gives its exit code, standard output and standard error."""

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        code = run(["bank", *map(str, arguments)])
        told = capsys.readouterr()
        assert "Traceback" not in told.out + told.err
        assert "fault in interviewer itself" not in told.err
        return code, told.out, told.err

    return call


def test_an_import_says_what_it_found_and_what_to_type_next(command: Command, banks: Path) -> None:
    code, out, _ = command("import", BIRDS)
    assert code == 0
    assert "3 questions in 2 categories: 3 answers, 3 follow-ups, 6 key points drafted" in out
    assert "lost-heading.txt:32: question 2 has no heading; write what it asks" in out
    assert out.endswith("Next: interviewer start --bank lost-heading\n")
    bank = load_bank(banks / "lost-heading" / "bank")
    rubrics = load_rubrics(banks / "lost-heading" / "rubrics", bank)
    assert all(point.draft for rubric in rubrics.values() for point in rubric.key_points)
    assert len(rubrics) == 3


def test_an_imported_bank_is_usable_at_once(command: Command) -> None:
    command("import", BIRDS, "--name", "birds")
    code, out, _ = command("list", "--bank", "birds")
    assert code == 0 and "How do birds stay in the air?" in out


def test_a_bank_is_replaced_only_when_asked(command: Command, banks: Path) -> None:
    command("import", BIRDS)
    edited = next((banks / "lost-heading" / "bank").iterdir())
    edited.write_text("category: edited\n")
    code, _, told = command("import", BIRDS)
    assert code == 2 and "--replace" in told
    assert edited.read_text() == "category: edited\n"
    assert command("import", BIRDS, "--replace")[0] == 0
    assert len(load_bank(banks / "lost-heading" / "bank").questions) == 3
    assert [path.name for path in banks.iterdir()] == ["lost-heading"]


def test_nothing_but_a_bank_is_ever_replaced(command: Command, tmp_path: Path) -> None:
    home = tmp_path / "mine"
    (home / "bank").mkdir(parents=True)
    (home / "thesis.md").write_text("years of work")
    code, _, told = command("import", BIRDS, "--to", home, "--replace")
    assert code == 2 and "holds more than a bank: thesis.md" in told
    assert (home / "thesis.md").read_text() == "years of work"
    code, _, told = command("import", BIRDS, "--to", home / "thesis.md", "--replace")
    assert code == 2 and "is no folder" in told


def test_a_folder_of_ones_own_can_be_named(command: Command, tmp_path: Path) -> None:
    code, out, _ = command("import", BIRDS, "--to", tmp_path / "my birds")
    assert code == 0
    assert f"start --bank '{tmp_path / 'my birds'}'" in out
    assert len(load_bank(tmp_path / "my birds" / "bank").questions) == 3


@pytest.mark.parametrize("name", ["../x", "a/b", "A b", "", "."])
def test_a_name_cannot_lead_elsewhere(command: Command, banks: Path, name: str) -> None:
    code, _, told = command("import", BIRDS, "--name", name)
    assert code == 2 and "allowed: small letters, digits and hyphens" in told
    assert not banks.exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("just words", "there are no questions in"),
        ("question\n\0", "found NUL characters"),
        ("# a?\n" + "x" * 20_001, "allowed: at most 20,000"),
    ],
)
def test_a_file_that_is_refused_leaves_nothing_behind(
    command: Command, tmp_path: Path, banks: Path, content: str, says: str
) -> None:
    code, out, told = command("import", written(tmp_path, "x.md", content))
    assert (code, out) == (1, "")
    assert says in told
    assert not banks.exists()


def test_a_disk_that_fills_up_leaves_the_old_bank(
    command: Command, banks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("import", BIRDS)
    before = {path: path.read_bytes() for path in banks.rglob("*.yaml")}

    def full(file: Path, title: str, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder_module, "_write", full)
    code, _, told = command("import", BIRDS, "--replace")
    assert code == 1 and "No space left on device" in told
    assert {path: path.read_bytes() for path in banks.rglob("*") if path.is_file()} == before


def test_a_category_that_no_file_can_hold_is_refused(
    command: Command, tmp_path: Path, banks: Path
) -> None:
    answer = "\n".join(f"- It has good property number {n}." for n in range(7))
    table = "question,answer\n" + "".join(f'What is {n}?,"{answer}"\n' for n in range(4_000))
    code, _, told = command("import", written(tmp_path, "x.csv", table))
    assert code == 1 and "the category 'x' is too large for one file" in told
    assert not list(banks.iterdir())


def test_questions_without_answers_are_said_to_be_unscored(
    command: Command, tmp_path: Path
) -> None:
    code, out, _ = command("import", written(tmp_path, "x.csv", "question\nWhat?\n"))
    assert code == 0
    assert "1 question in 1 category: 0 answers, 0 follow-ups, 0 key points" in out
    assert "1 question without an answer cannot be scored until one is written" in out


def test_many_categories_keep_their_order(command: Command, tmp_path: Path, banks: Path) -> None:
    table = "question,category\n" + "".join(f"What?,Part {n} of it\n" for n in range(120))
    assert command("import", written(tmp_path, "x.csv", table))[0] == 0
    titles = [category.title for category in load_bank(banks / "x" / "bank").categories]
    assert titles == [f"Part {n} of it" for n in range(120)]


def test_many_remarks_are_not_all_told(command: Command, tmp_path: Path) -> None:
    table = "question,level\n" + "What?,strange\n" * 30
    _, out, _ = command("import", written(tmp_path, "x.csv", table))
    assert "and 20 more such lines" in out


def test_the_format_can_be_named(command: Command, tmp_path: Path) -> None:
    file = written(tmp_path, "questions.txt", "question,answer\nWhat?,So.\n")
    assert command("import", file)[0] == 1
    assert command("import", file, "--format", "csv")[0] == 0


@pytest.mark.parametrize("name", ["x.md", "x.csv", "x.tsv", "x.txt", "x.apkg"])
def test_what_is_shipped_goes_out_and_comes_in_again(
    command: Command, tmp_path: Path, banks: Path, name: str
) -> None:
    shipped = load_bank(shipped_dir("bank"))
    code, out, _ = command("export", tmp_path / name)
    assert code == 0
    assert out == f"{len(shipped.questions)} questions written to {tmp_path / name}\n"
    assert command("import", tmp_path / name)[0] == 0
    assert load_bank(banks / "x" / "bank").categories == shipped.categories


def test_one_category_can_be_exported(command: Command, tmp_path: Path) -> None:
    command("import", BIRDS)
    arguments = ("export", "--bank", "lost-heading", "--category", "flight", tmp_path / "x.md")
    assert command(*arguments)[0] == 0
    exported = import_file(tmp_path / "x.md", "x").bank
    assert [category.title for category in exported.categories] == ["Flight"]


def test_an_export_overwrites_only_when_asked(command: Command, tmp_path: Path) -> None:
    file = written(tmp_path, "x.md", "mine")
    code, _, told = command("export", file)
    assert code == 2 and "--replace" in told
    assert file.read_text() == "mine"
    assert command("export", file, "--replace")[0] == 0
    assert "### Q1. " in file.read_text()


@pytest.mark.parametrize("name", ["x.pdf", "folder.md"])
def test_an_export_that_cannot_be_made_says_what_can(
    command: Command, tmp_path: Path, name: str
) -> None:
    (tmp_path / "folder.md").mkdir()
    code, _, told = command("export", tmp_path / name, "--replace")
    assert code == 2 and "allowed: " in told
