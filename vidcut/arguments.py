"""What ffmpeg is told: the arguments that read a file and make a clip of it (pure)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import ffmpeg

from vidcut.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from vidcut.packets import Look
    from vidcut.records import Span

# Demuxers that read one file and no other; playlists (hls, concat, dash, image2) are not here.
DEMUXERS = (
    "aac,ac3,aiff,amr,ape,asf,au,av1,avi,caf,dts,dv,eac3,flac,flv,gif,gxf,h264,hevc,ivf,m4v,"
    "matroska,mov,mp3,mpeg,mpegts,mpegvideo,mxf,nut,obu,ogg,rm,tta,w64,wav,wtv,wv"
)
_MUXERS = {
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mov": "mov",
    ".m4a": "ipod",
    ".mkv": "matroska",
    ".mka": "matroska",
}
SOUND_ONLY = frozenset({".m4a", ".mka"})
_WITH_FASTSTART = frozenset({"mp4", "mov", "ipod"})
_CLOCK_HZ = 120_000
"""The clip's picture clock: 24, 25, 30, 50, 60 and their 1000/1001 are whole ticks of it."""


def source_input(source: Path, *, seek_us: int = 0, **options: Any) -> Any:
    """A file to read, and nothing but it."""
    # Not even -ss 0 where the file's begin is meant: FLV and AVI go to a later key frame for it.
    if seek_us:
        options |= {"ss": f"{seek_us}us"}
    return ffmpeg.input(
        _address(source),
        protocol_whitelist="file",
        format_whitelist=DEMUXERS,
        **options,
    )


def _address(path: Path) -> str:
    # file: and an absolute path: a name cannot be taken for an option, a protocol or an address.
    # Its bytes as Latin-1, for ffmpeg-python refuses names that are not UTF-8; see _command.
    return "file:" + os.fsencode(path.absolute()).decode("latin-1")


def encoding(source: Path, span: Span, look: Look, draft: Path, *, new: bool) -> Any:
    """An exact cut, re-encoded; ``new``: whether this ffmpeg has ``-fps_mode``."""
    # The trimming is ours and not -ss's, which counts in the stream's ticks: those of an AVI
    # are whole frames, and picture and sound would be rounded apart by up to half of one.
    begin_us, end_us = look.origin_us + span.start, look.origin_us + span.end
    asked = source_input(source, seek_us=look.seek_us, noaccurate_seek=None)
    streams: list[Any] = []
    options: dict[str, Any] = {}
    if look.picture:
        first_us = look.origin_us + look.first_us(span)
        # Half a millisecond, for times are rounded down here and to the nearest by settb.
        shown = f"if(lt(PTS,{max(first_us, begin_us) + 500}),0,PTS-{begin_us})"
        streams.append(
            asked["V:0"]
            .filter("settb", "1/1000000")
            .filter("trim", start_pts=min(first_us, begin_us), end_pts=end_us)
            .filter("setpts", shown)
            .filter("settb", f"1/{_CLOCK_HZ}")
            .filter("crop", "trunc(iw/2)*2", "trunc(ih/2)*2", 0, 0)
        )
        options |= {"c:v": "libx264", "crf": 18, "preset": "veryfast", "pix_fmt": "yuv420p"}
        options |= {"fps_mode": "passthrough"} if new else {"vsync": 0}
        options |= {"enc_time_base:v": f"1:{_CLOCK_HZ}"}
    if look.sound:
        streams.append(
            asked["a:0"]
            .filter("atrim", start=f"{begin_us}us", end=f"{end_us}us")
            .filter("asetpts", f"PTS-{begin_us}/1000000/TB")
            .filter("aresample", **{"async": 1, "first_pts": 0})
        )
        options |= {"c:a": "aac", "b:a": "192k"}
    return _output(streams, draft, options)


def copying(source: Path, held: Span, count: int, look: Look, draft: Path) -> Any:
    """A stream copy of so many of the picture's packets."""
    # The first frame at 0: sound that lies before it in the file is not heard, as in every
    # mp4 that begins with an AAC encoder's priming; no picture is hidden so.
    begin_us = look.origin_us + held.start
    # -t counts in decoding time, which for pictures comes before their showing: picture and
    # sound end each by their own, read from the file as if it were two.
    streams = []
    if look.picture:
        until_us = max(1, look.decoded_until_us(count) - look.seek_us)
        streams.append(source_input(source, seek_us=look.seek_us, t=f"{until_us}us")["V:0"])
    if look.sound:
        until_us = held.end - look.seek_us
        streams.append(source_input(source, seek_us=look.seek_us, t=f"{until_us}us")["a:0"])
    options: dict[str, Any] = {"c": "copy", "output_ts_offset": f"{-begin_us}us"}
    return _output(streams, draft, options)


def _output(streams: Sequence[Any], draft: Path, options: dict[str, Any]) -> Any:
    muxer = muxer_of(draft)
    # Neither chapters, tags nor timecode: they tell of the whole source.
    options |= {"map_metadata": -1, "map_chapters": -1, "f": muxer}
    if muxer in _WITH_FASTSTART:
        options |= {"movflags": "+faststart"}
    return ffmpeg.output(*streams, _address(draft), **options)


def muxer_of(output: Path) -> str:
    """Ffmpeg's name for the format that a path's ending asks for."""
    muxer = _MUXERS.get(output.suffix.lower())
    if muxer is None:
        raise OutputError(f"{output} has no known ending; use one of {', '.join(_MUXERS)}")
    return muxer
