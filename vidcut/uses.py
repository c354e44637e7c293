"""The ledger's table in the catalog; a catalog older than the ledger has none, and no uses."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from vidcut.ledger import Use
from vidcut.records import Span

if TYPE_CHECKING:
    from vidcut.database import Connection


class Uses:
    """What was used of a catalog's videos. Use from the catalog's thread."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def add(self, video_id: int, use: Use) -> bool:
        """Write a use down, and say whether it is new; one that is known stays as it was."""
        # A file's name need not be text, and the ledger names films by their files.
        what = use.what.encode("utf-8", "backslashreplace").decode()
        values = (video_id, use.span.start, use.span.end, what, use.at)
        statement = "INSERT INTO uses VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
        self._db.execute(statement, values)
        return self._db.changed > 0

    def of(self, video_id: int) -> list[Use]:
        """What of the video was used, in order of time."""
        if not self._is_there:
            return []
        query = (
            "SELECT start_us, end_us, what, at FROM uses WHERE video_id = ?"
            " ORDER BY start_us, end_us, what"
        )
        found = self._db.execute(query, (video_id,))
        return [Use(Span(start_us, end_us), what, at) for start_us, end_us, what, at in found]

    def spans(self) -> dict[int, list[Span]]:
        """Video id → what of its content was used, from this file or from a copy of it."""
        if not self._is_there:
            return {}
        query = (
            "SELECT DISTINCT videos.id, start_us, end_us FROM uses"
            " JOIN videos AS source ON source.id = video_id"
            " JOIN videos ON videos.id = source.id"
            " OR videos.hash = source.hash AND length(source.hash) > 0"
            " ORDER BY videos.id, start_us, end_us"
        )
        found: defaultdict[int, list[Span]] = defaultdict(list)
        for video_id, start_us, end_us in self._db.execute(query):
            found[video_id].append(Span(start_us, end_us))
        return dict(found)

    @property
    def _is_there(self) -> bool:
        query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'uses'"
        return self._db.execute(query).fetchone() is not None
