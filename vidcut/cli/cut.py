"""``vidcut cut``: by hand, or from search's JSON lines on stdin."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import vidcut
from vidcut.cli import finishing, options, render
from vidcut.cli.exits import Exit
from vidcut.cli.remarks import Remarks
from vidcut.cutting import CutPlan, distinct, file_name, named, suffix_of
from vidcut.drafts import check_folder
from vidcut.editing import moments_of
from vidcut.finish import Finish
from vidcut.records import SECOND_US
from vidcut.times import parse_time

if TYPE_CHECKING:
    from vidcut.cutting import Fact


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
        typer.Option(
            "--output", "-o", metavar="OUT", help="The clip's path, its folder, or DIR/{stem}_{n}."
        ),
    ] = None,
    margin: options.MarginOption = None,
    cut: finishing.CutOption = None,
    copy: options.CopyOption = False,
    encoder: finishing.EncoderOption = None,
    size: finishing.SizeOption = None,
    fps: finishing.FpsOption = None,
    vertical: finishing.VerticalOption = False,
    crop: finishing.CropOption = None,
    command: finishing.ExecOption = None,
    overwrite: options.OverwriteOption = False,
    json: options.JsonOption = False,
    quiet: options.QuietOption = False,
) -> int:
    """Cut by hand, or what search --json found.

    vidcut cut video.mp4 1:15.5 1:20, or vidcut search "hot pot" --json -n | vidcut cut -
    -o "clips/{rank:02d}_{query}_{stem}" names the clips. Prints their paths.
    """
    asked = finishing.finish_of(encoder=encoder, size=size, fps=fps, vertical=vertical, crop=crop)
    mode = finishing.mode_of(cut, copy=copy)
    finishing.check(mode, asked, command)
    wish = _Wish(*_place(file, output), options.margins(margin), mode, asked or Finish())
    noted = Remarks(quiet=quiet)
    plans = _of_moments(start, wish, noted) if file == "-" else _by_hand(file, start, end, wish)
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

    folder: Path
    template: str | None
    file: Path | None
    """The name of the only clip."""
    margin: tuple[int, int]
    mode: vidcut.Mode
    finish: Finish

    def plan(self, path: Path, start: int, end: int, facts: dict[str, Fact]) -> CutPlan:
        """One clip, named by what is known of it besides its file and its times."""
        span = _span(path, start, end, self.margin)
        suffix = suffix_of(path, self.mode)
        number = int(facts["n"])
        name = Path(file_name(number, path.stem, span, suffix=suffix))
        if self.template is not None:
            times = {"start": span.start / SECOND_US, "end": span.end / SECOND_US}
            name = named(self.template, {**facts, **times, "stem": path.stem}, suffix)
        return CutPlan(path, span, self.folder / name, self.mode, self.finish)


def _by_hand(file: str, start: str | None, end: str | None, wish: _Wish) -> list[CutPlan]:
    """The one clip of a file."""
    if start is None or end is None:
        raise vidcut.UsageError("give START and END, e.g. vidcut cut video.mp4 1:15.5 1:20")
    path, times = Path(file).absolute(), (parse_time(start), parse_time(end))
    if wish.file is not None:
        span = _span(path, *times, wish.margin)
        return [CutPlan(path, span, wish.file, wish.mode, wish.finish)]
    return [wish.plan(path, *times, {"rank": 1, "n": 1, "query": ""})]


def _of_moments(start: str | None, wish: _Wish, noted: Remarks) -> list[CutPlan]:
    """The clips of the moments on stdin."""
    if start is not None:
        raise vidcut.UsageError("with - the times come from stdin; leave START and END out")
    plans = []
    for number, said in enumerate(moments_of(sys.stdin.buffer), 1):
        noted.stale(said)
        facts: dict[str, Fact | None] = {
            "rank": said.rank or number,
            "n": number,
            "query": said.query,
            "score": said.score,
            "modality": said.modality,
        }
        known = {name: fact for name, fact in facts.items() if fact is not None}
        plans.append(wish.plan(said.source, said.span.start, said.span.end, known))
    return distinct(plans)


def _place(file: str, output: str | None) -> tuple[Path, str | None, Path | None]:
    """The clips' folder, the template of their names, and the name where there is but one clip."""
    folder, template = options.place(output)
    if file != "-" and output is None:
        folder = Path()
    if file != "-" and template is None and _is_file_name(output or ""):
        check_folder(folder.parent, folder)
        return folder.parent, None, folder
    check_folder(folder)
    return folder, template, None


def _is_file_name(output: str) -> bool:
    path = Path(output)
    return bool(path.suffix) and not output.endswith(os.sep) and not path.is_dir()


def _span(path: Path, start: int, end: int, margin: tuple[int, int]) -> vidcut.Span:
    start, end = max(0, start - margin[0]), end + margin[1]
    if end <= start:
        raise vidcut.UsageError(f"{path}: the end is not after the start; give START, then END")
    return vidcut.Span(start, end)


def _follow(command: str, clip: vidcut.Clip) -> vidcut.Failure | None:
    from vidcut.clips import follow  # noqa: PLC0415  (only where something follows)

    return follow(command, clip, out=sys.stderr.fileno())


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
                "crop": clip.crop,
            }
        )
        return
    render.emit_path(clip.path)
    if not quiet and (clip.moved_start_us or clip.moved_end_us):
        render.say(f"{render.moved(clip)}, at key frames")
    if not quiet and clip.note:
        render.say(f"{Path(clip.path).name}: {clip.note}")
