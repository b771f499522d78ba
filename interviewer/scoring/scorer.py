"""The whole way from a transcript to an explained assessment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from interviewer.bank.question import Question
from interviewer.bank.rubric import Rubric
from interviewer.scoring.alignment import Pieces
from interviewer.scoring.calibration import Calibration, calibration_for, is_thin
from interviewer.scoring.claims import Claim, claims_of
from interviewer.scoring.coverage import Coverage, cover, likeness, rubric_texts, worth_reading
from interviewer.scoring.embedding import Embedder, Vectors
from interviewer.scoring.explanation import explain, screening_reasons
from interviewer.scoring.grade import Assessment, judge, no_answer
from interviewer.scoring.own_grades import OwnGrades
from interviewer.scoring.reader import Readings
from interviewer.scoring.scale import Scale
from interviewer.scoring.screening import Screened, recited_share, screen, stem, words_of
from interviewer.scoring.thin_coverage import cover_thin, nearest_wordings, read_thin
from interviewer.scoring.thin_coverage import worth_reading as worth_reading_thin
from interviewer.speech.transcript import Transcript

METHOD = "stance-6"
ANSWERS_AT_ONCE = 128
"""What the model makes of so many answers is in memory at once."""
Item: TypeAlias = tuple[Question, Rubric, Transcript]


@dataclass(frozen=True)
class Place:
    """An answer's level, and the two boundaries on the same scale, before any rule."""

    level: float
    cuts: tuple[float, float]


@dataclass(frozen=True)
class _Open:
    """An answer before its claims are read beside key points: the pairs, and what to do then."""

    pairs: list[tuple[str, str]]
    finish: Callable[[Readings | None], Coverage]


class Scorer:
    """Scores answers by how clearly their claims state or contradict the key points.

    Deterministic: the same transcript, rubric and `name` give the same assessment, alone or in
    bulk. A rubric is embedded once for as long as the scorer lives.
    """

    def __init__(
        self, embedder: Embedder, scale: Scale, calibration: Calibration | None = None
    ) -> None:
        self._embedder = embedder
        self._scale = scale
        self._calibration = calibration or calibration_for(embedder.name)
        self._rubrics: dict[str, Vectors] = {}
        self._wordings: dict[str, list[Pieces]] = {}

    @property
    def name(self) -> str:
        """Method, scale and model, with versions, and what has moved the boundaries."""
        model = f"{self._embedder.name}{self._calibration.mark}"
        return f"{METHOD}/scale-{self._scale.version}/{model}"

    @property
    def calibration(self) -> Calibration:
        """What the scores rest on."""
        return self._calibration

    def moved(self, own: OwnGrades) -> Scorer:
        """This scorer with the boundaries that a user's grades ask for, if they fit this one."""
        if own.scorer != self.name:
            return self
        return Scorer(self._embedder, self._scale, own.applied(self._calibration))

    def score(self, question: Question, rubric: Rubric, transcript: Transcript) -> Assessment:
        """Assess one answer."""
        return self.score_many([(question, rubric, transcript)])[0]

    def score_many(self, items: Sequence[Item]) -> list[Assessment]:
        """Assess many answers with one call of the embedder; the results in the items' order."""
        return [
            self._assess(item, screened, covered)
            for item, (screened, covered) in zip(items, self.cover_many(items), strict=True)
        ]

    def place(self, items: Sequence[Item]) -> list[Place | None]:
        """Where the grader puts answers among its boundaries; `None` where nothing counts."""
        return [
            Place(
                judge(covered, rubric, self._scale, self._calibration).level,
                self._calibration.fit_for(rubric).ordinal.cuts,
            )
            if len(covered.support)
            else None
            for (_, rubric, _), (_, covered) in zip(items, self.cover_many(items), strict=True)
        ]

    def cover_many(self, items: Sequence[Item]) -> list[tuple[Screened, Coverage]]:
        """What of each answer counts, and what it covers, before anything is graded."""
        return [
            found
            for first in range(0, len(items), ANSWERS_AT_ONCE)
            for found in self._cover_some(items[first : first + ANSWERS_AT_ONCE])
        ]

    def _cover_some(self, items: Sequence[Item]) -> list[tuple[Screened, Coverage]]:
        screened = [
            screen(claims_of(transcript), question.ask, self._scale)
            for question, _, transcript in items
        ]
        thin = [i for i, (_, rubric, _) in enumerate(items) if is_thin(rubric)]
        pieces = dict(zip(thin, self._pieces_of(items, screened, thin), strict=True))
        said = [
            _texts(part.every if i in pieces else part.counted) for i, part in enumerate(screened)
        ]
        vectors = self._embedded(items, said)
        open_ones = [
            self._begin_thin(item, part, vectors[i], pieces[i])
            if i in pieces
            else self._begin(item, part, vectors[i])
            for i, (item, part) in enumerate(zip(items, screened, strict=True))
        ]
        readings = self._readings([one.pairs for one in open_ones])
        return [
            (part, one.finish(found))
            for part, one, found in zip(screened, open_ones, readings, strict=True)
        ]

    def _readings(self, pairs: Sequence[Sequence[tuple[str, str]]]) -> list[Readings | None]:
        """What claims say of key points, read side by side in one go."""
        found = self._embedder.read([pair for some in pairs for pair in some])
        if found is None:
            return [None] * len(pairs)
        return [*np.split(found, np.cumsum([len(some) for some in pairs])[:-1])]

    def _embedded(self, items: Sequence[Item], said: Sequence[Sequence[str]]) -> list[Vectors]:
        """A vector for every text of each answer; those of the rubrics are remembered."""
        new = {
            rubric.content_hash: rubric_texts(rubric)
            for _, rubric, _ in items
            if rubric.content_hash not in self._rubrics
        }
        texts = dict.fromkeys(text for some in (*said, *new.values()) for text in some)
        rows = {text: row for row, text in enumerate(texts)}
        vectors = self._embedder.embed(list(texts))
        for content_hash, wordings in new.items():
            self._rubrics[content_hash] = vectors[[rows[text] for text in wordings]]
        return [vectors[[rows[text] for text in some]] for some in said]

    def _pieces_of(
        self, items: Sequence[Item], screened: Sequence[Screened], chosen: Sequence[int]
    ) -> list[list[Pieces]]:
        """The pieces of what was asserted in the chosen answers; the rubrics' are remembered."""
        if not chosen:
            return []
        new = {
            items[i][1].content_hash: rubric_texts(items[i][1])
            for i in chosen
            if items[i][1].content_hash not in self._wordings
        }
        said = [_texts(screened[i].asserted) for i in chosen]
        texts = list(dict.fromkeys(text for some in (*said, *new.values()) for text in some))
        pieces = dict(zip(texts, self._embedder.pieces(texts), strict=True))
        for content_hash, wordings in new.items():
            self._wordings[content_hash] = [pieces[text] for text in wordings]
        return [[pieces[text] for text in some] for some in said]

    def _begin(self, item: Item, screened: Screened, vectors: Vectors) -> _Open:
        """By how near claims are to right wordings and to misconceptions."""
        _, rubric, transcript = item
        claims = () if no_answer(transcript, self._scale) else screened.counted
        wordings, reading = self._rubrics[rubric.content_hash], self._calibration.full.reading
        found = likeness(vectors[: len(claims)], rubric, wordings, reading)
        pairs = worth_reading(found)

        def finish(readings: Readings | None) -> Coverage:
            margins = np.zeros((len(claims), len(rubric.key_points)))
            if readings is not None:
                for pair, (states, contradicts, _) in zip(pairs, readings, strict=True):
                    margins[pair] = states - contradicts
            return cover(claims, found, margins, rubric, self._scale, reading)

        return _Open(_texts_of(pairs, claims, rubric), finish)

    def _begin_thin(
        self, item: Item, screened: Screened, vectors: Vectors, pieces: Sequence[Pieces]
    ) -> _Open:
        """By how much of the wordings was said, where nothing is known of misconceptions."""
        question, rubric, _ = item
        claims, scale, reading = screened.counted, self._scale, self._calibration.thin.reading
        nearest = nearest_wordings(vectors, rubric, self._rubrics[rubric.content_hash])
        pairs = worth_reading_thin(nearest[: len(claims)], reading)

        def finish(readings: Readings | None) -> Coverage:
            covered = cover_thin(
                screened.asserted,
                pieces,
                rubric,
                self._wordings[rubric.content_hash],
                nearest,
                {stem(word) for word in words_of(question.ask)},
                scale,
                reading,
            )
            if readings is None:
                return covered
            return read_thin(
                covered,
                screened.asserted,
                claims,
                pairs,
                readings,
                nearest[: len(claims)],
                rubric,
                scale,
            )

        return _Open(_texts_of(pairs, claims, rubric), finish)

    def _assess(self, item: Item, screened: Screened, covered: Coverage) -> Assessment:
        question, rubric, transcript = item
        scale, calibration, found = self._scale, self._calibration, covered.results
        thin = is_thin(rubric)
        # A few words may be all that a thin rubric asks for; what they are worth, they show.
        asked = scale.model_copy(update={"min_words": 1}) if thin else scale
        nothing = no_answer(transcript, asked)
        counted = () if screened.strung else screened.asserted if thin else screened.kept
        if nothing or not counted:
            told = [nothing] if nothing else screening_reasons(screened)
            reasons = tuple(told) or ("Nothing that was said comes close to a key point.",)
            return Assessment(0, 0.0, found, reasons, self.name)
        verdict = judge(covered, rubric, scale, calibration)
        reasons = (
            *screening_reasons(screened),
            *explain(verdict, covered, rubric, scale, calibration),
            *self._remarks(question, transcript),
        )
        return Assessment(
            verdict.score, verdict.coverage, found, reasons, self.name, verdict.probabilities
        )

    def _remarks(self, question: Question, transcript: Transcript) -> list[str]:
        """What a reader should know besides."""
        remarks = []
        if recited_share(transcript.text, question.answer) >= self._scale.recited_share:
            remarks.append("Most of the answer is the model answer word for word.")
        if self._calibration.note:
            remarks.append(self._calibration.note)
        return remarks


def _texts_of(
    pairs: Sequence[tuple[int, int]], claims: Sequence[Claim], rubric: Rubric
) -> list[tuple[str, str]]:
    return [(claims[claim].text, rubric.key_points[point].point) for claim, point in pairs]


def _texts(claims: Sequence[Claim]) -> list[str]:
    return [claim.text for claim in claims]
