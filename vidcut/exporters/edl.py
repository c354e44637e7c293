"""CMX3600 edit decision lists: what every editing program of forty years reads.

One line an event, in timecodes of the film's rate: what is shown of the source in the
source's own timecode, and where in the film, which starts at 00:00:00:00. A gap is an event
of black (reel ``BL``), so that one at the start is kept. Files are known by their reels, of
eight characters; the comments below each event tell the file's full name.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePath
from typing import TYPE_CHECKING

from vidcut import frames
from vidcut.errors import UsageError
from vidcut.escaping import one_line, unbroken
from vidcut.exporters import _names
from vidcut.exporters._lines import write_text
from vidcut.records import SECOND_US, Take

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from fractions import Fraction
    from pathlib import Path

    from vidcut.frames import Placed, Source
    from vidcut.records import Edit, Media

SUFFIXES = (".edl",)

_MOST_EVENTS = 999
"""Events are numbered by three digits."""
_REEL_LENGTH = 8
_RESERVED = frozenset({"", "AX", "BL", "BLACK", "BARS"})
"""Reels that stand for something else: unknown, black, colour bars."""
_MOST_FRAMES = 100
"""A timecode has two digits for the frames of a second."""
_DAY_US = 24 * 3600 * SECOND_US
_STEREO = 2


def create() -> EdlExporter:
    """The exporter."""
    return EdlExporter()


class EdlExporter:
    """See `vidcut.protocols.Exporter`."""

    def write(self, edit: Edit, path: Path, *, relative: bool = False) -> None:
        """Write the file.

        Raises:
            UsageError: more than 999 events, more than 24 hours, or a rate without timecode.
        """
        places = frames.placed(edit)
        _check(edit, places)
        beside = path if relative else None
        write_text(path, "\n".join((*_lines(edit, places, beside), "")))


def reels(paths: Iterable[str]) -> dict[str, str]:
    """A reel for each file: eight of A-Z and 0-9, no two alike.

    The letters and digits of its name; where they are taken or stand for something else,
    the first five of them and a number.
    """
    result: dict[str, str] = {}
    taken = set(_RESERVED)
    for number, path in enumerate(paths, start=1):
        plain = unicodedata.normalize("NFKD", PurePath(path).stem).upper()
        letters = re.sub("[^A-Z0-9]", "", plain)
        name, count = letters[:_REEL_LENGTH], number
        while name in taken:
            ending = f"{count:03}"
            name = (letters or "REEL")[: _REEL_LENGTH - len(ending)] + ending
            count += 1
        taken.add(name)
        result[path] = name
    return result


def _check(edit: Edit, places: tuple[Placed, ...]) -> None:
    remedy = "write an .otio, .fcpxml or .xml file"
    if len(places) > _MOST_EVENTS:
        fact = f"an EDL holds at most {_MOST_EVENTS} events, and {edit.name!r} has {len(places)}"
        raise UsageError(f"{fact}; {remedy}")
    frames.require_counted(edit, "an EDL")
    if frames.nominal(edit.rate) >= _MOST_FRAMES:
        fact = f"an EDL has two digits for frames, and {edit.name!r} has {edit.rate} a second"
        raise UsageError(f"{fact}; {remedy}")
    if places and frames.microseconds(places[-1].end, edit.rate) >= _DAY_US:
        raise UsageError(f"an EDL counts to 24 hours, and {edit.name!r} is longer; {remedy}")


def _lines(edit: Edit, places: tuple[Placed, ...], beside: Path | None) -> Iterator[str]:
    drop = frames.can_drop(edit.rate)
    yield f"TITLE: {one_line(edit.name) or 'vidcut'}"
    yield f"FCM: {'DROP FRAME' if drop else 'NON-DROP FRAME'}"
    files = frames.sources(edit)
    names = reels(files)
    for number, place in enumerate(places, start=1):
        yield ""
        record = _stretch(place.start, place.frames, edit.rate, drop=drop)
        if not isinstance(place.item, Take):
            shown = _stretch(0, place.frames, edit.rate, drop=drop)
            yield f"{number:03}  {'BL':<8} {'V':<5} C        {shown} {record}"
            yield from _comments({"COMMENT": place.item.title})
            continue
        take, source = place.item, files[place.item.source]
        start, mark = _source_start(place, source, edit.rate)
        shown = _stretch(start, place.frames, edit.rate, drop=mark)
        channels = _channels(take.media)
        yield f"{number:03}  {names[take.source]:<8} {channels:<5} C        {shown} {record}"
        facts = {"FROM CLIP NAME": _names.shown(take.source)}
        facts["SOURCE FILE"] = _names.media_path(take.source, beside=beside)
        yield from _comments({**facts, "COMMENT": take.title, "NOTE": take.note})


def _source_start(place: Placed, source: Source, rate: Fraction) -> tuple[int, bool]:
    """The source's timecode where a take starts, as a frame of the film's rate; drop-frame?

    A list has one rate. In another's, hours, minutes and seconds of the label stay, and its
    frames become as large a part of a second.
    """
    frame = source.first + frames.source_range(place, source, rate).start
    drop = source.drop and frames.can_drop(rate)
    if source.rate == rate:
        return frame, drop
    label = frames.timecode(frame, source.rate, drop=source.drop)
    part = int(label[9:]) * frames.nominal(rate) // frames.nominal(source.rate)
    return frames.label_frames(f"{label[:8]}{';' if drop else ':'}{part:02}", rate), drop


def _stretch(start: int, count: int, rate: Fraction, *, drop: bool) -> str:
    """Its first timecode and the one after its last."""
    ends = (frames.timecode(frame, rate, drop=drop) for frame in (start, start + count))
    return " ".join(ends)


def _channels(media: Media) -> str:
    """V picture, A sound, B both; AA two channels of sound."""
    if media.sound is None:
        return "V"
    stereo = media.sound.channels >= _STEREO
    if media.picture is None:
        return "AA" if stereo else "A"
    return "AA/V" if stereo else "B"


def _comments(facts: dict[str, str]) -> Iterator[str]:
    for name, text in facts.items():
        line = unbroken(text)
        if line.strip():
            yield f"* {name}: {line}"
