"""What is seen: the image encoder's vector of each picture that differs from the last."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from vidcut.modalities import _thumbnails
from vidcut.protocols import Feed
from vidcut.records import Draft, Harvest, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from vidcut.protocols import ImageEncoder, ModalityOptions
    from vidcut.records import Picture, PictureWindow, Seen, Space
    from vidcut.weights import Weights

FEED = Feed.PICTURE
_WIDTH_PX, _HEIGHT_PX = 32, 18
_SAME_MEAN, _SAME_MOST = 1.0, 8.0
"""Differences in luma, of 255, that a still shot's noise and compression stay below.

Over 27 clips, a second apart: fixed cameras and slides differ by at most 0.4 and 5, the slow
turn of a globe by at least 1.0 and 15, a slow pan by 2.5 and 43.
"""

_AT_ONCE = 8
"""Pictures that are waited for, to be encoded together: a GPU is quicker by batches."""


def create(options: ModalityOptions, encoder: ImageEncoder) -> FrameModality:
    """See `vidcut.protocols.PictureModality`."""
    return FrameModality(options, encoder)


def weights() -> Sequence[Weights]:
    """None of its own: pictures are the image encoder's."""
    return ()


@dataclass(slots=True)
class _Run:
    """Samples that look as the first of them does."""

    picture: Picture
    span: Span
    thumbnail: NDArray[np.float32]


class FrameModality:
    """One draft for each stretch that looks the same."""

    name = "frame"

    def __init__(self, options: ModalityOptions, encoder: ImageEncoder) -> None:
        self._options = options
        self._encoder = encoder

    @property
    def recipe(self) -> str:
        """The space, and which pictures are left out; how closely a run looks is seen to first."""
        pace = " quick" if self._options.quality == "fast" else ""
        return f"frame 1{pace} {self.space}"

    @property
    def space(self) -> Space:
        """The image encoder's."""
        return self._encoder.space

    def read(self, window: PictureWindow) -> Harvest:
        """See `vidcut.protocols.PictureModality`."""
        runs, drafts = _runs(window), []
        while some := list(islice(runs, _AT_ONCE)):
            seen = self._encoder.images([run.picture for run in some])
            pairs = zip(some, seen, strict=True)
            drafts += [Draft(run.span, _labels(one), one.vector) for run, one in pairs]
        return Harvest(drafts, window.span.end)


def _runs(window: PictureWindow) -> Iterator[_Run]:
    """Held against the first of its run, so that a slow drift does not go unseen."""
    run: _Run | None = None
    for sample in window.samples:
        thumbnail = _thumbnails.luma(sample.picture, _WIDTH_PX, _HEIGHT_PX)
        if run is not None and not sample.begins_shot and _alike(run.thumbnail, thumbnail):
            run.span = run.span.hull(sample.span)
            continue
        if run is not None:
            yield run
        run = _Run(sample.picture, sample.span, thumbnail)
    if run is not None:
        yield run


def _alike(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    if one.shape != other.shape:
        return False
    difference = np.abs(one - other)
    return bool(difference.mean() <= _SAME_MEAN and difference.max() <= _SAME_MOST)


def _labels(seen: Seen) -> str | None:
    return ", ".join(name for name, _ in seen.labels) or None
