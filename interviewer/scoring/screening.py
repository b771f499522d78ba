"""What does not count as an answer: the question said back, terms listed, what is not asserted."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from interviewer.scoring.assertion import assertions
from interviewer.scoring.claims import Claim, clauses_of
from interviewer.scoring.scale import Scale

# The words that hold a sentence together, those of spoken arithmetic, praise, and hedging.
_EMPTY_WORDS = """
    a about above across after again against all along also am among an and another answer any
    anything are aren't around as at away basically be because been before behind being believe
    below beside besides between beyond both but by can can't cannot could couldn't did didn't
    divided do does doesn't doing don't down during each eight either else equals er even every
    everything explain explains few five for forgot four from get gets give gives goes good got
    great guess had hadn't has hasn't have haven't having he he's hence her here himself his hmm
    how however hundred i i'd i'm i've if important in instead into is isn't it it'll it's its
    itself just kind know let let's like many may maybe me might mine minus more most much must my
    myself near need needs neither nine no nor not nothing now of off ok okay on once one only onto
    or other our ourselves out over own per perhaps please plus probably question rather really
    reason remember said same say seven she she's should shouldn't since six so some something
    sorry such sure ten than that that'll that's the their them themselves then there there's
    therefore these they they'll they're they've thing things think this those though thousand
    three through times to too toward towards two uh um under until up upon us use used uses using
    versus very via was wasn't way we we'll we're we've well were weren't what what's whatever when
    where whereas which while who who's whom whose why will with within without won't would
    wouldn't yes you you'd you'll you're you've your
"""
EMPTY_WORDS = frozenset(_EMPTY_WORDS.split())
# Those that stand in a list as well, and so do not show that anything is said of its items.
_LIST_WORDS = """
    a all also an and at in it's like now of ok okay on one or plus so that then the these things
    this those too two uh um well with yeah for
"""
BINDING_WORDS = EMPTY_WORDS - frozenset(_LIST_WORDS.split())
_LIST_FRAME = re.compile(
    r"\b(?:there(?:'?s| is| are)|(?:you|we)(?:'?ve| have)(?: also)? got|you have|we have"
    r"|(?:things|stuff|terms|words|topics) (?:like|such as)|of course|and so (?:on|forth)|as well"
    r"|that kind of (?:thing|stuff)|those kinds? of things?|et cetera)\b"
)
# What one can say of any topic.
_GENERAL_WORDS = """
    always appropriate balance best budget business care careful carefully case cases choice choose
    company complex complicated context depend depending depends different experience field goal
    goals interesting matter matters off offs people performance pick practice practices practical
    project projects proper properly quality requirement requirements situation suitable suited
    systematically team teams today topic trade tradeoff tradeoffs understand useful want wants
"""
GENERAL_WORDS = frozenset(_GENERAL_WORDS.split())
RUN_WORDS = 5


@dataclass(frozen=True)
class Screened:
    """The claims that count, and those that do not, by the reason."""

    kept: tuple[Claim, ...]
    clauses: tuple[Claim, ...] = ()
    """What claims that count say in their parts."""
    echoes: tuple[Claim, ...] = ()
    """Say the question back, or what one can say of any topic, and add nothing."""
    lists: tuple[Claim, ...] = ()
    """Name terms without saying anything about them."""
    unasserted: tuple[Claim, ...] = ()
    """Ask, quote other people's opinions, say what one does not know, or were taken back."""
    strung: bool = False
    """Whether the whole answer only strings terms together."""

    @property
    def counted(self) -> tuple[Claim, ...]:
        """The claims that count, as wholes and clause by clause."""
        return (*self.kept, *self.clauses)

    @property
    def every(self) -> tuple[Claim, ...]:
        """What counts, in the order of `counted`, and then what else is asserted."""
        return (*self.counted, *self.echoes, *self.lists)

    @property
    def asserted(self) -> tuple[Claim, ...]:
        """Everything but what is unasserted, for where every word is weighed by itself.

        Words of the question weigh little then, so an echo needs no other treatment, and a few
        terms may be all that a question asks for.
        """
        return (*self.kept, *self.echoes, *self.lists)


def screen(claims: Sequence[Claim], ask: str, scale: Scale) -> Screened:
    """Leave out what is not asserted, what repeats the question, and what only lists terms."""
    if lists_terms(" ".join(claim.text for claim in claims), scale):
        return Screened((), lists=tuple(claims), strung=True)
    asserted, unasserted = assertions(claims)
    asked = {stem(word) for word in words_of(ask)}
    found: dict[str, list[Claim]] = {"kept": [], "echoes": [], "lists": []}
    for claim in asserted:
        found[_kind_of(claim, asked, scale)].append(claim)
    clauses = [
        clause
        for claim in found["kept"]
        for clause in clauses_of(claim)
        if _kind_of(clause, asked, scale) == "kept"
    ]
    kept, echoes, lists = (tuple(claims) for claims in found.values())
    return Screened(kept, tuple(clauses), echoes, lists, unasserted)


def _is_list(words: Sequence[str], scale: Scale) -> bool:
    """Whether hardly any function word stands among the words of a statement."""
    return sum(word in EMPTY_WORDS for word in words) < scale.min_function_share * len(words)


def _kind_of(claim: Claim, asked: Collection[str], scale: Scale) -> str:
    """Which of a `Screened`'s fields an asserted claim belongs to."""
    words = words_of(claim.text)
    content = [word for word in words if word not in EMPTY_WORDS]
    # A letter alone names something, and says nothing of it.
    telling = [word for word in content if len(word) > 1 or word.isdigit()]
    new = sum(stem(word) not in asked and word not in GENERAL_WORDS for word in telling)
    if _is_list(words, scale):
        return "lists"
    if new < scale.min_new_words or new < scale.min_new_share * len(content):
        return "echoes"
    return "kept"


def lists_terms(text: str, scale: Scale) -> bool:
    """Whether a whole text is a list of terms, with or without "and then there's" in between.

    Few words then bind the terms to one another, and each stands alone between commas, or there are
    several such phrases; or no words bind them at all, as where a recogniser writes no commas. A
    terse answer in telegram style has longer pieces. Single statements are not judged by this.
    """
    rest, n_frames = _LIST_FRAME.subn(" , ", text.lower().replace("\u2019", "'"))
    words = words_of(rest)
    if len(words) < scale.list_words:
        return False
    binding = sum(word in BINDING_WORDS for word in words) / len(words)
    pieces = [piece for piece in re.split(r"[,.;:!?]|\band\b", rest) if piece.strip()]
    listed = len(words) <= scale.list_piece_words * len(pieces) or n_frames >= scale.list_frames
    return binding < scale.list_binding_share if listed else binding < scale.list_binding_least


def recited_share(text: str, answer: str) -> float:
    """The share of a text's five-word runs that stand in the model answer; 0 for a short text."""
    said, model = _runs(words_of(text)), set(_runs(words_of(answer)))
    return sum(run in model for run in said) / len(said) if said else 0.0


def _runs(words: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(words[i : i + RUN_WORDS]) for i in range(len(words) - RUN_WORDS + 1)]


def words_of(text: str) -> list[str]:
    """Lower-case words and numbers, without punctuation."""
    return re.findall(r"\w+(?:'\w+)*", text.lower().replace("\u2019", "'"))


def stem(word: str) -> str:
    """Enough to see that "heads" repeats "head" and "serving" repeats "serve"."""
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word
