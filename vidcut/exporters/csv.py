"""A table (RFC 4180) for spreadsheets and scripts: a header, and one row an item."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from vidcut.escaping import csv_text
from vidcut.exporters._lines import decimal, path_line, write_text
from vidcut.frames import (
    can_drop,
    is_ntsc,
    microseconds,
    nominal,
    placed,
    timecode,
)
from vidcut.records import Take

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path

    from vidcut.frames import Placed
    from vidcut.records import Edit

SUFFIXES = (".csv",)
COLUMNS = (
    "number",
    "kind",
    "timecode",
    "start",
    "end",
    "frames",
    "source_start",
    "source_end",
    "title",
    "note",
    "source",
)
"""Times in seconds; ``timecode``, ``start`` and ``end`` are the film's."""


def create() -> Csv:
    """The exporter."""
    return Csv()


class Csv:
    """UTF-8 with the mark that tells spreadsheets so: without it they take it for Latin."""

    def write(self, edit: Edit, path: Path, *, relative: bool = False) -> None:
        """A header and one row for each item, lines ended by CR LF."""
        table = io.StringIO()
        writer = csv.writer(table, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        beside = path if relative else None
        for number, place in enumerate(placed(edit), 1):
            writer.writerow(_row(number, place, edit, beside))
        write_text(path, table.getvalue(), encoding="utf-8-sig")


def _row(number: int, place: Placed, edit: Edit, beside: Path | None) -> list[str]:
    item = place.item
    start_us, end_us = (microseconds(at, edit.rate) for at in (place.start, place.end))
    film = (
        _label(place.start, edit.rate),
        decimal(start_us),
        decimal(end_us),
        str(place.frames),
    )
    if not isinstance(item, Take):
        return [str(number), "gap", *film, "", "", csv_text(item.title), "", ""]
    source = (decimal(item.span.start), decimal(item.span.start + end_us - start_us))
    texts = (csv_text(item.title), csv_text(item.note))
    return [str(number), "take", *film, *source, *texts, path_line(item.source, beside=beside)]


def _label(frame: int, rate: Fraction) -> str:
    """The timecode; nothing at a rate that no clock counts."""
    counted = rate == nominal(rate) or is_ntsc(rate)
    return timecode(frame, rate, drop=can_drop(rate)) if counted else ""
