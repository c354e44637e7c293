"""Embedded text subtitles as plain text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import av

from vidcut.errors import MediaError
from vidcut.escaping import spoken, undrawn
from vidcut.readers import _container
from vidcut.records import SECOND_US, Cue, Span

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from vidcut.protocols import Witness
    from vidcut.records import SubtitleTrack

TEXT_CODECS = frozenset(("ass", "mov_text", "ssa", "subrip", "text", "webvtt"))

_UNTIMED_US = 3 * SECOND_US
"""How long a cue without an end stands, at most."""

# libavcodec gives every text codec as a line of ASS: eight fields, then the text.
_FIELDS_BEFORE_TEXT = 8
_OVERRIDE = re.compile(r"\{[^{}]*\}")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_BREAK = re.compile(r"\\[Nn]|\r\n?|\n")


def cues(path: Path, track: SubtitleTrack, witness: Witness) -> list[Cue]:
    """See `vidcut.protocols.Reader.cues`."""
    with _container.opened(path) as container:
        stream = _stream(path, container, track.index)
        starts_us = _container.start_us(container)
        found = []
        for packet in _container.packets(container, stream, witness):
            if packet.pts is None:
                continue
            text = plain("\n".join(_lines(stream, packet)))
            start_us = _container.microseconds(packet.pts, stream.time_base) - starts_us
            duration_us = _container.microseconds(packet.duration or 0, stream.time_base)
            found.append((start_us, duration_us, text))
    return list(_timed(sorted(found)))


def plain(line: str) -> str:
    """A cue's text without ASS and HTML markup, control and invisible characters."""
    line = _TAG.sub("", undrawn(line, _OVERRIDE)).replace(r"\h", " ")
    rows = (spoken(row) for row in _BREAK.split(line))
    return "\n".join(row for row in rows if row)


def _stream(path: Path, container: Any, index: int) -> Any:
    for stream in container.streams.subtitles:
        if stream.index == index and stream.codec_context is not None:
            return stream
    raise MediaError(f"{path.name}: has no text subtitles in stream {index}")


def _lines(stream: Any, packet: Any) -> list[str]:
    try:
        rects = stream.decode(packet)
    except (av.error.FFmpegError, ValueError):
        return []  # as text that is no UTF-8
    lines = [getattr(rect, "ass", b"").decode("utf-8", "replace") for rect in rects]
    return [line.split(",", _FIELDS_BEFORE_TEXT)[-1] for line in lines]


def _timed(found: list[tuple[int, int, str]]) -> Iterable[Cue]:
    for place, (start_us, duration_us, text) in enumerate(found):
        end_us = start_us + duration_us
        if not duration_us:
            later = (start for start, _, _ in found[place + 1 :] if start > start_us)
            end_us = min(next(later, start_us + _UNTIMED_US), start_us + _UNTIMED_US)
        if text and end_us > max(0, start_us):
            yield Cue(Span(max(0, start_us), end_us), text)
