"""A transcript as claims: single statements, each with the time it was said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from interviewer.speech.transcript import Segment, Transcript

PAUSE_S = 0.5
"""A silence between words this long ends a claim where the recogniser writes no punctuation."""
MIN_WORDS = 5
"""Anything shorter is joined to its neighbour: "And the size." says nothing alone."""
MAX_WORDS = 28
"""Anything longer says several things, and its one vector would be about none of them."""
WORDS_PER_SENTENCE_END = 40
"""A text with fewer sentence ends than one in so many words counts as unpunctuated."""

SENTENCE_END = (".", "?", "!", ";", "。", "？", "！")
CLAUSE_END = (",", ":", "–", "—")
CLOSERS = "\"')]}»”’"
CLAUSE_STARTS = frozenset(
    "also although and because but hence however if instead or since so that then therefore though"
    " unless whereas when where which while without".split()
)


@dataclass(frozen=True)
class Claim:
    """One statement. Times are seconds from the start of the utterance; `None` for typed answers."""

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
    pauses. What is still too long is cut at clauses, or else into windows that overlap by half.
    Fragments join a neighbour. Every word of the transcript is in at least one claim.
    """
    tokens = [token for segment in transcript.segments for token in _tokens_of(segment)]
    sentences = _joined(list(_sentences(tokens, _is_punctuated(tokens))))
    return tuple(_claim(piece) for sentence in sentences for piece in _pieces(sentence))


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


def _sentences(tokens: Sequence[_Token], punctuated: bool) -> Iterator[list[_Token]]:
    sentence: list[_Token] = []
    for i, token in enumerate(tokens):
        sentence.append(token)
        following = tokens[i + 1] if i + 1 < len(tokens) else None
        if following is None or _ends_sentence(token, following, punctuated):
            yield sentence
            sentence = []


def _ends_sentence(token: _Token, following: _Token, punctuated: bool) -> bool:
    if token.ends_with(SENTENCE_END):
        return True
    if token.end_s is None or following.start_s is None:
        return token.ends_segment  # a line of a typed answer
    # A pause within a punctuated sentence is the speaker thinking, and the sentence goes on.
    return not punctuated and (token.ends_segment or following.start_s - token.end_s > PAUSE_S)


def _joined(sentences: list[list[_Token]]) -> list[list[_Token]]:
    """Join each fragment to what follows it, and a last one to what precedes it."""
    joined: list[list[_Token]] = []
    for sentence in sentences:
        if joined and len(joined[-1]) < MIN_WORDS:
            joined[-1] = joined[-1] + sentence
        else:
            joined.append(sentence)
    if len(joined) > 1 and len(joined[-1]) < MIN_WORDS:
        last = joined.pop()
        joined[-1] = joined[-1] + last
    return joined


def _pieces(sentence: list[_Token]) -> Iterator[list[_Token]]:
    """Halve a long sentence at the clause nearest its middle until each piece is short enough."""
    if len(sentence) <= MAX_WORDS:
        yield sentence
        return
    middle = len(sentence) / 2
    cuts = [i for i in range(MIN_WORDS, len(sentence) - MIN_WORDS + 1) if _clause_at(sentence, i)]
    if cuts:
        cut = min(cuts, key=lambda i: abs(i - middle))
        yield from _pieces(sentence[:cut])
        yield from _pieces(sentence[cut:])
        return
    for start in range(0, len(sentence) - MAX_WORDS // 2, MAX_WORDS // 2):
        yield sentence[start : start + MAX_WORDS]


def _clause_at(sentence: Sequence[_Token], i: int) -> bool:
    """Whether a clause starts at word `i`."""
    return sentence[i - 1].ends_with(CLAUSE_END) or (
        sentence[i].text.lower().strip(",") in CLAUSE_STARTS
    )


def _claim(tokens: Sequence[_Token]) -> Claim:
    text = " ".join(token.text for token in tokens)
    starts = [token.start_s for token in tokens if token.start_s is not None]
    ends = [token.end_s for token in tokens if token.end_s is not None]
    return Claim(text, min(starts), max(ends)) if starts and ends else Claim(text)
