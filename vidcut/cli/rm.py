"""``vidcut rm``: forget videos; their files are never touched."""

from __future__ import annotations

from typing import Annotated

import typer

import vidcut
from vidcut.cli import options, render


def rm(
    videos: Annotated[
        list[str] | None, typer.Argument(metavar="[VIDEO]...", help="Paths, or their ends.")
    ] = None,
    *,
    missing: Annotated[
        bool, typer.Option("--missing", help="All that is gone from the disk.")
    ] = False,
    json: options.JsonOption = False,
    library: options.LibraryOption = None,
) -> int:
    """Forget videos; their files stay."""
    if not videos and not missing:
        raise vidcut.UsageError("name videos to forget, or give --missing")
    with vidcut.Library(library) as opened:
        chosen = {video.id: video for video in map(opened.find, videos or [])}
        if missing:
            chosen |= {v.id: v for v in opened.videos() if v.state == "missing"}
        opened.forget(list(chosen.values()))
    for video in chosen.values():
        if json:
            render.emit_json({"forgotten": video.path})
        else:
            render.emit(render.printable(video.path))
    if not chosen:
        render.say("nothing is missing")
    return 0 if chosen else 1
