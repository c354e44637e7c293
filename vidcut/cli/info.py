"""``vidcut info``: what is in one video, or in the library as a whole."""

from __future__ import annotations

from typing import Annotated

import typer

import vidcut
from vidcut.cli import options, render
from vidcut.times import format_time


def info(
    video: Annotated[
        str | None, typer.Argument(metavar="[VIDEO]", help="Its path, or the end of it.")
    ] = None,
    *,
    json: options.JsonOption = False,
    library: options.LibraryOption = None,
) -> int:
    """Show what is in a video, or in the library.

    A video's shots and chunks by time; without one, the library's sums.
    """
    with vidcut.Library(library) as opened:
        if video is None:
            _library(opened, json=json)
        else:
            _video(opened, opened.find(video), json=json)
    return 0


def _library(opened: vidcut.Library, *, json: bool) -> None:
    videos = opened.videos()
    seconds = sum(video.duration_us for video in videos) / 1e6
    facts = {
        "library": str(opened.folder),
        "videos": len(videos),
        "failed": sum(video.failure is not None for video in videos),
        "missing": sum(video.state == "missing" for video in videos),
        "hours": round(seconds / 3600, 4),
        "chunks": opened.holdings.catalog.counts(),
        "models": opened.models(),
    }
    if json:
        render.emit_json(facts)
        return
    for name, value in facts.items():
        shown = (
            ", ".join(f"{count} {kind}" for kind, count in value.items())
            if isinstance(value, dict)
            else value
        )
        render.emit(f"{name:9} {render.printable(str(shown))}")


def _video(opened: vidcut.Library, video: vidcut.Video, *, json: bool) -> None:
    shots, chunks = opened.shots(video), opened.chunks(video)
    if json:
        render.emit_json(_json(opened, video))
        return
    render.emit(f"video     {render.printable(str(opened.path(video)))}")
    render.emit(f"length    {format_time(video.duration_us)}")
    failure = f": {render.printable(video.failure)}" if video.failure else ""
    render.emit(f"state     {video.state}{failure}")
    if video.media and video.media.picture:
        track = video.media.picture
        rate = f"{float(track.rate):.3f} fps" if track.rate else "variable rate"
        render.emit(f"picture   {track.codec} {track.width}x{track.height}, {rate}")
    if video.media and video.media.sound:
        track_ = video.media.sound
        render.emit(f"sound     {track_.codec} {track_.rate_hz} Hz, {track_.channels} channels")
    render.emit(f"shots     {len(shots)}")
    rows = [
        (
            format_time(chunk.span.start),
            format_time(chunk.span.end),
            chunk.modality,
            render.words(chunk.text or ""),
        )
        for chunk in chunks
    ]
    if rows:
        render.emit_table(("start", "end", "modality", "text"), rows)


def _json(opened: vidcut.Library, video: vidcut.Video) -> dict[str, object]:
    return {
        "video": video.path,
        "path": str(opened.path(video)),
        "seconds": render.seconds(video.duration_us),
        "state": video.state,
        "failure": video.failure,
        "shots": [
            [render.seconds(shot.span.start), render.seconds(shot.span.end)]
            for shot in opened.shots(video)
        ],
        "chunks": [
            {
                "modality": chunk.modality,
                "start": render.seconds(chunk.span.start),
                "end": render.seconds(chunk.span.end),
                "text": chunk.text,
                "language": chunk.language,
            }
            for chunk in opened.chunks(video)
        ],
    }
