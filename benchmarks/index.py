"""What an index run of each quality costs, and whether it has work for every core.

    python -m benchmarks.index PATH... [--quality fast balanced best] [--keep DIR]

All modalities, offline models, in a new process for each quality. Besides the time on the wall and
the processor's, the peak of memory and the run's own profile it tells how many cores the run had
work for: of vidcut and its decoders, twenty times a second, the threads that run or would if they
were let, up to the number of cores. On a machine that others use that alone says whether the lanes
keep the cores busy. ``--keep`` leaves each library in DIR/QUALITY, to be asked by quality.py.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from memory import children, tree_kib

from vidcut import stopwatch

_EVERY_S = 0.05
_SELDOM = 10
"""Times between looks at memory and at which processes there are."""
_PROC = Path("/proc")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", type=Path, nargs="+")
    parser.add_argument("--quality", nargs="+", default=["fast", "balanced", "best"])
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    for quality in options.quality:
        with tempfile.TemporaryDirectory() as folder:
            kept = options.keep / quality if options.keep else Path(folder)
            kept.mkdir(parents=True, exist_ok=True)
            _print(quality, *_run(options.paths, quality, kept))


def _run(paths: list[Path], quality: str, library: Path) -> tuple[dict[str, Any], int, float]:
    """The run's own tally, its peak of memory in KiB, and how many cores it had work for."""
    index = [sys.executable, "-m", "vidcut", "index", *map(str, paths), "--library", str(library)]
    index += ["--offline", "--visual-model", "labels", "--quality", quality, "--profile", "--json"]
    peak_kib, tree = 0, [0]
    wanted: list[int] = []
    with (
        tempfile.TemporaryFile("w+") as out,
        subprocess.Popen(index, stdout=out, stderr=subprocess.DEVNULL) as process,
    ):
        while process.poll() is None:
            if len(wanted) % _SELDOM == 0:
                tree = [process.pid, *children(process.pid)]
                peak_kib = max(peak_kib, tree_kib(process.pid))
            wanted.append(min(stopwatch.cores(), sum(map(_runnable, tree))))
            time.sleep(_EVERY_S)
        out.seek(0)
        return json.load(out), peak_kib, sum(wanted) / len(wanted)


def _runnable(pid: int) -> int:
    """How many threads of a process run, or wait for nothing but a core."""
    count = 0
    for stat in (_PROC / str(pid)).glob("task/*/stat"):
        try:
            count += stat.read_text("utf-8", "replace").rpartition(")")[2].split()[0] == "R"
        except OSError:  # it is over
            continue
    return count


def _print(quality: str, tally: dict[str, Any], peak_kib: int, wanted: float) -> None:
    profile = tally["profile"]
    media_s = tally["hours"] * 3600
    cpu_s = profile["cpu_s"] + profile["decoders_cpu_s"]
    cores = profile["cores"]
    print(
        f"{quality:9} {media_s:.0f} s of footage in {tally['seconds']:.0f} s,"
        f" {tally['x_realtime']:.1f}x realtime; {cpu_s:.1f} s of CPU, so at most"
        f" {media_s * cores / cpu_s:.1f}x by {cores} cores; work for {wanted / cores:.0%} of them,"
        f" {profile['cores_busy']:.0%} had; peak {peak_kib >> 10} MiB; {tally['chunks']}"
    )
    for stage in profile["stages"]:
        print(f"          {stage['lane']:8} {stage['stage']:9} {stage['busy_s']:7.1f} s busy")


if __name__ == "__main__":
    main()
