"""Cut clips with ffmpeg.

What is cut is first looked at, packet by packet and without decoding: where the container's
clock begins, from which key frame the start can be decoded, which streams have anything in
the span. A clip is written beside its place under a hidden name, decoded from end to end,
and only then gets its own.

Times are those of `Span`: t = pts - the container's start time.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ffmpeg

from vidcut import captions, codecs
from vidcut.arguments import SOUND_ONLY, copying, encoding, muxer_of, source_input
from vidcut.drafts import demand_room, draft, full, is_full, workshop
from vidcut.errors import MediaError
from vidcut.finish import Finish
from vidcut.packets import REORDER_US, Look, Packet, Row, decodable, streams, to_packet
from vidcut.program import Tool, find, last_line, making_of, run, write
from vidcut.records import SECOND_US, Clip, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from vidcut.arguments import Making
    from vidcut.codecs import Writer
    from vidcut.processes import Done

__all__ = ["Tool", "copy", "demand_whole", "encode", "find", "look_at", "verify"]

_STEPS_BACK_US = (-140_000, 0, SECOND_US, 4 * SECOND_US, 16 * SECOND_US, 64 * SECOND_US)
"""Where to seek, before the start. ffmpeg itself seeks 3/23 s too early in some containers, for
which the first makes up; MPEG-TS has no index and lands anywhere, which the later ones mend."""
_HEARD_US = 4 * SECOND_US
"""Sound that does not begin within this before the start does not begin there at all."""
_READ_THROUGH_US = 600 * SECOND_US
"""A minute or so of decoding at 1080p: what a clip without errors may cost."""
_SHORT_BY_US = 500_000
"""A clip that is shorter than what it was cut from by more than this lost something."""


def encode(  # noqa: PLR0913  (what a clip is, who makes it, who may refuse it)
    source: Path,
    span: Span,
    output: Path,
    *,
    tool: Tool,
    finish: Finish | None = None,
    check: Callable[[Path], None] | None = None,
    overwrite: bool = False,
) -> Clip:
    """Cut exactly: the frames with ``span.start <= t < span.end``, and the sound with them.

    H.264 in 8 bits, or HEVC in 10 where the source has more, and AAC; upright, frame times as
    in the source. Where the first frame is shown after the start, it is shown from the start
    on.

    ``check`` is given the finished file before it gets its name, and raises to refuse it.

    Raises:
        MediaError: the source has nothing in the span or does not decode.
        OutputError: the output exists already (without ``overwrite``) or cannot be written.
        MissingError: this ffmpeg cannot write H.264 and AAC, or not as the finish asks.
    """
    muxer_of(output)
    finish = finish or Finish()
    look = look_at(tool, source, span).kept(sound_only=output.suffix.lower() in SOUND_ONLY)
    look.demand(source, span)
    demand_room(output, look.written_bytes(span))
    making = making_of(tool, look, finish)
    with draft(output, overwrite=overwrite) as part, workshop(output) as folder:
        if finish.burns:
            making = replace(making, captions=captions.write_ass(finish.cues, span, folder))
        _encode(tool, source, span, look, part, making, folder)
        verify(tool, part, source, span, look, rate_kept=finish.rate is None)
        if check is not None:
            check(part)
    held = Span(span.start, min(span.end, look.end_us))
    return Clip(str(output), str(source), held, note=_note(look, making.writer))


def _encode(  # noqa: PLR0913, PLR0917
    tool: Tool,
    source: Path,
    span: Span,
    look: Look,
    part: Path,
    making: Making,
    folder: Path,
) -> None:
    log = write(tool, encoding(source, span, look, part, making), source, making, folder)
    if log and look.seek_us and span.start <= _READ_THROUGH_US:
        # Some files mark key frames that are none: right when read through, green else.
        through = replace(look, seek_us=0)
        write(tool, encoding(source, span, through, part, making), source, making, folder)


def _note(look: Look, writer: Writer) -> str:
    if look.picture and look.traits and look.traits.is_deep and not writer.is_deep:
        return f"the source has more than the 8 bits a sample that {writer.name} writes here"
    return ""


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
    look = look_at(tool, source, span).kept(sound_only=output.suffix.lower() in SOUND_ONLY)
    look.demand(source, span)
    held, count = look.copied(span)
    demand_room(output, look.copied_bytes(held))
    with draft(output, overwrite=overwrite) as part:
        write(tool, copying(source, held, count, look, part), source)
        verify(tool, part, source, held, look)
        if check is not None:
            check(part)
    return Clip(
        str(output),
        str(source),
        held,
        moved_start_us=max(0, span.start - held.start),
        moved_end_us=max(0, held.end - span.end),
        mode="copy",
    )


# Looking, without decoding -------------------------------------------------------------


def look_at(tool: Tool, source: Path, span: Span) -> Look:
    """What lies in a span and from where its start can be decoded.

    Raises:
        MediaError: the source is not there or cannot be read.
    """
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
    done = _listed(tool, source_input(source, seek_us=seek_us, t=f"{length_us}us"))
    if not re.search(rb"^ +Duration: .*?, start: ", done.stderr, re.MULTILINE):
        # To a file that does not tell its start (Matroska's with a frame of minutes, say),
        # ffmpeg's -t for an input means the year -292277.
        asked = source_input(source, seek_us=seek_us)
        done = _listed(tool, asked, t=f"{end_us + 2 * REORDER_US}us")
    log = done.stderr.decode(errors="replace")
    found = dict(streams(done.stdout.decode()))
    if done.returncode and not found:
        raise MediaError(f"{source} cannot be read: {last_line(log)}; is it a video or sound?")
    begins = re.search(r"^ +Duration: .*?, start: (-?\d+)\.(\d{6})", log, re.MULTILINE)
    rate = re.search(r"^ +Duration: .*, bitrate: (\d+) kb/s", log, re.MULTILINE)
    origin_us = int(begins[1] + begins[2]) if begins else 0
    return Look(
        seek_us,
        origin_us,
        tuple(to_packet(row, origin_us) for row in decodable(found.get("video", []))),
        tuple(to_packet(row, origin_us) for row in found.get("audio", ())),
        has_picture="video" in found,
        has_sound="audio" in found,
        traits=codecs.traits(log),
        bits_per_s=int(rate[1]) * 1000 if rate else 0,
    )


def _listed(tool: Tool, asked: Any, **options: Any) -> Done:
    # V, not v: without the pictures that are attached as covers.
    options |= {"c": "copy", "copyinkf": None, "f": "framecrc"}
    output = ffmpeg.output(asked["V:0?"], asked["a:0?"], "-", **options)
    return run(tool, output, "-copyts", level="info")


# Verifying -----------------------------------------------------------------------------


def verify(
    tool: Tool, part: Path, source: Path, span: Span, look: Look, *, rate_kept: bool = True
) -> None:
    """Decode the clip from end to end and compare it with what the source has there.

    ffmpeg's exit code is 0 for a source that does not decode and for a clip of no frames.

    Raises:
        MediaError: frames are missing, or the clip does not decode.
    """
    done = run(tool, source_input(part).output("-", f="framecrc"), "-xerror", level="error")
    log = done.stderr.decode(errors="replace")
    if done.returncode:
        _demand_room_left(part, source)
        raise MediaError(
            f"the clip cut from {source} does not decode: {last_line(log)};"
            " cut it exactly where it was copied, or cut another stretch"
        )
    try:
        demand_whole(dict(streams(done.stdout.decode())), source, span, look, rate_kept=rate_kept)
    except MediaError:
        _demand_room_left(part, source)
        raise


def _demand_room_left(part: Path, source: Path) -> None:
    """Raise where a clip is no worse than the disk allowed."""
    if is_full(part):
        raise full(f"the clip of {source}", "it was cut short")


def demand_whole(
    found: Mapping[str, Sequence[Row]], source: Path, span: Span, look: Look, *, rate_kept: bool
) -> None:
    """Raise where a clip's ``video`` or ``audio`` is not all that the source has in the span."""
    for kind, packets in (("video", look.picture), ("audio", look.sound)):
        wanted = [p for p in packets if span.contains(p.time_us)]
        written = found.get(kind, [])
        # A third and not all: VP8 has packets that show nothing, and a field may be a packet.
        few = kind == "video" and rate_kept and len(written) * 3 < len(wanted)
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
    # By when the last begins: how long a last frame is shown, an encoder does not know.
    last_us = max(packet.time_us for packet in wanted) - span.start
    written_us = max(row.dts if row.pts is None else row.pts for row in written) * SECOND_US
    return written_us + _SHORT_BY_US >= last_us
