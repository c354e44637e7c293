"""The order that every store gives: best first, equal cosines by smaller id."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vidcut.records import Vector


def best(
    ids: NDArray[np.int64], vectors: NDArray[np.float32], vector: Vector, count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The ``count`` best of a few candidates ``(n,)``, ``(n, dim)``: ids and cosines.

    A matrix product sums a row differently by where it lies, so that equal vectors differ in
    the last bit; here each row is summed alone and alike, and equal vectors are equal.
    """
    products = vectors * vector
    cosines = products.sum(axis=1, dtype=np.float64).astype(np.float32)
    order = np.lexsort((ids, -cosines))[:count]
    return ids[order], cosines[order]


def slack(dim: int) -> float:
    """How far apart two cosines can be computed by a library that are truly equal.

    Twice the bound ``n·u`` on the error of a dot product of unit vectors, with ``u`` half of
    float32's epsilon (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., 3.1).
    """
    return dim * float(np.finfo(np.float32).eps)
