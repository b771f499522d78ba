"""`interviewer bank` as a person types it, and `--bank` for the commands that read one."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from interviewer.bank.question import load_bank
from interviewer.bank.rubric import load_rubrics
from interviewer.cli.bank import COMMANDS
from interviewer.cli.main import run
from interviewer.settings import shipped_dir
from tests.lint_kit import QUESTIONS, RUBRICS, write_bank

Command = Callable[..., tuple[int, str, str]]
RIGHT = "Lorries drive over the deck. Water flows between the pillars."


class Typist(io.TextIOWrapper):
    """Standard input of somebody at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command; gives its exit code, standard output and standard error."""

    def call(
        *arguments: str | Path, typed: str = "", terminal: bool = False
    ) -> tuple[int, str, str]:
        stdin = (Typist if terminal else io.TextIOWrapper)(io.BytesIO(typed.encode()))
        monkeypatch.setattr("sys.stdin", stdin)
        code = run([str(argument) for argument in arguments])
        told = capsys.readouterr()
        assert "Traceback" not in told.out + told.err
        assert "fault in interviewer itself" not in told.err
        return code, told.out, told.err

    return call


@pytest.fixture
def mine(private_home: Path) -> Path:
    """A bank of one's own, called mine."""
    return write_bank(private_home / "banks" / "mine")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_help_exists(command: Command, name: str) -> None:
    code, out, _ = command("bank", name, "--help")
    assert code == 0 and f"bank {name}" in out


# List and show


def test_the_list_has_a_line_for_each_question(command: Command, mine: Path) -> None:
    code, out, _ = command("bank", "list", "--bank", "mine")
    assert code == 0
    assert [line.split("\t") for line in out.splitlines()] == [
        ["1", "deck", "bridges", "easy", "mle,llm-eng", "What is the deck of a bridge for?"],
        [
            "2",
            "cable",
            "bridges",
            "hard",
            "mle,ai-eng,research-eng,llm-eng,ml-infra-eng,applied-scientist",
            "How does a suspension bridge keep its shape?",
        ],
    ]


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ([], ["deck", "cable"]),
        (["--role", "ai-eng"], ["cable"]),
        (["--difficulty", "easy"], ["deck"]),
        (["--category", "bri", "--difficulty", "easy", "--difficulty", "hard"], ["deck", "cable"]),
    ],
)
def test_the_list_can_be_narrowed_down(
    command: Command, mine: Path, filters: list[str], ids: list[str]
) -> None:
    code, out, _ = command("bank", "list", "--bank", mine, "--json", *filters)
    found = json.loads(out)
    assert code == 0
    assert [question["id"] for question in found] == ids
    names = {"id", "number", "category", "difficulty", "roles", "time_limit_s", "ask"}
    assert all(set(question) == names for question in found)


def test_a_filter_that_is_not_known_names_the_choices(command: Command, mine: Path) -> None:
    code, _, err = command("bank", "list", "--bank", "mine", "--category", "tunnels")
    assert code == 2 and "bridges (2)" in err


def test_the_shipped_questions_are_all_listed(command: Command) -> None:
    _, out, _ = command("bank", "list", "--json")
    found = [question["number"] for question in json.loads(out)]
    assert found == [question.number for question in load_bank(shipped_dir("bank")).questions]


def test_a_terminal_gets_tables_and_rendered_markdown(
    command: Command, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = command("bank", "list", "--bank", "mine")
    assert code == 0 and "Level" in out and "\t" not in out
    code, out, _ = command("bank", "show", "deck", "--bank", "mine", "--notes")
    assert code == 0 and "Model answer" in out and "##" not in out and "\x1b[" in out


def test_a_question_is_shown_as_markdown(command: Command, mine: Path) -> None:
    code, out, _ = command("bank", "show", "1", "--bank", "mine")
    assert code == 0
    assert out.startswith(
        "# 1. What is the deck of a bridge for?\n\n*deck · Bridges · easy · 90 s*"
    )
    assert "lorries and cars drive over it" in out and "**How thick is it?**" in out
    assert "concrete weighs more" not in out and "Lorries drive over the deck." not in out
    code, out, _ = command("bank", "show", "deck", "--bank", "mine", "--notes", "--rubric")
    assert "## Notes\n\nA deck of concrete weighs more" in out
    assert "### road (weight 2, required)" in out
    assert "- Lorries drive over the deck." in out and "- Birds alone may use the deck." in out
    assert "Probe: Who uses a bridge" in out


def test_a_question_is_shown_as_json(command: Command, mine: Path) -> None:
    _, out, _ = command("bank", "show", "deck", "--bank", "mine", "--json")
    found = json.loads(out)
    bank = load_bank(mine / "bank")
    rubric = load_rubrics(mine / "rubrics", bank)["deck"]
    assert found.pop("rubric") == rubric.model_dump(mode="json")
    assert found == bank.question("deck").model_dump(mode="json")


def test_a_question_that_is_not_there_names_those_near_it(command: Command, mine: Path) -> None:
    code, _, err = command("bank", "show", "dek", "--bank", "mine")
    assert code == 2 and "near it: deck" in err


# Stats


def test_the_stats_count_everything(command: Command, mine: Path) -> None:
    code, out, _ = command("bank", "stats", "--bank", "mine")
    assert code == 0 and out.startswith("2 questions, 2; 2 rubrics\n")
    assert "Difficulty: easy 1, medium 0, hard 1" in out and "Role: mle 2, ai-eng 1" in out
    _, out, _ = command("bank", "stats", "--bank", "mine", "--json")
    found = json.loads(out)
    counts = {"questions": 2, "rubrics": 2, "key_points": 4, "accepts": 24, "rejects": 24}
    counts |= {"probes": 4, "follow_ups": 1, "drafts": 0}
    assert {name: found[name] for name in counts} == counts
    (category,) = found["categories"]
    assert category["title"] == "Bridges" and category["accepts"] == 24


def test_the_stats_show_what_is_missing(command: Command, mine: Path) -> None:
    text = RUBRICS[: RUBRICS.index("  cable:\n")].replace("weight: 2", "draft: true")
    write_bank(mine, rubrics=text)
    _, out, _ = command("bank", "stats", "--bank", "mine", "--json")
    found = json.loads(out)
    assert (found["questions"], found["rubrics"], found["drafts"]) == (2, 1, 1)


def test_the_shipped_bank_is_added_up_by_category(command: Command) -> None:
    bank = load_bank(shipped_dir("bank"))
    sums = "+".join(str(len(category.questions)) for category in bank.categories)
    total = len(bank.questions)
    _, out, _ = command("bank", "stats")
    assert out.startswith(f"{total} questions, {sums}; {total} rubrics\n")


# Lint


def test_a_clean_bank_lints_clean(command: Command, mine: Path, tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_bytes(b"Something \xff else entirely.\n")
    code, out, _ = command("bank", "lint", "--bank", "mine", "--against", tmp_path / "book.txt")
    assert (code, out) == (0, "Nothing to mend.\n")
    assert command("bank", "lint", "--bank", "mine", "--json")[:2] == (0, "[]\n")


def test_findings_fail_the_lint(command: Command, mine: Path, tmp_path: Path) -> None:
    write_bank(mine, QUESTIONS.replace("easy", "eazy"), RUBRICS.replace("Lorries drive", "All go"))
    (tmp_path / "book.txt").write_text("It holds\nthe road up for cars.\nTraffic rolls")
    code, out, _ = command("bank", "lint", "--bank", "mine", "--quick")
    file = mine / "bank" / "01-bridges.yaml"
    expected = f"{file}:7: questions.deck.difficulty: found 'eazy'; allowed: 'easy', "
    assert code == 1 and out.startswith(expected) and out.endswith("1 to mend, 0 to consider.\n")
    code, out, _ = command("bank", "lint", "--bank", "mine", "--quick", "--json")
    (found,) = json.loads(out)
    assert code == 1 and found["remedy"].startswith("allowed: 'easy'")
    place = {name: found[name] for name in ("file", "line", "field", "rule", "advice")}
    assert place == {
        "file": str(file),
        "line": 7,
        "field": "questions.deck.difficulty",
        "rule": "format",
        "advice": False,
    }


def test_text_of_another_file_is_found(command: Command, mine: Path, tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text("You\nneed it as a SURFACE that carries the road.")
    arguments = ("bank", "lint", "--bank", "mine", "--quick", "--against", tmp_path / "book.txt")
    code, out, _ = command(*arguments)
    assert code == 1 and f"from {tmp_path / 'book.txt'}:2; say it in other words" in out
    assert command("bank", "lint", "--against", tmp_path / "none.txt")[0] == 2


def test_advice_fails_a_strict_lint_only(command: Command, mine: Path) -> None:
    write_bank(mine, rubrics=RUBRICS.replace('          - "Lorries drive over the deck."\n', ""))
    code, out, _ = command("bank", "lint", "--bank", "mine", "--quick")
    assert code == 0 and ": advice: " in out and "0 to mend, 1 to consider." in out
    assert command("bank", "lint", "--bank", "mine", "--quick", "--strict")[0] == 1


def test_findings_further_down_are_named_as_seen_from_here(
    command: Command, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bank(mine, QUESTIONS.replace("easy", "eazy"))
    monkeypatch.chdir(mine)
    _, out, _ = command("bank", "lint", "--bank", ".", "--quick")
    assert out.startswith("bank/01-bridges.yaml:7: ")


# New


def test_a_new_question_can_be_asked_and_scored_at_once(
    command: Command, private_home: Path
) -> None:
    arguments = ("--category", "City Bridges", "--role", "mle", "--seconds", "60")
    answer = "An arch pushes outwards at its feet. Heavy abutments take that push up."
    code, out, _ = command("bank", "new", "What does an arch do?", *arguments, "--answer", answer)
    assert code == 0 and "Question 1, what-does-an-arch-do, is in the bank mine:" in out
    folder = private_home / "banks" / "mine"
    assert str(folder / "bank" / "01-city-bridges.yaml") in out
    assert str(folder / "rubrics" / "01-city-bridges.yaml") in out
    assert "interviewer bank lint --bank mine" in out
    (question,) = load_bank(folder / "bank").questions
    assert (question.category, question.roles, question.time_limit_s) == (
        "city-bridges",
        ("mle",),
        60,
    )
    code, out, _ = command("bank", "lint", "--bank", "mine")
    assert code == 0 and "0 to mend" in out and "is a draft" in out
    code, out, _ = command("start", "--bank", "mine", "--typed", typed=f"{answer}\n\n")
    assert code == 0 and "2 strong" in out and "City Bridges" in out


def test_further_questions_are_added(command: Command, mine: Path) -> None:
    for ask, category in (("What is a ford?", "BRIDGES"), ("What is a ferry?", "Boats")):
        code, _, _ = command("bank", "new", ask, "--bank", "mine", "--category", category)
        assert code == 0
    bank = load_bank(mine / "bank")
    assert [question.number for question in bank.questions] == [1, 2, 3, 4]
    assert [category.slug for category in bank.categories] == ["bridges", "boats"]
    assert set(load_rubrics(mine / "rubrics", bank)) == {question.id for question in bank.questions}


def test_in_a_terminal_what_is_left_out_is_asked_for(command: Command, private_home: Path) -> None:
    typed = "What is a ford?\nBoats\nhard\n\nIt is shallow.\nOne can wade.\n\n"
    code, out, _ = command("bank", "new", "--bank", "water", typed=typed, terminal=True)
    assert code == 0 and "Category [General]:" in out
    bank = load_bank(private_home / "banks" / "water" / "bank")
    (question,) = bank.questions
    assert (question.ask, question.category, question.difficulty) == (
        "What is a ford?",
        "boats",
        "hard",
    )
    rubric = load_rubrics(private_home / "banks" / "water" / "rubrics", bank)[question.id]
    assert [key.point for key in rubric.key_points] == ["It is shallow.", "One can wade."]


@pytest.mark.parametrize(
    ("arguments", "needle"),
    [
        ([], "there is no question to ask"),
        (["What?", "--id", "Not A Slug"], "as in kv-cache"),
        (["What?", "--id", "deck"], "'deck' is taken"),
        (["  "], "ask cannot be that; allowed: text that is not blank"),
        (["x" * 1001], "ask cannot be that"),
        (["What?", "--category", "?!"], "no letter"),
        (["What?", "--difficulty", "brutal"], "medium"),
        (["What?", "--role", "boss"], "ml-infra-eng"),
        (["What?", "--point", "p" * 1001], "point cannot be that"),
        (["What?", "--answer", "a" * 20_001], "answer cannot be that"),
    ],
)
def test_what_cannot_be_a_question_is_refused(
    command: Command, mine: Path, arguments: list[str], needle: str
) -> None:
    code, _, err = command("bank", "new", "--bank", "mine", *arguments)
    assert code == 2 and needle in err
    assert (mine / "bank" / "01-bridges.yaml").read_text() == QUESTIONS


def test_nothing_is_added_to_a_faulty_bank(command: Command, mine: Path) -> None:
    write_bank(mine, QUESTIONS.replace("easy", "eazy"))
    code, _, err = command("bank", "new", "What?", "--bank", "mine")
    assert code == 1 and "01-bridges.yaml:7: " in err


# The commands that read a bank


def test_every_command_reads_the_bank_that_is_named(command: Command, mine: Path) -> None:
    code, out, _ = command(
        "start", "--bank", "mine", "--typed", "--question", "deck", typed=f"{RIGHT}\n\n"
    )
    assert code == 0 and "2 strong" in out
    for arguments in (
        ("sessions", "show", "last"),
        ("replay", "last", "1", "--rescore", "--no-sound"),
    ):
        code, out, _ = command(*arguments, "--bank", "mine")
        assert code == 0 and "The deck carries the road" in out
    code, out, _ = command("report", "--bank", "mine")
    assert code == 0 and "Bridges" in out
    code, out, _ = command("report")
    assert code == 0 and "bridges" in out
    assert command("recover", "--bank", "mine")[0] == 0


def test_answers_are_scored_by_the_bank_that_is_named(command: Command, mine: Path) -> None:
    line = json.dumps({"question": "deck", "text": RIGHT})
    code, out, _ = command("score", "--bank", mine, typed=line)
    assert code == 0 and json.loads(out)["score"] == 2
    code, _, err = command("score", typed=line)
    assert code == 2 and "no question 'deck'" in err


def test_a_bank_may_have_a_scale_of_its_own(command: Command, mine: Path) -> None:
    scale = (shipped_dir("rubrics") / "scale.yaml").read_text(encoding="utf-8")
    strict = scale.replace("strong_coverage: 0.", "strong_coverage: 0.9").replace(
        "version: ", "version: 9"
    )
    (mine / "rubrics" / "scale.yaml").write_text(strict)
    line = json.dumps({"question": "deck", "text": RIGHT})
    _, out, _ = command("score", "--bank", "mine", typed=line)
    assert "/scale-9" in json.loads(out)["scorer"]


@pytest.mark.parametrize("name", ["yours", "./yours", "/nonexistent/yours"])
def test_a_bank_that_is_not_there_names_those_that_are(
    command: Command, mine: Path, name: str
) -> None:
    write_bank(mine.parent / "theirs")
    code, _, err = command("start", "--typed", "--bank", name)
    assert code == 2 and "yours are: mine, theirs" in err and "interviewer bank new" in err


def test_without_any_bank_of_ones_own_it_says_so(command: Command) -> None:
    code, _, err = command("bank", "stats", "--bank", "mine")
    assert code == 2 and "yours are: none yet" in err
