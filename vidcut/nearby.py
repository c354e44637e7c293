"""What a catalog has of a video around a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vidcut.records import Span

if TYPE_CHECKING:
    from typing import TypeAlias

    from vidcut.database import Connection
    from vidcut.records import Space

    Longest: TypeAlias = dict[tuple[int, str], int]
    """Video and modality → microseconds of the longest chunk, as far as it is known."""


class Nearby:
    """Chunks that overlap a stretch, in order of time. Use from the catalog's thread.

    The index knows when chunks start, not when they end. How long the longest lasts tells how
    long before a stretch to begin: without that, all of the video before would be read.
    """

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def spans(
        self, video_id: int, modality: str, near: Span, longest: Longest | None = None
    ) -> list[Span]:
        """Where a video's chunks of a modality lie; ``longest`` is asked, and told."""
        query = (
            "SELECT start_us, end_us FROM chunks WHERE video_id = ? AND modality = ?"
            " AND start_us > ? AND start_us < ? AND end_us > ? ORDER BY start_us, id"
        )
        where = self._where(video_id, modality, near, longest)
        return [Span(start, end) for start, end in self._db.execute(query, where).fetchall()]

    def vectors(
        self,
        video_id: int,
        modality: str,
        space: Space,
        near: Span,
        longest: Longest | None = None,
    ) -> list[tuple[Span, bytes]]:
        """Span and float16 vector of a video's chunks, as `spans`."""
        query = (
            "SELECT start_us, end_us, vector FROM chunks JOIN vectors ON chunk_id = chunks.id"
            " WHERE video_id = ? AND modality = ? AND start_us > ? AND start_us < ? AND end_us > ?"
            " AND space_id = (SELECT id FROM spaces WHERE encoder = ? AND dim = ? AND version = ?)"
            " ORDER BY start_us, chunks.id"
        )
        where = self._where(video_id, modality, near, longest)
        found = self._db.execute(query, (*where, space.encoder, space.dim, space.version))
        return [(Span(start, end), vector) for start, end, vector in found.fetchall()]

    def _where(
        self, video_id: int, modality: str, near: Span, longest: Longest | None
    ) -> tuple[int, str, int, int, int]:
        """Whose, and after when it starts, before when, and after when it ends."""
        longest = {} if longest is None else longest
        if (video_id, modality) not in longest:
            query = "SELECT max(end_us - start_us) FROM chunks WHERE video_id = ? AND modality = ?"
            found = self._db.execute(query, (video_id, modality)).fetchone()
            longest[video_id, modality] = int(found[0] or 0)
        after_us = near.start - longest[video_id, modality]
        return video_id, modality, after_us, near.end, near.start
