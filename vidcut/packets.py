"""What ffmpeg says of a file's packets, and what follows from it for a cut (pure).

Packets are stored in the order of decoding, not of showing; a cut must begin with a key frame
that is shown at or before its start, and end where no frame shown before is missing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING

from vidcut.errors import MediaError
from vidcut.records import SECOND_US, Span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vidcut.codecs import Traits

REORDER_US = SECOND_US
"""Packets may be stored this much before or after they are shown (16 frames of B-pyramid)."""
_HELD_US = 200_000
"""A picture shown for longer than this before the next is held: a slide, a screen recording.

Cut in its middle, the clip begins with it; a shorter one is left out, so that a cut at a shot's
first frame never flashes the last frame of the shot before.
"""
_LONG_US = 60 * SECOND_US
"""From this length on, a clip's room is looked for before it is cut."""
_ENCODED_BITS_PER_S = 2_000_000
"""What x264 leaves of a quiet 1080p at least: a clip is refused only where it must fail."""
_NO_TIME = -(2**63)


@dataclass(frozen=True, slots=True)
class Packet:
    """Times in microseconds of the container's clock less its start; pts None if unknown."""

    dts_us: int
    pts_us: int | None
    duration_us: int
    key: bool

    @property
    def time_us(self) -> int:
        """When it is shown, as far as that is known."""
        return self.dts_us if self.pts_us is None else self.pts_us

    @property
    def end_us(self) -> int:
        """When it stops being shown."""
        return self.time_us + self.duration_us


@dataclass(frozen=True, slots=True)
class Look:
    """What lies around a span: ``seek_us`` is the ``-ss`` that reaches these packets."""

    seek_us: int
    origin_us: int
    """The container's start time."""
    picture: tuple[Packet, ...]
    sound: tuple[Packet, ...]
    has_picture: bool
    has_sound: bool
    traits: Traits | None = None
    bits_per_s: int = 0
    """Of the whole file; 0 where that is not known."""

    def kept(self, *, sound_only: bool) -> Look:
        """Without the pictures, for a file that takes none."""
        return replace(self, picture=(), has_picture=False) if sound_only else self

    @property
    def end_us(self) -> int:
        """When the last of these packets stops being shown or heard."""
        return max((packet.end_us for packet in (*self.picture, *self.sound)), default=0)

    @property
    def ordered(self) -> bool:
        """Whether every packet of the picture says when it is shown."""
        return all(packet.pts_us is not None for packet in self.picture)

    def reaches(self, start_us: int) -> bool:
        """Whether decoding from here shows the start: a key frame lies at or before it."""
        if not self.picture:
            return not self.has_picture
        first = self.picture[0]
        # A key frame of AVI says only when it is decoded.
        slack_us = 0 if first.pts_us is not None else REORDER_US // 4
        return first.key and first.time_us + slack_us <= start_us

    def hears(self, start_us: int) -> bool:
        """Whether the sound begins at or before the start, to within a frame of it."""
        if not self.sound:
            return not self.has_sound
        return self.sound[0].time_us <= start_us + 25_000

    def first_us(self, span: Span) -> int:
        """When the first frame to show is shown; the start where that is not known."""
        times = sorted(packet.time_us for packet in self.picture) if self.ordered else []
        before = [time_us for time_us in times if time_us < span.start]
        inside = [time_us for time_us in times if span.contains(time_us)]
        following = inside[0] if inside else span.end
        if before and following - span.start > _HELD_US:
            return before[-1]
        return inside[0] if inside else before[-1] if before else span.start

    def copied_bytes(self, span: Span) -> int:
        """What a copy of a span needs, roughly; 0 for a short one or an unknown rate."""
        if span.duration < _LONG_US:
            return 0
        return span.clamp(Span(0, self.end_us)).duration * self.bits_per_s // (8 * SECOND_US)

    def written_bytes(self, span: Span) -> int:
        """What a re-encoded span needs at least, roughly; 0 for a short one."""
        most_bytes = span.duration * _ENCODED_BITS_PER_S // (8 * SECOND_US)
        return min(self.copied_bytes(span), most_bytes)

    def demand(self, source: Path, span: Span) -> None:
        """Raise where there is nothing in the span."""
        if span.duration > 0 and self.end_us > span.start and (self.picture or self.sound):
            return
        ends = f"it ends at {self.end_us / SECOND_US:.3f} s" if self.end_us else "it holds nothing"
        raise MediaError(
            f"nothing to cut from {source} at {span.start / SECOND_US:.3f} s: {ends};"
            f" 'vidcut info' tells its length"
        )

    def copied(self, span: Span) -> tuple[Span, int]:
        """What a copy holds, and how many of the picture's packets.

        It ends at the first packet behind the span where no frame shown before is missing:
        packets are stored in the order of decoding, not of showing.
        """
        if not self.picture:
            inside = [p for p in self.sound if p.time_us < span.end and p.end_us > span.start]
            return Span(self.sound[0].time_us, max((p.end_us for p in inside), default=span.end)), 0
        times = [packet.time_us for packet in self.picture]
        latest = accumulate(times, max)
        # The earliest time of each packet and those after it.
        rests = [*accumulate(reversed(times), min)][::-1]
        for count, (last_us, rest_us) in enumerate(zip(latest, rests[1:], strict=False), start=1):
            if rest_us >= span.end and rest_us > last_us:
                return Span(times[0], rest_us), count
        return Span(times[0], max(packet.end_us for packet in self.picture)), len(times)

    def decoded_until_us(self, count: int) -> int:
        """A time between the decoding of the last packet of so many and of the next."""
        last_us = self.picture[count - 1].dts_us
        next_us = self.picture[count].dts_us if count < len(self.picture) else last_us + SECOND_US
        return (last_us + next_us + 1) // 2


@dataclass(frozen=True, slots=True)
class Row:
    """A line of framecrc, in seconds; pts None if unknown."""

    dts: Fraction
    pts: Fraction | None
    duration: Fraction
    key: bool
    crc: str = ""
    """Of the packet, or of the decoded frame."""


def streams(listing: str) -> Iterator[tuple[str, list[Row]]]:
    """Read framecrc's lines: ``#tb 0: 1/90000`` and ``0, dts, pts, duration, size, crc``."""
    kinds = dict(re.findall(r"^#media_type (\d+): (\w+)", listing, re.MULTILINE))
    ticks = dict(re.findall(r"^#tb (\d+): (\d+/\d+)", listing, re.MULTILINE))
    rows: dict[str, list[Row]] = {index: [] for index in kinds}
    for line in listing.splitlines():
        if line.startswith("#") or not line:
            continue
        index, dts, pts, duration, _size, crc, *flags = line.split(",")
        # Flags are told where they are others than "key" alone: disposable (0x10), say.
        told = next((int(flag[2:], 0) for flag in map(str.strip, flags) if flag[:2] == "F="), 1)
        tick = Fraction(ticks[index])
        shown = None if int(pts) == _NO_TIME else int(pts) * tick
        if int(dts) != _NO_TIME:
            rows[index].append(
                Row(
                    int(dts) * tick,
                    shown,
                    max(0, int(duration)) * tick,
                    bool(told & 1),
                    crc.strip(),
                )
            )
    for index, kind in kinds.items():
        yield kind, rows[index]


def decodable(rows: list[Row]) -> list[Row]:
    """From the first key frame on; all, where no packet is marked as one."""
    first = next((index for index, row in enumerate(rows) if row.key), 0)
    return rows[first:]


def to_packet(row: Row, origin_us: int) -> Packet:
    """A row by the clock that begins with the container's start."""
    shown_us = None if row.pts is None else int(row.pts * SECOND_US // 1) - origin_us
    dts_us = int(row.dts * SECOND_US // 1) - origin_us
    return Packet(dts_us, shown_us, int(row.duration * SECOND_US), row.key)
