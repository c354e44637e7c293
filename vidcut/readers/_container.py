"""Open a media file with libav, trusting neither its words nor its wholeness."""

from __future__ import annotations

import contextlib
import re
import stat
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import av

from vidcut.errors import MediaError
from vidcut.records import SECOND_US

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction
    from pathlib import Path

    from vidcut.protocols import Witness
    from vidcut.records import Span

# Containers whose whole content is in the one file. Playlists (hls, dash, concat), picture
# sequences, devices and text are left out: they make libav open what they name. The same as
# arguments.DEMUXERS, for what can be indexed must be cut.
_FORMATS = (
    "aac,ac3,aiff,amr,ape,asf,au,av1,avi,caf,dts,dv,eac3,flac,flv,gif,gxf,h264,hevc,ivf,m4v,"
    "matroska,mov,mp3,mpeg,mpegts,mpegvideo,mxf,nut,obu,ogg,rm,tta,w64,wav,wtv,wv"
)
MAX_PIXELS = 8192 * 8192
"""Of one picture: twice 8K. A file of 32 KB can claim a picture that takes 3 GB."""

_TIMECODE = re.compile(r"([0-9]{2}:[0-5][0-9]:[0-5][0-9])([:;.,])([0-9]{2,3})")

_MOST_FAILURES = 100
"""Reads that fail in a row before the rest of a file is given up."""


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Everything that libav and PyAV raise becomes a `MediaError`."""
    try:
        yield
    except MediaError:
        raise
    except (av.error.FFmpegError, MemoryError, OverflowError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        remedy = "try to play it; if it plays, convert it with ffmpeg"
        raise MediaError(f"{path.name}: cannot be read as media ({reason}); {remedy}") from error


@contextlib.contextmanager
def opened(path: Path, *, device: Any = None) -> Iterator[Any]:
    """An ``av.container.InputContainer``; what goes wrong inside is translated.

    ``device``: an ``av.codec.hwaccel.HWAccel`` that pictures are decoded on, None for the CPU.

    Raises:
        MediaError: no regular file, no media, or a format that leads to other files.
    """
    try:
        kind = path.stat().st_mode
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise MediaError(f"{path.name}: cannot be opened ({reason}); check its path") from error
    if not stat.S_ISREG(kind):  # opening a pipe would wait for ever
        raise MediaError(f"{path.name}: is no regular file; copy its content to one")
    with translated(path), _open(path, device) as container:
        yield container


def _open(path: Path, device: Any) -> Any:
    try:
        return av.open(
            f"file:{path.absolute()}",
            metadata_errors="ignore",  # tags may be in any encoding
            container_options={"protocol_whitelist": "file", "format_whitelist": _FORMATS},
            options={"max_pixels": str(MAX_PIXELS)},
            hwaccel=device,
        )
    except av.error.ArgumentError as error:  # its format is not on the list
        fact = f"{path.name}: is no video or sound, or a list of other files"
        raise MediaError(f"{fact}; leave it out, or name what it leads to") from error


def picture_stream(container: Any) -> Any | None:
    """The stream that a player shows, None where there is none; cover art is none."""
    streams = [s for s in container.streams.video if _moves(s)]
    best = container.streams.best("video")
    return best if best in streams else next(iter(streams), None)


def has_unknown_pictures(container: Any) -> bool:
    """Whether there are pictures that libav has no decoder for, so that nothing can be cut."""
    return any(s.codec_context is None and not _is_cover(s) for s in container.streams.video)


def sound_stream(container: Any) -> Any | None:
    """The stream that a player plays with the pictures, None where there is none."""
    streams = [s for s in container.streams.audio if s.codec_context and s.codec_context.rate]
    best = container.streams.best("audio", related=picture_stream(container))
    return best if best in streams else next(iter(streams), None)


def timecode(container: Any) -> str | None:
    """What the camera's clock said at the first picture: ``01:00:00:00``, drop-frame with ``;``.

    QuickTime has it in a track of its own, which libav shows at the picture's too; MXF and AVI
    have it in their header, Matroska among its tags. None where there is none.
    """
    picture = picture_stream(container)
    for place in (*([] if picture is None else [picture]), *container.streams.data, container):
        for name, text in place.metadata.items():
            match = _TIMECODE.fullmatch(text.strip()) if name.lower() == "timecode" else None
            if match:
                return f"{match[1]}{':' if match[2] == ':' else ';'}{match[3]}"
    return None


def start_us(container: Any) -> int:
    """Where the container's own time has the moment that a player shows as 0:00."""
    return container.start_time or 0


class Nobody:
    """A `vidcut.protocols.Witness` that listens to nothing."""

    def read(self, time_us: int | None) -> None:
        """Nothing."""

    def lost(self, span: Span) -> None:
        """Nothing."""


def packets(container: Any, stream: Any, witness: Witness) -> Iterator[Any]:
    """The stream's packets that hold something, from where the container stands.

    A read that fails is passed over: many a demuxer finds its feet again.

    Raises:
        MediaError: they are encrypted, and would decode to noise.
    """
    failures = 0
    while failures < _MOST_FAILURES:
        try:
            for packet in container.demux(stream):
                failures = 0
                witness.read(_packet_us(container, packet))
                if packet.has_sidedata("encryption_info"):
                    name = PurePath(container.name).name
                    raise MediaError(f"{name}: is encrypted; take the copy that you own the key of")
                if packet.size:  # a decoder takes an empty packet for the end
                    yield packet
        except av.error.FFmpegError:
            failures += 1
        else:
            return


def microseconds(ticks: int, time_base: Fraction) -> int:
    """To the nearest, without rounding on the way."""
    divisor = 2 * time_base.denominator
    return (2 * ticks * time_base.numerator * SECOND_US + time_base.denominator) // divisor


def seek(container: Any, stream: Any, time_us: int) -> bool:
    """To at or before a time as a player shows it; False where the format cannot."""
    time_base = stream.time_base
    ticks = (time_us + start_us(container)) * time_base.denominator
    try:
        container.seek(ticks // (time_base.numerator * SECOND_US), stream=stream)
    except (av.error.FFmpegError, OverflowError):
        return False
    return True


def _packet_us(container: Any, packet: Any) -> int | None:
    if packet.pts is None or packet.time_base is None:
        return None
    return microseconds(packet.pts, packet.time_base) - start_us(container)


def _moves(stream: Any) -> bool:
    context = stream.codec_context
    if context is None or _is_cover(stream):
        return False
    return bool(context.width and context.height)


def _is_cover(stream: Any) -> bool:
    return bool(stream.disposition & type(stream.disposition).attached_pic)
