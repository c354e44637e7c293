"""What a query is to be like: a picture, a time of a video, answers that were liked."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from vidcut.asking import Example
from vidcut.errors import UsageError
from vidcut.records import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vidcut.history import Answer
    from vidcut.library import Holdings
    from vidcut.records import Video

SEEN = "frame"
LIKED, DISLIKED = 0.75, 1.0
"""All that was liked counts three quarters of what was asked, as Rocchio's beta (Manning, Raghavan
and Schütze, Introduction to Information Retrieval, 2008, 9.1.1); what was not is told apart."""


def at(holdings: Holdings, video: Video, time_us: int) -> tuple[Example, Span]:
    """What is seen in a video of the library at a time, and the shot that it is part of.

    Raises:
        UsageError: the video does not last so long, or nothing was seen then.
    """
    if not 0 <= time_us < video.duration_us:
        fact = f"{video.path} lasts {video.duration_us / 1e6:.3f} s"
        raise UsageError(f"{fact}; give a time before its end, e.g. {video.path}@0.5")
    space = holdings.catalog.modality_space(SEEN)
    near = Span(time_us, time_us + 1)
    found = holdings.catalog.nearby.vectors(video.id, SEEN, space, near) if space else []
    if not found:
        raise UsageError(f"nothing is seen in {video.path} at {time_us / 1e6:.3f} s; give another")
    _, vector = found[0]
    cuts = [0, *holdings.catalog.cuts(video.id), video.duration_us]
    shot = next(Span(a, b) for a, b in pairwise(cuts) if a <= time_us < b)
    return Example(SEEN, _floats(vector)), shot


def of_answers(
    holdings: Holdings, answers: Iterable[Answer], *, weight: float
) -> tuple[Example, ...]:
    """The evidence of answers, which together weigh so much in each modality."""
    found = list(_evidence(holdings, answers))
    counts = [sum(other.modality == one.modality for other in found) for one in found]
    return tuple(
        Example(one.modality, one.vector, weight / count)
        for one, count in zip(found, counts, strict=True)
    )


def _evidence(holdings: Holdings, answers: Iterable[Answer]) -> Iterator[Example]:
    for answer in answers:
        for modality, chunk_id in answer.chunks:
            space = holdings.catalog.modality_space(modality)
            stored = holdings.catalog.vector(chunk_id, space) if space else None
            if stored is not None:  # else it was indexed anew since
                yield Example(modality, _floats(stored))


def _floats(stored: bytes) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.frombuffer(stored, dtype="<f2").astype(np.float32)
