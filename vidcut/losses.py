"""What media did not give, as the catalog keeps it: by video and modality, from window to window.

It is written with the window that it was lost in and stays as long as the modality's chunks do,
so that an interruption, or another modality's turn, takes nothing from the last word about a
video. A row of the settings each: no more videos have one than have holes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vidcut import rows

if TYPE_CHECKING:
    from vidcut.database import Connection

OF_NONE = (
    "DELETE FROM settings WHERE name LIKE 'lost\\_us.%' ESCAPE '\\' AND (value GLOB '*[^0-9]*'"
    " OR substr(name, 9) NOT IN (SELECT video_id || '.' || modality FROM progress))"
)
"""Takes out those of which there is no such modality, and those that are no number."""


class Losses:
    """What did not decode of a catalog's videos. Use from the catalog's thread."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, video_id: int, modality: str, lost_us: int) -> None:
        """So much more did not decode for a modality."""
        self._db.execute(
            "INSERT INTO settings VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            (f"{_prefix(video_id)}{modality}", str(lost_us)),
        )

    def of(self, video_id: int) -> dict[str, int]:
        """Modality → how much of the video did not decode for it."""
        prefix = _prefix(video_id)
        query = "SELECT name, value FROM settings WHERE name > ? AND name < ? || char(0x10FFFF)"
        found = self._db.execute(query, (prefix, prefix))
        with rows.as_written():
            return {name.removeprefix(prefix): int(value) for name, value in found}

    def forget(self, video_id: int, modality: str | None = None) -> None:
        """It is no more lost than any of it was read: of one modality or of all."""
        prefix = _prefix(video_id)
        self._db.execute(
            "DELETE FROM settings WHERE name > ? AND name < ? || char(0x10FFFF)"
            " AND (? IS NULL OR name = ?)",
            (prefix, prefix, modality, f"{prefix}{modality}"),
        )


def _prefix(video_id: int) -> str:
    return f"lost_us.{video_id}."
