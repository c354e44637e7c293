"""The long runs of what is killed, filled, cut off, paired, interrupted and repeated.

    python benchmarks/reliability.py [--killed 1000] [--failed 500] [--power 1000] [--pairs 100]
        [--interrupted 500] [--soak 5000]

The tests do the same at fewer points. Points are spread evenly over the scenes' calls; a scene
that has fewer than its share is done at all of them. What does not hold is told and counted, and
the exit code is 1 then.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from functools import partial
from itertools import product
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.reliability import crashes, pairs, scenes, strace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeAlias

    from tests.reliability.crashes import Rehearsal
    from tests.reliability.strace import Stage

    Points: TypeAlias = Iterator[tuple[str, Callable[[Path], object]]]
    """What is done, and how, given a folder: false where a run did not come so far."""

OPENING = ("openat",)
NOT_REACHED = (False, None)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    wanted = {"killed": 1000, "failed": 500, "power": 1000, "pairs": 100, "interrupted": 500}
    for name, count in {**wanted, "soak": 5000}.items():
        parser.add_argument(f"--{name}", type=int, default=count)
    options = parser.parse_args()
    print("what          points  not reached  broken  seconds")
    ended = [run(name, getattr(options, name)) for name in wanted]
    soak(options.soak)
    return 0 if all(ended) else 1


def run(name: str, count: int) -> bool:
    """Do all points of a kind; whether at all of them held what is to hold."""
    begun, broken, reached, missed = time.monotonic(), 0, 0, 0
    with strace.stage() as stage:
        for scene, share in shares(stage, count):
            with strace.room() as work:
                for what, point in RUNS[name](
                    stage, crashes.rehearse(stage, scene, work), share, work
                ):
                    with strace.room() as room:
                        try:
                            came = point(room) not in NOT_REACHED
                        except AssertionError:
                            broken += 1
                            print(f"BROKEN: {scene}: {what}\n{traceback.format_exc(limit=-2)}")
                            continue
                    reached, missed = reached + came, missed + (not came)
    took_s = time.monotonic() - begun
    print(f"{name:12}  {reached:6}  {missed:11}  {broken:6}  {took_s:7.0f}", flush=True)
    return not broken


def shares(stage: Stage, count: int) -> Iterable[tuple[str, int]]:
    """Scene → points, by how many calls each makes that change files."""
    calls = {}
    for scene in scenes.names():
        with strace.room() as work:
            rehearsal = crashes.rehearse(stage, scene, work)
            calls[scene] = len(crashes.points(stage, rehearsal, work))
    return [
        (scene, max(1, round(count * own / sum(calls.values())))) for scene, own in calls.items()
    ]


def killed(stage: Stage, of: Rehearsal, share: int, work: Path) -> Points:
    for point in crashes.spread(crashes.points(stage, of, work), share):
        yield f"killed at {point}", partial(crashes.kill, stage, of, point)


def failed(stage: Stage, of: Rehearsal, share: int, work: Path) -> Points:
    every = product(crashes.points(stage, of, work, but=OPENING), crashes.ERRORS)
    for point, error in crashes.spread(list(every), share):
        yield f"{error} at {point}", partial(crashes.fail, stage, of, point, error)


def power(stage: Stage, of: Rehearsal, share: int, work: Path) -> Points:
    cuts = crashes.lose(stage, of, share, work)
    for number in range(share):  # the first that does not hold ends its scene
        yield f"power cut {number}", lambda _: next(cuts, None)


def paired(stage: Stage, of: Rehearsal, share: int, work: Path) -> Points:
    del work
    for number in range(share):
        yield f"pair {number}", partial(_pair, stage, of, bool(number % 2))


def _pair(stage: Stage, of: Rehearsal, outlasts: bool, room: Path) -> bool:  # noqa: FBT001
    pairs.pair(stage, of, room, outlasts=outlasts)
    return True


def interrupted(stage: Stage, of: Rehearsal, share: int, work: Path) -> Points:
    every = product(crashes.points(stage, of, work), ("INT", "TERM"))
    for point, name in crashes.spread(list(every), share):
        yield f"{name} at {point}", partial(crashes.interrupt, stage, of, point, name)


def soak(rounds: int) -> None:
    with strace.stage() as stage, strace.room() as work:
        ended = stage.ask("soak", work, rounds=rounds)
    assert ended.code == 0, ended.answer
    heap, objects, descriptors = zip(*ended.answer, strict=True)
    print(f"soak          {rounds:6} rounds in {ended.seconds:.0f} s")
    print(f"  descriptors: {set(descriptors)}")
    for name, each in (("bytes of malloc's", heap), ("objects of Python's", objects)):
        tenth = max(1, rounds // 10)
        told = " ".join(f"{median(each[at : at + tenth]):.0f}" for at in range(0, rounds, tenth))
        print(f"  {name} in use, medians of tenths: {told}")


RUNS = {
    "killed": killed,
    "failed": failed,
    "power": power,
    "pairs": paired,
    "interrupted": interrupted,
}

if __name__ == "__main__":
    sys.exit(main())
