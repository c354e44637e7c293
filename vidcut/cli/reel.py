"""``vidcut reel``: the best moments, joined into one film."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import vidcut
from vidcut import editing
from vidcut import reel as reels
from vidcut.cli import making, options, remarks, render, results
from vidcut.cli.exits import Exit
from vidcut.cli.remarks import Remarks
from vidcut.cutting import slug
from vidcut.errors import UsageError
from vidcut.film import Fit
from vidcut.ledger import Used
from vidcut.query import parse
from vidcut.records import SECOND_US
from vidcut.reel import Order, Scored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidcut.accounts import Film
    from vidcut.records import Edit, Take
    from vidcut.rendering import Options

_STDIN = "-"
_FADE = "0.3s"
_LONGEST_FADE_US = 10 * SECOND_US
_READ_HZ = 16_000
"""Of the sound that readers give."""


class Transition(StrEnum):
    """What is between two takes."""

    CUT = "cut"
    FADE = "fade"


def reel(  # noqa: PLR0913  (a command's options)
    words: Annotated[
        list[str], typer.Argument(metavar="QUERY...|-", help="What to look for; - for stdin.")
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="The film: .mp4, .mov or .mkv."),
    ] = None,
    duration: Annotated[
        str | None, typer.Option(metavar="TIME", help="At most so long, of the best moments.")
    ] = None,
    order: Annotated[
        Order, typer.Option(help="Best first, by video and time, or as they came.")
    ] = Order.RANK,
    transition: Annotated[
        Transition | None, typer.Option(help="What is between two moments.")
    ] = None,
    fade: Annotated[
        str | None, typer.Option(metavar="TIME", help=f"How long a fade lasts [{_FADE}].")
    ] = None,
    music: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Laid under it, softer below speech.")
    ] = None,
    on_beat: Annotated[
        bool, typer.Option("--on-beat", help="Cut on the beats of --music.")
    ] = False,
    size: Annotated[
        str | None, typer.Option(metavar="WxH", help="The film's size: 1920x1080.")
    ] = None,
    rate: Annotated[
        str | None, typer.Option(metavar="FPS", help="Its frames a second: 25, 29.97, 30000/1001.")
    ] = None,
    fit: Annotated[
        Fit, typer.Option(help="Other shapes: whole between black, or cropped to fill.")
    ] = Fit.PAD,
    margin: options.MarginOption = None,
    count: Annotated[int, typer.Option("--count", "-k", min=1, help="At most so many.")] = 10,
    modalities: options.InOption = None,
    video: options.GlobOption = None,
    per_video: options.PerVideoOption = None,
    min_score: options.MinScoreOption = None,
    mark_used: options.MarkUsedOption = False,
    exclude_used: options.ExcludeUsedOption = False,
    only_used: options.OnlyUsedOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Plan only.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a film that is there already.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    library: options.LibraryOption = None,
    device: options.DeviceOption = None,
    offline: options.OfflineOption = None,
    quiet: options.QuietOption = False,
    verbose: options.VerboseOption = False,
) -> int:
    """Join the best moments into one film.

    vidcut reel "hot pot" --duration 60s, or vidcut search "hot pot" --json -n | vidcut reel -
    Sizes, rates and sound are made alike, loudness is evened, each moment is a chapter.
    Prints the film's path. Exits 1 where nothing matches, 3 where moments had to be left out.
    """
    render.log_level(verbose=verbose)
    form = making.Form(json=json, quiet=quiet)
    if on_beat and music is None:
        raise UsageError("--on-beat cuts to a music; name one by --music FILE")
    choosing = _Choosing(
        order,
        _fade_us(transition, fade),
        _budget_us(duration),
        vidcut.Margin(*options.margins(margin)),
        music if on_beat else None,
    )
    looks, noted = _Looks(size, rate), Remarks(quiet=quiet)
    used = options.used(exclude=exclude_used, only=only_used)
    options.refuse_idle(dry_run, mark_used=mark_used)
    query = _query(words, used)
    place = output or (None if query is None else _place(query))
    if place is not None:
        making.check_film(place, overwrite=overwrite, is_dry=dry_run)
    wish = {
        "count": count,
        "modalities": options.modalities(modalities),
        "video": video,
        "per_video": per_video,
        "used": used,
    }
    with vidcut.Library(library, min_score=min_score, device=device, offline=offline) as opened:
        _check(opened, music, place if query is not None else None, is_marked=mark_used)
        scored = _on_stdin(noted) if query is None else _found(opened, query, wish, noted)
        takes = choosing.takes(scored, opened.settings.reader)
        if not takes:
            return _nothing(scored, duration, noted)
        edit = looks.edit(takes)
        place = place or _place(edit.name)
        if dry_run:
            making.show_plan(edit, place, form, fade_us=choosing.fade_us)
        else:
            from vidcut import rendering  # noqa: PLC0415  (not for --help)

            ways = rendering.Options(fit, choosing.fade_us, music)
            films = [_made(edit, place, ways, form, overwrite=overwrite, noted=noted)]
            if mark_used:
                remarks.mark(opened, films, quiet=quiet)
    return Exit.SOME_FAILED if noted.has_failed else Exit.DONE


@dataclass(frozen=True, slots=True)
class _Looks:
    """The film's size and rate, as they were asked for; checked before anything is done."""

    size: str | None
    rate: str | None

    def __post_init__(self) -> None:
        self.edit(())

    def edit(self, takes: Sequence[Take]) -> Edit:
        """The edit, called by what was asked for first."""
        rate = editing.parse_rate(self.rate) if self.rate is not None else None
        size = editing.parse_size(self.size) if self.size is not None else None
        name = next((take.title for take in takes if take.title), "reel")
        return editing.edit_of(reels.titled(takes), name, rate=rate, size=size)


@dataclass(frozen=True, slots=True)
class _Choosing:
    """Which moments go into the film, and how much of each."""

    order: Order
    fade_us: int
    budget_us: int | None
    margin: vidcut.Margin
    beat: Path | None
    """The music on whose beats it is cut."""

    def takes(self, scored: Sequence[Scored], reader: str) -> list[Take]:
        """The takes in the film's order."""
        widened = [Scored(reels.widened(one.take, self.margin), one.score) for one in scored]
        takes = reels.choose(
            widened, order=self.order, budget_us=self.budget_us, fade_us=self.fade_us
        )
        if self.beat is None or not takes:
            return takes
        beats_us = _beats(self.beat, takes, reader)
        takes = reels.on_beat(takes, beats_us, fade_us=self.fade_us)
        return reels.shortened(takes, self.budget_us, self.fade_us)


def _made(
    edit: Edit,
    place: Path,
    ways: Options,
    form: making.Form,
    *,
    overwrite: bool,
    noted: Remarks,
) -> Film:
    """Make the film; its name, and what of which files it shows."""
    made = making.film(edit, place, ways, form, overwrite=overwrite)
    making.show(edit, made, form)
    noted.has_failed |= bool(made.failures)
    return made.path, making.shown(item for item, _ in made.places)


def _nothing(scored: Sequence[Scored], duration: str | None, noted: Remarks) -> Exit:
    if scored:
        render.say(f"not one second of a moment fits into {duration}; give a longer --duration")
    return Exit.SOME_FAILED if noted.has_failed else Exit.NOTHING


# What goes in -------------------------------------------------------------------------


def _query(words: Sequence[str], used: Used) -> str | None:
    """What to search for; None where the moments come from stdin."""
    if list(words) != [_STDIN]:
        query = options.query(words)
        parse(query)
        return query
    if used is not Used.ALSO:
        fact = "moments on stdin are taken as they are"
        raise UsageError(f"{fact}; give --exclude-used or --only-used to the search")
    if sys.stdin.isatty():
        remedy = "vidcut search QUERY --json -n | vidcut reel -"
        raise UsageError(f"there are no moments on stdin; {remedy}")
    return None


def _place(name: str) -> Path:
    return Path(options.CLIPS_FOLDER) / f"reel_{slug(name)}.mp4"


def _check(
    opened: vidcut.Library, music: Path | None, output: Path | None, *, is_marked: bool
) -> None:
    """Refuse what cannot be, before anything is searched or read from stdin."""
    if music is not None:
        from vidcut import wiring  # noqa: PLC0415  (not for --help)

        making.check_music(music, wiring.reader(opened.settings.reader))
    if output is not None:  # moments on stdin need no library
        making.spare(opened, [output])
    remarks.demand_ledger(opened, is_marked=is_marked)


def _found(
    opened: vidcut.Library, query: str, wish: dict[str, Any], noted: Remarks
) -> list[Scored]:
    """What the library has for a query, best first."""
    moments = opened.search(query, **wish)
    if not moments:
        render.say(f"nothing matches {query!r} well enough; --min-score shows weaker ones")
    if not noted.is_quiet:
        results.tell_model(opened, moments)
    opened.remember()
    moments = [one for one in moments if noted.is_there(opened, one.video)]
    noted.changed(opened, (one.video for one in moments))
    return [
        Scored(editing.take_of(one, opened.path(one.video), title=query), one.score)
        for one in moments
    ]


def _on_stdin(noted: Remarks) -> list[Scored]:
    """The moments that search found, with their scores; what is gone is left out."""
    from vidcut import wiring  # noqa: PLC0415  (not for --help)

    said = editing.moments_of(sys.stdin.buffer)
    scored = []
    for one, take in editing.takes_of(said, wiring.reader("pyav").probe):
        noted.stale(one)
        if noted.is_take(take):
            scored.append(Scored(take, one.score or 0.0))
    if not scored and not noted.has_failed:
        render.say("there was no moment on stdin")
    return scored


def _beats(music: Path, takes: Sequence[Take], reader_name: str) -> list[int]:
    """The beats of a music for as long as a film of the takes may last."""
    from vidcut import beats, wiring  # noqa: PLC0415  (not for --help)

    reader = wiring.reader(reader_name)
    found = beats.beats(reader.sound(music.absolute()), rate_hz=_READ_HZ)
    longest_us = sum(take.span.duration + reels.MOST_MOVED_US for take in takes)
    return reels.repeated(found, reader.probe(music.absolute()).duration_us, longest_us)


# What was asked for -------------------------------------------------------------------


def _fade_us(transition: Transition | None, fade: str | None) -> int:
    if transition is Transition.CUT and fade is not None:
        raise UsageError("--transition cut has no --fade; leave one of them out")
    if transition is None and fade is None:
        return 0
    fade_us = options.length("--fade", fade or _FADE)
    if not 0 < fade_us <= _LONGEST_FADE_US:
        most = _LONGEST_FADE_US // SECOND_US
        raise UsageError(f"--fade {fade}: give more than 0 and at most {most}s")
    return 0 if transition is Transition.CUT else fade_us


def _budget_us(duration: str | None) -> int | None:
    if duration is None:
        return None
    budget_us = options.length("--duration", duration)
    if budget_us < reels.LEAST_US:
        raise UsageError(f"--duration {duration}: a reel lasts a second at least; give 1s or more")
    return budget_us
