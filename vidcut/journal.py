"""The log that SQLite writes ahead of its file, as a writer that was interrupted leaves it.

SQLite takes a log up to the first frame that is not as it was written, and leaves out the rest
without a word. That is right for the last transaction, which may not have been finished. A
transaction that another one follows was finished and on the disk, since each is waited for: if
it cannot be read, the log was damaged, and what it held must not vanish silently.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vidcut.checksums import sums

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray

_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24
_MAGICS = {0x377F0682: "<u4", 0x377F0683: ">u4"}
"""And how the words are read that the checksums are taken over (SQLite's file format, 4.1)."""
_VERSION = 3_007_000
_PAGE_BYTES = tuple(1 << power for power in range(9, 17))
_FRAMES_AT_ONCE = 2048
_BETWEEN_LOOKS_S = 0.02
"""Longer than the clock's tick by which a file's time of writing is told."""
_MOST_LOOKS = 50


class _Frame(NamedTuple):
    """A page as a transaction left it."""

    page: int
    is_good: bool
    """As it was written."""
    is_current: bool
    """This log's, not one's that lay here before."""
    is_last: bool
    """It ends a transaction."""


def of(catalog: Path) -> Path:
    """Where a catalog's log lies."""
    return catalog.with_name(f"{catalog.name}-wal")


def is_damaged(log: Path) -> bool:
    """Whether a transaction in the log that was finished cannot be read.

    A writer may be at work: a frame that is half written looks broken, and the ones after it may
    be whole by the time that they are read. What is damaged stays so, look after look.
    """
    seen = None
    for _ in range(_MOST_LOOKS):
        try:
            with log.open("rb") as file:
                facts = os.fstat(file.fileno())
                header = file.read(_HEADER_BYTES)
                found = _is_damaged(header, file)
                file.seek(0)
                is_same = file.read(_HEADER_BYTES) == header  # else it was begun anew meanwhile
        except FileNotFoundError:
            return False
        stamp = (facts.st_size, facts.st_mtime_ns)
        if is_same and (not found or stamp == seen):
            return found
        seen = stamp
        time.sleep(_BETWEEN_LOOKS_S)
    return True


def _is_damaged(header: bytes, file: BinaryIO) -> bool:
    first = file.read(1)
    if not first:
        return False  # no frame was begun
    file.seek(-1, os.SEEK_CUR)
    fields = np.frombuffer(header, dtype=">u4").astype(np.uint32)
    words, page_bytes = _MAGICS.get(int(fields[0])), int(fields[2])
    if words is None or fields[1] != _VERSION or page_bytes not in _PAGE_BYTES:
        return True  # the header is on the disk before any frame is
    content = np.frombuffer(header[:24], words).astype(np.uint32).reshape(1, -1)
    if (sums(content, np.zeros((1, 2), np.uint32)) != fields[6:8]).any():
        return True
    return _is_broken_within(_frames(file, fields, words, _FRAME_HEADER_BYTES + page_bytes))


def _is_broken_within(frames: Iterator[_Frame]) -> bool:
    """Whether a frame is broken that is not of the last transaction.

    That is so where after it a transaction ends and another begins, or where one ends that has
    a page twice: within a transaction SQLite writes a page over where it lies, all but the one
    that ends it, so they are two, and what ended the first is what is broken.
    """
    pages: set[int] = set()
    is_broken = is_over = is_twice = False
    for frame in frames:
        if is_over and frame.is_good:
            return True
        is_broken = is_broken or not frame.is_good
        ends = frame.is_current and frame.is_last
        if ends and not is_broken:
            pages.clear()
            is_twice = False
        elif frame.is_good and not ends:
            is_twice = is_twice or frame.page in pages
            pages.add(frame.page)
        elif ends and is_twice:
            return True
        is_over = is_over or (is_broken and ends)
    return False


def _frames(
    file: BinaryIO, header: NDArray[np.uint32], words: str, frame_bytes: int
) -> Iterator[_Frame]:
    """Each is told by itself, from the checksum that the one before it names."""
    before = header[6:8].reshape(1, 2)
    while data := file.read(_FRAMES_AT_ONCE * frame_bytes):
        count = len(data) // frame_bytes
        frames = np.frombuffer(data, np.uint8, count * frame_bytes).reshape(count, frame_bytes)
        heads = frames[:, :_FRAME_HEADER_BYTES].copy().view(">u4").astype(np.uint32)
        content = np.hstack([frames[:, :8], frames[:, _FRAME_HEADER_BYTES:]])
        named = np.vstack([before, heads[:, 4:6]])
        found = sums(content.view(words).astype(np.uint32), named[:-1])
        current = (heads[:, 2:4] == header[4:6]).all(axis=1)
        good = current & (found == heads[:, 4:6]).all(axis=1)
        facts = (heads[:, 0], good, current, heads[:, 1] > 0)
        yield from map(_Frame, *(fact.tolist() for fact in facts))
        before = named[-1:]
