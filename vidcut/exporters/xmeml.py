"""Final Cut Pro 7 XML (``xmeml`` 4), as Premiere Pro, DaVinci Resolve and Avid read it.

Where an item lies in the film (``start``, ``end``) is counted in frames of the film; what it
shows (``in``, ``out``) in frames of its file, from the file's first on, whatever its timecode:
that stands beside the file. One track of pictures; below it the sound, linked to them: a pair
of tracks for files of two channels, and tracks of one channel for all others, so that mono
is heard in the middle.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from vidcut import frames
from vidcut.escaping import one_line
from vidcut.exporters import _names, _xml
from vidcut.records import Take

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction
    from pathlib import Path

    from vidcut.frames import Placed, Source
    from vidcut.records import Edit, Media

SUFFIXES = (".xml",)

_VERSION = "4"
_STEREO = 2
_SOUND_RATE_HZ = 48_000


def create() -> XmemlExporter:
    """The exporter."""
    return XmemlExporter()


class XmemlExporter:
    """See `vidcut.protocols.Exporter`."""

    def write(self, edit: Edit, path: Path, *, relative: bool = False) -> None:
        """Write the file.

        Raises:
            UsageError: the film's rate is neither whole nor one of NTSC.
        """
        frames.require_counted(edit, "Final Cut Pro 7 XML")
        root = ET.Element("xmeml", {"version": _VERSION})
        _Sequence(root, edit, beside=path if relative else None).fill()
        _xml.write(root, path, doctype="xmeml")


@dataclass(frozen=True, slots=True)
class _Part:
    """What a take has on one track; tracks, channels and places are counted from 1."""

    id: str
    kind: str
    track: int
    place: int
    """Among the items of its track."""
    channel: int = 1
    paired: bool = False
    """Whether it is one side of a pair of stereo tracks."""


class _Sequence:
    """The film, written from front to back."""

    def __init__(self, root: ET.Element, edit: Edit, *, beside: Path | None) -> None:
        self._element = _xml.child(root, "sequence", id="sequence-1")
        self._edit = edit
        self._beside = beside
        self._places = frames.placed(edit)
        self._sources = frames.sources(edit)
        self._numbers = {path: number for number, path in enumerate(self._sources, start=1)}
        self._described: set[str] = set()

    def fill(self) -> None:
        """Write all of it."""
        edit, element = self._edit, self._element
        _xml.leaf(element, "name", one_line(edit.name) or "vidcut")
        _xml.leaf(element, "duration", self._places[-1].end if self._places else 0)
        _rate(element, edit.rate)
        _timecode(element, 0, edit.rate, drop=frames.can_drop(edit.rate))
        media = _xml.child(element, "media")
        video, audio = _xml.child(media, "video"), _xml.child(media, "audio")
        shape = _xml.child(_xml.child(video, "format"), "samplecharacteristics")
        _rate(shape, edit.rate)
        _frame_shape(shape, edit.width, edit.height)
        _sound_outputs(audio)
        shown = [(place, place.item) for place in self._places if isinstance(place.item, Take)]
        tracks = _tracks(video, audio, [take.media for _, take in shown])
        parts = _parts([take.media for _, take in shown])
        for (place, take), linked in zip(shown, parts, strict=True):
            for part in linked:
                self._item(tracks[part.kind, part.track], place, take, part=part, linked=linked)
        for (kind, number), track in tracks.items():
            if kind == "audio" and track.get("premiereTrackType") == "Stereo":
                _xml.leaf(track, "outputchannelindex", number)
        for place in self._places:
            if not isinstance(place.item, Take) and place.item.title:
                _marker(element, place.item.title, "", start=place.start, end=place.end)

    def _item(
        self, track: ET.Element, place: Placed, take: Take, *, part: _Part, linked: list[_Part]
    ) -> None:
        source = self._sources[take.source]
        shown = frames.source_range(place, source, self._edit.rate)
        channels = "stereo" if part.paired else "mono"
        kind = None if part.kind == "video" else channels
        item = _xml.child(track, "clipitem", id=part.id, premiereChannelType=kind)
        _xml.leaf(item, "masterclipid", f"masterclip-{self._numbers[take.source]}")
        _xml.leaf(item, "name", one_line(take.title) or _names.shown(take.source))
        _xml.leaf(item, "enabled", text=True)
        _xml.leaf(item, "duration", source.count)
        _rate(item, source.rate)
        _xml.leaf(item, "start", place.start)
        _xml.leaf(item, "end", place.end)
        _xml.leaf(item, "in", shown.start)
        _xml.leaf(item, "out", shown.start + shown.count)
        self._file(item, source)
        if part.kind == "audio":
            origin = _xml.child(item, "sourcetrack")
            _xml.leaf(origin, "mediatype", "audio")
            _xml.leaf(origin, "trackindex", part.channel)
        for other in linked if len(linked) > 1 else ():
            _link(item, other)
        if part is linked[0] and (take.title or take.note):
            name = one_line(take.title or take.note)
            _marker(item, name, take.note, start=shown.start, end=None)

    def _file(self, item: ET.Element, source: Source) -> None:
        """In full where it is named first, after that by its id."""
        name = f"file-{self._numbers[source.path]}"
        file = _xml.child(item, "file", id=name)
        if name in self._described:
            return
        self._described.add(name)
        host = "localhost"  # as Final Cut Pro 7 and Premiere write it
        _xml.leaf(file, "name", _names.shown(source.path))
        _xml.leaf(file, "pathurl", _names.media_url(source.path, beside=self._beside, host=host))
        _rate(file, source.rate)
        _xml.leaf(file, "duration", source.count)
        _timecode(file, source.first, source.rate, drop=source.drop)
        media = _xml.child(file, "media")
        picture, sound = source.media.picture, source.media.sound
        if picture:
            shape = _xml.child(_xml.child(media, "video"), "samplecharacteristics")
            _rate(shape, source.rate)
            _frame_shape(shape, picture.width, picture.height)
        if sound:
            audio = _xml.child(media, "audio")
            _sound_shape(audio, sound.rate_hz)
            _xml.leaf(audio, "channelcount", sound.channels)


# Which item goes on which track -------------------------------------------------------


def _parts(takes: Sequence[Media]) -> list[list[_Part]]:
    """For each take its items: pictures first, then one for each channel of its sound."""
    first = 1 + _STEREO * any(_is_stereo(media) for media in takes)
    places: Counter[tuple[str, int]] = Counter()
    count = 0
    result: list[list[_Part]] = []
    for media in takes:
        wanted = [("video", 1, 1)] if media.picture else []
        start = 1 if _is_stereo(media) else first
        channels = media.sound.channels if media.sound else 0
        wanted += [("audio", start + index, index + 1) for index in range(channels)]
        linked = []
        for kind, track, channel in wanted:
            count += 1
            places[kind, track] += 1
            place = places[kind, track]
            paired = kind == "audio" and _is_stereo(media)
            linked.append(_Part(f"clipitem-{count}", kind, track, place, channel, paired))
        result.append(linked)
    return result


def _tracks(
    video: ET.Element, audio: ET.Element, takes: Sequence[Media]
) -> dict[tuple[str, int], ET.Element]:
    """The tracks that the takes need, by kind and number from 1."""
    tracks = {("video", 1): _xml.child(video, "track")}
    pair = _STEREO * any(_is_stereo(media) for media in takes)
    single = [m.sound.channels for m in takes if m.sound and not _is_stereo(m)]
    for index in range(pair + max(single, default=0)):
        track = _xml.child(
            audio,
            "track",
            currentExplodedTrackIndex=str(index if index < pair else 0),
            totalExplodedTrackCount=str(pair if index < pair else 1),
            premiereTrackType="Stereo" if index < pair else "Mono",
        )
        tracks["audio", index + 1] = track
    return tracks


def _is_stereo(media: Media) -> bool:
    return media.sound is not None and media.sound.channels == _STEREO


# The small elements -------------------------------------------------------------------


def _rate(parent: ET.Element, rate: Fraction) -> None:
    element = _xml.child(parent, "rate")
    _xml.leaf(element, "timebase", frames.nominal(rate))
    _xml.leaf(element, "ntsc", frames.is_ntsc(rate))


def _timecode(parent: ET.Element, frame: int, rate: Fraction, *, drop: bool) -> None:
    element = _xml.child(parent, "timecode")
    _rate(element, rate)
    _xml.leaf(element, "string", frames.timecode(frame, rate, drop=drop))
    _xml.leaf(element, "frame", frame)
    _xml.leaf(element, "displayformat", "DF" if drop else "NDF")


def _frame_shape(parent: ET.Element, width: int, height: int) -> None:
    _xml.leaf(parent, "width", width)
    _xml.leaf(parent, "height", height)
    _xml.leaf(parent, "anamorphic", text=False)
    _xml.leaf(parent, "pixelaspectratio", "square")
    _xml.leaf(parent, "fielddominance", "none")


def _sound_shape(parent: ET.Element, rate_hz: int) -> None:
    shape = _xml.child(parent, "samplecharacteristics")
    _xml.leaf(shape, "depth", 16)
    _xml.leaf(shape, "samplerate", rate_hz)


def _sound_outputs(audio: ET.Element) -> None:
    _xml.leaf(audio, "numOutputChannels", _STEREO)
    _sound_shape(_xml.child(audio, "format"), _SOUND_RATE_HZ)
    outputs = _xml.child(audio, "outputs")
    for index in range(1, _STEREO + 1):
        group = _xml.child(outputs, "group")
        _xml.leaf(group, "index", index)
        _xml.leaf(group, "numchannels", 1)
        _xml.leaf(group, "downmix", 0)
        _xml.leaf(_xml.child(group, "channel"), "index", index)


def _link(item: ET.Element, other: _Part) -> None:
    link = _xml.child(item, "link")
    _xml.leaf(link, "linkclipref", other.id)
    _xml.leaf(link, "mediatype", other.kind)
    _xml.leaf(link, "trackindex", other.track)
    _xml.leaf(link, "clipindex", other.place)
    if other.kind == "audio":
        _xml.leaf(link, "groupindex", 1)


def _marker(parent: ET.Element, name: str, note: str, *, start: int, end: int | None) -> None:
    """``end`` is None for a marker of a single frame, which the format writes as -1."""
    marker = _xml.child(parent, "marker")
    _xml.leaf(marker, "name", name)
    _xml.leaf(marker, "comment", note)
    _xml.leaf(marker, "in", start)
    _xml.leaf(marker, "out", -1 if end is None else end)
