"""Reads pictures with decord (its maintained fork ``decord2``); all else with PyAV.

decord counts on a file being regular and says nothing where it is not: of 72 good but unusual
clips it gave wrong pictures or times for 10 (variable frame rate, edit lists, B-frames in AVI,
interlaced) and raised on 6. So its frame times are held against those of the packets, as
libav reads them, and a file where they differ is refused. What this cannot catch is a right
time with a wrong picture. Choose it where the footage is known to be plain; it can hang in
native code on damaged files (its issue #373).
"""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING, Any

import av
import decord
import numpy as np

from vidcut.errors import MediaError
from vidcut.readers import _container, _pictures, pyav

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction
    from pathlib import Path

    from numpy.typing import NDArray

    from vidcut.protocols import Frame, Reader
    from vidcut.records import Cue, Media, SoundBlock, SubtitleTrack

_TOLERANCE_S = 0.001
_FLOAT32_STEP = 2.0**-22
"""decord's times are ``float32`` seconds: in the tenth hour they step by 4 ms."""

_NO_FAULTS = 1e-9
"""The share of frames that decord may replace by their neighbours without a word."""


def create(*, threads: int = 0) -> DecordReader:
    """``threads``: those of one file's decoder, 0 for as many as there are cores."""
    decord.logging.set_level(decord.logging.QUIET)  # it writes to stderr by itself
    return DecordReader(threads, pyav.create(threads=threads))


class DecordReader:
    """See `vidcut.protocols.Reader`; refuses files whose times decord gets wrong."""

    def __init__(self, threads: int, fallback: Reader) -> None:
        self._threads = threads
        self._pyav = fallback

    def probe(self, path: Path) -> Media:
        """What the file holds, as PyAV tells it."""
        return self._pyav.probe(path)

    def frames(self, path: Path, *, start_us: int = 0) -> Iterator[Frame]:
        """Every frame shown at or after ``start_us``, in order of time, each time once.

        Reads through from the beginning: what decord shows after a seek cannot be verified.
        """
        times_us, aspect = _packet_times(path)
        first = bisect.bisect_left(times_us, start_us)
        scaler = _pictures.Scaler(aspect)
        with _translated(path):
            video = decord.VideoReader(
                f"file:{path.absolute()}", num_threads=self._threads, fault_tol=_NO_FAULTS
            )
            _verify(path, video, times_us)
            if first:
                video.skip_frames(first)
            for time_us in times_us[first:]:
                yield _pictures.PyavFrame(time_us, _next_frame(video), scaler, path.name)

    def sound(self, path: Path, *, start_us: int = 0) -> Iterator[SoundBlock]:
        """Mono sound at 16 kHz from ``start_us`` on, by PyAV."""
        return self._pyav.sound(path, start_us=start_us)

    def cues(self, path: Path, track: SubtitleTrack) -> Sequence[Cue]:
        """The cues of an embedded text subtitle stream, by PyAV."""
        return self._pyav.cues(path, track)
