"""What ``vidcut script`` shows of a plan, and the files that it reads and writes."""

from __future__ import annotations

import errno
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from vidcut import manifest, storyboard
from vidcut.cli import render
from vidcut.drafts import check_place, draft, refused
from vidcut.errors import OutputError, UsageError
from vidcut.roughcut import Status
from vidcut.times import format_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vidcut import Library
    from vidcut.cli.remarks import Remarks
    from vidcut.cli.render import Cell
    from vidcut.planning import Sources
    from vidcut.roughcut import Plan, Planned, Proposal

_PLAN_ONLY = ".json"
_THUMBNAIL_PX = 320
_TEXT_CHARS = 48
_MOST_NAMED = 10


class Places:
    """The files of a run: the script, the film, its plan, the storyboard.

    Raises:
        OutputError: a file would take the place of another.
    """

    def __init__(
        self, story: Path, output: Path, html: Path | None, *, overwrite: bool, is_dry: bool
    ) -> None:
        self.manifest = output.with_suffix(_PLAN_ONLY)
        is_plan_only = output.suffix.lower() == _PLAN_ONLY
        self.film = None if is_plan_only or is_dry else output
        self.html = html
        self.overwrite = overwrite
        self._is_dry = is_dry
        written = [path for path in (self.film, html) if path is not None]
        for path in [*written, *([] if is_dry else [self.manifest])]:
            if _is_same(path, story):
                raise OutputError(f"{path} is the script; choose another name")
        if self.film is not None:
            check_place(self.film, overwrite=overwrite)
        for path in [*([html] if html is not None else []), *([] if is_dry else [self.manifest])]:
            check_place(path, overwrite=overwrite or path == self.manifest)
            if self.film is None and not path.parent.exists():
                raise refused(path, OSError(errno.ENOENT, f"there is no folder {path.parent}"))
        self._check_manifest()
        if html is not None and html.absolute() in {path.absolute() for path in self._others()}:
            raise OutputError(f"{html} is the film or its plan; choose another name")

    def before(self, sources: Sources) -> tuple[Planned, ...]:
        """What the run before had planned; nothing where there was none.

        Raises:
            UsageError: what lies in the plan's place is none.
        """
        try:
            data = self.manifest.read_bytes()
        except FileNotFoundError:
            return ()
        except OSError as error:
            fact = f"{self.manifest} cannot be read ({error.strerror})"
            raise UsageError(f"{fact}; --fresh does without it") from error
        try:
            return manifest.read(data, sources.find)
        except UsageError as error:
            remedy = "choose another name for the output, or --fresh to plan anew"
            raise UsageError(f"{self.manifest}: {error}; {remedy}") from error

    def write(self, plan: Plan, starts_us: Mapping[int, int], opened: Library) -> None:
        """Write the plan and the storyboard, as far as they are wanted.

        Raises:
            OutputError: one cannot be written, or would replace something else.
        """
        self.check(plan)
        if self.html is not None:
            pictures = _pictures(plan, opened)
            _write(self.html, storyboard.page(plan, starts_us, pictures.get))
        if not self._is_dry:
            _write(self.manifest, manifest.written(plan, starts_us))

    def check(self, plan: Plan) -> None:
        """Refuse to write over footage, or over a .json that is no plan.

        Raises:
            OutputError: something else is there.
        """
        sources = {one.proposal.source for one in plan.planned if one.proposal is not None}
        for path in (self.film, self.html):
            if path is not None and any(_is_same(path, Path(source)) for source in sources):
                raise OutputError(f"{path} is footage; choose another name")
        self._check_manifest()

    def _check_manifest(self) -> None:
        if self._is_dry or self.overwrite:
            return
        with suppress(FileNotFoundError):
            if not manifest.is_manifest(_bytes(self.manifest)):
                fact = f"{self.manifest} exists already and is no plan of vidcut"
                raise OutputError(f"{fact}; name another output, or give --overwrite")

    def _others(self) -> list[Path]:
        return [self.manifest, *([self.film] if self.film is not None else [])]


# Showing ------------------------------------------------------------------------------


def show(plan: Plan, starts_us: Mapping[int, int], *, json: bool) -> None:
    """Print a line for each slot."""
    if json:
        for one in plan.planned:
            render.emit_json(manifest.slot_json(one, starts_us.get(one.slot.number)))
        return
    title = ("#", "at", "text", "video", "start", "end", "score", "why")
    render.emit_table(title, [_row(one, starts_us.get(one.slot.number)) for one in plan.planned])


def note(plan: Plan, sources: Sources, opened: Library, noted: Remarks) -> None:
    """Say what is gone, and what of that which is shown changed."""
    for video in sources.gone:
        noted.gone(opened.path(video))
    shown = (one.proposal.video for one in plan.planned if one.proposal is not None)
    noted.changed(opened, shown)


def tell(plan: Plan, places: Places) -> None:
    """Say what a person should know besides."""
    kept = sum(one.status is Status.KEPT for one in plan.planned)
    if kept:
        render.say(f"{kept} of {len(plan.planned)} kept from {places.manifest} (--fresh: none)")
    if plan.gaps:
        numbers = [str(one.slot.number) for one in plan.gaps]
        more = ", …" if len(numbers) > _MOST_NAMED else ""
        lines = f"line {numbers[0]}" if len(numbers) == 1 else f"{len(numbers)} lines"
        which = "" if len(numbers) == 1 else f" ({', '.join(numbers[:_MOST_NAMED])}{more})"
        remedy = "a lower --min-score or more footage may fill them"
        render.say(f"nothing fits {lines}{which}; {remedy}")


def _row(one: Planned, at_us: int | None) -> list[Cell]:
    text = one.slot.text
    short = text if len(text) <= _TEXT_CHARS else f"{text[:_TEXT_CHARS]}…"
    at = "" if at_us is None else format_time(at_us)
    first: list[Cell] = [str(one.slot.number), at, render.words(short)]
    shown = one.proposal
    if shown is None:
        return [*first, "", "", "", "", [(one.status.value, "bold yellow")]]
    why = [str(hit) for hit in shown.evidence[:1]]
    why += [one.status.value] if one.status is not Status.FOUND else []
    return [
        *first,
        render.printable(shown.video.path),
        format_time(shown.span.start),
        format_time(shown.span.end),
        f"{shown.score:.2f}",
        render.words("; ".join(why)),
    ]


# Files --------------------------------------------------------------------------------


def _pictures(plan: Plan, opened: Library) -> dict[Proposal, str]:
    """A small picture of each stretch that a storyboard shows."""
    from vidcut import thumbnails, wiring  # noqa: PLC0415  (decoders, for storyboards alone)

    reader = wiring.reader(opened.settings.reader)
    wanted = [
        proposal
        for one in plan.planned
        for proposal in (one.proposal, *one.alternates[: storyboard.MOST_ALTERNATES])
        if proposal is not None
    ]

    def taken(proposal: Proposal) -> str | None:
        source, middle_us = Path(proposal.source), proposal.span.middle
        return thumbnails.data_uri(reader, source, middle_us, longest_px=_THUMBNAIL_PX)

    with ThreadPoolExecutor(opened.settings.threads_each) as pool:
        uris = pool.map(taken, wanted)
        pairs = zip(wanted, uris, strict=True)
        return {proposal: uri for proposal, uri in pairs if uri is not None}


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    try:
        path.parent.resolve(strict=True)  # a folder that is not there is a slip, not a wish
        with draft(path, overwrite=True) as part:
            part.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise refused(path, error) from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        fact = f"{path} cannot be read ({error.strerror})"
        raise OutputError(f"{fact}; name another output") from error


def _is_same(one: Path, other: Path) -> bool:
    with suppress(OSError, ValueError):  # mostly: one is not there yet
        return one.samefile(other)
    return False
