"""The catalog's tables, and opening its file: whose it is, how old, how safe.

A schema once released is never edited: a change raises `SCHEMA_VERSION` and brings a
migration.
"""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING

from vidcut.errors import LibraryError, LibraryNewerError, LibraryNotFoundError

if TYPE_CHECKING:
    from pathlib import Path

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

CREATE VIRTUAL TABLE texts USING fts5 (terms, tokenize = "unicode61 remove_diacritics 0");
CREATE VIRTUAL TABLE texts_terms USING fts5vocab (texts, row);
CREATE TRIGGER chunks_forget_text AFTER DELETE ON chunks BEGIN
    DELETE FROM texts WHERE rowid = old.id;
    UPDATE settings SET value = value + 1 WHERE name = 'deletions';
END;

INSERT INTO settings VALUES ('deletions', '0');
"""


def create(path: Path) -> sqlite3.Connection:
    """Make a new, empty catalog; the file must not exist."""
    connection = _connect(path, "rwc")
    marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};"
    connection.executescript(f"BEGIN; {_SCHEMA} {marks} COMMIT;")
    return _made_durable(connection)


def open_(path: Path, *, writable: bool) -> sqlite3.Connection:
    """Open a catalog.

    Raises:
        LibraryNotFoundError: there is no such file.
        LibraryNewerError: a newer vidcut made it.
        LibraryError: it is not a catalog, or a damaged one.
    """
    if not path.is_file():
        raise LibraryNotFoundError(f"{path} does not exist; 'vidcut index FOLDER' makes a library")
    try:
        connection = _connect(path, "rw" if writable else "ro")
        _check(connection, path)
        return _made_durable(connection) if writable else connection
    except sqlite3.Error as error:
        message = f"{path} cannot be read as a library ({error})"
        raise LibraryError(f"{message}; restore it from a backup or index anew") from error


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    # A folder that cannot be written to has room for no WAL: read the file as it stands.
    frozen = mode == "ro" and not os.access(path.parent, os.W_OK)
    uri = f"{path.absolute().as_uri()}?mode={mode}{'&immutable=1' if frozen else ''}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=10)


def _made_durable(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _check(connection: sqlite3.Connection, path: Path) -> None:
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if owner != APPLICATION_ID:
        raise LibraryError(f"{path} is no vidcut library; point --library at another folder")
    if version > SCHEMA_VERSION:
        fact = f"{path} was made by a newer vidcut (library version {version})"
        raise LibraryNewerError(f"{fact}; this one reads up to {SCHEMA_VERSION}: upgrade vidcut")
