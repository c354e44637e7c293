"""``vidcut script``: a script and a library to a rough cut."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import vidcut
from vidcut.cli import making, options, remarks, render
from vidcut.cli.exits import Exit
from vidcut.cli.remarks import Remarks
from vidcut.errors import UsageError
from vidcut.records import Span, Take
from vidcut.roughcut import Gaps
from vidcut.times import parse_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidcut.cli.plans import Places
    from vidcut.records import Edit, Gap
    from vidcut.story import Slot

_FILM = "rough-cut.mp4"
_FILMS = (".mp4", ".mov", ".mkv", ".m4v")
_LOCK = re.compile(r"([0-9]{1,5})=(.+)@([0-9:.]+)-([0-9:.]+)")
_MOST_BYTES = 10_000_000


def script(  # noqa: PLR0913  (a command's options)
    story: Annotated[
        Path, typer.Argument(metavar="STORY", help="Lines of text, Markdown (.md), or .srt.")
    ],
    *,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="Film, timeline, or plan (.json)."),
    ] = Path(_FILM),
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Plan only.")] = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a storyboard to look at.")
    ] = None,
    gaps: Annotated[
        Gaps, typer.Option(help="What becomes of lines that nothing fits.")
    ] = Gaps.BLACK,
    lock: Annotated[
        list[str] | None,
        typer.Option(metavar="N=VIDEO@START-END", help="What line N is to show; repeatable."),
    ] = None,
    voice: Annotated[
        Path | None, typer.Option(metavar="SOUND", help="Keep time with someone who reads it.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Keep nothing of the run before.")] = False,
    modalities: options.InOption = None,
    video: options.GlobOption = None,
    per_video: Annotated[
        int | None, typer.Option(min=1, help="At most so many lines from one video.")
    ] = None,
    min_score: options.MinScoreOption = None,
    mark_used: options.MarkUsedOption = False,
    exclude_used: options.ExcludeUsedOption = False,
    only_used: options.OnlyUsedOption = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that are there already.")
    ] = False,
    json: options.JsonOption = False,
    library: options.LibraryOption = None,
    device: options.DeviceOption = None,
    offline: options.OfflineOption = None,
    quiet: options.QuietOption = False,
    verbose: options.VerboseOption = False,
) -> int:
    """Make a rough cut of a script: each line shows what fits it best.

    A line of STORY is a slot; in Markdown headings are chapters; subtitles (.srt) bring their
    times. No footage is shown twice, sources vary, and a slot lasts as long as its text takes
    to read. A .json of the same name beside the film tells what was taken and what else fits;
    the next run keeps what is in it where the text has not changed.

    Prints a line for each slot. Exits 1 where nothing fits some of them, 3 where some could
    not be shown.
    """
    from vidcut.cli import plans  # noqa: PLC0415  (not for --help)

    render.log_level(verbose=verbose)
    locks = _locks(lock or ())
    used = options.used(exclude=exclude_used, only=only_used)
    options.refuse_idle(dry_run, mark_used=mark_used)
    slots = _slots(story, is_voiced=voice is not None)
    places = plans.Places(story, output, html, overwrite=overwrite, is_dry=dry_run)
    _check_ending(places.film)
    noted = Remarks(quiet=quiet)
    with vidcut.Library(library, min_score=min_score, device=device, offline=offline) as opened:
        from vidcut import planning, roughcut  # noqa: PLC0415  (not for --help)

        remarks.demand_ledger(opened, is_marked=mark_used)
        making.spare(opened, [path for path in (places.film, html) if path is not None])
        if voice is not None:
            slots = _read_by(voice, slots, opened)
        sources = planning.Sources(opened)
        before = () if fresh else places.before(sources)
        wish = planning.Wish(
            options.modalities(modalities), video, min_score, per_video, used, locks, before
        )
        plan = planning.plan(opened, story.stem, slots, wish, sources)
        starts_us = roughcut.starts_us(plan, gaps)
        plans.show(plan, starts_us, json=json)
        plans.note(plan, sources, opened, noted)
        shown = _made(roughcut.edit(plan, gaps), places, noted)
        places.write(plan, starts_us, opened)
        if mark_used:
            remarks.mark(opened, [(str(output), making.shown(shown))], quiet=quiet)
        if not quiet:
            plans.tell(plan, places)
    if noted.has_failed:
        return Exit.SOME_FAILED
    return Exit.NOTHING if plan.gaps else Exit.DONE


def _check_ending(path: Path | None) -> None:
    """Refuse a name that is neither a film's nor a timeline's, before anything is searched."""
    from vidcut import exporting  # noqa: PLC0415  (not for --help)

    if path is None or path.suffix.lower() in _FILMS:
        return
    try:
        exporting.format_of(path)
    except UsageError as error:
        raise UsageError(f"{error}; of a film: {', '.join(_FILMS)}; of a plan: .json") from error


def _made(edit: Edit, places: Places, noted: Remarks) -> Sequence[Take | Gap]:
    """Make the film, or a timeline of it, if it is wanted and has a take; what it shows.

    Raises:
        UsageError: it is neither.
    """
    from vidcut import exporting, rendering  # noqa: PLC0415  (not for --help)

    path = places.film
    if path is None or not any(isinstance(item, Take) for item in edit.items):
        return edit.items
    if path.suffix.lower() in _FILMS:
        form = making.Form(quiet=noted.is_quiet)
        made = making.film(edit, path, rendering.Options(), form, overwrite=places.overwrite)
        noted.has_failed |= bool(made.failures)
        return [item for item, _ in made.places]
    exporting.export(edit, path, overwrite=places.overwrite)
    return edit.items


# Reading ------------------------------------------------------------------------------


def _slots(path: Path, *, is_voiced: bool) -> list[Slot]:
    from vidcut import story  # noqa: PLC0415  (not for --help)

    if is_voiced and path.suffix.lower() in story.CUES:
        raise UsageError(f"{path} has times of its own; leave --voice out")
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); name a text file") from error
    if len(data) > _MOST_BYTES:
        raise UsageError(f"{path} is too big for a script (over 10 MB); split it")
    try:
        return story.slots(story.decode(data), path.suffix)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def _read_by(voice: Path, slots: Sequence[Slot], opened: vidcut.Library) -> list[Slot]:
    from vidcut import alignment, narration  # noqa: PLC0415  (Whisper, for --voice alone)

    return alignment.align(slots, narration.sentences(voice, opened.settings))


def _locks(texts: Sequence[str]) -> dict[int, tuple[str, Span]]:
    """``3=clip.mp4@12-15``: the slot, and the stretch that it is to show."""
    locks: dict[int, tuple[str, Span]] = {}
    for text in texts:
        match = _LOCK.fullmatch(text)
        if match is None:
            remedy = "give a line, a video and its stretch, e.g. 3=clip.mp4@12-15"
            raise UsageError(f"--lock {text}: {remedy}")
        number, start_us, end_us = int(match[1]), parse_time(match[3]), parse_time(match[4])
        if start_us >= end_us:
            raise UsageError(f"--lock {text}: it ends before it begins; give the later time last")
        if number in locks:
            raise UsageError(f"--lock {text}: line {number} is locked already; lock it once")
        locks[number] = (match[2], Span(start_us, end_us))
    return locks
