"""What ``vidcut search`` makes of all its moments together: a timeline, a sheet, a preview."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vidcut.cli import render
from vidcut.drafts import check_place

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import vidcut
    from vidcut.cli.remarks import Remarks
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
        if self.timeline is not None:
            from vidcut import exporting  # noqa: PLC0415  (most searches need none)

            exporting.format_of(self.timeline)
            exporting.check(self.timeline, overwrite=self.overwrite)
        if self.sheet is not None:
            from vidcut import sheet  # noqa: PLC0415  (likewise)

            sheet.check(self.sheet)
            check_place(self.sheet, overwrite=self.overwrite)

    def write(
        self, opened: vidcut.Library, shown: Sequence[tuple[str, Moment]], noted: Remarks
    ) -> list[Moment]:
        """Make it of the moments, each with the words that found it; of none, nothing.

        Those whose videos are gone are left out, and the rest is given back.
        """
        if self.timeline is None and self.sheet is None and not self.preview:
            return [moment for _, moment in shown]
        shown = [one for one in shown if noted.is_there(opened, one[1].video)]
        if shown and self.timeline is not None:
            self._export(opened, shown, self.timeline)
        if shown and (self.sheet is not None or self.preview):
            self._look(opened, shown)
        return [moment for _, moment in shown]

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
