"""`interviewer grade`, from the first grade to boundaries of one's own and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from interviewer.cli.main import run
from interviewer.speech.transcript import typed
from tests.archive_kit import answer, begin, open_in

CLAIM = "It stores the keys and values of earlier tokens, so that they are not computed again."
STRONG = {"question": "kv-cache", "text": CLAIM}


@pytest.fixture
def session(private_home: Path) -> str:
    """Twenty-one answers, all but two with grades of the candidate's own."""
    with open_in(private_home / "recordings") as archive:
        record = archive.start_session("typed", [], {})
        for number in range(21):
            attempt = answer(archive, begin(archive, record), 1)
            archive.save_transcript(attempt.id, typed(CLAIM))
            if number >= 2:
                archive.set_own_grade(attempt.id, 2)
        return record.id


def scorer_name(capsys: pytest.CaptureFixture[str], folder: Path) -> str:
    file = folder / "answers.jsonl"
    file.write_text(json.dumps(STRONG) + "\n", encoding="utf-8")
    assert run(["score", str(file)]) == 0
    return str(json.loads(capsys.readouterr().out)["scorer"])


def test_from_twenty_grades_on_the_boundaries_move_and_can_be_put_back(
    session: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["grade"]) == 0
    assert "19 grades of your own" in capsys.readouterr().out
    shipped = scorer_name(capsys, tmp_path)
    assert "+own" not in shipped

    assert run(["grade", session, "1", "2"]) == 0
    told = capsys.readouterr().out
    assert "20 grades of your own; the scores agree with 0 of 20" in told
    assert "earlier by" in told
    assert scorer_name(capsys, tmp_path).startswith(f"{shipped}+own-20(")

    assert run(["grade", "--shipped"]) == 0
    assert "Switched off" in capsys.readouterr().out
    assert scorer_name(capsys, tmp_path) == shipped
    assert run(["grade", session, "2", "2"]) == 0
    capsys.readouterr()
    assert scorer_name(capsys, tmp_path) == shipped  # one more grade does not switch it on
    assert run(["grade", "--own"]) == 0
    capsys.readouterr()
    assert "+own-21(" in scorer_name(capsys, tmp_path)

    for number in ("1", "2"):
        assert run(["grade", session, number, "none"]) == 0
    assert "19 grades of your own" in capsys.readouterr().out
    assert scorer_name(capsys, tmp_path) == shipped


def test_a_grade_is_shown_beside_the_score(
    session: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["grade", session, "1", "0"]) == 0
    capsys.readouterr()
    assert run(["replay", session, "1", "--no-sound"]) == 0
    assert "Your own grade: 0" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["last"], "a grade needs a session"),
        (["last", "1"], "a grade needs a session"),
        (["last", "99", "1"], "has no answer 99"),
        (["last", "1", "3"], "'3' is not one of"),
        (["--own"], "from 20 on they move"),
    ],
)
def test_what_cannot_be_graded_says_what_can(
    session: str, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["grade", *arguments]) == 2
    assert said in capsys.readouterr().err
