"""What a speaker says as true: not questions, not what "people think", not what is taken back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from interviewer.scoring.claims import Claim

_SOMEONE = (
    r"(?:people|folks|engineers|beginners|candidates|everyone|everybody|many|some|most|you|one)"
)
_THINKS = r"(?:think|thinks|believe|believes|assume|assumes|say|says|claim|claims|imagine|imagines)"
_SAID_BY_OTHERS = re.compile(
    rf"\b{_SOMEONE}\s+(?:\w+\s+)?(?:(?:might|may|could|would|will|often|usually|sometimes|wrongly"
    rf"|mistakenly|naively)\s+)+(?:\w+\s+)?{_THINKS}\b"
    rf"|\b(?:some|many|most|lots of|a lot of)\s+(?:people|folks)\s+{_THINKS}\b"
    rf"|\bpeople\s+{_THINKS}\s+(?:that|it|the)\b"
    r"|\b(?:common|popular|usual|frequent|classic)\s+(?:misconception|myth|mistake|misunderstanding)"
    r"\s+(?:is|here|about|would|people)\b"
    r"|\bit(?:'s| is)\s+(?:tempting|easy)\s+to\s+(?:think|say|believe|assume)\b"
    r"|\bit\s+(?:is not|isn't)\s+(?:true|the case|right|correct)\s+that\b"
)
_NOT_KNOWN = re.compile(
    r"\bi(?:'m| am)?\s+(?:really\s+|honestly\s+|just\s+)?(?:don't|do not|can't|cannot|couldn't)\s+"
    r"(?:really\s+|quite\s+|actually\s+)?(?:know|remember|recall|say|tell)\s+"
    r"(?:if|whether|what|how|why|which|exactly|that)\b"
    r"|\b(?:not|never)\s+(?:really\s+|quite\s+|too\s+|very\s+)?sure\s+(?:if|whether|what|how|why|which)\b"
    r"|\bno (?:idea|clue)\b|\bi (?:wouldn't|would not) know\b"
    r"|\bi(?:'ve| have)? (?:haven't|have not|never) (?:done|used|worked|tried|heard|looked|read)\b"
)
_TAKEN_BACK = re.compile(
    r"\b(?:no,? (?:no,? )?(?:sorry|wait)|(?:sorry|wait),? no|scratch that|strike that|i misspoke"
    r"|let me correct (?:that|myself)|i take (?:that|it) back|that(?:'s| is| was) wrong)\b"
    r"|\b(?:no|wait|sorry|actually)\b[\s,]*(?:it(?:'s| is)|that's)?\s*"
    r"the other way (?:round|around)"
)
_TURN = re.compile(
    r"(?:[,;.]\s*|\s)(?:but|actually|in fact|in reality|whereas really|however)\b[\s,]*", re.I
)
_ASKS = re.compile(
    r"^(?:so\s+|and\s+|well\s+|okay\s+)*(?:what|why|how|which|who|where|when)\b.*\?$"
)
MIN_REST_WORDS = 4
"""What is left of a statement beside what is not asserted counts from this many words on."""


def assertions(claims: Sequence[Claim]) -> tuple[tuple[Claim, ...], tuple[Claim, ...]]:
    """The claims that the speaker stands by, shortened where need be; and those left out.

    A question, an opinion ascribed to others, and what one says not to know assert nothing, except
    for what follows a "but" or an "actually". "No, sorry" takes back what was said before it: the
    words before it in the same claim, or the claim before when it opens one.
    """
    kept: list[Claim] = []
    dropped: list[Claim] = []
    for claim in claims:
        taken_back = _TAKEN_BACK.search(claim.text.lower())
        opens = taken_back and len(claim.text[: taken_back.start()].split()) < MIN_REST_WORDS
        if opens and kept:
            dropped.append(kept.pop())
        rests = list(_asserted(claim.text, taken_back))
        kept += [replace(claim, text=text) for text in rests]
        if not rests:
            dropped.append(claim)
    return tuple(kept), tuple(dropped)


def _asserted(text: str, taken_back: re.Match[str] | None) -> Iterator[str]:
    """What of one claim's text is asserted: at most one piece."""
    if taken_back:
        text = text[taken_back.end() :].lstrip(" ,.;:")
    lowered = text.lower()
    if _ASKS.match(lowered.strip()):
        return
    denied = _SAID_BY_OTHERS.search(lowered) or _NOT_KNOWN.search(lowered)
    if denied:
        turn = _TURN.search(text, denied.end())
        text = text[turn.end() :] if turn else text[: denied.start()]
        text = text.strip(" ,.;:")
    if not (taken_back or denied) or len(text.split()) >= MIN_REST_WORDS:
        yield text
