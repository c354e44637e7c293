"""A reader that does to its process what decoders do; a file's name says what, and when.

``crash.mp4`` crashes when its pictures come to 70 s; ``crash-probe.mp4`` when it is looked at.
It is loaded by the processes that the tests start, as if it were one of vidcut's.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from vidcut.errors import MediaError, MissingError
from vidcut.records import (
    SECOND_US,
    Cue,
    Media,
    PictureTrack,
    SoundBlock,
    SoundTrack,
    Span,
    SubtitleTrack,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from vidcut.protocols import Pace, Witness
    from vidcut.records import Picture

LENGTH_US = 150 * SECOND_US
BREAKS_AT_US = 70 * SECOND_US


def create(*, threads: int, witness: Witness, pace: Pace) -> BrokenReader:
    """As every reader's."""
    del threads, pace
    return BrokenReader(witness)


@dataclass(frozen=True)
class GreyFrame:
    """The same grey, lighter after the 20th second."""

    time_us: int

    def picture(self, longest_px: int) -> Picture:
        """A square."""
        shade = 40 if self.time_us < 20 * SECOND_US else 200
        return np.full((longest_px, longest_px, 3), shade, np.uint8)


class BrokenReader:
    """See `vidcut.protocols.Reader`."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._broken_by_another = False

    def probe(self, path: Path) -> Media:
        """Two and a half minutes of whatever it is."""
        if "probe" in path.name:
            _suffer(path)
        if "poison" in path.name:
            self._broken_by_another = True
        elif self._broken_by_another:
            os.kill(os.getpid(), signal.SIGSEGV)
        tracks = (SubtitleTrack(3, "text", None),)
        picture, sound = PictureTrack("fake", 64, 64, None), SoundTrack("fake", 16_000, 1)
        return Media("fake", LENGTH_US, picture, sound, tracks)

    def frames(self, path: Path, *, start_us: int = 0) -> Iterator[GreyFrame]:
        """Two a second."""
        for time_us in range(start_us, LENGTH_US, SECOND_US // 2):
            self._witness.read(time_us)
            if time_us == BREAKS_AT_US:
                _suffer(path)
            if "slow" in path.name:
                time.sleep(0.015)
            if "holes" in path.name and time_us % (10 * SECOND_US) == 0:
                self._witness.lost(Span(time_us, time_us + SECOND_US // 2))
                continue
            yield GreyFrame(time_us)

    def sound(self, path: Path, *, start_us: int = 0) -> Iterator[SoundBlock]:
        """Silence."""
        for time_us in range(start_us, LENGTH_US, SECOND_US):
            self._witness.read(time_us)
            if "sound" in path.name and time_us == BREAKS_AT_US:
                _suffer(path)
            yield SoundBlock(time_us, np.zeros(16_000, np.float32))

    def cues(self, path: Path, track: SubtitleTrack) -> Sequence[Cue]:
        """One, which says which track it is of."""
        return [Cue(Span(0, SECOND_US), f"{path.name} {track.index}")]


def _suffer(path: Path) -> None:
    fate = FATES.get(path.name.partition("-")[0].partition(".")[0])
    if fate is not None:
        fate(path)


def _crash(_: Path) -> None:
    ctypes.string_at(0)


def _hang(_: Path) -> None:
    time.sleep(3600)


def _spin(_: Path) -> None:
    while True:
        pass


def _hang_with_the_lock(_: Path) -> None:
    ctypes.PyDLL(None).sleep(3600)  # as a library that lets go of nothing


def _eat(_: Path) -> None:
    held: list[Any] = []
    while True:
        held.append(np.empty(1 << 26, np.uint8))


def _babble(_: Path) -> None:
    """Find the pipe to the other process, and write what is no message."""
    for descriptor in range(3, 20):
        try:
            os.write(descriptor, b"\x00\x00\x00\x05babble" * 100)
        except OSError:
            continue
    time.sleep(3600)


def _print(_: Path) -> None:
    """Natively, as libraries do."""
    os.write(1, b"warning: something\n" * 100)
    os.write(2, b"warning: something\n" * 100)


def _leave(_: Path) -> None:
    os._exit(3)


def _lack(_: Path) -> None:
    raise MissingError("it needs what is not here; get it")


def _fail(_: Path) -> None:
    raise MediaError("it is damaged")


def _write(path: Path) -> None:
    assert not sys.stdin.read()
    path.with_suffix(".written").write_text("x" * 10_000, "ascii")


FATES: dict[str, Callable[[Path], None]] = {
    "crash": _crash,
    "hang": _hang,
    "spin": _spin,
    "freeze": _hang_with_the_lock,
    "eat": _eat,
    "babble": _babble,
    "print": _print,
    "leave": _leave,
    "lack": _lack,
    "fail": _fail,
    "write": _write,
}
