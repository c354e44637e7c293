"""Look at media files with a reader, in this process: frames become windows of samples."""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING

from vidcut import shots
from vidcut.chunking import STEP_US, WARM_UP_US, joined, picture_parts
from vidcut.errors import MediaError
from vidcut.records import Glance, PictureWindow, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from vidcut.protocols import Frame, Reader
    from vidcut.records import (
        Cue,
        Media,
        Picture,
        Sample,
        SoundBlock,
        SubtitleTrack,
    )


class Losses:
    """A `vidcut.protocols.Witness` that adds up what did not decode."""

    def __init__(self, on_read: Callable[[int | None], None] = lambda _: None) -> None:
        self._on_read = on_read
        self._start_us = 0
        self._lost: list[Span] = []

    def read(self, time_us: int | None) -> None:
        """Passed on."""
        self._on_read(time_us)

    def lost(self, span: Span) -> None:
        """Counted as far as it lies after the start."""
        start_us = max(span.start, self._start_us)
        if start_us < span.end:
            self._lost.append(Span(start_us, span.end))

    def begin(self, start_us: int) -> None:
        """Count anew, from a time on."""
        self._start_us, self._lost = start_us, []

    def take(self, until_us: int | None = None) -> int:
        """Microseconds lost since this was last asked, up to a time; the rest waits.

        Whoever goes on at that time counts the rest again.
        """
        lost_us = 0
        waiting = []
        for span in self._lost:
            end_us = span.end if until_us is None else min(span.end, max(span.start, until_us))
            lost_us += end_us - span.start
            if end_us < span.end:
                waiting.append(Span(end_us, span.end))
        self._lost = waiting
        return lost_us


class Here:
    """A `vidcut.protocols.Viewer` that decodes in this process.

    Args:
        reader: opens the files.
        losses: the reader's witness, where it has one.
        every_us: how far apart the samples of a shot are.
    """

    def __init__(
        self, reader: Reader, losses: Losses | None = None, *, every_us: int = STEP_US
    ) -> None:
        self._reader = reader
        self._every_us = every_us
        self._losses = losses or Losses()

    def probe(self, path: Path) -> Media:
        """See `vidcut.protocols.Prober.probe`."""
        return self._reader.probe(path)

    def windows(self, path: Path, *, start_us: int, longest_px: int) -> Iterator[PictureWindow]:
        """The windows of a video, each when it is over; see `parts`."""
        return joined(self.parts(path, start_us=start_us, longest_px=longest_px))

    def parts(
        self, path: Path, *, start_us: int, longest_px: int
    ) -> Iterator[Sample | PictureWindow]:
        """See `vidcut.protocols.Viewer.parts`."""
        self._losses.begin(start_us)
        frames = self._reader.frames(path, start_us=max(0, start_us - WARM_UP_US))
        marked, is_over = shots.mark_cuts(frames), False
        often = {"longest_px": longest_px, "every_us": self._every_us}

        def watched() -> Iterator[tuple[Frame, bool]]:
            nonlocal is_over
            yield from marked
            is_over = True

        for part in picture_parts(watched(), start_us=start_us, **often):
            if isinstance(part, PictureWindow):
                until_us = None if is_over else part.span.end
                yield replace(part, lost_us=self._losses.take(until_us))
            else:
                yield part

    def picture(self, path: Path, time_us: int, *, longest_px: int) -> Picture:
        """See `vidcut.protocols.Viewer.picture`."""
        frame = next(iter(self._reader.frames(path, start_us=time_us)), None)
        if frame is None:
            raise MediaError(f"{path.name}: shows nothing at {time_us / 1e6:.3f} s")
        return frame.picture(longest_px)

    def glances(
        self, path: Path, span: Span, *, every_us: int, longest_px: int
    ) -> Iterator[Glance]:
        """See `vidcut.protocols.Onlooker.glances`."""
        frames = self._reader.frames(path, start_us=span.start)
        inside = takewhile(lambda frame: frame.time_us < span.end, frames)
        due_us = span.start
        for frame, begins in shots.mark_cuts(inside):
            if begins or frame.time_us >= due_us:
                yield Glance(frame.time_us, frame.picture(longest_px), begins)
                due_us = frame.time_us + every_us

    def sound(self, path: Path, *, start_us: int = 0) -> Iterator[SoundBlock]:
        """See `vidcut.protocols.Reader.sound`."""
        self._losses.begin(start_us)
        blocks = iter(self._reader.sound(path, start_us=start_us))
        block = next(blocks, None)
        for following in blocks:
            if block is not None:
                yield replace(block, lost_us=self._losses.take(following.start_us))
            block = following
        if block is not None:  # with all that is lost behind it
            yield replace(block, lost_us=self._losses.take())

    def cues(self, path: Path, track: SubtitleTrack) -> Sequence[Cue]:
        """See `vidcut.protocols.Reader.cues`."""
        return self._reader.cues(path, track)
