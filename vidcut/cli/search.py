"""``vidcut search``: the best moments, cut into clips."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import vidcut
from vidcut.cli import options, render
from vidcut.cli.exits import Exit
from vidcut.cutting import format_time, slug
from vidcut.footage import name_matches
from vidcut.query import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vidcut.records import Clip, Moment


class Print(StrEnum):
    """What ``--print`` prints of each moment."""

    PATH = "path"
    TSV = "tsv"


def search(  # noqa: PLR0913  (a command's options)
    words: Annotated[list[str], typer.Argument(metavar="QUERY...", help="What to look for.")],
    *,
    count: Annotated[int, typer.Option("--count", "-k", min=1, help="At most so many.")] = 5,
    modalities: Annotated[
        str | None,
        typer.Option("--in", metavar="frame,asr,ocr", help="Only what is seen, said or written."),
    ] = None,
    video: Annotated[
        str | None, typer.Option(metavar="GLOB", help="Only in videos of this name or path.")
    ] = None,
    min_score: Annotated[
        float | None, typer.Option(min=0, max=1, help="Nothing that scores less.")
    ] = None,
    margin: options.MarginOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="List only; cut none.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Where the clips go."),
    ] = None,
    copy: options.CopyOption = False,
    overwrite: options.OverwriteOption = False,
    json: options.JsonOption = False,
    print_: Annotated[
        Print | None, typer.Option("--print", help="Clip paths alone, or tab-separated rows.")
    ] = None,
    null: Annotated[
        bool, typer.Option("-0", "--null", help="With --print: end each with NUL, not newline.")
    ] = False,
    library: options.LibraryOption = None,
    device: options.DeviceOption = None,
    offline: options.OfflineOption = None,
    quiet: options.QuietOption = False,
    verbose: options.VerboseOption = False,
) -> int:
    """Find the best moments and cut them into clips/QUERY/.

    Prints a table on a terminal and tab-separated rows in a pipe. Exits 1 where nothing
    matches well enough.
    """
    render.log_level(verbose=verbose)
    query = " ".join(words)
    wanted = options.modalities(modalities)
    widened = vidcut.Margin(*options.margins(margin))
    mode = vidcut.Mode.COPY if copy else vidcut.Mode.EXACT
    shown = _Shown(json=json, print_=print_, null=null, query=query, mode=mode)
    with vidcut.Library(library, min_score=min_score, device=device, offline=offline) as opened:
        found = opened.search(query, count=count, modalities=wanted, video=video)
        if not found:
            render.say(_nothing(opened, query, video))
            return Exit.NOTHING
        clips: Iterator[vidcut.Clip | vidcut.Failure] | None = None
        folder = output or Path(options.CLIPS_FOLDER) / slug(query)
        if not dry_run:
            plans = opened.plans(found, folder, margin=widened, mode=mode)
            reader = opened.settings.reader
            clips = vidcut.cut(plans, overwrite=overwrite, keep=True, reader=reader)
            shown.kept = set() if overwrite else {str(p.output) for p in plans if p.output.exists()}
        cut = _show(opened, found, clips, shown)
        if not quiet:
            _tell(opened, found, cut, folder, shown.kept)
    return Exit.SOME_FAILED if any(isinstance(c, vidcut.Failure) for c in cut) else Exit.DONE


class _Shown:
    """How results are to look."""

    def __init__(
        self, *, json: bool, print_: Print | None, null: bool, query: str, mode: vidcut.Mode
    ) -> None:
        self.mode = mode
        self.kept: set[str] = set()
        """The clips that were there already."""
        self.json = json
        self.print = print_
        self.end = "\0" if null else "\n"
        self.terms = parse(query).terms


def _show(
    opened: vidcut.Library,
    found: Sequence[Moment],
    clips: Iterator[vidcut.Clip | vidcut.Failure] | None,
    shown: _Shown,
) -> list[vidcut.Clip | vidcut.Failure]:
    """Print the moments, each line as soon as its clip is there."""
    table = not shown.json and shown.print is None
    if table:
        title = ("#", "video", "start", "end", "score", "why")
        render.emit_table(title, [render.moment_row(moment, shown.terms) for moment in found])
    made: list[vidcut.Clip | vidcut.Failure] = []
    models = opened.models() if shown.json else {}
    for moment in found:
        clip: Clip | None = None
        if clips is not None:
            result = next(clips)
            made.append(result)
            if isinstance(result, vidcut.Failure):
                render.fail_file(result)
            else:
                clip = result
        if not table:
            _line(opened, moment, clip, shown, models)
    return made


def _line(
    opened: vidcut.Library,
    moment: Moment,
    clip: Clip | None,
    shown: _Shown,
    models: dict[str, str],
) -> None:
    source = str(opened.path(moment.video))
    if shown.json:
        moved = clip is not None and not (
            clip.path in shown.kept and shown.mode is vidcut.Mode.COPY
        )
        render.emit_json(
            render.moment_json(moment, path=source, clip=clip, moved=moved, models=models)
        )
    elif shown.print is Print.PATH:
        render.emit(clip.path if clip else source, shown.end)
    else:
        span = format_time(moment.start.time_us), format_time(moment.end.time_us)
        row = (str(moment.rank), f"{moment.score:.4f}", source, *span, clip.path if clip else "")
        render.emit("\t".join(render.printable(cell) for cell in row), shown.end)


def _tell(
    opened: vidcut.Library,
    found: Sequence[Moment],
    made: Sequence[vidcut.Clip | vidcut.Failure],
    folder: Path,
    kept: set[str],
) -> None:
    """What the person should know besides the results."""
    clips = [clip for clip in made if isinstance(clip, vidcut.Clip)]
    if clips:
        old = sum(clip.path in kept for clip in clips)
        already = f"; {old} there already, kept (--overwrite makes anew)" if old else ""
        render.say(f"{len(clips)} {'clip' if len(clips) == 1 else 'clips'} in {folder}/{already}")
    for clip in clips:
        if clip.moved_start_us or clip.moved_end_us:
            render.say(f"{Path(clip.path).name} {render.moved(clip)}")
    for path in sorted(
        {moment.video.path for moment in found if _has_changed(opened, moment.video)}
    ):
        render.say(f"{path} changed after it was indexed; 'vidcut index FOLDER' looks at it again")
    seen = any(hit.chunk.modality == "frame" for moment in found for hit in moment.evidence)
    if seen and opened.visual_model == "labels":
        render.say("what is seen was matched by the offline model (labels)")


def _has_changed(opened: vidcut.Library, video: vidcut.Video) -> bool:
    try:
        facts = opened.path(video).stat()
    except OSError:  # cutting says so
        return False
    return (facts.st_size, facts.st_mtime_ns) != opened.holdings.catalog.stamp(video.id)


def _nothing(opened: vidcut.Library, query: str, glob: str | None) -> str:
    if not any(video.state != "failed" for video in opened.videos()):
        return "the library is empty; 'vidcut index FOLDER' fills it"
    if glob is not None and not any(name_matches(video.path, (glob,)) for video in opened.videos()):
        return f"no video is called {glob}; 'vidcut ls' lists them"
    least = opened.settings.min_score
    return f"nothing matches {query!r} well enough; --min-score below {least} shows weaker ones"
