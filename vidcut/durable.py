"""Files of the library: told to the disk, and never reached through a link."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from vidcut.errors import LibraryError, LibraryNotFoundError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def sync(path: Path) -> None:
    """Return when what was written to the file, or renamed in the folder, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A hidden file beside the path, which takes its name when all of it is on the disk.

    What another that was killed left there is gone before, and however it ends nothing is left.

    Raises:
        OSError: it cannot be.
    """
    aside = path.with_name(f".{path.name}.part")
    aside.unlink(missing_ok=True)
    try:
        yield aside
        sync(aside)
        aside.replace(path)
        sync(path.parent)
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def size(path: Path) -> int:
    """The file's size in bytes; 0 where there is none."""
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0


@contextmanager
def writing_in(folder: Path) -> Iterator[None]:
    """Whatever the folder refuses is raised as `OutputError`."""
    try:
        yield
    except OSError as error:
        fact = f"{folder} cannot be written to ({error.strerror})"
        raise OutputError(f"{fact}; make room there or make it writable") from error


@contextmanager
def nothing_left(folder: Path, names: str) -> Iterator[None]:
    """Clear away what has these names: before, of one that was killed, and however it ends."""
    try:
        for left in folder.glob(names):
            left.unlink()
        yield
    finally:
        for left in folder.glob(names):
            left.unlink()


def clear(path: Path) -> None:
    """Take away what lies at a path, but for a folder with something in it.

    Raises:
        OutputError: it cannot be taken away.
    """
    try:
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        fact = f"{path} is in the way and cannot be removed ({error.strerror})"
        raise OutputError(f"{fact}; look what is in it, and move it elsewhere") from error


def demand_plain(path: Path) -> None:
    """Raise where the path is no file of the library's own.

    Raises:
        LibraryNotFoundError: there is nothing.
        LibraryError: it is a link, a folder or a device.
    """
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        fact = f"{path} does not exist"
        raise LibraryNotFoundError(f"{fact}; 'vidcut index FOLDER' makes a library") from error
    except OSError as error:
        raise LibraryError(f"{path} cannot be looked at ({error.strerror})") from error
    demand_no_link(path, "point --library at the folder that it leads to")
    if not stat.S_ISREG(mode):
        raise LibraryError(f"{path} is no file; point --library at another folder")


def demand_no_link(path: Path, remedy: str) -> None:
    """Raise where the path is a symbolic link, wherever it leads.

    Raises:
        LibraryError: it is one; with what to do about it.
    """
    if path.is_symlink():
        fact = f"{path} is a symbolic link, and vidcut follows none inside a library"
        raise LibraryError(f"{fact}; {remedy}")
