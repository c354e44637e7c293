"""The catalog's tables, and opening its file: whose it is, how old, how safe.

A schema once released is never edited: a change raises `SCHEMA_VERSION` and brings a
migration. Whoever opens an older catalog to write to it brings it up to date, after a copy of
it was made beside it; whoever reads takes it as it is.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from vidcut.errors import LibraryError, LibraryNewerError, LibraryNotFoundError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import Self

APPLICATION_ID = 0x76646374
"""``vdct`` in ASCII: SQLite's own mark of whose file it is."""
SCHEMA_VERSION = 2

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
}
"""Version → what makes the next one of it; the first is `_SCHEMA`."""


def create(path: Path) -> Connection:
    """Make a new, empty catalog; the file must not exist.

    Raises:
        LibraryError: it cannot be made.
    """
    tables = "".join((_SCHEMA, *_MIGRATIONS.values()))
    marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};"
    with _translated(path):
        connection = _connect(path, "rwc")
        with _closed_on_failure(connection):
            connection.executescript(f"BEGIN; {tables} {marks} COMMIT;")
            return _made_durable(connection)


def open_(path: Path, *, writable: bool) -> Connection:
    """Open a catalog; an older one is brought up to date where it is opened to write.

    Raises:
        LibraryNotFoundError: there is no such file.
        LibraryNewerError: a newer vidcut made it.
        LibraryError: it is not a catalog, or a damaged one.
        OutputError: there is no room to keep a copy of an older one.
    """
    if not path.is_file():
        raise LibraryNotFoundError(f"{path} does not exist; 'vidcut index FOLDER' makes a library")
    with _translated(path):
        connection = _connect(path, "rw" if writable else "ro")
        with _closed_on_failure(connection):
            version = _checked_version(connection, path)
            if not writable:
                return connection
            _made_durable(connection)
            if version < SCHEMA_VERSION:
                _keep_copy(connection, backup_of(path, version))
                _bring_up_to_date(connection, version)
            return connection


def backup_of(path: Path, version: int) -> Path:
    """Where the copy of an older catalog is kept, from before it was brought up to date."""
    return path.with_name(f"{path.stem}.v{version}{path.suffix}")


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


def _checked_version(connection: Connection, path: Path) -> int:
    plain = connection.cursor()  # what goes wrong here is translated with the path
    owner = plain.execute("PRAGMA application_id").fetchone()[0]
    version = int(plain.execute("PRAGMA user_version").fetchone()[0])
    if owner != APPLICATION_ID or version < 1:
        raise LibraryError(f"{path} is no vidcut library; point --library at another folder")
    if version > SCHEMA_VERSION:
        fact = f"{path} was made by a newer vidcut (library version {version})"
        raise LibraryNewerError(f"{fact}; this one reads up to {SCHEMA_VERSION}: upgrade vidcut")
    return version


def _keep_copy(connection: Connection, backup: Path) -> None:
    """A copy of the catalog as it is, whole or not at all."""
    aside = backup.with_name(f".{backup.name}.part")
    try:
        aside.unlink(missing_ok=True)  # of one that was killed here
        with closing(sqlite3.connect(aside)) as copy:
            connection.backup(copy)
        with aside.open("rb") as made:
            os.fsync(made.fileno())
        aside.replace(backup)
    except (OSError, sqlite3.OperationalError) as error:
        fact = f"{backup}, the copy of an older library, cannot be written ({error})"
        raise OutputError(f"{fact}; make room for it and go on") from error
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def _bring_up_to_date(connection: Connection, version: int) -> None:
    """All the steps in one transaction: a process that is killed leaves the old catalog."""
    steps = "".join(_MIGRATIONS[step] for step in range(version, SCHEMA_VERSION))
    marks = f"PRAGMA user_version = {SCHEMA_VERSION};"
    connection.executescript(f"BEGIN IMMEDIATE; {steps} {marks} COMMIT;")
