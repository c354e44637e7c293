"""``vidcut search``: the best moments, cut into clips."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  (typer reads it)
from typing import TYPE_CHECKING, Annotated, Any

import typer

import vidcut
from vidcut import grammar
from vidcut.cli import finishing, options, remarks, render, results
from vidcut.cli.besides import Besides
from vidcut.cli.exits import Exit
from vidcut.cli.remarks import Remarks
from vidcut.cli.results import Asked, Clips, Form, Print
from vidcut.drafts import check_folder
from vidcut.errors import UsageError
from vidcut.query import GRAMMAR, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

_SEEN = "frame"
_LANGUAGE = ("write", "to find", "for example")


def _help_query(value: bool) -> None:  # noqa: FBT001  (typer calls it so)
    if value:
        render.emit_table(_LANGUAGE, GRAMMAR)
        raise typer.Exit


def search(  # noqa: PLR0913  (a command's options)
    words: Annotated[
        list[str] | None, typer.Argument(metavar="QUERY...", help="What to look for.")
    ] = None,
    *,
    count: Annotated[int, typer.Option("--count", "-k", min=1, help="At most so many.")] = 5,
    modalities: options.InOption = None,
    video: options.GlobOption = None,
    per_video: options.PerVideoOption = None,
    min_score: options.MinScoreOption = None,
    image: Annotated[
        list[Path] | None, typer.Option(metavar="PICTURE", help="What looks like a picture.")
    ] = None,
    like: Annotated[
        list[str] | None,
        typer.Option(metavar="VIDEO@TIME", help="What looks like a video at a time."),
    ] = None,
    feedback: Annotated[
        str | None,
        typer.Option(metavar="RANKS", help="Refine the last search: '+1 -3' by its ranks."),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", metavar="FILE", help="A query a line; - for stdin."),
    ] = None,
    within: Annotated[
        str, typer.Option(metavar="TIME", help="In A >> B, how soon after A.")
    ] = "30s",
    min_length: Annotated[
        str, typer.Option(metavar="TIME", help="Moments last at least so long.")
    ] = "0.5s",
    max_length: Annotated[
        str, typer.Option(metavar="TIME", help="Moments last at most so long.")
    ] = "60s",
    margin: options.MarginOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="List only; cut none.")] = False,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Where the clips go; DIR/{rank:02d}_{query}_{stem} names them too.",
        ),
    ] = None,
    cut: finishing.CutOption = None,
    copy: options.CopyOption = False,
    encoder: finishing.EncoderOption = None,
    size: finishing.SizeOption = None,
    fps: finishing.FpsOption = None,
    vertical: finishing.VerticalOption = False,
    crop: finishing.CropOption = None,
    subtitles: finishing.SubtitlesOption = None,
    command: finishing.ExecOption = None,
    manifest: Annotated[
        bool, typer.Option("--manifest", help="Write manifest.json beside the clips.")
    ] = False,
    export: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A timeline: .otio, .fcpxml, .edl, ….")
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A contact sheet: .jpg, .png or .html.")
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Show pictures, in terminals that can.")
    ] = False,
    mark_used: options.MarkUsedOption = False,
    exclude_used: options.ExcludeUsedOption = False,
    only_used: options.OnlyUsedOption = False,
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
    _help_asked: Annotated[
        bool,
        typer.Option(
            "--help-query", callback=_help_query, is_eager=True, help="All that a query may say."
        ),
    ] = False,
) -> int:
    """Find the best moments and cut them into clips/QUERY/.

    Prints a table on a terminal and tab-separated rows in a pipe. Exits 1 where nothing
    matches well enough.
    """
    render.log_level(verbose=verbose)
    liked, disliked = options.ranks(feedback)
    wish: dict[str, Any] = {
        "count": count,
        "modalities": options.modalities(modalities),
        "video": video,
        "per_video": per_video,
        "within_us": options.length("--within", within),
        "lengths": options.lengths(min_length, max_length),
        "images": image or (),
        "like": [options.moment_of(one) for one in like or ()],
        "liked": liked,
        "disliked": disliked,
        "used": options.used(exclude=exclude_used, only=only_used),
    }
    form = Form(json=json, print=print_, end="\0" if null else "\n", quiet=quiet, glob=video)
    finish = finishing.finish_of(
        encoder=encoder, size=size, fps=fps, vertical=vertical, crop=crop, subtitles=subtitles
    )
    mode = finishing.mode_of(cut, copy=copy)
    finishing.check(mode, finish, command)
    options.refuse_idle(
        dry_run,
        exec_=command is not None,
        manifest=manifest,
        mark_used=mark_used and export is None,
    )
    widened, (folder, template) = options.margins(margin), _place(output, dry_run=dry_run)
    clips = (
        None
        if dry_run
        else Clips(
            folder=folder,
            is_shared=template is None and (not output or file is not None),
            template=template,
            margin=vidcut.Margin(*widened),
            mode=mode,
            finish=finish,
            overwrite=overwrite,
            command=command,
            manifest=manifest,
            mark_used=mark_used,
        )
    )
    besides = Besides(export, sheet, preview=preview, overwrite=overwrite, quiet=quiet)
    if (image or like) and not _reaches(wish["modalities"], _SEEN):
        raise UsageError(
            f"--in {modalities} leaves out what is seen, where pictures are; add frame"
        )
    by_example = bool(image or like or feedback)
    asked = _asked(words or [], file, wish["modalities"], by_example=by_example)
    with vidcut.Library(library, min_score=min_score, device=device, offline=offline) as opened:
        remarks.demand_ledger(opened, is_marked=mark_used)
        codes, shown, noted = [], [], Remarks(quiet=quiet)
        for one in asked:
            found = opened.search(one.words, **wish)
            opened.remember()  # now, for whoever interrupts the cutting has seen the answers
            shown += [(opened.last_asked, moment) for moment in found]
            codes.append(results.show(opened, one, found, form, clips, noted))
        if not quiet:
            results.tell_model(opened, [moment for _, moment in shown])
        told = besides.write(opened, shown, noted)
        if mark_used and dry_run and told:
            films = [(str(export), [(moment.video, moment.span) for moment in told])]
            remarks.mark(opened, films, quiet=quiet)
    if noted.has_failed or Exit.SOME_FAILED in codes:
        return Exit.SOME_FAILED
    return Exit.DONE if Exit.DONE in codes else Exit.NOTHING


def _place(output: str | None, *, dry_run: bool) -> tuple[Path, str | None]:
    """Where clips go, and how they are named; refused before anything is searched for them."""
    folder, template = options.place(output)
    if not dry_run:
        check_folder(folder)
    return folder, template


def _asked(
    words: Sequence[str], file: Path | None, modalities: Sequence[str], *, by_example: bool
) -> list[Asked]:
    """What to search for, checked before anything is done for any of it."""
    if file is None:
        query = options.query(words)
        if query or not by_example:
            _check(query, modalities)
        return [Asked(query)]
    if words or by_example:
        raise UsageError("-f brings the queries; leave out the one beside it")
    name, lines = options.name_of(file), options.lines_of(file)
    asked = [Asked(line, number) for number, line in enumerate(lines, 1) if line.strip()]
    if not asked:
        raise UsageError(f"{name} holds no query; write one a line")
    for one in asked:
        try:
            _check(one.words, modalities)
        except UsageError as error:
            raise UsageError(f"{name}, line {one.line}: {error}") from error
    return asked


def _check(query: str, modalities: Sequence[str]) -> None:
    """Refuse a query that says nothing, or of which --in leaves nothing to look for."""
    for step in parse(query).steps:
        if not any(_reaches(modalities, *term.modalities) for term in step.wanted):
            only = ",".join(modalities)
            fact = f"--in {only} leaves nothing of {grammar.shown(query)} to look for"
            raise UsageError(f"{fact}; leave --in out, or say it in other words")


def _reaches(modalities: Sequence[str], *wanted: str) -> bool:
    """Whether one of those that are wanted is looked in; both may be empty, for all."""
    return not modalities or not wanted or not set(modalities).isdisjoint(wanted)
