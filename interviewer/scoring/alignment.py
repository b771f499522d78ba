"""How much of a wording was said, word piece by word piece, for rubrics without misconceptions.

A sentence's one vector says what it is about; the vectors of its pieces say which of its parts
have a counterpart in the answer. What was said more can only find counterparts, never lose them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from interviewer.scoring.screening import EMPTY_WORDS, stem

Floats: TypeAlias = npt.NDArray[np.floating[Any]]

SAME_WORD = 0.9
"""How well a word is matched, at least, where it was said in some form, whatever was said of it."""
FUNCTION_WORD = 0.15
"""What a piece of a function word weighs, beside 1."""
ASKED_WORD = 0.35
"""What a piece of a word weighs that the question has, too."""


@dataclass(frozen=True)
class Pieces:
    """The word pieces of a text in context.

    `words` are the lower-case words they belong to, one for each piece; `vectors` are float32 of
    shape `(n_pieces, n_dimensions)`, each row of length 1.
    """

    words: tuple[str, ...]
    vectors: npt.NDArray[np.float32]


def align(wording: Pieces, said: Sequence[Pieces]) -> Floats:
    """How well each piece of a wording is matched by each claim, shape `(n_claims, n_pieces)`.

    That is the best cosine to a piece of the claim, to four decimals; at least `SAME_WORD` where
    the claim has the piece's word in some form.
    """
    table = np.zeros((len(said), len(wording.words)))
    stems = [stem(word) for word in wording.words]
    for row, claim in enumerate(said):
        if not claim.words or not stems:
            continue
        nearest = (wording.vectors @ claim.vectors.T).max(axis=1).clip(0)
        spoken = {stem(word) for word in claim.words}
        same = [one in spoken for one in stems]
        cosines = np.round(nearest.astype(np.float64), 4)
        table[row] = np.where(same, np.maximum(cosines, SAME_WORD), cosines)
    return table


def weights_of(wording: Pieces, asked: Collection[str]) -> Floats:
    """What the pieces of a wording weigh, in sum 1.

    Args:
        asked: the stems of the question's words.
    """
    weights = np.array([_weight(word, asked) for word in wording.words], dtype=np.float64)
    if not weights.sum():
        weights = np.ones(len(wording.words))
    return np.asarray(weights / max(weights.sum(), 1.0e-9))


def _weight(word: str, asked: Collection[str]) -> float:
    if not any(letter.isalnum() for letter in word):
        return 0.0
    if word in EMPTY_WORDS:
        return FUNCTION_WORD
    return ASKED_WORD if stem(word) in asked else 1.0


def aligned(
    wordings: Sequence[Pieces],
    said: Sequence[Pieces],
    asked: Collection[str],
    sharpness: float,
) -> tuple[Floats, float]:
    """How much of a key point each claim says, and all of them together, in [0, 1].

    Args:
        wordings: of one key point.
        sharpness: how much the best said of the wordings counts beside the others.
    """
    by_claim, together = [], []
    for wording in wordings:
        table, weights = align(wording, said), weights_of(wording, asked)
        by_claim.append(table @ weights)
        together.append(table.max(axis=0, initial=0.0) @ weights)
    claims = _soft_maximum(np.stack(by_claim), sharpness)
    return np.round(claims, 4), round(float(_soft_maximum(np.array(together), sharpness)), 4)


def _soft_maximum(values: Floats, sharpness: float) -> Floats:
    """Over the first axis: the more wordings, the likelier one is matched by chance."""
    return np.asarray(np.log(np.exp(sharpness * values).mean(axis=0)) / sharpness)
