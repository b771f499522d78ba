"""A Whisper of the real shape with random weights: it costs what the real one does.

python -m benchmarks._shape_true FOLDER [--size base]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

TINY = Path(__file__).parent.parent / "tests" / "models" / "tiny-whisper"
N_TOKENS = 51_864  # of the English-only models
SHAPES = {"tiny": (384, 4, 6), "base": (512, 6, 8), "small": (768, 12, 12)}
"""Width, layers of the encoder and as many of the decoder, heads."""


def tokenizer() -> dict[str, Any]:
    """The tiny model's tokenizer with as many words as the real one has; most are made up."""
    made: dict[str, Any] = json.loads((TINY / "tokenizer.json").read_text(encoding="utf-8"))
    special = made["added_tokens"]
    vocabulary = made["model"]["vocab"]
    known = {name: i for name, i in vocabulary.items() if i < special[0]["id"]}
    n_words = N_TOKENS - len(special)
    made["model"]["vocab"] = {
        **known,
        **{f"\u0120word{i}": i for i in range(len(known), n_words)},
    }
    for i, token in enumerate(special):
        token["id"] = n_words + i
    return made


def build(folder: Path, size: str) -> None:
    """Write a CTranslate2 folder, int8."""
    from ctranslate2.converters import TransformersConverter
    from transformers import (
        GenerationConfig,
        PreTrainedTokenizerFast,
        WhisperConfig,
        WhisperForConditionalGeneration,
    )

    made = tokenizer()
    ids = {token["content"]: token["id"] for token in made["added_tokens"]}
    width, layers, heads = SHAPES[size]
    end, start = ids["<|endoftext|>"], ids["<|startoftranscript|>"]
    config = WhisperConfig(
        vocab_size=N_TOKENS,
        d_model=width,
        encoder_layers=layers,
        decoder_layers=layers,
        encoder_attention_heads=heads,
        decoder_attention_heads=heads,
        encoder_ffn_dim=4 * width,
        decoder_ffn_dim=4 * width,
        pad_token_id=end,
        bos_token_id=end,
        eos_token_id=end,
        decoder_start_token_id=start,
        begin_suppress_tokens=[end],
        suppress_tokens=[],
    )
    model = WhisperForConditionalGeneration(config)
    model.generation_config = GenerationConfig(
        decoder_start_token_id=start,
        eos_token_id=end,
        pad_token_id=end,
        no_timestamps_token_id=ids["<|notimestamps|>"],
        alignment_heads=[[layers - 1, head] for head in range(heads)],
    )
    with tempfile.TemporaryDirectory() as saved:
        model.save_pretrained(saved)
        file = Path(saved, "tokenizer.json")
        file.write_text(json.dumps(made), encoding="utf-8")
        PreTrainedTokenizerFast(tokenizer_file=str(file)).save_pretrained(saved)
        file.write_text(json.dumps(made), encoding="utf-8")
        (Path(saved) / "preprocessor_config.json").write_text(
            (TINY / "preprocessor_config.json").read_text(encoding="utf-8"), encoding="utf-8"
        )
        converter = TransformersConverter(
            saved, copy_files=["tokenizer.json", "preprocessor_config.json"]
        )
        converter.convert(str(folder), quantization="int8", force=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", choices=SHAPES, default="base")
    options = parser.parse_args()
    build(options.folder, options.size)
