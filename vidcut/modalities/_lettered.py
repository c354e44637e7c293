"""Where on a picture there may be text: where dark and light alternate, as from stroke to stroke.

Looking for text costs by the area that is looked at, and most of most pictures has no strokes: of
384 samples a second apart of 26 real films, 640 px wide, half the area is left, and all lines but
those that fade in lie in it whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    from numpy.typing import NDArray

    from vidcut.records import Picture

    Cells: TypeAlias = NDArray[np.bool_]
    """``(rows, columns)`` of squares of `CELL_PX`."""

CELL_PX = 16
_STEP = 20
"""Of 255, from one pixel to the next: a stroke's edge, where a picture has such edges at all."""
_FAINT_SHARE, _FAINT_STEP = 0.3, 2
"""Of a picture's sharpest edges, and at least: text that fades in has none sharper."""
_SHARPEST = 99.9
"""The percentile of the steps that stands for the sharpest."""
_LEAST_EDGES = 10
"""Pixels of a cell, of those that grow lighter and of those that grow darker: a letter of 9 px
has that."""
_MARGIN = 2
"""Cells around those with strokes that are looked at with them."""
_MULTIPLE_PX = 32
"""Sides that the detector takes as they are."""
_MOST_OBLONG = 6
"""rapidocr puts borders around what is eight times as wide as it is high."""
_MOST_OF_IT = 0.8
"""A share of the picture above which all of it is looked at."""


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of a picture, in pixels, its ends not in it."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def pixels(self) -> int:
        """How many it has."""
        return (self.bottom - self.top) * (self.right - self.left)

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies in it."""
        return self.left <= x < self.right and self.top <= y < self.bottom


def grid(picture: Picture) -> tuple[int, int]:
    """How many cells it has, down and across; the last ones may reach past it."""
    height, width = picture.shape[:2]
    return -(-height // CELL_PX), -(-width // CELL_PX)


def cells(picture: Picture) -> Cells:
    """Those that may hold strokes."""
    rgb = picture.astype(np.int16)
    luma = (2 * rgb[..., 0] + 5 * rgb[..., 1] + rgb[..., 2]) >> 3
    rows, columns = grid(picture)
    steps = np.zeros((rows * CELL_PX, columns * CELL_PX), np.int16)
    steps[: luma.shape[0], 1 : luma.shape[1]] = np.diff(luma, axis=1)
    sharpest = float(np.percentile(np.abs(steps[::4]), _SHARPEST))
    least = min(_STEP, max(_FAINT_STEP, _FAINT_SHARE * sharpest))
    lighter, darker = (_counts(mask) for mask in (steps > least, steps < -least))
    return np.asarray(np.minimum(lighter, darker) >= _LEAST_EDGES)


def areas(wanted: Cells, picture: Picture) -> list[Area]:
    """Rectangles that hold all cells that are wanted and what is around them, none in another.

    One of all of the picture where they would be most of it.
    """
    height, width = picture.shape[:2]
    parts = [
        Area(
            top * CELL_PX,
            min(bottom * CELL_PX, height),
            left * CELL_PX,
            min(right * CELL_PX, width),
        )
        for top, bottom, left, right in _cut(_widened(wanted), 0, 0)
    ]
    if sum(looked_at(part, picture).pixels for part in parts) > _MOST_OF_IT * height * width:
        return [Area(0, height, 0, width)]
    return parts


def looked_at(part: Area, picture: Picture) -> Area:
    """What the detector is given so that it sees a part: no smaller, and of sides that it takes."""
    height, width = picture.shape[:2]
    if part.pixels == height * width:
        return part
    least = max(part.bottom - part.top, (part.right - part.left) // _MOST_OBLONG)
    top, bottom = _reached(part.top, least, height)
    left, right = _reached(part.left, part.right - part.left, width)
    return Area(top, bottom, left, right)


def _reached(start: int, length: int, most: int) -> tuple[int, int]:
    """A stretch of a multiple of what the detector takes, or all there is."""
    whole = -(-length // _MULTIPLE_PX) * _MULTIPLE_PX
    if whole >= most:
        return 0, most
    start = min(start, most - whole)
    return start, start + whole


def _counts(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    rows, columns = mask.shape[0] // CELL_PX, mask.shape[1] // CELL_PX
    narrow = np.add.reduceat(mask.view(np.uint8), np.arange(rows) * CELL_PX, axis=0)
    return np.asarray(narrow.reshape(rows, columns, CELL_PX).sum(axis=2, dtype=np.int64))


def _widened(wanted: Cells) -> Cells:
    wide = wanted.copy()
    for _ in range(_MARGIN):
        once = wide.copy()
        once[1:] |= wide[:-1]
        once[:-1] |= wide[1:]
        wide = once.copy()
        wide[:, 1:] |= once[:, :-1]
        wide[:, :-1] |= once[:, 1:]
    return wide


def _cut(wanted: Cells, top: int, left: int) -> Iterator[tuple[int, int, int, int]]:
    """Top, bottom, left and right of rectangles between which rows or columns are empty."""
    for axis in (1, 0):
        used = wanted.any(axis=axis)
        if used.all():
            continue
        edges = np.flatnonzero(np.diff(used, prepend=False, append=False)).reshape(-1, 2)
        for first, past in edges.tolist():
            if axis == 1:
                yield from _cut(wanted[first:past], top + first, left)
            else:
                yield from _cut(wanted[:, first:past], top, left + first)
        return
    if wanted.size:
        yield top, top + wanted.shape[0], left, left + wanted.shape[1]
