"""As many things at a time as a device's memory holds, and what its failure is called.

Imports nothing heavy: it is told what to catch.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from vidcut.errors import MissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")
R = TypeVar("R")

_log = logging.getLogger(__name__)


class DeviceError(Exception):
    """A GPU cannot be used, or not any more."""


def failed(error: RuntimeError) -> DeviceError:
    """What torch raises for whatever a device does, in one line."""
    first = str(error).strip().partition("\n")[0]
    return DeviceError(f"{type(error).__name__}: {first}")


def instead(asked: str, error: DeviceError) -> str:
    """The device to go on with where the GPU failed: the CPU, told in one line.

    Args:
        asked: what was asked for, ``auto`` or ``cuda``.
        error: what the GPU said.

    Raises:
        MissingError: the GPU was asked for by name.
    """
    if asked == "cuda":
        message = f"the GPU cannot read pictures ({error})"
        raise MissingError(f"{message}; '--device auto' goes on without it") from error
    _log.warning("the GPU cannot read pictures, so the CPU goes on (%s)", error)
    return "cpu"


class Halving:
    """Goes on with half as many where memory runs out, and keeps to that.

    Args:
        most: things at a time to begin with.
        exhausted: what is raised where memory runs out.
        release: gives back what can be before it is tried again.
    """

    def __init__(
        self, most: int, *, exhausted: type[Exception], release: Callable[[], None]
    ) -> None:
        self.most = most
        self._exhausted = exhausted
        self._release = release

    def over(self, things: Sequence[T], work: Callable[[Sequence[T]], Sequence[R]]) -> Iterator[R]:
        """What ``work`` makes of all, in their order.

        Raises:
            Exception: ``exhausted``, where there is no room for one thing alone.
        """
        at = 0
        while at < len(things):
            some = things[at : at + self.most]
            done = self._done(some, work)
            if done is None:
                # Out of the handler: until then the error holds what the failed call had taken.
                self.most = len(some) // 2
                self._release()
                continue
            yield from done
            at += len(some)

    def _done(
        self, some: Sequence[T], work: Callable[[Sequence[T]], Sequence[R]]
    ) -> Sequence[R] | None:
        try:
            return work(some)
        except self._exhausted:
            if len(some) == 1:
                raise
            return None
