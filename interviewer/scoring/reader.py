"""A claim and a key point read side by side: does it state the point, or contradict it?

Two vectors made apart are near or far, and a claim with its roles swapped is as near as the right
one. Reading both texts together tells them apart, but a network for every pair is slow. So the
lower layers read each text alone, once, as for its vector, and only the last two read the claim and
the key point as one text (MacAvaney et al. 2020, "Efficient Document Re-Ranking for Transformers by
Precomputing Term Representations").

`reader.safetensors` holds the differences of those layers to the adapter's, as an adapter does, and
the few weights that make three classes of what they say. It fits one adapter: the one beside it.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from interviewer.errors import ModelUnavailableError
from interviewer.scoring.adapter import add_adapter, described

LAYERS = 2
"""So many of the last layers read the pair."""
BATCH_PAIRS = 32
READER_FILE = "reader.safetensors"
HEAD = "head"
"""The names of the tensors that make classes begin with this."""

Readings: TypeAlias = npt.NDArray[np.float64]
"""Log probabilities that a claim states the key point, contradicts it, or neither, shape
`(n_pairs, 3)`, to two decimals: what the last bits say depends on the processor."""


@dataclass(frozen=True)
class TextState:
    """What the lower layers make of a text: tensors of shape `(n_tokens, n_dimensions)`, and its
    vector of length 1."""

    tokens: Any
    vector: Any


class PairReader:
    """The last layers, taught to read a claim beside a key point.

    Args:
        encoder: a BERT with its adapter; it is copied, not changed.
        adapter: the first digits of that adapter's SHA-256.
        file: the reader's; its description is the `.json` beside it.

    Raises:
        ModelUnavailableError: the file is not the one that its description names, or was trained
            with another adapter.
    """

    def __init__(self, encoder: Any, adapter: str, file: Path) -> None:
        from safetensors.torch import load_file

        self._layers = copy.deepcopy(encoder.encoder.layer[-LAYERS:])
        self.sha = add_adapter(self._layers, file)
        fits = described(file).get("fits")
        if fits != adapter:
            raise ModelUnavailableError(
                f"{file} was trained with the adapter {fits}, and the one beside it is {adapter}",
                "install interviewer again",
            )
        self._head = {
            name: tensor.float()
            for name, tensor in load_file(file).items()
            if name.startswith(HEAD)
        }

    def read(self, claims: Sequence[TextState], points: Sequence[TextState]) -> Readings:
        """One reading a pair, `claims[i]` beside `points[i]`."""
        import torch

        with torch.inference_mode():
            found = logits(self._layers, self._head, claims, points).log_softmax(-1).numpy()
        return np.asarray(np.round(found.astype(np.float64), 2))


def logits(
    layers: Any, head: Mapping[str, Any], claims: Sequence[TextState], points: Sequence[TextState]
) -> Any:
    """The three classes of each pair before they are probabilities, shape `(n_pairs, 3)`."""
    import torch
    from torch.nn import functional

    said, said_mask = _padded([claim.tokens for claim in claims])
    wanted, wanted_mask = _padded([point.tokens for point in points])
    segments = head[f"{HEAD}.segments"]
    hidden = torch.cat([said + segments[0], wanted + segments[1]], dim=1)
    mask = torch.cat([said_mask, wanted_mask], dim=1)
    unseen = (1 - mask)[:, None, None, :] * -1e4
    for layer in layers:
        found = layer(hidden, unseen)
        hidden = found[0] if isinstance(found, tuple) else found
    hidden, n_said = hidden.float(), said.shape[1]
    one, other = _mean(hidden[:, :n_said], said_mask), _mean(hidden[:, n_said:], wanted_mask)
    vectors = torch.stack([claim.vector for claim in claims])
    near = (vectors * torch.stack([point.vector for point in points])).sum(1, keepdim=True)
    features = torch.cat([one, other, one * other, near], dim=1)
    inner = functional.gelu(features @ head[f"{HEAD}.inner"].T + head[f"{HEAD}.inner_bias"])
    return inner @ head[f"{HEAD}.outer"].T + head[f"{HEAD}.outer_bias"]


def _padded(texts: Sequence[Any]) -> tuple[Any, Any]:
    """Tokens of texts as long as the longest, and where there is text."""
    import torch

    shape = len(texts), max(map(len, texts))
    tokens, mask = torch.zeros(*shape, texts[0].shape[1]), torch.zeros(shape)
    for row, text in enumerate(texts):
        tokens[row, : len(text)] = text
        mask[row, : len(text)] = 1
    return tokens, mask


def _mean(hidden: Any, mask: Any) -> Any:
    return (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
