"""What ffmpeg is told to make a film: of each part of it, of its sound, of the whole (pure).

Picture and sound of every item come out alike: the film's size and rate in square pixels and
the colours of HD video, and 48 kHz stereo in 32-bit floats.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from vidcut.arguments import DEMUXERS
from vidcut.film import SOUND_HZ, Fit

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path

    from vidcut.codecs import Writer
    from vidcut.film import Stretch
    from vidcut.packets import Look
    from vidcut.records import Span

Words: TypeAlias = list[str | bytes]

_AS_BT709 = "out_color_matrix=bt709:out_range=tv"
_FROM_HDR = (
    "zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt709,"
    "tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv,format=yuv420p"
)
"""As ffmpeg's manual has it, with the white of ITU-R BT.2408: 203 cd/m²."""
_HDR = frozenset({"smpte2084", "arib-std-b67"})
_SEEN = "split[whole][small];[small]scale=16:16:flags=neighbor[seen];[whole]"
_TITLE = "Alignment=10,FontSize=22,MarginL=24,MarginR=24,Outline=0,Shadow=0"


@dataclass(frozen=True, slots=True)
class Canvas:
    """What every picture is brought to, and by which encoder it is written."""

    width: int
    height: int
    rate: Fraction
    fit: Fit
    writer: Writer
    new: bool
    """Whether this ffmpeg has ``-fps_mode``."""
    threads: int


@dataclass(frozen=True, slots=True)
class Scene:
    """An item as ffmpeg finds it; without ``source`` it is black."""

    span: Span
    frames: int
    source: Path | None = None
    look: Look | None = None
    title: str | None = None
    """The subtitle file to draw on black, by its name in the folder that ffmpeg runs in."""

    @property
    def has_picture(self) -> bool:
        """Whether it shows something."""
        return self.look is not None and bool(self.look.picture)

    @property
    def has_sound(self) -> bool:
        """Whether something is heard."""
        return self.look is not None and bool(self.look.sound)


def address(path: Path) -> bytes:
    """A file's name as nothing but a file's name."""
    return b"file:" + os.fsencode(path.absolute())


# Parts --------------------------------------------------------------------------------


def alone(scene: Scene, stretch: Stretch, canvas: Canvas, picture: Path, sound: Path) -> Words:
    """Encode a stretch of one item, write the sound of all of it, and list what was decoded."""
    tap = _SEEN if scene.has_picture else ""
    graph = [f"{_shown(scene, 0, stretch, canvas, tap)}[shown]"]
    listed: Words = ["-map", "[seen]"] if scene.has_picture else []
    outputs: Words = ["-map", "[shown]", *_encoded(canvas), address(picture)]
    if scene.has_sound:
        graph.append(_heard(scene))
        listed += ["-map", "[told]"]
        outputs += ["-map", "[heard]", "-c:a", "pcm_f32le", "-f", "f32le", address(sound)]
    if listed:
        outputs += [*listed, *_passing(canvas), "-f", "framecrc", "-"]
    return [*_input(scene), "-filter_complex", ";".join(graph), *outputs]


def faded(
    scenes: tuple[Scene, Scene], parts: tuple[Stretch, Stretch], canvas: Canvas, picture: Path
) -> Words:
    """Encode the stretch in which one item fades into the next; the sound is faded elsewhere."""
    words: Words = []
    graph = []
    for scene, stretch, name in zip(scenes, parts, ("[old]", "[new]"), strict=True):
        graph.append(_shown(scene, words.count("-i"), stretch, canvas, "") + name)
        words += _input(scene)
    count = parts[0].frames
    graph.append(
        f"[old][new]xfade=transition=fade:duration={float(count / canvas.rate):.6f}:offset=0,"
        f"{_exactly(0, count, canvas)}[shown]"
    )
    outputs = ["-map", "[shown]", *_encoded(canvas), address(picture)]
    return [*words, "-filter_complex", ";".join(graph), *outputs]


def _input(scene: Scene) -> Words:
    if scene.source is None or scene.look is None:
        return []
    seek: Words = ["-ss", f"{scene.look.seek_us}us"] if scene.look.seek_us else []
    return [*only_a_file(), "-noaccurate_seek", *seek, "-i", address(scene.source)]


def only_a_file() -> Words:
    """What keeps ffmpeg from reading anything but the file that follows."""
    return ["-protocol_whitelist", "file", "-format_whitelist", DEMUXERS]


def _shown(scene: Scene, place: int, stretch: Stretch, canvas: Canvas, tap: str) -> str:
    """A stretch of an item as the film shows it; ``tap`` is where decoded pictures go as well."""
    ends = _exactly(stretch.start, stretch.end, canvas)
    if not scene.has_picture:
        text = f"subtitles=filename={scene.title}:force_style='{_TITLE}'," if scene.title else ""
        black = f"color=c=black:s={canvas.width}x{canvas.height}:r={canvas.rate}"
        return f"{black},{text}{ends}"
    assert scene.look is not None  # noqa: S101 - else there is no picture
    begin_us, end_us = (scene.look.origin_us + t for t in (scene.span.start, scene.span.end))
    first_us = scene.look.origin_us + scene.look.first_us(scene.span)
    # The first frame from the start on; half a millisecond, for times were rounded down.
    shown = f"if(lt(PTS,{max(first_us, begin_us) + 500}),0,PTS-{begin_us})"
    return (
        f"[{place}:V:0]settb=1/1000000,trim=start_pts={min(first_us, begin_us)}:end_pts={end_us},"
        f"setpts='{shown}',{tap}{_uniform(scene.look, canvas)},"
        f"fps={canvas.rate}:start_time=0,{ends}"
    )


def _uniform(look: Look, canvas: Canvas) -> str:
    """Upright pictures of any kind to those of the film: progressive, HD's colours, its size."""
    width, height = canvas.width, canvas.height
    traits = look.traits
    before = "bwdif=mode=send_frame:deint=interlaced," if traits and traits.is_interlaced else ""
    before += f"{_FROM_HDR}," if traits and traits.transfer in _HDR else ""
    if canvas.fit is Fit.CROP:
        sides = f"w='2*ceil(max({width},{height}*dar)/2)':h='2*ceil(max({height},{width}/dar)/2)'"
        ends = f"crop={width}:{height}"
    else:
        sides = (
            f"w='max(2,2*round(min({width},{height}*dar)/2))'"
            f":h='max(2,2*round(min({height},{width}/dar)/2))'"
        )
        ends = f"pad={width}:{height}:(ow-iw)/2:(oh-ih)/2"
    return f"{before}scale={sides}:{_AS_BT709},{ends},setsar=1"


def _exactly(start: int, end: int, canvas: Canvas) -> str:
    """So many frames, from 0; the last is held where there are fewer."""
    tick = f"{canvas.rate.denominator}/{canvas.rate.numerator}"
    return (
        f"tpad=stop=-1:stop_mode=clone,trim=start_frame={start}:end_frame={end},"
        f"settb={tick},setpts=N,setsar=1,format={canvas.writer.pixels}"
    )


def _heard(scene: Scene) -> str:
    """All of an item's sound, from its start on, and the same as it was decoded."""
    assert scene.look is not None  # noqa: S101 - else there is no sound
    begin_us, end_us = (scene.look.origin_us + t for t in (scene.span.start, scene.span.end))
    return (
        f"[0:a:0]atrim=start={begin_us}us:end={end_us}us,asetpts=PTS-{begin_us}/1000000/TB,"
        "asplit[a][told];"
        f"[a]aresample={SOUND_HZ}:async=1:first_pts=0,"
        "aformat=sample_fmts=flt:channel_layouts=stereo[heard]"
    )


def _encoded(canvas: Canvas) -> Words:
    writer = canvas.writer
    words: Words = ["-c:v", writer.name, "-pix_fmt", writer.pixels]
    for name, value in writer.options.items():
        words += [f"-{name}", str(value)]
    words += ["-threads", str(canvas.threads), *_passing(canvas)]
    for name in ("colorspace", "color_primaries", "color_trc"):
        words += [f"-{name}", "bt709"]
    # One clock for all parts, of which the frames are whole ticks.
    clock = str(canvas.rate.numerator)
    return [*words, "-color_range", "tv", "-video_track_timescale", clock, "-f", "mp4"]


def _passing(canvas: Canvas) -> Words:
    return ["-fps_mode", "passthrough"] if canvas.new else ["-vsync", "0"]


# The film -----------------------------------------------------------------------------


def listing(parts: list[tuple[str, float]]) -> str:
    """The parts in their order, each with its length in seconds, as ffmpeg's concat reads it."""
    lines = [f"file '{name}'\nduration {lasts_s:.9f}" for name, lasts_s in parts]
    return "\n".join(["ffconcat version 1.0", *lines, ""])


def joined(sound: tuple[Words, str], parts: Path, chapters: Path, muxer: str, out: Path) -> Words:
    """Join the pictures as they are, with the sound, encoded in one piece."""
    inputs, graph = sound
    count = inputs.count("-i")
    return [
        *inputs,
        *("-f", "concat", "-protocol_whitelist", "file", "-i", address(parts)),
        *("-f", "ffmetadata", "-protocol_whitelist", "file", "-i", address(chapters)),
        *("-filter_complex", f"{graph},aformat=channel_layouts=stereo[sound]"),
        *("-map", f"{count}:v:0", "-map", "[sound]"),
        *("-map_metadata", str(count + 1), "-map_chapters", str(count + 1)),
        *("-c:v", "copy", "-c:a", "aac", "-b:a", "192k", "-ar", str(SOUND_HZ)),
        *(() if muxer == "matroska" else ("-movflags", "+faststart")),
        *("-f", muxer, address(out)),
    ]


def checked(part: Path) -> Words:
    """Decode a film from end to end and list what came of it."""
    seen = ("-map", "0:V:0", "-map", "0:a:0")
    return ["-xerror", *only_a_file(), "-i", address(part), *seen, "-f", "framecrc", "-"]
