"""Who asks the library: each desk has it open in a thread of its own.

SQLite is to be asked from one thread. A desk looks, whenever it is asked, whether what it has
open is still the library that lies there.
"""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from vidcut import Library

T = TypeVar("T")

_PATIENCE_S = 2.0
"""An index run writes all the time: what it added is looked at so often, and not oftener."""
_CATALOG, _LOG = "catalog.sqlite", "catalog.sqlite-wal"


class Desk:
    """A library, asked one thing after the other; who waits no more is passed over.

    Args:
        library: nobody else's from now on.
        name: of the thread.
    """

    def __init__(self, library: Library, name: str) -> None:
        self._library = library
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._seen: tuple[int, ...] = ()
        self._looked_s = 0.0

    async def ask(self, act: Callable[[Library], T]) -> T:
        """What the act makes of the library; cancelled before its turn, it is never done."""
        return await asyncio.wrap_future(self._thread.submit(self._act, act))

    @asynccontextmanager
    async def resting(self) -> AsyncIterator[None]:
        """Has let go of the library; whoever asks meanwhile waits."""
        is_over = threading.Event()
        resting = self._thread.submit(self._library.close)
        self._thread.submit(is_over.wait)
        try:
            await asyncio.wrap_future(resting)
            yield
        finally:
            is_over.set()

    def close(self) -> None:
        """Ask nothing any more; what is being asked is not waited for."""
        self._thread.submit(self._library.close)
        self._thread.shutdown(wait=False)

    def _act(self, act: Callable[[Library], T]) -> T:
        self._look_again()
        return act(self._library)

    def _look_again(self) -> None:
        """Open the library anew where another one lies there, or something was written."""
        now_s, there = time.monotonic(), _stamp(self._library.folder)
        if there == self._seen:
            return
        if there[:2] == self._seen[:2] and now_s < self._looked_s + _PATIENCE_S:
            return
        self._library.close()
        self._seen, self._looked_s = there, now_s


def _stamp(folder: Path) -> tuple[int, ...]:
    """Which catalog lies there, and how it was written last; none of it where it is gone."""
    stamp: tuple[int, ...] = ()
    for name in (_CATALOG, _LOG):
        try:
            facts = (folder / name).stat()
        except OSError:
            stamp = (*stamp, 0, 0, 0, 0)
        else:
            stamp = (*stamp, facts.st_dev, facts.st_ino, facts.st_mtime_ns, facts.st_size)
    return stamp
