"""Texts become unit vectors, from weights whose hash is known."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import numpy as np
import pytest

from interviewer.errors import ModelUnavailableError
from interviewer.scoring import embedding
from interviewer.scoring.embedding import (
    REPOSITORY,
    REVISION,
    HashEmbedder,
    SentenceEmbedder,
    find_model,
)
from tests.scoring_kit import mini_lm

SENTENCES = [f"Sentence number {i} is about keys{' and values' * (i % 7)}." for i in range(80)]


def test_hash_vectors_are_units_and_like_words_are_near() -> None:
    vectors = HashEmbedder().embed(
        ["the key cache", "the cache of keys", "green apples", "", "é\ud800"]
    )
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]


def test_mini_lm_gives_a_unit_vector_for_each_text_in_order() -> None:
    vectors = mini_lm().embed(SENTENCES)
    assert vectors.shape == (80, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    alone = mini_lm().embed([SENTENCES[41]])[0]
    assert alone @ vectors[41] > 0.9999


def test_mini_lm_is_deterministic_to_the_bit() -> None:
    assert mini_lm().embed(SENTENCES).tobytes() == mini_lm().embed(SENTENCES).tobytes()


def test_mini_lm_knows_meaning() -> None:
    vectors = mini_lm().embed(["It gets quicker.", "The speed goes up.", "Bananas are yellow."])
    assert vectors[0] @ vectors[1] > 0.5 > vectors[0] @ vectors[2]


def test_mini_lm_takes_nothing_and_odd_texts() -> None:
    assert mini_lm().embed([]).shape == (0, 384)
    assert np.isfinite(mini_lm().embed(["", "\u0000", "é🙂" * 400, "word " * 2000])).all()


def test_loading_and_embedding_ask_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    mini_lm()  # skips where the model is not installed

    def refuse(*_: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    found = SentenceEmbedder(find_model()).embed(SENTENCES[:3])
    assert found.tobytes() == mini_lm().embed(SENTENCES[:3]).tobytes()


def test_other_weights_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"somebody else's weights")
    with pytest.raises(ModelUnavailableError, match="not the official file") as refused:
        SentenceEmbedder(folder)
    assert str(folder) in refused.value.hint


def test_missing_weights_are_said(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match=r"model\.safetensors"):
        SentenceEmbedder(tmp_path)


def test_the_cached_model_comes_before_the_package(private_home: Path) -> None:
    repository = private_home / "hub" / f"models--{REPOSITORY.replace('/', '--')}"
    folder = repository / "snapshots" / REVISION
    folder.mkdir(parents=True)
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (folder / name).touch()
    assert find_model(offline=True) == folder
    shutil.rmtree(folder)
    assert find_model(offline=True) != folder


def test_offline_without_the_model_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "find_spec", lambda name: None)
    with pytest.raises(ModelUnavailableError, match="not on this machine") as missing:
        find_model(offline=True)
    assert "pip install" in missing.value.hint


def test_a_missing_model_is_downloaded_at_its_revision(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = []

    def download(repository: str, revision: str, report: object) -> Path:
        asked.append((repository, revision))
        return tmp_path

    monkeypatch.setattr(embedding, "find_spec", lambda name: None)
    monkeypatch.setattr(embedding, "download_model", download)
    assert find_model() == tmp_path
    assert asked == [(REPOSITORY, REVISION)]
