"""Linting: every kind of fault, planted once in a clean bank, is found and named to the line."""

# ruff: noqa: E501 (a table of faults is read row by row)

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interviewer.bank.content import Finding, read_content
from interviewer.bank.lint import REPEATED_WORDS, lint_texts, words_of
from interviewer.bank.question import load_bank
from interviewer.bank.rubric import load_rubrics
from interviewer.errors import BankError
from interviewer.linting import lint
from interviewer.scoring import scorer
from interviewer.scoring.coverage import KeyPointResult
from interviewer.scoring.embedding import Embedder, HashEmbedder
from interviewer.scoring.grade import Assessment
from interviewer.settings import shipped_dir
from tests.lint_kit import QUESTIONS, RUBRICS, write_bank
from tests.scoring_kit import mini_lm

Change = tuple[str, str]


def linted(
    folder: Path, against: str = "", load: Callable[[], Embedder] | None = HashEmbedder
) -> list[Finding]:
    own = folder / "rubrics"
    scale_dir = own if (own / "scale.yaml").exists() else shipped_dir("rubrics")
    source = [("source.txt", against.splitlines())] if against else []
    return lint(folder / "bank", own, scale_dir, source, load)


def changed(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"{old!r} must stand in the text once"
    return text.replace(old, new)


def line_of(text: str, part: str) -> int:
    """The line on which a part that stands in the text once begins."""
    assert text.count(part) == 1, f"{part!r} must stand in the text once"
    return text[: text.index(part)].count("\n") + 1


def found_in(findings: Sequence[Finding], rule: str) -> Finding:
    """The only finding of a rule."""
    (finding,) = [finding for finding in findings if finding.rule == rule]
    return finding


def whole(finding: Finding) -> str:
    return f"{finding.problem}; {finding.remedy}"


# A clean bank is clean


def test_a_clean_bank_has_no_findings(tmp_path: Path) -> None:
    assert linted(write_bank(tmp_path)) == []


def test_a_clean_bank_has_none_with_the_real_model_either(tmp_path: Path) -> None:
    assert linted(write_bank(tmp_path), load=mini_lm) == []


def test_the_texts_of_the_shipped_bank_are_clean() -> None:
    content = read_content(shipped_dir("bank"), shipped_dir("rubrics"))
    assert [str(finding) for finding in lint_texts(content)] == []


# One planted fault of each kind: what is changed, where that is found, and what is said

TEXT_FAULTS: list[tuple[str, str, str, str, str, str]] = [
    ("time", '    answer: |\n      The deck carries', "    time_limit_s: 8\n    answer: |\n      The deck carries", "answer: |\n      The deck", "questions.deck.answer", "has 24 words, which nobody says in 8 s; cut it down to 20 words"),
    ("format", "difficulty: easy", "difficulty: eazy", "difficulty: eazy", "questions.deck.difficulty", "found 'eazy'; allowed: 'easy', 'medium' or 'hard'"),
    ("format", "[mle, llm-eng]", "[mle, boss]", "roles: [mle, boss]", "questions.deck.roles[2]", "found 'boss'; allowed: 'mle', 'ai-eng'"),
    ("format", "    number: 1\n", "", "- id: deck", "questions.deck.number", "is missing; add it"),
    ("format", "title: Bridges", "title: Bridges: all", "title: Bridges: all", "", "this is not valid YAML: mapping values are not allowed in this context; indent with spaces"),
    ("format", "title: Bridges", "title: Bridges\ntitle: Arches", "title: Arches", "", "the name 'title' stands here a second time; correct this line"),
    ("format", "title: Bridges", "title: &b Bridges", "title: &b", "", "anchors (&) and aliases (*) are not allowed; write the value out"),
    ("duplicate", "- id: cable", "- id: deck", "- id: deck\n    number: 2", "questions.deck.id", "'deck' is taken by {bank}:4; allowed: another id"),
    ("duplicate", "number: 2", "number: 1", "number: 1\n    ask: \"How does", "questions.cable.number", "1 is taken by {bank}:5; allowed: another number"),
]  # fmt: skip
RUBRIC_FAULTS: list[tuple[str, str, str, str, str, str]] = [
    ("format", "weight: 2", "weight: 20", "weight: 20", "rubrics.deck.key_points.road.weight", "found 20; allowed: 10 or less"),
    ("format", '"Ships sail inside the hollow deck."', '"Lorries drive over the deck."', "- id: road", "rubrics.deck.key_points.road", "reject without 'Lorries drive over the deck.', which is accepted as well"),
    ("duplicate", "- id: river", "- id: road", "- id: road\n        point: \"Below", "rubrics.deck.key_points.road.id", "'road' is taken; give each key point of a rubric its own"),
    ("no-question", "  cable:\n", "  cabel:\n", "  cabel:", "rubrics.cabel", "grades no question of the bank; write cable if that is meant, or take the rubric away"),
    ("category", "category: bridges", "category: tunnels", "  cable:\n", "rubrics.cable", "grades a question of the category bridges; move it to that category's file"),
    ("alike", "Ships sail inside the hollow deck.", "The lorries drive over that deck.", "The lorries drive over that deck.", "rubrics.deck.key_points.road.reject[2]", "says the same as rubrics.deck.key_points.road.accept[1] (line 10); keep it where it belongs"),
    ("alike", "A deck shades fish from sunlight.", "Water flows between the pillars!", "- \"Water flows between the pillars.\"", "rubrics.deck.key_points.river.accept[1]", "says the same as rubrics.deck.key_points.road.reject[6] (line 22)"),
    ("alike", "Birds alone may use the deck.", "The deck hangs from strings in the sky.", "The deck hangs from strings in the sky.", "rubrics.deck.key_points.road.reject[4]", "has most of its words in common with rubrics.deck.key_points.road.reject[1] (line 17); say it otherwise; or if one of the two belongs in accept, move it there"),
    ("few", '          - "Lorries drive over the deck."\n', "", "accept:\n          - \"It holds the road", "rubrics.deck.key_points.road.accept", "has 5 phrases; write 6 or more"),
    ("few", '          - "Ships sail inside the hollow deck."\n', "", "reject:\n          - \"The deck hangs", "rubrics.deck.key_points.road.reject", "has 5 phrases; write 6 or more"),
    ("few", '        probe: "What is under a bridge, and what becomes of it?"\n', "", "- id: river", "rubrics.deck.key_points.river.probe", "is not there; write what to ask someone who missed the point"),
    ("few", "weight: 2", "draft: true", "draft: true", "rubrics.deck.key_points.road.draft", "is a draft; correct the key point, then take `draft: true` away"),
    ("same-point", "Dampers calm the swaying that strong wind brings.", "Anchors of concrete hold both its ends, and the main cable pulls on the towers.", "point: \"Anchors of concrete", "rubrics.cable.key_points.dampers.point", "says the same as the key point 'anchored'; join the two"),
    ("misplaced", "Traffic rolls along the top, where the road is.", "Freely the water flows below, and pillars stand by.", "- \"Freely the water flows below, and pillars stand by.\"", "rubrics.deck.key_points.road.accept[3]", "speaks of another key point, 'river'"),
    ("misplaced", "Turbines pump the lake dry every morning.", "The deck hangs from balloons in the blue sky.", "- \"The deck hangs from balloons in the blue sky.\"", "rubrics.deck.key_points.river.reject[2]", "speaks of another key point, 'road'"),
]  # fmt: skip


def assert_named(finding: Finding, file: Path, line: int, field: str, says: str) -> None:
    assert (finding.file, finding.line, finding.field) == (file, line, field)
    assert says in whole(finding)
    assert str(finding).startswith(f"{file}:{line}: ")


@pytest.mark.parametrize(("rule", "old", "new", "where", "field", "says"), TEXT_FAULTS)
def test_a_fault_in_a_question_file_is_found(
    tmp_path: Path, rule: str, old: str, new: str, where: str, field: str, says: str
) -> None:
    text = changed(QUESTIONS, old, new)
    file = write_bank(tmp_path, text) / "bank" / "01-bridges.yaml"
    finding = found_in(linted(tmp_path), rule)
    assert_named(finding, file, line_of(text, where), field, says.format(bank=file))
    assert not finding.advice


@pytest.mark.parametrize(("rule", "old", "new", "where", "field", "says"), RUBRIC_FAULTS)
def test_a_fault_in_a_rubric_file_is_found(
    tmp_path: Path, rule: str, old: str, new: str, where: str, field: str, says: str
) -> None:
    text = changed(RUBRICS, old, new)
    file = write_bank(tmp_path, rubrics=text) / "rubrics" / "01-bridges.yaml"
    findings = [each for each in linted(tmp_path) if each.rule == rule]
    if rule == "category":  # every rubric of the file is in the wrong place
        assert [each.field for each in findings] == ["rubrics.deck", "rubrics.cable"]
    assert_named(findings[-1], file, line_of(text, where), field, says)
    assert findings[-1].advice == (rule == "few")


def test_a_missing_id_is_found(tmp_path: Path) -> None:
    text = changed(QUESTIONS, "  - id: deck\n    number: 1\n", "  - number: 1\n")
    file = write_bank(tmp_path, text) / "bank" / "01-bridges.yaml"
    finding = found_in(linted(tmp_path), "format")
    assert_named(finding, file, 4, "questions[1].id", "is missing; add it")


def test_a_question_without_a_rubric_is_found(tmp_path: Path) -> None:
    text = RUBRICS[: RUBRICS.index("  cable:\n")]
    file = write_bank(tmp_path, rubrics=text) / "bank" / "01-bridges.yaml"
    finding = found_in(linted(tmp_path), "no-rubric")
    where = line_of(QUESTIONS, "- id: cable")
    assert_named(finding, file, where, "questions.cable.id", "'cable' has no rubric; add `cable:`")
    assert str(tmp_path / "rubrics" / "01-bridges.yaml") in finding.remedy


def test_what_is_taken_in_another_file_is_found(tmp_path: Path) -> None:
    first = write_bank(tmp_path) / "bank" / "01-bridges.yaml"
    (tmp_path / "bank" / "02-again.yaml").write_text(QUESTIONS)
    (tmp_path / "rubrics" / "02-again.yaml").write_text(RUBRICS)
    found = [each for each in linted(tmp_path) if each.rule == "duplicate"]
    fields = ["category", "questions.deck.id", "questions.deck.number", "questions.cable.id"]
    fields += ["questions.cable.number", "rubrics.deck", "rubrics.cable"]
    assert [each.field for each in found] == fields
    assert f"'bridges' is taken by {first}:1" in whole(found[0])
    again = tmp_path / "rubrics" / "01-bridges.yaml"
    assert f"is graded in {again}:3 as well; keep one rubric" in whole(found[5])


def test_a_model_answer_that_is_not_strong_is_found(tmp_path: Path) -> None:
    text = changed(QUESTIONS, "      Dampers calm the swaying that strong wind brings.\n", "")
    text = changed(
        text,
        "The main cable pulls on the towers, and at both ends anchors of concrete hold the cable.",
        "It is a handsome sight at night, when a thousand lamps are lit.",
    )
    file = write_bank(tmp_path, text) / "bank" / "01-bridges.yaml"
    finding = found_in(linted(tmp_path), "model-answer")
    where = line_of(text, "answer: |\n      It is a handsome")
    says = "scores 0 under its own rubric (anchored missed, dampers missed); say these key points"
    assert_named(finding, file, where, "questions.cable.answer", says)


def test_misconceptions_that_pass_for_right_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = scorer.Scorer.score_many

    def credulous(self: scorer.Scorer, items: Sequence[scorer.Item]) -> list[Assessment]:
        taken = (
            KeyPointResult("anchored", "missed", 0.0, None),
            KeyPointResult("dampers", "hit", 0.9, None),
        )
        return [
            replace(found, score=1, key_points=taken)
            if item[1].question_id == "cable" and item[1].key_points[0].reject[0] in item[2].text
            else found
            for item, found in zip(items, really(self, items), strict=True)
        ]

    monkeypatch.setattr(scorer.Scorer, "score_many", credulous)
    file = write_bank(tmp_path) / "rubrics" / "01-bridges.yaml"
    finding = found_in(linted(tmp_path), "misconceptions")
    says = "its rejects said one after another score 1; reword those that pass for right in dampers"
    assert_named(finding, file, line_of(RUBRICS, "  cable:\n"), "rubrics.cable", says)


def test_silence_that_scores_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def generous(self: scorer.Scorer, items: Sequence[scorer.Item]) -> list[Assessment]:
        return [Assessment(1, 0.5, (), ("Everybody gets one.",), self.name) for _ in items]

    monkeypatch.setattr(scorer.Scorer, "score_many", generous)
    file = write_bank(tmp_path) / "rubrics" / "01-bridges.yaml"
    first, second = (each for each in linted(tmp_path) if each.rule == "silence")
    assert_named(first, file, 3, "rubrics.deck", "an empty answer scores 1; raise min_words")
    assert second.field == "rubrics.cable"


def test_a_repeated_passage_is_found_with_its_place_in_the_other_text(tmp_path: Path) -> None:
    source = (
        "An old book says:\n\n  The pillars LEAVE room, so\nwater flows through - all day long.\n"
    )
    text = changed(
        RUBRICS,
        "The pillars leave room, so water flows through.",
        "The pillars leave room, so water flows through all day.",
    )
    file = write_bank(tmp_path, rubrics=text) / "rubrics" / "01-bridges.yaml"
    finding = found_in(linted(tmp_path, source), "repeats")
    where = line_of(text, "The pillars leave room")
    says = "repeats 'the pillars leave room so water flows through all day' from source.txt:4; say it in other words"
    assert_named(finding, file, where, "rubrics.deck.key_points.river.accept[2]", says)


@pytest.mark.parametrize(
    ("field", "passage"),
    [
        ("ask", "How does a suspension bridge keep its shape"),
        ("answer", "lorries and cars drive over it Below it"),
        ("notes", "deck of concrete weighs more than one of"),
        ("follow_ups[1].answer", "A quarter of a metre or thereabouts, say"),
        ("probe", "What is under a bridge and what becomes"),
        ("reject[3]", "Its purpose is decoration nobody travels on the"),
    ],
)
def test_every_text_is_compared(tmp_path: Path, field: str, passage: str) -> None:
    text = changed(QUESTIONS, "A quarter of a metre.", "A quarter of a metre or thereabouts, say.")
    write_bank(tmp_path, text)
    assert found_in(linted(tmp_path, passage), "repeats").field.endswith(field)
    assert linted(tmp_path, passage.rpartition(" ")[0]) == []


def test_the_real_model_finds_what_is_misplaced_and_what_is_said_twice(tmp_path: Path) -> None:
    text = changed(
        RUBRICS,
        "Traffic rolls along the top, where the road is.",
        "The river runs through the gaps that the pillars leave.",
    )
    text = changed(
        text,
        "Dampers calm the swaying that strong wind brings.",
        "Both ends of the main cable, which pulls on the towers, are held by concrete anchors.",
    )
    write_bank(tmp_path, rubrics=text)
    findings = linted(tmp_path, load=mini_lm)
    assert found_in(findings, "misplaced").field == "rubrics.deck.key_points.road.accept[3]"
    assert found_in(findings, "same-point").field == "rubrics.cable.key_points.dampers.point"


# Faults do not hide each other


def test_all_faults_of_a_file_are_reported(tmp_path: Path) -> None:
    roles = ", ".join(f"role{n}" for n in range(50))
    write_bank(tmp_path, changed(QUESTIONS, "[mle, llm-eng]", f"[{roles}]"))
    assert len([each for each in linted(tmp_path) if each.rule == "format"]) == 50


def test_a_faulty_question_hides_no_fault_of_another(tmp_path: Path) -> None:
    text = changed(QUESTIONS, "difficulty: easy", "difficulty: eazy")
    text = changed(text, "roles: [all]", "roles: [all]\n    time_limit_s: 5")
    write_bank(tmp_path, text)
    assert [each.rule for each in linted(tmp_path)] == ["format", "time"]


def test_a_file_that_is_no_yaml_makes_no_other_faults_up(tmp_path: Path) -> None:
    write_bank(tmp_path, QUESTIONS + "\t- : ]")
    assert [each.rule for each in linted(tmp_path)] == ["format"]
    write_bank(tmp_path, rubrics=RUBRICS + "\t- : ]")
    assert [each.rule for each in linted(tmp_path)] == ["format"]


def test_a_faulty_scale_and_faulty_priorities_are_found(tmp_path: Path) -> None:
    write_bank(tmp_path)
    (tmp_path / "rubrics" / "scale.yaml").write_text("version: one\n")
    (tmp_path / "bank" / "priorities.yaml").write_text("priorities: {arches: {mle: high}}\n")
    findings = linted(tmp_path)
    assert {each.file.name for each in findings} == {"scale.yaml", "priorities.yaml"}
    assert any("found 'one'; allowed: a whole number" in whole(each) for each in findings)
    assert any("is no category of this bank; allowed: bridges" in whole(each) for each in findings)


def test_what_drafts_score_is_advice(tmp_path: Path) -> None:
    text = changed(RUBRICS, "weight: 2", "draft: true")
    answer = "The deck carries the road, so lorries and cars drive over it."
    write_bank(tmp_path, changed(QUESTIONS, answer, "It is a handsome sight at night."), text)
    finding = found_in(linted(tmp_path), "model-answer")
    assert finding.advice and ": advice: questions.deck.answer: " in str(finding)


def test_without_a_model_the_texts_are_still_linted(tmp_path: Path) -> None:
    text = changed(QUESTIONS, "roles: [all]", "roles: [all]\n    time_limit_s: 5")
    write_bank(tmp_path, text)
    assert [each.rule for each in linted(tmp_path, load=None)] == ["time"]


def test_a_folder_without_questions_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bank").mkdir()
    with pytest.raises(BankError, match="there are no questions in"):
        linted(tmp_path)
    (tmp_path / "bank" / "priorities.yaml").write_text("priorities: {}\n")
    with pytest.raises(BankError, match="there are no questions in"):
        linted(tmp_path)


# Whatever a file holds, linting says something about it


@given(st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_garbled_file_is_linted_exactly_when_it_does_not_load(
    tmp_path: Path, data: st.DataObject
) -> None:
    texts = [QUESTIONS, RUBRICS]
    which = data.draw(st.integers(0, 1))
    lines = texts[which].splitlines()
    place = data.draw(st.integers(0, len(lines) - 1))
    garbled = st.sampled_from(
        ["", "  - id: deck", "number: 2", "x: [", "\t", "  cable:", "- 7", lines[place] * 2]
    )
    lines[place] = data.draw(garbled)
    texts[which] = "\n".join(lines) + "\n"
    folder = write_bank(tmp_path, *texts)
    files = [each for each in linted(folder, load=None) if each.rule in FILE_RULES]
    try:
        load_rubrics(folder / "rubrics", load_bank(folder / "bank"))
    except BankError:
        assert files
    else:
        assert not files or {each.rule for each in files} == {"no-rubric"}
    assert all(each.problem and each.remedy and each.line >= 1 for each in files)


FILE_RULES = {"format", "duplicate", "category", "no-question", "no-rubric"}
few_words = st.lists(st.sampled_from(["a", "b", "c"]), max_size=40)


@given(few_words, few_words)
def test_eight_words_in_a_row_are_found_exactly_when_they_are_there(
    tmp_path_factory: pytest.TempPathFactory, said: list[str], source: list[str]
) -> None:
    folder = write_bank(tmp_path_factory.mktemp("bank"))
    content = read_content(folder / "bank", folder / "rubrics")
    first, *others = content.questions
    spoken = replace(first, value=first.value.model_copy(update={"notes": " ".join(said)}))
    changed_content = replace(content, questions=(spoken, *others))
    against = [("source", [f"{word}," for word in source])]
    found = [each for each in lint_texts(changed_content, against) if each.rule == "repeats"]
    runs = {tuple(source[i : i + REPEATED_WORDS]) for i in range(len(source) - REPEATED_WORDS + 1)}
    starts = range(len(said) - REPEATED_WORDS + 1)
    repeated = [start for start in starts if tuple(said[start : start + REPEATED_WORDS]) in runs]
    begin = [start for start in repeated if start - 1 not in repeated]
    assert len(found) == len(begin)
    assert all(each.field == "questions.deck.notes" for each in found)


@given(st.text())
def test_words_are_small_letters_and_digits(text: str) -> None:
    assert words_of(" ".join(words_of(text))) == words_of(text)
    assert words_of("A KV-cache: 2.7 GB!") == ["a", "kv", "cache", "2", "7", "gb"]
