"""Small grey copies of pictures, to tell whether two differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vidcut.records import Picture

_BT601 = np.array((0.299, 0.587, 0.114), dtype=np.float32)
"""How bright red, green and blue look (ITU-R BT.601)."""


def luma(picture: Picture, width_px: int, height_px: int) -> NDArray[np.float32]:
    """``float32 (h, w)``, 0…255, means over areas; no larger than the picture."""
    height, width = picture.shape[:2]
    rows = _edges(height, min(height_px, height))
    columns = _edges(width, min(width_px, width))
    narrow = np.add.reduceat(picture, columns[:-1], axis=1, dtype=np.uint32)
    sums = np.add.reduceat(narrow, rows[:-1], axis=0)
    areas = np.outer(np.diff(rows), np.diff(columns))
    grey: NDArray[np.float32] = (sums @ _BT601 / areas).astype(np.float32)
    return grey


def _edges(length: int, parts: int) -> NDArray[np.int64]:
    return np.linspace(0, length, parts + 1).astype(np.int64)
