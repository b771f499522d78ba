"""What does not count as an answer: the question said back, and terms listed without a statement."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from interviewer.scoring.claims import Claim
from interviewer.scoring.scale import Scale

# The words that hold a sentence together, those of spoken arithmetic, praise, and hedging.
EMPTY_WORDS = frozenset(
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
    times plus minus divided equals two three four five six seven eight nine ten hundred thousand
    answer believe explain explains forgot good great guess know maybe mean no okay perhaps please
    probably remember said say something sorry sure think important question reason thing things well""".split()
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
        content = [word for word in words if word not in EMPTY_WORDS]
        new = sum(_stem(word) not in asked for word in content)
        if len(words) - len(content) < scale.min_function_share * len(words):
            lists.append(claim)
        elif new < scale.min_new_words or new < scale.min_new_share * len(content):
            echoes.append(claim)
        else:
            kept.append(claim)
    return Screened(tuple(kept), tuple(echoes), tuple(lists))


def words_of(text: str) -> list[str]:
    """Lower-case words and numbers, without punctuation."""
    return re.findall(r"\w+(?:['’]\w+)*", text.lower().replace("’", "'"))


def _stem(word: str) -> str:
    """Enough to see that "heads" repeats "head" and "serving" repeats "serve"."""
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word
