"""Who writes to a library: one process at a time, and the others are told which.

The lock is the system's, held as long as the process lives. What the file says is for people
only: of a process that was killed it is stale, and the next writer writes over it.
"""

from __future__ import annotations

import fcntl
import os
import stat
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vidcut import durable
from vidcut.errors import LibraryBusyError, LibraryError
from vidcut.escaping import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCK = "lock"
_NO_LOCK = "is not vidcut's lock but something else; remove it"
_PATIENCE_S = 0.5
_MOST_BYTES = 4096
_FACTS = 4
"""Lines that the file has: process, command, machine, since when."""
_MOST_CHARS = 80
"""Of each thing that the file says."""


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Be the one process that writes to the library in this folder.

    Raises:
        LibraryBusyError: another one is; it says which.
        LibraryError: the folder cannot be locked.
        OutputError: it cannot be written to.
    """
    descriptor = _opened(folder / LOCK)
    try:
        _lock(descriptor, folder)
        with durable.writing_in(folder):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, _introduction(), 0)
        yield
        with durable.writing_in(folder):
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def demand_writable(folder: Path) -> None:
    """Raise where nobody could write to the library in this folder, whoever is at it now.

    Raises:
        LibraryError: what is to be the lock is none.
        OutputError: the folder cannot be written to.
    """
    os.close(_opened(folder / LOCK))


def _opened(path: Path) -> int:
    durable.demand_no_link(path, "remove it")
    if path.is_dir():
        raise LibraryError(f"{path} {_NO_LOCK}")
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    with durable.writing_in(path.parent):
        descriptor = os.open(path, flags, 0o644)
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:  # it would be written over
        os.close(descriptor)
        raise LibraryError(f"{path} {_NO_LOCK}")
    return descriptor


def _lock(descriptor: int, folder: Path) -> None:
    give_up = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() < give_up:
                time.sleep(0.05)
                continue
            holder = _holder(os.pread(descriptor, _MOST_BYTES, 0))
            fact = f"{holder} is writing to {folder}"
            raise LibraryBusyError(f"{fact}; wait for it or stop it") from error
        except OSError as error:  # some network shares know no locks
            fact = f"{folder} cannot be locked ({error.strerror})"
            raise LibraryError(f"{fact}; keep it on another disk, by --library") from error
        return


def _introduction() -> bytes:
    command = f"vidcut {sys.argv[1] if sys.argv[1:] else ''}" if _is_program() else "a program"
    since = datetime.now(UTC).isoformat(timespec="seconds")
    said = (str(os.getpid()), command, os.uname().nodename, since)
    return "\n".join(said).encode(errors="replace")


def _is_program() -> bool:
    name = Path(sys.argv[0] or "-")
    return name.name == "vidcut" or name.parts[-2:] == ("vidcut", "__main__.py")


def _holder(content: bytes) -> str:
    """Who holds the lock by what the file says, of which nothing is believed to be harmless."""
    said = [visible(line)[:_MOST_CHARS] for line in content.decode(errors="replace").split("\n")]
    if len(said) != _FACTS:
        return "another process"
    return "process {} ({}, on {}, since {})".format(*said)
