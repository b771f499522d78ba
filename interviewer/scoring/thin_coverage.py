"""Claims against the key points of a rubric that names no misconceptions, as imported ones are.

There is nothing to contrast a claim with. What there is: how much of a point has a counterpart in
the whole answer, piece by piece; how near the nearest statement comes; and what a claim says of a
point when both are read side by side.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from interviewer.bank.rubric import Rubric
from interviewer.scoring.alignment import Pieces, aligned
from interviewer.scoring.calibration import Reading
from interviewer.scoring.claims import Claim
from interviewer.scoring.coverage import Coverage, Floats, results_of
from interviewer.scoring.reader import Readings
from interviewer.scoring.scale import Scale
from interviewer.scoring.screening import EMPTY_WORDS, stem, words_of


def nearest_wordings(said: Floats, rubric: Rubric, rubric_vectors: Floats) -> Floats:
    """Cosine of each statement to each key point's nearest wording, shape `(n_said, n_points)`.

    Args:
        said: a row of length 1 for each statement, shape `(n_said, n_dimensions)`.
        rubric_vectors: the same for each of `rubric_texts(rubric)`.
    """
    similarities = np.round(said.astype(np.float64) @ rubric_vectors.T, 4)
    firsts = np.cumsum([0, *(1 + len(key.accept) for key in rubric.key_points[:-1])])
    return np.asarray(np.maximum.reduceat(similarities, firsts, axis=1))


def worth_reading(nearest: Floats, reading: Reading) -> list[tuple[int, int]]:
    """The claims and key points that are worth being read side by side, by their numbers.

    Whether a claim is does not hang on what else was said.
    """
    return [(int(c), int(k)) for c, k in np.argwhere(nearest >= reading.relevance)]


def cover_thin(
    asserted: Sequence[Claim],
    pieces: Sequence[Pieces],
    rubric: Rubric,
    wordings: Sequence[Pieces],
    nearest: Floats,
    asked: Collection[str],
    scale: Scale,
    reading: Reading,
) -> Coverage:
    """Decide each key point by how much of it was said, where nothing reads claims beside points.

    Args:
        asserted, pieces: what was said, and the pieces of each claim.
        wordings: the pieces of each of `rubric_texts(rubric)`.
        nearest: `nearest_wordings` of everything that was said.
        asked: the stems of the question's words.
    """
    keys = rubric.key_points
    shares, together, row = np.zeros((len(asserted), len(keys))), np.zeros(len(keys)), 0
    for k, key in enumerate(keys):
        end = row + 1 + len(key.accept)
        shares[:, k], together[k] = aligned(wordings[row:end], pieces, asked, reading.sharpness)
        row = end
    support = ((shares - reading.near_enough) / reading.lead).clip(0, 1)
    nothing = np.zeros_like(support)
    results = results_of(asserted, support, nothing, shares, keys, scale)
    best = nearest.max(axis=0, initial=-1.0)
    near = np.asarray(((best - reading.relevance) / reading.width).clip(0, 1))
    words = {word for claim in asserted for word in words_of(claim.text)} - EMPTY_WORDS
    new_words = len({stem(word) for word in words}.difference(asked))
    return Coverage(results, support, nothing, together, near, new_words)


def read_thin(
    covered: Coverage,
    asserted: Sequence[Claim],
    claims: Sequence[Claim],
    pairs: Sequence[tuple[int, int]],
    readings: Readings,
    nearest: Floats,
    rubric: Rubric,
    scale: Scale,
) -> Coverage:
    """The same by the claims that were read beside each key point.

    What has a counterpart piece by piece is evidence as well, unless a claim contradicts the point;
    the grade does not go by it.

    Args:
        covered, asserted: what `cover_thin` made of what was said.
        claims: those of `pairs`.
        pairs, readings: which claim was read beside which point, and as what.
        nearest: `nearest_wordings` of the claims.
    """
    states = np.zeros((len(claims), len(rubric.key_points)))
    for (claim, point), (right, wrong, _) in zip(pairs, np.exp(readings), strict=True):
        states[claim, point] = right - wrong
    support, opposition = states.clip(0, 1), (-states).clip(0, 1)
    results = results_of(
        (*claims, *asserted),
        np.vstack([support, covered.support]),
        np.vstack([opposition, np.zeros_like(covered.support)]),
        np.vstack([nearest, covered.support]),
        rubric.key_points,
        scale,
    )
    return Coverage(
        results, support, opposition, covered.alignment, covered.nearness, covered.new_words
    )
