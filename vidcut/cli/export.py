"""``vidcut export``: a timeline for an editor, from search's JSON lines."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import vidcut
from vidcut.cli import making, options, remarks, render
from vidcut.cli.exits import Exit
from vidcut.cli.remarks import Remarks
from vidcut.errors import UsageError
from vidcut.records import Take
from vidcut.times import format_time

if TYPE_CHECKING:
    from vidcut.records import Edit

OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Replace a timeline that is there already.")
]


def export(  # noqa: PLR0913  (a command's options)
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The timeline; its ending tells the format.")
    ],
    moments: Annotated[
        Path, typer.Argument(metavar="[MOMENTS|-]", help="JSON lines; - for those on stdin.")
    ] = Path("-"),
    *,
    format_name: Annotated[
        str | None,
        typer.Option("--format", metavar="NAME", help="The format, whatever FILE's ending."),
    ] = None,
    rate: Annotated[
        str | None,
        typer.Option("--rate", metavar="FPS", help="Frames a second: 25, 29.97, 30000/1001."),
    ] = None,
    size: Annotated[
        str | None, typer.Option("--size", metavar="WxH", help="The film's size: 1920x1080.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="TEXT", help="What the film is called.")
    ] = None,
    relative: Annotated[
        bool, typer.Option("--relative", help="Name the media as seen from FILE's folder.")
    ] = False,
    mark_used: options.MarkUsedOption = False,
    overwrite: OverwriteOption = False,
    json: options.JsonOption = False,
    library: options.LibraryOption = None,
    quiet: options.QuietOption = False,
) -> int:
    """Write the moments that search found as a timeline that editors open.

    vidcut search "hot pot" --json -n | vidcut export film.otio
    Formats by their endings: .otio .fcpxml .xml (Premiere) .edl .mlt .kdenlive .capcut (剪映)
    .srt .vtt .csv .m3u8 .mpv. Prints the file's path. Exits 3 where moments had to be left out.
    """
    from vidcut import editing, exporting, wiring  # noqa: PLC0415  (not for --help)

    chosen = editing.parse_rate(rate) if rate is not None else None
    wanted = editing.parse_size(size) if size is not None else None
    reader = wiring.reader("pyav")
    format_name = format_name or exporting.format_of(file)
    exporting.check(file, overwrite=overwrite)
    opened = _library(library) if mark_used else None
    noted = Remarks(quiet=quiet)
    said = list(editing.moments_of(_lines(moments)))
    for one in said:
        noted.stale(one)
    takes = [take for _, take in editing.takes_of(said, reader.probe) if noted.is_take(take)]
    if takes:
        edit = editing.edit_of(takes, name or file.stem, rate=chosen, size=wanted)
        exporting.export(
            edit, file, format_name=format_name, relative=relative, overwrite=overwrite
        )
        _show(edit, file, format_name, json=json, quiet=quiet)
        if opened is not None:
            remarks.mark(opened, [(str(file), making.shown(takes))], quiet=quiet)
    elif not noted.has_failed:
        render.say("there was no moment to export")
        return Exit.NOTHING
    return Exit.SOME_FAILED if noted.has_failed else Exit.DONE


def _library(folder: Path | None) -> vidcut.Library:
    """The library that is to know what is used, missed now rather than when all is written."""
    opened = vidcut.Library(folder)
    remarks.demand_ledger(opened, is_marked=True)
    return opened


def _lines(moments: Path) -> list[bytes]:
    if str(moments) == "-":
        if sys.stdin.isatty():
            remedy = "vidcut search QUERY --json -n | vidcut export FILE"
            raise UsageError(f"there are no moments on stdin; {remedy}")
        return sys.stdin.buffer.readlines()
    try:
        return moments.read_bytes().splitlines()
    except OSError as error:
        fact = f"{moments} cannot be read ({error.strerror})"
        raise UsageError(f"{fact}; name a file of search's JSON lines") from error


def _show(edit: Edit, file: Path, format_name: str, *, json: bool, quiet: bool) -> None:
    takes = [item for item in edit.items if isinstance(item, Take)]
    duration_us = sum(take.span.duration for take in takes)
    if json:
        told = {"file": str(file), "format": format_name, "name": edit.name, "takes": len(takes)}
        film = {"duration": render.seconds(duration_us), "rate": str(edit.rate)}
        render.emit_json({**told, **film, "width": edit.width, "height": edit.height})
        return
    render.emit_path(str(file))
    if not quiet:
        many = f"{len(takes)} {'take' if len(takes) == 1 else 'takes'}"
        size = f"{edit.width}x{edit.height} at {float(edit.rate):.5g} frames a second"
        render.say(f"{many}, {format_time(duration_us)}, {size} ({format_name})")
