"""What ``vidcut search`` shows of the moments it found, and the clips it cuts of them."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import vidcut
from vidcut.cli import making, remarks, render
from vidcut.cli.exits import Exit
from vidcut.clips import follow, write_manifest
from vidcut.cutting import Naming, format_time, slug
from vidcut.footage import name_matches
from vidcut.grammar import Word, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vidcut.cli.remarks import Remarks
    from vidcut.cutting import CutPlan, Margin, Mode
    from vidcut.finish import Finish
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
    finish: Finish
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
    cutting = _Cutting(opened, clips, found, asked, noted) if clips is not None else None
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


# Clips --------------------------------------------------------------------------------


class _Cutting:
    """The clips of one query, one after the other."""

    def __init__(
        self,
        opened: vidcut.Library,
        clips: Clips,
        found: Sequence[Moment],
        asked: Asked,
        noted: Remarks,
    ) -> None:
        self._clips, self._noted = clips, noted
        self._opened, self._asked = opened, asked
        self._folder = clips.folder / slug(asked.words) if clips.is_shared else clips.folder
        plans = opened.plans(
            found,
            self._folder,
            margin=clips.margin,
            mode=clips.mode,
            finish=clips.finish,
            naming=Naming(clips.template, asked.words),
        )
        making.spare(opened, (plan.output for plan in plans))
        self._kept = set() if clips.overwrite else _there(plans)
        self._made: list[Clip] = []
        self.has_failed = False
        reader = opened.settings.reader
        self._results = vidcut.cut(plans, overwrite=clips.overwrite, keep=True, reader=reader)

    def next_clip(self) -> Clip | None:
        """The next moment's clip; None where it could not be cut, which is told."""
        result = next(self._results)
        if isinstance(result, vidcut.Failure):
            self.has_failed = True
            self._noted.failed(result)
            return None
        self._made.append(result)
        if self._clips.command is not None:
            self._follow(self._clips.command, result)
        return result

    def _follow(self, command: str, clip: Clip) -> None:
        failure = follow(command, clip, out=sys.stderr.fileno())
        if failure is not None:
            self.has_failed = True
            render.fail_file(failure)

    def finish(self, *, quiet: bool) -> None:
        """What is to be done and told once all clips are there."""
        if self._clips.manifest and self._made:
            write_manifest(((clip, self._asked.words) for clip in self._made), self._folder)
        if self._clips.mark_used and self._made:
            films = [(clip.path, [(clip.source, clip.span)]) for clip in self._made]
            remarks.mark(self._opened, films, quiet=quiet)
        if not quiet:
            self._tell()

    def was_copied_before(self, clip: Clip | None) -> bool:
        """Whether nothing is known of how far a clip's ends moved."""
        return clip is not None and clip.path in self._kept and self._clips.mode is vidcut.Mode.COPY

    def _tell(self) -> None:
        """Where the clips are, and what is odd about them."""
        if self._made:
            old = sum(clip.path in self._kept for clip in self._made)
            already = f"; {old} there already, kept (--overwrite makes anew)" if old else ""
            many = f"{len(self._made)} {'clip' if len(self._made) == 1 else 'clips'}"
            render.say(f"{many} in {os.path.join(self._folder, '')}{already}")  # noqa: PTH118
        for clip in self._made:
            if clip.moved_start_us or clip.moved_end_us:
                render.say(f"{Path(clip.path).name} {render.moved(clip)}")
            if clip.note:
                render.say(f"{Path(clip.path).name}: {clip.note}")


def _there(plans: Sequence[CutPlan]) -> set[str]:
    return {str(plan.output) for plan in plans if plan.output.exists()}


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
