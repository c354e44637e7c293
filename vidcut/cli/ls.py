"""``vidcut ls``: what is in the library, and what of it was never used."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

import vidcut
from vidcut.cli import options, render
from vidcut.errors import UsageError
from vidcut.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vidcut.ledger import Unused

_MOST_CHARS = 160
"""Of what is said or written, as in the reasons for a moment."""
_VERBS = {"frame": "seen", "asr": "said", "ocr": "written"}


def ls(
    *,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only what failed, with the reason.")
    ] = False,
    missing: Annotated[
        bool, typer.Option("--missing", help="Only what is gone from the disk.")
    ] = False,
    unused: Annotated[
        bool, typer.Option("--unused", help="Stretches that were never used, and what is there.")
    ] = False,
    json: options.JsonOption = False,
    library: options.LibraryOption = None,
) -> int:
    """List the videos of the library. Exits 1 where there is none to list."""
    if unused and (failed or missing):
        other = "--failed" if failed else "--missing"
        raise UsageError(f"--unused lists what can be used; leave out {other}")
    with vidcut.Library(library) as opened:
        if unused:
            is_any = _list_unused(opened, opened.unused(), json=json)
        else:
            videos = [
                video
                for video in opened.videos()
                if (not failed or video.failure) and (not missing or video.state == "missing")
            ]
            is_any = _list(videos, json=json)
    if not is_any:
        render.say("nothing to list")
    return 0 if is_any else 1


def _list(videos: list[vidcut.Video], *, json: bool) -> bool:
    if json:
        for video in videos:
            render.emit_json(_json(video))
    elif videos:
        rows = (
            (
                render.printable(video.path),
                format_time(video.duration_us),
                video.state,
                render.printable(_reason(video)),
            )
            for video in videos
        )
        render.emit_table(("video", "length", "state", "why"), list(rows))
    return bool(videos)


def _reason(video: vidcut.Video) -> str:
    if video.is_unfinished:
        return "not indexed to its end; the next 'vidcut index' goes on"
    return video.failure or ""


def _list_unused(opened: vidcut.Library, found: Iterable[Unused], *, json: bool) -> bool:
    rows = []
    is_any = False
    for one in found:
        is_any = True
        if json:
            render.emit_json(_unused_json(opened, one))
        else:
            rows.append(
                (
                    render.printable(one.video.path),
                    format_time(one.span.start),
                    format_time(one.span.end),
                    format_time(one.span.duration),
                    _why(one),
                )
            )
    if rows:
        render.emit_table(("video", "start", "end", "length", "why"), rows)
    return is_any


def _why(one: Unused) -> str:
    """That it was never used, and what makes it worth a look."""
    reasons = ["nothing of it was used" if one.is_whole else "the rest was used"]
    for modality, text in one.evidence:
        shown = render.words(text)
        shown = f"{shown[:_MOST_CHARS]}…" if len(shown) > _MOST_CHARS else shown
        reasons.append(f"{_VERBS.get(modality, modality)}: {shown}")
    return ("\n" if sys.stdout.isatty() else "; ").join(reasons)


def _json(video: vidcut.Video) -> dict[str, object]:
    return {
        "video": video.path,
        "seconds": render.seconds(video.duration_us),
        "bytes": video.size,
        "state": video.state,
        "failure": video.failure,
    }


def _unused_json(opened: vidcut.Library, one: Unused) -> dict[str, object]:
    """As a moment is told, so that it can go where moments go."""
    return {
        "video": one.video.path,
        "path": str(opened.path(one.video)),
        "indexed": render.stamp_json(opened.holdings.catalog.stamp(one.video.id)),
        "start": render.seconds(one.span.start),
        "end": render.seconds(one.span.end),
        "seconds": render.seconds(one.span.duration),
        "is_whole": one.is_whole,
        "evidence": [{"modality": modality, "text": text} for modality, text in one.evidence],
    }
