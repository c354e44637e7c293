"""``vidcut ls``: what is in the library."""

from __future__ import annotations

from typing import Annotated

import typer

import vidcut
from vidcut.cli import options, render
from vidcut.cutting import format_time


def ls(
    *,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only what failed, with the reason.")
    ] = False,
    missing: Annotated[
        bool, typer.Option("--missing", help="Only what is gone from the disk.")
    ] = False,
    json: options.JsonOption = False,
    library: options.LibraryOption = None,
) -> int:
    """List the videos of the library. Exits 1 where there is none to list."""
    with vidcut.Library(library) as opened:
        videos = [
            video
            for video in opened.videos()
            if (not failed or video.failure) and (not missing or video.state == "missing")
        ]
    if json:
        for video in videos:
            render.emit_json(_json(video))
    else:
        rows = [
            (
                render.printable(video.path),
                format_time(video.duration_us),
                video.state,
                render.printable(video.failure or ""),
            )
            for video in videos
        ]
        if rows:
            render.emit_table(("video", "length", "state", "why"), rows)
    if not videos:
        render.say("nothing to list")
    return 0 if videos else 1


def _json(video: vidcut.Video) -> dict[str, object]:
    return {
        "video": video.path,
        "seconds": render.seconds(video.duration_us),
        "bytes": video.size,
        "state": video.state,
        "failure": video.failure,
    }
