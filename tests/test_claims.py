"""Transcripts become claims: single statements with their times, and no word lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviewer.scoring.claims import MAX_WORDS, Claim, claims_of, clauses_of
from interviewer.speech.transcript import Segment, Transcript, Word, typed
from tests.scoring_kit import spoken


def texts(transcript: Transcript) -> list[str]:
    return [claim.text for claim in claims_of(transcript)]


def test_typed_text_is_cut_at_sentence_ends() -> None:
    found = texts(typed("It stores the keys and values. Each step adds one pair of them."))
    assert found == ["It stores the keys and values.", "Each step adds one pair of them."]


def test_a_typed_line_ends_a_claim_without_punctuation() -> None:
    found = texts(typed("it stores the keys and values\neach step adds one pair of them"))
    assert found == ["it stores the keys and values", "each step adds one pair of them"]


def test_a_wrapped_line_of_punctuated_text_does_not_end_a_claim() -> None:
    found = texts(typed("It stores the keys and\nthe values. Each step adds\none more pair."))
    assert found == ["It stores the keys and the values.", "Each step adds one more pair."]


def test_typed_claims_have_no_times() -> None:
    assert claims_of(typed("It stores the keys and values.")) == (
        Claim("It stores the keys and values.", None, None),
    )


def test_words_without_punctuation_are_cut_at_pauses() -> None:
    heard = spoken("it keeps all the old keys each step then adds one more", pause_after="keys")
    assert claims_of(heard) == (
        Claim("it keeps all the old keys", 0.0, 2.3),
        Claim("each step then adds one more", 3.3, 5.6),
    )


def test_a_short_pause_does_not_cut() -> None:
    heard = spoken("it keeps all the old keys for later", pause_after="keys", pause_s=0.4)
    assert texts(heard) == ["it keeps all the old keys for later"]


def test_a_pause_within_a_punctuated_sentence_does_not_cut() -> None:
    heard = spoken("It keeps all the old keys and the values too.", pause_after="keys", pause_s=3)
    assert texts(heard) == ["It keeps all the old keys and the values too."]


def test_fragments_join_their_neighbours() -> None:
    found = texts(typed("No. It stores the keys and values. Each step adds one pair. Right."))
    assert found == ["No. It stores the keys and values.", "Each step adds one pair. Right."]


def test_a_long_sentence_is_cut_at_the_clause_nearest_its_middle() -> None:
    left = "the cache holds the keys and the values of all tokens that the model has seen"
    right = "because attention is causal they never change and can be used again at every step"
    assert texts(typed(f"{left} {right}."))[:2] == [left, f"{right}."]


def test_unpunctuated_speech_also_gives_short_windows_across_clauses() -> None:
    found = texts(spoken(" ".join(f"word{i}" for i in range(24))))
    assert (
        "word6 word7 word8 word9 word10 word11 word12 word13 word14 word15 word16 word17" in found
    )


def test_a_segment_without_words_spreads_its_time_over_the_letters() -> None:
    segment = Segment("It stores all the keys. Then it adds one more.", 10.0, 20.0)
    first, second = claims_of(Transcript((segment,), "faster-whisper", "tiny", "1", 20.0))
    assert (first.start_s, second.end_s) == (10.0, 20.0)
    assert first.end_s == second.start_s


def test_a_sentence_may_run_over_two_segments() -> None:
    segments = (Segment("It stores all the keys", 0, 2), Segment("and all the values.", 2, 4))
    found = claims_of(Transcript(segments, "faster-whisper", "tiny", "1", 4.0))
    assert found == (Claim("It stores all the keys and all the values.", 0.0, 4.0),)


def test_silence_has_no_claims() -> None:
    assert claims_of(Transcript((), "silero-vad", "", "", 5.0)) == ()
    assert claims_of(typed(" \n\t")) == ()


texts_of_any_kind = st.text(max_size=300)
gaps_s = st.floats(0, 3)


@st.composite
def timed_transcripts(draw: st.DrawFn) -> Transcript:
    now_s, segments = 0.0, []
    for heard in draw(st.lists(texts_of_any_kind, max_size=5)):
        words = []
        for text in heard.split(" "):
            start_s = now_s + draw(gaps_s)
            now_s = start_s + draw(gaps_s)
            words.append(Word(text, start_s, now_s))
        segments.append(Segment(heard, words[0].start_s, now_s, tuple(words)))
    return Transcript(tuple(segments), "pocketsphinx", "en-us", "5", now_s)


@given(texts_of_any_kind)
def test_every_typed_word_is_in_a_claim(text: str) -> None:
    transcript = typed(text)
    said = " ".join(texts(transcript)).split()
    assert set(said) == set(transcript.text.split())


@given(timed_transcripts())
def test_claims_are_in_order_and_within_the_utterance(transcript: Transcript) -> None:
    claims = claims_of(transcript)
    assert claims == claims_of(transcript)
    starts = [claim.start_s for claim in claims if claim.start_s is not None]
    assert starts == sorted(starts)
    assert len(starts) == len(claims)
    for claim in claims:
        assert claim.start_s is not None
        assert claim.end_s is not None
        assert 0 <= claim.start_s <= claim.end_s <= transcript.duration_s
    said = {word for claim in claims for word in claim.text.split()}
    assert said == {part for word in transcript.words for part in word.text.split()}


@given(st.lists(st.sampled_from(["and", "cache", "stores,", "keys", "values."]), max_size=120))
def test_claims_are_short_enough_to_say_one_thing(words: list[str]) -> None:
    # A claim grows past the limit only by the fragments that join it.
    assert all(len(text.split()) <= MAX_WORDS for text in texts(typed(" ".join(words))))


def test_a_dense_claim_is_its_clauses_besides_with_their_times() -> None:
    dense = Claim(
        "The keys and values of earlier tokens stay in memory, so each step computes those of the "
        "newest token only.",
        2.0,
        6.0,
    )
    first, second = clauses_of(dense)
    assert first.text == "The keys and values of earlier tokens stay in memory,"
    assert second.text == "so each step computes those of the newest token only."
    assert first.start_s == 2.0
    assert first.end_s == second.start_s
    assert second.end_s == 6.0


@pytest.mark.parametrize(
    "text",
    [
        "It stores keys, and values too.",
        "It never computes the keys of earlier tokens twice",
        "Every step appends the keys and the values of the newest token or of several.",
    ],
)
def test_a_claim_of_one_clause_has_no_parts(text: str) -> None:
    assert clauses_of(Claim(text)) == ()
