"""MLT's own XML: what `melt` plays and renders, and Shotcut opens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vidcut.escaping import one_line
from vidcut.exporters import _mlt
from vidcut.exporters._lines import name_of
from vidcut.frames import placed
from vidcut.records import Take

if TYPE_CHECKING:
    from pathlib import Path
    from xml.etree.ElementTree import Element

    from vidcut.exporters._mlt import Source
    from vidcut.records import Edit

SUFFIXES = (".mlt",)
_TRACK, _BACKGROUND, _FILM = "playlist0", "background", "tractor0"
_BLACK = "black"


def create() -> Mlt:
    """The exporter."""
    return Mlt()


class Mlt:
    """One track of clips with their own sound, over a black background that gaps show."""

    def write(self, edit: Edit, path: Path, *, relative: bool = False) -> None:
        """Relative media lie as seen from the file's folder, which is MLT's own rule.

        Raises:
            UsageError: the edit is empty, or a file's name cannot stand in XML.
        """
        whole = _mlt.root(edit, title=one_line(edit.name), producer=_FILM)
        found = _mlt.sources(edit, beside=path if relative else None)
        ids = {path: f"chain{number}" for number, path in enumerate(found)}
        whole.extend(_mlt.chain(ids[path], source, {}) for path, source in found.items())
        last = _mlt.last_frame(edit)
        whole.append(_mlt.black(_BLACK, {}))
        background = _mlt.element("playlist", id=_BACKGROUND)
        background.append(_mlt.between("entry", 0, last, producer=_BLACK))
        whole.append(background)
        whole.append(_track(edit, found, ids))
        whole.append(_film(last))
        _mlt.write(whole, path)


def _track(edit: Edit, found: dict[str, Source], ids: dict[str, str]) -> Element:
    track = _mlt.element("playlist", id=_TRACK)
    _mlt.add(track, {"shotcut:video": "1", "shotcut:name": "V1"})
    for place in placed(edit):
        if not isinstance(place.item, Take):
            track.append(_mlt.element("blank", length=str(place.frames)))
            continue
        source = place.item.source
        entry = _mlt.between("entry", *_mlt.cut(place, found[source], edit), producer=ids[source])
        _mlt.add(
            entry,
            {
                "shotcut:caption": name_of(place.item),
                "shotcut:comment": one_line(place.item.note) or None,
            },
        )
        track.append(entry)
    return track


def _film(last: int) -> Element:
    film = _mlt.between("tractor", 0, last, id=_FILM)
    _mlt.add(film, {"shotcut": "1"})
    film.append(_mlt.element("track", producer=_BACKGROUND))
    film.append(_mlt.element("track", producer=_TRACK))
    return film
