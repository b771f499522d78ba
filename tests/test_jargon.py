"""Terms that were misheard are mended where they were meant, and nowhere else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from interviewer.bank.question import load_bank
from interviewer.settings import shipped_dir
from interviewer.speech.jargon import Mender, glossary, is_odd
from interviewer.speech.transcript import Segment, Transcript, Word, typed

CASES = Path(__file__).parent / "jargon"
MISHEARD = (CASES / "misheard.txt").read_text().splitlines()
ORDINARY = (CASES / "ordinary.txt").read_text().splitlines()


@pytest.fixture(scope="module")
def mender() -> Mender:
    return Mender(terms())


def terms() -> list[str]:
    return [
        term for question in load_bank(shipped_dir("bank")).questions for term in question.terms
    ]


def heard(*sentences: str) -> Transcript:
    """What a recogniser wrote: a segment a sentence, 0.3 s a word."""
    segments, n_words = [], 0
    for text in sentences:
        words = tuple(
            Word(word, 0.3 * i, 0.3 * i + 0.3, 0.9) for i, word in enumerate(text.split(), n_words)
        )
        segments.append(Segment(text, words[0].start_s, words[-1].end_s, words))
        n_words += len(words)
    return Transcript(tuple(segments), "test", "", "", 0.3 * n_words)


def case(line: str) -> tuple[str, str, str]:
    """What was written, and in it what was misheard for which term."""
    marked = re.search(r"\{(.+)\|(.+)\}", line)
    assert marked is not None
    return line.replace(marked.group(), marked.group(1)), marked.group(1), marked.group(2)


def is_mended(mender: Mender, line: str) -> bool:
    """Whether the term is there in place of what was heard, and nothing else was changed."""
    written, misheard, term = case(line)
    words = mender.mend(heard(written)).words
    changed = [(word.heard, word.text.strip(".,").lower()) for word in words if word.heard]
    return changed == [(misheard, term.lower())]


def test_four_in_five_misheard_terms_are_mended(mender: Mender) -> None:
    left = [line for line in MISHEARD if not is_mended(mender, line)]
    assert len(MISHEARD) == 100
    assert len(left) <= 20, left


def test_ordinary_sentences_are_not_touched(mender: Mender) -> None:
    assert len(ORDINARY) == 100
    for line in ORDINARY:
        assert mender.mend(heard(line)) == heard(line)


def test_an_answer_about_something_else_is_not_touched(mender: Mender) -> None:
    strange = "Laura paid for the rope with TV cash, and that was her alibi."
    everything = heard(*ORDINARY[18:40], strange, *ORDINARY[40:60])
    assert mender.mend(everything) == everything


def test_the_terms_alone_earn_nothing(mender: Mender) -> None:
    alone = heard("Laura.", "TV cash.", "Rope.", "Alibi.")
    assert mender.mend(alone) == alone, "where nothing else speaks of the field"


def test_what_the_bank_itself_says_needs_no_mending(mender: Mender) -> None:
    bank = load_bank(shipped_dir("bank"))
    for question in bank.questions:
        answer = heard(question.answer)
        assert mender.mend(answer).text == answer.text, question.id


def test_a_mended_word_keeps_times_punctuation_and_what_was_heard(mender: Mender) -> None:
    before = heard("The adapters of cue Laura, of low rank, need the TV cash's memory.")
    after = mender.mend(before)
    assert after.text == "The adapters of QLoRA, of low rank, need the KV cache's memory."
    mended = [word for word in after.words if word.heard]
    assert [(word.text, word.heard) for word in mended] == [
        ("QLoRA,", "cue Laura"),
        ("KV cache's", "TV cash's"),
    ]
    assert (mended[0].start_s, mended[0].end_s) == (before.words[3].start_s, before.words[4].end_s)
    assert after.mended == ("QLoRA (heard: cue Laura)", "KV cache's (heard: TV cash's)")


def test_mending_twice_is_mending_once(mender: Mender) -> None:
    once = mender.mend(heard(*(case(line)[0] for line in MISHEARD)))
    assert mender.mend(once) == once


def test_a_term_that_the_glossary_lacks_is_left_as_heard() -> None:
    sentence = heard("We train Laura adapters with low rank matrices on the attention weights.")
    assert Mender(["KV cache"]).mend(sentence) == sentence
    assert Mender(["LoRA"]).mend(sentence) != sentence


def test_old_transcripts_are_read_and_mended_ones_come_back(mender: Mender) -> None:
    mended = mender.mend(heard(case(MISHEARD[0])[0]))
    assert mended.mended
    assert Transcript.from_dict(mended.to_dict()) == mended
    plain = heard("nothing was mended here")
    assert "heard" not in str(plain.to_dict())
    assert Transcript.from_dict(plain.to_dict()) == plain


def test_typed_answers_are_left_alone(mender: Mender) -> None:
    answer = typed("Laura adapters have low rank matrices beside the attention weights")
    assert mender.mend(answer) == answer


def test_the_first_terms_of_the_glossary_are_the_odd_ones_of_the_whole_bank() -> None:
    ordered = glossary(terms())
    assert set(ordered) == set(terms())
    first = ordered[:60]
    assert all(is_odd(term) for term in first)
    categories = load_bank(shipped_dir("bank")).categories
    for category in categories:
        own = {term for question in category.questions for term in question.terms}
        assert not any(map(is_odd, own)) or own & set(first), category.slug


@pytest.mark.parametrize("text", ["", "a", "...", "A B C D E F G H", "\u2019s 's"])
def test_anything_may_be_heard(mender: Mender, text: str) -> None:
    assert mender.mend(heard(text or "x")).duration_s == heard(text or "x").duration_s
