"""OpenTimelineIO, written by its own library: the form that other programs translate from.

One track of pictures and one of sound, both as long as the film; where a take has only one of
the two, the other track has a gap. What a clip shows starts in frames of its file, from the
file's own timecode on, and lasts a number of frames of the film: so nothing drifts where the
rates differ. A title and a note are a marker's name and comment, and lie under ``vidcut`` in
the clip's metadata. Picture and sound of a take have one link group, as Resolve reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import opentimelineio as otio

from vidcut import frames
from vidcut.escaping import one_line, xml_text
from vidcut.exporters import _names
from vidcut.exporters._lines import write_text
from vidcut.records import Take

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction
    from pathlib import Path

    from vidcut.frames import Placed, Source
    from vidcut.records import Edit

SUFFIXES = (".otio",)


def create() -> OtioExporter:
    """The exporter."""
    return OtioExporter()


class OtioExporter:
    """See `vidcut.protocols.Exporter`."""

    def write(self, edit: Edit, path: Path, *, relative: bool = False) -> None:
        """Write the file."""
        timeline = otio.schema.Timeline(
            name=one_line(edit.name) or "vidcut",
            global_start_time=_time(0, edit.rate),
            metadata={"vidcut": {"width": edit.width, "height": edit.height}},
        )
        places = frames.placed(edit)
        sources = frames.sources(edit)
        beside = path if relative else None
        files = {one.path: _reference(one, beside) for one in sources.values()}
        kinds = otio.schema.TrackKind
        for kind, name in ((kinds.Video, "V1"), (kinds.Audio, "A1")):
            track = otio.schema.Track(name=name, kind=kind)
            for number, place in enumerate(places, start=1):
                track.append(_item(place, number, kind, edit=edit, sources=sources, files=files))
            if kind == kinds.Video or any(isinstance(one, otio.schema.Clip) for one in track):
                timeline.tracks.append(track)
        write_text(path, timeline.to_json_string() + "\n")


def _reference(source: Source, beside: Path | None) -> Any:
    return otio.schema.ExternalReference(
        target_url=_names.media_url(source.path, beside=beside),
        available_range=otio.opentime.TimeRange(
            _time(source.first, source.rate), _time(source.count, source.rate)
        ),
    )


def _item(
    place: Placed,
    number: int,
    kind: str,
    *,
    edit: Edit,
    sources: Mapping[str, Source],
    files: Mapping[str, Any],
) -> Any:
    """A clip or a gap, ``number`` among the items of the film."""
    length = _time(place.frames, edit.rate)
    take = place.item
    wanted = isinstance(take, Take) and (
        take.media.picture if kind == otio.schema.TrackKind.Video else take.media.sound
    )
    if not isinstance(take, Take) or not wanted:
        title = "" if isinstance(take, Take) else one_line(take.title)
        return otio.schema.Gap(
            name=title,
            source_range=otio.opentime.TimeRange(_time(0, edit.rate), length),
            metadata={"vidcut": {"title": title}} if title else {},
        )
    source = sources[take.source]
    shown = frames.source_range(place, source, edit.rate)
    start = _time(source.first + shown.start, source.rate)
    told = {"title": xml_text(take.title), "note": xml_text(take.note)}
    return otio.schema.Clip(
        name=one_line(take.title) or _names.shown(take.source),
        media_reference=files[take.source].clone(),
        source_range=otio.opentime.TimeRange(start, length),
        markers=_markers(start, length, told),
        metadata={"vidcut": told, "Resolve_OTIO": {"Link Group ID": number}},
    )


def _markers(start: Any, length: Any, told: Mapping[str, str]) -> list[Any]:
    if not any(told.values()):
        return []
    return [
        otio.schema.Marker(
            name=one_line(told["title"] or told["note"]),
            marked_range=otio.opentime.TimeRange(start, length),
            comment=told["note"],
        )
    ]


def _time(frame: int, rate: Fraction) -> Any:
    return otio.opentime.RationalTime(frame, float(rate))
