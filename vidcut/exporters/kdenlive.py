"""Kdenlive's project, in the form of its versions from 23.04 on (document version 1.1).

As its dev-docs/fileformat.md tells: a sequence is a tractor of tracks, each track a tractor
of two playlists, and a clip of the timeline points by ``kdenlive:id`` at its file in the bin.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from vidcut.escaping import one_line
from vidcut.exporters import _mlt
from vidcut.exporters._ids import identity, of_edit
from vidcut.exporters._lines import name_of
from vidcut.exporters._names import shown
from vidcut.frames import placed
from vidcut.records import Take

if TYPE_CHECKING:
    from pathlib import Path
    from xml.etree.ElementTree import Element

    from vidcut.exporters._mlt import Source
    from vidcut.frames import Placed
    from vidcut.records import Edit, Media

SUFFIXES = (".kdenlive",)
_VERSION = "1.1"
_BIN, _BLACK = "main_bin", "producer0"
_FOLDER_ID, _SEQUENCE_ID, _FIRST_ID = 2, 3, 4
_ROOT = "-1"
"""The bin's own folder."""
_SEQUENCE_TYPE = "17"
_INTERNAL = "237"
"""Marks what Kdenlive adds by itself and does not show."""
_SOUND, _PICTURE = 0, 1
"""The tracks in their order from below."""
_DOCUMENT_ID = 10**13
"""Kdenlive counts documents by the milliseconds of their making: 13 digits."""


def create() -> Kdenlive:
    """The exporter."""
    return Kdenlive()


class Kdenlive:
    """A video track and a sound track whose clips are grouped; guides tell the titles."""

    def write(self, edit: Edit, path: Path, *, relative: bool = False) -> None:
        """Relative media lie as seen from the project's folder.

        Raises:
            UsageError: the edit is empty, or a file's name cannot stand in XML.
        """
        project = _Project(edit, path if relative else None)
        whole = _mlt.root(edit, producer=_BIN)
        whole.append(_mlt.black(_BLACK, {"kdenlive:playlistid": "black_track"}))
        whole.extend(project.track(_SOUND))
        whole.extend(project.track(_PICTURE))
        whole.append(project.sequence())
        whole.extend(project.chain("bin", source) for source in project.sources.values())
        whole.append(project.bin())
        whole.append(project.film())
        _mlt.write(whole, path)


class _Project:
    """An edit, and the ids that its parts go by."""

    def __init__(self, edit: Edit, beside: Path | None) -> None:
        self.edit = edit
        self.places = placed(edit)
        self.sources = _mlt.sources(edit, beside=beside)
        self._ids = {path: _FIRST_ID + number for number, path in enumerate(self.sources)}
        self._last = _mlt.last_frame(edit)
        self._seed = of_edit(edit)
        self._uuid = _braced(identity(self._seed, "sequence"))

    def chain(self, kind: str, source: Source) -> Element:
        """A file as the sound track, the video track or the bin has it."""
        number = self._ids[source.path]
        only = {
            "sound": {"set.test_audio": "0", "set.test_image": "1"},
            "picture": {"set.test_audio": "1", "set.test_image": "0"},
        }
        return _mlt.chain(
            f"{kind}{number}",
            source,
            {
                "kdenlive:id": str(number),
                "kdenlive:clipname": shown(source.path),
                "kdenlive:folderid": _ROOT,
                "kdenlive:clip_type": "0",
                "kdenlive:proxy": "-",
                "kdenlive:maxduration": str(source.length),
                "kdenlive:control_uuid": _braced(identity(self._seed, f"file {number}")),
                **only.get(kind, {}),
            },
        )

    def track(self, which: int) -> list[Element]:
        """The files of a track, its two playlists (the second for mixes) and their tractor."""
        kind = "sound" if which == _SOUND else "picture"
        audio = {"kdenlive:audio_track": "1" if which == _SOUND else None}
        used = [source for source in self.sources.values() if _has(source.media, which)]
        made = [self.chain(kind, source) for source in used]
        names = (f"playlist{2 * which}", f"playlist{2 * which + 1}")
        clips, mixes = (_mlt.element("playlist", id=name) for name in names)
        _mlt.add(clips, audio)
        _mlt.add(mixes, audio)
        clips.extend(self._entry(place, kind, which) for place in self.places)
        tractor = _mlt.between("tractor", 0, self._last, id=f"tractor{which}")
        _mlt.add(tractor, {**audio, "kdenlive:timeline_active": "1", "kdenlive:collapsed": "0"})
        hide = "video" if which == _SOUND else "audio"
        tractor.extend(_mlt.element("track", hide=hide, producer=name) for name in names)
        return [*made, clips, mixes, tractor]

    def sequence(self) -> Element:
        """The timeline."""
        made = _mlt.between("tractor", 0, self._last, id=self._uuid)
        told = "kdenlive:sequenceproperties"
        _mlt.add(
            made,
            {
                "kdenlive:uuid": self._uuid,
                "kdenlive:control_uuid": self._uuid,
                "kdenlive:clipname": one_line(self.edit.name),
                "kdenlive:id": str(_SEQUENCE_ID),
                "kdenlive:folderid": str(_FOLDER_ID),
                "kdenlive:producer_type": _SEQUENCE_TYPE,
                "kdenlive:clip_type": "0",
                "kdenlive:duration": str(self._last + 1),
                "kdenlive:maxduration": str(self._last + 1),
                f"{told}.hasAudio": "1",
                f"{told}.hasVideo": "1",
                f"{told}.tracksCount": "2",
                f"{told}.activeTrack": str(_PICTURE),
                f"{told}.documentuuid": self._uuid,
                f"{told}.groups": json.dumps(self._groups()),
                f"{told}.guides": json.dumps(self._guides(), ensure_ascii=False),
            },
        )
        made.append(_mlt.element("track", producer=_BLACK))
        made.extend(_mlt.element("track", producer=f"tractor{which}") for which in (0, 1))
        made.append(_transition(_SOUND, {"mlt_service": "mix", "sum": "1", "accepts_blanks": "1"}))
        made.append(_transition(_PICTURE, {"mlt_service": "qtblend", "compositing": "0"}))
        return made

    def bin(self) -> Element:
        """The bin: the project's settings, the sequence and the files."""
        made = _mlt.element("playlist", id=_BIN)
        document = uuid.UUID(self._uuid.strip("{}")).int % _DOCUMENT_ID
        _mlt.add(
            made,
            {
                f"kdenlive:folder.{_ROOT}.{_FOLDER_ID}": "Sequences",
                "kdenlive:sequenceFolder": str(_FOLDER_ID),
                "kdenlive:docproperties.version": _VERSION,
                "kdenlive:docproperties.documentid": str(document),
                "kdenlive:docproperties.uuid": self._uuid,
                "kdenlive:docproperties.activetimeline": self._uuid,
                "kdenlive:docproperties.opensequences": self._uuid,
                "xml_retain": "1",
            },
        )
        made.append(_mlt.between("entry", 0, self._last, producer=self._uuid))
        for path, source in self.sources.items():
            name = f"bin{self._ids[path]}"
            made.append(_mlt.between("entry", 0, source.length - 1, producer=name))
        return made

    def film(self) -> Element:
        """What `melt` plays of the project."""
        made = _mlt.between("tractor", 0, self._last, id="tractor2")
        _mlt.add(made, {"kdenlive:projectTractor": "1"})
        made.append(_mlt.between("track", 0, self._last, producer=self._uuid))
        return made

    def _entry(self, place: Placed, kind: str, which: int) -> Element:
        take = place.item
        if not isinstance(take, Take) or not _has(self.sources[take.source].media, which):
            return _mlt.element("blank", length=str(place.frames))
        number = self._ids[take.source]
        first, last = _mlt.cut(place, self.sources[take.source], self.edit)
        entry = _mlt.between("entry", first, last, producer=f"{kind}{number}")
        _mlt.add(entry, {"kdenlive:id": str(number)})
        return entry

    def _groups(self) -> list[dict[str, object]]:
        """Each take's picture and sound, which move as one."""
        return [
            {
                "type": "AVSplit",
                "children": [
                    {"type": "Leaf", "leaf": "clip", "data": f"{which}:{place.start}:-1"}
                    for which in (_SOUND, _PICTURE)
                ],
            }
            for place in self.places
            if isinstance(place.item, Take)
            and all(_has(place.item.media, which) for which in (_SOUND, _PICTURE))
        ]

    def _guides(self) -> list[dict[str, object]]:
        return [
            {"pos": place.start, "comment": text, "type": 0}
            for place in self.places
            if (text := _told(place))
        ]


def _transition(which: int, properties: dict[str, str | None]) -> Element:
    made = _mlt.element("transition", id=f"transition{which}")
    _mlt.add(
        made,
        {
            "a_track": "0",
            "b_track": str(which + 1),
            "kdenlive_id": properties["mlt_service"],
            "internal_added": _INTERNAL,
            "always_active": "1",
            **properties,
        },
    )
    return made


def _told(place: Placed) -> str:
    item = place.item
    if not isinstance(item, Take):
        return one_line(item.title)
    return ": ".join(part for part in (name_of(item), one_line(item.note)) if part)


def _has(media: Media, which: int) -> bool:
    return (media.sound if which == _SOUND else media.picture) is not None


def _braced(text: str) -> str:
    return f"{{{text.lower()}}}"
