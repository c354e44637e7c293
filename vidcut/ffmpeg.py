"""Cut clips with ffmpeg: the only file that starts a process.

What is cut is first looked at, packet by packet and without decoding: where the container's
clock begins, from which key frame the start can be decoded, which streams have anything in
the span. A clip is written beside its place under a hidden name, decoded from end to end,
and only then gets its own.

Times are those of `Span`: t = pts - the container's start time.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ffmpeg

from vidcut.errors import MediaError, MissingError, OutputError
from vidcut.records import SECOND_US, Clip, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

# Demuxers that read one file and no other; playlists (hls, concat, dash, image2) are not here.
DEMUXERS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dts,dv,eac3,flac,flv,gif,gxf,h264,hevc,ivf,m4v,"
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
_SOUND_ONLY = frozenset({".m4a", ".mka"})
_WITH_FASTSTART = frozenset({"mp4", "mov", "ipod"})
_CLOCK_HZ = 120_000
"""The clip's picture clock: 24, 25, 30, 50, 60 and their 1000/1001 are whole ticks of it."""
_HELD_US = 200_000
"""A picture shown for longer than this before the next is held: a slide, a screen recording.

Cut in its middle, the clip begins with it; a shorter one is left out, so that a cut at a shot's
first frame never flashes the last frame of the shot before.
"""
_REORDER_US = SECOND_US
"""Packets may be stored this much before or after they are shown (16 frames of B-pyramid)."""
_STEPS_BACK_US = (-140_000, 0, SECOND_US, 4 * SECOND_US, 16 * SECOND_US, 64 * SECOND_US)
"""Where to seek, before the start. ffmpeg itself seeks 3/23 s too early in some containers, for
which the first makes up; MPEG-TS has no index and lands anywhere, which the later ones mend."""
_HEARD_US = 4 * SECOND_US
"""Sound that does not begin within this before the start does not begin there at all."""
_SHORT_BY_US = 500_000
"""A clip that is shorter than what it was cut from by more than this lost something."""
_NO_TIME = -(2**63)
_NO_SPACE = ("No space left on device", "Disk quota exceeded", "File too large", "Read-only file")


@dataclass(frozen=True, slots=True)
class Tool:
    """An ffmpeg: its executable, its version and where it was found."""

    path: Path
    version: str
    origin: str
    """``VIDCUT_FFMPEG``, ``PATH`` or ``imageio-ffmpeg``."""


def find() -> Tool:
    """The ffmpeg to use: ``VIDCUT_FFMPEG``, else the system's, else imageio-ffmpeg's.

    Raises:
        MissingError: there is none, or the one that was named does not run.
    """
    named = os.environ.get("VIDCUT_FFMPEG")
    if named:
        return _tool(Path(shutil.which(named) or named), "VIDCUT_FFMPEG")
    system = shutil.which("ffmpeg")
    if system:
        return _tool(Path(system), "PATH")
    return _tool(_shipped(), "imageio-ffmpeg")


def encode(
    source: Path,
    span: Span,
    output: Path,
    *,
    tool: Tool,
    check: Callable[[Path], None] | None = None,
    overwrite: bool = False,
) -> Clip:
    """Cut exactly: the frames with ``span.start <= t < span.end``, and the sound with them.

    H.264 and AAC, 8 bits, upright, frame times as in the source. Where the first frame is
    shown after the start, it is shown from the start on.

    ``check`` is given the finished file before it gets its name, and raises to refuse it.

    Raises:
        MediaError: the source has nothing in the span or does not decode.
        OutputError: the output exists already (without ``overwrite``) or cannot be written.
        MissingError: this ffmpeg cannot write H.264 and AAC.
    """
    muxer = _muxer(output)
    look = _look(tool, source, span).kept(sound_only=output.suffix.lower() in _SOUND_ONLY)
    look.demand(source, span)
    with _draft(output, overwrite=overwrite) as draft:
        _write(tool, _encoding(source, span, look, draft, muxer), source, output)
        _verify(tool, draft, source, span, look)
        if check is not None:
            check(draft)
    return Clip(str(output), str(source), Span(span.start, min(span.end, look.end_us)))


def copy(
    source: Path,
    span: Span,
    output: Path,
    *,
    tool: Tool,
    check: Callable[[Path], None] | None = None,
    overwrite: bool = False,
) -> Clip:
    """Cut without re-encoding, from the key frame at or before the start.

    The clip's span and ``moved_…_us`` say what the file really holds; nothing of it is
    hidden behind an edit list. Arguments and errors as for `encode`.
    """
    muxer = _muxer(output)
    look = _look(tool, source, span).kept(sound_only=output.suffix.lower() in _SOUND_ONLY)
    look.demand(source, span)
    held, count = look.copied(span)
    with _draft(output, overwrite=overwrite) as draft:
        _write(tool, _copying(source, held, count, look, draft, muxer), source, output)
        _verify(tool, draft, source, held, look)
        if check is not None:
            check(draft)
    return Clip(
        str(output),
        str(source),
        held,
        moved_start_us=max(0, span.start - held.start),
        moved_end_us=max(0, held.end - span.end),
    )


# Which ffmpeg --------------------------------------------------------------------------


def _tool(path: Path, origin: str) -> Tool:
    try:
        said = _run([str(path), "-hide_banner", "-version"]).stdout.decode(errors="replace")
    except OSError as error:
        raise MissingError(f"{path} ({origin}) does not run: {error}; {_REMEDY}") from error
    match = re.match(r"ffmpeg version (\S+)", said)
    if match is None:
        raise MissingError(f"{path} ({origin}) is no ffmpeg; {_REMEDY}")
    return Tool(path, match[1], origin)


_REMEDY = "install ffmpeg, or 'pip install imageio-ffmpeg', or set VIDCUT_FFMPEG to one"


def _shipped() -> Path:
    try:
        import imageio_ffmpeg  # noqa: PLC0415 - only where the system has none

        return Path(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise MissingError(f"no ffmpeg on the PATH, and none shipped; {_REMEDY}") from error


# Looking, without decoding -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Packet:
    """Times in microseconds of the container's clock less its start; pts None if unknown."""

    dts_us: int
    pts_us: int | None
    duration_us: int

    @property
    def time_us(self) -> int:
        return self.dts_us if self.pts_us is None else self.pts_us

    @property
    def end_us(self) -> int:
        return self.time_us + self.duration_us


@dataclass(frozen=True, slots=True)
class _Look:
    """What lies around a span: ``seek_us`` is the ``-ss`` that reaches these packets."""

    seek_us: int
    origin_us: int
    """The container's start time."""
    picture: tuple[_Packet, ...]
    sound: tuple[_Packet, ...]
    has_picture: bool
    has_sound: bool

    def kept(self, *, sound_only: bool) -> _Look:
        """Without the pictures, for a file that takes none."""
        return replace(self, picture=(), has_picture=False) if sound_only else self

    @property
    def end_us(self) -> int:
        return max((packet.end_us for packet in (*self.picture, *self.sound)), default=0)

    @property
    def ordered(self) -> bool:
        """Whether every packet of the picture says when it is shown."""
        return all(packet.pts_us is not None for packet in self.picture)

    def reaches(self, start_us: int) -> bool:
        """Whether decoding from here shows the start: a key frame lies at or before it."""
        if not self.picture:
            return not self.has_picture
        first = self.picture[0]
        # A key frame of AVI says only when it is decoded.
        slack_us = 0 if first.pts_us is not None else _REORDER_US // 4
        return first.time_us + slack_us <= start_us

    def hears(self, start_us: int) -> bool:
        """Whether the sound begins at or before the start, to within a frame of it."""
        if not self.sound:
            return not self.has_sound
        return self.sound[0].time_us <= start_us + 25_000

    def first_us(self, span: Span) -> int:
        """When the first frame to show is shown; the start where that is not known."""
        times = sorted(packet.time_us for packet in self.picture) if self.ordered else []
        before = [time_us for time_us in times if time_us < span.start]
        inside = [time_us for time_us in times if span.contains(time_us)]
        following = inside[0] if inside else span.end
        if before and following - span.start > _HELD_US:
            return before[-1]
        return inside[0] if inside else before[-1] if before else span.start

    def demand(self, source: Path, span: Span) -> None:
        """Raise where there is nothing in the span."""
        if span.duration > 0 and self.end_us > span.start and (self.picture or self.sound):
            return
        ends = f"it ends at {self.end_us / SECOND_US:.3f} s" if self.end_us else "it holds nothing"
        raise MediaError(
            f"nothing to cut from {source} at {span.start / SECOND_US:.3f} s: {ends};"
            f" 'vidcut info' tells its length"
        )

    def copied(self, span: Span) -> tuple[Span, int]:
        """What a copy holds, and how many of the picture's packets.

        It ends at the first packet behind the span where no frame shown before is missing:
        packets are stored in the order of decoding, not of showing.
        """
        if not self.picture:
            inside = [p for p in self.sound if p.time_us < span.end and p.end_us > span.start]
            return Span(self.sound[0].time_us, inside[-1].end_us), 0
        times = [packet.time_us for packet in self.picture]
        start = times[0]
        last_us = start
        for count in range(1, len(times)):
            last_us = max(last_us, times[count - 1])
            rest_us = min(times[count:])
            if rest_us >= span.end and rest_us > last_us:
                return Span(start, rest_us), count
            if times[count] > span.end + _REORDER_US:
                break
        return Span(start, max(packet.end_us for packet in self.picture)), len(times)


def _look(tool: Tool, source: Path, span: Span) -> _Look:
    if not source.is_file():
        raise MediaError(f"{source} is not there or no file; 'vidcut ls' tells what is")
    best: _Look | None = None
    for step_us in (*_STEPS_BACK_US, span.start):
        seek_us = max(0, min(span.start - step_us, span.end - 1))
        look = _packets(tool, source, seek_us, span.end)
        if look.reaches(span.start) and look.hears(span.start):
            return look
        if best is None or not best.reaches(span.start):
            best = look
        if seek_us == 0 or (best.reaches(span.start) and step_us >= _HEARD_US):
            break
    assert best is not None  # noqa: S101 - there are steps
    return best


def _packets(tool: Tool, source: Path, seek_us: int, end_us: int) -> _Look:
    length_us = max(0, end_us - seek_us) + 2 * _REORDER_US
    asked = _input(source, seek_us=seek_us, t=f"{length_us}us")
    # V, not v: without the pictures that are attached as covers.
    output = ffmpeg.output(asked["V:0?"], asked["a:0?"], "-", c="copy", f="framecrc")
    done = _run(_command(tool, output, "-copyts", level="info"))
    log = done.stderr.decode(errors="replace")
    streams = dict(_streams(done.stdout.decode()))
    if done.returncode and not streams:
        raise MediaError(f"{source} cannot be read: {_last_line(log)}; is it a video or sound?")
    begins = re.search(r"^ +Duration: .*?, start: (-?\d+)\.(\d{6})", log, re.MULTILINE)
    origin_us = int(begins[1] + begins[2]) if begins else 0
    return _Look(
        seek_us,
        origin_us,
        tuple(_packet(row, origin_us) for row in streams.get("video", ())),
        tuple(_packet(row, origin_us) for row in streams.get("audio", ())),
        has_picture="video" in streams,
        has_sound="audio" in streams,
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of framecrc, in seconds; pts None if unknown."""

    dts: Fraction
    pts: Fraction | None
    duration: Fraction


def _streams(listing: str) -> Iterator[tuple[str, list[_Row]]]:
    """Read framecrc's lines: ``#tb 0: 1/90000`` and ``0, dts, pts, duration, size, crc``."""
    kinds = dict(re.findall(r"^#media_type (\d+): (\w+)", listing, re.MULTILINE))
    ticks = dict(re.findall(r"^#tb (\d+): (\d+/\d+)", listing, re.MULTILINE))
    rows: dict[str, list[_Row]] = {index: [] for index in kinds}
    for line in listing.splitlines():
        if line.startswith("#") or not line:
            continue
        index, dts, pts, duration = line.split(",")[:4]
        tick = Fraction(ticks[index])
        shown = None if int(pts) == _NO_TIME else int(pts) * tick
        if int(dts) != _NO_TIME:
            rows[index].append(_Row(int(dts) * tick, shown, max(0, int(duration)) * tick))
    for index, kind in kinds.items():
        yield kind, rows[index]


def _packet(row: _Row, origin_us: int) -> _Packet:
    shown_us = None if row.pts is None else int(row.pts * SECOND_US // 1) - origin_us
    return _Packet(
        int(row.dts * SECOND_US // 1) - origin_us, shown_us, int(row.duration * SECOND_US)
    )


# Writing -------------------------------------------------------------------------------


def _input(source: Path, *, seek_us: int = 0, **options: Any) -> Any:
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


def _encoding(source: Path, span: Span, look: _Look, draft: Path, muxer: str) -> Any:
    # The trimming is ours and not -ss's, which counts in the stream's ticks: those of an AVI
    # are whole frames, and picture and sound would be rounded apart by up to half of one.
    begin_us, end_us = look.origin_us + span.start, look.origin_us + span.end
    asked = _input(source, seek_us=look.seek_us, noaccurate_seek=None)
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
        options |= {"fps_mode": "passthrough", "enc_time_base:v": f"1:{_CLOCK_HZ}"}
    if look.sound:
        streams.append(
            asked["a:0"]
            .filter("atrim", start=f"{begin_us}us", end=f"{end_us}us")
            .filter("asetpts", f"PTS-{begin_us}/1000000/TB")
            .filter("aresample", **{"async": 1, "first_pts": 0})
        )
        options |= {"c:a": "aac", "b:a": "192k"}
    return _output(streams, draft, muxer, options)


def _copying(source: Path, held: Span, count: int, look: _Look, draft: Path, muxer: str) -> Any:
    # The first frame at 0: sound that lies before it in the file is not heard, as in every
    # mp4 that begins with an AAC encoder's priming; no picture is hidden so.
    begin_us = look.origin_us + held.start
    # -t ends the sound; it counts in decoding time, which for every picture packet that is
    # to be kept comes before, and -frames ends the picture. (-frames for the sound too would
    # make newer ffmpegs end both together.)
    asked = _input(source, seek_us=look.seek_us, t=f"{held.end - look.seek_us}us")
    options: dict[str, Any] = {"c": "copy", "output_ts_offset": f"{-begin_us}us"}
    streams = []
    if look.picture:
        streams.append(asked["V:0"])
        options["frames:v"] = count
    if look.sound:
        streams.append(asked["a:0"])
    return _output(streams, draft, muxer, options)


def _output(streams: Sequence[Any], draft: Path, muxer: str, options: dict[str, Any]) -> Any:
    # Neither chapters, tags nor timecode: they tell of the whole source.
    options |= {"map_metadata": -1, "map_chapters": -1, "f": muxer}
    if muxer in _WITH_FASTSTART:
        options |= {"movflags": "+faststart"}
    return ffmpeg.output(*streams, _address(draft), **options)


def _write(tool: Tool, output: Any, source: Path, asked: Path) -> None:
    done = _run(_command(tool, output, "-copyts", "-y", level="error"))
    log = done.stderr.decode(errors="replace")
    if done.returncode == 0:
        return
    if any(words in log for words in _NO_SPACE):
        raise OutputError(f"{asked} cannot be written: {_last_line(log)}; choose another place")
    if "Unknown encoder" in log:
        raise MissingError(f"{tool.path} has no H.264 or AAC encoder; {_REMEDY}")
    raise MediaError(f"{source} cannot be cut: {_last_line(log)}; 'vidcut info' tells what it is")


@contextmanager
def _draft(output: Path, *, overwrite: bool) -> Iterator[Path]:
    """A hidden file beside the output, which becomes the output where all goes well."""
    name = f".vidcut-{os.getpid()}-{secrets.token_hex(4)}.part{output.suffix.lower()}"
    draft = output.with_name(name)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        if output.exists() and not overwrite:
            raise FileExistsError(17, "it exists already")
        draft.touch(exist_ok=False)
    except OSError as error:
        raise _refused(output, error) from error
    try:
        yield draft
        _publish(draft, output, overwrite=overwrite)
    finally:
        draft.unlink(missing_ok=True)


def _publish(draft: Path, output: Path, *, overwrite: bool) -> None:
    try:
        if overwrite:
            draft.replace(output)
            return
        try:
            output.hardlink_to(draft)
        except FileExistsError:
            raise
        except OSError:
            # No hard links here (exFAT, some shares): take the name first, then replace it.
            output.touch(exist_ok=False)
            draft.replace(output)
    except OSError as error:
        raise _refused(output, error) from error


def _refused(output: Path, error: OSError) -> OutputError:
    reason = error.strerror or str(error)
    return OutputError(f"{output} cannot be written: {reason}; choose another place or name")


# Verifying -----------------------------------------------------------------------------


def _verify(tool: Tool, draft: Path, source: Path, span: Span, look: _Look) -> None:
    """Decode the clip from end to end and compare it with what the source has there.

    ffmpeg's exit code is 0 for a source that does not decode and for a clip of no frames.
    """
    output = _input(draft).output("-", f="framecrc")
    done = _run(_command(tool, output, "-xerror", level="error"))
    log = done.stderr.decode(errors="replace")
    if done.returncode:
        raise MediaError(f"the clip cut from {source} does not decode: {_last_line(log)}")
    streams = dict(_streams(done.stdout.decode()))
    for kind, packets in (("video", look.picture), ("audio", look.sound)):
        wanted = [p for p in packets if span.contains(p.time_us)]
        written = streams.get(kind, [])
        # A third and not all: VP8 has packets that show nothing, and a field may be a packet.
        few = kind == "video" and len(written) * 3 < len(wanted)
        if wanted and (few or not _enough(wanted, written, span)):
            raise MediaError(
                f"{source} is damaged between {span.start / SECOND_US:.3f} and"
                f" {span.end / SECOND_US:.3f} s: only {len(written)} of {len(wanted)}"
                f" {kind} frames could be decoded; cut another stretch"
            )


def _enough(wanted: Sequence[_Packet], written: Sequence[_Row], span: Span) -> bool:
    """Whether the stream was written up to where the source's ends, or nearly."""
    if not written:
        return False
    ends_us = min(span.end, max(packet.end_us for packet in wanted)) - span.start
    lasts_us = max((row.pts or row.dts) + row.duration for row in written) * SECOND_US
    return lasts_us + _SHORT_BY_US >= ends_us


# Processes -----------------------------------------------------------------------------


def _command(tool: Tool, output: Any, *options: str, level: str) -> list[str | bytes]:
    head = [str(tool.path), "-nostdin", "-hide_banner", "-v", level, *options]
    command: list[str] = ffmpeg.compile(output, cmd=head)
    return [word.encode("latin-1") if word.startswith("file:") else word for word in command]


def _run(command: Sequence[str | bytes]) -> subprocess.CompletedProcess[bytes]:
    """Run to the end; whatever interrupts the waiting kills the process and its children.

    A process group of its own keeps a terminal's Ctrl-C from it: it is ended by us alone.
    """
    with subprocess.Popen(  # noqa: S603 - a list, no shell; paths only behind "file:"
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        process_group=0,
    ) as process:
        try:
            stdout, stderr = process.communicate()
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)


def _muxer(output: Path) -> str:
    muxer = _MUXERS.get(output.suffix.lower())
    if muxer is None:
        raise OutputError(f"{output} has no known ending; use one of {', '.join(_MUXERS)}")
    return muxer


def _last_line(log: str) -> str:
    lines: Iterable[str] = (line.strip() for line in log.splitlines())
    return next((line for line in reversed(list(lines)) if line), "ffmpeg said nothing")
