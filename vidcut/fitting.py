"""A moment brought to a slot's length, around what answers best (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vidcut.records import Span

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Footage:
    """What a moment is cut from; spans in order of time."""

    moment: Span
    best: Span
    """Of it, what answers best."""
    shot: Span
    """In which that lies."""
    said: Sequence[Span] = ()
    """The sentences around it, where it answers by what is said; else none."""

    def within(self, room: Span) -> Footage:
        """As much of it as lies in a room that the best of it reaches into."""
        whole = [one for one in self.said if one.clamp(room) == one]
        moment, best, shot = (one.clamp(room) for one in (self.moment, self.best, self.shot))
        return Footage(moment, best, shot, whole)


def fitted(footage: Footage, duration_us: int, *, is_timed: bool) -> list[Span]:
    """What may be taken for a slot, best first; never empty.

    It lies inside the moment, or inside its shot where that is too short. What answers by what
    is said keeps its sentences whole: as many as fit, at least the best one; where the film's
    times are fixed (``is_timed``) it is never longer than the slot. Of what is seen for longer
    than the slot, what comes before and after the best part may serve too.
    """
    if footage.said:
        return [_spoken(footage, duration_us, is_timed=is_timed)]
    best, moment = _seen(footage, duration_us), footage.moment
    aside = [
        Span(start, start + duration_us)
        for start in (best.end, best.start - duration_us)
        if moment.start <= start and start + duration_us <= moment.end
    ]
    return [best, *aside]


def _seen(footage: Footage, duration_us: int) -> Span:
    if footage.moment.duration >= duration_us:
        return _around(footage.best.clamp(footage.moment), duration_us, footage.moment)
    bounds = footage.moment.hull(footage.shot)
    return _around(footage.moment, duration_us, bounds)


def _around(core: Span, duration_us: int, bounds: Span) -> Span:
    """So long, with the core in its middle, as far as the bounds allow."""
    duration_us = min(duration_us, bounds.duration)
    start = core.middle - duration_us // 2
    start = min(max(start, bounds.start), bounds.end - duration_us)
    return Span(start, start + duration_us)


def _spoken(footage: Footage, duration_us: int, *, is_timed: bool) -> Span:
    core = _whole_sentences(footage, duration_us)
    if core.duration >= duration_us:
        return Span(core.start, core.start + duration_us) if is_timed else core
    quiet = _quiet(core, footage.said)
    within = footage.moment.hull(footage.shot).hull(core)
    core = _around(core, duration_us, quiet.clamp(within).hull(core))
    # A strange half sentence is less odd than a picture that is missing.
    return _around(core, duration_us, within.hull(core)) if is_timed else core


def _whole_sentences(footage: Footage, duration_us: int) -> Span:
    """The best sentence, and what follows and precedes it in the moment while it fits."""
    sentences = [one for one in footage.said if one.overlap(footage.moment)]
    place = max(
        range(len(sentences)), key=lambda i: sentences[i].overlap(footage.best), default=None
    )
    if place is None:
        return footage.best
    core = sentences[place]
    for nearby in (sentences[place + 1 :], sentences[:place][::-1]):
        for sentence in nearby:
            wider = core.hull(sentence)
            if wider.duration > duration_us:
                break
            core = wider
    return core


def _quiet(core: Span, said: Sequence[Span]) -> Span:
    """The core and the silence around it."""
    before = max((one.end for one in said if one.start < core.start), default=0)
    after = min((one.start for one in said if one.end > core.end), default=core.end + core.end)
    return Span(min(core.start, before), max(core.end, after))
