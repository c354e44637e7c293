"""MLT's XML, which Shotcut and Kdenlive write too: profile, sources and pieces of elements.

Positions are whole frames of the profile, ``in`` and ``out`` both inclusive, as MLT's
documentation of its XML says.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from vidcut.errors import UsageError
from vidcut.escaping import xml_text
from vidcut.exporters._lines import plain_path, write_bytes
from vidcut.exporters._names import xml_attributes
from vidcut.frames import frames, placed
from vidcut.records import Take

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from vidcut.frames import Placed
    from vidcut.records import Edit, Media

VERSION = "7.0.0"
"""The first MLT that knows chains, which the sources are."""
_FOREVER = 2**31 - 1
"""MLT's longest length: a background never ends."""
_HD_LINES = 720
"""From here on pictures are told in the colours of ITU-R BT.709, below in those of BT.601."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file of the edit: its path as written, and how many of the profile's frames it has."""

    path: str
    media: Media
    resource: str
    length: int


def root(edit: Edit, **attributes: str) -> ET.Element:
    """The document with its profile."""
    whole = element("mlt", LC_NUMERIC="C", version=VERSION, **attributes)
    divisor = gcd(edit.width, edit.height)
    rate = f"{float(edit.rate):.5g} fps"
    profile = {
        "description": f"{edit.width}x{edit.height} {rate}",
        "width": edit.width,
        "height": edit.height,
        "progressive": 1,
        "sample_aspect_num": 1,
        "sample_aspect_den": 1,
        "display_aspect_num": edit.width // divisor,
        "display_aspect_den": edit.height // divisor,
        "frame_rate_num": edit.rate.numerator,
        "frame_rate_den": edit.rate.denominator,
        "colorspace": 709 if min(edit.width, edit.height) >= _HD_LINES else 601,
    }
    whole.append(element("profile", **{name: str(value) for name, value in profile.items()}))
    return whole


def last_frame(edit: Edit) -> int:
    """The film's last frame.

    Raises:
        UsageError: it has none.
    """
    places = placed(edit)
    if not places:
        raise UsageError(f"{edit.name!r} is empty; give it a moment")
    return places[-1].end - 1


def sources(edit: Edit, *, beside: Path | None) -> dict[str, Source]:
    """The files of an edit by their paths, each once, in the order of their first takes.

    Raises:
        UsageError: a file's name cannot stand in XML.
    """
    lengths: dict[str, int] = {}
    media: dict[str, Media] = {}
    for place in placed(edit):
        if isinstance(place.item, Take):
            path = place.item.source
            media.setdefault(path, place.item.media)
            known = frames(media[path].duration_us, edit.rate)
            needed = place.frames if known else _start(place.item, edit) + place.frames
            lengths[path] = max(lengths.get(path, known), needed)
    return {
        path: Source(path, media[path], _resource(path, beside), length)
        for path, length in lengths.items()
    }


def cut(place: Placed, source: Source, edit: Edit) -> tuple[int, int]:
    """The first and the last frame that a placed take shows, moved back from the file's end."""
    if not isinstance(place.item, Take):
        raise TypeError("a gap shows nothing")
    first = min(_start(place.item, edit), source.length - place.frames)
    return first, first + place.frames - 1


def chain(identity: str, source: Source, properties: Mapping[str, str | None]) -> ET.Element:
    """A source; loaded without a look at the file, so that a lost one can be found again."""
    made = element("chain", id=identity, out=str(source.length - 1))
    add(
        made,
        {
            "length": str(source.length),
            "eof": "pause",
            "resource": source.resource,
            "mlt_service": "avformat-novalidate",
            "seekable": "1",
            **properties,
        },
    )
    return made


def black(identity: str, properties: Mapping[str, str | None]) -> ET.Element:
    """What is seen in gaps, without end."""
    made = element("producer", id=identity, **{"in": "0"}, out=str(_FOREVER - 1))
    add(
        made,
        {
            "length": str(_FOREVER),
            "eof": "continue",
            "resource": "black",
            "aspect_ratio": "1",
            "mlt_service": "color",
            "set.test_audio": "0",
            **properties,
        },
    )
    return made


def element(tag: str, **attributes: str | None) -> ET.Element:
    """An element; attributes of None are left out."""
    return ET.Element(tag, xml_attributes(attributes))


def between(tag: str, first: int, last: int, **attributes: str | None) -> ET.Element:
    """An element from one frame to another, both inclusive."""
    return element(tag, **{"in": str(first), "out": str(last)}, **attributes)


def add(parent: ET.Element, properties: Mapping[str, str | None]) -> None:
    """Properties to an element; those of None are left out."""
    for name, value in properties.items():
        if value is not None:
            ET.SubElement(parent, "property", name=name).text = xml_text(value)


def write(whole: ET.Element, path: Path) -> None:
    """Write the document, indented.

    Raises:
        OutputError: it cannot be written.
    """
    ET.indent(whole, " ")
    write_bytes(path, ET.tostring(whole, encoding="utf-8", xml_declaration=True) + b"\n")


def _start(take: Take, edit: Edit) -> int:
    return max(0, frames(take.span.start, edit.rate))


def _resource(path: str, beside: Path | None) -> str:
    resource = plain_path(path, beside=beside)
    if xml_text(resource) != resource or "\r" in resource:
        shown = ascii(path)
        raise UsageError(f"{shown} has a name that XML cannot hold; rename the file")
    return resource
