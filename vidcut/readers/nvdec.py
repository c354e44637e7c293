"""Decodes pictures on an NVIDIA GPU (NVDEC, by the libav in PyAV's own wheels); all else as PyAV.

Packets, times, turning and scaling are those of the reader ``pyav``: only who decodes differs, so
that a picture has the same time by both. What the GPU does not decode (ProRes, 10-bit 4:2:2, AV1
where libav takes dav1d for it), libav decodes on the CPU; and where a file seems damaged, PyAV
reads on from there, for it alone is trusted to say what is lost. Not measured here, for want of a
GPU: `benchmarks/gpu.py` does that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
from av.codec.hwaccel import HWAccel

from vidcut.errors import MediaError, MissingError
from vidcut.protocols import Pace
from vidcut.readers import _container, _pictures, pyav

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from vidcut.protocols import Frame, Reader, Witness
    from vidcut.records import Cue, Media, SoundBlock, Span, SubtitleTrack

_THREADS = 1
"""Each more would hold surfaces of the GPU, which has 32 for a decoder."""


def create(
    *, threads: int = 0, witness: Witness | None = None, pace: Pace = Pace.EVERY
) -> NvdecReader:
    """``threads``: of what the CPU decodes instead, 0 for as many as there are cores.

    Raises:
        MissingError: no GPU here decodes.
    """
    listening = witness or _container.Nobody()
    decoder = _pictures.Decoder(_THREADS, _Doubting(listening), pace, _device())
    return NvdecReader(decoder, pyav.create(threads=threads, witness=listening, pace=pace))


def without_gpu() -> str:
    """Why no GPU decodes here; empty where one does."""
    try:
        _device()
    except MissingError as error:
        return str(error)
    return ""


class NvdecReader:
    """See `vidcut.protocols.Reader`."""

    def __init__(self, decoder: _pictures.Decoder, fallback: Reader) -> None:
        self._decoder = decoder
        self._pyav = fallback

    def probe(self, path: Path) -> Media:
        """What the file holds, as PyAV tells it."""
        return self._pyav.probe(path)

    def frames(self, path: Path, *, start_us: int = 0) -> Iterator[Frame]:
        """Every frame shown at or after ``start_us``, in order of time, each time once.

        A quick reader leaves out those that the reader ``pyav`` does.
        """
        next_us = start_us
        try:
            for frame in _pictures.frames(path, start_us=start_us, decoder=self._decoder):
                next_us = frame.time_us + 1
                yield frame
        except (_DoubtError, MediaError):
            yield from self._pyav.frames(path, start_us=next_us)

    def sound(self, path: Path, *, start_us: int = 0) -> Iterator[SoundBlock]:
        """Mono sound at 16 kHz from ``start_us`` on, by PyAV."""
        return self._pyav.sound(path, start_us=start_us)

    def cues(self, path: Path, track: SubtitleTrack) -> Sequence[Cue]:
        """The cues of an embedded text subtitle stream, by PyAV."""
        return self._pyav.cues(path, track)


class _DoubtError(Exception):
    """Something does not decode: the file's fault or the GPU's."""


class _Doubting:
    """A witness that hears of losses before they are told."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness

    def read(self, time_us: int | None) -> None:
        self._witness.read(time_us)

    def lost(self, span: Span) -> None:
        raise _DoubtError(str(span))


def _device() -> HWAccel:
    """The GPU's context that all programs of this process share, tried on a decoder."""
    device = HWAccel("cuda", allow_software_fallback=True, options={"primary_ctx": "1"})
    try:
        av.CodecContext.create("h264", "r", hwaccel=device)
    except (av.error.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        message = f"libav finds no NVIDIA GPU that decodes ({reason})"
        raise MissingError(f"{message}; '--reader pyav' decodes on the CPU") from error
    return device
