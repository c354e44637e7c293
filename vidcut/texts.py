"""The full text of a catalog's chunks: their terms, as `vidcut.terms` has them, in FTS5's table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from vidcut.escaping import full_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidcut.database import Connection


class Texts:
    """What stands in a catalog's texts. Use from the catalog's thread."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def find(
        self,
        terms: Sequence[str],
        modality: str,
        count: int,
        video_ids: Sequence[int] | None,
        *,
        together: bool = False,
    ) -> list[tuple[int, str]]:
        """Chunks with any of the terms, best first by BM25: id and the chunk's own terms.

        ``together``: only those that have all of them.
        """
        if not terms:
            return []
        expression = full_text(terms, together=together)
        query = (
            "SELECT texts.rowid, terms FROM texts JOIN chunks ON chunks.id = texts.rowid"
            " WHERE texts MATCH ? AND modality = ?"
            " AND (? IS NULL OR video_id IN (SELECT value FROM json_each(?)))"
            " ORDER BY rank, texts.rowid LIMIT ?"
        )
        only = None if video_ids is None else json.dumps(video_ids)
        found = self._db.execute(query, (expression, modality, only, only, count))
        return [(int(row_id), str(known)) for row_id, known in found]

    def counts(self, terms: Sequence[str]) -> tuple[int, dict[str, int]]:
        """How many texts there are, and in how many of them each term stands."""
        averages = self._db.execute("SELECT block FROM texts_data WHERE id = 1").fetchone()
        query = "SELECT term, doc FROM texts_terms WHERE term IN (SELECT value FROM json_each(?))"
        return _total(averages), dict(
            self._db.execute(query, (json.dumps(list(terms)),)).fetchall()
        )


def _total(averages: tuple[bytes] | None) -> int:
    """How many texts there are, by FTS5's record of averages: counting rows takes longer with each.

    It begins with their number, as one of SQLite's varints: seven bits a byte, the highest first,
    the top bit set in all but the last (https://www.sqlite.org/fts5.html, 4.1).
    """
    total = 0
    for byte in averages[0] if averages else b"":
        total = total << 7 | byte & 0x7F
        if byte < 0x80:  # noqa: PLR2004  (the last)
            break
    return total
