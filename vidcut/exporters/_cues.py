"""What is the same in SRT and WebVTT: which cues an edit has, and how times are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vidcut.escaping import one_line
from vidcut.exporters._lines import film, name_of
from vidcut.records import Take

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vidcut.records import Edit

NOTHING = "…"
"""A gap that has no title; an empty cue is none."""
_MS_US = 1000


@dataclass(frozen=True, slots=True)
class Marker:
    """One cue: whole milliseconds of the film, and one or two lines of text."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]


def markers(edit: Edit) -> Iterator[Marker]:
    """One for each item of the edit, in order; they touch, and each lasts a millisecond."""
    last_ms = 0
    for one in film(edit):
        start_ms = max(last_ms, _milliseconds(one.span.start))
        last_ms = max(start_ms + 1, _milliseconds(one.span.end))
        if isinstance(one.item, Take):
            lines = [name_of(one.item), one_line(one.item.note)]
        else:
            lines = [one_line(one.item.title) or NOTHING]
        yield Marker(start_ms, last_ms, tuple(line for line in lines if line))


def clock(time_ms: int, *, mark: str) -> str:
    """``00:01:15,500``: hours of any number, and ``mark`` before the milliseconds."""
    seconds, rest = divmod(time_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{mark}{rest:03}"


def _milliseconds(time_us: int) -> int:
    return (time_us + _MS_US // 2) // _MS_US
