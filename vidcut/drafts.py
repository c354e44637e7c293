"""Hidden files that get their name only when they are whole.

All that vidcut writes for its user comes this way. The last part of an output's name is never
followed where it is a symbolic link: with ``overwrite`` the link is replaced, not what it points
to. What a killed run leaves behind is removed by the next run that writes to the same folder.
"""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import shutil
import stat
import zlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from vidcut.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_MEGABYTE = 1_000_000
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_TOO_LARGE = os.strerror(errno.EFBIG)
_LEAST_ROOM = 65_536
"""Bytes; ffmpeg writes in blocks of half of it, and one that did not fit leaves less."""
_PREFIX, _PART = ".vidcut-", ".part"
_OLD = ".part.old"
"""Somebody's older draft on its way to be replaced: never ours to remove."""
_NAME_PARTS = 3
_PID_DIGITS = 10


@contextmanager
def draft(output: Path, *, overwrite: bool) -> Iterator[Path]:
    """A hidden file beside the output, which becomes the output where all goes well.

    Raises:
        OutputError: the output exists already (without ``overwrite``) or cannot be written.
    """
    part = output.with_name(f"{hidden_name()}{output.suffix.lower()}")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        _demand_free(output, overwrite=overwrite)
        _sweep(output.parent)
        held = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise refused(output, error) from error
    try:
        _hold(held)
        with _told_when_full(output):
            yield part
        _publish(part, output, overwrite=overwrite)
    finally:
        part.unlink(missing_ok=True)
        os.close(held)


@contextmanager
def _told_when_full(output: Path) -> Iterator[None]:
    """Say of what is being written that there is no room for it; other errors go on."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise refused(output, error) from error
        raise


def check_place(output: Path, *, overwrite: bool) -> None:
    """Refuse a place that nothing could be written to, before anything is made for it.

    Raises:
        OutputError: something is there already (without ``overwrite``), or its folder is not
            there and cannot be made, or takes no files.
    """
    if os.path.lexists(output) and not overwrite:
        raise OutputError(f"{output} exists already; name another, or give --overwrite")
    if output.exists() and not output.is_file():
        raise refused(output, OSError(errno.EINVAL, "it is no file"))
    check_folder(output.parent, output)


def check_folder(folder: Path, output: Path | None = None) -> None:
    """Refuse a folder that could not be made, or takes no files; ``output``: what goes there.

    Raises:
        OutputError: it is so.
    """
    place = folder.absolute()
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise refused(output or folder, OSError(errno.ENOTDIR, f"{place} is no folder"))
    if not os.access(place, os.W_OK | os.X_OK):
        raise refused(output or folder, OSError(errno.EACCES, f"{place} takes no files"))


def _demand_free(output: Path, *, overwrite: bool) -> None:
    if not os.path.lexists(output):
        return
    if not overwrite:
        raise FileExistsError(errno.EEXIST, "it exists already")
    if output.exists() and not output.is_file():  # replacing a device would take it away
        raise OSError(errno.EINVAL, "it is no file")


@contextmanager
def workshop(output: Path) -> Iterator[Path]:
    """A hidden folder beside the output, for what the output is made of; gone afterwards."""
    folder = output.with_name(hidden_name())
    try:
        folder.mkdir(parents=True)
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise refused(output, error) from error
    try:
        _hold(held)
        with _told_when_full(output):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def is_one_of(output: Path, sources: Iterable[Path]) -> bool:
    """Whether the output is one of the files, by whatever name or link it is reached."""
    try:
        there = output.stat()
    except (OSError, ValueError):  # mostly: there is none yet
        return False
    for source in sources:
        with suppress(OSError, ValueError):
            if os.path.samestat(there, source.stat()):
                return True
    return False


def demand_room(output: Path, needed_bytes: int) -> None:
    """Raise where the disk has less room than a clip needs, by a rough estimate.

    Raises:
        OutputError: there is not enough.
    """
    folder = next((place for place in output.absolute().parents if place.is_dir()), None)
    free = shutil.disk_usage(folder).free if folder is not None else needed_bytes
    if free < needed_bytes:
        missing = f"some {needed_bytes / _MEGABYTE:.0f} MB, and {free / _MEGABYTE:.0f} MB are free"
        raise OutputError(f"{output} needs {missing}; make room or choose another disk")


def refused(output: Path, error: OSError) -> OutputError:
    """A place that cannot be written, in the house's words."""
    reason = error.strerror or str(error)
    # numpy has no number for it: "384000 requested and 7680 written".
    if error.errno in _FULL or (error.errno is None and reason.endswith(" written")):
        return full(str(output), reason)
    return OutputError(f"{output} cannot be written: {reason}; choose another place or name")


def full(output: str, reason: str) -> OutputError:
    """A place that has no room for what is written, in the house's words."""
    fact = "it is too large for the disk" if reason == _TOO_LARGE else "the disk is full"
    remedy = "make room or choose another disk"
    return OutputError(f"{output} cannot be written: {fact} ({reason}); {remedy}")


def is_full(part: Path) -> bool:
    """Whether a file may have been cut short by a disk that is full, or by a limit of its size."""
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    try:
        if limit != resource.RLIM_INFINITY and part.stat().st_size >= limit:
            return True
        return shutil.disk_usage(part.parent).free < _LEAST_ROOM
    except OSError:
        return False


def hidden_name() -> str:
    """A name that nothing has yet, for what is not whole; it tells whose it is."""
    return f"{_PREFIX}{_machine()}-{os.getpid()}-{os.urandom(4).hex()}{_PART}"


def _publish(part: Path, output: Path, *, overwrite: bool) -> None:
    try:
        if overwrite:
            part.replace(output)
            return
        try:
            output.hardlink_to(part)
        except FileExistsError:
            raise
        except OSError:
            # No hard links here (exFAT, some shares): take the name first, then replace it.
            output.touch(exist_ok=False)
            try:
                part.replace(output)
            except OSError:
                output.unlink()
                raise
    except OSError as error:
        raise refused(output, error) from error


# What was left behind ---------------------------------------------------------------------


def _hold(descriptor: int) -> None:
    """Say that the part is at work on; the lock goes with the process, however it ends."""
    with suppress(OSError):  # a file system without locks; the name tells whose it is
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sweep(folder: Path) -> None:
    """Remove what runs that are dead have left in a folder."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _is_left(entry.name):
                _remove_left(entry.path)


def _is_left(name: str) -> bool:
    """Whether it is named as ours, by a process of this machine that is no more."""
    if not name.startswith(_PREFIX) or _PART not in name or name.endswith(_OLD):
        return False
    told = name.removeprefix(_PREFIX).partition(".")[0].split("-")
    if len(told) != _NAME_PARTS or told[0] != _machine():
        return False
    digits = told[1].isdecimal() and told[1].isascii() and len(told[1]) < _PID_DIGITS
    return digits and not _is_alive(int(told[1]))


def _remove_left(path: str) -> None:
    """Remove a part that no one holds: a process may look dead from within a container."""
    with suppress(OSError):
        held = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if stat.S_ISDIR(os.fstat(held).st_mode):
                shutil.rmtree(path, ignore_errors=True)
            else:
                os.unlink(path)  # noqa: PTH108  (what scandir named)
        finally:
            os.close(held)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another user's
        return True
    return True


def _machine() -> str:
    return f"{zlib.crc32(os.fsencode(os.uname().nodename)):08x}"
