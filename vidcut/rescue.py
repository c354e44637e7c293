"""A new catalog of what can still be read of a damaged one.

Only pages that are as they were written are believed. What lay on others is lost to the
catalog, not to the library: what cannot be shown to be complete is forgotten, so that the next
index run makes it anew from the media.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vidcut import durable, journal, schema, seal, terms
from vidcut.database import Access, Connection
from vidcut.errors import LibraryError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TABLES = {
    "settings": ("name", "value"),
    "videos": (
        "id", "path", "size", "mtime_ns", "hash", "duration_us", "media", "state", "failure",
    ),
    "spaces": ("id", "encoder", "dim", "version"),
    "chunks": ("id", "video_id", "modality", "start_us", "end_us", "text", "language", "words"),
    "vectors": ("chunk_id", "space_id", "vector", "crc32"),
    "progress": ("video_id", "modality", "recipe", "done_us", "finished"),
    "cuts": ("video_id", "at_us"),
    "uses": ("video_id", "start_us", "end_us", "what", "at"),
}  # fmt: skip
"""The tables and their columns, each after those that it refers to; the key comes first."""
_ROWIDS = ("videos", "spaces", "chunks", "vectors")
"""Of these a row is found by a number."""
_TWICE = {"spaces": "sqlite_autoindex_spaces_1"}
"""Tables of which an index has all columns too. Without its space every vector is lost."""
UNFINISHED = "UPDATE videos SET state = 'partial' WHERE id = ? AND state = 'ok'"
"""Of a video of which something was forgotten, until an index run has made it anew."""
_MOST_TRIES = 100_000
"""Numbers that are tried one by one between what can be read from the front and the back."""


def rescue(path: Path) -> tuple[Path, dict[str, int]]:
    """Put a new catalog in a damaged one's place, which is kept beside it.

    Returns:
        Where the damaged one lies now, and how many rows of each table are in the new one.
    """
    aside = path.with_name(f".{path.name}.rescue.part")
    with durable.writing_in(path.parent):
        for left in (aside, journal.of(aside), seal.of(aside)):
            left.unlink(missing_ok=True)
        new = schema.create(aside)
        try:
            saved = _fill(new, path)
        finally:
            new.close()
        durable.sync(aside)
        kept = _free_name(path)
        _keep(path, kept)
        _keep(journal.of(path), journal.of(kept))
        durable.sync(path.parent)
        seal.of(path).unlink(missing_ok=True)
        # First: a new catalog must never meet an old log.
        for beside in (journal.of(path), path.with_name(f"{path.name}-shm")):
            beside.unlink(missing_ok=True)
        aside.replace(path)
        durable.sync(path.parent)
    return kept, saved


def _keep(path: Path, kept: Path) -> None:
    """The file under another name too, where there is any."""
    if not durable.size(path):
        return
    try:
        kept.hardlink_to(path)
    except OSError:  # no hard links here (exFAT, some shares)
        shutil.copyfile(path, kept)
        durable.sync(kept)


def _free_name(path: Path) -> Path:
    number = 1
    while (kept := path.with_name(f"{path.stem}.damaged-{number}{path.suffix}")).exists():
        number += 1
    return kept


def _fill(new: Connection, damaged: Path) -> dict[str, int]:
    new.pragma("foreign_keys", "OFF")
    new.execute("BEGIN IMMEDIATE; DELETE FROM settings")
    broken = {table for table in _TABLES if not _copy(new, damaged, table)}
    remove_orphans(new)
    if broken & {"cuts"} or not _forget_where_chunks_are_lost(new, damaged):
        new.execute("DELETE FROM progress")
        new.execute("UPDATE videos SET state = 'partial' WHERE state = 'ok'")
    _forget_what_is_not_whole(new)
    find_texts(new)
    _settle(new)
    saved = {table: _count(new, table) for table in _TABLES}
    new.execute("COMMIT")
    return saved


def _count(new: Connection, table: str) -> int:
    return int(new.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608


# Reading -----------------------------------------------------------------------------------


def _copy(new: Connection, damaged: Path, table: str) -> bool:
    """Every row that can be read; whether that was all of them."""
    columns = _TABLES[table]
    places = ", ".join("?" * len(columns))
    put = f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608
    select = f"SELECT {', '.join(columns)} FROM {table}"  # noqa: S608  (names of ours)
    ends = []
    for order in ("", f" ORDER BY {columns[0]} DESC"):
        rows = _Reading(damaged, select + order)
        new.executemany(put, rows)
        if rows.is_whole:
            return True
        ends.append(rows.last)
    if table in _ROWIDS:
        first, final = (end if isinstance(end, int) else 0 for end in ends)
        for number in range(first + 1, min(final, first + _MOST_TRIES)):
            new.executemany(put, _Reading(damaged, f"{select} WHERE {columns[0]} = {number}"))
    if table in _TWICE:
        rows = _Reading(damaged, f"{select} INDEXED BY {_TWICE[table]}")
        new.executemany(put, rows)
        return rows.is_whole
    return False


class _Reading:
    """Rows of a damaged catalog up to where it cannot be read."""

    def __init__(self, damaged: Path, query: str) -> None:
        self.is_whole = False
        self.last: object = None
        """The first column of the last row."""
        self._damaged = damaged
        self._query = query

    def __iter__(self) -> Iterator[tuple[object, ...]]:
        try:
            with _opened(self._damaged) as old:
                for row in old.execute(self._query):
                    yield row
                    self.last = row[0]
            self.is_whole = True
        except LibraryError:
            return


@contextmanager
def _opened(damaged: Path) -> Iterator[Connection]:
    """Open to read, with what its log holds where the log is its own."""
    is_alone = seal.of(damaged).exists() or not durable.size(journal.of(damaged))
    old = Connection(damaged, Access.FROZEN if is_alone else Access.READ)
    try:
        yield old
    finally:
        old.close()


# Making it whole ---------------------------------------------------------------------------


def remove_orphans(new: Connection) -> None:
    """Leave out the rows that belong to none."""
    for table in ("chunks", "progress", "cuts", "uses"):
        new.execute(f"DELETE FROM {table} WHERE video_id NOT IN (SELECT id FROM videos)")  # noqa: S608
    new.execute(
        "DELETE FROM vectors WHERE chunk_id NOT IN (SELECT id FROM chunks)"
        " OR space_id NOT IN (SELECT id FROM spaces)"
    )


def _forget_where_chunks_are_lost(new: Connection, damaged: Path) -> bool:
    """Forget each modality of a video that lost some; whether it is known which those are.

    How many there were, the counters say; where some are lost, the index by time names them.
    """
    made = [*_Reading(damaged, "SELECT seq FROM sqlite_sequence WHERE name = 'chunks'")]
    gone = [*_Reading(damaged, "SELECT value FROM settings WHERE name = 'deletions'")]
    if made:
        new.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'chunks'", made[0])
    there = {row[0] for row in new.execute("SELECT id FROM chunks")}
    try:
        count = int(str(made[0][0])) - int(str(gone[0][0]))
    except (IndexError, ValueError):
        count = None
    if len(there) == count:
        return True
    named = "SELECT id, video_id, modality FROM chunks INDEXED BY chunks_by_time"
    listed = [*_Reading(damaged, named)]
    for video_id, modality in {row[1:] for row in listed if row[0] not in there}:
        _forget(new, video_id, modality)
    return len(listed) == (count or 0)


def _forget_what_is_not_whole(new: Connection) -> None:
    """Chunks without their mark of progress, and those that lost their vector."""
    broken = new.execute(
        "SELECT DISTINCT video_id, modality FROM chunks AS c WHERE NOT EXISTS"
        " (SELECT 1 FROM progress AS p WHERE p.video_id = c.video_id AND p.modality = c.modality)"
        " OR id NOT IN (SELECT chunk_id FROM vectors) AND"
        " ('space.' || modality IN (SELECT name FROM settings) OR modality IN"
        " (SELECT modality FROM chunks JOIN vectors ON chunk_id = id))"
    ).fetchall()
    for video_id, modality in broken:
        _forget(new, video_id, modality)


def _forget(new: Connection, video_id: object, modality: object) -> None:
    which = (video_id, modality)
    new.execute(
        "DELETE FROM vectors WHERE chunk_id IN"
        " (SELECT id FROM chunks WHERE video_id = ? AND modality = ?)",
        which,
    )
    new.execute("DELETE FROM chunks WHERE video_id = ? AND modality = ?", which)
    new.execute("DELETE FROM progress WHERE video_id = ? AND modality = ?", which)
    new.execute(UNFINISHED, (video_id,))


def find_texts(new: Connection) -> None:
    """Fill an empty full text from the chunks."""
    for chunk_id, text in new.execute("SELECT id, text FROM chunks WHERE text <> ''").fetchall():
        found_by = terms.found_by(text)
        if found_by:
            new.execute("INSERT INTO texts (rowid, terms) VALUES (?, ?)", (chunk_id, found_by))


def _settle(new: Connection) -> None:
    """What is known of all: a name of its own, so that no old snapshot is taken for its."""
    new.execute("INSERT OR REPLACE INTO settings VALUES ('library_id', lower(hex(randomblob(16))))")
    new.execute(
        "INSERT OR REPLACE INTO settings SELECT 'deletions',"
        " coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'chunks'), 0)"
        " - (SELECT count(*) FROM chunks)"
    )
    new.execute(
        "DELETE FROM settings WHERE name LIKE 'space.%' AND substr(name, 7) NOT IN"
        " (SELECT modality FROM chunks JOIN vectors ON chunk_id = id)"
    )
    new.execute(
        "INSERT OR IGNORE INTO settings SELECT 'space.' || modality,"
        " json_array(encoder, dim, version) FROM chunks JOIN vectors ON chunk_id = chunks.id"
        " JOIN spaces ON spaces.id = space_id GROUP BY modality, spaces.id ORDER BY count(*) DESC"
    )
