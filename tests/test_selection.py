"""Which questions a session asks, in which order, and why."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviewer.bank.question import DIFFICULTIES, ROLES, Bank, Category, Question
from interviewer.bank.selection import Choice, Request, select
from interviewer.errors import UsageError

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def question(number: int, category: str) -> Question:
    return Question(
        id=f"{category}-{number}",
        number=number,
        category=category,
        ask="What is it?",
        difficulty=DIFFICULTIES[number % 3],
        roles=(ROLES[number % 2], "llm-eng"),
        answer="It is.",
    )


def category(slug: str, numbers: range) -> Category:
    return Category(slug, slug.title(), tuple(question(n, slug) for n in numbers))


BANK = Bank(
    (
        category("attention", range(1, 10)),
        category("training", range(10, 16)),
        category("tracking", range(16, 19)),
    )
)


def ids(choices: tuple[Choice, ...]) -> list[str]:
    return [choice.question.id for choice in choices]


def asked(*numbers: int, days_ago: int = 1) -> dict[str, datetime]:
    when = NOON - timedelta(days=days_ago)
    return {BANK.question(number).id: when for number in numbers}


REQUESTS = st.builds(
    Request,
    count=st.none() | st.integers(1, 30),
    categories=st.sampled_from([(), ("attention",), ("training", "tracking")]),
    roles=st.sampled_from([(), ("mle",), ("ai-eng", "mle"), ("llm-eng",)]),
    difficulties=st.sampled_from([(), ("easy",), ("medium", "hard")]),
    seed=st.integers(),
)
HISTORIES = st.dictionaries(
    st.sampled_from([question.id for question in BANK.questions]),
    st.datetimes(timezones=st.just(UTC)),
)


@given(request=REQUESTS, history=HISTORIES)
def test_a_choice_keeps_to_the_request(request: Request, history: dict[str, datetime]) -> None:
    choices = select(BANK, request, history)
    matching = [
        question
        for question in BANK.questions
        if (not request.categories or question.category in request.categories)
        and (not request.roles or set(request.roles) & set(question.roles))
        and (not request.difficulties or question.difficulty in request.difficulties)
    ]
    assert len(choices) == min(request.count or 3, len(matching))
    assert len(set(ids(choices))) == len(choices)
    assert set(ids(choices)) <= {question.id for question in matching}
    ranks = [DIFFICULTIES.index(choice.question.difficulty) for choice in choices]
    assert ranks == sorted(ranks)


@given(request=REQUESTS, history=HISTORIES)
def test_the_same_seed_makes_the_same_choice(
    request: Request, history: dict[str, datetime]
) -> None:
    other_order = Bank(tuple(reversed(BANK.categories)))
    backwards = dict(reversed(history.items()))
    assert select(BANK, request, history) == select(other_order, request, backwards)


@given(request=REQUESTS, history=HISTORIES)
def test_nothing_is_asked_again_while_something_new_is_left(
    request: Request, history: dict[str, datetime]
) -> None:
    chosen = ids(select(BANK, replace(request, seed=None), history))
    everything = Request(30, request.categories, request.roles, request.difficulties)
    new = {id_ for id_ in ids(select(BANK, everything)) if id_ not in history}
    assert len(new.intersection(chosen)) == min(len(new), len(chosen))


def test_the_choice_is_the_same_on_every_machine() -> None:
    program = (
        "from tests.test_selection import BANK, Request, ids, select\n"
        "print(ids(select(BANK, Request(count=4, seed=7))))"
    )
    expected = ["tracking-18", "attention-1", "tracking-16", "attention-8"]
    assert ids(select(BANK, Request(count=4, seed=7))) == expected
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        run = subprocess.run(
            [sys.executable, "-c", program],
            cwd=Path(__file__).parents[1],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout.strip() == str(expected)


def test_seeds_differ() -> None:
    assert len({str(ids(select(BANK, Request(seed=seed)))) for seed in range(20)}) > 10


def test_without_a_seed_every_choice_is_new() -> None:
    assert len({str(ids(select(BANK, Request()))) for _ in range(20)}) > 1


@pytest.mark.parametrize(
    ("count", "difficulties"),
    [
        (1, ["medium"]),
        (2, ["easy", "medium"]),
        (3, ["easy", "medium", "hard"]),
        (5, ["easy", "easy", "medium", "medium", "hard"]),
        (18, ["easy"] * 6 + ["medium"] * 6 + ["hard"] * 6),
    ],
)
def test_difficulties_are_mixed_from_easy_to_hard(count: int, difficulties: list[str]) -> None:
    choices = select(BANK, Request(count=count, seed=1))
    assert [choice.question.difficulty for choice in choices] == difficulties


def test_what_was_asked_last_is_left_in_peace() -> None:
    history = asked(*range(1, 10), days_ago=9) | asked(*range(10, 19), days_ago=1)
    for _ in range(20):
        chosen = select(BANK, Request(count=6), history)
        assert {choice.question.category for choice in chosen} == {"attention"}


@given(request=REQUESTS, history=HISTORIES)
def test_a_seed_asks_the_same_whatever_was_asked_before(
    request: Request, history: dict[str, datetime]
) -> None:
    assert ids(select(BANK, request, history)) == ids(select(BANK, request))


def test_what_matters_for_the_role_is_asked_oftener_and_the_reason_says_so() -> None:
    bank = replace(
        BANK,
        priorities={
            "attention": {"llm-eng": "low"},
            "training": {"llm-eng": "critical"},
            "tracking": {"llm-eng": "medium"},
        },
    )
    drawn = [
        choice
        for seed in range(100)
        for choice in select(bank, Request(count=2, roles=("llm-eng",), seed=seed))
    ]
    counted = Counter(choice.question.category for choice in drawn)
    assert counted["training"] > 1.5 * counted["tracking"] > 1.5 * counted["attention"] > 0
    assert any("training is critical for llm-eng" in choice.why for choice in drawn)


def test_no_category_takes_all_turns() -> None:
    for seed in range(20):
        choices = select(BANK, Request(count=9, seed=seed))
        assert len({choice.question.category for choice in choices}) == 3


def test_a_choice_says_why() -> None:
    history = asked(*range(2, 19))
    reasons = {c.question.number: c.why for c in select(BANK, Request(count=18), history)}
    assert reasons[1] == "medium, not asked before"
    assert reasons[3] == "easy, last asked on 2026-01-04"


def test_named_questions_keep_their_order() -> None:
    choices = select(BANK, Request(questions=("Q12", "attention-1", 3, 12)), asked(1))
    assert [choice.question.number for choice in choices] == [12, 1, 3]
    assert {choice.why for choice in choices} == {"you named it"}


def test_the_count_limits_named_questions() -> None:
    assert ids(select(BANK, Request(count=1, questions=(3, 2)))) == ["attention-3"]


@pytest.mark.parametrize("name", ["training", "Training", "trai", "2", "02"])
def test_a_category_is_known_by_name_beginning_and_number(name: str) -> None:
    choices = select(BANK, Request(count=30, categories=(name,)))
    assert {choice.question.category for choice in choices} == {"training"}


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (Request(count=0), "cannot ask 0 questions; allowed: 1 or more"),
        (
            Request(categories=("tra",)),
            "--category 'tra' could be training or tracking; "
            "allowed: attention (9), training (6), tracking (3)",
        ),
        (Request(categories=("4",)), "--category '4' is not known; allowed: attention (9), "),
        (Request(categories=("",)), "--category '' is not known"),
        (Request(roles=("boss",)), "--role 'boss' is not known; allowed: mle (9), ai-eng (9), llm"),
        (Request(difficulties=("1",)), "--difficulty '1' is not known; allowed: easy (6), medium"),
        (
            Request(roles=("applied-scientist",), categories=("attention",)),
            "no question is left with --role applied-scientist; "
            "allowed with the other filters: mle (4), ai-eng (5), llm-eng (9)",
        ),
        (
            Request(questions=(3,), difficulties=("easy",)),
            "questions were named and filters given; allowed: one or the other",
        ),
        (Request(questions=("rope",)), "there is no question 'rope'"),
    ],
)
def test_what_cannot_be_chosen_is_said_with_the_choices(request_: Request, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        select(BANK, request_)
    assert caught.value.message.startswith(says)
    assert caught.value.hint
