"""How often the subject is in a 9:16 clip: cropped from the middle, and following it.

    python benchmarks/vertical.py FOLDER [MARKS.json]

The marks were set by eye, on small contact sheets that showed an earlier crop as well: file →
[[second, place]], the place of the subject's middle from 0 at the picture's left to 1 at its
right, to about 0.03; frames of no clear subject have none. vidcut/subject.py was tuned on the
same marks, so that other footage may fare worse. A crop holds
the subject where the mark lies in it, a twentieth of the crop's width away from its edges.

It also tells how long the way of the crop takes to find, against cutting the same stretch from
the middle (the median of three runs each, with --time).
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from vidcut import cut, following, framing
from vidcut.cutting import CutPlan
from vidcut.finish import Finish
from vidcut.modes import Crop, Shape
from vidcut.readers import pyav
from vidcut.records import SECOND_US, Span
from vidcut.viewing import Here

if TYPE_CHECKING:
    from collections.abc import Sequence

MARKS = Path(__file__).with_name("vertical_marks.json")
RIM = 0.05
LONGEST_US = 60 * SECOND_US


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("marks", type=Path, nargs="?", default=MARKS)
    parser.add_argument("--time", action="store_true")
    asked = parser.parse_args()
    marks = json.loads(asked.marks.read_text(encoding="utf-8"))
    held = [_held(asked.folder / name, some) for name, some in marks.items()]
    for name, (middle, followed, count) in zip(marks, held, strict=True):
        print(f"{name:44} {count:3} marks   middle {middle:3}   subject {followed:3}")
    middle, followed, count = (sum(column) for column in zip(*held, strict=True))
    print(f"of {count} frames: {middle / count:.1%} from the middle, {followed / count:.1%} follow")
    by_video = [[one[way] / one[2] for one in held] for way in (0, 1)]
    print("mean over videos: {:.1%} and {:.1%}".format(*map(statistics.mean, by_video)))
    if asked.time:
        _tell_times([asked.folder / name for name in marks])


def _held(path: Path, marks: Sequence[tuple[float, float]]) -> tuple[int, int, int]:
    """How many of the marks the crop holds from the middle, how many following; and of how many."""
    reader = Here(pyav.create())
    track = reader.probe(path).picture
    assert track is not None
    share = track.height * 9 / 16 / track.width
    span = Span(0, min(reader.probe(path).duration_us, LONGEST_US))
    way = following.follow(reader, path, span).way or (framing.Corner(0, framing.MIDDLE),)
    places = [(framing.place(way, round(second * SECOND_US)), x) for second, x in marks]
    middle = sum(_is_in(x, framing.MIDDLE, share) for _, x in places)
    return middle, sum(_is_in(x, place, share) for place, x in places), len(marks)


def _is_in(x: float, place: float, share: float) -> bool:
    left = place * (1 - share)
    return left + RIM * share <= x <= left + share - RIM * share


def _tell_times(paths: Sequence[Path]) -> None:
    for path in paths:
        middle, follow = (_seconds(path, crop) for crop in (Crop.CENTRE, Crop.SUBJECT))
        print(
            f"{path.name:44} middle {middle:6.2f} s, subject {follow:6.2f} s,"
            f" {follow / middle:.2f} times as long"
        )


def _seconds(path: Path, crop: Crop) -> float:
    """To cut the first ten seconds: the median of three runs."""
    taken = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(3):
            finish = Finish(shape=Shape.VERTICAL, crop=crop)
            plan = CutPlan(
                path, Span(0, 10 * SECOND_US), Path(folder, f"{number}.mp4"), finish=finish
            )
            begun = time.perf_counter()
            list(cut([plan]))
            taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
