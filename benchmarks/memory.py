"""Peak memory of an index run against the length of what is indexed.

    python benchmarks/memory.py [FILM] [--minutes 10 60] [--jobs 1 2]

Loops a film to each length by stream copy, indexes it (a copy of it for each job) with all
modalities and the offline models in a new process, and prints the time, the processor's time,
the rate, and the peak of memory: of vidcut and of the processes that decode for it together,
each page once (the sum of their proportional set sizes, looked at ten times a second).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measured import write

from vidcut import ffmpeg

SAMPLE = Path(__file__).parents[1] / "sample_media" / "cafe.webm"
EVERY_S = 0.1
_PROC = Path("/proc")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("film", type=Path, nargs="?", default=SAMPLE)
    parser.add_argument("--minutes", type=int, nargs="+", default=[10, 60])
    parser.add_argument("--jobs", type=int, nargs="+", default=[1])
    parser.add_argument("--mode", choices=["quick", "full"], default="quick")
    options = parser.parse_args()
    rows = []
    for minutes in options.minutes:
        for jobs in options.jobs:
            with tempfile.TemporaryDirectory() as folder:
                rows.append(_row(options.film, minutes, jobs, Path(folder)))
                print(
                    "  ".join(f"{name} {value:.4g}" for name, value in rows[-1].items()), flush=True
                )
    write("memory", {"input": {"film": options.film.name}, "rows": rows}, mode=options.mode)


def _row(film: Path, minutes: int, jobs: int, folder: Path) -> dict[str, float]:
    for number in range(jobs):
        looped = folder / f"loop{number}{film.suffix}"
        loop = [str(ffmpeg.find().path), "-v", "error", "-stream_loop", "-1", "-i", str(film)]
        subprocess.run([*loop, "-t", str(60 * minutes), "-c", "copy", str(looped)], check=True)
    index = [sys.executable, "-m", "vidcut", "index", str(folder), "--library", str(folder)]
    index += ["--offline", "--visual-model", "labels", "--jobs", str(jobs), "--profile", "--json"]
    with (
        tempfile.TemporaryFile("w+") as out,
        subprocess.Popen(index, stdout=out, stderr=subprocess.DEVNULL) as process,
    ):
        peak_kib = 0
        while process.poll() is None:
            peak_kib = max(peak_kib, tree_kib(process.pid))
            time.sleep(EVERY_S)
        out.seek(0)
        tally = json.load(out)
    profile = tally["profile"]
    cpu_s = profile["cpu_s"] + profile["decoders_cpu_s"]
    return {
        "minutes": minutes,
        "jobs": jobs,
        "peak_MiB": peak_kib >> 10,
        "seconds": tally["seconds"],
        "cpu_s": cpu_s,
        "x_realtime": tally["x_realtime"],
        "cores_busy": cpu_s / (profile["wall_s"] * profile["cores"]),
        "chunks": tally["chunks"],
    }


def tree_kib(pid: int) -> int:
    """The proportional set sizes of a process and of its children, as Linux tells them."""
    return sum(map(_pss_kib, (pid, *children(pid))))


def children(pid: int) -> list[int]:
    """The processes that a process started."""
    return [int(process.name) for process in _PROC.glob("[0-9]*") if _is_of(process, pid)]


def _is_of(process: Path, parent: int) -> bool:
    try:
        return (
            int((process / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[1])
            == parent
        )
    except OSError:  # it is over
        return False


def _pss_kib(pid: int) -> int:
    try:
        facts = (_PROC / str(pid) / "smaps_rollup").read_text("ascii")
    except OSError:
        return 0
    return int(facts.partition("\nPss:")[2].split()[0]) if facts else 0


if __name__ == "__main__":
    main()
