"""Where one shot ends and the next begins, from small pictures of every frame.

A cut is a frame that differs much from the one before it, and much more than its neighbours
differ from each other: motion and flashes differ for several frames, a cut for one. That is
the rolling average of PySceneDetect's adaptive detector (Castellano, BSD-3), on luma and two
colour differences instead of HSV.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from vidcut.protocols import Frame
    from vidcut.records import Picture

THUMBNAIL_PX = 64
REACH = 2
"""Frames on either side with which a frame's difference is compared."""

# Tuned by benchmarks/shots.py.
_LEAST_CHANGE = 9.0
"""Mean absolute change of a pixel's three channels, 0…255, below which nothing is a cut."""
_RATIO = 3.0
"""How many times its neighbours' change a cut's change must be."""
_SHORTEST_SHOT_US = 250_000


def mark_cuts(frames: Iterable[Frame]) -> Iterator[tuple[Frame, bool]]:
    """Each frame with whether a new shot begins with it; `REACH` frames behind the input.

    The first frame begins no new shot. The verdict on a frame depends on nothing further
    away than the shortest shot, so that a video can be taken up in the middle.
    """
    waiting: deque[tuple[Frame, float]] = deque()
    past: deque[float] = deque(maxlen=REACH)
    judge = _Judge()
    before: NDArray[np.int16] | None = None
    for frame in frames:
        now = _channels(frame.picture(THUMBNAIL_PX))
        waiting.append((frame, _change(before, now)))
        before = now
        if len(waiting) > REACH:
            yield judge(waiting, past)
    while waiting:
        yield judge(waiting, past)


class _Judge:
    """Remembers the last cut, since shots shorter than a blink are flashes."""

    def __init__(self) -> None:
        self._last_cut_us: int | None = None

    def __call__(
        self, waiting: deque[tuple[Frame, float]], past: deque[float]
    ) -> tuple[Frame, bool]:
        frame, change = waiting.popleft()
        around = [*past, *(later for _, later in list(waiting)[:REACH])]
        usual = sum(around) / len(around) if around else 0.0
        past.append(change)
        recent = self._last_cut_us
        is_cut = (
            change >= _LEAST_CHANGE
            and change >= _RATIO * usual
            and (recent is None or frame.time_us - recent >= _SHORTEST_SHOT_US)
        )
        if is_cut:
            self._last_cut_us = frame.time_us
        return frame, is_cut


def _channels(picture: Picture) -> NDArray[np.int16]:
    """Luma, red minus luma, blue minus luma: ``int16 (h, w, 3)``."""
    rgb = picture.astype(np.int16)
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    luma = (2 * red + 5 * green + blue) >> 3
    return np.stack((luma, red - luma, blue - luma), axis=-1)


def _change(before: NDArray[np.int16] | None, now: NDArray[np.int16]) -> float:
    if before is None:
        return 0.0
    if before.shape != now.shape:
        return 255.0  # the stream changed its shape: another source begins
    return float(np.abs(now - before).mean())
