"""Small geometry on rows of vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TINY = 1e-6
"""A row shorter than this has no direction that means anything."""


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """``float32 (..., dim)`` of unit length; a row without a direction gets the first axis."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    first = np.zeros(rows.shape[-1], dtype=np.float32)
    first[0] = 1.0
    aimless = ~(lengths > _TINY)  # also where a length is no number
    scaled = np.where(aimless, first, rows / np.where(aimless, 1.0, lengths))
    return np.asarray(scaled, dtype=np.float32)


def without(rows: NDArray[np.float32], axis: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows ``(..., dim)`` less their part along ``axis``, ``(dim,)`` of unit length."""
    return np.asarray(rows - (rows @ axis)[..., None] * axis, dtype=np.float32)


def logistic(cosines: NDArray[np.float32], *, middle: float, slope: float) -> NDArray[np.float32]:
    """0…1, a half at ``middle``; same shape."""
    # Beyond ±30 a float32 knows no difference, and exp() would warn of an overflow.
    steps = np.clip((np.asarray(cosines, dtype=np.float32) - middle) * slope, -30, 30)
    return np.asarray(1.0 / (1.0 + np.exp(-steps)), dtype=np.float32)
