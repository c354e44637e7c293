"""A film in the making, as commands show it: how far it is, what was left out, what it holds."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vidcut.cli import render
from vidcut.cli.exits import Exit
from vidcut.drafts import check_place
from vidcut.errors import MediaError, OutputError, UsageError
from vidcut.records import SECOND_US, Take
from vidcut.times import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    import vidcut
    from vidcut.accounts import Item
    from vidcut.cli.render import Cell
    from vidcut.protocols import Prober
    from vidcut.records import Edit, Gap, Span
    from vidcut.rendering import Options, Rendered

_PLAIN_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class Form:
    """How a film is told of."""

    json: bool = False
    quiet: bool = False


def film(edit: Edit, output: Path, options: Options, form: Form, *, overwrite: bool) -> Rendered:
    """Make an edit's film, shown on stderr; a line for each take that was left out.

    Raises:
        VidcutError: as `vidcut.rendering.render`.
    """
    from vidcut import program, rendering, wiring  # noqa: PLC0415  (not for --help)

    check_place(output, overwrite=overwrite)
    eyes = wiring.reader("pyav")

    def check(part: Path) -> None:
        eyes.probe(part)

    with bar(output.name, quiet=form.quiet) as progress:
        made = rendering.render(
            edit,
            output,
            options=options,
            tool=program.find(),
            check=check,
            overwrite=overwrite,
            progress=progress,
        )
    for failure in made.failures:
        render.fail_file(failure)
    if made.note and not form.quiet:
        render.say(made.note)
    return made


def check_film(output: Path, *, overwrite: bool, is_dry: bool = False) -> None:
    """Refuse what no film could be called or written to, before anything is searched for it.

    Raises:
        OutputError: it is so; where the run is dry, only for its ending.
    """
    from vidcut import rendering  # noqa: PLC0415  (not for --help)

    rendering.check_ending(output)
    if not is_dry:
        check_place(output, overwrite=overwrite)


def check_music(music: Path, reader: Prober) -> None:
    """Refuse what has no sound to lay under a film, before anything is searched for it.

    Raises:
        UsageError: it is so.
    """
    if not music.is_file():
        raise UsageError(f"{music} is not there or no file; name a music file")
    try:
        sound = reader.probe(music.absolute()).sound
    except MediaError as error:
        raise UsageError(f"--music {music}: {error}") from error
    if sound is None:
        raise UsageError(f"{music} has no sound; name a music file")


def spare(opened: vidcut.Library, outputs: Iterable[Path]) -> None:
    """Refuse to write over a video of the library, whatever --overwrite says.

    Raises:
        OutputError: an output is one.
    """
    videos = {os.path.realpath(opened.path(video)) for video in opened.videos()}
    for output in outputs:
        if os.path.realpath(output) in videos:
            raise OutputError(f"{output} is footage of the library; choose another name")


@contextmanager
def bar(name: str, *, quiet: bool) -> Iterator[Callable[[float], None]]:
    """Told the share that is done, shows it: live on a terminal, now and then elsewhere."""
    if quiet:
        yield lambda _: None
        return
    if not sys.stderr.isatty():
        yield _plain(name)
        return
    from rich.console import Console  # noqa: PLC0415  (only where there is a film to wait for)
    from rich.live import Live  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(stderr=True, highlight=False)
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        yield lambda share: live.update(Text(_line(name, share), no_wrap=True, overflow="ellipsis"))


def _plain(name: str) -> Callable[[float], None]:
    shown = time.monotonic()

    def progress(share: float) -> None:
        nonlocal shown
        if time.monotonic() - shown >= _PLAIN_EVERY_S:
            shown = time.monotonic()
            render.say(_line(name, share))

    return progress


def _line(name: str, share: float) -> str:
    return f"{share:.0%}  {render.printable(name)}"


def shown(items: Iterable[Take | Gap]) -> list[Item]:
    """What of which files a film shows, as the ledger of used footage has it."""
    return [(item.source, item.span) for item in items if isinstance(item, Take)]


# What it holds ------------------------------------------------------------------------


def show(edit: Edit, made: Rendered, form: Form) -> None:
    """Print the film's path, or all of it as JSON."""
    if form.json:
        render.emit_json(
            {
                **_json(edit, made.path, made.duration_us, made.places),
                "failures": [{"path": f.path, "reason": f.reason} for f in made.failures],
            }
        )
        return
    render.emit_path(made.path)
    if not form.quiet:
        render.say(_summary(edit, made.places, made.duration_us))


def show_plan(edit: Edit, output: Path, form: Form, *, fade_us: int) -> Exit:
    """Print what a film would hold."""
    from vidcut.film import lay  # noqa: PLC0415  (a search makes none)

    planned = lay(edit, fade_us=fade_us)
    places = [(one.item, planned.span(one)) for one in planned.laid]
    duration_us = places[-1][1].end if places else 0
    if form.json:
        render.emit_json({**_json(edit, str(output), duration_us, places), "failures": []})
        return Exit.DONE
    rows = [_row(number, item, span) for number, (item, span) in enumerate(places, 1)]
    render.emit_table(("#", "at", "lasts", "start", "source", "title"), rows)
    if not form.quiet:
        render.say(f"{_summary(edit, places, duration_us)}, would be {output}")
    return Exit.DONE


def _json(
    edit: Edit, path: str, duration_us: int, places: Iterable[tuple[Take | Gap, Span]]
) -> dict[str, Any]:
    return {
        "path": path,
        "duration": render.seconds(duration_us),
        "rate": str(edit.rate),
        "width": edit.width,
        "height": edit.height,
        "items": [_item(item, span) for item, span in places],
    }


def _item(item: Take | Gap, span: Span) -> dict[str, Any]:
    """What a film shows, and when, in seconds; a gap has no source."""
    told: dict[str, Any] = {"source": None, "start": None, "end": None}
    if isinstance(item, Take):
        start, end = render.seconds(item.span.start), render.seconds(item.span.end)
        told = {"source": item.source, "start": start, "end": end}
    at, until = render.seconds(span.start), render.seconds(span.end)
    return {"at": at, "until": until, **told, "title": item.title}


def _row(number: int, item: Take | Gap, span: Span) -> list[Cell]:
    source = item.source if isinstance(item, Take) else ""
    start = format_time(item.span.start) if isinstance(item, Take) else ""
    at, lasts = format_time(span.start), f"{span.duration / SECOND_US:.3f}"
    return [str(number), at, lasts, start, render.printable(source), render.words(item.title)]


def _summary(edit: Edit, places: Sequence[tuple[Take | Gap, Span]], duration_us: int) -> str:
    takes = sum(isinstance(item, Take) for item, _ in places)
    many = f"{takes} {'take' if takes == 1 else 'takes'}"
    size = f"{edit.width}x{edit.height} at {float(edit.rate):.5g} frames a second"
    return f"{many}, {format_time(duration_us)}, {size}"
