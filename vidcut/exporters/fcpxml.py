"""FCPXML 1.10, for Final Cut Pro 10.6 and newer; DaVinci Resolve and others read it too.

Every time is an exact fraction of a second: where a clip lies is counted in frames of the
film, what it shows in frames of its file, from that file's own timecode on. What is written
obeys the DTD that Apple publishes as "Document Type Definition" of the FCPXML reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from vidcut import frames
from vidcut.escaping import one_line
from vidcut.exporters import _names, _xml
from vidcut.records import Take

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction
    from pathlib import Path

    from vidcut.frames import Placed, Source
    from vidcut.records import Edit, SoundTrack

SUFFIXES = (".fcpxml",)

_VERSION = "1.10"
# The rates that conform-rate may name, by their frames a second rounded to hundredths.
_CONFORMED = frozenset({"23.98", "24", "25", "29.97", "30", "47.95", "48", "50", "59.94", "60"})


def create() -> FcpxmlExporter:
    """The exporter."""
    return FcpxmlExporter()


class FcpxmlExporter:
    """See `vidcut.protocols.Exporter`."""

    def write(self, edit: Edit, path: Path, *, relative: bool = False) -> None:
        """Write the file: one library, one event, one project with one storyline."""
        root = ET.Element("fcpxml", {"version": _VERSION})
        resources = _Resources(root, edit, beside=path if relative else None)
        event = _xml.child(_xml.child(root, "library"), "event", name=_named(edit))
        project = _xml.child(event, "project", name=_named(edit))
        places = frames.placed(edit)
        length = places[-1].end if places else 0
        sequence = _xml.child(
            project,
            "sequence",
            format=resources.film,
            duration=_time(length, edit.rate),
            tcStart="0s",
            tcFormat=_tc_format(drop=frames.can_drop(edit.rate)),
            audioLayout="stereo",
            audioRate="48k",
        )
        spine = _xml.child(sequence, "spine")
        for place in places:
            if isinstance(place.item, Take):
                _asset_clip(spine, place, place.item, edit=edit, resources=resources)
            else:
                _gap(spine, place, edit.rate)
        _xml.write(root, path, doctype="fcpxml")


class _Resources:
    """The files and formats that the clips refer to, written as they are made."""

    def __init__(self, root: ET.Element, edit: Edit, *, beside: Path | None) -> None:
        self._element = _xml.child(root, "resources")
        self._formats: dict[tuple[Fraction, int, int], str] = {}
        self.film = self._format(edit.rate, edit.width, edit.height)
        self.sources: Mapping[str, Source] = frames.sources(edit)
        self.formats = {path: self._of_pictures(one) for path, one in self.sources.items()}
        self.assets = {
            path: self._asset(number, one, beside)
            for number, (path, one) in enumerate(self.sources.items(), start=1)
        }

    def _of_pictures(self, source: Source) -> str | None:
        picture = source.media.picture
        if picture is None:
            return None
        return self._format(source.rate, picture.width, picture.height)

    def _format(self, rate: Fraction, width: int, height: int) -> str:
        key = (rate, width, height)
        if key not in self._formats:
            self._formats[key] = f"f{len(self._formats) + 1}"
            _xml.child(
                self._element,
                "format",
                id=self._formats[key],
                frameDuration=_time(1, rate),
                width=str(width),
                height=str(height),
            )
        return self._formats[key]

    def _asset(self, number: int, source: Source, beside: Path | None) -> str:
        picture, sound = source.media.picture, source.media.sound
        asset = _xml.child(
            self._element,
            "asset",
            id=f"a{number}",
            name=_names.shown(source.path),
            start=_time(source.first, source.rate),
            duration=_time(source.count, source.rate),
            hasVideo="1" if picture else None,
            format=self.formats[source.path],
            videoSources="1" if picture else None,
            **_of_sound(sound),
        )
        url = _names.media_url(source.path, beside=beside)
        _xml.child(asset, "media-rep", kind="original-media", src=url)
        return f"a{number}"


def _of_sound(sound: SoundTrack | None) -> dict[str, str]:
    if sound is None:
        return {}
    return {
        "hasAudio": "1",
        "audioSources": "1",
        "audioChannels": str(sound.channels),
        "audioRate": str(sound.rate_hz),
    }


def _asset_clip(
    spine: ET.Element, place: Placed, take: Take, *, edit: Edit, resources: _Resources
) -> None:
    source = resources.sources[take.source]
    shown = frames.source_range(place, source, edit.rate)
    start = _time(source.first + shown.start, source.rate)
    clip = _xml.child(
        spine,
        "asset-clip",
        ref=resources.assets[take.source],
        offset=_time(place.start, edit.rate),
        name=one_line(take.title) or _names.shown(take.source),
        start=start,
        duration=_time(place.frames, edit.rate),
        format=resources.formats[take.source],
        tcFormat=_tc_format(drop=source.drop),
        audioRole="dialogue" if take.media.sound else None,
    )
    if take.note:
        _xml.leaf(clip, "note", take.note)
    rate = _conformed(source.rate)
    if source.rate != edit.rate and rate in _CONFORMED:
        # Frames are left out or shown twice; the other way plays the file faster or slower.
        _xml.child(clip, "conform-rate", scaleEnabled="0", srcFrameRate=rate)
    if take.title or take.note:
        _marker(clip, start, edit.rate, title=take.title, note=take.note)


def _gap(spine: ET.Element, place: Placed, rate: Fraction) -> None:
    title = one_line(place.item.title)
    gap = _xml.child(
        spine,
        "gap",
        name=title or "Gap",
        offset=_time(place.start, rate),
        start="0s",
        duration=_time(place.frames, rate),
    )
    if title:
        _marker(gap, "0s", rate, title=title, note="")


def _marker(parent: ET.Element, start: str, rate: Fraction, *, title: str, note: str) -> None:
    """A marker of one frame on a clip; a note alone is its own name."""
    _xml.child(
        parent,
        "marker",
        start=start,
        duration=_time(1, rate),
        value=one_line(title or note),
        note=note or None,
    )


def _time(count: int, rate: Fraction) -> str:
    """So many frames as a fraction of a second: ``1001/30000s``, ``5s``."""
    return f"{frames.seconds(count, rate)}s"


def _conformed(rate: Fraction) -> str:
    return f"{float(rate):.2f}".removesuffix(".00")


def _tc_format(*, drop: bool) -> str:
    return "DF" if drop else "NDF"


def _named(edit: Edit) -> str:
    return one_line(edit.name) or "vidcut"
