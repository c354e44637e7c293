"""A new catalog of what can still be read of a damaged one.

Only pages that are as they were written are believed. What lay on others is lost to the
catalog, not to the library: what cannot be shown to be complete is forgotten, so that the next
index run makes it anew from the media.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from vidcut import durable, journal, losses, schema, seal, terms
from vidcut.database import Access, Connection
from vidcut.errors import LibraryError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
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
_ONE_MODEL = "labels"
"""The encoder of pictures that has one model alone: by its own name it is kept."""
_MODEL = "SELECT 1 FROM settings WHERE name = 'visual_model'"
UNFINISHED = "UPDATE videos SET state = 'partial' WHERE id = ? AND state = 'ok'"
"""Of a video of which something was forgotten, until an index run has made it anew."""
_MISSED = ("settings", "videos", "uses")
"""Of these it is told what is lost: media cannot tell it again, or nobody would look at them."""
_PAGE_BYTES_AT, _PAGES_AT, _HEADER_BYTES = 16, 28, 100
"""Of SQLite's header (file format, 1.3)."""
_MOST_BYTES = 1 << 40
_MOST_TRIES = 100_000
"""Numbers that are tried one by one between what can be read from the front and the back."""


@dataclass(frozen=True, slots=True)
class Rescued:
    """What a new catalog has of a damaged one, and what only that one knew."""

    kept: Path
    """Where the damaged one lies now."""
    saved: dict[str, int]
    """How many rows of each table are in the new one."""
    lost: dict[str, int | None]
    """How many settings, videos and uses it lacks; None where it lacks some and none can tell."""
    has_model: bool
    """Whether it is known by which model pictures were read, or that none were."""


def rescue(path: Path) -> Rescued:
    """Put a new catalog in a damaged one's place, which is kept beside it."""
    aside = path.with_name(f".{path.name}.rescue.part")
    with durable.writing_in(path.parent):
        for left in (aside, journal.of(aside), seal.of(aside)):
            left.unlink(missing_ok=True)
        new = schema.create(aside)
        try:
            with _as_long_as_it_was(path) as whole:
                lost = _fill(new, whole)
            saved = {table: _count(new, table) for table in _TABLES}
            has_model = new.execute(_MODEL).fetchone() is not None
        finally:
            new.close()
        durable.sync(aside)
        kept = _free_name(path)
        _keep(path, kept)
        _keep(journal.of(path), journal.of(kept))
        durable.sync(path.parent)
        durable.clear(seal.of(path))
        # First: a new catalog must never meet an old log.
        for beside in (journal.of(path), path.with_name(f"{path.name}-shm")):
            beside.unlink(missing_ok=True)
        aside.replace(path)
        durable.sync(path.parent)
    return Rescued(kept, saved, lost, has_model)


@contextmanager
def _as_long_as_it_was(path: Path) -> Iterator[Path]:
    """The catalog; of one that was cut short a copy, in which what is gone is but damaged pages.

    Of a file that is shorter than its header says SQLite reads nothing.
    """
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    pages = int.from_bytes(header[_PAGES_AT : _PAGES_AT + 4], "big")
    length = pages * int.from_bytes(header[_PAGE_BYTES_AT : _PAGE_BYTES_AT + 2], "big")
    sealed = seal.of(path)
    has_log = durable.size(journal.of(path)) and not sealed.exists()  # which may hold the rest
    if has_log or not durable.size(path) < length <= _MOST_BYTES:
        yield path
        return
    copy = path.with_name(f".{path.name}.long.part")
    with durable.nothing_left(path.parent, f"{copy.name}*"):
        shutil.copyfile(path, copy)
        os.truncate(copy, length)
        if sealed.is_file():
            shutil.copyfile(sealed, seal.of(copy))
        yield copy


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


def _fill(new: Connection, damaged: Path) -> dict[str, int | None]:
    """Fill a new catalog; how many rows of `_MISSED` it has not, as `Rescued` tells it."""
    new.pragma("foreign_keys", "OFF")
    new.execute("BEGIN IMMEDIATE; DELETE FROM settings")
    broken = {table for table in _TABLES if not _copy(new, damaged, table)}
    lost = {table: _unread(new, damaged, table) for table in _MISSED}
    orphans = remove_orphans(new)
    lost["uses"] = None if lost["uses"] is None else lost["uses"] + orphans
    if broken & {"cuts"} or not _forget_where_chunks_are_lost(new, damaged):
        new.execute("DELETE FROM progress")
        new.execute("UPDATE videos SET state = 'partial' WHERE state = 'ok'")
    _forget_what_is_not_whole(new)
    find_texts(new)
    _settle(new)
    new.execute("COMMIT")
    return lost


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


def _unread(new: Connection, damaged: Path, table: str) -> int | None:
    """How many rows were not copied, by what pages say that are believed in nothing else."""
    query = f"SELECT count(*) FROM {table}"  # noqa: S608  (a name of ours)
    if _is_as_written(damaged, table):
        return 0
    counted = [int(str(row[0])) for row in _Reading(damaged, query, _Belief.ALL)]
    unread = sum(counted) - _count(new, table)
    return unread if unread > 0 else None


def _is_as_written(damaged: Path, table: str) -> bool:
    """Whether all of a table can be read, of pages that are those last written; or was none."""
    tables = _Reading(damaged, "SELECT name FROM sqlite_master", _Belief.LAST)
    named = {row[0] for row in tables}
    is_there = table in named
    rows = _Reading(damaged, f"SELECT * FROM {table}", _Belief.LAST)  # noqa: S608  (as above)
    for _ in rows if is_there else ():
        pass
    # The first libraries had no ledger; a file that has nothing at all was another one.
    return tables.is_whole and (rows.is_whole if is_there else "chunks" in named)


class _Belief(Enum):
    """Which pages of a damaged catalog are read."""

    LAST = auto()
    """Those that were written last, where a seal tells; else as `WRITTEN`."""
    WRITTEN = auto()
    """Those that are as they were once written: their checksums are right."""
    ALL = auto()


class _Reading:
    """Rows of a damaged catalog up to where it cannot be read."""

    def __init__(self, damaged: Path, query: str, belief: _Belief = _Belief.WRITTEN) -> None:
        self.is_whole = False
        self.last: object = None
        """The first column of the last row."""
        self._damaged = damaged
        self._query = query
        self._belief = belief

    def __iter__(self) -> Iterator[tuple[object, ...]]:
        try:
            with _opened(self._damaged, self._belief) as old:
                for row in old.execute(self._query):
                    yield row
                    self.last = row[0]
            self.is_whole = True
        except LibraryError:
            return


@contextmanager
def _opened(damaged: Path, belief: _Belief) -> Iterator[Connection]:
    """Open to read, with what its log holds where the log is its own."""
    is_alone = seal.of(damaged).exists() or not durable.size(journal.of(damaged))
    sealed = _seal(damaged) if belief is _Belief.LAST else None
    old = Connection(damaged, Access.FROZEN if is_alone else Access.READ, sealed)
    try:
        if belief is _Belief.ALL:
            old.pragma("checksum_verification", "OFF")
        yield old
    finally:
        old.close()


def _seal(damaged: Path) -> seal.Seal | None:
    with suppress(LibraryError):  # of a damaged one nothing can be told
        return seal.read(seal.of(damaged))
    return None


# Making it whole ---------------------------------------------------------------------------


def remove_orphans(new: Connection) -> int:
    """Leave out the rows that belong to none; how many of them told what was used."""
    for table in ("chunks", "progress", "cuts", "uses"):
        new.execute(f"DELETE FROM {table} WHERE video_id NOT IN (SELECT id FROM videos)")  # noqa: S608
    uses = new.changed  # the last of them
    new.execute(
        "DELETE FROM vectors WHERE chunk_id NOT IN (SELECT id FROM chunks)"
        " OR space_id NOT IN (SELECT id FROM spaces)"
    )
    return uses


def _forget_where_chunks_are_lost(new: Connection, damaged: Path) -> bool:
    """Forget each modality of a video that lost some; whether it is known which those are.

    How many there were, the counters say, or a seal that all are there; where some are lost, the
    index by time names them.
    """
    made = [*_Reading(damaged, "SELECT seq FROM sqlite_sequence WHERE name = 'chunks'")]
    gone = [*_Reading(damaged, "SELECT value FROM settings WHERE name = 'deletions'")]
    if made:
        new.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'chunks'", made[0])
    there = {row[0] for row in new.execute("SELECT id FROM chunks")}
    count = _difference(made, gone)
    is_certain = count is None and _seal(damaged) and _is_as_written(damaged, "chunks")
    if is_certain or len(there) == count:
        return True
    named = "SELECT id, video_id, modality FROM chunks INDEXED BY chunks_by_time"
    listed = [*_Reading(damaged, named)]
    for video_id, modality in {row[1:] for row in listed if row[0] not in there}:
        _forget(new, video_id, modality)
    return len(listed) == count


def _difference(made: Sequence[Any], gone: Sequence[Any]) -> int | None:
    """Of two counters, each a row if it could be read, and holding anything."""
    try:
        return int(str(made[0][0])) - int(str(gone[0][0]))
    except (IndexError, ValueError):
        return None


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
    new.execute(losses.OF_NONE)
    new.execute(
        "INSERT OR IGNORE INTO settings SELECT 'visual_model', ? FROM settings"
        " WHERE name = 'space.frame' AND json_extract(value, '$[0]') = ?",
        (_ONE_MODEL, _ONE_MODEL),
    )
