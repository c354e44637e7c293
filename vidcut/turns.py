"""Modalities that several lanes may ask at once, though plug-ins serve one at a time.

Either each lane has one of its own for as long as it reads, or all take turns with one. A
transcriber alone serves several, and is shared.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, TypeVar

from vidcut.protocols import Modality, PictureModality, SoundModality, Transcriber

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from vidcut.records import Cue, Harvest, PictureWindow, SoundWindow, Space

M = TypeVar("M", bound=Modality)


class _Turns(Generic[M]):
    """Lends out modalities that are alike.

    Args:
        make: a new one; asked when the first is needed, and when all others are lent.
        most: how many there may be; whoever comes when all are lent waits.
        shared: whether there is but one, which serves so many.
    """

    def __init__(self, make: Callable[[], M], most: int, *, shared: bool = False) -> None:
        self._make = make
        self._room = threading.Semaphore(most)
        self._lock = threading.Lock()
        first = make()
        self._idle = [first] * most if shared else [first]
        self.name: str = first.name
        self.recipe: str = first.recipe
        self.space: Space = first.space

    @contextmanager
    def _lent(self) -> Iterator[M]:
        with self._room:
            with self._lock:
                one = self._idle.pop() if self._idle else None
            one = one or self._make()
            try:
                yield one
            finally:
                with self._lock:
                    self._idle.append(one)


class PictureTurns(_Turns[PictureModality]):
    """A `vidcut.protocols.PictureModality`."""

    def read(self, window: PictureWindow) -> Harvest:
        """See there."""
        with self._lent() as one:
            return one.read(window)


class SoundTurns(_Turns[SoundModality]):
    """A `vidcut.protocols.SoundModality`."""

    def read(self, window: SoundWindow) -> Harvest:
        """See there."""
        with self._lent() as one:
            return one.read(window)


class TranscriberTurns(_Turns[Transcriber]):
    """A `vidcut.protocols.Transcriber`, one for all lanes."""

    def __init__(self, make: Callable[[], Transcriber], most: int) -> None:
        super().__init__(make, most, shared=True)

    def read(self, window: SoundWindow) -> Harvest:
        """See `vidcut.protocols.SoundModality.read`."""
        with self._lent() as one:
            return one.read(window)

    def from_cues(self, cues: Sequence[Cue]) -> Harvest:
        """See there."""
        with self._lent() as one:
            return one.from_cues(cues)
