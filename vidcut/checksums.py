"""SQLite's own checksum, of its log's frames and of its file's pages, many at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

CHECKSUM_BYTES = 8
"""At the end of each page; SQLite's cksumvfs writes it there."""
_PAGES_AT_ONCE = 2048


def sums(words: NDArray[np.uint32], before: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The checksums ``(n, 2)`` of rows of words, each going on from the one before it."""
    columns = np.ascontiguousarray(words.T)
    first, second = before[:, 0].copy(), before[:, 1].copy()
    for even, odd in zip(columns[::2], columns[1::2], strict=True):
        first += even + second
        second += odd + first
    return np.column_stack([first, second])


def damaged(path: Path, page_bytes: int) -> Iterator[tuple[int, list[int]]]:
    """By and by: pages looked at so far, and those of the last ones that are not as written.

    Pages are counted from 1; what is left over at the end of the file counts as one.
    """
    seen = 0
    with path.open("rb") as file:
        while data := file.read(_PAGES_AT_ONCE * page_bytes):
            count = len(data) // page_bytes
            pages = np.frombuffer(data, "<u4", count * page_bytes // 4).reshape(count, -1)
            found = sums(pages[:, :-2].astype(np.uint32), np.zeros((count, 2), np.uint32))
            bad = np.flatnonzero((found != pages[:, -2:]).any(axis=1))
            left_over = [seen + count + 1] if len(data) % page_bytes else []
            yield seen + count, [seen + int(page) + 1 for page in bad] + left_over
            seen += count
