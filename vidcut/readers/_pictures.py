"""Decoded pictures: when each is shown, and how it looks upright."""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from av.sidedata.sidedata import SideDataContainer
from av.video.reformatter import Interpolation, VideoReformatter

from vidcut.errors import MediaError
from vidcut.protocols import Pace
from vidcut.readers import _container, _decoding, _rows, _thinning, _timing
from vidcut.records import SECOND_US

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from vidcut.protocols import Witness
    from vidcut.records import Picture

_STEPS_BACK_US = (0, 2 * SECOND_US, 10 * SECOND_US)
"""Where a seek lands too late (MPEG-TS has no index), it is tried again from further back."""

_ODDEST_ASPECT = 8
"""A pixel that claims to be more oblong than this is taken for a square."""


@dataclass(frozen=True, slots=True)
class Decoder:
    """How a stream is to be decoded.

    ``threads``: 0 for libav's own choice; ``device``: as `_container.opened` takes it.
    """

    threads: int
    witness: Witness
    pace: Pace = Pace.EVERY
    device: Any = None

    def wanted(self, packets: Iterable[Any], time_base: Fraction) -> Iterable[Any]:
        """Of the packets those that the decoder needs."""
        return packets if self.pace is Pace.EVERY else _thinning.thinned(packets, time_base)


def frames(path: Path, *, start_us: int, decoder: Decoder) -> Iterator[PyavFrame]:
    """See `vidcut.protocols.Reader.frames`."""
    if start_us > 0:
        with _container.opened(path, device=decoder.device) as container:
            stream = decodable(path, container, decoder)
            source = _from_key_frame(container, stream, start_us, decoder)
            if source is not None:
                yield from _shown(path, container, stream, source, start_us)
                return
    with _container.opened(path, device=decoder.device) as container:
        stream = decodable(path, container, decoder)
        source = _decoding.read_through(
            path, container, stream, decoder.witness, wanted=decoder.wanted
        )
        yield from _shown(path, container, stream, source, start_us)


def decodable(path: Path, container: Any, decoder: Decoder) -> Any:
    """The picture stream, ready to be decoded."""
    stream = _container.picture_stream(container)
    if stream is None:
        raise MediaError(f"{path.name}: has no video stream that can be decoded")
    stream.codec_context.options = {"max_pixels": str(_container.MAX_PIXELS)}
    stream.codec_context.thread_type = "AUTO"
    stream.codec_context.thread_count = decoder.threads
    if decoder.pace is Pace.QUICK:
        stream.codec_context.skip_frame = "NONREF"
    return stream


class PyavFrame:
    """A `vidcut.protocols.Frame`; it stays whole while others are decoded."""

    __slots__ = ("_frame", "_name", "_scaler", "time_us")

    def __init__(self, time_us: int, frame: Any, scaler: Scaler, name: str) -> None:
        self.time_us = time_us
        self._frame = frame
        self._scaler = scaler
        self._name = name

    def picture(self, longest_px: int) -> Picture:
        """The upright picture, RGB ``uint8 (h, w, 3)``, its longer side at most this."""
        try:
            return self._scaler.picture(self._frame, longest_px)
        except (OSError, RuntimeError, ValueError) as error:
            kind = self._frame.format.name
            reason = f"its pictures ({kind}) cannot be converted to RGB ({error})"
            raise MediaError(f"{self._name}: {reason}; convert it with ffmpeg") from error


class Scaler:
    """Turns decoded frames into pictures; one for a stream.

    libswscale sets itself up anew when sizes change, so each size keeps its own. May be
    used by several threads.
    """

    def __init__(self, aspect: Fraction | None) -> None:
        odd = aspect is None or not Fraction(1, _ODDEST_ASPECT) <= aspect <= _ODDEST_ASPECT
        self._aspect = Fraction(1) if odd else aspect
        self._reformatters: defaultdict[int, Any] = defaultdict(VideoReformatter)
        self._rows = _rows.Rows()
        self._lock = threading.Lock()

    def size(self, frame: Any) -> tuple[int, int]:
        """Width and height as shown, before any turning: a player stretches the width."""
        return max(1, round(frame.width * self._aspect)), frame.height

    def picture(self, frame: Any, longest_px: int) -> Picture:
        """See `vidcut.protocols.Frame.picture`.

        Area averaging is the fastest of libswscale's ways that look at every pixel: 1080p to
        64 px takes 0.3 to 0.7 ms of every row, by "fast bilinear" five times that.
        """
        width, height = self.size(frame)
        ratio = min(Fraction(1), Fraction(longest_px, max(width, height)))
        with self._lock:
            scaled = self._reformatters[longest_px].reformat(
                self._rows.of(frame, ratio),
                width=max(1, round(width * ratio)),
                height=max(1, round(height * ratio)),
                format="rgb24",
                interpolation=Interpolation.AREA,
                threads=1,
            )
            pixels: Picture = upright(scaled.to_ndarray().astype(np.uint8, copy=False), frame)
        # The decoder may still need a frame that was RGB and of this size before.
        return pixels.copy() if scaled is frame else np.ascontiguousarray(pixels)


def upright(pixels: Picture, frame: Any) -> Picture:
    """Turned and mirrored as the frame's display matrix tells a player to.

    The matrix takes a pixel (x, y) to (a x + c y, b x + d y); ISO/IEC 14496-12, 6.2.2.
    """
    # Not frame.side_data: it and the frame refer to each other, and some 200 frames waited for
    # the collector of such circles: 600 MB of 1080p.
    side = SideDataContainer(frame).get("DISPLAYMATRIX")  # type: ignore[call-arg]  # not in its stubs
    if side is None:
        return pixels
    a, b, _, c, d, *_ = np.frombuffer(side, dtype=np.int32).tolist()
    if abs(b) > abs(a):
        pixels, a, d = pixels.swapaxes(0, 1), c, b
    if a < 0:
        pixels = pixels[:, ::-1]
    if d < 0:
        pixels = pixels[::-1]
    return pixels


def _shown(
    path: Path, container: Any, stream: Any, source: Iterator[Any], start_us: int
) -> Iterator[PyavFrame]:
    scaler = Scaler(stream.sample_aspect_ratio)
    last_us = start_us - 1
    for time_us, frame in _timing.without_strays(_timing.timed(container, stream, source)):
        if time_us > last_us:
            last_us = time_us
            yield PyavFrame(time_us, frame, scaler, path.name)


def _from_key_frame(
    container: Any, stream: Any, time_us: int, decoder: Decoder
) -> Iterator[Any] | None:
    """The frames from the key frame at or before a time; None where that cannot be trusted.

    The first packet is decoded before: it may be the only one to say which encoder made the
    stream, and without that libavcodec decodes the 4:4:4 of x264 before build 151 to green.
    """
    first = next(_container.packets(container, stream, decoder.witness), None)
    if first is None:
        return None
    for _ in _decoding.decoded(
        stream, [first], _decoding.Ledger(container, stream, _container.Nobody())
    ):
        pass
    for back_us in _STEPS_BACK_US:
        if not _container.seek(container, stream, max(0, time_us - back_us)):
            return None
        source = _container.packets(container, stream, decoder.witness)
        key = next((packet for packet in source if packet.is_keyframe), None)
        if key is None or key.pts is None:
            return None
        shown_us = _container.microseconds(key.pts, stream.time_base)
        if shown_us - _container.start_us(container) <= time_us:
            ledger = _decoding.Ledger(container, stream, decoder.witness)
            packets = decoder.wanted(itertools.chain([key], source), stream.time_base)
            frames = _decoding.decoded(stream, packets, ledger)
            return _verified(frames, key.pts)
    return None


def _verified(source: Iterator[Any], ticks: int) -> Iterator[Any] | None:
    frame = next(source, None)
    if frame is None or not frame.key_frame or frame.is_corrupt or frame.pts != ticks:
        return None
    return itertools.chain([frame], source)
