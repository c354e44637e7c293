"""Neighbouring hits to moments, with a reason for each boundary (pure)."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vidcut.records import SECOND_US, Boundary, Moment, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from vidcut.records import Hit, Video

_JOIN_GAP_US = {"asr": SECOND_US, "ocr": SECOND_US}
"""How far apart neighbouring hits of one modality may lie and still be one moment."""
_JOIN_GAP_OTHERS_US = SECOND_US // 10
_JOIN_SHARE = 0.6
"""A neighbour joins a moment when it is at least so confident as this share of its best."""
_LEAST_EVIDENCE = 0.2
"""What supports a moment with less than this says nothing about it."""
_SNAP_US = SECOND_US // 2
"""A shot cut no further away than this is the boundary of what is seen."""
_SHORTEST_US = SECOND_US

_EDGE_REASONS = {
    "asr": ("sentence start", "sentence end"),
    "ocr": ("text appears", "text disappears"),
}
_SEEN_REASONS = ("first seen", "last seen")


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of a video around its hits."""

    video: Video
    cuts: Sequence[int]
    """Shot cuts in microseconds, ascending."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Neighbouring hits of one video that answer together, with their boundaries."""

    start: Boundary
    end: Boundary
    hits: tuple[Hit, ...]

    @property
    def span(self) -> Span:
        return Span(self.start.time_us, self.end.time_us)

    @property
    def best(self) -> float:
        return max(hit.confidence for hit in self.hits)


def moments(
    hits: Mapping[str, Sequence[Hit]],
    settings: Mapping[int, Setting],
    *,
    count: int,
    least: float,
) -> list[Moment]:
    """The best moments, best first, ties by place.

    Args:
        hits: modality → its hits.
        settings: video id → what is known of the video.
        count: at most so many.
        least: moments with a lower score are left out.
    """
    of_video: defaultdict[tuple[int, str], list[Hit]] = defaultdict(list)
    for modality, of_modality in hits.items():
        for hit in of_modality:
            of_video[hit.chunk.video_id, modality].append(hit)
    found = []
    for setting in settings.values():
        groups = [
            group
            for modality in hits
            for group in _neighbours(modality, of_video[setting.video.id, modality], setting)
        ]
        found += [_moment(group, setting.video) for group in _merged(groups)]
    found = [moment for moment in found if moment.score >= least]
    found.sort(key=lambda moment: (-moment.score, moment.video.path, moment.span))
    return [replace(moment, rank=place) for place, moment in enumerate(found[:count], 1)]


def _neighbours(modality: str, hits: Iterable[Hit], setting: Setting) -> Iterator[_Group]:
    """Runs of one video's hits in one modality, grown from the best one down.

    Growing from the best keeps a strong hit from being stretched by weak ones that merely
    touch each other. Hits past the video's end, as of subtitles for a longer cut, are none.
    """
    gap_us = _JOIN_GAP_US.get(modality, _JOIN_GAP_OTHERS_US)
    by_time = sorted(
        (hit for hit in hits if hit.chunk.span.start < setting.video.duration_us),
        key=lambda hit: hit.chunk.span,
    )
    free = set(range(len(by_time)))
    for seed in sorted(free, key=lambda i: (-by_time[i].confidence, i)):
        if seed not in free:
            continue
        run = _grow(by_time, seed, free, gap_us)
        free -= set(run)
        chosen = tuple(by_time[i] for i in run)
        span = chosen[0].chunk.span
        for hit in chosen[1:]:
            span = span.hull(hit.chunk.span)
        yield _Group(*_boundaries(span, modality, setting), chosen)


def _grow(by_time: Sequence[Hit], seed: int, free: set[int], gap_us: int) -> list[int]:
    run = [seed]
    floor = by_time[seed].confidence * _JOIN_SHARE
    span = by_time[seed].chunk.span
    for step in (1, -1):
        place = seed + step
        while place in free:
            hit = by_time[place]
            if hit.confidence < floor or span.gap(hit.chunk.span) > gap_us:
                break
            span = span.hull(hit.chunk.span)
            run.append(place)
            place += step
    return sorted(run)


def _merged(groups: list[_Group]) -> list[_Group]:
    """Join groups that overlap: what is seen and what is said there are one moment.

    The stronger group gives the span; a weaker one supports it and does not stretch it.
    """
    kept: list[_Group] = []
    for group in sorted(groups, key=lambda group: (-group.best, group.span)):
        for place, stronger in enumerate(kept):
            shorter = min(group.span.duration, stronger.span.duration)
            if group.span.overlap(stronger.span) * 2 > shorter:
                kept[place] = _Group(stronger.start, stronger.end, stronger.hits + group.hits)
                break
        else:
            kept.append(group)
    return kept


def _moment(group: _Group, video: Video) -> Moment:
    strongest: dict[str, Hit] = {}
    for hit in sorted(group.hits, key=lambda hit: (-hit.confidence, hit.rank)):
        strongest.setdefault(hit.chunk.modality, hit)
    best, *others = strongest.values()
    evidence = (best, *(hit for hit in others if hit.confidence >= _LEAST_EVIDENCE))
    score = 1.0 - math.prod(1.0 - hit.confidence for hit in evidence)  # noisy or
    return Moment(0, video, group.start, group.end, score, evidence)


def _boundaries(span: Span, modality: str, setting: Setting) -> tuple[Boundary, Boundary]:
    """Where the moment starts and ends, and why there."""
    at_start, at_end = _EDGE_REASONS.get(modality, _SEEN_REASONS)
    start, end = Boundary(span.start, at_start), Boundary(span.end, at_end)
    if modality not in _EDGE_REASONS:
        start = _at_cut(start, setting.cuts)
        end = _at_cut(end, setting.cuts)
    if start.time_us >= end.time_us:
        start, end = Boundary(span.start, at_start), Boundary(span.end, at_end)
    return _long_enough(start, end, setting.video.duration_us)


def _at_cut(boundary: Boundary, cuts: Sequence[int]) -> Boundary:
    place = bisect_right(cuts, boundary.time_us)
    near = [*cuts[max(0, place - 1) : place + 1]]
    nearest = min(near, key=lambda cut: abs(cut - boundary.time_us), default=None)
    if nearest is None or abs(nearest - boundary.time_us) > _SNAP_US:
        return boundary
    return Boundary(nearest, "shot cut")


def _long_enough(start: Boundary, end: Boundary, duration_us: int) -> tuple[Boundary, Boundary]:
    """Nothing shorter than a second can be watched; the file's own ends are named as such."""
    missing = _SHORTEST_US - (min(end.time_us, duration_us) - start.time_us)
    if missing > 0:
        start_us = min(start.time_us - missing // 2, duration_us - _SHORTEST_US)
        start = Boundary(max(0, start_us), "shortest moment")
        end = Boundary(start.time_us + _SHORTEST_US, "shortest moment")
    if start.time_us <= 0:
        start = Boundary(0, "video start")
    if end.time_us >= duration_us:
        end = Boundary(duration_us, "video end")
    return start, end
