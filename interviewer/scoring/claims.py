"""A transcript as claims: single statements, each with the time it was said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from interviewer.speech.transcript import Segment, Transcript

PAUSE_S = 0.5
"""A silence between words this long ends a claim where the recogniser writes no punctuation."""
MIN_WORDS = 5
"""Anything shorter is joined to its neighbour: "And the size." says nothing alone."""
MAX_WORDS = 28
"""Anything longer says several things, and its one vector would be about none of them."""
SHORT_WINDOW_WORDS = 12
"""About one statement, wherever it begins."""
WORDS_PER_SENTENCE_END = 40
"""A text with fewer sentence ends than one in so many words counts as unpunctuated."""

SENTENCE_END = (".", "?", "!", ";")
CLAUSE_END = (",", ":", "\u2013", "\u2014")  # the dashes
CLOSERS = "\"')]}\u00bb\u201d\u2019"  # the closing quotes
MIN_DENSE_WORDS = 14
"""A claim of more words may hold several clauses ..."""
MIN_CLAUSE_WORDS = 7
"""... of at least so many."""
Span: TypeAlias = tuple[int, int]
"""The first word and the one after the last."""
_CLAUSE_STARTS = """
    also although because but hence however if instead since so that then therefore though unless
    whereas when where which while without
"""
CLAUSE_STARTS = frozenset(_CLAUSE_STARTS.split())
JOINTS = frozenset({"and", "or"})
"""They join nouns as often as clauses: good enough for a cut that must be made anyway."""


@dataclass(frozen=True)
class Claim:
    """One statement. Times are seconds from the utterance's start; `None` for typed answers."""

    text: str
    start_s: float | None = None
    end_s: float | None = None


@dataclass(frozen=True)
class _Token:
    """A word with its times, and whether its segment ends with it."""

    text: str
    start_s: float | None
    end_s: float | None
    ends_segment: bool

    def ends_with(self, marks: tuple[str, ...]) -> bool:
        return self.text.rstrip(CLOSERS).endswith(marks)


def claims_of(transcript: Transcript) -> tuple[Claim, ...]:
    """Cut a transcript into statements of about 5 to 28 words, in the order they were said.

    Punctuated text is cut at sentence ends; text without punctuation, as pocketsphinx writes it, at
    pauses and line ends. What is still too long is cut at clauses, or else into windows that
    overlap by half, and fragments join a neighbour. A pause is only a guess at where a statement
    ends, so speech without punctuation gives short overlapping windows besides. Every word is in at
    least one claim.
    """
    tokens = [token for segment in transcript.segments for token in _tokens_of(segment)]
    punctuated = _is_punctuated(tokens)
    spans: set[Span] = set()
    for sentence in _joined(_sentences(tokens, punctuated)):
        spans.update(_pieces(tokens, sentence))
        if not punctuated and tokens[0].start_s is not None:
            spans.update(_windows(sentence, SHORT_WINDOW_WORDS))
    return tuple(_claim(tokens[start:end]) for start, end in sorted(spans))


def clauses_of(claim: Claim) -> tuple[Claim, ...]:
    """The clauses of a claim that has several; none where it is short or has only one.

    A dense sentence states several key points, and its one vector is about none of them clearly.
    The times are spread over the letters.
    """
    segment = Segment(claim.text, claim.start_s or 0.0, claim.end_s or 0.0)
    tokens = _tokens_of(segment)
    if len(tokens) <= MIN_DENSE_WORDS:
        return ()
    cuts = [0]
    for i in range(MIN_CLAUSE_WORDS, len(tokens) - MIN_CLAUSE_WORDS + 1):
        if i - cuts[-1] >= MIN_CLAUSE_WORDS and _clause_at(tokens, i):
            cuts.append(i)
    spans = pairwise([*cuts, len(tokens)]) if len(cuts) > 1 else ()
    return tuple(_claim(tokens[start:end]) for start, end in spans)


def _tokens_of(segment: Segment) -> list[_Token]:
    """The segment's words; where it has none, its text with the time spread over the letters."""
    if segment.words:
        spoken = [w for w in segment.words if w.text.strip()]
        return [
            _Token(word.text.strip(), word.start_s, word.end_s, word is spoken[-1])
            for word in spoken
        ]
    texts = segment.text.split()
    length_s = segment.end_s - segment.start_s
    if length_s <= 0:
        return [_Token(text, None, None, i == len(texts) - 1) for i, text in enumerate(texts)]
    total = sum(len(text) for text in texts)
    tokens, letters = [], 0
    for i, text in enumerate(texts):
        start_s = segment.start_s + length_s * letters / total
        letters += len(text)
        end_s = segment.start_s + length_s * letters / total
        tokens.append(_Token(text, start_s, end_s, i == len(texts) - 1))
    return tokens


def _is_punctuated(tokens: Sequence[_Token]) -> bool:
    ends = sum(token.ends_with(SENTENCE_END) for token in tokens)
    return ends * WORDS_PER_SENTENCE_END >= len(tokens)


def _sentences(tokens: Sequence[_Token], punctuated: bool) -> list[Span]:
    inner = range(1, len(tokens))
    ends = [i for i in inner if _ends_sentence(tokens[i - 1], tokens[i], punctuated)]
    return list(pairwise([0, *ends, len(tokens)])) if tokens else []


def _ends_sentence(token: _Token, following: _Token, punctuated: bool) -> bool:
    if token.ends_with(SENTENCE_END):
        return True
    # A pause within a punctuated sentence is the speaker thinking, and a line's end is only a wrap.
    if punctuated:
        return False
    if token.end_s is None or following.start_s is None:
        return token.ends_segment
    return token.ends_segment or following.start_s - token.end_s > PAUSE_S


def _joined(sentences: list[Span]) -> list[Span]:
    """Join each fragment to what follows it, and a last one to what precedes it."""
    joined: list[Span] = []
    for start, end in sentences:
        if joined and _length(joined[-1]) < MIN_WORDS:
            start, _ = joined.pop()
        joined.append((start, end))
    if len(joined) > 1 and _length(joined[-1]) < MIN_WORDS:
        _, end = joined.pop()
        start, _ = joined.pop()
        joined.append((start, end))
    return joined


def _pieces(tokens: Sequence[_Token], sentence: Span) -> Iterator[Span]:
    """Halve a long sentence at the clause nearest its middle until each piece is short enough."""
    start, end = sentence
    if _length(sentence) <= MAX_WORDS:
        yield sentence
        return
    inner = range(start + MIN_WORDS, end - MIN_WORDS + 1)
    clauses = [i for i in inner if _clause_at(tokens, i) or tokens[i].text.lower() in JOINTS]
    if not clauses:
        yield from _windows(sentence, MAX_WORDS)
        return
    cut = min(clauses, key=lambda i: abs(2 * i - start - end))
    yield from _pieces(tokens, (start, cut))
    yield from _pieces(tokens, (cut, end))


def _windows(span: Span, n_words: int) -> Iterator[Span]:
    """Spans of `n_words` that overlap by half; the whole where it is no longer."""
    start, end = span
    last = max(start, end - n_words)
    for first in [*range(start, last, n_words // 2), last]:
        yield first, min(first + n_words, end)


def _length(span: Span) -> int:
    return span[1] - span[0]


def _clause_at(tokens: Sequence[_Token], i: int) -> bool:
    """Whether a clause starts at word `i`."""
    word = tokens[i].text.lower().strip(",")
    return tokens[i - 1].ends_with(CLAUSE_END) or word in CLAUSE_STARTS


def _claim(tokens: Sequence[_Token]) -> Claim:
    text = " ".join(token.text for token in tokens)
    starts = [token.start_s for token in tokens if token.start_s is not None]
    ends = [token.end_s for token in tokens if token.end_s is not None]
    return Claim(text, min(starts), max(ends)) if starts and ends else Claim(text)
