"""Windows that are read while they are still being decoded.

A decoder takes as long over a minute of film as whoever reads the minute; one after the other, they
leave a core idle in each file that is shorter than some minutes.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, overload

from vidcut.records import PictureWindow, Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from vidcut.records import Span


class Unseen(Exception):  # noqa: N818  (no error: whoever decodes says why)
    """The rest of a window does not come."""


def windows(
    parts: Iterable[Sample | PictureWindow],
    *,
    pause: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Iterator[PictureWindow]:
    """Each window as soon as it begins; it fills while the next one is asked for.

    Args:
        parts: see `vidcut.protocols.Viewer.parts`.
        pause: what whoever waits for a sample waits inside of.
    """
    window: _Arriving | None = None
    try:
        for part in parts:
            if window is None:
                window = _Arriving(pause)
                yield window
            if isinstance(part, Sample):
                window.samples.add(part)
            else:
                window.samples.close(part)
                window = None
    finally:
        if window is not None:
            window.samples.close(None)


class _Samples(Sequence[Sample]):
    """The samples of a window; whoever wants one that is not there yet waits for it.

    Of a window that does not come none is given any more: what they are read for is thrown away.
    """

    def __init__(self, pause: Callable[[], AbstractContextManager[None]]) -> None:
        self._pause = pause
        self._changed = threading.Condition()
        self._samples: list[Sample] = []
        self._window: PictureWindow | None = None
        self._is_over = False

    def add(self, sample: Sample) -> None:
        with self._changed:
            self._samples.append(sample)
            self._changed.notify_all()

    def close(self, window: PictureWindow | None) -> None:
        """There are no more; None where there should have been."""
        with self._changed:
            self._window, self._is_over = window, True
            self._changed.notify_all()

    def window(self) -> PictureWindow:
        """What is known of the window at its end; raises `Unseen` where that does not come."""
        with self._pause(), self._changed:
            self._changed.wait_for(lambda: self._is_over)
            if self._window is None:
                raise Unseen
            return self._window

    @overload
    def __getitem__(self, place: int) -> Sample: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Sample]: ...
    def __getitem__(self, place: int | slice) -> Sample | Sequence[Sample]:
        with self._pause(), self._changed:
            if isinstance(place, int) and place >= 0:
                self._changed.wait_for(lambda: self._is_over or place < len(self._samples))
                if not self._is_over:
                    return self._samples[place]
        self.window()
        return self._samples[place]

    def __len__(self) -> int:
        self.window()
        return len(self._samples)


class _Arriving(PictureWindow):
    """A window of which the samples come first."""

    samples: _Samples

    def __init__(self, pause: Callable[[], AbstractContextManager[None]]) -> None:
        object.__setattr__(self, "samples", _Samples(pause))

    @property
    def span(self) -> Span:
        return self.samples.window().span

    @property
    def cuts(self) -> tuple[int, ...]:
        return self.samples.window().cuts

    @property
    def lost_us(self) -> int:
        return self.samples.window().lost_us
