"""``vidcut cut``: by hand, or from search's JSON lines on stdin."""

from __future__ import annotations

import json as jsonlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import vidcut
from vidcut.cli import finishing, options, render
from vidcut.cli.exits import Exit
from vidcut.cutting import CutPlan, distinct, file_name, parse_time, suffix_of
from vidcut.records import SECOND_US

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vidcut.finish import Finish


def cut(  # noqa: PLR0913  (a command's options)
    file: Annotated[
        str, typer.Argument(metavar="FILE|-", help="The video; - for JSON lines on stdin.")
    ],
    start: Annotated[
        str | None, typer.Argument(metavar="START", help="75.5, 1:15.5 or 00:01:15.500.")
    ] = None,
    end: Annotated[str | None, typer.Argument(metavar="END", help="Likewise.")] = None,
    *,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="OUT", help="The clip's path, or its folder."),
    ] = None,
    margin: options.MarginOption = None,
    cut: finishing.CutOption = None,
    copy: options.CopyOption = False,
    encoder: finishing.EncoderOption = None,
    size: finishing.SizeOption = None,
    fps: finishing.FpsOption = None,
    vertical: finishing.VerticalOption = False,
    command: finishing.ExecOption = None,
    overwrite: options.OverwriteOption = False,
    json: options.JsonOption = False,
    quiet: options.QuietOption = False,
) -> int:
    """Cut by hand, or what search --json found.

    vidcut cut video.mp4 1:15.5 1:20, or vidcut search "hot pot" --json -n | vidcut cut -
    Prints the clips' paths.
    """
    finish = finishing.finish_of(encoder=encoder, size=size, fps=fps, vertical=vertical)
    mode = finishing.mode_of(cut, copy=copy)
    finishing.check(mode, finish, command)
    wish = _Wish(options.margins(margin), mode, finish)
    plans = _plans(file, start, end, output, wish)
    failed = False
    for made in vidcut.cut(plans, overwrite=overwrite, keep=file == "-"):
        wrong = made if isinstance(made, vidcut.Failure) else None
        if isinstance(made, vidcut.Clip):
            _show(made, json=json, quiet=quiet)
            wrong = _follow(command, made) if command is not None else None
        if wrong is not None:
            failed = True
            render.fail_file(wrong)
    if not plans:
        render.say("there was no moment on stdin")
        return Exit.NOTHING
    return Exit.SOME_FAILED if failed else Exit.DONE


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is the same for all clips."""

    margin: tuple[int, int]
    mode: vidcut.Mode
    finish: Finish


def _plans(
    file: str, start: str | None, end: str | None, output: str | None, wish: _Wish
) -> list[CutPlan]:
    if file == "-":
        if start is not None or end is not None:
            raise vidcut.UsageError("with - the times come from stdin; leave START and END out")
        moments = list(_moments(sys.stdin.buffer))
        folder = Path(output or options.CLIPS_FOLDER)
    else:
        if start is None or end is None:
            raise vidcut.UsageError("give START and END, e.g. vidcut cut video.mp4 1:15.5 1:20")
        moments = [(Path(file), parse_time(start), parse_time(end))]
        if output is not None and _is_file_name(output):
            path, span = Path(file).absolute(), _span(*moments[0], wish.margin)
            return [CutPlan(path, span, Path(output), wish.mode, wish.finish)]
        folder = Path(output or "")
    plans = [
        CutPlan(
            path.absolute(),
            span := _span(path, begin, finish, wish.margin),
            folder / file_name(rank, path.stem, span, suffix=suffix_of(path, wish.mode)),
            wish.mode,
            wish.finish,
        )
        for rank, (path, begin, finish) in enumerate(moments, 1)
    ]
    return distinct(plans)


def _is_file_name(output: str) -> bool:
    path = Path(output)
    return bool(path.suffix) and not output.endswith(os.sep) and not path.is_dir()


def _span(path: Path, start: int, end: int, margin: tuple[int, int]) -> vidcut.Span:
    start, end = max(0, start - margin[0]), end + margin[1]
    if end <= start:
        raise vidcut.UsageError(f"{path}: the end is not after the start; give START, then END")
    return vidcut.Span(start, end)


def _moments(lines: Iterable[bytes]) -> Iterable[tuple[Path, int, int]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            moment = jsonlib.loads(line)
            path = Path(moment["path"])
            start, end = float(moment["start"]), float(moment["end"])
            yield path, round(start * SECOND_US), round(end * SECOND_US)
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            wanted = 'an object with "path", "start" and "end", as vidcut search --json writes'
            raise vidcut.UsageError(f"line {number} of stdin is not {wanted}") from error


def _follow(command: str, clip: vidcut.Clip) -> vidcut.Failure | None:
    from vidcut.clips import follow  # noqa: PLC0415  (only where something follows)

    return follow(command, clip)


def _show(clip: vidcut.Clip, *, json: bool, quiet: bool) -> None:
    if json:
        render.emit_json(
            {
                "clip": clip.path,
                "source": clip.source,
                "start": render.seconds(clip.span.start),
                "end": render.seconds(clip.span.end),
                "moved_start": render.seconds(clip.moved_start_us),
                "moved_end": render.seconds(clip.moved_end_us),
                "mode": clip.mode,
                "note": clip.note,
            }
        )
        return
    render.emit_path(clip.path)
    if not quiet and (clip.moved_start_us or clip.moved_end_us):
        render.say(f"{render.moved(clip)}, at key frames")
    if not quiet and clip.note:
        render.say(f"{Path(clip.path).name}: {clip.note}")
