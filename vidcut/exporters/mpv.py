"""mpv's edit decision list, version 0: the film as mpv plays it, without a cut being made.

The format is that of mpv's DOCS/edl-mpv.rst: one line a segment, ``file,start,length``, and
``%n%`` before the n bytes of a value in which commas and line ends mean nothing. mpv counts
from 0 of the file's own clock, which is where a film begins in all containers but MPEG's
streams: of those it shows what lies earlier by their clock's start (1.4 s, as ffmpeg writes).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from vidcut.escaping import mpv_value
from vidcut.exporters._lines import decimal, name_of, plain_path, takes, write_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from vidcut.records import Edit

SUFFIXES = (".mpv",)
"""Not ``.edl``, which is an editor's; mpv knows the file by its first line."""


def create() -> Mpv:
    """The exporter."""
    return Mpv()


class Mpv:
    """Gaps are left out: a player has nothing to show there."""

    def write(self, edit: Edit, path: Path, *, relative: bool = False) -> None:
        """One segment and one chapter for each take.

        Raises:
            UsageError: the edit has no take.
        """
        beside = path if relative else None
        lines = [b"# mpv EDL v0"]
        for take, span in takes(edit, reader="mpv"):
            source = plain_path(take.source, beside=beside)
            place = f"{decimal(span.start)},{decimal(span.duration)}".encode()
            title = b"title=" + mpv_value(name_of(take).encode())
            lines.append(b",".join((mpv_value(os.fsencode(source)), place, title)))
        write_bytes(path, b"\n".join((*lines, b"")))
