"""Where one shot ends and the next begins, from small pictures of every frame.

A cut is a frame that differs much from the one before it, and much more than its neighbours
differ from each other: motion differs for several frames, a cut for one. That is the rolling
average of PySceneDetect's adaptive detector (Castellano, BSD-3), on luma and two colour
differences instead of HSV. After a flash the picture is what it was before.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from vidcut.protocols import Frame
    from vidcut.records import Picture

THUMBNAIL_PX = 64
REACH = 2
"""Frames on either side with which a frame's difference is compared."""

# Tuned by benchmarks/shots.py --grid, on the samples and 27 real videos.
_LEAST_CHANGE = 6.0
"""Mean absolute change of a pixel's three channels, 0…255, below which nothing is a cut."""
_RATIO = 2.0
"""How many times its neighbours' change a cut's change must be."""
_LEAST_STANDOUT = 36.0
"""Change times ratio: among fast motion a cut needs a great change, in a dark still a small one."""
_FLASH_SHARE = 0.5
"""A change of which less is left within `REACH` frames was a flash."""
_SHORTEST_SHOT_US = 250_000


@dataclass(frozen=True, slots=True)
class _Seen:
    """A frame, its channels, and how much they changed."""

    frame: Frame
    channels: NDArray[np.int16]
    change: float


def mark_cuts(frames: Iterable[Frame]) -> Iterator[tuple[Frame, bool]]:
    """Each frame with whether a new shot begins with it; `REACH` frames behind the input.

    The first frame begins no new shot. The verdict on a frame depends on nothing further
    away than the shortest shot, so that a video can be taken up in the middle.
    """
    waiting: deque[_Seen] = deque()
    before: NDArray[np.int16] | None = None
    judge = _Judge()
    for frame in frames:
        now = _channels(frame.picture(THUMBNAIL_PX))
        waiting.append(_Seen(frame, now, 0.0 if before is None else _change(before, now)))
        before = now
        if len(waiting) > REACH:
            yield judge(waiting.popleft(), waiting)
    while waiting:
        yield judge(waiting.popleft(), waiting)


class _Judge:
    """Remembers the last great change: what another one follows at once is a flash.

    The last change and not the last cut, so that a verdict leans on no chain of verdicts.
    """

    def __init__(self) -> None:
        self._past: deque[_Seen] = deque(maxlen=REACH)
        self._last_us: int | None = None

    def __call__(self, seen: _Seen, coming: Iterable[_Seen]) -> tuple[Frame, bool]:
        past, coming = tuple(self._past), tuple(coming)
        self._past.append(seen)
        if not past or not _stands_out(seen.change, [s.change for s in (*past, *coming)]):
            return seen.frame, False
        recent, self._last_us = self._last_us, seen.frame.time_us
        if recent is not None and seen.frame.time_us - recent < _SHORTEST_SHOT_US:
            return seen.frame, False
        left = min((_change(past[-1].channels, s.channels) for s in coming), default=seen.change)
        return seen.frame, left >= _FLASH_SHARE * seen.change


def _stands_out(change: float, around: Sequence[float]) -> bool:
    usual = sum(around) / len(around)
    return (
        change >= _LEAST_CHANGE
        and change >= _RATIO * usual
        and change * change >= _LEAST_STANDOUT * usual
    )


def _channels(picture: Picture) -> NDArray[np.int16]:
    """Luma, red minus luma, blue minus luma: ``int16 (h, w, 3)``."""
    rgb = picture.astype(np.int16)
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    luma = (2 * red + 5 * green + blue) >> 3
    return np.stack((luma, red - luma, blue - luma), axis=-1)


def _change(before: NDArray[np.int16], now: NDArray[np.int16]) -> float:
    if before.shape != now.shape:
        return 255.0  # the stream changed its shape: another source begins
    return float(np.abs(now - before).mean())
