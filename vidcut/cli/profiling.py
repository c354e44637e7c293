"""Where an index run's time went: a table on stderr, or an object among the results."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from vidcut.cli import render

if TYPE_CHECKING:
    from vidcut.stopwatch import Profile, Stage

_TITLE = ("lane", "stage", "busy s", "x realtime", "of the wall", "queue full")


def show(profile: Profile, media_s: float) -> None:
    """A table on a terminal, elsewhere plain lines; below it what the cores did."""
    rows = [_row(stage, profile, media_s) for stage in profile.stages]
    if sys.stderr.isatty():
        table = Table(box=None, header_style="bold")
        for place, name in enumerate(_TITLE):
            table.add_column(name, justify="left" if place < 2 else "right")  # noqa: PLR2004
        for row in rows:
            table.add_row(*row)
        Console(stderr=True, highlight=False).print(table)
    else:
        for row in (_TITLE, *rows):
            texts, numbers = row[:2], row[2:]
            cells = [*(f"{cell:<9}" for cell in texts), *(f"{cell:>11}" for cell in numbers)]
            render.say(" ".join(cells).rstrip())
    render.say(
        f"{profile.wall_s:.1f} s on the wall; the processor's time: {profile.cpu_s:.1f} s in"
        f" vidcut, {profile.decoders_cpu_s:.1f} s in its decoders;"
        f" {profile.cores_busy:.0%} of {profile.cores} cores"
    )


def as_json(profile: Profile, media_s: float) -> dict[str, Any]:
    """The same for programs, unrounded enough to add up."""
    return {
        "wall_s": round(profile.wall_s, 3),
        "cpu_s": round(profile.cpu_s, 3),
        "decoders_cpu_s": round(profile.decoders_cpu_s, 3),
        "cores": profile.cores,
        "cores_busy": round(profile.cores_busy, 4),
        "stages": [
            {
                "lane": stage.lane,
                "stage": stage.name,
                "busy_s": round(stage.busy_s, 3),
                "x_realtime": _rounded(_rate(stage, media_s)),
                "share": round(_share(stage, profile), 4),
                "queue_fill": _rounded(stage.queue_fill),
            }
            for stage in profile.stages
        ],
    }


def _row(stage: Stage, profile: Profile, media_s: float) -> tuple[str, ...]:
    rate, fill = _rate(stage, media_s), stage.queue_fill
    return (
        render.printable(stage.lane),
        render.printable(stage.name),
        f"{stage.busy_s:.1f}",
        "-" if rate is None else f"{rate:.1f}",
        f"{_share(stage, profile):.0%}",
        "-" if fill is None else f"{fill:.0%}",
    )


def _rate(stage: Stage, media_s: float) -> float | None:
    return media_s / stage.busy_s if stage.busy_s else None


def _share(stage: Stage, profile: Profile) -> float:
    return stage.busy_s / profile.wall_s if profile.wall_s else 0.0


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
