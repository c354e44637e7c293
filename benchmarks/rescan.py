"""How long an index run takes among files that have not changed.

    python benchmarks/rescan.py [--files 100000] [--profile]

Makes so many small files of different content in a new folder, writes them into a catalog as an
index run would have, and runs that index run: it must find all of them unchanged and read none.
The films and the plug-ins that read them are those of the tests; all else is vidcut's own.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.reliability import films, many


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="Tell where the time goes.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        begun = time.monotonic()
        many.prepare(Path(made), options.files)
        print(f"{options.files} files made and known after {time.monotonic() - begun:.1f} s")
        for _ in range(options.runs):
            begun, begun_cpu = time.monotonic(), time.process_time()
            tally = films.index(Path(made))
            took_s, cpu_s = time.monotonic() - begun, time.process_time() - begun_cpu
            assert (tally.unchanged, tally.videos) == (options.files, 0)
            each_us = cpu_s / options.files * 1e6
            print(f"rescan {took_s:.2f} s, {cpu_s:.2f} s of CPU, {each_us:.0f} us of it a file")
        if options.profile:
            with cProfile.Profile() as profile:
                films.index(Path(made))
            pstats.Stats(profile).sort_stats("cumulative").print_stats(30)


if __name__ == "__main__":
    main()
