"""The trained differences to MiniLM's weights: small matrices, added to the model as it is loaded.

`adapter.safetensors` holds, for a weight `W` of shape `(out, in)`, `<name>.down` of shape
`(rank, in)` and `<name>.up` of shape `(out, rank)`, float16: the model gets `W + up @ down`.
`adapter.json` beside it names its SHA-256, the base model, and what it was trained on. So do the
aligner's files.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from interviewer.errors import ModelUnavailableError
from interviewer.scoring.calibration import WEIGHTS_DIR

ADAPTER = WEIGHTS_DIR / "adapter.safetensors"
"""For whole claims: right statements lie apart from misconceptions worded alike."""
ALIGNER = WEIGHTS_DIR / "aligner.safetensors"
"""For word pieces: what is said to the contrary is no counterpart."""


def add_adapter(model: Any, file: Path = ADAPTER) -> str:
    """Add an adapter to a transformer's weights; the first digits of its SHA-256, empty without it.

    Args:
        model: a `torch.nn.Module` whose parameters the file's names fit.

    Raises:
        ModelUnavailableError: the file is not the one that the `.json` beside it describes.
    """
    if not file.exists():
        return ""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if digest != described(file)["sha256"]:
        raise ModelUnavailableError(
            f"{file} is not the adapter that {file.stem}.json describes: its SHA-256 is {digest}",
            "install interviewer again",
        )
    import torch
    from safetensors.torch import load_file

    tensors = load_file(file)
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name in sorted(key.removesuffix(".up") for key in tensors if key.endswith(".up")):
            up, down = tensors[f"{name}.up"].float(), tensors[f"{name}.down"].float()
            parameters[name] += (up @ down).reshape(parameters[name].shape)
    return digest[:7]


def described(file: Path) -> dict[str, Any]:
    """What the `.json` beside an adapter says of it.

    Raises:
        ModelUnavailableError: it cannot be read, or names no SHA-256.
    """
    try:
        about = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        return {**about, "sha256": str(about["sha256"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelUnavailableError(
            f"cannot read what {file.with_suffix('.json')} says about the adapter: {error!r}",
            "install interviewer again",
        ) from error
