"""The catalog's tables, and opening its file: whose it is, how old, how safe.

A schema once released is never edited: a change raises `SCHEMA_VERSION` and brings a
migration. Whoever opens an older catalog to write to it brings it up to date, after a copy of
it was made beside it; whoever reads takes it as it is.
"""

from __future__ import annotations

import logging
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vidcut import durable, journal, places, seal
from vidcut.database import Access, Connection, Rows
from vidcut.errors import LibraryBusyError, LibraryError, LibraryNewerError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

APPLICATION_ID = 0x76646374
"""``vdct`` in ASCII: SQLite's own mark of whose file it is."""
SCHEMA_VERSION = 3
_CHECKED_SINCE = 3
"""The version whose pages carry checksums."""
_log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE videos (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    path        BLOB NOT NULL UNIQUE,          -- relative to the library's folder
    size        INTEGER NOT NULL,
    mtime_ns    INTEGER NOT NULL,
    hash        BLOB NOT NULL,                 -- of the whole content
    duration_us INTEGER NOT NULL,
    media       TEXT,                          -- what the reader said, as JSON
    state       TEXT NOT NULL CHECK (state IN ('ok', 'partial', 'failed', 'missing')),
    failure     TEXT
);
CREATE INDEX videos_by_hash ON videos (hash);

CREATE TABLE progress (                        -- how far a modality is with a video
    video_id INTEGER NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    modality TEXT NOT NULL,
    recipe   TEXT NOT NULL,                    -- what made its chunks
    done_us  INTEGER NOT NULL,
    finished INTEGER NOT NULL CHECK (finished IN (0, 1)),
    PRIMARY KEY (video_id, modality)
) WITHOUT ROWID;

CREATE TABLE cuts (
    video_id INTEGER NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    at_us    INTEGER NOT NULL,
    PRIMARY KEY (video_id, at_us)
) WITHOUT ROWID;

CREATE TABLE spaces (
    id      INTEGER PRIMARY KEY,
    encoder TEXT NOT NULL,
    dim     INTEGER NOT NULL,
    version TEXT NOT NULL,
    UNIQUE (encoder, dim, version)
);

CREATE TABLE chunks (
    id       INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice: snapshots rely on it
    video_id INTEGER NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    modality TEXT NOT NULL,
    start_us INTEGER NOT NULL,
    end_us   INTEGER NOT NULL CHECK (end_us >= start_us),
    text     TEXT,
    language TEXT,
    words    TEXT                               -- JSON: [[start_us, end_us, text], ...]
);
CREATE INDEX chunks_by_time ON chunks (video_id, modality, start_us);

CREATE TABLE vectors (
    chunk_id INTEGER PRIMARY KEY REFERENCES chunks (id) ON DELETE CASCADE,
    space_id INTEGER NOT NULL REFERENCES spaces (id),
    vector   BLOB NOT NULL,                     -- float16, little-endian
    crc32    INTEGER NOT NULL
);

-- The terms come folded and apart. This tokenizer takes them as they are: to it all that is
-- no ASCII is part of a word, where others have their own tables of what letters are.
CREATE VIRTUAL TABLE texts USING fts5 (terms, tokenize = "ascii tokenchars ''''");
CREATE VIRTUAL TABLE texts_terms USING fts5vocab (texts, row);
CREATE TRIGGER chunks_forget_text AFTER DELETE ON chunks BEGIN
    DELETE FROM texts WHERE rowid = old.id;
    UPDATE settings SET value = value + 1 WHERE name = 'deletions';
END;

INSERT INTO settings VALUES ('deletions', '0');
"""
TEXTS_ANEW = """
DROP TABLE texts_terms;
DROP TABLE texts;
CREATE VIRTUAL TABLE texts USING fts5 (terms, tokenize = "ascii tokenchars ''''");
CREATE VIRTUAL TABLE texts_terms USING fts5vocab (texts, row);
"""
"""Leaves the full text empty, with nothing of what it was."""
_MIGRATIONS = {
    1: """
CREATE TABLE uses (                            -- what went into a film or a timeline
    video_id INTEGER NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    start_us INTEGER NOT NULL,
    end_us   INTEGER NOT NULL CHECK (end_us > start_us),
    what     TEXT NOT NULL,                    -- into which
    at       TEXT NOT NULL,                    -- when first: ISO 8601, in UTC
    PRIMARY KEY (video_id, start_us, end_us, what)
) WITHOUT ROWID;
""",
    2: "",  # the same tables, in pages that carry checksums
}
"""Version → what makes the next one of it; the first is `_SCHEMA`."""


def create(path: Path) -> Connection:
    """Make a new, empty catalog; the file must not exist.

    Raises:
        LibraryError: it cannot be made.
    """
    tables = "".join((_SCHEMA, *_MIGRATIONS.values()))
    marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};"
    connection = Connection(path, Access.CREATE)
    with _closed_on_failure(connection):
        connection.want_checksums()
        connection.execute(f"BEGIN; {tables} {marks} COMMIT;")
        return _made_durable(connection)


def open_(path: Path, *, writable: bool) -> Connection:
    """Open a catalog; an older one is brought up to date where it is opened to write.

    Raises:
        LibraryNotFoundError: there is no such file.
        LibraryNewerError: a newer vidcut made it.
        LibraryBusyError: another process is using it, and it cannot be shared now.
        LibraryError: it is not a catalog, or a damaged one.
        OutputError: there is no room to keep a copy of an older one.
    """
    durable.demand_plain(path)
    sealed = _intact_seal(path)
    _demand_whole_log(path, sealed)
    if not writable:
        connection = Connection(path, _reading(path, sealed), sealed)
        with _closed_on_failure(connection):
            _checked_version(connection)
            return connection
    if sealed:
        _demand_sealed(path, sealed)
    return _open_to_write(path)


def backup_of(path: Path, version: int) -> Path:
    """Where the copy of an older catalog is kept, from before it was brought up to date."""
    return path.with_name(f"{path.stem}.v{version}{path.suffix}")


class _Writer(Connection):
    """The one connection that writes: it breaks the seal before, and sets it after."""

    def __init__(self, path: Path, access: Access) -> None:
        super().__init__(path, access)
        self._is_sealed = seal.of(path).exists()
        self.before_commit(self._break_seal)

    def execute(self, sql: str, values: tuple[Any, ...] = ()) -> Rows:
        """As `Connection.execute`; what is large is written before it is committed."""
        if not sql.startswith("SELECT"):
            self._break_seal()
        return super().execute(sql, values)

    def executemany(self, sql: str, each: Iterable[tuple[Any, ...]]) -> None:
        """As `Connection.executemany`."""
        self._break_seal()
        super().executemany(sql, each)

    def close(self) -> None:
        """Let go of the file, sealed where nobody is reading."""
        try:
            if not (self._is_sealed or self.in_transaction):
                self._seal()
        finally:
            super().close()

    def _seal(self) -> None:
        self.do_not_wait()
        try:
            if self.has_checksums and self.checkpoint():
                if journal.of(self.path).exists():  # else an old log might come back
                    durable.sync(journal.of(self.path))
                seal.make(self.path)
        except (LibraryError, OSError) as error:  # all is kept; it is only not sealed
            _log.warning("%s was not sealed (%s)", self.path, error)

    def _break_seal(self) -> None:
        if not self._is_sealed:
            return
        with durable.writing_in(self.path.parent):
            seal.break_(self.path)
        self._is_sealed = False


# Opening -----------------------------------------------------------------------------------


def _open_to_write(path: Path) -> Connection:
    connection = _Writer(path, Access.WRITE)
    with _closed_on_failure(connection):
        _keep_to_itself(connection)
        version = _checked_version(connection)
        if version == SCHEMA_VERSION:
            return _made_durable(connection)
        _bring_up_to_date(connection, version)
    connection.close()
    return _open_to_write(path)


def _intact_seal(path: Path) -> seal.Seal | None:
    try:
        return seal.read(seal.of(path))
    except LibraryError as error:
        _log.warning("%s", error)  # the pages still are checked one by one
        return None


def _demand_whole_log(path: Path, sealed: seal.Seal | None) -> None:
    log = journal.of(path)
    if not durable.size(log):
        return
    if sealed and sealed.is_in_place():
        fact = f"{log} is not a log of {path}, which was closed without one"
        raise LibraryError(f"{fact}; 'vidcut verify --repair' puts it aside")
    if journal.is_damaged(log):
        fact = f"{log} is damaged, and with it what was written last"
        raise LibraryError(f"{fact}; 'vidcut verify --repair' saves what can be saved")


def _demand_sealed(path: Path, sealed: seal.Seal) -> None:
    misplaced = sealed.misplaced(path)
    if misplaced:
        fact = f"{path} is damaged: page {misplaced[0]} is not the one last written"
        raise LibraryError(f"{fact}; 'vidcut verify --repair' saves what can be saved")


def _reading(path: Path, sealed: seal.Seal | None) -> Access:
    """How to read it: as it stands where there is no room, or no safe place, for a log."""
    network = places.network(path.parent)
    if not network and os.access(path.parent, os.W_OK):
        return Access.READ
    if not durable.size(journal.of(path)) and (sealed or not network):
        return Access.FROZEN
    if network:
        fact = f"{path} is being written to, or was when its writer was interrupted"
        remedy = "on a network file system only one process can use it: wait, or index again"
        raise LibraryBusyError(f"{fact} ({network}); {remedy}")
    return Access.READ


def _keep_to_itself(connection: Connection) -> None:
    """Share no memory with other processes where other machines may have the file open."""
    if places.network(connection.path.parent):
        connection.pragma("locking_mode", "EXCLUSIVE")


@contextmanager
def _closed_on_failure(connection: Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise


def _made_durable(connection: Connection) -> Connection:
    connection.pragma("journal_mode", "WAL")
    connection.pragma("synchronous", "FULL")
    connection.pragma("foreign_keys", "ON")
    return connection


def _checked_version(connection: Connection) -> int:
    path = connection.path
    owner = connection.pragma("application_id")
    version = int(connection.pragma("user_version"))
    if owner != APPLICATION_ID or version < 1:
        raise LibraryError(f"{path} is no vidcut library; point --library at another folder")
    if version > SCHEMA_VERSION:
        fact = f"{path} was made by a newer vidcut (library version {version})"
        raise LibraryNewerError(f"{fact}; this one reads up to {SCHEMA_VERSION}: upgrade vidcut")
    if version >= _CHECKED_SINCE and not connection.has_checksums:
        fact = f"{path} is damaged: its pages carry no checksums"
        raise LibraryError(f"{fact}; 'vidcut verify --repair' saves what can be saved")
    return version


# Bringing up to date -----------------------------------------------------------------------


def _bring_up_to_date(connection: Connection, version: int) -> None:
    """Make the catalog that it is to be, and put it in its place with one rename.

    A process that is killed leaves the old catalog or the new one. The connection stays with
    the old one.
    """
    path = connection.path
    connection.do_not_wait()
    # Alone with the file, and its log in it. No journal on the disk: a reader could not take back
    # what one of a killed run says, and all that changes lies in one sector of the first page.
    if connection.pragma("journal_mode", "MEMORY") != "memory":
        raise LibraryBusyError(f"{path} is being read; wait for that or stop it")
    _keep_copy(path, backup_of(path, version))
    aside = path.with_name(f".{path.name}.new.part")
    try:
        with durable.nothing_left(path.parent, f"{aside.name}*"):
            connection.want_checksums()
            connection.execute("VACUUM INTO ?", (aside.absolute().as_uri(),))
            _step_up(aside, version)
            shutil.copymode(path, aside)
            durable.sync(aside)
            seal.break_(path)
            aside.replace(path)
            durable.sync(path.parent)
    except OSError as error:
        fact = f"{path} cannot be brought up to date ({error.strerror})"
        raise OutputError(f"{fact}; make room there or make it writable") from error


def _step_up(aside: Path, version: int) -> None:
    steps = "".join(_MIGRATIONS[step] for step in range(version, SCHEMA_VERSION))
    connection = Connection(aside, Access.WRITE)
    with _closed_on_failure(connection):
        marks = f"PRAGMA user_version = {SCHEMA_VERSION};"
        connection.execute(f"BEGIN IMMEDIATE; {steps} {marks} COMMIT;")
        # Here, for in its place it would need a journal that no reader may take back.
        connection.pragma("journal_mode", "WAL")
    connection.close()


def _keep_copy(path: Path, backup: Path) -> None:
    """A copy of the catalog as it is, whole or not at all."""
    try:
        with durable.whole(backup) as aside:
            shutil.copyfile(path, aside)
            shutil.copymode(path, aside)
    except OSError as error:
        fact = f"{backup}, the copy of an older library, cannot be written ({error})"
        raise OutputError(f"{fact}; make room for it and go on") from error
