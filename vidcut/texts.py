"""The full text of a catalog's chunks: their terms, as `vidcut.terms` has them, in FTS5's table."""

from __future__ import annotations

import json
from itertools import chain, islice, repeat
from typing import TYPE_CHECKING

from vidcut.escaping import full_text
from vidcut.postings import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
        query = "SELECT term, doc FROM texts_terms WHERE term IN (SELECT value FROM json_each(?))"
        found = self._db.execute(query, (json.dumps(list(terms)),)).fetchall()
        return self.totals()[0], dict(found)

    def totals(self) -> tuple[int, int]:
        """How many texts there are, and how many terms in all of them.

        By FTS5's record of averages: counting rows takes longer with each.
        """
        averages = self._db.execute("SELECT block FROM texts_data WHERE id = 1").fetchone()
        texts, terms = islice(chain(_numbers(averages[0] if averages else b""), repeat(0)), 2)
        return texts, terms

    def after(self, chunk_id: int, limit: int, *, until: int = -1) -> Iterator[Text]:
        """The texts of chunks above this one, to ``until``, in their order; at most so many."""
        query = (
            "SELECT texts.rowid, modality, terms FROM texts JOIN chunks ON chunks.id = texts.rowid"
            " WHERE texts.rowid > ? AND (? < 0 OR texts.rowid <= ?) ORDER BY texts.rowid LIMIT ?"
        )
        return map(Text._make, self._db.execute(query, (chunk_id, until, until, limit)))


def _numbers(block: bytes) -> Iterator[int]:
    """SQLite's varints, as FTS5 writes them one after the other.

    Seven bits a byte, the highest first, the top bit set in all but the last
    (https://www.sqlite.org/fts5.html, 4.1).
    """
    number = 0
    for byte in block:
        number = number << 7 | byte & 0x7F
        if byte < 0x80:  # noqa: PLR2004  (the last)
            yield number
            number = 0
