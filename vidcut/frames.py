"""Times as editing programs count them: whole frames of a rational rate, and timecodes.

One rounding serves every format: a time goes to the nearest edge between two frames, and a
duration is the difference of two such edges, so that nothing drifts however long the film.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from vidcut.errors import UsageError
from vidcut.records import SECOND_US, Gap, Take

if TYPE_CHECKING:
    from vidcut.records import Edit, Media

_NTSC = Fraction(1000, 1001)
# What cameras, phones and editing programs offer (SMPTE ST 2036-1 and 2048-1, and their
# halves and doubles); a mean rate between them is a source of variable rate.
_STANDARD = (
    *(Fraction(rate) for rate in (8, 10, 12, 15, 24, 25, 30, 48, 50, 60, 90, 100, 120, 240)),
    *(_NTSC * rate for rate in (24, 30, 48, 60, 120, 240)),
)
_TIMECODE = re.compile(r"([0-9]{1,2}):([0-9]{2}):([0-9]{2})([:;])([0-9]{2,3})")
_MINUTE_S = 60
_DAY_S = 24 * 60 * _MINUTE_S
_DROP_BASE = 30
"""Drop-frame skips 2 labels a minute at 30 frames, and as many times more at multiples."""


# Times to frames ----------------------------------------------------------------------


def frames(time_us: int, rate: Fraction) -> int:
    """The edge between frames that is nearest to a time; half-way goes to the later one."""
    divisor = 2 * SECOND_US * rate.denominator
    return (2 * time_us * rate.numerator + SECOND_US * rate.denominator) // divisor


def seconds(count: int, rate: Fraction) -> Fraction:
    """How long so many frames last, exactly."""
    return Fraction(count) / rate


def microseconds(count: int, rate: Fraction) -> int:
    """The same in microseconds, to the nearest."""
    divisor = 2 * rate.numerator
    return (2 * count * rate.denominator * SECOND_US + rate.numerator) // divisor


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an item of an edit lies in the film: frames of the edit's rate, half-open."""

    item: Take | Gap
    start: int
    end: int

    @property
    def frames(self) -> int:
        """How many it lasts; of a take at least one."""
        return self.end - self.start


def placed(edit: Edit) -> tuple[Placed, ...]:
    """The items of an edit laid end to end; the first starts at frame 0.

    Each lies between the rounded sums of all durations before it and up to its end. A take
    lasts one frame at least, and a gap that rounds to nothing is left out.
    """
    result: list[Placed] = []
    time_us = frame = 0
    for item in edit.items:
        time_us += item.span.duration if isinstance(item, Take) else item.duration_us
        end = max(frames(time_us, edit.rate), frame + isinstance(item, Take))
        if end > frame:
            result.append(Placed(item, frame, end))
        frame = end
    return tuple(result)


# A source's own frames ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
    """A file as an editing program counts it, in frames of its own rate."""

    path: str
    """Absolute."""
    media: Media
    rate: Fraction
    """A standard rate; that of the edit where the file has no pictures."""
    first: int
    """What its own timecode gives to its first frame; 0 where it has none."""
    drop: bool
    """Whether its timecode is drop-frame: its own, or that of 29.97 where it has none."""
    count: int
    """How many frames it holds; as many as the takes ask for where nobody knows."""


@dataclass(frozen=True, slots=True)
class Range:
    """Frames of a source, at its rate; ``start`` counts from 0 at the file's first."""

    start: int
    count: int


def sources(edit: Edit) -> dict[str, Source]:
    """The files of an edit by their paths, each once, in the order of their first takes."""
    result: dict[str, Source] = {}
    for place in placed(edit):
        if isinstance(place.item, Take):
            path, media = place.item.source, place.item.media
            one = result.get(path) or _source(path, media, edit.rate)
            needed = _needed(place, edit.rate, one.rate)
            known = frames(media.duration_us, one.rate)
            count = max(one.count, needed if known else _start(place.item, one.rate) + needed)
            result[path] = Source(path, one.media, one.rate, one.first, one.drop, count)
    return result


def source_range(place: Placed, source: Source, rate: Fraction) -> Range:
    """What a placed take shows of its source, in the source's frames.

    As long as the take lasts in the film, to the nearest frame of the source and one at
    least; ``rate`` is the edit's. Moved back where rounding would lead past the file's end.

    Raises:
        TypeError: the item is a gap.
    """
    if not isinstance(place.item, Take):
        raise TypeError("a gap shows nothing")
    exact = Fraction(place.frames) * source.rate / rate
    latest = max(0, source.count - _needed(place, rate, source.rate))
    return Range(min(_start(place.item, source.rate), latest), max(1, _nearest(exact)))


def _source(path: str, media: Media, edit_rate: Fraction) -> Source:
    rate = source_rate(media, otherwise=edit_rate)
    count = frames(media.duration_us, rate)
    text = media.timecode
    drop = can_drop(rate) and (text is None or drops(text))
    return Source(path, media, rate, 0 if text is None else label_frames(text, rate), drop, count)


def _start(take: Take, rate: Fraction) -> int:
    return max(0, frames(take.span.start, rate))


def _needed(place: Placed, rate: Fraction, source_rate: Fraction) -> int:
    """How many frames of the source cover the take's stay in the film."""
    exact = Fraction(place.frames) * source_rate / rate
    return -(-exact.numerator // exact.denominator)


def _nearest(value: Fraction) -> int:
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


# Rates --------------------------------------------------------------------------------


def source_rate(media: Media, *, otherwise: Fraction) -> Fraction:
    """The standard rate of a file's pictures; ``otherwise`` where it has none or none known."""
    if media.picture is None or not media.picture.rate:
        return otherwise
    return standard(media.picture.rate)


def standard(rate: Fraction) -> Fraction:
    """A rate as editing programs know it.

    Whole rates and those of NTSC stay as they are; any other is the mean of a file of
    variable rate, and goes to the standard rate that is nearest by ratio.
    """
    if rate == nominal(rate) or is_ntsc(rate):
        return rate
    return min(_STANDARD, key=lambda one: max(one / rate, rate / one))


def nominal(rate: Fraction) -> int:
    """Frames that a timecode counts in a second: 30 at 29.97, and 1 at least."""
    return max(1, _nearest(rate))


def is_ntsc(rate: Fraction) -> bool:
    """Whether it is a whole rate slowed by 1000/1001."""
    return rate == nominal(rate) * _NTSC


def can_drop(rate: Fraction) -> bool:
    """Whether drop-frame timecode exists for it: 29.97 and its multiples."""
    return is_ntsc(rate) and nominal(rate) % _DROP_BASE == 0


def require_counted(edit: Edit, format_name: str) -> None:
    """Hold that a format which counts whole frames a second can count the edit's.

    Raises:
        UsageError: the rate is neither whole nor a whole one slowed by 1000/1001.
    """
    if edit.rate < 1 or (edit.rate != nominal(edit.rate) and not is_ntsc(edit.rate)):
        fact = f"{format_name} cannot count {edit.rate} frames a second"
        raise UsageError(f"{fact}; make {edit.name!r} with 25, 30 or 30000/1001")


# Timecodes ----------------------------------------------------------------------------


def timecode(frame: int, rate: Fraction, *, drop: bool = False) -> str:
    """The label of a frame: ``01:00:00:00``, drop-frame ``01:00:00;00``; anew after 24 hours.

    Drop-frame as SMPTE ST 12-1 has it: at 29.97 the labels ``;00`` and ``;01`` (at 59.94 as
    well ``;02`` and ``;03``) are skipped at the start of every minute but each tenth.

    Raises:
        ValueError: drop-frame does not exist for the rate.
    """
    base = nominal(rate)
    if drop:
        frame = _with_skipped(frame, rate)
    whole_s, part = divmod(frame, base)
    minutes, second = divmod(whole_s % _DAY_S, _MINUTE_S)
    hour, minute = divmod(minutes, _MINUTE_S)
    mark = ";" if drop else ":"
    return f"{hour:02}:{minute:02}:{second:02}{mark}{part:02}"


def drops(text: str) -> bool:
    """Whether a timecode is marked as drop-frame: by ``;`` before its frames."""
    match = _TIMECODE.fullmatch(text.strip())
    return match is not None and match[4] == ";"


def label_frames(text: str, rate: Fraction) -> int:
    """Which frame has a timecode as its label, counted from 00:00:00:00.

    Drop-frame where it is marked so and the rate has it. A label that drop-frame skips is
    the first that is there. A clock that counts more frames a second than the file has
    (a 60-frame clock beside 30 pictures) tells no frame of these: its whole seconds hold.

    Raises:
        ValueError: it is no timecode.
    """
    match = _TIMECODE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no timecode; they look like 01:00:00:00")
    hour, minute, second, part = (int(match[group]) for group in (1, 2, 3, 5))
    base = nominal(rate)
    part = part if part < base else 0
    minutes = hour * _MINUTE_S + minute
    whole = (minutes * _MINUTE_S + second) * base
    if match[4] == ":" or not can_drop(rate):
        return whole + part
    skipped = _skipped(rate)
    if second == 0 and minute % 10:
        part = max(part, skipped)
    return whole + part - skipped * (minutes - minutes // 10)


def _skipped(rate: Fraction) -> int:
    """Labels that drop-frame skips in a minute."""
    if not can_drop(rate):
        raise ValueError(f"no drop-frame timecode exists for {rate} frames a second")
    return nominal(rate) // _DROP_BASE * 2


def _with_skipped(frame: int, rate: Fraction) -> int:
    """The number that a frame would have if every minute's labels counted in full."""
    skipped, minute = _skipped(rate), nominal(rate) * _MINUTE_S
    tens, rest = divmod(frame, 10 * minute - 9 * skipped)
    # The first minute of ten has all of its labels, the nine others lack the skipped ones.
    minutes = max(0, (rest - skipped) // (minute - skipped))
    return frame + skipped * (9 * tens + minutes)
