"""Packets to frames; what is damaged is passed over, and how much that was is told."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import av

from vidcut.errors import MediaError
from vidcut.readers import _container
from vidcut.records import SECOND_US, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from fractions import Fraction
    from pathlib import Path

    from vidcut.protocols import Witness

_MOST_STARVED = 8
"""A damaged packet may ask for too much memory, but they do not follow each other."""

_LEAST_TAIL_US = SECOND_US // 2
"""Indexes and headers round, and what they count to differs from writer to writer."""
_REACH_US = SECOND_US
_LEAP_US = 10 * SECOND_US
_WITH_DURATION_ALONE = frozenset(("matroska,webm", "flv"))


def decoded(stream: Any, source: Iterable[Any], ledger: Ledger) -> Iterator[Any]:
    """The frames of the packets; damaged packets are passed over.

    Raises:
        MemoryError: some packets in a row take more memory than there may be.
    """
    starved = 0
    for packet in itertools.chain(source, [None]):
        ledger.packet(packet)
        try:
            frames = list(stream.decode(packet))
            starved = 0
        except (av.error.FFmpegError, MemoryError, ValueError) as error:
            ledger.damaged(packet)
            starved += isinstance(error, MemoryError)
            if starved == _MOST_STARVED:
                raise
            continue
        for frame in frames:
            ledger.frame(frame)
            yield frame
    ledger.end()


def read_through(
    path: Path,
    container: Any,
    stream: Any,
    witness: Witness,
    *,
    wanted: Callable[[Iterable[Any], Fraction], Iterable[Any]] = lambda packets, _: packets,
) -> Iterator[Any]:
    """The frames of the stream from where the container stands to its end.

    ``wanted``: which of the packets are decoded, given the time base of theirs.

    Raises:
        MediaError: not one can be decoded.
    """
    ledger = Ledger(container, stream, witness)
    packets = wanted(_container.packets(container, stream, witness), stream.time_base)
    frames = decoded(stream, packets, ledger)
    first = next(frames, None)
    if first is None:
        message = f"{path.name}: nothing of its {stream.type} stream can be decoded"
        raise MediaError(f"{message}; it is damaged, take another copy")
    return itertools.chain([first], frames)


class Ledger:
    """Follows a stream from where its container stands, and tells a witness of losses.

    A gap alone is no loss, for pictures may stand for an hour; one that ends in a damaged
    frame is. Each moment is told of once.
    """

    def __init__(self, container: Any, stream: Any, witness: Witness) -> None:
        self._container = container
        self._stream = stream
        self._witness = witness
        self._by_dts = container.format.name == "avi"  # see _timing.timed
        self._begins_us: int | None = None
        self._damage_us: int | None = None
        self._leapt = False
        self._shown_us = self._told_us = 0

    def packet(self, packet: Any | None) -> None:
        """A packet goes to the decoder, None at the end."""
        span = self._span(packet)
        if packet is None or span is None or packet.is_discard:  # before an edit list's first
            return
        if packet.is_corrupt:
            self._damage_us = span.start
        if self._begins_us is None or span.start < self._begins_us:
            self._begins_us = span.start

    def damaged(self, packet: Any | None) -> None:
        """The decoder makes nothing of a packet."""
        span = self._span(packet)
        if span is not None:
            self._damage_us = span.start
            self._tell(span)

    def frame(self, frame: Any) -> None:
        """A frame came out; before the first, a decoder may have waited for a key frame."""
        span = self._span(frame)
        if span is None or self._is_stray(span):
            return
        if frame.is_corrupt:
            self._damage_us = span.start
        if not self._shown_us and self._stream.type == "video":
            begins_us = span.start if self._begins_us is None else self._begins_us
            self._tell(Span(min(begins_us, span.start), span.start))
        elif self._is_near_damage(span.start):
            self._tell(Span(min(self._shown_us, span.start), span.start))
        if frame.is_corrupt:
            self._tell(span)
        self._shown_us = max(self._shown_us, span.end)

    def _is_stray(self, span: Span) -> bool:
        """Whether a frame leaps far ahead, and is the first to do so: see _timing."""
        leaps = bool(self._shown_us) and span.start - self._shown_us > _LEAP_US
        self._leapt = leaps and not self._leapt
        return self._leapt

    def _is_near_damage(self, time_us: int) -> bool:
        """Decoders give frames late and out of order: what was damaged lies about here."""
        if self._damage_us is None:
            return False
        return self._shown_us - _REACH_US <= self._damage_us <= time_us + _REACH_US

    def end(self) -> None:
        """There are no more packets: were more promised?"""
        promised_us = self._promised_us()
        if promised_us - self._shown_us >= _LEAST_TAIL_US:
            self._tell(Span(self._shown_us, promised_us))

    def _promised_us(self) -> int:
        """Where the stream should end; 0 where nothing says so.

        MP4 and AVI list all of a stream's packets, and that is believed before a duration, which
        is wrong at times and is that of other streams too. Matroska and FLV have the duration
        alone: it is believed where no stream comes near it.
        """
        entries, kind = self._stream.index_entries, self._container.format.name
        if kind in _WITH_DURATION_ALONE:
            # Counted from 0 or from the start, as its writer saw fit.
            header_us = (self._container.duration or 0) - max(0, self._container.start_time or 0)
            is_short = header_us - self._shown_us >= _LEAST_TAIL_US
            return header_us if is_short and header_us - self._others_us() >= _LEAST_TAIL_US else 0
        return self._time_us(entries[len(entries) - 1].timestamp) if len(entries) else 0

    def _others_us(self) -> int:
        """How far any stream goes. The container is at its end, and nobody needs it there."""
        if not _container.seek(self._container, self._stream, self._shown_us):
            return 1 << 62
        starts_us, furthest_us = _container.start_us(self._container), 0
        every = list(self._container.streams)
        for packet in _container.packets(self._container, every, self._witness):
            if packet.pts is not None:
                ticks = packet.pts + (packet.duration or 0)
                end_us = _container.microseconds(ticks, packet.time_base) - starts_us
                furthest_us = max(furthest_us, end_us)
        return furthest_us

    def _span(self, timed: Any | None) -> Span | None:
        if timed is None:
            return None
        ticks = timed.dts if self._by_dts or timed.pts is None else timed.pts
        if ticks is None:
            return None
        start_us = self._time_us(ticks)
        return Span(start_us, max(start_us, self._time_us(ticks + (timed.duration or 0))))

    def _time_us(self, ticks: int) -> int:
        starts_us = _container.start_us(self._container)
        return _container.microseconds(ticks, self._stream.time_base) - starts_us

    def _tell(self, span: Span) -> None:
        start_us = max(span.start, self._told_us)
        if start_us < span.end:
            self._witness.lost(Span(start_us, span.end))
            if span.start - self._shown_us <= _LEAP_US:  # or nothing after it would be told
                self._told_us = span.end
