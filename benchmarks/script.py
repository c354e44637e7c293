"""How long a script takes to be planned, and what varied sources cost.

    python benchmarks/script.py [--videos N] [--lines N] [--runs N]
    python benchmarks/script.py --library DIR --queries FILE

Without a library: builds one of made-up films (`startup.py` tells of what), plans a script of
so many lines against it, and prints the median time with the encoders loaded.

With one: takes its labelled queries that have an answer for a script, those in English and
those in Chinese apart, and prints for several prices of neighbours and repeats how many slots
show what the labels say, how many are gaps, how many neighbours show the same video and how
many videos are used, on either half of the queries.
"""

from __future__ import annotations

import argparse
import itertools
import os
import runpy
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from vidcut import Library, Span, assignment, planning, story, truth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidcut.roughcut import Plan
    from vidcut.truth import Labelled

PRICES = ((0.0, 0.0), (0.05, 0.01), (0.1, 0.02), (0.2, 0.05), (0.4, 0.1))
STARTUP = runpy.run_path(str(Path(__file__).with_name("startup.py")))
CHUNKS_A_VIDEO = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, default=200)
    parser.add_argument("--lines", type=int, default=20)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--library", type=Path)
    parser.add_argument("--queries", type=Path)
    options = parser.parse_args()
    if options.library is not None:
        prices(options.library, options.queries)
        return
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder
        path = Path(folder) / ".vidcut"
        STARTUP["_build"](path, options.videos * CHUNKS_A_VIDEO, "auto")
        times = list(timed(path, options.lines, options.runs))
    many = f"{options.lines} lines, {options.videos} videos"
    print(f"{many}: median {statistics.median(times):.2f} s of {options.runs}", end="")
    print(f" ({min(times):.2f} to {max(times):.2f})")


# Time ---------------------------------------------------------------------------------


def timed(path: Path, lines: int, runs: int) -> list[float]:
    texts = list(itertools.islice(itertools.cycle(STARTUP["QUERIES"]), lines))
    slots = story.slots("\n".join(texts), ".txt")
    times = []
    with Library(path) as opened:
        for video in opened.videos():
            opened.path(video).touch()  # only what is there is planned with
        opened.search("a dog")  # the encoders are loaded
        for _ in range(runs):
            begun = time.perf_counter()
            plan = planned(opened, slots)
            times.append(time.perf_counter() - begun)
            assert len(plan.gaps) < lines / 2
    return times


def planned(opened: Library, slots: Sequence[story.Slot]) -> Plan:
    return planning.plan(opened, "story", slots, planning.Wish(), planning.Sources(opened))


# What variety costs -------------------------------------------------------------------


def prices(library: Path, queries: Path) -> None:
    asked = [one for one in truth.read(queries.read_text("utf-8").split("\n")) if one.relevant]
    with Library(library) as opened:
        for neighbours, repeats in PRICES:
            assignment.NEIGHBOURS, assignment.REPEATS = neighbours, repeats
            for half in truth.Half:
                scripts = [
                    [one for one in asked if one.half is half and one.language == language]
                    for language in ("en", "zh")
                ]
                print(f"neighbours {neighbours}, repeats {repeats}, {half}:", end=" ")
                print("; ".join(judged(opened, script) for script in scripts), flush=True)


def judged(opened: Library, script: Sequence[Labelled]) -> str:
    slots = story.slots("\n".join(one.query for one in script), ".txt")
    shown = [one.proposal for one in planned(opened, slots).planned]
    right = sum(
        proposal is not None and is_right(proposal.video.path, proposal.span, one)
        for proposal, one in zip(shown, script, strict=True)
    )
    videos = [None if one is None else one.video.id for one in shown]
    alike = sum(one == other is not None for one, other in itertools.pairwise(videos))
    used = len({video for video in videos if video is not None})
    facts = f"{len(slots)} lines, {right} right, {videos.count(None)} gaps"
    return f"{facts}, {alike} neighbours alike, {used} videos"


def is_right(path: str, span: Span, labelled: Labelled) -> bool:
    return any(
        f"/{path}".endswith(f"/{video}") and relevant.contains(span.middle)
        for video, relevant in labelled.relevant
    )


if __name__ == "__main__":
    main()
