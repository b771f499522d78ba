"""Loading questions and rubrics: what is right loads, and what is wrong is named to the line."""

# ruff: noqa: E501 (a table of faults is read row by row)

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from interviewer.bank.question import ROLES, Bank, Question, load_bank
from interviewer.bank.rubric import Rubric, load_rubrics, missing_rubrics
from interviewer.bank.yaml_file import read_yaml
from interviewer.errors import BankError, UsageError
from interviewer.settings import shipped_dir

QUESTIONS = """\
category: attention
title: Attention
questions:
  - id: kv-cache
    number: 3
    ask: "What is a KV cache?"
    speak: "What is a K V cache?"
    difficulty: medium
    roles: [mle, llm-eng]
    terms: [KV cache, no, on]
    answer: |
      It keeps keys
      and values.
    follow_ups:
      - ask: "How large is it?"
        answer: "Linear in the length."
  - id: rope
    number: 1
    ask: What is RoPE?
    difficulty: easy
    roles: [all]
    time_limit_s: 60
    answer: A rotation.
"""
RUBRICS = """\
category: attention
rubrics:
  kv-cache:
    key_points:
      - id: stores
        point: It stores keys and values.
        weight: 3
        required: true
        accept: [Keys and values are kept.]
        reject: [It stores queries.]
        probe: What is stored?
      - id: linear
        point: It grows with the length.
"""


def written(folder: Path, text: str | bytes, name: str = "01-attention.yaml") -> Path:
    folder.mkdir(exist_ok=True)
    content = text.encode() if isinstance(text, str) else text
    (folder / name).write_bytes(content)
    return folder


def changed(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"{old!r} must stand in the text once"
    return text.replace(old, new)


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    return load_bank(written(tmp_path / "bank", QUESTIONS))


def bank_error(tmp_path: Path, text: str | bytes) -> BankError:
    with pytest.raises(BankError) as caught:
        load_bank(written(tmp_path / "bank", text))
    assert caught.value.hint
    return caught.value


def rubric_error(tmp_path: Path, bank: Bank, text: str) -> BankError:
    with pytest.raises(BankError) as caught:
        load_rubrics(written(tmp_path / "rubrics", text), bank)
    assert caught.value.hint
    return caught.value


# What is right loads


def test_a_question_is_read_with_every_field(bank: Bank) -> None:
    question = bank.question("kv-cache")
    assert (question.number, question.category, question.difficulty) == (3, "attention", "medium")
    assert question.spoken == "What is a K V cache?"
    assert question.roles == ("mle", "llm-eng")
    assert question.terms == ("KV cache", "no", "on")
    assert question.answer == "It keeps keys\nand values.\n"
    assert question.follow_ups[0].ask == "How large is it?"
    assert question.time_limit_s == 90


def test_what_is_left_out_has_its_default(bank: Bank) -> None:
    question = bank.question("rope")
    assert question.spoken == question.ask
    assert question.roles == ROLES
    assert (question.time_limit_s, question.terms, question.follow_ups) == (60, (), ())


def test_questions_stand_in_the_order_of_their_numbers(bank: Bank) -> None:
    assert [question.number for question in bank.questions] == [1, 3]
    assert [question.id for question in bank.categories[0].questions] == ["kv-cache", "rope"]


@pytest.mark.parametrize("reference", ["kv-cache", "KV-Cache", 3, "3", "03", "Q3", "q3", " Q3 "])
def test_a_question_is_found_by_id_and_by_number(bank: Bank, reference: str | int) -> None:
    assert bank.question(reference).id == "kv-cache"


@pytest.mark.parametrize(
    ("reference", "named"),
    [
        ("kv-cahce", "near it: kv-cache"),
        ("cache", "near it: kv-cache"),
        (99, "numbers 1 to 3 and the ids rope, kv-cache"),
        ("-3", "ids rope, kv-cache"),
        ("", "ids rope, kv-cache"),
        ("x" * 5000, "ids rope, kv-cache"),
        ("9" * 5000, "ids rope, kv-cache"),
    ],
)
def test_an_unknown_question_names_what_there_is(
    bank: Bank, reference: str | int, named: str
) -> None:
    with pytest.raises(UsageError) as caught:
        bank.question(reference)
    assert named in caught.value.message
    assert len(caught.value.message) < 300
    assert "Q3" in caught.value.hint


def test_a_rubric_is_read_with_every_field(tmp_path: Path, bank: Bank) -> None:
    rubrics = load_rubrics(written(tmp_path / "rubrics", RUBRICS), bank)
    stores, linear = rubrics["kv-cache"].key_points
    assert (stores.id, stores.weight, stores.required) == ("stores", 3, True)
    assert stores.accept == ("Keys and values are kept.",)
    assert stores.reject == ("It stores queries.",)
    assert stores.probe == "What is stored?"
    assert (linear.weight, linear.required, linear.accept) == (1, False, ())


def test_a_question_without_a_rubric_is_reported(tmp_path: Path, bank: Bank) -> None:
    rubrics = load_rubrics(written(tmp_path / "rubrics", RUBRICS), bank)
    assert [question.id for question in missing_rubrics(bank, rubrics)] == ["rope"]


def test_the_scale_is_no_rubric(tmp_path: Path, bank: Bank) -> None:
    folder = written(tmp_path / "rubrics", RUBRICS)
    written(folder, "version: 1\n", "scale.yaml")
    assert set(load_rubrics(folder, bank)) == {"kv-cache"}


def test_priorities_say_how_much_a_category_matters(tmp_path: Path) -> None:
    written(tmp_path, QUESTIONS)
    assert load_bank(tmp_path).importance("attention", "mle") == "medium"
    written(tmp_path, "priorities: {attention: {mle: critical}}", "priorities.yaml")
    bank = load_bank(tmp_path)
    assert bank.importance("attention", "mle") == "critical"
    assert bank.importance("attention", "ai-eng") == "medium"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("priorities: {attention: {mle: vital}}", "'low', 'medium', 'high' or 'critical'"),
        ("priorities: {attention: {boss: low}}", "priorities.attention.boss"),
        ("priorities: {heads: {mle: low}}", "priorities.heads: is no category of this bank"),
        ("- mle", "priorities.yaml:1"),
    ],
)
def test_a_fault_in_the_priorities_is_named(tmp_path: Path, text: str, says: str) -> None:
    written(tmp_path, QUESTIONS)
    written(tmp_path, text, "priorities.yaml")
    with pytest.raises(BankError) as caught:
        load_bank(tmp_path)
    assert says in caught.value.message


def test_the_shipped_bank_is_whole() -> None:
    bank = load_bank(shipped_dir("bank"))
    assert bank.questions
    assert missing_rubrics(bank, load_rubrics(shipped_dir("rubrics"), bank)) == ()


@pytest.mark.parametrize("kind", ["bank", "rubrics"])
def test_other_yaml_readers_read_the_shipped_files_alike(kind: str) -> None:
    for file in shipped_dir(kind).glob("*.yaml"):
        ours = listed(read_yaml(file).value)
        assert ours == yaml.safe_load(file.read_text(encoding="utf-8"))


def listed(value: object) -> object:
    if isinstance(value, dict):
        return {name: listed(inner) for name, inner in value.items()}
    return [listed(inner) for inner in value] if isinstance(value, tuple) else value


# The content hash


def hash_of(tmp_path: Path, text: str) -> str:
    return load_bank(written(tmp_path / "bank", text)).question("rope").content_hash


def test_the_hash_is_the_same_on_every_machine() -> None:
    question = Question(
        id="rope",
        number=1,
        category="attention",
        ask="What is RoPE \u2013 briefly?",
        difficulty="easy",
        roles=("mle",),
        answer="A rotation.",
    )
    # printf '{"answer":"A rotation.",…}' | sha256sum
    assert question.content_hash == (
        "535d31868876e43236c58edf6672f20451d54b31b0d990e61a46c26a4eba3f96"
    )


def test_the_hash_ignores_layout_and_defaults(tmp_path: Path) -> None:
    reordered = changed(QUESTIONS, "    ask: What is RoPE?\n", "")
    reordered = changed(
        reordered,
        "    answer: A rotation.\n",
        '    answer: "A rotation."\n    notes: ""\n    ask: >-\n      What is\n      RoPE?\n',
    )
    assert hash_of(tmp_path, reordered) == hash_of(tmp_path, QUESTIONS)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("What is RoPE?", "What is rope?"),
        ("A rotation.", "A rotation"),
        ("time_limit_s: 60", "time_limit_s: 61"),
        ("category: attention", "category: positions"),
        ("roles: [all]", "roles: [mle]"),
    ],
)
def test_the_hash_follows_the_content(tmp_path: Path, old: str, new: str) -> None:
    assert hash_of(tmp_path, changed(QUESTIONS, old, new)) != hash_of(tmp_path, QUESTIONS)


def test_a_rubric_has_a_hash_of_its_own(tmp_path: Path, bank: Bank) -> None:
    def rubric(text: str) -> Rubric:
        return load_rubrics(written(tmp_path / "rubrics", text), bank)["kv-cache"]

    assert rubric(RUBRICS).content_hash == rubric(RUBRICS + "# a remark\n").content_hash
    heavier = changed(RUBRICS, "weight: 3", "weight: 4")
    assert rubric(RUBRICS).content_hash != rubric(heavier).content_hash


# What is wrong is named: line, field, what was found, what is allowed


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("category: attention", "category: The Attention", "1: category: found 'The Attention'; allowed: small letters"),
        ("category: attention\n", "", "1: category: is missing"),
        ("title: Attention", 'title: "  "', "2: title: found '  '; allowed: text that is not blank"),
        ("title: Attention", "titel: Attention", "2: titel: is not known here; allowed: category, title, questions"),
        ("id: kv-cache", "id: KV_cache", "4: questions.KV_cache.id: found 'KV_cache'; allowed: small letters"),
        ("id: kv-cache", "id: 12", "4: questions[1].id: found 12; allowed: text (in quotes where"),
        ("id: kv-cache", "id: " + "a" * 81, "(81 characters); allowed: at most 80 characters"),
        ("number: 3", "number: three", "5: questions.kv-cache.number: found 'three'; allowed: a whole number"),
        ("number: 3", "number: 0", "5: questions.kv-cache.number: found 0; allowed: 1 or more"),
        ("number: 3", "number: 3.0", "5: questions.kv-cache.number: found 3.0; allowed: a whole number"),
        ("number: 3", "number: true", "5: questions.kv-cache.number: found true; allowed: a whole number"),
        ("    number: 3\n", "", "4: questions.kv-cache.number: is missing"),
        ("difficulty: medium", "difficulty: medum", "8: questions.kv-cache.difficulty: found 'medum'; allowed: 'easy', 'medium' or 'hard'"),
        ("[mle, llm-eng]", "[mle, boss]", "9: questions.kv-cache.roles[2]: found 'boss'; allowed: 'mle', 'ai-eng', 'research-eng', 'llm-eng', 'ml-infra-eng', 'applied-scientist' or 'all'"),
        ("[mle, llm-eng]", "[]", "9: questions.kv-cache.roles: found a list of 0; allowed: one or more entries"),
        ("[mle, llm-eng]", "mle", "9: questions.kv-cache.roles: found 'mle'; allowed: a list"),
        ("[KV cache, no, on]", "[KV cache, true]", "10: questions.kv-cache.terms[2]: found true; allowed: text"),
        ("[KV cache, no, on]", "[KV cache,\n      2017]", "11: questions.kv-cache.terms[2]: found 2017; allowed: text"),
        ("[KV cache, no, on]", "", "10: questions.kv-cache.terms: found nothing; allowed: a list"),
        ("time_limit_s: 60", "time_limit_s: 0", "22: questions.rope.time_limit_s: found 0; allowed: 1 or more"),
        ("time_limit_s: 60", "time_limit_s: 601", "22: questions.rope.time_limit_s: found 601; allowed: 600 or less"),
        ("time_limit_s: 60", "time_limit_s: yes", "22: questions.rope.time_limit_s: found 'yes'; allowed: a whole number"),
        ("time_limit_s: 60", "category: attention", "22: questions.rope.category: is not known here; allowed: id, number"),
        ("answer: A rotation.", "answer:", "23: questions.rope.answer: found nothing; allowed: text"),
        ("answer: A rotation.", "answer: " + "a" * 20_001, "(20,001 characters); allowed: at most 20,000 characters"),
        ("        answer: \"Linear", "        hint: \"Linear", "16: questions.kv-cache.follow_ups[1].hint: is not known here; allowed: ask, answer"),
        ("id: rope", "id: kv-cache", "17: questions.kv-cache.id: 'kv-cache' is taken by {file}:4; allowed: another id"),
        ("number: 1", "number: 3", "18: questions.rope.number: 3 is taken by {file}:5; allowed: another number"),
        ("title: Attention", "title: Attention: all", "2: this is not valid YAML: mapping values are not allowed"),
        ("title: Attention", "title: A\ntitle: B", "3: the name 'title' stands here a second time"),
    ],
)  # fmt: skip
def test_a_fault_in_a_question_file_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    error = bank_error(tmp_path, changed(QUESTIONS, old, new))
    file = tmp_path / "bank" / "01-attention.yaml"
    assert error.message.startswith(f"{file}:")
    assert says.format(file=file) in error.message
    assert str(file) in error.hint


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("weight: 3", "weight: 11", "7: rubrics.kv-cache.key_points.stores.weight: found 11; allowed: 10 or less"),
        ("weight: 3", "weight: 0", "7: rubrics.kv-cache.key_points.stores.weight: found 0; allowed: 1 or more"),
        ("required: true", "required: yes", "8: rubrics.kv-cache.key_points.stores.required: found 'yes'; allowed: true or false"),
        ("[It stores queries.]", '[""]', "10: rubrics.kv-cache.key_points.stores.reject[1]: found ''; allowed: text that is not blank"),
        ("[It stores queries.]", "[Keys and values are kept.]", "5: rubrics.kv-cache.key_points.stores: found names with values; allowed: reject without 'Keys and values are kept.'"),
        ("id: linear", "id: stores", "12: rubrics.kv-cache.key_points.stores.id: 'stores' is taken; allowed: another id"),
        ("  kv-cache:", "  kv-cahce:", "3: rubrics.kv-cahce: grades no question of the bank; near it: kv-cache"),
        ("  kv-cache:", "  KV cache:", "3: rubrics.KV cache: found 'KV cache'; allowed: small letters"),
        ("category: attention", "category: other", "3: rubrics.kv-cache: grades a question of another category; allowed: attention"),
        ("    key_points:", "    points:", "4: rubrics.kv-cache.points: is not known here; allowed: key_points"),
        ("probe: What", "prob: What", "11: rubrics.kv-cache.key_points.stores.prob: is not known here; allowed: id, point"),
    ],
)  # fmt: skip
def test_a_fault_in_a_rubric_file_is_named(
    tmp_path: Path, bank: Bank, old: str, new: str, says: str
) -> None:
    error = rubric_error(tmp_path, bank, changed(RUBRICS, old, new))
    assert f"{tmp_path / 'rubrics' / '01-attention.yaml'}:{says}" in error.message


def test_a_rubric_has_a_key_point(tmp_path: Path, bank: Bank) -> None:
    error = rubric_error(tmp_path, bank, "category: attention\nrubrics:\n  rope: {key_points: []}")
    assert ":3: rubrics.rope.key_points: found a list of 0; allowed: one or more" in error.message


def test_a_question_has_one_rubric(tmp_path: Path, bank: Bank) -> None:
    written(tmp_path / "rubrics", RUBRICS, "02-again.yaml")
    error = rubric_error(tmp_path, bank, RUBRICS)
    assert "02-again.yaml:3: rubrics.kv-cache: has a rubric in another file" in error.message


def test_questions_are_unique_across_files(tmp_path: Path) -> None:
    first = written(tmp_path / "bank", QUESTIONS) / "01-attention.yaml"
    second = QUESTIONS.replace("number: 3", "number: 30").replace("number: 1", "number: 10")
    written(tmp_path / "bank", second.replace("id: rope", "id: alibi"), "02.yaml")
    message = bank_error(tmp_path, QUESTIONS).message
    assert f"02.yaml:1: category: 'attention' is taken by {first}:1" in message
    assert f"02.yaml:4: questions.kv-cache.id: 'kv-cache' is taken by {first}:4" in message
    assert len(message.splitlines()) == 2


def test_all_faults_are_reported_in_the_order_of_the_lines(tmp_path: Path) -> None:
    text = QUESTIONS.replace("difficulty:", "hardness:").replace("number: 3", "number: x")
    lines = bank_error(tmp_path, text).message.splitlines()
    numbers = [int(line.split(".yaml:")[1].split(":")[0]) for line in lines]
    assert numbers == [4, 5, 8, 17, 20]


def test_many_faults_are_counted(tmp_path: Path) -> None:
    roles = ", ".join(f"role{n}" for n in range(50))
    text = changed(QUESTIONS, "[mle, llm-eng]", f"[{roles}]")
    lines = bank_error(tmp_path, text).message.splitlines()
    assert len(lines) == 11
    assert lines[-1] == "and 40 more faults"


def test_a_folder_without_questions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BankError, match="there are no questions in"):
        load_bank(tmp_path)
    with pytest.raises(BankError, match=r"cannot read the folder .*none: No such file"):
        load_bank(tmp_path / "none")
