"""Every so many rows of a frame, for pictures so small that the others hardly show in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import av
import numpy as np

if TYPE_CHECKING:
    from fractions import Fraction

    from numpy.typing import NDArray

_FORMATS = frozenset((
    "gray", "nv12", "p010le", "rgb24", "yuv420p", "yuv420p10le", "yuv422p", "yuv422p10le",
    "yuv444p", "yuvj420p", "yuvj422p", "yuvj444p",
))  # fmt: skip
"""Whose planes are rows of bytes and nothing else, as of nearly all films."""
_LEAST_KEPT = 5
"""Rows of the frame for one of the picture."""
_LEAST_STEP = 4
"""Less saves nothing: the rows are copied before they are scaled."""


class Rows:
    """Frames of a film with few of their rows; one for a stream, by one thread at a time.

    1080p to 64 px: 0.15 ms instead of 0.42. Cuts come out the same (benchmarks/shots.py).
    """

    def __init__(self) -> None:
        self._kept: Any = None
        self._made_for: tuple[int, int, str] | None = None

    def of(self, frame: Any, ratio: Fraction) -> Any:
        """The frame, or its rows as far as a picture smaller by this ratio needs them.

        It holds until the next is asked for.
        """
        step = int(1 / (ratio * _LEAST_KEPT))
        name = frame.format.name
        if step < _LEAST_STEP or frame.height < 2 * step or name not in _FORMATS:
            return frame
        if any(plane.line_size <= 0 for plane in frame.planes):  # it stands on its head
            return frame
        wanted = (frame.width, frame.height // step, name)
        if self._made_for != wanted:
            self._kept, self._made_for = av.VideoFrame(*wanted), wanted
        self._kept.colorspace, self._kept.color_range = frame.colorspace, frame.color_range
        for source, target in zip(frame.planes, self._kept.planes, strict=True):
            rows, room = _rows(source)[step // 2 :: step], _rows(target)
            count, width = min(len(rows), len(room)), min(rows.shape[1], room.shape[1])
            room[:count, :width] = rows[:count, :width]
            room[count:] = room[count - 1]
        return self._kept


def _rows(plane: Any) -> NDArray[np.uint8]:
    """The bytes of a plane, ``uint8 (h, bytes of a row)``."""
    count = plane.line_size * plane.height
    return np.frombuffer(plane, np.uint8, count).reshape(plane.height, plane.line_size)
