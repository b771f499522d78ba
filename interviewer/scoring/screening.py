"""What does not count as an answer: the question said back, and terms listed without a statement."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from interviewer.scoring.claims import Claim
from interviewer.scoring.scale import Scale

# With the words that only hold a sentence together, those that praise without saying anything.
FUNCTION_WORDS = frozenset(
    """a about after again all also am an and any are aren't as at basically be because been before
    being both but by can can't cannot could did didn't do does doesn't doing don't each either else
    even every few for from get gets give gives goes got had has have having he hence her here his
    how however i i'd i'm i've if in instead into is isn't it it's its itself just kind let let's
    like many may me might mine more most much must my need needs neither no nor not now of off on
    once one only onto or other our out over own per rather really same she should since so some
    such than that that's the their them then there there's therefore these they they're this those
    though through to too under up upon us use used uses using very was wasn't way we we're were
    what when where whereas which while who why will with without won't would yes you you'd you're
    your
    explain explains good great important question reason thing things well""".split()
)


@dataclass(frozen=True)
class Screened:
    """The claims that count, and those that do not, by the reason."""

    kept: tuple[Claim, ...]
    echoes: tuple[Claim, ...] = ()
    """Say the question back and add nothing."""
    lists: tuple[Claim, ...] = ()
    """Name terms without saying anything about them."""


def screen(claims: Sequence[Claim], ask: str, scale: Scale) -> Screened:
    """Leave out the claims that repeat the question `ask` and those that only list terms."""
    asked = {_stem(word) for word in words_of(ask)}
    kept, echoes, lists = [], [], []
    for claim in claims:
        words = words_of(claim.text)
        if _function_share(words) < scale.min_function_words:
            lists.append(claim)
        elif _new_share(words, asked) < scale.min_new_words:
            echoes.append(claim)
        else:
            kept.append(claim)
    return Screened(tuple(kept), tuple(echoes), tuple(lists))


def words_of(text: str) -> list[str]:
    """Lower-case words and numbers, without punctuation."""
    return re.findall(r"\w+(?:['’]\w+)*", text.lower().replace("’", "'"))


def _function_share(words: Sequence[str]) -> float:
    return sum(word in FUNCTION_WORDS for word in words) / max(1, len(words))


def _new_share(words: Sequence[str], asked: set[str]) -> float:
    """The share of the content words that the question does not have."""
    content = [word for word in words if word not in FUNCTION_WORDS]
    return sum(_stem(word) not in asked for word in content) / max(1, len(content))


def _stem(word: str) -> str:
    """Enough to see that "heads" repeats "head" and "serving" repeats "serve"."""
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word
