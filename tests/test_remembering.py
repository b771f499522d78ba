"""Texts are embedded once, and what was said is not written down."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from interviewer.scoring.alignment import Pieces
from interviewer.scoring.embedding import HashEmbedder, Vectors
from interviewer.scoring.reader import Readings
from interviewer.scoring.remembering import RememberingEmbedder

RUBRIC = ("it keeps the keys", "it keeps the values")
SAID = "so um the cache keeps them"


@dataclass
class Counting:
    """An embedder that notes what it is given."""

    name: str = "counting"
    asked: list[str] = field(default_factory=list)

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return HashEmbedder().embed(texts)

    def pieces(self, texts: Sequence[str]) -> list[Pieces]:
        self.asked += texts
        return HashEmbedder().pieces(texts)

    def read(self, pairs: Sequence[tuple[str, str]]) -> Readings | None:
        self.asked += [" | ".join(pair) for pair in pairs]
        return np.array([[-len(claim), -len(point), 0.0] for claim, point in pairs])


def test_vectors_are_those_of_the_embedder_and_each_text_is_embedded_once() -> None:
    inner = Counting()
    embedder = RememberingEmbedder(inner)
    texts = [SAID, *RUBRIC, SAID]
    for _ in range(2):
        assert np.array_equal(embedder.embed(texts), HashEmbedder().embed(texts))
    assert sorted(inner.asked) == sorted({SAID, *RUBRIC})
    assert embedder.embed([]).shape == HashEmbedder().embed([]).shape
    assert embedder.name == "counting"


def test_each_pair_is_read_once() -> None:
    inner = Counting()
    embedder = RememberingEmbedder(inner)
    pairs = [(SAID, RUBRIC[0]), (SAID, RUBRIC[1]), (SAID, RUBRIC[0])]
    for _ in range(2):
        found = embedder.read(pairs)
        assert found is not None
        assert found.tolist() == [[-len(said), -len(point), 0.0] for said, point in pairs]
    assert inner.asked == [f"{SAID} | {point}" for point in RUBRIC]
    assert RememberingEmbedder(HashEmbedder()).read(pairs) is None


def test_a_rubric_is_remembered_by_the_next_program_and_answers_are_not(tmp_path: Path) -> None:
    RememberingEmbedder(Counting(), RUBRIC, tmp_path / "vectors").embed([*RUBRIC, SAID])
    again = Counting()
    vectors = RememberingEmbedder(again, RUBRIC, tmp_path / "vectors").embed([*RUBRIC, SAID])
    assert again.asked == [SAID]
    assert np.array_equal(vectors, HashEmbedder().embed([*RUBRIC, SAID]))
    (file,) = (tmp_path / "vectors").iterdir()
    assert len(np.load(file)) == len(RUBRIC)


def test_another_model_or_other_words_are_not_taken_for_the_same(tmp_path: Path) -> None:
    RememberingEmbedder(Counting(), RUBRIC, tmp_path / "vectors").embed(RUBRIC)
    for inner, texts in ((Counting("newer"), RUBRIC), (Counting(), RUBRIC[::-1])):
        RememberingEmbedder(inner, RUBRIC, tmp_path / "vectors").embed(texts)
        assert tuple(inner.asked) == texts


@pytest.mark.parametrize("content", [b"", b"no array", b"\x93NUMPY\x01\x00"])
def test_a_damaged_file_is_made_again(tmp_path: Path, content: bytes) -> None:
    RememberingEmbedder(Counting(), RUBRIC, tmp_path / "vectors").embed(RUBRIC)
    (file,) = (tmp_path / "vectors").iterdir()
    whole = file.read_bytes()
    file.write_bytes(content)
    inner = Counting()
    RememberingEmbedder(inner, RUBRIC, tmp_path / "vectors").embed(RUBRIC)
    assert tuple(inner.asked) == RUBRIC
    assert file.read_bytes() == whole


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    embedder = RememberingEmbedder(Counting(), RUBRIC, tmp_path / "file" / "vectors")
    assert np.array_equal(embedder.embed(RUBRIC), HashEmbedder().embed(RUBRIC))


def test_threads_share_it() -> None:
    inner = Counting()
    embedder = RememberingEmbedder(inner)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: embedder.embed(RUBRIC), range(20)))
    assert tuple(inner.asked) == RUBRIC
