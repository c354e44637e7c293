"""Peak memory of an index run against the length of what is indexed.

    python benchmarks/memory.py [FILM] [--minutes 10 60]

Loops a film to each length by stream copy, indexes it with all modalities and the offline
models in a new process, and prints the process's peak resident memory, the time and the rate.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from vidcut import ffmpeg

SAMPLE = Path(__file__).parents[1] / "sample_media" / "cafe.webm"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("film", type=Path, nargs="?", default=SAMPLE)
    parser.add_argument("--minutes", type=int, nargs="+", default=[10, 60])
    options = parser.parse_args()
    print("minutes  peak MiB  seconds  x realtime  chunks")
    for minutes in sorted(options.minutes):  # the peak of children only ever rises
        with tempfile.TemporaryDirectory() as folder:
            print(_row(options.film, minutes, Path(folder)), flush=True)


def _row(film: Path, minutes: int, folder: Path) -> str:
    looped = folder / f"loop{film.suffix}"
    loop = [str(ffmpeg.find().path), "-v", "error", "-stream_loop", "-1", "-i", str(film)]
    subprocess.run([*loop, "-t", str(60 * minutes), "-c", "copy", str(looped)], check=True)
    index = [sys.executable, "-m", "vidcut", "index", str(looped), "--library", str(folder)]
    done = subprocess.run(
        [*index, "--offline", "--visual-model", "labels", "--json"],
        check=True,
        capture_output=True,
        text=True,
    )
    peak_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    tally = json.loads(done.stdout)
    rate = f"{tally['x_realtime']:10.1f}"
    return f"{minutes:7}  {peak_mib:8.0f}  {tally['seconds']:7.0f}  {rate}  {tally['chunks']}"


if __name__ == "__main__":
    main()
