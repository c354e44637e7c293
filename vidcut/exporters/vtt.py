"""WebVTT (W3C): the items of an edit as cues for browsers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vidcut.escaping import webvtt_text
from vidcut.exporters._cues import clock, markers
from vidcut.exporters._lines import write_text

if TYPE_CHECKING:
    from pathlib import Path

    from vidcut.records import Edit

SUFFIXES = (".vtt",)


def create() -> Vtt:
    """The exporter."""
    return Vtt()


class Vtt:
    """UTF-8; text is escaped, so that nothing in it is a tag or an arrow."""

    def write(self, edit: Edit, path: Path, *, relative: bool = False) -> None:
        """One cue for each item, numbered from 1; it names no media, so ``relative`` is moot."""
        del relative
        blocks = ["WEBVTT\n\n"]
        for number, cue in enumerate(markers(edit), 1):
            times = " --> ".join(clock(time, mark=".") for time in (cue.start_ms, cue.end_ms))
            text = (webvtt_text(line) for line in cue.lines)
            blocks.append("\n".join((str(number), times, *text, "", "")))
        write_text(path, "".join(blocks))
