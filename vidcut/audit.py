"""Is a catalog that can be read in itself as vidcut writes it? Each thing that is not, told."""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from vidcut import rows, terms
from vidcut.errors import LibraryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vidcut.database import Connection

MOST = 20
"""Findings of one kind that are told one by one, where thousands may be alike."""


class Kind(StrEnum):
    """What is not as it is to be."""

    CATALOG = "catalog"
    """The file itself: it has to be made anew of what can be read."""
    REFERENCE = "reference"
    """A row that belongs to none."""
    VIDEO = "video"
    CHUNK = "chunk"
    VECTOR = "vector"
    PROGRESS = "progress"
    TEXT = "text"
    COUNT = "count"
    SETTING = "setting"
    SEAL = "seal"
    SNAPSHOT = "snapshot"
    LEFTOVER = "leftover"
    MEDIA = "media"
    """A file that is not what was indexed: no damage to the library."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it is to be."""

    kind: Kind
    where: str
    """The file, or the video and what of it."""
    fact: str
    remedy: str
    video_id: int | None = None
    """Whose it is, and of which modality, where that is known."""
    modality: str | None = None

    @property
    def is_damage(self) -> bool:
        """Whether it is the library's own: media are the user's to change."""
        return self.kind is not Kind.MEDIA


def fact_of(error: LibraryError, where: str) -> str:
    """What an error says of a place, without the place's name and the remedy, told beside it."""
    said = str(error)
    rest = said.removeprefix(f"{where} ")
    fact = rest.partition("; ")[0]
    return fact if rest == said else f"it {fact}"


_REPAIR = "'vidcut verify --repair' mends it"
_ANEW = "'vidcut verify --repair' forgets it, and the next 'vidcut index' makes it anew"


def findings(connection: Connection) -> Iterator[Finding]:
    """What is not as it is to be, by and by; where it is the catalog's file, nothing else.

    The catalog is that of the present version.
    """
    is_sound = True
    for check in (_structure, _references, _settings, _videos, _chunks, _vectors, _progress):
        try:
            for finding in check(connection):
                is_sound = is_sound and finding.kind is not Kind.CATALOG
                yield finding
        except LibraryError as error:
            where = str(connection.path)
            yield Finding(Kind.CATALOG, where, fact_of(error, where), _REPAIR)
            return
        if not is_sound:  # its rows may be anything
            return


def _structure(connection: Connection) -> Iterator[Finding]:
    """B-trees, indexes and, since SQLite 3.44, the full text's index against its texts."""
    for (said,) in connection.execute(f"PRAGMA integrity_check({MOST})"):
        if said != "ok":
            kind = Kind.TEXT if "texts" in said and "fts5" in said.lower() else Kind.CATALOG
            yield Finding(kind, str(connection.path), str(said), _REPAIR)


def _references(connection: Connection) -> Iterator[Finding]:
    for table, _, parent, _ in connection.execute("PRAGMA foreign_key_check").fetchall()[:MOST]:
        fact = f"a row of {table} belongs to none of {parent}"
        yield Finding(Kind.REFERENCE, str(connection.path), fact, _REPAIR)


def _settings(connection: Connection) -> Iterator[Finding]:
    where = str(connection.path)
    kept = dict(connection.execute("SELECT name, value FROM settings").fetchall())
    for name in ("library_id", "deletions"):
        if name not in kept:
            yield Finding(Kind.SETTING, where, f"the setting {name} is gone", _REPAIR)
    spaces = set(connection.execute("SELECT encoder, dim, version FROM spaces").fetchall())
    for name, value in kept.items():
        if name.startswith("space.") and _space(value) not in spaces:
            fact = f"the setting {name} names a space that no vector is in"
            modality = name.removeprefix("space.")
            yield Finding(Kind.SETTING, where, fact, _ANEW, modality=modality)
        if name.startswith("lost_us.") and not str(value).isdecimal():
            yield Finding(Kind.SETTING, where, f"the setting {name} is no number", _REPAIR)
    if not str(kept.get("deletions", "0")).isdecimal():
        yield Finding(Kind.SETTING, where, "the setting deletions is no number", _REPAIR)
        return
    made = "SELECT seq FROM sqlite_sequence WHERE name = 'chunks'"
    row = connection.execute(made).fetchone()
    there = connection.execute("SELECT count(*), max(id) FROM chunks").fetchone()
    gone = (row[0] if row else 0) - int(kept.get("deletions", 0)) - there[0]
    if gone or (there[1] or 0) > (row[0] if row else 0):
        fact = f"{there[0]} chunks are there, and of those made {gone} more should be"
        yield Finding(Kind.COUNT, where, fact, _ANEW)


def _space(value: str) -> tuple[object, ...]:
    try:
        return tuple(json.loads(value))
    except (TypeError, ValueError):
        return ()


def _videos(connection: Connection) -> Iterator[Finding]:
    for row in connection.execute(f"{rows.VIDEO} ORDER BY id"):
        try:
            rows.video(row)
        except LibraryError as error:
            where = os.fsdecode(row[1])
            yield Finding(Kind.VIDEO, where, fact_of(error, where), _ANEW, video_id=row[0])


def _chunks(connection: Connection) -> Iterator[Finding]:
    """Each chunk by itself, and whether its text is found by the terms that it has."""
    query = (
        "SELECT c.id, c.video_id, c.modality, c.start_us, c.end_us, c.text, c.language, c.words,"
        " terms, path FROM chunks AS c LEFT JOIN texts ON texts.rowid = c.id"
        " LEFT JOIN videos ON videos.id = video_id ORDER BY c.id"
    )
    for *columns, found_by, path in connection.execute(query):
        where = f"{os.fsdecode(path or b'?')}, {columns[2]} at {columns[3] / 1e6:.3f} s"
        owner = {"video_id": columns[1], "modality": columns[2]}
        try:
            chunk = rows.chunk(tuple(columns))
        except LibraryError as error:
            yield Finding(Kind.CHUNK, where, fact_of(error, where), _ANEW, **owner)
            continue
        if (found_by or "") != terms.found_by(chunk.text):
            fact = "the full text has other words than the chunk"
            yield Finding(Kind.TEXT, where, fact, _REPAIR, **owner)
    orphans = "SELECT count(*) FROM texts WHERE rowid NOT IN (SELECT id FROM chunks)"
    count = connection.execute(orphans).fetchone()[0]
    if count:
        fact = f"the full text has {count} texts of no chunk"
        yield Finding(Kind.TEXT, str(connection.path), fact, _REPAIR)


def _vectors(connection: Connection) -> Iterator[Finding]:
    query = (
        "SELECT video_id, modality, start_us, path, dim, vector, crc32 FROM vectors"
        " JOIN chunks ON chunks.id = chunk_id JOIN spaces ON spaces.id = space_id"
        " LEFT JOIN videos ON videos.id = video_id ORDER BY chunk_id"
    )
    for video_id, modality, start_us, path, dim, vector, crc32 in connection.execute(query):
        if len(vector) != 2 * dim or zlib.crc32(vector) != crc32:
            where = f"{os.fsdecode(path or b'?')}, {modality} at {start_us / 1e6:.3f} s"
            fact = "the vector is not the one that was written"
            yield Finding(Kind.VECTOR, where, fact, _ANEW, video_id, modality)


def _progress(connection: Connection) -> Iterator[Finding]:
    """Chunks that no mark of progress covers: an index run would make them once more."""
    query = (
        "SELECT c.video_id, c.modality, path, max(start_us), done_us, finished FROM chunks AS c"
        " JOIN videos ON videos.id = c.video_id LEFT JOIN progress AS p"
        " ON p.video_id = c.video_id AND p.modality = c.modality"
        " GROUP BY c.video_id, c.modality"
        " HAVING done_us IS NULL OR (NOT finished AND max(start_us) > done_us)"
    )
    for video_id, modality, path, start_us, done_us, _ in connection.execute(query):
        where = f"{os.fsdecode(path)}, {modality}"
        mark = "nowhere" if done_us is None else f"at {done_us / 1e6:.3f} s"
        fact = f"there are chunks up to {start_us / 1e6:.3f} s, and the mark of progress is {mark}"
        yield Finding(Kind.PROGRESS, where, fact, _ANEW, video_id, modality)
