"""What ``vidcut search`` makes of all its moments together: a timeline, a sheet, a preview."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vidcut.cli import render
from vidcut.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import vidcut
    from vidcut.records import Moment


@dataclass(frozen=True, slots=True)
class Besides:
    """What is asked for besides clips; checked as it is made, before anything is searched."""

    timeline: Path | None
    sheet: Path | None
    preview: bool
    overwrite: bool
    quiet: bool

    def __post_init__(self) -> None:
        from vidcut import exporting, sheet  # noqa: PLC0415  (not for --help)

        if self.timeline is not None:
            exporting.format_of(self.timeline)
        if self.sheet is not None:
            sheet.check(self.sheet)
        for path in (self.timeline, self.sheet):
            if path is not None and os.path.lexists(path) and not self.overwrite:
                raise OutputError(f"{path} exists already; name another, or give --overwrite")

    def write(self, opened: vidcut.Library, shown: Sequence[tuple[str, Moment]]) -> None:
        """Make it of the moments, each with the words that found it; of none, nothing."""
        if shown and self.timeline is not None:
            self._export(opened, shown, self.timeline)
        if shown and (self.sheet is not None or self.preview):
            self._look(opened, shown)

    def _export(
        self, opened: vidcut.Library, shown: Sequence[tuple[str, Moment]], file: Path
    ) -> None:
        from vidcut import editing, exporting  # noqa: PLC0415  (not for --help)

        takes = [
            editing.take_of(moment, opened.path(moment.video), title=words)
            for words, moment in shown
        ]
        exporting.export(editing.edit_of(takes, file.stem), file, overwrite=self.overwrite)
        if not self.quiet:
            render.say(f"the timeline is {file}")

    def _look(self, opened: vidcut.Library, shown: Sequence[tuple[str, Moment]]) -> None:
        from vidcut import sheet, wiring  # noqa: PLC0415  (not for --help)
        from vidcut.cli import preview  # noqa: PLC0415  (as above)

        moments = [moment for _, moment in shown]
        reader = wiring.reader(opened.settings.reader)
        entries = sheet.gather(moments, lambda moment: opened.path(moment.video), reader)
        if self.preview:
            preview.show(entries)
        if self.sheet is not None:
            title = " · ".join(dict.fromkeys(words for words, _ in shown))
            note = sheet.write(self.sheet, entries, title=title, overwrite=self.overwrite)
            if note or not self.quiet:
                render.say(note or f"the sheet is {self.sheet}")
