"""Cut exactly without encoding the middle again.

What lies between a key frame and the end is copied; the frames before that, and the few that
no copy can end with, are encoded so that a decoder takes them for the source's. The sound is
encoded in one piece, for it has no seams then. All is compared with the source before it is
a clip: which frames there are, when they are shown, and on both sides of the seams what a
decoder makes of them. Where any of it fails the clip is cut exactly, and says why.
"""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from vidcut import ffmpeg
from vidcut.arguments import (
    GLANCE_BYTES,
    SOUND_ONLY,
    Making,
    begun,
    decoded,
    glance,
    head,
    joined,
    listing,
    middle,
    muxer_of,
    sound,
    tail,
)
from vidcut.drafts import demand_room, draft, workshop
from vidcut.errors import MediaError, MissingError
from vidcut.finish import Finish
from vidcut.packets import streams
from vidcut.program import is_new, last_line, made, run, write
from vidcut.records import SECOND_US, Clip, Span
from vidcut.seams import Seams, Unfit, seams, writer_like

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vidcut.packets import Look, Row
    from vidcut.processes import Done
    from vidcut.program import Tool

_OFF_US = 2_000
"""MPEG-TS counts in 11 microseconds, Matroska in 1000."""
_MORE_US = 300_000
"""What is decoded after the last picture to compare: frames are stored out of order."""
_UNLIKE = 8
"""Levels of 255 by which a picture may differ, on average over its pixels, from what it was
encoded from; at this quality it is below 1, and 20 and more from another shot's picture."""
_COMPARED_US = 400_000
"""How much of the middle is decoded from clip and source and compared, after the first seam:
more than the 16 frames that a decoder may keep from before it."""


def cut(  # noqa: PLR0913  (as ffmpeg.encode)
    source: Path,
    span: Span,
    output: Path,
    *,
    tool: Tool,
    finish: Finish | None = None,
    check: Callable[[Path], None] | None = None,
    overwrite: bool = False,
) -> Clip:
    """Cut the frames and the sound of a span, copying what can be copied.

    Arguments and errors as for `vidcut.ffmpeg.encode`; the clip's ``mode`` is ``smart``, or
    ``exact`` with the reason in its ``note``.
    """
    muxer_of(output)
    finish = finish or Finish()
    try:
        _demand_copyable(output, finish)
        look = ffmpeg.look_at(tool, source, span)
        look.demand(source, span)
        return _joined(source, span, output, look, tool, check=check, overwrite=overwrite)
    except Unfit as unfit:
        clip = ffmpeg.encode(
            source, span, output, tool=tool, finish=finish, check=check, overwrite=overwrite
        )
        reasons = [f"cut exactly, for {unfit}", clip.note]
        return replace(clip, note="; ".join(reason for reason in reasons if reason))


def _demand_copyable(output: Path, finish: Finish) -> None:
    if finish.changes_picture or finish.encoder:
        raise Unfit("its picture is to be changed")
    if output.suffix.lower() in SOUND_ONLY:
        raise Unfit("sound alone has no key frames")


def _joined(  # noqa: PLR0913
    source: Path,
    span: Span,
    output: Path,
    look: Look,
    tool: Tool,
    *,
    check: Callable[[Path], None] | None,
    overwrite: bool,
) -> Clip:
    plan = seams(look, span)
    writer = writer_like(look.traits)
    is_reordered = any(packet.pts_us != packet.dts_us for packet in look.picture)
    if is_reordered and muxer_of(output) == "matroska":
        raise Unfit("Matroska does not keep when frames are decoded; write mp4 or mov")
    making = Making(writer, is_new(tool), threads=tool.threads)
    demand_room(output, 3 * look.copied_bytes(span))
    with draft(output, overwrite=overwrite) as part, workshop(output) as folder:
        try:
            parts = _parts(_Work(tool, source, plan, look, folder, making))
            write(tool, joined(_end_to_end(parts.pictures, folder), parts.sound, part), source)
            _compare(tool, source, part, plan, parts)
        except (MediaError, MissingError) as error:
            raise Unfit(f"the joined clip was not right ({error})") from error
        if check is not None:
            check(part)
    held = Span(plan.span.start, min(span.end, look.end_us))
    return Clip(str(output), str(source), held, mode="smart")


@dataclass(frozen=True, slots=True)
class _Work:
    """What is to be put together, and where."""

    tool: Tool
    source: Path
    plan: Seams
    look: Look
    folder: Path
    making: Making

    @property
    def first(self) -> Span:
        """The begin of the middle, of which pictures are compared."""
        before, until = self.plan.joints
        begin_us, last_us = self.plan.times_us[before], self.plan.times_us[until - 1]
        return Span(begin_us, min(begin_us + _COMPARED_US, last_us + 1))


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a clip is joined of, and what its pictures have to look like."""

    pictures: list[Path]
    """Head, middle and tail, as far as there are any."""
    sound: Path | None
    first: list[Row]
    """The middle's first frames, decoded from the source."""
    last: list[bytes]
    """The tail's frames likewise, but small."""
    look: Look


def _parts(work: _Work) -> _Parts:
    """Make the parts side by side: each is too short to keep all cores at work."""
    with ThreadPoolExecutor(4) as pool:
        heading, copying = pool.submit(_head, work), pool.submit(_middle, work)
        tailing, sounding = pool.submit(_tail, work), pool.submit(_sound, work)
        (head_path, first), (tail_path, last) = heading.result(), tailing.result()
        middle_path, sound_path = copying.result(), sounding.result()
    pictures = [path for path in (head_path, middle_path, tail_path) if path is not None]
    return _Parts(pictures, sound_path, first, last, work.look)


def _head(work: _Work) -> tuple[Path | None, list[Row]]:
    if work.plan.head is None:
        return None, _rows(work.tool, decoded(work.source, work.first, work.look))["video"]
    path = work.folder / "head.ts"
    asked = head(work.source, work.plan, work.first, work.look, path, work.making)
    return path, _listed(_unprotested(made(work.tool, asked, work.source)))["video"]


def _middle(work: _Work) -> Path:
    path = work.folder / "middle.ts"
    _unprotested(made(work.tool, middle(work.source, work.plan, work.look, path), work.source))
    return path


def _tail(work: _Work) -> tuple[Path | None, list[bytes]]:
    if work.plan.tail is None:
        return None, []
    path = work.folder / "tail.ts"
    # Decoded from a later key frame than the head.
    near = ffmpeg.look_at(work.tool, work.source, work.plan.tail.span)
    asked = tail(work.source, work.plan, near, path, work.making)
    return path, _apart(_unprotested(made(work.tool, asked, work.source)))


def _sound(work: _Work) -> Path | None:
    if not work.look.sound:
        return None
    path = work.folder / "sound.m4a"
    write(work.tool, sound(work.source, work.plan.span, work.look, path), work.source)
    return path


def _unprotested(done: Done) -> bytes:
    """What ffmpeg wrote, where it complained of nothing."""
    if done.returncode or done.stderr:
        said = last_line(done.stderr.decode(errors="replace"))
        raise Unfit(f"it does not decode without complaint ({said})")
    return done.stdout


def _end_to_end(pictures: list[Path], folder: Path) -> Path:
    whole = folder / "whole.ts"
    with whole.open("wb") as joining:
        for path in pictures:
            with path.open("rb") as part:
                shutil.copyfileobj(part, joining)
            path.unlink()  # a long middle is on the disk often enough
    return whole


# Comparing -----------------------------------------------------------------------------


def _compare(tool: Tool, source: Path, part: Path, plan: Seams, parts: _Parts) -> None:
    """Raise where the clip has not just the span's frames in their order, right at the seams."""
    before, until = plan.joints
    length_us = plan.times_us[before + len(parts.first) - 1] - plan.span.start + _MORE_US
    tail_us = plan.times_us[until] - plan.span.start if parts.last else 0
    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(_rows, tool, asked) for asked in (listing(part), begun(part, length_us))
        ]
        last = _apart(run(tool, glance(part, tail_us, new=is_new(tool)), level="error").stdout)
        found, begin = (job.result() for job in jobs)
    ffmpeg.demand_whole(found, source, plan.span, parts.look, rate_kept=True)
    _demand_times(found["video"], plan)
    pictures = begin["video"][before : before + len(parts.first)]
    if [row.crc for row in pictures] != [row.crc for row in parts.first]:
        raise Unfit("its copied pictures do not come out as they were")
    if parts.last:
        _demand_alike(last[-len(parts.last) :], parts.last)


def _apart(data: bytes) -> list[bytes]:
    """Pictures of a few gray pixels."""
    return [data[at : at + GLANCE_BYTES] for at in range(0, len(data), GLANCE_BYTES)]


def _demand_alike(found: list[bytes], wanted: list[bytes]) -> None:
    """Raise where the clip does not end with the source's frames, encoded anew."""
    pairs = zip(found, wanted, strict=False)
    off = max((sum(abs(a - b) for a, b in zip(*pair, strict=True)) for pair in pairs), default=0)
    if len(found) != len(wanted) or off > _UNLIKE * GLANCE_BYTES:
        raise Unfit("its last pictures do not come out as they were")


def _rows(tool: Tool, asked: Any) -> dict[str, list[Row]]:
    """What framecrc lists."""
    return _listed(_unprotested(run(tool, asked, "-xerror", "-copyts", level="error")))


def _listed(listing: bytes) -> dict[str, list[Row]]:
    found = dict(streams(listing.decode()))
    if not found.get("video"):
        raise Unfit("no picture came out")
    return found


def _demand_times(packets: list[Row], plan: Seams) -> None:
    """Every frame is there, shown when it should be, decoded in order and before it is shown."""
    if len(packets) != len(plan.times_us):
        raise Unfit(f"{len(packets)} frames came out, and not {len(plan.times_us)}")
    late = any(row.pts is not None and row.pts < row.dts for row in packets)
    if late or any(one.dts >= two.dts for one, two in pairwise(packets)):
        raise Unfit("its frames would have to be decoded out of order")
    times = sorted(map(_us, packets))
    for wanted_us, time_us in zip(plan.times_us[1:], times[1:], strict=True):
        if abs(time_us - times[0] - (wanted_us - plan.span.start)) > _OFF_US:
            raise Unfit(f"the frame of {wanted_us / SECOND_US:.3f} s came out at another time")


def _us(row: Row) -> int:
    return round((row.dts if row.pts is None else row.pts) * SECOND_US)
