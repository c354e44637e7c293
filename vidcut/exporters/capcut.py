"""A draft folder of 剪映 (JianYing) and CapCut: plain JSON, and the media within.

The folder goes into the program's drafts directory as it is. Its files are those that public
tools are known to open with: ``draft_content.json`` (Windows) and ``draft_info.json`` (macOS)
say the same, ``draft_meta_info.json`` lists the media, without which they are asked for
again. Versions from 6 on encrypt what they save, but open plain drafts. The programs on macOS
may read nothing outside of the folder, so that the media lie in it, as hard links where the
file system has them; paths begin with the mark that stands for the folder.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidcut.drafts import refused
from vidcut.errors import UsageError
from vidcut.escaping import is_shapeless, one_line
from vidcut.exporters import _jianying
from vidcut.exporters._ids import identity, of_edit
from vidcut.exporters._jianying import File
from vidcut.exporters._lines import film, write_text
from vidcut.records import SECOND_US, Take

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable

    from vidcut.records import Edit, Media, Span

SUFFIXES = (".capcut", ".draft")
CONTENT, CONTENT_MAC, META = "draft_content.json", "draft_info.json", "draft_meta_info.json"
_FORBIDDEN = frozenset('<>:"/\\|?*')
_NAME_BYTES = 200
"""Leaves room for a number before it, on every file system."""


def create() -> CapCut:
    """The exporter."""
    return CapCut()


class CapCut:
    """A track of pictures with their sound, and one of sound for files that have no more."""

    def write(self, edit: Edit, path: Path, *, relative: bool = False) -> None:
        """Make the folder ``path``; its media are its own, so that ``relative`` is moot.

        Raises:
            UsageError: the edit has no take, or a file is not there.
            OutputError: the folder is there already or cannot be written.
        """
        del relative
        draft = _Draft(edit)
        if not draft.files:
            raise UsageError(f"{edit.name!r} has no take; a draft needs one")
        try:
            (path / _jianying.MEDIA).mkdir(parents=True)
        except OSError as error:
            raise refused(path, error) from error
        for file in draft.files.values():
            _bring(file, path / _jianying.MEDIA / file.name)
        content = _json(draft.content())
        for name in (CONTENT, CONTENT_MAC):
            write_text(path / name, content)
        write_text(path / META, _json(draft.meta()))


class _Draft:
    """An edit as the programs' JSON."""

    def __init__(self, edit: Edit) -> None:
        self._edit = edit
        self._seed = of_edit(edit)
        shown = list(film(edit))
        self._takes = [(one.item, one.span) for one in shown if isinstance(one.item, Take)]
        self._end_us = shown[-1].span.end if shown else 0
        self.files = _files(self._takes, self._seed)

    def content(self) -> dict[str, Any]:
        """``draft_content.json``."""
        materials: dict[str, list[Any]] = {name: [] for name in _jianying.MATERIALS}
        for file in self.files.values():
            if file.media.picture is not None:
                materials["videos"].append(_jianying.video(file, file.media.picture))
            else:
                materials["audios"].append(_jianying.audio(file))
        tracks = [self._track(kind, materials) for kind in ("video", "audio")]
        return {
            "canvas_config": {
                "height": self._edit.height,
                "ratio": "original",
                "width": self._edit.width,
            },
            "color_space": 0,
            # The magnet would close the gaps.
            "config": {"maintrack_adsorb": False, "video_mute": False},
            "cover": None,
            "create_time": 0,
            "duration": self._end_us,
            "extra_info": None,
            "fps": float(self._edit.rate),
            "free_render_index_mode_on": False,
            "group_container": None,
            "id": self._id("draft"),
            "keyframe_graph_list": [],
            "keyframes": {name: [] for name in _jianying.KEYFRAMES},
            "last_modified_platform": _jianying.PLATFORM,
            "materials": materials,
            "mutable_config": None,
            "name": one_line(self._edit.name),
            "new_version": _jianying.NEW_VERSION,
            "platform": _jianying.PLATFORM,
            "relationships": [],
            "render_index_track_mode_on": False,
            "retouch_cover": None,
            "source": "default",
            "static_cover_image_path": "",
            "time_marks": None,
            "tracks": [track for track in tracks if track["segments"]],
            "update_time": 0,
            "version": _jianying.VERSION,
        }

    def meta(self) -> dict[str, Any]:
        """``draft_meta_info.json``: the draft's card, and its media."""
        files = self.files.values()
        listed = [_jianying.listed(file, self._id(f"listed {file.name}")) for file in files]
        # Of this moment, the same edit would never make the same draft.
        newest_us = max(_modified_us(file.source) for file in files)
        return {
            "draft_cover": "",
            "draft_fold_path": "",
            "draft_id": self._id("draft"),
            "draft_is_from_deeplink": "false",
            "draft_is_invisible": False,
            "draft_materials": [
                {"type": group, "value": listed if group == _jianying.IMPORTED else []}
                for group in _jianying.META_GROUPS
            ],
            "draft_materials_copied_info": [],
            "draft_name": one_line(self._edit.name),
            "draft_new_version": "",
            "draft_root_path": "",
            "draft_segment_extra_info": [],
            "draft_type": "",
            "tm_draft_create": newest_us,
            "tm_draft_modified": newest_us,
            "tm_draft_removed": 0,
            "tm_duration": self._end_us,
        }

    def _track(self, kind: str, materials: dict[str, list[Any]]) -> dict[str, Any]:
        segments = []
        for number, (take, span) in enumerate(self._takes):
            file = self.files[take.source]
            if (kind == "video") is (file.media.picture is not None):
                latest_us = max(0, file.duration_us - span.duration)
                start_us = min(take.span.start, latest_us)
                name = self._id(f"segment {number}")
                made = _jianying.segment(file, name, start_us=start_us, span=span)
                for place, value in _jianying.extras(canvas=kind == "video").items():
                    value["id"] = self._id(f"{place} {number}")
                    materials[place].append(value)
                    made["extra_material_refs"].append(value["id"])
                segments.append(made)
        return {
            "attribute": 0,
            "flag": 0,
            "id": self._id(f"track {kind}"),
            "is_default_name": True,
            "name": "",
            "segments": segments,
            "type": kind,
        }

    def _id(self, part: str) -> str:
        return identity(self._seed, part)


# Files ---------------------------------------------------------------------------------


def _files(takes: Iterable[tuple[Take, Span]], seed: uuid.UUID) -> dict[str, File]:
    """Each source once, in order; long enough for what is taken of it."""
    needed: dict[str, int] = {}
    media: dict[str, Media] = {}
    for take, span in takes:
        media.setdefault(take.source, take.media)
        known = media[take.source].duration_us
        least = span.duration if known else take.span.start + span.duration
        needed[take.source] = max(needed.get(take.source, known), least)
    return {
        source: File(
            source,
            media[source],
            f"{number:03}_{_portable(Path(source).name)}",
            identity(seed, f"file {number}"),
            needed[source],
        )
        for number, source in enumerate(media, 1)
    }


def _portable(name: str) -> str:
    """A name that every file system and JSON can hold, its ending kept."""
    kept = "".join("_" if _dangerous(char) else char for char in name).rstrip(" .")
    stem, dot, ending = kept.rpartition(".")
    tail = f"{dot}{ending}" if stem and len(ending.encode()) <= _NAME_BYTES // 2 else ""
    head = stem if tail else kept
    room = _NAME_BYTES - len(tail.encode())
    return head.encode()[:room].decode(errors="ignore") + tail


def _dangerous(char: str) -> bool:
    return char in _FORBIDDEN or is_shapeless(char)


def _bring(file: File, place: Path) -> None:
    """Put a source in its place: as a hard link, else as a copy."""
    source = Path(os.path.realpath(file.source))
    if not source.is_file():
        fact = f"{file.source} is not there or no file"
        raise UsageError(f"{fact}; where it was moved, 'vidcut index FOLDER' recognises it")
    try:
        try:
            place.hardlink_to(source)
        except OSError:  # another file system, or one without hard links
            shutil.copy2(source, place)
    except OSError as error:
        raise refused(place, error) from error


def _modified_us(source: str) -> int:
    return Path(source).stat().st_mtime_ns * SECOND_US // 10**9


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
