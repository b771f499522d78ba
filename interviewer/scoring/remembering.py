"""An embedder that embeds each text once: what is said early is no work at the end."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from interviewer.scoring.alignment import Pieces
from interviewer.scoring.embedding import Embedder, Vectors
from interviewer.scoring.reader import Readings


class RememberingEmbedder:
    """Remembers vectors for as long as it lives; may be shared between threads.

    Args:
        embedder: does the work.
        public: texts whose vectors may be kept in `folder`; what a candidate says never is.
        folder: where they are kept, by the hash of the texts and of the embedder's name.
    """

    def __init__(
        self, embedder: Embedder, public: Collection[str] = (), folder: Path | None = None
    ) -> None:
        self.name = embedder.name
        self._embedder = embedder
        self._public = frozenset(public)
        self._folder = folder
        self._vectors: dict[str, Vectors] = {}
        self._pieces: dict[str, Pieces] = {}
        self._readings: dict[tuple[str, str], Readings] = {}
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return self._embedder.embed([])
        with self._lock:
            new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
            public = [text for text in new if text in self._public]
            said = [text for text in new if text not in self._public]
            self._vectors.update(zip(public, self._kept(public), strict=True))
            self._vectors.update(zip(said, self._embedder.embed(said), strict=True))
            return np.stack([self._vectors[text] for text in texts])

    def pieces(self, texts: Sequence[str]) -> list[Pieces]:
        with self._lock:
            new = [text for text in dict.fromkeys(texts) if text not in self._pieces]
            if new:
                self._pieces.update(zip(new, self._embedder.pieces(new), strict=True))
            return [self._pieces[text] for text in texts]

    def read(self, pairs: Sequence[tuple[str, str]]) -> Readings | None:
        with self._lock:
            new = [pair for pair in dict.fromkeys(pairs) if pair not in self._readings]
            found = self._embedder.read(new)
            if found is None:
                return None
            self._readings.update(zip(new, found, strict=True))
            return np.array([self._readings[pair] for pair in pairs]).reshape(-1, 3)

    def _kept(self, texts: Sequence[str]) -> Vectors:
        """The vectors from the folder, or computed and put there."""
        if not texts or self._folder is None:
            return self._embedder.embed(texts)
        key = hashlib.sha256("\0".join((self.name, *texts)).encode()).hexdigest()
        file = self._folder / f"{key}.npy"
        with suppress(OSError, ValueError, EOFError):  # not there yet, or damaged
            found = np.load(file, allow_pickle=False)
            if found.dtype == np.float32 and found.ndim == 2 and len(found) == len(texts):
                return np.asarray(found)
        vectors = self._embedder.embed(texts)
        with suppress(OSError):  # a full disk costs the time to compute them again
            self._folder.mkdir(parents=True, exist_ok=True)
            part = self._folder / f"{key}.{os.getpid()}.part"
            with part.open("wb") as sink:
                np.save(sink, vectors)
            part.replace(file)
        return vectors
