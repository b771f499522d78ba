"""The adapter is the file that was shipped, or it is refused; without it the scorer says so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from interviewer.errors import ModelUnavailableError
from interviewer.scoring.adapter import ADAPTER
from interviewer.scoring.embedding import SentenceEmbedder, find_model
from tests.scoring_kit import mini_lm


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The shipped adapter with its description, in a folder of its own."""
    mini_lm()  # skips where the model is not installed
    for file in (ADAPTER, ADAPTER.with_suffix(".json")):
        shutil.copy(file, tmp_path)
    return tmp_path / ADAPTER.name


def test_the_shipped_adapter_is_named_by_its_hash(copied: Path) -> None:
    digest = json.loads(copied.with_suffix(".json").read_text())["sha256"]
    assert SentenceEmbedder(find_model(), copied).name.endswith(f"+stance-{digest[:7]}")


def test_a_damaged_adapter_is_refused(copied: Path) -> None:
    content = bytearray(copied.read_bytes())
    content[len(content) // 2] ^= 1
    copied.write_bytes(content)
    with pytest.raises(ModelUnavailableError, match="is not the adapter") as refused:
        SentenceEmbedder(find_model(), copied)
    assert "install" in refused.value.hint


@pytest.mark.parametrize("description", ["", "{}", "[]", '{"sha256": 3'])
def test_an_adapter_without_a_description_is_refused(copied: Path, description: str) -> None:
    copied.with_suffix(".json").write_text(description)
    with pytest.raises(ModelUnavailableError, match="says about the adapter"):
        SentenceEmbedder(find_model(), copied)


def test_without_an_adapter_the_model_is_the_plain_one(tmp_path: Path) -> None:
    mini_lm()
    assert "stance" not in SentenceEmbedder(find_model(), tmp_path / "none.safetensors").name
