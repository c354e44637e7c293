"""What finding shots costs over decoding alone, on one thread and in one process.

    python benchmarks/shot_cost.py [--media DIR] [--mode quick|full]

Over the film of against.py, in turns: all frames decoded; the same and a sample a second scaled,
which is done for the models anyway; the same and the shot cuts. How right the cuts are is
shots.py's.
"""

from __future__ import annotations

import argparse
from collections import deque
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import against
import loop
from measured import Spent, here, medians, ratios, write

from vidcut import shots
from vidcut.chunking import picture_windows
from vidcut.readers import pyav

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLE_PX = 640
MOST_FRAMES = 30 * 20
"""Of the film, twenty seconds: what each frame costs does not change with their number."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--media", type=Path, default=loop.SAMPLES)
    parser.add_argument("--mode", choices=["quick", "full"], default="quick")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    film, _ = against.films(options.media, against.LONG_S[options.mode])
    ways: dict[str, Callable[[Path], object]] = {
        "decoded": _decode,
        "decoded, sampled": _sample,
        "decoded, sampled, shots": _shots,
    }
    rounds: dict[str, list[Spent]] = {name: [] for name in ways}
    for run in range(-1, options.runs):
        for name, way in ways.items():
            spent = here(partial(way, film))
            if run >= 0:
                rounds[name].append(spent)
                print(f"  {run + 1}/{options.runs} {spent.cpu_s:6.2f} s CPU  {name}", flush=True)
    rows = []
    for name, every in rounds.items():
        median, cost = medians(every), ratios(every, rounds["decoded"], lambda one: one.cpu_s)
        rows.append(
            {"way": name, "wall_s": median.wall_s, "cpu_s": median.cpu_s, "of_decoding": cost}
        )
    facts = {"frames": MOST_FRAMES, "runs": options.runs, "threads": 1}
    write("shot_cost", {"input": facts, "rows": rows}, mode=options.mode)


def _decode(film: Path) -> None:
    deque(islice(pyav.create(threads=1).frames(film), MOST_FRAMES), maxlen=0)


def _sample(film: Path) -> None:
    frames = islice(pyav.create(threads=1).frames(film), MOST_FRAMES)
    unmarked = ((frame, False) for frame in frames)
    deque(picture_windows(unmarked, start_us=0, longest_px=SAMPLE_PX), maxlen=0)


def _shots(film: Path) -> None:
    frames = islice(pyav.create(threads=1).frames(film), MOST_FRAMES)
    deque(picture_windows(shots.mark_cuts(frames), start_us=0, longest_px=SAMPLE_PX), maxlen=0)


if __name__ == "__main__":
    main()
