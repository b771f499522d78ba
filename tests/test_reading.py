"""What is written is read aloud as it is meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviewer.bank.question import load_bank
from interviewer.bank.rubric import load_rubrics
from interviewer.settings import shipped_dir
from interviewer.speech.reading import SPELLINGS, speakable


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("LoRA vs. QLoRA", "Lora versus cue Lora"),
        ("Is RoPE's base 10,000?", "Is rope's base 10,000?"),
        ("Mixtral 8x7B", "Mixtral 8 by 7 billion"),
        ("O(n²) memory, 10^25 FLOPs", "order n squared memory, 10 to the power of 25 FLOPs"),
        ("95% of R&D", "95 percent of R and D"),
        ("SwiGLU, not GLU", "Swish G L U, not G L U"),
        ("`top_p`\n and **bold**", "top p and bold"),
        ("a plain question", "a plain question"),
    ],
)
def test_signs_and_jargon_are_written_out(written: str, read: str) -> None:
    assert speakable(written) == read


@given(st.text())
def test_any_text_can_be_read_and_reading_it_again_changes_nothing(text: str) -> None:
    once = speakable(text)
    assert speakable(once) == once


def test_nothing_in_the_bank_is_read_with_a_sign_in_it() -> None:
    bank = load_bank(shipped_dir("bank"))
    rubrics = load_rubrics(shipped_dir("rubrics"), bank)
    texts = [question.spoken for question in bank.questions]
    texts += [entry.ask for question in bank.questions for entry in question.follow_ups]
    texts += [point.probe for rubric in rubrics.values() for point in rubric.key_points]
    for text in map(speakable, texts):
        assert text.isascii() or "é" in text, text
        assert not set(text) & set("*_`$#|<>{}\\^&%²=/~@[]+"), text
        words = set(text.replace("?", " ").replace(",", " ").replace(".", " ").split())
        assert not words & SPELLINGS.keys(), text
