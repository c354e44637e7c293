"""Where a clip's copied middle begins and ends, and what is encoded around it (pure).

The middle begins with a key frame that nothing stored after it is shown before, and ends where
no frame that is shown before is missing: packets are stored in the order of decoding, not of
showing. What is before and after it has to be encoded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from vidcut.codecs import Writer
from vidcut.records import SECOND_US, Span

if TYPE_CHECKING:
    from vidcut.codecs import Traits
    from vidcut.packets import Look

_LEAST_US = SECOND_US
"""A shorter middle is not worth three more runs of ffmpeg (benchmarks/cuts.py)."""
_NEAR_US = 100_000
"""A picture that begins later than this after the sound needs an exact cut's still frame."""
_H264 = {
    "Constrained Baseline": "baseline",
    "Baseline": "baseline",
    "Main": "main",
    "High": "high",
    "High 10": "high10",
}
_HEVC = {"Main": "main", "Main 10": "main10"}
_PIXELS = frozenset({"yuv420p", "yuvj420p", "yuv420p10le"})
_PARAMETER_SET = 5
"""The edges' SPS and PPS under a number that no encoder uses for its own: a decoder keeps both."""


class Unfit(Exception):  # noqa: N818  (no error: it is cut exactly instead)
    """A stretch that cannot be cut without encoding all of it; says why."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A stretch to encode, and how much earlier than shown its frames are decoded."""

    span: Span
    delay_us: int


@dataclass(frozen=True, slots=True)
class Seams:
    """How a span is put together; ``middle`` counts packets from the first that was seen."""

    span: Span
    head: Edge | None
    middle: range
    tail: Edge | None
    times_us: tuple[int, ...] = field(repr=False)
    """When each frame of the clip is shown in the source, in order."""

    @property
    def joints(self) -> tuple[int, int]:
        """How many frames are the head's, and how many the head's and the middle's."""
        before = sum(time_us < self.head.span.end for time_us in self.times_us) if self.head else 0
        return before, before + len(self.middle)


def seams(look: Look, span: Span) -> Seams:
    """Where to join.

    Raises:
        Unfit: no stretch of the span can be copied.
    """
    packets = look.picture
    if not look.ordered or any(one.dts_us >= two.dts_us for one, two in pairwise(packets)):
        raise Unfit("its frames do not say when they are shown")
    times = [packet.time_us for packet in packets]
    wanted = sorted(time_us for time_us in times if span.contains(time_us))
    if not wanted or len(set(wanted)) < len(wanted):
        raise Unfit("its frames have no times of their own")
    if wanted[0] > span.start + _NEAR_US or look.first_us(span) < span.start:
        raise Unfit("a still picture is shown at the start")
    begin = _begin(look, span)
    stop = _stop(times, begin, span)
    if stop - begin < 1 or max(times[begin:stop]) - times[begin] < _LEAST_US:
        raise Unfit("no second of it lies between key frames")
    key = packets[begin]
    first_us = wanted[0]
    head = Edge(Span(span.start, key.time_us), key.time_us - key.dts_us)
    rest_us = min((time_us for time_us in times[stop:]), default=span.end)
    tail = None
    if rest_us < span.end and any(rest_us <= time_us for time_us in wanted):
        tail = Edge(Span(rest_us, span.end), rest_us - packets[stop].dts_us)
    # Without a head nothing is shown before the key frame: the clip begins with it.
    if any(one is not None and one.delay_us < 0 for one in (head, tail)):
        raise Unfit("its frames are decoded after they are shown")
    starts_us = span.start if first_us < key.time_us else key.time_us
    return Seams(
        Span(starts_us, span.end),
        head if first_us < key.time_us else None,
        range(begin, stop),
        tail,
        tuple(wanted),
    )


def _begin(look: Look, span: Span) -> int:
    """The first packet of the middle."""
    times = [packet.time_us for packet in look.picture]
    rests = [*accumulate(reversed(times), min)][::-1]
    latest = [-1, *accumulate(times, max)]
    keys = [i for i, one in enumerate(look.picture) if one.key and span.contains(one.time_us)]
    for index in keys:
        if latest[index] < times[index] == rests[index]:
            return index
    if keys:
        raise Unfit("its groups of pictures are open: frames before a key frame need it")
    raise Unfit("no key frame lies in it")


def _stop(times: list[int], begin: int, span: Span) -> int:
    """Behind the last packet of the middle."""
    latest = [*accumulate(times[begin:], max)]
    rests = [*accumulate(reversed(times), min)][::-1]
    best = begin
    for stop in range(begin + 1, len(times) + 1):
        if latest[stop - 1 - begin] >= span.end:
            break
        if stop == len(times) or rests[stop] > latest[stop - 1 - begin]:
            best = stop
    return best


def writer_like(traits: Traits | None) -> Writer:
    """The encoder whose pictures a decoder takes for the source's own.

    Without frames that are decoded before they are shown: the clip's own decoding times come
    from `Edge.delay_us`.

    Raises:
        Unfit: there is none for this codec, profile or scan.
    """
    if traits is None:
        raise Unfit("there is no picture to copy")
    profiles = {"h264": _H264, "hevc": _HEVC}.get(traits.codec, {})
    profile = profiles.get(traits.profile)
    if profile is None or traits.pixels not in _PIXELS:
        raise Unfit(f"{traits.codec} {traits.profile} {traits.pixels} is always encoded anew")
    if traits.is_interlaced:
        raise Unfit("it is interlaced")
    if traits.rotation:
        raise Unfit("its picture is turned")
    if traits.codec == "h264":
        own = {"x264-params": f"sps-id={_PARAMETER_SET}:bframes=0:keyint=9999:scenecut=0"}
        options = {"crf": 16, "preset": "superfast", "profile:v": profile} | own
        return Writer("libx264", traits.pixels, options)
    own = {"x265-params": "bframes=0:keyint=9999:scenecut=0:repeat-headers=1:log-level=error"}
    options = {"crf": 18, "preset": "superfast", "profile:v": profile} | own
    return Writer("libx265", traits.pixels, options)
