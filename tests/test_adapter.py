"""Each adapter is the file that was shipped, or it is refused; without it the scorer says so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from interviewer.errors import ModelUnavailableError
from interviewer.scoring.adapter import ADAPTER, ALIGNER
from interviewer.scoring.embedding import BASE_NAME, SentenceEmbedder, find_model
from tests.scoring_kit import mini_lm


@pytest.fixture(params=[ADAPTER, ALIGNER], ids=lambda file: file.stem)
def copied(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A shipped adapter with its description, in a folder of its own."""
    mini_lm()  # skips where the model is not installed
    shipped: Path = request.param
    for file in (shipped, shipped.with_suffix(".json")):
        shutil.copy(file, tmp_path)
    return tmp_path / shipped.name


def loaded(copied: Path) -> SentenceEmbedder:
    """The model with one adapter alone."""
    none = copied.parent / "none.safetensors"
    files = (copied, none) if copied.name == ADAPTER.name else (none, copied)
    return SentenceEmbedder(find_model(), *files)


def test_the_shipped_adapter_is_named_by_its_hash(copied: Path) -> None:
    digest = json.loads(copied.with_suffix(".json").read_text())["sha256"]
    kind = "stance" if copied.name == ADAPTER.name else "align"
    assert loaded(copied).name.endswith(f"+{kind}-{digest[:7]}")


def test_each_adapter_changes_what_it_is_for() -> None:
    mini_lm()
    none = Path("none.safetensors")
    plain, both = SentenceEmbedder(find_model(), none, none), SentenceEmbedder(find_model())
    said = ["The keys are kept.", "The keys are thrown away."]
    assert not np.allclose(plain.embed(said), both.embed(said), atol=1e-3)
    one, other = (model.pieces(said)[0].vectors for model in (plain, both))
    assert not np.allclose(one, other, atol=1e-3)
    aligned = SentenceEmbedder(find_model(), none)
    assert np.array_equal(aligned.embed(said), plain.embed(said))
    assert np.array_equal(aligned.pieces(said)[0].vectors, other)


def test_a_damaged_adapter_is_refused(copied: Path) -> None:
    content = bytearray(copied.read_bytes())
    content[len(content) // 2] ^= 1
    copied.write_bytes(content)
    with pytest.raises(ModelUnavailableError, match="is not the adapter") as refused:
        loaded(copied)
    assert "install" in refused.value.hint


@pytest.mark.parametrize("description", ["", "{}", "[]", '{"sha256": 3'])
def test_an_adapter_without_a_description_is_refused(copied: Path, description: str) -> None:
    copied.with_suffix(".json").write_text(description)
    with pytest.raises(ModelUnavailableError, match="says about the adapter"):
        loaded(copied)


def test_without_an_adapter_the_model_is_the_plain_one(tmp_path: Path) -> None:
    mini_lm()
    none = tmp_path / "none.safetensors"
    plain = SentenceEmbedder(find_model(), none, none)
    assert plain.name == BASE_NAME
    assert plain.read([("The keys are kept.", "It keeps the keys.")]) is None
