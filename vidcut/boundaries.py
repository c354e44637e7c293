"""Where a moment starts and ends, and why there (pure).

What is said starts and ends in the silence around its sentences; what is written with its
text; what is seen with its shot, or where the picture no longer looks like the one that
answered. The reason of each end is told.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vidcut.records import SECOND_US, Boundary, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidcut.moments import Run
    from vidcut.records import Lengths, Vector, Video

_LOOKS_ALIKE = 0.6
"""A frame of the same shot belongs to a moment when its cosine with the best one is at least this.

benchmarks/ranking.py, 16 tuned queries of what is seen: R@5 at IoU 0.5 is .62 without this, .69
at .8, .75 from .7 down to .4; below .6 whole shots join that show something else for a while.
"""
_SNAP_US = SECOND_US // 2
"""A shot cut no further away than this is the boundary of what is seen."""
_SILENCE_US = 3 * SECOND_US // 10
"""So much of a pause at most goes with what is said: room to breathe, none to wait in."""
_LEAST_SILENCE_US = SECOND_US // 10

_EDGE_REASONS = {
    "asr": ("sentence start", "sentence end"),
    "ocr": ("text appears", "text disappears"),
}
_SEEN_REASONS = ("first seen", "last seen")


@dataclass(frozen=True, slots=True)
class Look:
    """A frame chunk's span and vector."""

    span: Span
    vector: Vector


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of a video around a run; spans in order of time."""

    video: Video
    cuts: Sequence[int] = ()
    """Shot cuts in microseconds, ascending."""
    looks: Sequence[Look] = ()
    said: Sequence[Span] = ()
    """Its sentences."""
    free: Span | None = None
    """What of the video the moment may spread over; None for all."""


def boundaries(run: Run, around: Surroundings, lengths: Lengths) -> tuple[Boundary, Boundary]:
    """The run's start and end, inside the video, not further apart than asked."""
    if run.modality == "asr":
        whole = _whole(run, lengths.longest_us)
        start, end = _in_silence(whole, around.said, lengths.longest_us)
        if whole.end < run.best.chunk.span.end:  # not all of its words fit
            end = Boundary(whole.end, "longest moment")
    elif run.modality in _EDGE_REASONS:
        start, end = _edges(run.span, run.modality)
    else:
        start, end = _at_cuts(seen(run, around), run.modality, around.cuts)
    start, end = _short_enough(start, end, run.best.chunk.span, lengths.longest_us)
    return _apart(*_long_enough(start, end, around, lengths), around.free)


def _edges(span: Span, modality: str) -> tuple[Boundary, Boundary]:
    at_start, at_end = _EDGE_REASONS.get(modality, _SEEN_REASONS)
    return Boundary(span.start, at_start), Boundary(span.end, at_end)


# What is said -------------------------------------------------------------------------


def _whole(run: Run, longest_us: int) -> Span:
    """The best sentence, and as many of its neighbours as fit whole.

    Of a sentence that is too long by itself, as many words as fit.
    """
    best = run.hits.index(run.best)
    span = run.best.chunk.span
    if span.duration > longest_us:
        words = [word.span for word in run.best.chunk.words]
        fitting = [word.end for word in words if word.end - span.start <= longest_us]
        return Span(span.start, max(fitting, default=span.start + longest_us))
    for nearby in (run.hits[best + 1 :], run.hits[:best][::-1]):
        for hit in nearby:
            wider = span.hull(hit.chunk.span)
            if wider.duration > longest_us:
                break
            span = wider
    return span


def _in_silence(span: Span, said: Sequence[Span], longest_us: int) -> tuple[Boundary, Boundary]:
    """A little before the first word and after the last, where nobody else speaks."""
    spare_us = (longest_us - span.duration) // 2
    start, end = _edges(span, "asr")
    quiet_us = min(spare_us, _room(span.start - _last_word(span.start, said)))
    if quiet_us >= _LEAST_SILENCE_US:
        start = Boundary(span.start - quiet_us, "silence")
    quiet_us = min(spare_us, _room(_next_word(span.end, said) - span.end))
    if quiet_us >= _LEAST_SILENCE_US:
        end = Boundary(span.end + quiet_us, "silence")
    return start, end


def _last_word(time_us: int, said: Sequence[Span]) -> int:
    """When the sentence before this time ends: at it where someone is speaking."""
    ends = (min(other.end, time_us) for other in said if other.start < time_us)
    return max(ends, default=time_us - 2 * _SILENCE_US)


def _next_word(time_us: int, said: Sequence[Span]) -> int:
    starts = (max(other.start, time_us) for other in said if other.end > time_us)
    return min(starts, default=time_us + 2 * _SILENCE_US)


def _room(pause_us: int) -> int:
    """How much of a pause goes with a sentence: at most half of it."""
    return min(pause_us // 2, _SILENCE_US)


# What is seen -------------------------------------------------------------------------


def seen(run: Run, around: Surroundings) -> Span:
    """The run, and what of the best frame's shot looks like that frame."""
    best = run.best.chunk.span
    its = shot(best.middle, around)
    looks = [look for look in around.looks if its.contains(look.span.middle)]
    place = next((i for i, look in enumerate(looks) if look.span == best), None)
    span = run.span
    if place is None:
        return span
    for nearby in (looks[place + 1 :], looks[:place][::-1]):
        reached = best
        for look in nearby:
            is_alike = float(np.dot(looks[place].vector, look.vector)) >= _LOOKS_ALIKE
            if not (is_alike or span.overlap(look.span)) or reached.gap(look.span) > _SNAP_US:
                break
            reached = look.span
            span = span.hull(look.span)
    return span


def shot(time_us: int, around: Surroundings) -> Span:
    """From the cut before a time to the one after, or the video's ends."""
    place = bisect_right(around.cuts, time_us)
    start = around.cuts[place - 1] if place else 0
    end = around.cuts[place] if place < len(around.cuts) else around.video.duration_us
    return Span(start, max(start, end))


def _at_cuts(span: Span, modality: str, cuts: Sequence[int]) -> tuple[Boundary, Boundary]:
    start, end = _edges(span, modality)
    at_start, at_end = _at_cut(start, cuts), _at_cut(end, cuts)
    return (at_start, at_end) if at_start.time_us < at_end.time_us else (start, end)


def _at_cut(boundary: Boundary, cuts: Sequence[int]) -> Boundary:
    place = bisect_right(cuts, boundary.time_us)
    near = cuts[max(0, place - 1) : place + 1]
    nearest = min(near, key=lambda cut: abs(cut - boundary.time_us), default=None)
    if nearest is None or abs(nearest - boundary.time_us) > _SNAP_US:
        return boundary
    return Boundary(nearest, "shot cut")


# Length -------------------------------------------------------------------------------


def _short_enough(
    start: Boundary, end: Boundary, best: Span, longest_us: int
) -> tuple[Boundary, Boundary]:
    """At most so long, around the middle of what answers best."""
    if end.time_us - start.time_us <= longest_us:
        return start, end
    latest_us = end.time_us - longest_us
    start_us = min(max(start.time_us, best.middle - longest_us // 2), latest_us)
    if start_us > start.time_us:
        start = Boundary(start_us, "longest moment")
    if start_us < latest_us:
        end = Boundary(start_us + longest_us, "longest moment")
    return start, end


def _long_enough(
    start: Boundary, end: Boundary, around: Surroundings, lengths: Lengths
) -> tuple[Boundary, Boundary]:
    """At least so long, where the video is; the file's own ends are named as such."""
    duration_us, shortest_us = around.video.duration_us, lengths.shortest_us
    begun_us = max(0, start.time_us)
    missing_us = shortest_us - (min(end.time_us, duration_us) - begun_us)
    if missing_us > 0:
        start_us = max(0, min(begun_us - missing_us // 2, duration_us - shortest_us))
        widened = Span(start_us, start_us + shortest_us)
        start, end = _between_sentences(widened, around.said, lengths.longest_us)
    if start.time_us <= 0:
        start = Boundary(0, "video start")
    if end.time_us >= duration_us:
        end = Boundary(duration_us, "video end")
    return start, end


def _apart(start: Boundary, end: Boundary, free: Span | None) -> tuple[Boundary, Boundary]:
    """Nothing of what the query takes away, even where that leaves less than was asked."""
    if free is not None:
        if start.time_us < free.start:
            start = Boundary(free.start, "what is left out")
        if end.time_us > free.end:
            end = Boundary(free.end, "what is left out")
    return start, end


def _between_sentences(
    span: Span, said: Sequence[Span], longest_us: int
) -> tuple[Boundary, Boundary]:
    """A stretch that was widened, widened to whole sentences where they fit."""
    start, end = Boundary(span.start, "shortest moment"), Boundary(span.end, "shortest moment")
    for other in said:
        if other.start < span.start < other.end and span.end - other.start <= longest_us:
            start = Boundary(other.start, "sentence start")
    for other in said:
        if other.start < span.end < other.end and other.end - start.time_us <= longest_us:
            end = Boundary(other.end, "sentence end")
    return start, end
