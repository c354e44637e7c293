"""``vidcut reel``: the best moments, joined into one film."""

from __future__ import annotations

import json as jsonlib
import math
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import vidcut
from vidcut import editing
from vidcut import reel as reels
from vidcut.cli import making, options, render, results
from vidcut.cli.exits import Exit
from vidcut.cutting import slug
from vidcut.errors import UsageError
from vidcut.film import Fit
from vidcut.query import parse
from vidcut.records import SECOND_US
from vidcut.reel import Order, Scored

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vidcut.records import Edit, Take

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
    fade_us, budget_us = _fade_us(transition, fade), _budget_us(duration)
    looks = _Looks(size, rate)
    widen = vidcut.Margin(*options.margins(margin))
    if on_beat and music is None:
        raise UsageError("--on-beat cuts to a music; name one by --music FILE")
    if music is not None and not music.is_file():
        raise UsageError(f"{music} is not there or no file; name a music file")
    with vidcut.Library(library, min_score=min_score, device=device, offline=offline) as opened:
        wish = {
            "count": count,
            "modalities": options.modalities(modalities),
            "video": video,
            "per_video": per_video,
        }
        if output is not None and words != [_STDIN]:  # moments on stdin need no library
            making.spare(opened, [output])
        scored = _on_stdin() if words == [_STDIN] else _found(opened, words, wish, form)
        reader = opened.settings.reader
    widened = [Scored(reels.widened(one.take, widen), one.score) for one in scored]
    takes = reels.choose(widened, order=order, budget_us=budget_us, fade_us=fade_us)
    if not takes:
        if scored:
            render.say(f"not one second of a moment fits into {duration}; give a longer --duration")
        return Exit.NOTHING
    if on_beat and music is not None:
        takes = reels.on_beat(takes, _beats(music, takes, reader), fade_us=fade_us)
        takes = reels.shortened(takes, budget_us, fade_us)
    edit = looks.edit(takes)
    place = output or Path(options.CLIPS_FOLDER) / f"reel_{slug(edit.name)}.mp4"
    if dry_run:
        return making.show_plan(edit, place, form, fade_us=fade_us)
    from vidcut import rendering  # noqa: PLC0415  (not for --help)

    made = making.film(
        edit, place, rendering.Options(fit, fade_us, music), form, overwrite=overwrite
    )
    making.show(edit, made, form)
    return Exit.SOME_FAILED if made.failures else Exit.DONE


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


# What goes in -------------------------------------------------------------------------


def _found(
    opened: vidcut.Library, words: Sequence[str], wish: dict[str, Any], form: making.Form
) -> list[Scored]:
    """What the library has for a query, best first."""
    query = options.query(words)
    parse(query)
    moments = opened.search(query, **wish)
    if not moments:
        render.say(f"nothing matches {query!r} well enough; --min-score shows weaker ones")
    if not form.quiet:
        results.tell_model(opened, moments)
    opened.remember()
    return [
        Scored(editing.take_of(one, opened.path(one.video), title=query), one.score)
        for one in moments
    ]


def _on_stdin() -> list[Scored]:
    """The moments that search found, with their scores."""
    if sys.stdin.isatty():
        remedy = "vidcut search QUERY --json -n | vidcut reel -"
        raise UsageError(f"there are no moments on stdin; {remedy}")
    said: list[bytes] = []

    def lines() -> Iterator[bytes]:
        for line in sys.stdin.buffer:
            said.append(line)
            yield line

    from vidcut import wiring  # noqa: PLC0415  (not for --help)

    # A take is made as soon as its line is read: the last line is the take's.
    reader = wiring.reader("pyav")
    scored = [Scored(take, _score(said[-1])) for take in editing.takes_of(lines(), reader.probe)]
    if not scored:
        render.say("there was no moment on stdin")
    return scored


def _score(line: bytes) -> float:
    score = jsonlib.loads(line).get("score")
    return float(score) if isinstance(score, int | float) and math.isfinite(score) else 0.0


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
