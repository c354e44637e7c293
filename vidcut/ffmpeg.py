"""Cut clips with ffmpeg: the only file that starts a process.

What is cut is first looked at, packet by packet and without decoding: where the container's
clock begins, from which key frame the start can be decoded, which streams have anything in
the span. A clip is written beside its place under a hidden name, decoded from end to end,
and only then gets its own.

Times are those of `Span`: t = pts - the container's start time.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import signal
import subprocess
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ffmpeg

from vidcut.arguments import SOUND_ONLY, copying, encoding, muxer_of, source_input
from vidcut.errors import MediaError, MissingError, OutputError
from vidcut.packets import REORDER_US, Look, Packet, Row, decodable, streams, to_packet
from vidcut.records import SECOND_US, Clip, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_STEPS_BACK_US = (-140_000, 0, SECOND_US, 4 * SECOND_US, 16 * SECOND_US, 64 * SECOND_US)
"""Where to seek, before the start. ffmpeg itself seeks 3/23 s too early in some containers, for
which the first makes up; MPEG-TS has no index and lands anywhere, which the later ones mend."""
_HEARD_US = 4 * SECOND_US
"""Sound that does not begin within this before the start does not begin there at all."""
_READ_THROUGH_US = 600 * SECOND_US
"""A minute or so of decoding at 1080p: what a clip without errors may cost."""
_SHORT_BY_US = 500_000
"""A clip that is shorter than what it was cut from by more than this lost something."""
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
    muxer_of(output)
    look = _look(tool, source, span).kept(sound_only=output.suffix.lower() in SOUND_ONLY)
    look.demand(source, span)
    with _draft(output, overwrite=overwrite) as draft:
        new = _is_new(tool)
        log = _write(tool, encoding(source, span, look, draft, new=new), source, output)
        if log and look.seek_us and span.start <= _READ_THROUGH_US:
            # Some files mark key frames that are none: right when read through, green else.
            through = replace(look, seek_us=0)
            _write(tool, encoding(source, span, through, draft, new=new), source, output)
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
    muxer_of(output)
    look = _look(tool, source, span).kept(sound_only=output.suffix.lower() in SOUND_ONLY)
    look.demand(source, span)
    held, count = look.copied(span)
    with _draft(output, overwrite=overwrite) as draft:
        _write(tool, copying(source, held, count, look, draft), source, output)
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


def _look(tool: Tool, source: Path, span: Span) -> Look:
    if not source.is_file():
        remedy = "where it was moved, 'vidcut index FOLDER' recognises it"
        raise MediaError(f"{source} is not there or no file; {remedy}")
    best: Look | None = None
    for step_us in (*_STEPS_BACK_US, span.start):
        # So far before the end that the last packet's decoding, too, comes after it.
        seek_us = max(0, min(span.start - step_us, span.end - REORDER_US // 4))
        look = _packets(tool, source, seek_us, span.end)
        if look.reaches(span.start) and look.hears(span.start):
            return look
        if best is None or not best.reaches(span.start):
            best = look
        if seek_us == 0 or (best.reaches(span.start) and step_us >= _HEARD_US):
            break
    assert best is not None  # noqa: S101 - there are steps
    return best


def _packets(tool: Tool, source: Path, seek_us: int, end_us: int) -> Look:
    length_us = max(0, end_us - seek_us) + 2 * REORDER_US
    asked = source_input(source, seek_us=seek_us, t=f"{length_us}us")
    # V, not v: without the pictures that are attached as covers.
    output = ffmpeg.output(asked["V:0?"], asked["a:0?"], "-", c="copy", copyinkf=None, f="framecrc")
    done = _run(_command(tool, output, "-copyts", level="info"))
    log = done.stderr.decode(errors="replace")
    found = dict(streams(done.stdout.decode()))
    if done.returncode and not found:
        raise MediaError(f"{source} cannot be read: {_last_line(log)}; is it a video or sound?")
    begins = re.search(r"^ +Duration: .*?, start: (-?\d+)\.(\d{6})", log, re.MULTILINE)
    origin_us = int(begins[1] + begins[2]) if begins else 0
    return Look(
        seek_us,
        origin_us,
        tuple(to_packet(row, origin_us) for row in decodable(found.get("video", []))),
        tuple(to_packet(row, origin_us) for row in found.get("audio", ())),
        has_picture="video" in found,
        has_sound="audio" in found,
    )


# Writing -------------------------------------------------------------------------------


def _is_new(tool: Tool) -> bool:
    # -fps_mode came with 5.1 and -vsync, which it replaces, is gone from the newest; builds
    # from git are called "N-12345-g…" and are new.
    match = re.match(r"n?(\d+)\.(\d+)", tool.version)
    return match is None or (int(match[1]), int(match[2])) >= (5, 1)


def _write(tool: Tool, output: Any, source: Path, asked: Path) -> str:
    """Run and give back what ffmpeg complained of; raises where it gave up."""
    done = _run(_command(tool, output, "-copyts", "-y", level="error"))
    log = done.stderr.decode(errors="replace")
    if done.returncode == 0:
        return log
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
            raise FileExistsError(errno.EEXIST, "it exists already")
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


def _verify(tool: Tool, draft: Path, source: Path, span: Span, look: Look) -> None:
    """Decode the clip from end to end and compare it with what the source has there.

    ffmpeg's exit code is 0 for a source that does not decode and for a clip of no frames.
    """
    output = source_input(draft).output("-", f="framecrc")
    done = _run(_command(tool, output, "-xerror", level="error"))
    log = done.stderr.decode(errors="replace")
    if done.returncode:
        raise MediaError(
            f"the clip cut from {source} does not decode: {_last_line(log)};"
            " cut it exactly where it was copied, or cut another stretch"
        )
    found = dict(streams(done.stdout.decode()))
    for kind, packets in (("video", look.picture), ("audio", look.sound)):
        wanted = [p for p in packets if span.contains(p.time_us)]
        written = found.get(kind, [])
        # A third and not all: VP8 has packets that show nothing, and a field may be a packet.
        few = kind == "video" and len(written) * 3 < len(wanted)
        if wanted and (few or not _enough(wanted, written, span)):
            raise MediaError(
                f"{source} is damaged between {span.start / SECOND_US:.3f} and"
                f" {span.end / SECOND_US:.3f} s: only {len(written)} of {len(wanted)}"
                f" {kind} frames could be decoded; cut another stretch"
            )


def _enough(wanted: Sequence[Packet], written: Sequence[Row], span: Span) -> bool:
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


def _last_line(log: str) -> str:
    lines: Iterable[str] = (line.strip() for line in log.splitlines())
    return next((line for line in reversed(list(lines)) if line), "ffmpeg said nothing")
