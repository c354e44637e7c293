"""What ``vidcut search`` shows of the moments it found, and the clips it cuts of them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from vidcut.cli import render
from vidcut.cli.exits import Exit
from vidcut.footage import name_matches
from vidcut.grammar import Word, shown
from vidcut.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import vidcut
    from vidcut.cli.clipping import Cutting
    from vidcut.cli.remarks import Remarks
    from vidcut.cutting import Margin
    from vidcut.finish import Finish
    from vidcut.modes import Mode
    from vidcut.records import Clip, Moment


class Print(StrEnum):
    """What ``--print`` prints of each moment."""

    PATH = "path"
    TSV = "tsv"


@dataclass(frozen=True, slots=True)
class Asked:
    """One query, and its line in the file that it comes from."""

    words: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """How results are to look."""

    json: bool
    print: Print | None
    end: str
    quiet: bool
    glob: str | None
    """The videos that were asked for."""

    @property
    def is_table(self) -> bool:
        """Rather than a line for each moment."""
        return not self.json and self.print is None


@dataclass(frozen=True, slots=True)
class Clips:
    """How moments become clips."""

    folder: Path
    is_shared: bool
    """Whether each query has a folder of its own in it."""
    template: str | None
    """How each is named; None as `vidcut.cutting.file_name` does."""
    margin: Margin
    mode: Mode
    finish: Finish | None
    overwrite: bool
    command: str | None
    """What is run for each clip."""
    manifest: bool
    mark_used: bool


def show(
    opened: vidcut.Library,
    asked: Asked,
    found: Sequence[Moment],
    form: Form,
    clips: Clips | None,
    noted: Remarks,
) -> Exit:
    """Print the moments, each as soon as its clip is there; ``clips`` None cuts none."""
    asked = Asked(opened.last_asked, asked.line)
    if not found:
        if not form.quiet:
            render.say(_nothing(opened, asked, form.glob))
        return Exit.NOTHING
    if form.is_table:
        _table(opened, asked, found)
    cutting = _cutting(opened, clips, found, asked, noted) if clips is not None else None
    models = opened.models() if form.json else {}
    for moment in found:
        clip = cutting.next_clip() if cutting is not None else None
        if not form.is_table:
            is_new = cutting is None or not cutting.was_copied_before(clip)
            _line(opened, asked, moment, clip, form, models=models, moved=is_new)
    if cutting is not None:
        cutting.finish(quiet=form.quiet)
    noted.changed(opened, (moment.video for moment in found))
    return Exit.SOME_FAILED if cutting is not None and cutting.has_failed else Exit.DONE


def _cutting(
    opened: vidcut.Library, clips: Clips, found: Sequence[Moment], asked: Asked, noted: Remarks
) -> Cutting:
    from vidcut.cli.clipping import Cutting  # noqa: PLC0415  (with -n nothing is cut)

    return Cutting(opened, clips, found, asked.words, noted)


# Moments ------------------------------------------------------------------------------


def _table(opened: vidcut.Library, asked: Asked, found: Sequence[Moment]) -> None:
    title: tuple[str, ...] = ("#", "video", "start", "end", "score", "why")
    rows = [render.moment_row(moment, opened.last_terms) for moment in found]
    if asked.line is not None:
        title = ("line", *title)
        rows = [[str(asked.line), *row] for row in rows]
    render.emit_table(title, rows)


def _line(  # noqa: PLR0913  (all that a line tells)
    opened: vidcut.Library,
    asked: Asked,
    moment: Moment,
    clip: Clip | None,
    form: Form,
    *,
    models: dict[str, str],
    moved: bool,
) -> None:
    source = str(opened.path(moment.video))
    if form.json:
        stamp = opened.holdings.catalog.stamp(moment.video.id)
        told = render.moment_json(
            moment, path=source, stamp=stamp, clip=clip, moved=moved, models=models
        )
        render.emit_json({**_named(asked), **told})
    elif form.print is Print.PATH:
        render.emit_path(clip.path if clip else source, form.end)
    else:
        line = () if asked.line is None else (str(asked.line),)
        span = format_time(moment.start.time_us), format_time(moment.end.time_us)
        row = (str(moment.rank), f"{moment.score:.4f}", source, *span, clip.path if clip else "")
        render.emit("\t".join(render.printable(cell) for cell in (*line, *row)), form.end)


def _named(asked: Asked) -> dict[str, int | str]:
    line = {} if asked.line is None else {"line": asked.line}
    return {**line, "query": asked.words}


# What else is to be known -------------------------------------------------------------


def tell_model(opened: vidcut.Library, found: Iterable[Moment]) -> None:
    """Say it once where what is seen was matched by the model that knows least."""
    seen = any(hit.chunk.modality == "frame" for moment in found for hit in moment.evidence)
    if seen and opened.visual_model == "labels":
        render.say("what is seen was matched by the offline model (labels)")


def _nothing(opened: vidcut.Library, asked: Asked, glob: str | None) -> str:
    if not any(video.state != "failed" for video in opened.videos()):
        return "the library is empty; 'vidcut index FOLDER' fills it"
    if glob is not None and not any(name_matches(video.path, (glob,)) for video in opened.videos()):
        return f"no video is called {glob}; 'vidcut ls' lists them"
    where = "" if asked.line is None else f"line {asked.line}: "
    remedy = f"--min-score below {opened.settings.min_score} shows weaker ones"
    if count := sum(video.is_unfinished for video in opened.videos()):
        rest = "1 video is" if count == 1 else f"{count} videos are"
        remedy = f"{rest} not indexed to the end, 'vidcut index' goes on; {remedy}"
    if named := next(filter(_is_missed_file, asked.words.split()), None):
        remedy = f"{named} is a file; --image {named} looks for what is like a picture"
    return f"{where}nothing matches {shown(asked.words)} well enough; {remedy}"


def _is_missed_file(word: str) -> bool:
    """Whether a word names a file, and was taken for a word."""
    # isfile, for a word may be longer than any name.
    return "." in word and not Word(word).is_picture and os.path.isfile(word)  # noqa: PTH113
