"""Packets that need no decoding where a picture every two seconds will do.

Key frames stand alone, and most films have one every second or two. Where they are further apart,
what lies between is decoded, but for the end of it that no sample falls in. What no packet leans on
the decoder leaves out by itself (``skip_frame``).

25 s of 1080p made of real footage, a key frame every 8 s, one thread, the processor's time for
decoding, shots and samples: all frames 4.99 s, thinned 1.83 s. The decoder alone, by ffmpeg: all
2.3 s, no loop filter where nothing leans on it 2.1 s, no frame that nothing leans on 1.3 s, these
without a loop filter 1.1 s, key frames 0.07 s. Shots pay for it: F1 .75 to the frame instead of .98
(benchmarks/shots.py), so that no other quality leaves anything out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vidcut.readers import _container
from vidcut.records import SECOND_US

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from fractions import Fraction

STEP_US = 2 * SECOND_US
"""Key frames that are no further apart than this stand for all between them."""
_CELL_US = SECOND_US // 4
"""Of key frames that lie closer, as where all are, the first in each such stretch is decoded.

By the clock, so that a film taken up in its middle has the same.
"""
_MOST_BYTES = 32 << 20
_MOST_PACKETS = 1_200
"""What is held back until the next key frame is known; more is decoded whole."""


def thinned(packets: Iterable[Any], time_base: Fraction) -> Iterator[Any]:
    """Of the packets, in order, those that a picture every two seconds or so takes.

    The last key frame's all come, so that the end of a film is seen to be there.
    """
    group = _Group(time_base)
    for packet in packets:
        if packet.is_keyframe:
            yield from group.needed(until=packet)
            group.begin()
        group.hold(packet)
        if group.is_full:
            yield from group.let_go()
    yield from group.let_go()


class _Group:
    """A key frame's packet and those that follow it."""

    def __init__(self, time_base: Fraction) -> None:
        self.held: list[Any] = []
        self._time_base = time_base
        self._bytes = 0
        self._is_whole = False
        """Whether it begins with the key frame: of all else every packet is needed."""
        self._cell: int | None = None

    @property
    def is_full(self) -> bool:
        """Whether it is time to let go of it; also where nothing may be left out."""
        return not self._is_whole or len(self.held) > _MOST_PACKETS or self._bytes > _MOST_BYTES

    def hold(self, packet: Any) -> None:
        self.held.append(packet)
        self._bytes += packet.size

    def begin(self) -> None:
        self.held, self._bytes, self._is_whole = [], 0, True

    def let_go(self) -> Sequence[Any]:
        held, self.held, self._is_whole = self.held, [], False
        return held

    def needed(self, *, until: Any) -> Sequence[Any]:
        """Those that are, ``until`` the key frame that comes next."""
        times = [self._time_us(packet) for packet in (*self.held[:1], until)]
        if not self._is_whole or len(times) == 1 or None in times:
            return self.let_go()
        start_us, end_us = (time_us or 0 for time_us in times)
        if end_us - start_us <= STEP_US:
            cell, before = start_us // _CELL_US, self._cell
            self._cell = cell
            return [] if cell == before else self.held[:1]
        self._cell = None
        due_us = end_us - 1 - (end_us - 1 - start_us) % STEP_US
        return self.held[: self._count_until(due_us)]

    def _count_until(self, due_us: int) -> int:
        for count, packet in enumerate(self.held, start=1):
            time_us = self._time_us(packet)
            if time_us is not None and time_us >= due_us:
                return count
        return len(self.held)

    def _time_us(self, packet: Any) -> int | None:
        if packet.pts is None:
            return None
        return _container.microseconds(packet.pts, self._time_base)
