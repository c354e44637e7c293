"""Frames and the times that a player gives them."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeVar

from vidcut.readers import _container
from vidcut.records import SECOND_US

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")

_LEAP_US = 10 * SECOND_US
_LONGEST_LEAP_US = 24 * 3600 * SECOND_US
_USUAL_RATE = Fraction(25)
"""Where a file says nothing; libav's own for streams without a container."""


def timed(container: Any, stream: Any, frames: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    """Each frame with its time in microseconds since the container's start.

    AVI keeps no presentation times and libav's guess (FFmpeg 8) jumbles B-frames, so there
    the order of decoding counts, as in libav's best-effort time stamps. A frame without any
    time follows the one before it.
    """
    start_us = _container.start_us(container)
    avi = container.format.name == "avi"
    after = 0
    for frame in frames:
        ticks = frame.dts if avi or frame.pts is None else frame.pts
        if ticks is None:
            ticks = after
        after = ticks + (frame.duration or _usual_duration(stream))
        yield _container.microseconds(ticks, stream.time_base) - start_us, frame


def without_strays(pairs: Iterable[tuple[int, T]]) -> Iterator[tuple[int, T]]:
    """Without the pairs whose time leaps far ahead of the one before and of the one after.

    One flipped bit in a time stamp would else put off all that follow it.
    """
    last_us: int | None = None
    held: tuple[int, T] | None = None
    for pair in pairs:
        if held is not None:
            if held[0] <= pair[0]:
                yield held
                last_us = held[0]
            held = None
        if last_us is None or pair[0] - last_us <= _LEAP_US:
            yield pair
            last_us = pair[0]
        elif pair[0] - last_us <= _LONGEST_LEAP_US:
            held = pair
    if held is not None:
        yield held


def _usual_duration(stream: Any) -> int:
    rate: Fraction = getattr(stream, "guessed_rate", None) or _USUAL_RATE
    ticks: Fraction = 1 / (rate * stream.time_base)
    return max(1, round(ticks))
