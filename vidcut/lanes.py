"""Threads side by side, each turning what comes in into what goes out.

Queues between them are short, so that memory does not grow with a video's length and a slow
lane holds up the ones before it. Stopping is asked for, and heard within a moment wherever
a lane waits.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

T = TypeVar("T")
In = TypeVar("In")
Out = TypeVar("Out")

_HEARTBEAT_S = 0.1


class Stopped(Exception):  # noqa: N818  (no error: someone asked)
    """The lanes were told to stop."""


class Channel(Generic[T]):
    """A queue between lanes, which stops with them; ``length`` 0 for no limit.

    ``on_change`` is told by how much it grew.
    """

    def __init__(
        self,
        stop: threading.Event,
        length: int,
        on_change: Callable[[int], None] | None = None,
    ) -> None:
        self._stop = stop
        self._queue: queue.Queue[T] = queue.Queue(length)
        self._on_change = on_change

    def put(self, item: T) -> None:
        """Waits where the channel is full; raises `Stopped`."""
        while True:
            if self._stop.is_set():
                raise Stopped
            try:
                self._queue.put(item, timeout=_HEARTBEAT_S)
            except queue.Full:
                continue
            if self._on_change is not None:
                self._on_change(1)
            return

    def __iter__(self) -> Iterator[T]:
        """What was put, in order, until the lanes stop; raises `Stopped` then."""
        while True:
            if self._stop.is_set():
                raise Stopped
            try:
                item = self._queue.get(timeout=_HEARTBEAT_S)
            except queue.Empty:
                continue
            if self._on_change is not None:
                self._on_change(-1)
            yield item


def side_by_side(calls: Sequence[Callable[[], Out]]) -> list[Out]:
    """What the calls give, in their order; all are made at once, the last in this thread.

    Whatever one raises comes out when all are over.
    """
    made: dict[int, Out] = {}
    raised: list[BaseException] = []

    def call(place: int) -> None:
        try:
            made[place] = calls[place]()
        except BaseException as error:  # noqa: BLE001  (raised again below)
            raised.append(error)

    others = [
        threading.Thread(target=call, args=(place,), name="beside", daemon=True)
        for place in range(len(calls) - 1)
    ]
    for thread in others:
        thread.start()
    if calls:
        call(len(calls) - 1)
    for thread in others:
        thread.join()
    if raised:
        raise raised[0]
    return [made[place] for place in range(len(calls))]


class Lanes:
    """A group of threads that stop together."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._broken: BaseException | None = None

    def channel(self, length: int, on_change: Callable[[int], None] | None = None) -> Channel[T]:
        """A new channel between lanes; see `Channel`."""
        return Channel(self._stop, length, on_change)

    def start(
        self,
        name: str,
        work: Callable[[In], Iterable[Out]],
        source: Iterable[In],
        sink: Channel[Out],
    ) -> None:
        """Run ``work`` on all that comes from ``source``, and put what it gives into ``sink``.

        Whatever ``work`` raises ends all lanes and comes out of `check`: what is to be
        survived, ``work`` catches.
        """

        def run() -> None:
            try:
                for item in source:
                    for made in work(item):
                        sink.put(made)
            except Stopped:
                return
            except BaseException as error:  # noqa: BLE001  (raised again by check)
                self._broken = self._broken or error
                self._stop.set()

        thread = threading.Thread(target=run, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def permitted(self, items: Iterable[T], permits: threading.Semaphore) -> Iterator[T]:
        """The items, each when there is a permit for it; raises `Stopped`."""
        for item in items:
            while not permits.acquire(timeout=_HEARTBEAT_S):
                if self._stop.is_set():
                    raise Stopped
            yield item

    def check(self) -> None:
        """Raise what ended a lane, if anything did."""
        if self._broken is not None:
            raise self._broken

    @property
    def stopping(self) -> bool:
        """Whether the lanes were told to stop."""
        return self._stop.is_set()

    def stop(self, patience_s: float, *, release: Callable[[], None] = lambda: None) -> bool:
        """Tell all lanes to stop; whether they all did within the time.

        ``release`` frees those that wait for something else than a channel.
        """
        self._stop.set()
        release()
        give_up = time.monotonic() + patience_s
        for thread in self._threads:
            thread.join(max(0.0, give_up - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)
