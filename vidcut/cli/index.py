"""``vidcut index``: build or refresh the library."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path  # noqa: TC003  (typer reads it at run time)
from typing import Annotated

import typer

import vidcut
from vidcut import processes
from vidcut.cli import options, progress, render
from vidcut.cli.exits import Exit
from vidcut.stopwatch import Stopwatch, Unwatched


def index(  # noqa: PLR0913  (a command's options)
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files and folders.")],
    *,
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Leave out what matches, by name or path; repeatable."),
    ] = None,
    include_hidden: Annotated[
        bool, typer.Option("--include-hidden", help="Hidden files and folders too.")
    ] = False,
    follow: Annotated[bool, typer.Option("--follow", help="Follow symbolic links.")] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Try files again that failed before.")
    ] = False,
    visual_model: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="auto, labels (offline), fast, balanced, best, or an open_clip NAME/PRETRAINED"
            " or NAME=CHECKPOINT.",
        ),
    ] = None,
    asr: Annotated[
        str | None,
        typer.Option(
            metavar="auto|always|never",
            help="Listen where there are no subtitles, always, or never.",
        ),
    ] = None,
    language: Annotated[
        str | None, typer.Option(metavar="CODE", help="What is spoken, e.g. zh.")
    ] = None,
    quality: Annotated[
        str | None,
        typer.Option(
            metavar="fast|balanced|best",
            help="How closely it looks. balanced: at every frame for cuts, once a second for what"
            " is shown. fast: at key frames and every two seconds, in 0.6 of the time, for larger"
            " text; of 10 answers that balanced has right it has 8. best: as balanced, for smaller"
            " text. A change makes anew only what it changes.",
        ),
    ] = None,
    reader: Annotated[
        str | None, typer.Option(metavar="NAME", help="auto, pyav, nvdec or decord.")
    ] = None,
    device: options.DeviceOption = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads for each model.")] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Files seen, and files heard, at the same time; by default one seen for every four"
            " cores, at most four, and two heard.",
        ),
    ] = None,
    nice: Annotated[
        int,
        typer.Option(min=0, max=19, help="Give way to other programs: 0 to 19, 19 the most."),
    ] = 0,
    profile: Annotated[
        bool, typer.Option("--profile", help="Tell at the end where the time went.")
    ] = False,
    offline: options.OfflineOption = None,
    library: options.LibraryOption = None,
    json: options.JsonOption = False,
    quiet: options.QuietOption = False,
    verbose: options.VerboseOption = False,
) -> int:
    """Build or refresh the library.

    Sees, hears and reads what is in videos.

    What is indexed already costs a look; what was interrupted goes on where it stood.
    """
    render.log_level(verbose=verbose)
    if nice:
        processes.give_way(nice)
    shown = vidcut.Library(
        library or None,
        visual_model=visual_model,
        asr=asr,
        language=language,
        quality=quality,
        reader=reader,
        device=device,
        threads=threads,
        jobs=jobs,
        offline=offline,
    )
    selection = vidcut.Selection(tuple(exclude or ()), include_hidden, follow)
    begun, stopwatch = time.monotonic(), Stopwatch() if profile else None
    with shown, progress.bar(quiet=quiet) as bar:
        watch = vidcut.Watch(bar.failure, bar.progress, stopwatch or Unwatched())
        try:
            tally = shown.index(*paths, selection=selection, retry=retry, watch=watch)
        except KeyboardInterrupt:
            _leave_if_stuck()
            raise
        model = shown.visual_model
    measured = stopwatch.profile() if stopwatch is not None else None
    elapsed_s = time.monotonic() - begun
    progress.summary(tally, elapsed_s, model, json=json, quiet=quiet, profile=measured)
    if tally.found_nothing:
        return Exit.NOTHING
    return Exit.SOME_FAILED if tally.failures else Exit.DONE


def _leave_if_stuck() -> None:
    """End at once where a native library cannot be stopped; all that is done is stored."""
    if threading.active_count() > 1:
        render.say("interrupted; what is done is kept, and the next run goes on")
        os._exit(Exit.INTERRUPTED)
