"""What ffmpeg is told: the arguments that read a file and make a clip of it (pure)."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import ffmpeg

from vidcut.errors import OutputError
from vidcut.finish import Finish, filters
from vidcut.records import SECOND_US

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from vidcut.codecs import Writer
    from vidcut.packets import Look
    from vidcut.records import Span
    from vidcut.seams import Edge, Seams

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
_TS_HZ = 90_000
"""MPEG-TS's clock."""
GLANCE_BYTES = 32 * 18
_LEAD_US = 10 * SECOND_US
"""Where a part's times begin: what is decoded earlier than shown still has a time above 0."""


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


@dataclass(frozen=True, slots=True)
class Making:
    """How a picture is encoded: by which encoder, by which ffmpeg, with which finish."""

    writer: Writer
    new: bool
    """Whether this ffmpeg has ``-fps_mode``."""
    finish: Finish = field(default_factory=Finish)
    captions: str | None = None
    """The ASS file to draw, by its name in the folder that ffmpeg runs in."""
    threads: int = 0
    """For decoding and encoding; 0 for as many as there are cores."""


def encoding(source: Path, span: Span, look: Look, draft: Path, making: Making) -> Any:
    """An exact cut, re-encoded."""
    # The trimming is ours and not -ss's, which counts in the stream's ticks: those of an AVI
    # are whole frames, and picture and sound would be rounded apart by up to half of one.
    asked = source_input(source, seek_us=look.seek_us, noaccurate_seek=None, **_few(making))
    streams: list[Any] = []
    options: dict[str, Any] = {}
    if look.picture:
        shown = _shown(asked["V:0"], span, look)
        for name, places, words in filters(making.finish, making.captions):
            shown = shown.filter(name, *places, **words)
        shown = shown.filter("settb", f"1/{_CLOCK_HZ}")
        streams.append(_uploaded(shown, making.writer))
        options |= _encoder(making, look) | {"enc_time_base:v": f"1:{_CLOCK_HZ}"}
        if muxer_of(draft) in _WITH_FASTSTART:
            options |= making.writer.tag
    if look.sound:
        streams.append(_heard(asked["a:0"], span, look))
        options |= {"c:a": "aac", "b:a": "192k"}
    return _output(streams, draft, options)


def _shown(picture: Any, span: Span, look: Look) -> Any:
    """The frames of the span, from 0 on; the first is shown from the start on."""
    begin_us, end_us = look.origin_us + span.start, look.origin_us + span.end
    first_us = look.origin_us + look.first_us(span)
    # Half a millisecond, for times are rounded down here and to the nearest by settb.
    shown = f"if(lt(PTS,{max(first_us, begin_us) + 500}),0,PTS-{begin_us})"
    return (
        picture.filter("settb", "1/1000000")
        .filter("trim", start_pts=min(first_us, begin_us), end_pts=end_us)
        .filter("setpts", shown)
    )


def _heard(sound: Any, span: Span, look: Look) -> Any:
    begin_us, end_us = look.origin_us + span.start, look.origin_us + span.end
    return (
        sound.filter("atrim", start=f"{begin_us}us", end=f"{end_us}us")
        .filter("asetpts", f"PTS-{begin_us}/1000000/TB")
        .filter("aresample", **{"async": 1, "first_pts": 0})
    )


def _encoder(making: Making, look: Look) -> dict[str, Any]:
    writer = making.writer
    options = {"c:v": writer.name, "pix_fmt": writer.pixels} | writer.options | _few(making)
    if writer.uploads:
        del options["pix_fmt"]
    options |= _untouched(new=making.new)
    return options | (look.traits.colours if look.traits else {})


def _untouched(*, new: bool) -> dict[str, Any]:
    """No frame doubled or dropped."""
    return {"fps_mode": "passthrough"} if new else {"vsync": 0}


def _uploaded(picture: Any, writer: Writer) -> Any:
    if not writer.uploads:
        return picture
    return picture.filter("format", writer.pixels).filter("hwupload")


def _few(making: Making) -> dict[str, Any]:
    return {"threads": making.threads} if making.threads else {}


def trial(writer: Writer) -> Any:
    """A few frames for an encoder to write, to nowhere."""
    frames = ffmpeg.input("color=gray:s=320x240:r=25:d=0.2", f="lavfi")
    options: dict[str, Any] = {"c:v": writer.name} | writer.options
    if not writer.uploads:
        options |= {"pix_fmt": writer.pixels}
    return ffmpeg.output(_uploaded(frames["v:0"], writer), "-", f="null", **options)


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


# A clip of three parts: MPEG-TS, for files of it may be laid end to end ----------------


def head(source: Path, seams: Seams, first: Span, look: Look, draft: Path, making: Making) -> Any:
    """What is encoded before the middle, and the middle's first frames as `decoded` has them."""
    assert seams.head is not None  # noqa: S101 - who calls has looked
    frames = _read_from(source, look, making).split()
    crcs = ffmpeg.output(_trimmed(frames[1], first, look), "-", f="framecrc")
    return ffmpeg.merge_outputs(_edge(frames[0], seams.head, seams, look, draft, making), crcs)


def tail(source: Path, seams: Seams, look: Look, draft: Path, making: Making) -> Any:
    """What is encoded after the middle, and the same frames as `glance` has them."""
    assert seams.tail is not None  # noqa: S101 - who calls has looked
    frames = _read_from(source, look, making).split()
    small = _small(_trimmed(frames[1], seams.tail.span, look), new=making.new)
    return ffmpeg.merge_outputs(_edge(frames[0], seams.tail, seams, look, draft, making), small)


def _read_from(source: Path, look: Look, making: Making | None = None) -> Any:
    few = _few(making) if making else {}
    asked = source_input(source, seek_us=look.seek_us, noaccurate_seek=None, **few)
    return asked["V:0"].filter("settb", "1/1000000")


def _trimmed(picture: Any, span: Span, look: Look) -> Any:
    begin_us, end_us = look.origin_us + span.start, look.origin_us + span.end
    return picture.filter("trim", start_pts=begin_us, end_pts=end_us)


def _edge(picture: Any, part: Edge, seams: Seams, look: Look, draft: Path, making: Making) -> Any:
    begin_us, first_us = look.origin_us + seams.span.start, look.origin_us + seams.times_us[0]
    shown = f"if(lt(PTS,{first_us + 500}),0,PTS-{begin_us})+{_LEAD_US}"
    picture = _trimmed(picture, part.span, look).filter("setpts", shown)
    options = _encoder(making, look) | {"enc_time_base:v": f"1:{_TS_HZ}"}
    ticks = part.delay_us * _TS_HZ // SECOND_US
    timed = picture.filter("settb", f"1/{_TS_HZ}")
    return _transport([timed], draft, options | {"bsf:v": f"setts=dts=DTS-{ticks}"})


def middle(source: Path, seams: Seams, look: Look, draft: Path) -> Any:
    """The packets that are copied, as they are."""
    begin, stop = seams.middle.start, seams.middle.stop
    until_us = max(1, look.decoded_until_us(stop) - look.seek_us)
    asked = source_input(source, seek_us=look.seek_us, t=f"{until_us}us")
    options: dict[str, Any] = {
        "c": "copy",
        # By their number and not their time: the filter takes the wrong clock for it.
        "bsf:v": f"noise=drop='lt(n,{begin})+gte(n,{stop})'",
        "output_ts_offset": f"{_LEAD_US - look.origin_us - seams.span.start}us",
    }
    return _transport([asked["V:0"]], draft, options)


def _transport(streams: Sequence[Any], draft: Path, options: dict[str, Any]) -> Any:
    options |= {"f": "mpegts", "muxdelay": 0, "muxpreload": 0}
    options |= {"mpegts_flags": "+initial_discontinuity"}
    return ffmpeg.output(*streams, _address(draft), **options)


def sound(source: Path, span: Span, look: Look, draft: Path) -> Any:
    """The sound of the whole span, encoded in one piece."""
    asked = source_input(source, seek_us=look.seek_us, noaccurate_seek=None)
    heard = _heard(asked["a:0"], span, look)
    return ffmpeg.output(heard, _address(draft), f="ipod", **{"c:a": "aac", "b:a": "192k"})


def joined(picture: Path, heard: Path | None, draft: Path) -> Any:
    """The finished picture with its sound."""
    streams = [source_input(picture, itsoffset=f"{-_LEAD_US}us")["V:0"]]
    if heard is not None:
        streams.append(source_input(heard)["a:0"])
    return _output(streams, draft, {"c": "copy"})


def glance(clip: Path, seek_us: int, *, new: bool) -> Any:
    """The frames from a time on, 32 by 18 in gray."""
    return _small(source_input(clip, seek_us=seek_us, noaccurate_seek=None)["V:0"], new=new)


def _small(picture: Any, *, new: bool) -> Any:
    small = picture.filter("scale", 32, 18, flags="area")
    return ffmpeg.output(small, "-", f="rawvideo", pix_fmt="gray", **_untouched(new=new))


def listing(clip: Path) -> Any:
    """The packets of a clip."""
    asked = source_input(clip)
    return ffmpeg.output(asked["V:0"], asked["a:0?"], "-", c="copy", copyinkf=None, f="framecrc")


def begun(clip: Path, length_us: int) -> Any:
    """The first frames of a clip as numbers that say whether they are the same."""
    return ffmpeg.output(source_input(clip, t=f"{length_us}us")["V:0"], "-", f="framecrc")


def decoded(source: Path, span: Span, look: Look) -> Any:
    """The frames of a span likewise."""
    return ffmpeg.output(_trimmed(_read_from(source, look), span, look), "-", f="framecrc")


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
