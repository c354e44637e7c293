"""The clips that ``vidcut search`` cuts of the moments it shows."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import vidcut
from vidcut.cli import making, remarks, render
from vidcut.clips import follow, write_manifest
from vidcut.cutting import Naming, slug

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidcut.cli.remarks import Remarks
    from vidcut.cli.results import Clips
    from vidcut.cutting import CutPlan
    from vidcut.records import Clip, Moment


class Cutting:
    """The clips of one query, one after the other."""

    def __init__(
        self,
        opened: vidcut.Library,
        clips: Clips,
        found: Sequence[Moment],
        query: str,
        noted: Remarks,
    ) -> None:
        self._clips, self._noted = clips, noted
        self._opened, self._query = opened, query
        self._folder = clips.folder / slug(query) if clips.is_shared else clips.folder
        plans = opened.plans(
            found,
            self._folder,
            margin=clips.margin,
            mode=clips.mode,
            finish=clips.finish,
            naming=Naming(clips.template, query),
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
            write_manifest(((clip, self._query) for clip in self._made), self._folder)
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
