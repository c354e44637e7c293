"""Modalities that several lanes may ask at once, though plug-ins serve one at a time.

Either each lane has one of its own for as long as it reads, or all take turns with one. A
transcriber alone serves several, and is shared. Those that wait for an image encoder are read
together by it.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, TypeVar

from vidcut.protocols import Modality, PictureModality, SoundModality, Transcriber

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from vidcut.protocols import ImageEncoder
    from vidcut.records import (
        Cue,
        Harvest,
        Picture,
        PictureWindow,
        Seen,
        SoundWindow,
        Space,
        Vector,
    )

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


class Together:
    """An `vidcut.protocols.ImageEncoder` for several lanes: what waits is encoded in one go.

    While one lane's pictures are encoded, those of others gather, of whatever video they are; who
    comes next takes all of them. Nobody waits for there to be more.
    """

    def __init__(self, encoder: ImageEncoder) -> None:
        self._encoder = encoder
        self._lock, self._turn = threading.Lock(), threading.Lock()
        self._waiting: list[_Wish] = []
        self.space: Space = encoder.space

    def query(self, text: str) -> Vector:
        """See there."""
        with self._turn:
            return self._encoder.query(text)

    def confidence(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """See there."""
        return self._encoder.confidence(cosines)

    def likeness(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """See there."""
        return self._encoder.likeness(cosines)

    def images(self, pictures: Sequence[Picture]) -> Sequence[Seen]:
        """See there; what fails for all is tried alone, so that it fails for whom it is due to."""
        wish = _Wish(pictures)
        with self._lock:
            self._waiting.append(wish)
        with self._turn:
            if wish.seen is None and not wish.is_alone:
                with self._lock:
                    wishes, self._waiting = self._waiting, []
                self._grant(wishes)
        if wish.seen is not None:
            return wish.seen
        with self._turn:
            return self._encoder.images(pictures)

    def _grant(self, wishes: Sequence[_Wish]) -> None:
        every = [picture for wish in wishes for picture in wish.pictures]
        try:
            seen = iter(self._encoder.images(every))
        except Exception:
            if len(wishes) == 1:
                raise
            for wish in wishes:
                wish.is_alone = True
            return
        for wish in wishes:
            wish.seen = [next(seen) for _ in wish.pictures]


class _Wish:
    """Pictures of one lane; ``seen`` is None until they are encoded."""

    def __init__(self, pictures: Sequence[Picture]) -> None:
        self.pictures = pictures
        self.seen: Sequence[Seen] | None = None
        self.is_alone = False
        """Whether it is to be tried without the others."""


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
