"""The way of a 9:16 crop through a clip, as someone at a camera would turn it (pure).

Within a shot it stands still as long as that shows the subject; else it takes the shortest way
(a taut string through what shows the subject at each time), at a limited speed and with a
limited acceleration. From shot to shot it jumps.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from vidcut.records import SECOND_US

if TYPE_CHECKING:
    from collections.abc import Sequence

MIDDLE = 0.5
"""A place of the crop: 0 at the picture's left or top, 1 at its right or bottom."""
STEP_US = 100_000
"""From one corner of a way to the next, where it bends."""
SMOOTHED_US = 1_000_000
"""The way is the mean of what it would be this long around: speed takes that long to turn."""
MAX_CORNERS = 2000
"""What ffmpeg can be told on its command line (128 KiB a word, on Linux), some 40 bytes each."""
_ROUNDED_S = 0.0005
"""A frame's time was rounded by less than this."""
_FINEST = 1 / 4096
"""What is straightened at first: less than a pixel, of the room that a crop has."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Where the subject is at a time: places of the crop from ``least`` to ``most`` show it."""

    time_us: int
    at: float
    """The best of the places."""
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Corner:
    """Where a crop is at a time; between two corners it moves straight."""

    time_us: int
    at: float


def way(
    shots: Sequence[tuple[int, Sequence[Sight]]], end_us: int, *, speed: float
) -> tuple[Corner, ...]:
    """The way of the crop through shots, each with its start and what was seen in it.

    A shot of no sights is shown from its middle. Two corners of one time are a jump; the last
    corner is at ``end_us``. ``speed`` is in rooms of the crop a second.
    """
    ends = [*(start for start, _ in shots[1:]), end_us]
    corners = [
        corner
        for (start_us, sights), stop_us in zip(shots, ends, strict=True)
        for corner in _through(start_us, stop_us, sights, speed)
    ]
    tolerance, result = _FINEST, corners
    while tolerance == _FINEST or len(result) > MAX_CORNERS:
        result, tolerance = _straightened(corners, tolerance), 2 * tolerance
    return tuple(result)


def place(corners: Sequence[Corner], time_us: int) -> float:
    """Where on its way the crop is at a time; after a jump, where there is one."""
    index = bisect_right(corners, time_us, key=lambda corner: corner.time_us)
    if index in {0, len(corners)}:
        return corners[max(0, index - 1)].at
    one, two = corners[index - 1 : index + 1]
    return one.at + (two.at - one.at) * (time_us - one.time_us) / (two.time_us - one.time_us)


def expression(corners: Sequence[Corner]) -> str:
    """The place at ffmpeg's time ``t``, in seconds.

    As a tree of conditions: ffmpeg reads nests a hundred deep, and works one out at each frame.
    """
    if len(corners) == 1:
        return f"{corners[0].at:.5f}"
    if len(corners) > 2:  # noqa: PLR2004  (one piece)
        half = len(corners) // 2
        early, late = expression(corners[: half + 1]), expression(corners[half:])
        # Early, for a jump's time is a frame's.
        return f"if(lt(t,{corners[half].time_us / SECOND_US - _ROUNDED_S:.4f}),{early},{late})"
    one, two = corners
    if one.at == two.at or one.time_us == two.time_us:
        return f"{two.at:.5f}"
    speed = (two.at - one.at) * SECOND_US / (two.time_us - one.time_us)
    # The first frame may be shown from before the first corner.
    return f"clip({one.at:.5f}{speed:+.6f}*(t-{one.time_us / SECOND_US:.4f}),0,1)"


def _through(start_us: int, end_us: int, sights: Sequence[Sight], speed: float) -> list[Corner]:
    taut = _taut(sights)
    if len({corner.at for corner in taut}) <= 1:
        at = taut[0].at if taut else MIDDLE
        return [Corner(start_us, at), Corner(end_us, at)]
    count = max(1, -(-(end_us - start_us) // STEP_US))
    times = [start_us + (end_us - start_us) * index // count for index in range(count + 1)]
    step_s = (end_us - start_us) / count / SECOND_US
    slow = _slowed([place(taut, time_us) for time_us in times], speed * step_s)
    smooth = _smoothed(slow, max(1, round(SMOOTHED_US / SECOND_US / step_s)))
    return [Corner(time_us, at) for time_us, at in zip(times, smooth, strict=True)]


def _taut(sights: Sequence[Sight]) -> list[Corner]:
    """The shortest way that shows what was seen at each time; no other stands still longer."""
    if not sights:
        return []
    least, most = max(one.least for one in sights), min(one.most for one in sights)
    if least <= most:
        return [Corner(sights[0].time_us, _within(_median(sights), least, most))]
    corners = [_first(sights)]
    index = next(i for i, one in enumerate(sights) if one.time_us == corners[0].time_us)
    while index < len(sights) - 1:
        index, corner = _next(sights, index, corners[-1])
        corners.append(corner)
    return corners


def _first(sights: Sequence[Sight]) -> Corner:
    """Up to where standing still from the beginning shows all, and where."""
    low = high = sights[0]
    for one in sights[1:]:
        if one.least > high.most:
            return Corner(high.time_us, high.most)
        if one.most < low.least:
            return Corner(low.time_us, low.least)
        low = one if one.least >= low.least else low
        high = one if one.most <= high.most else high
    raise AssertionError("there is a place that shows all")  # the caller has looked


def _next(sights: Sequence[Sight], index: int, corner: Corner) -> tuple[int, Corner]:
    """The end of the longest straight line from a corner, the flattest of those."""
    low, high = (float("-inf"), index), (float("inf"), index)
    for later in range(index + 1, len(sights)):
        one = sights[later]
        lasts_us = one.time_us - corner.time_us
        least, most = (one.least - corner.at) / lasts_us, (one.most - corner.at) / lasts_us
        if least > high[0]:
            return high[1], Corner(sights[high[1]].time_us, sights[high[1]].most)
        if most < low[0]:
            return low[1], Corner(sights[low[1]].time_us, sights[low[1]].least)
        low = (least, later) if least >= low[0] else low
        high = (most, later) if most <= high[0] else high
    if low[0] <= 0 <= high[0]:
        return len(sights) - 1, Corner(sights[-1].time_us, corner.at)
    if low[0] > 0:
        return low[1], Corner(sights[low[1]].time_us, sights[low[1]].least)
    return high[1], Corner(sights[high[1]].time_us, sights[high[1]].most)


def _median(sights: Sequence[Sight]) -> float:
    return sorted(one.at for one in sights)[len(sights) // 2]


def _within(value: float, least: float, most: float) -> float:
    return max(least, min(most, value))


def _slowed(values: Sequence[float], step: float) -> list[float]:
    """The same, changing by at most a step: half-way between the nearest such above and below.

    That sets out before a fast subject does and arrives after it.
    """
    below, above = _bounded(values, step), [-v for v in _bounded([-v for v in values], step)]
    return [(one + two) / 2 for one, two in zip(below, above, strict=True)]


def _bounded(values: Sequence[float], step: float) -> list[float]:
    """The greatest values below the given ones that change by at most a step."""
    forth = accumulate(values, lambda before, now: min(now, before + step))
    back = accumulate(reversed(list(forth)), lambda before, now: min(now, before + step))
    return list(back)[::-1]


def _smoothed(values: Sequence[float], width: int) -> list[float]:
    """Means over so many values; the ends go on as they are beyond.

    What changes by at most v a step does so still, and its change changes by 2 v / width.
    """
    before, after = width // 2, width - width // 2 - 1
    padded = [*[values[0]] * before, *values, *[values[-1]] * after]
    sums = [0.0, *accumulate(padded)]
    return [
        _within((sums[index + width] - sums[index]) / width, 0.0, 1.0)
        for index in range(len(values))
    ]


def _straightened(corners: Sequence[Corner], tolerance: float) -> list[Corner]:
    """Fewer corners, the way off by at most the tolerance (Douglas and Peucker 1973).

    Where jumps are smaller than it, they are none.
    """
    kept = [0]
    pieces = [0, *_jumps(corners, tolerance), len(corners)]
    kept = [
        index for one, two in pairwise(pieces) for index in _telling(corners, one, two, tolerance)
    ]
    return [corners[index] for index in kept]


def _jumps(corners: Sequence[Corner], tolerance: float) -> list[int]:
    return [
        index
        for index, (one, two) in enumerate(pairwise(corners), 1)
        if one.time_us == two.time_us and abs(one.at - two.at) > tolerance
    ]


def _telling(corners: Sequence[Corner], start: int, stop: int, tolerance: float) -> list[int]:
    kept, waiting = {start, stop - 1}, [(start, stop - 1)]
    while waiting:
        first, last = waiting.pop()
        ends = (corners[first], corners[last])
        off = [abs(place(ends, corners[i].time_us) - corners[i].at) for i in range(first, last + 1)]
        far = first + off.index(max(off))
        if max(off) > tolerance and far not in {first, last}:
            kept.add(far)
            waiting += [(first, far), (far, last)]
    return sorted(kept)
