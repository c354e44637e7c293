"""SubRip: the items of an edit as subtitles, or as markers of editors that take them so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vidcut.escaping import subrip_text
from vidcut.exporters._cues import clock, markers
from vidcut.exporters._lines import write_text

if TYPE_CHECKING:
    from pathlib import Path

    from vidcut.records import Edit

SUFFIXES = (".srt",)


def create() -> Srt:
    """The exporter."""
    return Srt()


class Srt:
    """UTF-8, lines ended by CR LF, as SubRip itself writes them."""

    def write(self, edit: Edit, path: Path, *, relative: bool = False) -> None:
        """One cue for each item, numbered from 1; it names no media, so ``relative`` is moot."""
        del relative
        blocks = []
        for number, cue in enumerate(markers(edit), 1):
            times = " --> ".join(clock(time, mark=",") for time in (cue.start_ms, cue.end_ms))
            text = (subrip_text(line) for line in cue.lines)
            blocks.append("\r\n".join((str(number), times, *text, "", "")))
        write_text(path, "".join(blocks))
