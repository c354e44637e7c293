"""SQLite, as vidcut uses it: files whose every page is checked when it is read.

The one seam to it: what SQLite cannot do is raised as `LibraryError`, and nothing of its own
passes. Pages carry checksums in their last eight bytes, written and compared by SQLite's own
cksumvfs, so that a page that is no longer as it was written is refused and never believed.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apsw

from vidcut.checksums import CHECKSUM_BYTES
from vidcut.errors import LibraryBusyError, LibraryError, MissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Self

    from vidcut.seal import Seal

_CHECKED = "cksmvfs"
_PATIENCE_MS = 10_000
_CACHE_KIB = 256 * 1024
"""A page that is read again is checked again. Of 100,000 chunks, 48 searches read 237,800 pages
with SQLite's own 2 MiB of cache and 4,509 with 64 MiB; of a million chunks 1.9 million with those.
It is taken as pages come: a small library takes little."""
_OURS = (
    apsw.ConstraintError,
    apsw.MisuseError,
    apsw.BindingsError,
    apsw.ExecutionCompleteError,
    apsw.ConnectionClosedError,
    apsw.CursorClosedError,
    apsw.ThreadingViolationError,
)
"""Our mistakes, not the file's."""


class Access(Enum):
    """What a file is opened for."""

    READ = "ro"
    WRITE = "rw"
    CREATE = "rwc"
    FROZEN = "ro&immutable=1"
    """To read a file that nobody changes, as it stands: without locks and without its log."""


def version() -> tuple[int, ...]:
    """SQLite's version."""
    return tuple(int(part) for part in apsw.sqlite_lib_version().split("."))


def demand_checksums() -> None:
    """Raise where pages cannot be checked on this machine.

    Raises:
        MissingError: SQLite's cksumvfs is not there.
    """
    _checked()


class Connection:
    """An open file. Use from one thread.

    Args:
        path: the file; what it is called in an error too.
        access: what for.
        seal: what its pages are compared with, where it is sealed; only of use to a reader.
    """

    def __init__(self, path: Path, access: Access, seal: Seal | None = None) -> None:
        self.path = path
        # A file opened to read gives no lock to write, which closing asks for in vain.
        self._is_reader = access in {Access.READ, Access.FROZEN}
        self._files = _SealedFiles(seal) if seal else None
        layer = self._files.name if self._files else _checked()
        # Links above the library are the user's; the file itself is never one.
        place = path.parent.resolve() / path.name
        flags = apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_NOFOLLOW | _FLAGS[access]
        with _translated(path):
            self._db = apsw.Connection(f"{place.as_uri()}?mode={access.value}", flags, layer)
            self._db.set_busy_timeout(_PATIENCE_MS)
            # A library may be someone else's: what its schema holds is not obeyed.
            self._db.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
            if self._is_reader:  # it looks at the file, and a writer is yet to say how it shares it
                self._db.pragma("cache_size", -_CACHE_KIB)

    def close(self) -> None:
        """Let go of the file."""
        with suppress(apsw.IOError) if self._is_reader else _translated(self.path):
            self._db.close()
        if self._files:
            self._files.unregister()
            self._files = None

    def __del__(self) -> None:
        """The file is let go of without a word: of a reader, apsw would say what `close` leaves."""
        if hasattr(self, "_db"):  # else the file could not be opened
            with suppress(apsw.Error):
                self._db.close()

    def execute(self, sql: str, values: tuple[Any, ...] = ()) -> Rows:
        """Begin a statement, or several; the rows come as they are asked for."""
        with _translated(self.path):
            return Rows(self._db.execute(sql, values), self.path)

    def executemany(self, sql: str, each: Iterable[tuple[Any, ...]]) -> None:
        """The statement once for each of these values."""
        with _translated(self.path):
            self._db.executemany(sql, each)

    def pragma(self, name: str, value: str | int | None = None) -> Any:
        """A setting of SQLite's: what it is, after it was set where a value is given."""
        with _translated(self.path):
            return self._db.pragma(name) if value is None else self._db.pragma(name, value)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return bool(self._db.in_transaction)

    @property
    def last_id(self) -> int:
        """The number of the row that was added last."""
        return self._db.last_insert_rowid()

    @property
    def changed(self) -> int:
        """How many rows the last statement changed."""
        return self._db.changes()

    @property
    def changed_ever(self) -> int:
        """How many rows were changed through this connection."""
        return self._db.total_changes()

    @property
    def has_checksums(self) -> bool:
        """Whether the file's pages carry checksums."""
        with _translated(self.path):
            return self._db.reserve_bytes() == CHECKSUM_BYTES

    def want_checksums(self) -> None:
        """Give checksums to a file that is new, or to the copies that are made of one."""
        with _translated(self.path):
            self._db.reserve_bytes(reserve=CHECKSUM_BYTES)

    def checkpoint(self) -> bool:
        """Fold the log into the file; whether all of it is there now, and the log empty."""
        with _translated(self.path):
            try:
                self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            except apsw.BusyError:
                return False  # someone is reading
            return True

    def before_commit(self, act: Callable[[], None]) -> None:
        """Do this before anything is written; where it fails, nothing is."""

        def acted() -> bool:
            act()
            return False

        self._db.set_commit_hook(acted)

    def do_not_wait(self) -> None:
        """Say at once that the file is busy."""
        self._db.set_busy_timeout(0)


class Rows:
    """What a statement finds, as it finds it."""

    def __init__(self, cursor: apsw.Cursor, path: Path) -> None:
        self._cursor = cursor
        self._path = path

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        try:
            return next(self._cursor)
        except apsw.Error as error:
            raise _refused(error, self._path) from error

    def fetchone(self) -> Any:
        """The next row; None after the last."""
        with _translated(self._path):
            return self._cursor.fetchone()

    def fetchall(self) -> list[Any]:
        """All the rows that are left."""
        with _translated(self._path):
            return self._cursor.fetchall()


_FLAGS = {
    Access.READ: apsw.SQLITE_OPEN_READONLY,
    Access.FROZEN: apsw.SQLITE_OPEN_READONLY,
    Access.WRITE: apsw.SQLITE_OPEN_READWRITE,
    Access.CREATE: apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE,
}


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except apsw.Error as error:
        raise _refused(error, path) from error


def _refused(error: apsw.Error, path: Path) -> Exception:
    """What the error says of the file; the error itself where it is a mistake of ours."""
    if isinstance(error, _OURS):
        return error
    if isinstance(error, apsw.BusyError):
        return LibraryBusyError(f"{path} is in use by another process; wait for it or stop it")
    fact = f"{path} cannot be used ({_said(error)})"
    if isinstance(error, apsw.FullError):
        return LibraryError(f"{fact}; make room on the disk and go on")
    return LibraryError(f"{fact}; 'vidcut verify --repair' saves of the library what can be saved")


def _said(error: apsw.Error) -> str:
    if getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_DATA:
        return "a page is not as it was written: its checksum is wrong"
    return str(error)


# Pages that are checked --------------------------------------------------------------------


def _checked() -> str:
    """The name of the file system layer that checks pages; loaded at the first use."""
    if _CHECKED not in apsw.vfs_names():
        module = Path(apsw.__file__).with_name("sqlite_extra_binaries") / "cksumvfs"
        opened = apsw.Connection(":memory:")
        try:
            opened.enable_load_extension(True)  # noqa: FBT003  (apsw takes it so)
            opened.load_extension(str(module))
        except apsw.Error as error:
            fact = f"apsw {apsw.apsw_version()} lacks SQLite's cksumvfs"
            remedy = "pip install --force-reinstall --only-binary apsw apsw"
            raise MissingError(f"{fact} ({error}); {remedy}") from error
        finally:
            opened.close()
    return _CHECKED


class _SealedFile(apsw.VFSFile):
    """A file whose pages are also compared with its seal, as they are read."""

    def __init__(self, name: Any, flags: list[int], seal: Seal) -> None:
        super().__init__(_CHECKED, name, flags)
        self._seal: Seal | None = seal

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802  (SQLite's name)
        data = super().xRead(amount, offset)
        seal = self._seal
        if seal is not None and amount == seal.page_bytes and not seal.holds(data, offset):
            if seal.is_in_place():
                raise apsw.CorruptError(f"page {offset // amount + 1} is not the one last written")
            self._seal = None  # broken by a writer: what is read now is newer
        return data


class _SealedFiles(apsw.VFS):
    """The layer that one connection opens its file through."""

    def __init__(self, seal: Seal) -> None:
        self.name = f"vidcut-sealed-{id(self)}"
        self._seal = seal
        super().__init__(self.name, _checked())

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802  (SQLite's name)
        if flags[0] & apsw.SQLITE_OPEN_MAIN_DB:
            return _SealedFile(name, flags, self._seal)
        return apsw.VFSFile(_CHECKED, name, flags)
