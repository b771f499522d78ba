"""Importing what people have: Markdown, tables from spreadsheets, decks from Anki."""

# ruff: noqa: E501 (a table of files is read row by row)

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from interviewer.bank.exchange.assembly import Imported
from interviewer.bank.exchange.formats import export_file, import_file
from interviewer.bank.exchange.key_points import draft_key_points
from interviewer.bank.question import ROLES, Question
from interviewer.errors import UsageError
from tests.exchange_kit import CATEGORIES, FILES, written


def imported(tmp_path: Path, name: str, content: str | bytes) -> Imported:
    return import_file(written(tmp_path, name, content), "my-deck")


def only(result: Imported) -> Question:
    assert len(result.bank.questions) == 1
    return result.bank.questions[0]


# Markdown


def test_plain_text_that_was_copied_from_a_page_is_read_whole() -> None:
    result = import_file(FILES / "lost-heading.txt", "birds")
    first, headless, third = result.bank.questions
    assert [category.title for category in result.bank.categories] == [
        "Flight",
        "Bonus Questions - Eggs",
    ]
    assert first.ask == "How do birds stay in the air?"
    assert (first.number, first.difficulty, first.roles) == (1, "easy", ("mle", "ai-eng"))
    assert first.answer.startswith("Wings push air down — and the air pushes back.\n\n  1. Lift.")
    assert first.answer.endswith("# not a heading, but code\nWing Loading By Species\n")
    assert [f.ask for f in first.follow_ups] == [
        "What does a glider do differently?",
        "Why do hens fly badly?",
    ]
    assert headless.number == 2
    assert (headless.difficulty, headless.roles) == ("hard", ROLES)
    assert headless.answer == "Feathers are light and stiff.\n"
    assert [f.ask for f in headless.follow_ups] == ["What is down?"]
    assert third.answer == "A cell with provisions.\n"
    assert (third.category, third.roles) == ("bonus-questions-eggs", ("research-eng",))
    assert [(remark.line, remark.text) for remark in result.remarks] == [
        (32, "question 2 has no heading; write what it asks"),
        (46, "the role 'Ornithologist' is not known; it is left out"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "# Birds\n\n## What is a wing?\n\nAn arm.\n\n## What is a nest?\n\nA bed.\n",
        "# Birds\n\n## 1. What is a wing?\nAn arm.\n\n---\n\n## 2. What is a nest?\nA bed.\n",
        "# Birds\n### **Q1:** What is a wing?\n**Answer:** An arm.\n### **Q2:** What is a nest?\nAnswer: A bed.",
        "# Birds\n**Q1. What is a wing?**\n\n**A:** An arm.\n\n**Q2. What is a nest?**\n\nA: A bed.\n",
        "Q: What is a wing?\nA: An arm.\n\nQ: What is a nest?\nA: A bed.\n",
        "# Birds\r\n\r\n## What is a wing?\r\nAn arm.\r\n## What is a nest?\r\nA bed.",
        "# Birds\n## What is a wing?\n<details>\n<summary>Answer</summary>\n\nAn arm.\n\n</details>\n"
        "## What is a nest?\n<details><summary>Answer</summary>\nA bed.\n</details>\n",
    ],
)  # fmt: skip
def test_markdown_as_people_write_it(tmp_path: Path, text: str) -> None:
    questions = imported(tmp_path, "x.md", text).bank.questions
    assert [q.ask for q in questions] == ["What is a wing?", "What is a nest?"]
    assert [q.answer for q in questions] == ["An arm.\n", "A bed.\n"]


def test_labels_in_bold_or_plain_say_what_a_question_is(tmp_path: Path) -> None:
    text = (
        "## Category 7: Wings\n### Q12. What is a wing?\n**Difficulty:** Advanced\n"
        "**Roles:** ML Engineer, Research Engineer | **Time limit:** 60 s\nTags: anatomy, flight feathers\n"
        "\n### Answer\nAn arm.\n\n#### Detail\nOf birds.\n\n## Category 8: Nests\n### Q13. And a nest?\nA bed."
    )  # fmt: skip
    first, second = imported(tmp_path, "x.md", text).bank.questions
    assert (first.number, first.difficulty, first.time_limit_s) == (12, "hard", 60)
    assert first.roles == ("mle", "research-eng")
    assert first.tags == ("anatomy", "flight-feathers")
    assert first.answer == "An arm.\n\n#### Detail\nOf birds.\n"
    assert (first.category, second.category) == ("wings", "nests")


def test_follow_ups_may_have_answers(tmp_path: Path) -> None:
    text = (
        "## What is a wing?\nAn arm.\n\n**Follow-ups:**\n\n- Of whom?\n  A bird.\n- Why is it\n"
        "  so light?\n\n  Its bones are hollow.\n\n  - mostly\n\nThat was all.\n\n## And a nest?\nA bed.\n"
    )  # fmt: skip
    result = imported(tmp_path, "x.md", text)
    assert [(f.ask, f.answer) for f in result.bank.questions[0].follow_ups] == [
        ("Of whom?", "A bird."),
        ("Why is it so light?", "Its bones are hollow.\n\n- mostly"),
    ]
    assert [remark.line for remark in result.remarks] == [15]
    assert "'That was all.'" in result.remarks[0].text


def test_code_is_never_taken_for_structure(tmp_path: Path) -> None:
    text = "## How do I comment?\n```python\n# Answer\n## What?\nQ1. no\n```\nLike this.\n"
    assert only(imported(tmp_path, "x.md", text)).answer == text.partition("\n")[2]


# Tables


def test_a_table_needs_only_a_column_of_questions(tmp_path: Path) -> None:
    question = only(imported(tmp_path, "x.csv", "Prompt\nWhat is a wing?\n"))
    assert (question.number, question.id) == (1, "what-is-a-wing")
    assert (question.difficulty, question.roles, question.category) == ("medium", ROLES, "my-deck")
    assert question.answer == ""


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv", "question,answer,level,topic\nWhat is a wing?,An arm.,Beginner,Birds & Co\n"),
        ("x.csv", "Level;Topic;QUESTION;Model answer\nEasy;Birds & Co;What is a wing?;An arm.\n"),
        ("x.csv", "sep=;\nlevel;topic;front;back\neasy;Birds & Co;What is a wing?;An arm.\n"),
        ("x.csv", '\ufefffront,back,difficulty,category\n"What is a wing?","An arm.",1,Birds & Co\n'),
        ("x.tsv", "Ask\tSolution\tDifficulty\tSubject\nWhat is a wing?\tAn arm.\teasy\tBirds & Co\n"),
        ("x.tsv", "ask\tanswer\tlevel\ttopic\nWhat is a wing?\tAn arm.\teasy\tBirds & Co\n".encode("utf-16")),
        ("x.csv", "\n\nquestion,answer,level,topic,topic,colour\n,,,,,\nWhat is a wing?,An arm.,EASY,Birds & Co,x,red\n"),
    ],
)  # fmt: skip
def test_tables_as_spreadsheets_write_them(tmp_path: Path, name: str, content: str | bytes) -> None:
    result = imported(tmp_path, name, content)
    question = only(result)
    assert (question.ask, question.answer) == ("What is a wing?", "An arm.\n")
    assert question.difficulty == "easy"
    assert [(c.slug, c.title) for c in result.bank.categories] == [("birds-co", "Birds & Co")]


def test_what_a_row_lacks_is_said_with_its_line(tmp_path: Path) -> None:
    rows = (
        'question,level,roles,time,number\n"a\nb?",extreme,pilot,900,4\n,easy,,,\nc?,,all,1 min,4\n'
    )
    result = imported(tmp_path, "x.csv", rows)
    assert [(remark.line, remark.text) for remark in result.remarks] == [
        (2, "the difficulty 'extreme' is not known; it became medium"),
        (2, "the role 'pilot' is not known; it is left out"),
        (2, "the time limit '900' is not 1 to 600 s; it became 90"),
        (4, "there is no question here; the row is left out"),
        (5, "the number 4 is taken; the question got another"),
        (5, "the time limit '1 min' is not 1 to 600 s; it became 90"),
    ]
    assert [(q.ask, q.number) for q in result.bank.questions] == [("a b?", 4), ("c?", 5)]


def test_equal_questions_get_ids_of_their_own(tmp_path: Path) -> None:
    result = imported(tmp_path, "x.csv", "question\nWhat is a wing?\nWhat is a wing?\n翼とは?\n")
    ids = [question.id for question in result.bank.questions]
    assert ids == ["what-is-a-wing", "what-is-a-wing-2", "question-3"]


def test_nothing_in_an_exported_table_is_calculated_by_a_spreadsheet(tmp_path: Path) -> None:
    formula = CATEGORIES[0].questions[1].model_copy(update={"ask": "=cmd()", "answer": "- 1\n"})
    category = CATEGORIES[0]
    export_file([type(category)("a", "A", (formula,))], tmp_path / "x.csv")
    text = (tmp_path / "x.csv").read_text(encoding="utf-8-sig")
    assert ",'=cmd()," in text and ",'- 1," in text


# Anki


def check_notes_of_anki(result: Imported) -> None:
    reranker, cloze, less = result.bank.questions
    assert reranker.ask == "What is a reranker?"
    assert reranker.answer == (
        "A model that reads query and document together.\n\nIt is:\n- slower\n"
        "- more exact & `costly`\n"
    )
    assert (reranker.difficulty, reranker.roles) == ("hard", ("mle",))
    assert sorted(reranker.tags) == ["paper", "search::dense"]
    assert [category.title for category in result.bank.categories] == ["RAG Systems", "my-deck"]
    assert cloze.ask == "Fill in: BM25 scores […], dense retrieval [what?]."
    assert cloze.answer.startswith("BM25 scores exact words, dense retrieval meaning.\n")
    assert (less.ask, less.answer) == (
        'What does "k < 1" mean?',
        "It is below one.\nSo it is small.\n",
    )
    assert (less.difficulty, less.tags) == ("easy", ())


@pytest.mark.parametrize("name", ["anki-legacy.apkg", "anki-zstd.apkg", "anki-notes.txt"])
def test_what_anki_exports_is_read(name: str) -> None:
    check_notes_of_anki(import_file(FILES / name, "my-deck"))


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        ("#separator:Comma\n#html:false\nWhat?,a <b>b</b> &amp;\n", "a <b>b</b> &amp;\n"),
        ("#separator:pipe\n#html:true\n# a comment\nWhat?|a <b>b</b> &amp;\n", "a **b** &\n"),
        ("#tags:one two\n#columns:Back\tFront\na b\tWhat?\n", "a b\n"),
        ("#separator:|\n#tags column:1\none two|What?|a b\n", "a b\n"),
        ("What?\ta<br>b\nWhat?\tagain\n", "a\nb\n"),
    ],
)
def test_header_lines_of_ankis_text_are_followed(tmp_path: Path, content: str, answer: str) -> None:
    first = imported(tmp_path, "x.txt", content).bank.questions[0]
    assert (first.ask, first.answer) == ("What?", answer)
    assert first.tags == (("one", "two") if "one" in content else ())


def test_an_exported_package_is_one_that_anki_knows(tmp_path: Path) -> None:
    export_file(CATEGORIES, tmp_path / "x.apkg")
    export_file(CATEGORIES, tmp_path / "y.apkg")
    assert (tmp_path / "x.apkg").read_bytes() == (tmp_path / "y.apkg").read_bytes()
    with zipfile.ZipFile(tmp_path / "x.apkg") as package:
        assert package.namelist() == ["collection.anki2", "media"]


# Which format


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x", "## What?\nSo.\n"),
        ("x.txt", "Q1. What?\nSo.\n"),
        ("x.txt", "What?\tSo.\n"),
        ("x.dat", "#separator:tab\nWhat?\tSo.\n"),
        ("x.MD", "# What?\nSo."),
    ],
)
def test_the_format_is_guessed_by_name_and_content(tmp_path: Path, name: str, content: str) -> None:
    question = only(imported(tmp_path, name, content))
    assert (question.ask, question.answer) == ("What?", "So.\n")


def test_a_package_is_known_by_its_content(tmp_path: Path) -> None:
    export_file(CATEGORIES, tmp_path / "x.apkg")
    (tmp_path / "x.apkg").rename(tmp_path / "download")
    assert import_file(tmp_path / "download", "a").bank.categories == CATEGORIES


@pytest.mark.parametrize("name", ["x.pdf", "x", "x.colpkg"])
def test_an_unknown_ending_is_refused_on_export(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"allowed: \.md, \.csv, \.tsv"):
        export_file(CATEGORIES, tmp_path / name)
    assert not list(tmp_path.glob("*x*"))


# Drafts of key points


def test_key_points_are_taken_from_items_and_first_sentences() -> None:
    answer = (
        "Decoders are simple. They are also fast.\n\n"
        "1. **One stack.** There is a single kind of layer. It scales.\n"
        "2. One objective predicts the next token everywhere.\n\n"
        "Costs:\n\n- the cache grows\n\nWhat else?\n\nL = -sum(log p(x))\n\n"
        "```\ncode is no statement of anything at all\n```\n\n"
        "Encoders still suit tasks with a clear input, e.g. speech. So do not forget them.\n"
    )
    points = draft_key_points(answer)
    assert [point.point for point in points] == [
        "One stack: There is a single kind of layer.",
        "One objective predicts the next token everywhere.",
        "Costs: the cache grows",
        "Encoders still suit tasks with a clear input, e.g. speech.",
    ]
    assert all(point.draft for point in points)
    assert len({point.id for point in points}) == len(points)


def test_a_long_list_gives_seven_points_from_all_of_it() -> None:
    answer = "\n".join(f"- The model has property number {n} of many." for n in range(21))
    points = [point.point for point in draft_key_points(answer)]
    assert points == [f"The model has property number {n} of many." for n in range(0, 21, 3)]


def test_a_short_answer_is_divided_at_its_clauses() -> None:
    points = draft_key_points("The cache stores keys and values, but it grows with every token.")
    assert [point.point for point in points] == [
        "The cache stores keys and values",
        "It grows with every token.",
    ]


@pytest.mark.parametrize("answer", ["42", "O(n)", "はい。", "```\nx = 1\n```", "?", "- a\n- b"])
def test_any_answer_gives_a_point(answer: str) -> None:
    assert draft_key_points(answer)


def test_no_answer_gives_no_point_and_no_rubric(tmp_path: Path) -> None:
    result = imported(tmp_path, "x.csv", "question,answer\na?,\nb?,So it is.\n")
    assert list(result.rubrics) == ["b"]
