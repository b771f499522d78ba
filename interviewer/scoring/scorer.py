"""The whole way from a transcript to an explained assessment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from interviewer.bank.question import Question
from interviewer.bank.rubric import Rubric
from interviewer.scoring.claims import claims_of
from interviewer.scoring.coverage import cover, rubric_texts
from interviewer.scoring.embedding import Embedder, Vectors
from interviewer.scoring.grade import Assessment, grade, no_answer
from interviewer.scoring.scale import Scale
from interviewer.scoring.screening import Screened, screen
from interviewer.speech.transcript import Transcript

METHOD = "contrast-1"
Item: TypeAlias = tuple[Question, Rubric, Transcript]


class Scorer:
    """Scores answers by how near their claims come to the wordings of the key points.

    Deterministic: the same transcript, rubric and `name` give the same assessment, alone or in
    bulk. A rubric is embedded once for as long as the scorer lives.
    """

    def __init__(self, embedder: Embedder, scale: Scale) -> None:
        self._embedder = embedder
        self._scale = scale
        self._rubrics: dict[str, Vectors] = {}

    @property
    def name(self) -> str:
        """Method, scale and model, with versions."""
        return f"{METHOD}/scale-{self._scale.version}/{self._embedder.name}"

    def score(self, question: Question, rubric: Rubric, transcript: Transcript) -> Assessment:
        """Assess one answer."""
        return self.score_many([(question, rubric, transcript)])[0]

    def score_many(self, items: Sequence[Item]) -> list[Assessment]:
        """Assess many answers with one call of the embedder; the results in the items' order."""
        screened = [
            screen(claims_of(transcript), question.ask, self._scale)
            for question, _, transcript in items
        ]
        new = {
            rubric.content_hash: rubric_texts(rubric)
            for _, rubric, _ in items
            if rubric.content_hash not in self._rubrics
        }
        said = [claim.text for part in screened for claim in part.kept]
        texts = dict.fromkeys([*said, *(text for wordings in new.values() for text in wordings)])
        rows = {text: row for row, text in enumerate(texts)}
        vectors = self._embedder.embed(list(texts))
        for content_hash, wordings in new.items():
            self._rubrics[content_hash] = vectors[[rows[text] for text in wordings]]
        return [
            self._assess(item, part, vectors[[rows[claim.text] for claim in part.kept]])
            for item, part in zip(items, screened, strict=True)
        ]

    def _assess(self, item: Item, screened: Screened, claim_vectors: Vectors) -> Assessment:
        _, rubric, transcript = item
        reason = no_answer(transcript, self._scale)
        claims = () if reason else screened.kept
        rubric_vectors = self._rubrics[rubric.content_hash]
        covered = cover(claims, claim_vectors, rubric, rubric_vectors, self._scale)
        if reason:
            return Assessment(0, 0.0, covered.results, (reason,), self.name)
        return grade(covered, rubric, self._scale, self.name, screened)
