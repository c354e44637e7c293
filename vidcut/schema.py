"""The catalog's tables, and opening its file: whose it is, how old, how safe.

A schema once released is never edited: a change raises `SCHEMA_VERSION` and brings a
migration.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vidcut.errors import LibraryError, LibraryNewerError, LibraryNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import Self

APPLICATION_ID = 0x76646374
"""``vdct`` in ASCII: SQLite's own mark of whose file it is."""
SCHEMA_VERSION = 1

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


def create(path: Path) -> Connection:
    """Make a new, empty catalog; the file must not exist.

    Raises:
        LibraryError: it cannot be made.
    """
    marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};"
    with _translated(path):
        connection = _connect(path, "rwc")
        with _closed_on_failure(connection):
            connection.executescript(f"BEGIN; {_SCHEMA} {marks} COMMIT;")
            return _made_durable(connection)


def open_(path: Path, *, writable: bool) -> Connection:
    """Open a catalog.

    Raises:
        LibraryNotFoundError: there is no such file.
        LibraryNewerError: a newer vidcut made it.
        LibraryError: it is not a catalog, or a damaged one.
    """
    if not path.is_file():
        raise LibraryNotFoundError(f"{path} does not exist; 'vidcut index FOLDER' makes a library")
    with _translated(path):
        connection = _connect(path, "rw" if writable else "ro")
        with _closed_on_failure(connection):
            _check(connection, path)
            return _made_durable(connection) if writable else connection


class Connection(sqlite3.Connection):
    """Raises `LibraryError` for whatever SQLite cannot do with the file."""

    def execute(self, sql: str, parameters: Any = (), /) -> _Cursor:
        """As `sqlite3.Connection.execute`."""
        return self.cursor(_Cursor).execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> _Cursor:
        """As `sqlite3.Connection.executemany`."""
        return self.cursor(_Cursor).executemany(sql, parameters)


class _Cursor(sqlite3.Cursor):
    def execute(self, sql: str, parameters: Any = (), /) -> Self:
        with _translated():
            return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Self:
        with _translated():
            return super().executemany(sql, parameters)

    def fetchone(self) -> Any:
        with _translated():
            return super().fetchone()

    def fetchall(self) -> list[Any]:
        with _translated():
            return super().fetchall()

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except sqlite3.DatabaseError as error:
            raise _unusable(error) from error


@contextmanager
def _translated(what: object = "the library's catalog") -> Iterator[None]:
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.IntegrityError):
        raise  # our mistake, not the file's
    except sqlite3.DatabaseError as error:
        raise _unusable(error, what) from error


def _unusable(error: sqlite3.DatabaseError, what: object = "the library's catalog") -> LibraryError:
    fact = f"{what} cannot be used ({error})"
    if str(error) == "database or disk is full":
        return LibraryError(f"{fact}; make room on the disk and go on")
    return LibraryError(f"{fact}; restore .vidcut from a backup, or remove it and index anew")


@contextmanager
def _closed_on_failure(connection: Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise


def _connect(path: Path, mode: str) -> Connection:
    # A folder that cannot be written to has room for no WAL: read the file as it stands.
    frozen = mode == "ro" and not os.access(path.parent, os.W_OK)
    uri = f"{path.absolute().as_uri()}?mode={mode}{'&immutable=1' if frozen else ''}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=10, factory=Connection)


def _made_durable(connection: Connection) -> Connection:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _check(connection: Connection, path: Path) -> None:
    plain = connection.cursor()  # what goes wrong here is translated with the path
    owner = plain.execute("PRAGMA application_id").fetchone()[0]
    version = plain.execute("PRAGMA user_version").fetchone()[0]
    if owner != APPLICATION_ID:
        raise LibraryError(f"{path} is no vidcut library; point --library at another folder")
    if version > SCHEMA_VERSION:
        fact = f"{path} was made by a newer vidcut (library version {version})"
        raise LibraryNewerError(f"{fact}; this one reads up to {SCHEMA_VERSION}: upgrade vidcut")
