"""Moments → a reel: which takes, how much of each, in which order, on which beat. Pure."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from vidcut.errors import UsageError
from vidcut.film import fades_of
from vidcut.records import SECOND_US, Span
from vidcut.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vidcut.cutting import Margin
    from vidcut.records import Take

LEAST_US = SECOND_US
"""What is left of the take that fills a reel up, at least: less is a flash. By judgement."""
MOST_MOVED_US = SECOND_US // 2
"""How far a cut goes to meet a beat: a beat of 60 a minute, the slowest, is never farther."""
_LEAST_ON_BEAT_US = SECOND_US // 2
"""What is left of a take that is shortened to meet one, at least."""
_TITLE_CHARS = 60


class Order(StrEnum):
    """The order of takes in a reel."""

    RANK = "rank"
    """Best first."""
    TIME = "time"
    """By video, then by time in it."""
    GIVEN = "given"
    """As they came."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A take and how well it answers, 0…1."""

    take: Take
    score: float


def choose(
    scored: Iterable[Scored], *, order: Order, budget_us: int | None = None, fade_us: int = 0
) -> list[Take]:
    """The takes of a reel, in its order; each stretch of a file once.

    With a budget: best first, until it is full. The one that does not fit is trimmed at its
    end if a second of it fits, else left out.
    """
    given = list({(one.take.source, one.take.span): one for one in scored}.values())
    best = sorted(range(len(given)), key=lambda place: -given[place].score)
    chosen: dict[int, Take] = {}
    for place in best:
        take = given[place].take
        chosen[place] = take
        if budget_us is None or _lasts_us(chosen, order, fade_us) <= budget_us:
            continue
        del chosen[place]
        trimmed = _trimmed(take, place, chosen, order, budget_us, fade_us)
        if trimmed is not None:
            chosen[place] = trimmed
        break
    return _ordered(chosen, order)


def shortened(takes: Sequence[Take], budget_us: int | None, fade_us: int) -> list[Take]:
    """The takes within a budget, by less of the last, or without it if too little is left."""
    result = list(takes)
    while budget_us is not None and result:
        over_us = duration_us(result, fade_us) - budget_us
        if over_us <= 0:
            break
        last = result.pop()
        if last.span.duration - over_us >= LEAST_US:
            # Trimmed, it may be too short to fade, and then it adds more: hence again.
            result.append(replace(last, span=Span(last.span.start, last.span.end - over_us)))
    return result


def duration_us(takes: Sequence[Take], fade_us: int) -> int:
    """How long a film of them is, to within a frame for each fade."""
    lengths = [take.span.duration for take in takes]
    return sum(lengths) - sum(fades_of(lengths, fade_us))


def widened(take: Take, margin: Margin) -> Take:
    """The take with a margin, inside its file.

    Raises:
        UsageError: the margin leaves nothing of it.
    """
    start = max(0, take.span.start - margin.before_us)
    end = take.span.end + margin.after_us
    end = min(end, take.media.duration_us) if take.media.duration_us > 0 else end
    if end <= start:
        times = f"from {format_time(take.span.start)}"
        raise UsageError(f"the margin leaves nothing of {take.source} {times}; widen it")
    return replace(take, span=Span(start, end))


def titled(takes: Iterable[Take]) -> list[Take]:
    """The takes named for chapters: what was asked for, the file, and when in it."""
    result = []
    for take in takes:
        asked = " ".join(take.title.split())
        if len(asked) > _TITLE_CHARS:
            asked = asked[: _TITLE_CHARS - 1].rstrip() + "…"
        at = format_time(take.span.start).partition(".")[0].removeprefix("00:")
        named = f"{asked} – " if asked else ""
        result.append(replace(take, title=f"{named}{Path(take.source).stem} {at}"))
    return result


# The budget ---------------------------------------------------------------------------


def _lasts_us(chosen: dict[int, Take], order: Order, fade_us: int) -> int:
    return duration_us(_ordered(chosen, order), fade_us)


def _ordered(chosen: dict[int, Take], order: Order) -> list[Take]:
    """In a dict that goes best first, with the places that takes were given at."""
    if order is Order.GIVEN:
        return [chosen[place] for place in sorted(chosen)]
    if order is Order.TIME:
        return sorted(chosen.values(), key=lambda take: (take.source, take.span))
    return list(chosen.values())


def _trimmed(
    take: Take, place: int, chosen: dict[int, Take], order: Order, budget_us: int, fade_us: int
) -> Take | None:
    """As much of a take as fits beside those that are chosen; None if that is too little."""
    while take.span.duration >= LEAST_US:
        over_us = _lasts_us({**chosen, place: take}, order, fade_us) - budget_us
        if over_us <= 0:
            return take
        # Trimmed, it may be too short to fade, and then it adds more: hence again.
        end = max(take.span.start, take.span.end - over_us)
        take = replace(take, span=Span(take.span.start, end))
    return None


# Beats --------------------------------------------------------------------------------


def repeated(beats_us: Sequence[int], period_us: int, until_us: int) -> list[int]:
    """The beats of a music that begins again whenever it ends."""
    if not beats_us or period_us <= 0:
        return []
    inside = [beat for beat in beats_us if 0 <= beat < period_us]
    starts = range(0, until_us + 1, period_us)
    return [start + beat for start in starts for beat in inside if start + beat <= until_us]


def on_beat(takes: Sequence[Take], beats_us: Sequence[int], *, fade_us: int = 0) -> list[Take]:
    """The takes with each cut between two of them on the nearest beat it can reach.

    A take is shortened or extended at its end, by at most `MOST_MOVED_US`, never beyond its
    file nor into another take of it. A fade has its middle on the beat. The film's own end
    stays.
    """
    beats = sorted(beats_us)
    result = list(takes)
    starts_us = 0
    for place in range(len(result) - 1):
        take, lengths = result[place], [one.span.duration for one in result]
        fade = fades_of(lengths[place : place + 2], fade_us)[0]
        ends = _possible_ends(take, takes, fade)
        # Where the cut would be if the take had no length at all.
        zero_us = starts_us - fade // 2 - take.span.start
        end = _nearest(
            beats, Span(zero_us + ends.start, zero_us + ends.end), zero_us + take.span.end
        )
        if end is not None:
            result[place] = replace(take, span=Span(take.span.start, end - zero_us))
        starts_us += result[place].span.duration - fade
    return result


def _possible_ends(take: Take, takes: Iterable[Take], fade_us: int) -> Span:
    """From where to where a take may end; both count."""
    span = take.span
    others = [o.span.start for o in takes if o.source == take.source and o.span.start > span.start]
    latest = min([span.end + MOST_MOVED_US, *(max(start, span.end) for start in others)])
    if take.media.duration_us > 0:
        latest = max(span.end, min(latest, take.media.duration_us))
    # What fades has to stay longer than both of its fades.
    least_us = max(_LEAST_ON_BEAT_US, 2 * fade_us + 1)
    earliest = max(span.end - MOST_MOVED_US, min(span.end, span.start + least_us))
    return Span(earliest, latest)


def _nearest(beats_us: Sequence[int], within: Span, time_us: int) -> int | None:
    """The beat nearest to a time, of those within; of two the earlier."""
    first = bisect.bisect_left(beats_us, within.start)
    last = bisect.bisect_right(beats_us, within.end)
    return min(beats_us[first:last], key=lambda beat: abs(beat - time_us), default=None)
