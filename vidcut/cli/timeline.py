"""``vidcut timeline``: how well a query fits at every time of one video."""

from __future__ import annotations

import glob
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import vidcut
from vidcut import grammar
from vidcut.cli import options, render
from vidcut.cli.exits import Exit
from vidcut.cli.remarks import Remarks
from vidcut.drafts import check_place
from vidcut.errors import UsageError
from vidcut.query import parse
from vidcut.records import SECOND_US
from vidcut.times import format_time

if TYPE_CHECKING:
    from vidcut.curve import Curve
    from vidcut.records import Moment, Video

_SEEN = "frame"
_MOST_MOMENTS = 20
_MOST_CELLS = 160
_LABEL_CELLS = 8


def timeline(  # noqa: PLR0913  (a command's options)
    video: Annotated[str, typer.Argument(metavar="VIDEO", help="A video of the library.")],
    words: Annotated[list[str], typer.Argument(metavar="QUERY...", help="What to look for.")],
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write a plot: .svg or .png."),
    ] = None,
    modalities: options.InOption = None,
    min_score: Annotated[
        float | None, typer.Option(min=0, max=1, help="No moment that scores less.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a plot that is there already.")
    ] = False,
    json: options.JsonOption = False,
    library: options.LibraryOption = None,
    device: options.DeviceOption = None,
    offline: options.OfflineOption = None,
    quiet: options.QuietOption = False,
    verbose: options.VerboseOption = False,
) -> int:
    """Show how well a query fits at every second of a video.

    Prints lines of blocks on a terminal; in a pipe a tab-separated row a second: second,
    score, and of these what is seen, said and written there. Exits 1 where nothing
    scores well enough.
    """
    from vidcut import plotting  # noqa: PLC0415  (numpy, not for --help)

    render.log_level(verbose=verbose)
    query, named = options.query(words), options.modalities(modalities)
    parse(query)  # what is wrong with it, before a model is loaded
    if output is not None:
        plotting.check(output)
        check_place(output, overwrite=overwrite)
    with vidcut.Library(library, min_score=min_score, device=device, offline=offline) as opened:
        shown = opened.find(video)
        if output is not None and output.exists() and output.samefile(opened.path(shown)):
            raise UsageError(f"{output} is the video; choose another name")
        Remarks(quiet=quiet).changed(opened, [shown])
        curve = _curve(opened, shown, query, named)
        are_shown = output is not None or (sys.stdout.isatty() and not json)
        found = _found(opened, shown, query, named) if are_shown else []
        _show(curve, shown, query, found, json=json)
        if output is not None:
            cuts = [shot.span.start for shot in opened.shots(shown)[1:]]
            spans = [moment.span for moment in found]
            chart = plotting.Chart(shown.path, query, shown.duration_us, curve, cuts, spans)
            note = plotting.write(output, chart, overwrite=overwrite)
            if not quiet:
                render.say(note or f"plotted in {output}")
        best, least = float(curve.scores.max()), opened.settings.min_score
    if best >= least:
        return Exit.DONE
    if not quiet:
        fact = f"nothing in {shown.path} scores {least:g} for {grammar.shown(query)}"
        render.say(f"{fact}, at most {best:.2f}; ask in other words, or for less by --min-score")
    return Exit.NOTHING


def _curve(opened: vidcut.Library, video: Video, query: str, modalities: tuple[str, ...]) -> Curve:
    from vidcut import tracing, wiring  # noqa: PLC0415  (not for --help)

    asked = parse(query)
    encoder_of = opened.encoder_of
    pictures = {}
    for path in asked.pictures:
        images: Any = encoder_of(_SEEN)  # of images, as all that make frames
        pictures[path] = images.images([wiring.picture(Path(path))])[0].vector
    return tracing.trace(
        opened.holdings,
        asked,
        video,
        modalities=modalities or options.MODALITIES,
        encoder_of=encoder_of,
        pictures=pictures,
    )


def _found(
    opened: vidcut.Library, video: Video, query: str, modalities: tuple[str, ...]
) -> list[Moment]:
    """What a search of this video finds."""
    named = glob.escape(video.path)  # which other videos' names may match too
    found = opened.search(query, count=_MOST_MOMENTS, modalities=modalities, video=named)
    return [moment for moment in found if moment.video.id == video.id]


# Showing ------------------------------------------------------------------------------


def _show(curve: Curve, video: Video, query: str, found: list[Moment], *, json: bool) -> None:
    if json:
        render.emit_json(_told(curve, video, query))
    elif sys.stdout.isatty():
        _draw(curve, video, found)
    else:
        for second, values in enumerate(zip(curve.scores, *curve.apart, strict=True)):
            time_s = render.seconds(second * curve.step_us)
            render.emit("\t".join([f"{time_s:g}", *(f"{value:.4f}" for value in values)]))


def _told(curve: Curve, video: Video, query: str) -> dict[str, Any]:
    """The curve as a JSON object; times in seconds."""
    return {
        "video": video.path,
        "query": query,
        "step": render.seconds(curve.step_us),
        "scores": [round(float(score), 4) for score in curve.scores],
        **{
            name: [round(float(score), 4) for score in scores]
            for name, scores in zip(curve.modalities, curve.apart, strict=True)
        },
    }


def _draw(curve: Curve, video: Video, found: list[Moment]) -> None:
    """Lines of blocks, as wide as the terminal, with the times below."""
    from vidcut.curve import ruler, sparkline  # noqa: PLC0415  (numpy, not for --help)

    room = min(_MOST_CELLS, shutil.get_terminal_size().columns) - _LABEL_CELLS - len(" 0.00")
    width = max(1, room)
    rows = [("score", curve.scores), *zip(curve.modalities, curve.apart, strict=True)]
    for name, scores in rows:
        line = sparkline(scores, width)
        render.emit(f"{name:<{_LABEL_CELLS}}{line} {float(scores.max()):.2f}")
    render.emit(" " * _LABEL_CELLS + ruler(max(video.duration_us, SECOND_US), width))
    for moment in found:
        span = f"{format_time(moment.span.start)}  {format_time(moment.span.end)}"
        render.emit(f"{moment.rank:>{_LABEL_CELLS - 2}}  {span}  {moment.score:.2f}")
