"""A video's timeline to windows: what is looked at, and for which stretch it stands.

Windows of a minute are the unit of progress. A window depends on nothing that happened in
the one before it, so that an interrupted video is taken up at the window's edge and comes
out as it would have in one go.
"""

from __future__ import annotations

from dataclasses import replace
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
    """The windows of marked frames, each when it is over; see `picture_parts`."""
    parts = picture_parts(marked, start_us=start_us, longest_px=longest_px, every_us=every_us)
    return joined(parts)


def joined(parts: Iterable[Sample | PictureWindow]) -> Iterator[PictureWindow]:
    """The windows with their samples."""
    samples: list[Sample] = []
    for part in parts:
        if isinstance(part, Sample):
            samples.append(part)
        else:
            yield replace(part, samples=tuple(samples))
            samples = []


def picture_parts(
    marked: Iterable[tuple[Frame, bool]],
    *,
    start_us: int,
    longest_px: int,
    every_us: int = STEP_US,
) -> Iterator[Sample | PictureWindow]:
    """Sample marked frames about once a second and at least once a shot.

    Args:
        marked: frames in order of time, each with whether a shot begins with it.
        start_us: where to begin, a multiple of `WINDOW_US`; earlier frames only warm up.
        longest_px: the longer side of the samples' pictures.
        every_us: how far apart the samples of a shot are.

    Yields:
        Samples, and behind those of each window the window without them. Windows follow each
        other; one without frames is left out.
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
                yield from window.close(window.end_us)
            begins_us = frame.time_us - frame.time_us % WINDOW_US
            window = _Window(begins_us, longest_px, every_us)
        yield from window.add(frame, is_cut=is_cut)
    if window is not None and last_us is not None:
        # The last one is shown as long as the one before.
        yield from window.close(min(last_us + (step_us or 1), window.end_us))


class _Window:
    """Takes samples from the frames of one window."""

    def __init__(self, start_us: int, longest_px: int, every_us: int) -> None:
        self.end_us = start_us + WINDOW_US
        self._start_us = start_us
        self._longest_px = longest_px
        self._every_us = every_us
        self._cuts: list[int] = []
        self._from_us = start_us
        """Where the next sample's span begins."""
        self._begins_shot = False
        self._taken: tuple[int, Picture] | None = None
        """The shot's latest, which stands for more until the next is known."""
        self._due_us: int | None = None
        self._last: Frame | None = None

    def add(self, frame: Frame, *, is_cut: bool) -> Iterator[Sample]:
        if is_cut:
            yield from self._end_shot(frame.time_us)
            self._cuts.append(frame.time_us)
            self._begins_shot = True
        if self._due_us is None:
            self._due_us = frame.time_us + _SETTLE_US
        if frame.time_us >= self._due_us:
            if self._taken is not None:
                yield self._sample(self._taken, (self._taken[0] + frame.time_us) // 2)
            self._taken = frame.time_us, frame.picture(self._longest_px)
            self._due_us = frame.time_us + self._every_us
        self._last = frame

    def close(self, end_us: int) -> Iterator[Sample | PictureWindow]:
        yield from self._end_shot(end_us)
        yield PictureWindow(Span(self._start_us, end_us), tuple(self._cuts), ())

    def _end_shot(self, end_us: int) -> Iterator[Sample]:
        if self._taken is None and self._last is not None:
            # Too short for its sample to come due.
            self._taken = self._last.time_us, self._last.picture(self._longest_px)
        if self._taken is not None:
            yield self._sample(self._taken, end_us)
        self._taken, self._due_us, self._from_us = None, None, end_us
        self._last = None

    def _sample(self, taken: tuple[int, Picture], end_us: int) -> Sample:
        time_us, picture = taken
        found = Sample(time_us, Span(self._from_us, end_us), picture, self._begins_shot)
        self._from_us, self._begins_shot = end_us, False
        return found
