"""A video's timeline to windows: what is looked at, and for which stretch it stands.

Windows of a minute are the unit of progress. A window depends on nothing that happened in
the one before it, so that an interrupted video is taken up at the window's edge and comes
out as it would have in one go.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from vidcut.records import SECOND_US, PictureWindow, Sample, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vidcut.protocols import Frame
    from vidcut.records import Picture

WINDOW_US = 60 * SECOND_US
WARM_UP_US = 10 * SECOND_US
"""How far before a window decoding must begin for its shot cuts to come out the same.

Some frames before it, that is: screen recordings have but one in seconds.
"""

STEP_US = SECOND_US
_SETTLE_US = SECOND_US // 5
"""A shot's first sample is taken this long after its cut, past blends and key-frame blur."""


def picture_windows(
    marked: Iterable[tuple[Frame, bool]],
    *,
    start_us: int,
    longest_px: int,
    every_us: int = STEP_US,
) -> Iterator[PictureWindow]:
    """Sample marked frames about once a second and at least once a shot.

    Args:
        marked: frames in order of time, each with whether a shot begins with it.
        start_us: where to begin, a multiple of `WINDOW_US`; earlier frames only warm up.
        longest_px: the longer side of the samples' pictures.
        every_us: how far apart the samples of a shot are.

    Yields:
        Windows that follow each other; one without frames is left out.
    """
    window: _Window | None = None
    last_us, step_us = None, None
    for frame, is_cut in marked:
        if last_us is not None:
            gap_us = min(frame.time_us - last_us, every_us)
            # Where frames are left out, the shortest step is nearest to how long one is shown.
            step_us = gap_us if every_us == STEP_US else min(gap_us, step_us or gap_us)
        last_us = frame.time_us
        if frame.time_us < start_us:
            continue
        if window is None or frame.time_us >= window.end_us:
            if window is not None:
                yield window.close(window.end_us)
            begins_us = frame.time_us - frame.time_us % WINDOW_US
            window = _Window(begins_us, longest_px, every_us)
        window.add(frame, is_cut=is_cut)
    if window is not None and last_us is not None:
        # The last one is shown as long as the one before.
        yield window.close(min(last_us + (step_us or 1), window.end_us))


class _Window:
    """Collects the frames of one window."""

    def __init__(self, start_us: int, longest_px: int, every_us: int) -> None:
        self.end_us = start_us + WINDOW_US
        self._start_us = start_us
        self._longest_px = longest_px
        self._every_us = every_us
        self._cuts: list[int] = []
        self._samples: list[Sample] = []
        self._shot_start_us = start_us
        self._shot: list[tuple[int, Picture]] = []
        self._due_us: int | None = None
        self._last: Frame | None = None

    def add(self, frame: Frame, *, is_cut: bool) -> None:
        if is_cut:
            self._end_shot(frame.time_us)
            self._cuts.append(frame.time_us)
        if self._due_us is None:
            self._due_us = frame.time_us + _SETTLE_US
        if frame.time_us >= self._due_us:
            self._take(frame)
            self._due_us = frame.time_us + self._every_us
        self._last = frame

    def close(self, end_us: int) -> PictureWindow:
        self._end_shot(end_us)
        span = Span(self._start_us, end_us)
        return PictureWindow(span, tuple(self._cuts), tuple(self._samples))

    def _take(self, frame: Frame) -> None:
        self._shot.append((frame.time_us, frame.picture(self._longest_px)))

    def _end_shot(self, end_us: int) -> None:
        if not self._shot and self._last is not None:
            self._take(self._last)  # too short for its sample to come due
        times = [time_us for time_us, _ in self._shot]
        middles = [(a + b) // 2 for a, b in pairwise(times)]
        edges = [self._shot_start_us, *middles, end_us]
        for (time_us, picture), edge in zip(self._shot, pairwise(edges), strict=bool(self._shot)):
            self._samples.append(Sample(time_us, Span(*edge), picture))
        self._shot, self._due_us, self._shot_start_us = [], None, end_us
        self._last = None
