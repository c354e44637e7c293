"""Pictures that were made once, kept on disk up to a size: those that nobody asks for go first."""

from __future__ import annotations

import hashlib
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from vidcut.drafts import draft
from vidcut.errors import OutputError

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 256 << 20
"""Some 20,000 pictures of 320 pixels."""
_KEPT_SHARE = 0.8
"""Of the size, when room is made: not with every picture."""


class Shelf:
    """A folder of small files by key; for any thread. Where nothing can be written, it is empty.

    Args:
        folder: nobody else's; all of it may be removed at any time.
        most_bytes: what its files have together at most.
    """

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._bytes: int | None = None

    def get(self, key: str) -> bytes | None:
        """What was put there; None where it is not."""
        place = self._place(key)
        try:
            found = place.read_bytes()
            place.touch()
        except OSError:
            return None
        return found or None

    def put(self, key: str, content: bytes) -> None:
        """Keep this, and let others go where it gets too much."""
        place = self._place(key)
        try:
            with draft(place, overwrite=True) as part:
                part.write_bytes(content)
        except (OSError, OutputError):
            return  # a disk that is full or takes nothing: it is made anew each time
        with self._lock:
            if self._bytes is None:
                self._bytes = sum(size for _, size, _ in self._all())
            else:
                self._bytes += len(content)
            if self._bytes > self._most_bytes:
                self._make_room()

    def _make_room(self) -> None:
        left = 0
        for _, size, path in sorted(self._all(), reverse=True):
            left += size
            if left > self._most_bytes * _KEPT_SHARE:
                left -= size
                with suppress(OSError):
                    path.unlink()
        self._bytes = left

    def _all(self) -> list[tuple[int, int, Path]]:
        """When each was asked for last, its size, its place."""
        found = []
        for path in self._folder.glob("[0-9a-f][0-9a-f]/*"):
            with suppress(OSError):
                facts = path.stat()
                found.append((facts.st_mtime_ns, facts.st_size, path))
        return found

    def _place(self, key: str) -> Path:
        name = hashlib.sha256(key.encode()).hexdigest()
        return self._folder / name[:2] / f"{name[2:40]}.jpg"
