"""A playlist: M3U with the extensions that VLC plays stretches of files by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vidcut.escaping import one_line
from vidcut.exporters._lines import decimal, name_of, path_line, takes, write_text
from vidcut.records import SECOND_US

if TYPE_CHECKING:
    from pathlib import Path

    from vidcut.records import Edit

SUFFIXES = (".m3u8", ".m3u")
"""Both are UTF-8; the first says so."""


def create() -> M3u:
    """The exporter."""
    return M3u()


class M3u:
    """Players that know no ``EXTVLCOPT`` play the whole files. Gaps are left out."""

    def write(self, edit: Edit, path: Path, *, relative: bool = False) -> None:
        """One entry for each take.

        Raises:
            UsageError: the edit has no take.
        """
        beside = path if relative else None
        lines = ["#EXTM3U", f"#PLAYLIST:{one_line(edit.name)}"]
        for take, span in takes(edit, reader="a player"):
            # Whole seconds, as the first players of M3U read them.
            seconds = max(1, round(span.duration / SECOND_US))
            lines += [
                f"#EXTINF:{seconds},{name_of(take)}",
                f"#EXTVLCOPT:start-time={decimal(span.start)}",
                f"#EXTVLCOPT:stop-time={decimal(span.end)}",
                path_line(take.source, beside=beside),
            ]
        write_text(path, "\n".join((*lines, "")))
