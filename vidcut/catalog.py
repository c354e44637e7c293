"""The catalog: one SQLite file that holds the truth of a library.

Every method is one statement or a few; what belongs together is wrapped in `writing()`,
which is one transaction. Paths are stored as bytes, since a file's name need not be text.
"""

from __future__ import annotations

import json
import os
import zlib
from contextlib import contextmanager
from dataclasses import asdict
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from vidcut import rows, schema
from vidcut.errors import LibraryError
from vidcut.losses import Losses
from vidcut.nearby import Nearby
from vidcut.records import Space, Span
from vidcut.texts import Texts
from vidcut.uses import Uses

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from vidcut.database import Connection
    from vidcut.records import Chunk, Draft, Media, Video


class Catalog:
    """An open catalog. Use from one thread."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection
        self.uses = Uses(connection)
        self.losses = Losses(connection)
        self.texts = Texts(connection)
        self.nearby = Nearby(connection)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: all of it or, whatever happens, nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._db.in_transaction:  # SQLite itself rolls back when the disk is full
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # Settings that the library keeps ---------------------------------------------------

    def setting(self, name: str) -> str | None:
        """What the library was told to keep under this name."""
        row = self._db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else None

    def keep_setting(self, name: str, value: str) -> None:
        """Keep a value under a name."""
        self._db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))

    # Videos ----------------------------------------------------------------------------

    def videos(self) -> list[Video]:
        """Every video, in order of path."""
        return [rows.video(row) for row in self._db.execute(f"{rows.VIDEO} ORDER BY path")]

    def video(self, video_id: int) -> Video:
        """The video of this id, which must be there."""
        if (found := self.video_of(video_id)) is None:
            raise LibraryError(f"the catalog knows no video {video_id}")
        return found

    def video_of(self, video_id: int) -> Video | None:
        """The video of this id, if there is one."""
        row = self._db.execute(f"{rows.VIDEO} WHERE id = ?", (video_id,)).fetchone()
        return rows.video(row) if row else None

    def video_at(self, path: str) -> Video | None:
        """The video at this path relative to the library, if it is known."""
        query = f"{rows.VIDEO} WHERE path = ?"
        row = self._db.execute(query, (os.fsencode(path),)).fetchone()
        return rows.video(row) if row else None

    def has_missing(self) -> bool:
        """Whether the file of a video is gone."""
        return bool(self._db.execute("SELECT 1 FROM videos WHERE state = 'missing'").fetchone())

    def version(self) -> tuple[int, int]:
        """Others whenever somebody has changed the catalog since: another process, or this."""
        return int(self._db.pragma("data_version")), self._db.changed_ever

    def is_older(self) -> bool:
        """Whether whoever opens it to write brings it up to date first, alone with it."""
        return int(self._db.pragma("user_version")) < schema.SCHEMA_VERSION

    def stamp(self, video_id: int) -> tuple[int, int]:
        """Size in bytes and modification time in nanoseconds when it was last looked at."""
        query = "SELECT size, mtime_ns FROM videos WHERE id = ?"
        size, mtime_ns = self._db.execute(query, (video_id,)).fetchone()
        return size, mtime_ns

    def modified_ns(self) -> dict[int, int]:
        """Video → modification time in nanoseconds when its file was last looked at."""
        return dict(self._db.execute("SELECT id, mtime_ns FROM videos").fetchall())

    def content(self, video_id: int) -> bytes:
        """The hash of the content that was last seen."""
        query = "SELECT hash FROM videos WHERE id = ?"
        return bytes(self._db.execute(query, (video_id,)).fetchone()[0])

    def videos_of_content(self, content: bytes) -> list[Video]:
        """The videos whose content has this hash."""
        return list(map(rows.video, self._db.execute(f"{rows.VIDEO} WHERE hash = ?", (content,))))

    def copies(self) -> list[list[int]]:
        """The ids of videos whose content is the same, each group in order of path."""
        query = (
            "SELECT hash, id FROM videos WHERE hash IN"
            " (SELECT hash FROM videos GROUP BY hash HAVING count(*) > 1) ORDER BY hash, path"
        )
        found = self._db.execute(query)
        return [[row[1] for row in group] for _, group in groupby(found, key=itemgetter(0))]

    def add_video(self, path: str, stamp: tuple[int, int], content: bytes) -> int:
        """A new video, of which only the file is known; its id."""
        statement = (
            "INSERT INTO videos (path, size, mtime_ns, hash, duration_us, state)"
            " VALUES (?, ?, ?, ?, 0, 'partial')"
        )
        self._db.execute(statement, (os.fsencode(path), *stamp, content))
        return self._db.last_id

    def restamp(self, video_id: int, path: str, stamp: tuple[int, int], content: bytes) -> None:
        """Record where the video now lies and what its file looks like."""
        statement = "UPDATE videos SET path = ?, size = ?, mtime_ns = ?, hash = ? WHERE id = ?"
        self._db.execute(statement, (os.fsencode(path), *stamp, content, video_id))

    def describe(self, video_id: int, media: Media | None) -> None:
        """Record what the reader says that the file holds, None where that is not known."""
        statement = "UPDATE videos SET duration_us = ?, media = ? WHERE id = ?"
        facts = json.dumps(asdict(media), default=str) if media else None
        self._db.execute(statement, (media.duration_us if media else 0, facts, video_id))

    def set_state(self, video_id: int, state: str, failure: str | None = None) -> None:
        """Record how the video stands, and why where it failed."""
        statement = "UPDATE videos SET state = ?, failure = ? WHERE id = ?"
        self._db.execute(statement, (state, _storable(failure), video_id))

    def forget_video(self, video_id: int) -> None:
        """The video and all that was made of it; the file itself is not touched."""
        self._db.execute("DELETE FROM chunks WHERE video_id = ?", (video_id,))
        self._db.execute("DELETE FROM videos WHERE id = ?", (video_id,))
        self.losses.forget(video_id)

    def forget_chunks(self, video_id: int, modality: str | None = None) -> None:
        """All of a video's chunks and progress, or those of one modality."""
        which = (video_id, modality, modality)
        which_rows = "WHERE video_id = ? AND (? IS NULL OR modality = ?)"
        for statement in ("DELETE FROM chunks", "DELETE FROM progress"):
            self._db.execute(f"{statement} {which_rows}", which)
        self.losses.forget(video_id, modality)
        if modality is None:
            self._db.execute("DELETE FROM cuts WHERE video_id = ?", (video_id,))

    # Progress --------------------------------------------------------------------------

    def progress(self, video_id: int) -> dict[str, tuple[str, int, bool]]:
        """Modality → recipe, microseconds done, whether finished."""
        query = "SELECT modality, recipe, done_us, finished FROM progress WHERE video_id = ?"
        found = self._db.execute(query, (video_id,))
        return {name: (recipe, done, bool(finished)) for name, recipe, done, finished in found}

    def advance(
        self, video_id: int, modality: str, recipe: str, *, done_us: int, finished: bool
    ) -> None:
        """Mark how far a modality is with a video."""
        values = (video_id, modality, recipe, done_us, finished)
        self._db.execute("INSERT OR REPLACE INTO progress VALUES (?, ?, ?, ?, ?)", values)

    # Chunks ----------------------------------------------------------------------------

    def space_id(self, space: Space) -> int:
        """The space's number, given now where it is new."""
        values = (space.encoder, space.dim, space.version)
        statement = "INSERT OR IGNORE INTO spaces (encoder, dim, version) VALUES (?, ?, ?)"
        self._db.execute(statement, values)
        query = "SELECT id FROM spaces WHERE encoder = ? AND dim = ? AND version = ?"
        return int(self._db.execute(query, values).fetchone()[0])

    def modalities(self) -> list[str]:
        """The modalities that were ever kept, without counting their chunks; sorted."""
        query = "SELECT substr(name, 7) FROM settings WHERE name LIKE 'space.%' ORDER BY 1"
        return [str(row[0]) for row in self._db.execute(query)]

    def modality_space(self, modality: str) -> Space | None:
        """The space that a modality's vectors are in; None before its first vector."""
        kept = self.setting(f"space.{modality}")
        with rows.as_written():
            return Space(*json.loads(kept)) if kept else None

    def keep_modality_space(self, modality: str, space: Space) -> None:
        """From now on the modality's vectors are in this space."""
        values = [space.encoder, space.dim, space.version]
        self.keep_setting(f"space.{modality}", json.dumps(values))

    def videos_left_behind(self, modality: str) -> int:
        """How many videos have this modality's vectors in another space than the present one.

        No query finds them by vector: another model made theirs.
        """
        space = self.modality_space(modality)
        spaces = self._db.execute("SELECT id, encoder, dim, version FROM spaces").fetchall()
        others = [row[0] for row in spaces if space is None or Space(*row[1:]) != space]
        query = (
            "SELECT count(DISTINCT video_id) FROM chunks JOIN vectors ON chunk_id = chunks.id"
            " WHERE modality = ? AND space_id IN (SELECT value FROM json_each(?))"
        )
        found = self._db.execute(query, (modality, json.dumps(others))) if others else None
        return int(found.fetchone()[0]) if found else 0

    def add_chunk(self, video_id: int, modality: str, draft: Draft, terms: str) -> int:
        """``terms`` are what full text finds the chunk by, joined by spaces."""
        words = json.dumps([[w.span.start, w.span.end, w.text] for w in draft.words])
        statement = (
            "INSERT INTO chunks (video_id, modality, start_us, end_us, text, language, words)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)"
        )
        span = draft.span
        text = _storable(draft.text)
        values = (video_id, modality, span.start, span.end, text, draft.language)
        self._db.execute(statement, (*values, words if draft.words else None))
        chunk_id = self._db.last_id
        if terms:
            self._db.execute("INSERT INTO texts (rowid, terms) VALUES (?, ?)", (chunk_id, terms))
        return chunk_id

    def add_vector(self, chunk_id: int, space_id: int, vector: bytes) -> None:
        """A chunk's vector: float16, little-endian."""
        values = (chunk_id, space_id, vector, zlib.crc32(vector))
        self._db.execute("INSERT INTO vectors VALUES (?, ?, ?, ?)", values)

    def add_cuts(self, video_id: int, cuts: Iterable[int], *, within: Span | None = None) -> None:
        """Add shot cuts; those known already stay, but for those within a span anew looked at."""
        if within is not None:
            where = (video_id, within.start, within.end)
            self._db.execute(
                "DELETE FROM cuts WHERE video_id = ? AND ? <= at_us AND at_us < ?", where
            )
        marks = [(video_id, cut) for cut in cuts]
        self._db.executemany("INSERT OR IGNORE INTO cuts VALUES (?, ?)", marks)

    def cuts(self, video_id: int) -> list[int]:
        """The video's shot cuts in microseconds, ascending."""
        found = self._db.execute(
            "SELECT at_us FROM cuts WHERE video_id = ? ORDER BY 1", (video_id,)
        )
        return [int(row[0]) for row in found]

    def chunks(self, ids: Sequence[int], *, words: bool = True) -> dict[int, Chunk]:
        """The chunks of these ids, those that there are.

        Args:
            ids: which.
            words: whether with their words' times, which are most of the work.
        """
        columns = rows.CHUNK if words else rows.CHUNK.replace(", words ", ", NULL ")
        found = self._db.execute(
            f"{columns} WHERE id IN {rows.AMONG}",
            (json.dumps([int(i) for i in ids]),),
        )
        return {chunk.id: chunk for chunk in map(rows.chunk, found)}

    def chunks_of(
        self, video_id: int, modality: str | None = None, *, words: bool = True
    ) -> list[Chunk]:
        """A video's chunks in order of time; ``words`` as in `chunks`."""
        columns = rows.CHUNK if words else rows.CHUNK.replace(", words ", ", NULL ")
        query = (
            f"{columns} WHERE video_id = ? AND (? IS NULL OR modality = ?)"
            " ORDER BY start_us, modality, id"
        )
        return [rows.chunk(row) for row in self._db.execute(query, (video_id, modality, modality))]

    def chunk_ids(self, modality: str, video_ids: Sequence[int]) -> list[int]:
        """The ids of these videos' chunks in a modality, ascending."""
        query = (
            "SELECT id FROM chunks WHERE modality = ?"
            " AND video_id IN (SELECT value FROM json_each(?)) ORDER BY id"
        )
        return [int(row[0]) for row in self._db.execute(query, (modality, json.dumps(video_ids)))]

    def vector(self, chunk_id: int, space: Space) -> bytes | None:
        """A chunk's float16 vector; None where the chunk is gone or in another space."""
        query = (
            "SELECT vector FROM vectors JOIN spaces ON spaces.id = space_id"
            " WHERE chunk_id = ? AND encoder = ? AND dim = ? AND version = ?"
        )
        values = (chunk_id, space.encoder, space.dim, space.version)
        row = self._db.execute(query, values).fetchone()
        return bytes(row[0]) if row else None

    def counts(self) -> dict[str, int]:
        """Modality → number of chunks."""
        query = "SELECT modality, count(*) FROM chunks GROUP BY modality ORDER BY modality"
        return dict(self._db.execute(query).fetchall())

    def last_chunk_id(self) -> int:
        """The highest number of a chunk; 0 where there is none."""
        return int(self._db.execute("SELECT max(id) FROM chunks").fetchone()[0] or 0)

    def counts_by_video(self) -> dict[int, int]:
        """Video → number of chunks, of those that have any."""
        return dict(self._db.execute("SELECT video_id, count(*) FROM chunks GROUP BY 1").fetchall())

    def vectors_after(
        self, modality: str, space: Space, chunk_id: int, *, limit: int = -1, until: int = -1
    ) -> tuple[list[int], bytes]:
        """Ids above ``chunk_id``, to ``until``, ascending; their float16 vectors end to end.

        Raises:
            LibraryError: a stored vector is not what was written.
        """
        query = (
            "SELECT chunks.id, vector, crc32 FROM chunks JOIN vectors ON chunk_id = chunks.id"
            " JOIN spaces ON spaces.id = space_id WHERE modality = ? AND chunks.id > ?"
            " AND encoder = ? AND dim = ? AND version = ? AND (? < 0 OR chunks.id <= ?)"
            " ORDER BY chunks.id LIMIT ?"
        )
        named = (space.encoder, space.dim, space.version)
        found = self._db.execute(query, (modality, chunk_id, *named, until, until, limit))
        ids, vectors = list[int](), bytearray()
        for row_id, vector, crc32 in found:
            if len(vector) != 2 * space.dim or zlib.crc32(vector) != crc32:
                fact = f"the vector of chunk {row_id} is damaged in the catalog"
                raise LibraryError(f"{fact}; 'vidcut verify --repair' mends it")
            ids.append(row_id)
            vectors += vector
        return ids, bytes(vectors)


def create(path: Path) -> Catalog:
    """Make a new, empty catalog; the file must not exist."""
    return Catalog(schema.create(path))


def open_(path: Path, *, writable: bool) -> Catalog:
    """Open a catalog.

    Raises:
        LibraryNotFoundError: there is no such file.
        LibraryNewerError: a newer vidcut made it.
        LibraryError: it is not a catalog, or a damaged one.
    """
    return Catalog(schema.open_(path, writable=writable))


def _storable(text: str | None) -> str | None:
    """Text as SQLite takes it: lone surrogates, as in odd file names, become escapes."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode()
