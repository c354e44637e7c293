"""Reads pictures with decord (its maintained fork ``decord2``); all else with PyAV.

decord counts on a file being regular and says nothing where it is not: of 72 good but unusual
clips it gave wrong pictures or times for 10 (variable frame rate, edit lists, B-frames in AVI,
interlaced) and raised on 6. So its frame times are held against those of the packets, as
libav reads them, and a file where they differ is refused. So are pictures to be turned by a
quarter, which it jumbles, or mirrored, which it does not do; most MPEG-TS fails by itself.
What nothing here catches is a right time with a wrong picture. Choose it where the footage is
known to be plain; it can hang in native code on damaged files (its issue #373).
"""

from __future__ import annotations

import bisect
import contextlib
from typing import TYPE_CHECKING, Any

import av
import decord
import numpy as np
from decord._ffi.base import DECORDError, DECORDLimitReachedError

from vidcut.errors import MediaError
from vidcut.protocols import Pace
from vidcut.readers import _container, _decoding, _pictures, pyav
from vidcut.records import SECOND_US

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction
    from pathlib import Path

    from numpy.typing import NDArray

    from vidcut.protocols import Frame, Reader, Witness
    from vidcut.records import Cue, Media, SoundBlock, SubtitleTrack

_TOLERANCE_S = 0.001
_FLOAT32_STEP = 2.0**-22
"""decord's times are ``float32`` seconds: in the tenth hour they step by 4 ms."""

_NO_FAULTS = 1e-9
"""The share of frames that decord may replace by their neighbours without a word."""

_REMEDY = "read it with '--reader pyav'"


def create(
    *, threads: int = 0, witness: Witness | None = None, pace: Pace = Pace.EVERY
) -> DecordReader:
    """``threads``: those of one file's decoder, 0 for as many as there are cores.

    decord decodes every frame, whatever the pace.
    """
    del pace
    decord.logging.set_level(decord.logging.QUIET)  # it writes to stderr by itself
    listening = witness or _container.Nobody()
    return DecordReader(threads, listening, pyav.create(threads=threads, witness=listening))


class DecordReader:
    """See `vidcut.protocols.Reader`; refuses files whose times decord gets wrong."""

    def __init__(self, threads: int, witness: Witness, fallback: Reader) -> None:
        self._threads = threads
        self._witness = witness
        self._pyav = fallback

    def probe(self, path: Path) -> Media:
        """What the file holds, as PyAV tells it."""
        return self._pyav.probe(path)

    def frames(self, path: Path, *, start_us: int = 0) -> Iterator[Frame]:
        """Every frame shown at or after ``start_us``, in order of time, each time once.

        Reads through from the beginning: what decord shows after a seek cannot be verified.
        """
        _refuse_turned(path, self._witness)
        times_us, aspect = _packet_times(path, self._witness)
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
                self._witness.read(time_us)
                yield _pictures.PyavFrame(time_us, _next_frame(video), scaler, path.name)

    def sound(self, path: Path, *, start_us: int = 0) -> Iterator[SoundBlock]:
        """Mono sound at 16 kHz from ``start_us`` on, by PyAV."""
        return self._pyav.sound(path, start_us=start_us)

    def cues(self, path: Path, track: SubtitleTrack) -> Sequence[Cue]:
        """The cues of an embedded text subtitle stream, by PyAV."""
        return self._pyav.cues(path, track)


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except (DECORDError, DECORDLimitReachedError, AssertionError, StopIteration) as error:
        reason = str(error).rpartition("] ")[2].strip() or type(error).__name__
        raise MediaError(f"{path.name}: decord cannot read it ({reason}); {_REMEDY}") from error


def _refuse_turned(path: Path, witness: Witness) -> None:
    with _container.opened(path) as container:
        stream = _pictures.decodable(path, container, _pictures.Decoder(1, witness))
        frame = next(_decoding.read_through(path, container, stream, witness))
    corners = np.arange(4, dtype=np.uint8).reshape(2, 2)
    turned = _pictures.upright(corners, frame).ravel().tolist()
    if turned not in ([0, 1, 2, 3], [3, 2, 1, 0]):  # as it is, or upside down
        raise MediaError(f"{path.name}: decord cannot turn its pictures upright; {_REMEDY}")


def _packet_times(path: Path, witness: Witness) -> tuple[list[int], Fraction | None]:
    """When each picture is shown, from the packets; and how oblong decord's pixels are."""
    with _container.opened(path) as container:
        stream = _pictures.decodable(path, container, _pictures.Decoder(1, witness))
        times_us = []
        for packet in _container.packets(container, stream, witness):
            if packet.pts is None:
                raise MediaError(f"{path.name}: has pictures without a time; {_REMEDY}")
            if not packet.is_discard:
                shown_us = _container.microseconds(packet.pts, stream.time_base)
                times_us.append(shown_us - _container.start_us(container))
        return sorted(times_us), stream.sample_aspect_ratio


def _verify(path: Path, video: Any, times_us: Sequence[int]) -> None:
    """Hold the times that decord gives against those of the packets."""
    if len(video) == len(times_us):
        claimed_s: NDArray[np.float64] = video.get_frame_timestamp(range(len(video)))[:, 0]
        known_s = np.array(times_us) / SECOND_US
        close = np.abs(claimed_s - known_s) <= _TOLERANCE_S + known_s * _FLOAT32_STEP
        if close.all() and (np.diff(known_s) > 0).all():
            return
    raise MediaError(f"{path.name}: decord gives its pictures wrong times; {_REMEDY}")


def _next_frame(video: Any) -> Any:
    return av.VideoFrame.from_ndarray(video.next().asnumpy(), format="rgb24")
