"""Everything there is to mend in a bank: in its files, its wordings, and what they score."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from interviewer.bank.content import Content, Finding, Placed, findings_of, read_content
from interviewer.bank.likeness import lint_likeness
from interviewer.bank.lint import Source, lint_texts, phrases_of
from interviewer.bank.question import Question
from interviewer.bank.rubric import Rubric
from interviewer.bank.yaml_file import FaultsError
from interviewer.scoring.embedding import Embedder
from interviewer.scoring.grade import Assessment
from interviewer.scoring.remembering import RememberingEmbedder
from interviewer.scoring.scale import load_scale
from interviewer.scoring.scorer import Scorer
from interviewer.speech.transcript import typed


def lint(
    bank_dir: Path,
    rubrics_dir: Path,
    scale_dir: Path,
    against: Sequence[Source] = (),
    load_embedder: Callable[[], Embedder] | None = None,
) -> list[Finding]:
    """Everything to mend in a bank, in the order of files and lines.

    Args:
        scale_dir: the folder of the `scale.yaml` to score with.
        against: texts of which no eight words in a row may be repeated.
        load_embedder: without it the wordings are not compared, and nothing is scored.

    Raises:
        BankError: a folder cannot be read, or holds no questions at all.
        ModelUnavailableError: from `load_embedder`.
    """
    content = read_content(bank_dir, rubrics_dir)
    findings = list(lint_texts(content, against))
    try:
        scale = load_scale(scale_dir)
    except FaultsError as error:
        findings += findings_of(error.faults, error.remedy)
    else:
        if load_embedder is not None and content.rubrics:
            embedder = RememberingEmbedder(load_embedder())
            embedder.embed(_wordings(content))
            for rubric in content.rubrics.values():
                findings += lint_likeness(rubric, embedder.embed)
            findings += _lint_scores(content, Scorer(embedder, scale))
    return sorted(findings, key=lambda finding: (finding.file, finding.line, finding.field))


def _wordings(content: Content) -> list[str]:
    rubrics = content.rubrics.values()
    return [phrase.text for rubric in rubrics for phrase in phrases_of(rubric.value)]


def _lint_scores(content: Content, scorer: Scorer) -> Iterator[Finding]:
    """Answers whose score is known beforehand: the model answer, the misconceptions, and none."""
    graded = [
        (question, content.rubrics[question.value.id])
        for question in content.questions
        if question.value.id in content.rubrics
    ]
    said = [(q.value.answer, _misconceptions(r.value), "") for q, r in graded]
    items = [
        (question.value, rubric.value, typed(text))
        for (question, rubric), texts in zip(graded, said, strict=True)
        for text in texts
    ]
    results = scorer.score_many(items)
    for number, (question, rubric) in enumerate(graded):
        answer, misconceptions, silence = results[3 * number : 3 * number + 3]
        # What was drafted by the program is not expected to be finished.
        draft = any(key.draft for key in rubric.value.key_points)
        for finding in (
            *_model_answer(question, answer),
            *_not_zero(rubric, misconceptions, silence),
        ):
            yield replace(finding, advice=draft)


def _misconceptions(rubric: Rubric) -> str:
    return " ".join(text for key in rubric.key_points for text in key.reject)


def _model_answer(question: Placed[Question], result: Assessment) -> Iterator[Finding]:
    if result.score == 2:
        return
    lacking = [f"{point.id} {point.status}" for point in result.key_points if point.status != "hit"]
    problem = f"the model answer scores {result.score} under its own rubric ({', '.join(lacking)})"
    remedy = "say these key points in it, or add accepts worded as it says them"
    yield question.finding("model-answer", ("answer",), problem, remedy)


def _not_zero(
    rubric: Placed[Rubric], misconceptions: Assessment, silence: Assessment
) -> Iterator[Finding]:
    if misconceptions.score != 0:
        taken = [point.id for point in misconceptions.key_points if point.status == "hit"]
        problem = f"its rejects said one after another score {misconceptions.score}"
        remedy = f"reword those that pass for right in {', '.join(taken) or 'its key points'}"
        yield rubric.finding("misconceptions", (), problem, remedy)
    if silence.score != 0:
        problem = f"an empty answer scores {silence.score}"
        remedy = "raise min_words in scale.yaml"
        yield rubric.finding("silence", (), problem, remedy)
