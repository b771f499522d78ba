"""A new question with the skeleton of its rubric, added to a bank's files as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from interviewer.bank.exchange.folder import written_whole
from interviewer.bank.exchange.key_points import draft_key_points
from interviewer.bank.exchange.text import Unique, slug
from interviewer.bank.exchange.yaml_writer import bank_yaml, rubric_yaml
from interviewer.bank.question import Category, Question
from interviewer.bank.rubric import KeyPoint, Rubric
from interviewer.bank.yaml_file import Document, Value, read_yaml, yaml_files
from interviewer.errors import BankError

PLACEHOLDER: Final = "Say here in one sentence what a good answer states."
_TO_FILL_IN: Final = """\
        accept: []  # six ways or more in which people say it
        reject: []  # six ways or more in which people get it wrong
        probe: ""  # what to ask someone who missed it
"""


def draft_rubric(question_id: str, answer: str, points: Sequence[str] = ()) -> Rubric:
    """Key points to begin with, marked as drafts: those given, or else proposed from the answer."""
    ids = Unique()
    given = tuple(
        KeyPoint(id=ids.name(slug(point, 4) or "point"), point=point, draft=True)
        for point in points
    )
    placeholder = KeyPoint(id="first-point", point=PLACEHOLDER, draft=True)
    key_points = given or draft_key_points(answer) or (placeholder,)
    return Rubric(question_id=question_id, key_points=key_points)


def add_question(folder: Path, question: Question, title: str, rubric: Rubric) -> tuple[Path, Path]:
    """Add a question and a rubric of drafts to the files of its category; returns the two files.

    Whatever stands in the files stays as it is. Missing folders and files are made.

    Args:
        folder: of the bank; it holds, or will hold, `bank/` and `rubrics/`.
        question: its id and number must be free.
        title: of the category, in case that is new.

    Raises:
        BankError: a file cannot be read or written, or is laid out so that nothing can be added.
    """
    category = question.category
    questions = _file_of(folder / "bank", category)
    rubrics = _file_of(folder / "rubrics", category, questions.name)
    asked = bank_yaml(Category(category, title, (question,)))
    with ExitStack() as stack:
        # They take their places in the reverse order, so that no rubric ever lacks its question.
        for file, name, text in (
            (rubrics, "rubrics", _skeleton(category, rubric)),
            (questions, "questions", asked),
        ):
            target = stack.enter_context(written_whole(file, replace=True))
            _write_added(file, target, name, text)
    return questions, rubrics


def _file_of(folder: Path, category: str, name: str = "") -> Path:
    """The file of a category, or the one to make for it."""
    files = yaml_files(folder) if folder.is_dir() else []
    for file in files:
        if _head(read_yaml(file)).get("category") == category:
            return file
    return folder / (name or f"{len(files) + 1:02}-{category}.yaml")


def _head(document: Document) -> Mapping[str, Value]:
    return document.value if isinstance(document.value, dict) else {}


def _skeleton(category: str, rubric: Rubric) -> str:
    """A rubric file that shows what each key point still lacks."""
    text = ""
    for key in rubric.key_points:
        alone = Rubric(question_id=rubric.question_id, key_points=(key,))
        *head, point = rubric_yaml(category, [alone]).partition("    key_points:\n")
        text = text or "".join(head)
        text += point + _TO_FILL_IN
    return text


def _write_added(file: Path, target: Path, name: str, text: str) -> None:
    """Write to `target` what `file` holds, with the entry that `text` has under `name`."""
    target.write_text(text, encoding="utf-8")
    if not file.exists():
        return
    old, added = read_yaml(file), read_yaml(target)
    before = file.read_bytes().decode("utf-8")
    target.write_bytes(_inserted(before, old, name, text).encode("utf-8"))
    expected = {**_head(old), name: _joined(_head(old).get(name), _head(added).get(name))}
    try:
        fits = read_yaml(target).value == expected
    except BankError:
        fits = False
    if not fits:
        raise BankError(
            f"cannot add to {file} as it is laid out",
            f"begin a line for each entry of `{name}`, or add this by hand:\n{text}",
        )


def _joined(old: Value, added: Value) -> Value:
    if isinstance(old, tuple) and isinstance(added, tuple):
        return (*old, *added)
    if isinstance(old, dict) and isinstance(added, dict):
        return {**old, **added}
    return None


def _inserted(before: str, document: Document, name: str, text: str) -> str:
    """The file with the entries of `text` after the last of its own, indented alike."""
    rows, head = before.split("\n"), _head(document)
    begins = document.line((name,))
    following = [line for key in head if (line := document.line((key,))) > begins]
    end = min(following, default=len(rows) + 1) - 1
    while end > begins and not rows[end - 1].strip():
        end -= 1
    entries = head.get(name)
    first = next(iter(entries), "") if isinstance(entries, dict) else 0
    own = rows[document.line((name, first)) - 1]
    lines = text[text.index(f"\n{name}:\n") :].split("\n")[2:-1]
    shift = len(own) - len(own.lstrip(" ")) - (len(lines[0]) - len(lines[0].lstrip(" ")))
    margin = " " * shift
    indented = [margin + line if line and margin else line[max(0, -shift) :] for line in lines]
    return "\n".join([*rows[:end], *indented, *rows[end:]])
