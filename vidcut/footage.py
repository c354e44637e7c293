"""Find the media files below the paths that someone names."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vidcut.errors import MediaError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

# What cameras, phones, recorders and editors write. A file named outright is tried whatever
# its name.
# fmt: off
SUFFIXES = frozenset((
    ".264", ".265", ".3g2", ".3gp", ".aac", ".aif", ".aiff", ".asf", ".avi", ".dv", ".f4v",
    ".flac", ".flv", ".gif", ".h264", ".h265", ".hevc", ".m2t", ".m2ts", ".m2v", ".m4a", ".m4v",
    ".mka", ".mkv", ".mov", ".mp3", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".oga", ".ogg",
    ".ogv", ".opus", ".qt", ".ts", ".vob", ".wav", ".webm", ".wma", ".wmv",
))
# fmt: on
LIBRARY_FOLDER = ".vidcut"
_BLOCK_BYTES = 1 << 20
_DOTTED = r"[0-9]{2,}\.[0-9]{2}\.[0-9]{2}\.[0-9]{3}"
_CLIP_NAME = re.compile(
    rf"[0-9]{{2,}}_.+_{_DOTTED}-{_DOTTED}(_[0-9]+)?\.(mp4|m4a|mkv|mka)", re.DOTALL
)
"""What `cutting.file_name` calls a clip."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which files of a folder count."""

    exclude: tuple[str, ...] = ()
    """Globs, held against the name and the path below the folder; ``*`` crosses slashes."""
    include_hidden: bool = False
    follow: bool = False
    """Whether links are followed; a link named outright always is."""


@dataclass(frozen=True, slots=True)
class Footage:
    """A file found, and what the file system says of it."""

    path: Path
    size: int
    mtime_ns: int

    @property
    def stamp(self) -> tuple[int, int]:
        """Size and modification time: where both are as they were, so is the content."""
        return self.size, self.mtime_ns


def find(
    paths: Sequence[Path],
    selection: Selection = Selection(),
    *,
    on_error: Callable[[str, str], None],
) -> Iterator[Footage]:
    """Every media file at or below the paths, each once, folders in order of name.

    Args:
        paths: files and folders; a file counts whatever its suffix. Of a folder, clips that
            vidcut has cut do not.
        selection: which files of the folders count.
        on_error: told the path and the reason where a folder or file cannot be looked at.

    Raises:
        UsageError: a path that was named does not exist.
    """
    demand(paths)
    seen: set[tuple[int, int]] = set()
    for path in paths:
        is_folder = path.is_dir()
        for file in _walk(path, selection, on_error) if is_folder else [path]:
            try:
                facts = file.stat()
            except OSError as error:
                on_error(str(file), f"cannot be looked at ({error.strerror})")
                continue
            if is_folder and not stat.S_ISREG(facts.st_mode):
                continue  # a pipe or a device, whatever its name
            identity = (facts.st_dev, facts.st_ino)
            if identity not in seen:
                seen.add(identity)
                absolute = Path(os.path.abspath(file))  # noqa: PTH100  (resolves no links)
                yield Footage(absolute, facts.st_size, facts.st_mtime_ns)


def demand(paths: Iterable[Path]) -> None:
    """Raise `UsageError` where a path that was named does not exist."""
    for path in paths:
        if not os.path.exists(path):  # noqa: PTH110  (Path.exists raises at odd names)
            raise UsageError(f"{path} does not exist; name files or folders that do")


def content_hash(
    path: Path, *, stop: Callable[[], bool] = lambda: False, most_bytes: int | None = None
) -> bytes:
    """BLAKE2b-128 of the file; cheap beside decoding it. Worthless once ``stop`` says so.

    ``most_bytes``: of how much of its beginning; of the whole by default.

    Raises:
        MediaError: it cannot be read, or is no regular file.
    """
    digest = hashlib.blake2b(digest_size=16)
    left = most_bytes
    try:
        with open(path, "rb", opener=_opened) as file:
            while block := file.read(_BLOCK_BYTES):
                if stop() or left == 0:
                    break
                digest.update(block[:left])
                left = None if left is None else max(0, left - len(block))
    except OSError as error:
        raise MediaError(f"it cannot be read ({error.strerror})") from error
    return digest.digest()


def _opened(path: str, flags: int) -> int:
    """A regular file, looked at once it is open: a pipe would be waited for, for ever."""
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise MediaError("it is no regular file")
    return descriptor


def _walk(
    folder: Path, selection: Selection, on_error: Callable[[str, str], None]
) -> Iterator[Path]:
    visited: set[tuple[int, int]] = set()  # links may lead in circles

    def failed(error: OSError) -> None:
        on_error(str(error.filename), f"the folder cannot be read ({error.strerror})")

    for place, folders, files in os.walk(folder, onerror=failed, followlinks=selection.follow):
        if selection.follow:
            try:
                facts = Path(place).stat()
            except OSError as error:
                failed(error)
                folders.clear()
                continue
            if (facts.st_dev, facts.st_ino) in visited:
                folders.clear()
                continue
            visited.add((facts.st_dev, facts.st_ino))
        below = Path(place)
        folders[:] = sorted(n for n in folders if _counts(below / n, folder, selection))
        for name in sorted(files):
            path = below / name
            if path.suffix.lower() in SUFFIXES and _counts(path, folder, selection):
                yield path


def _counts(path: Path, folder: Path, selection: Selection) -> bool:
    if path.name == LIBRARY_FOLDER:
        return False
    if path.name.startswith(".") and not selection.include_hidden:
        return False
    if _CLIP_NAME.fullmatch(path.name):  # or what a search cut is found by the next
        return False
    if path.is_symlink() and not selection.follow:
        return False
    return not name_matches(path.relative_to(folder).as_posix(), selection.exclude)


def name_matches(path: str, globs: Iterable[str]) -> bool:
    """Whether a path with slashes, or the name at its end alone, matches any of the globs."""
    names = (path.rpartition("/")[2], path)
    return any(fnmatch.fnmatchcase(name, glob) for glob in globs for name in names)
