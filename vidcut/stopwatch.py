"""Where an index run's time goes: how long each stage was at work, and how full its queue was.

A stage's busy time is that of the clock on the wall, from when it is given something until it is
done with it; waiting for queues is in none. One that runs in several lanes at once adds up to
more than the wall.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a run, and what feeds its lane."""

    lane: str
    name: str
    busy_s: float
    queue_fill: float | None
    """0…1, over time, of what waits for the lane; None where nothing does."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A run as it was measured."""

    wall_s: float
    cpu_s: float
    """Of this process, with all threads of the libraries at work in it."""
    decoders_cpu_s: float
    """Of the processes that decode."""
    cores: int
    stages: tuple[Stage, ...]

    @property
    def cores_busy(self) -> float:
        """0…1: how much of what the cores could have done was done."""
        return (self.cpu_s + self.decoders_cpu_s) / (self.wall_s * self.cores or 1.0)


class Unwatched:
    """A stopwatch that nobody looks at: it costs a call."""

    def at(self, lane: str, stage: str) -> AbstractContextManager[None]:
        """Count the time inside as the stage's."""
        del lane, stage
        return nullcontext()

    def pause(self) -> AbstractContextManager[None]:
        """Do not count the time inside as that of the stage that this thread is at."""
        return nullcontext()

    def making(self, lane: str, stage: str, items: Iterable[T]) -> Iterable[T]:
        """The items; count the time that each takes to come as the stage's."""
        del lane, stage
        return items

    def queue(self, lane: str, capacity: int) -> Callable[[int], None] | None:
        """What is to be told by how much a queue that feeds a lane grew; None for nobody."""
        del lane, capacity
        return None


@dataclass(slots=True)
class _Queue:
    """How many wait, and the sum of that over time."""

    capacity: int
    since_s: float
    length: int = 0
    length_s: float = 0.0

    def change(self, by: int, now_s: float) -> None:
        self.length_s += self.length * (now_s - self.since_s)
        self.since_s = now_s
        self.length += by

    def fill(self, begun_s: float, now_s: float) -> float:
        self.change(0, now_s)
        return self.length_s / (self.capacity * (now_s - begun_s) or 1.0)


class Stopwatch(Unwatched):
    """Measures from when it is made.

    Args:
        clock: seconds that only ever grow.
        cpu: seconds of this process and of its children that have ended, so far.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        cpu: Callable[[], tuple[float, float]] | None = None,
    ) -> None:
        self._clock, self._cpu = clock, cpu or _cpu_s
        self._lock = threading.Lock()
        self._busy_s: dict[tuple[str, str], float] = {}
        self._pauses = threading.local()
        self._queues: dict[str, list[_Queue]] = {}
        self._begun_s, self._begun_cpu_s = clock(), self._cpu()

    @contextmanager
    def at(self, lane: str, stage: str) -> Iterator[None]:
        """See `Unwatched.at`."""
        begun_s, paused_s = self._clock(), self._paused_s()
        try:
            yield
        finally:
            waited_s = self._paused_s() - paused_s
            self._add(lane, stage, self._clock() - begun_s - waited_s)

    @contextmanager
    def pause(self) -> Iterator[None]:
        """See `Unwatched.pause`."""
        begun_s = self._clock()
        try:
            yield
        finally:
            self._pauses.s = self._paused_s() + self._clock() - begun_s

    def making(self, lane: str, stage: str, items: Iterable[T]) -> Iterator[T]:
        """See `Unwatched.making`."""
        source = iter(items)
        while True:
            with self.at(lane, stage):
                try:
                    item = next(source)
                except StopIteration:
                    return
            yield item

    def queue(self, lane: str, capacity: int) -> Callable[[int], None]:
        """See `Unwatched.queue`; of a lane with several, the mean counts."""
        measured = _Queue(capacity, self._clock())
        with self._lock:
            self._queues.setdefault(lane, []).append(measured)

        def change(by: int) -> None:
            with self._lock:
                measured.change(by, self._clock())

        return change

    def profile(self) -> Profile:
        """What was measured until now, lane by lane, in the order in which they began."""
        now_s, cpu_s = self._clock(), self._cpu()
        with self._lock:
            fills = {
                lane: sum(queue.fill(self._begun_s, now_s) for queue in queues) / len(queues)
                for lane, queues in self._queues.items()
            }
            lanes = list(dict.fromkeys(lane for lane, _ in self._busy_s))
            stages = [
                Stage(lane, stage, busy_s, fills.get(lane))
                for (lane, stage), busy_s in self._busy_s.items()
            ]
        stages.sort(key=lambda stage: lanes.index(stage.lane))
        own_s, others_s = (now - begun for now, begun in zip(cpu_s, self._begun_cpu_s, strict=True))
        return Profile(now_s - self._begun_s, own_s, others_s, cores(), tuple(stages))

    def _paused_s(self) -> float:
        """How long this thread has paused so far."""
        return float(getattr(self._pauses, "s", 0.0))

    def _add(self, lane: str, stage: str, seconds: float) -> None:
        with self._lock:
            self._busy_s[lane, stage] = self._busy_s.get((lane, stage), 0.0) + seconds


def cores() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_s() -> tuple[float, float]:
    spent = os.times()
    return spent.user + spent.system, spent.children_user + spent.children_system
