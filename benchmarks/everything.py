"""Runs the benchmarks one after the other, then makes the page: what ``make bench`` does.

    python benchmarks/everything.py [--mode quick|full] [--media DIR] [--only NAME ...]

A benchmark that fails is told at the end and leaves its last figures as they were; exits 1 then.
``quick`` takes some half an hour on two idle cores, ``full`` some hours. Peers that are to be
measured have to be installed first: opponents.py says how.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

import loop
from measured import ROOT

BENCHMARKS = ROOT / "benchmarks"
LIBRARY = BENCHMARKS / ".work" / "library"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mode", choices=["quick", "full"], default="quick")
    parser.add_argument("--media", type=Path, default=loop.SAMPLES)
    parser.add_argument("--only", nargs="+", metavar="NAME")
    options = parser.parse_args()
    failed = []
    for name, command in _plan(options.mode, options.media.resolve()).items():
        if options.only and name not in options.only:
            continue
        print(f"--- {name}: {' '.join(command)}", flush=True)
        began = time.monotonic()
        done = subprocess.run([sys.executable, *command], cwd=ROOT, check=False)
        print(f"--- {name} took {time.monotonic() - began:.0f} s", flush=True)
        failed += [name] * bool(done.returncode)
    subprocess.run([sys.executable, BENCHMARKS / "report.py"], check=True)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


def _plan(mode: str, media: Path) -> dict[str, list[str]]:
    """What is run, by name, in order; ``library`` is what ``quality`` asks."""
    is_full = mode == "full"
    queries, of, how = str(media / "queries.jsonl"), ["--media", str(media)], ["--mode", mode]
    index = ["-m", "vidcut", "index", str(media), "--library", str(LIBRARY), "--offline", "-q"]
    real = media / "videos"  # of shared media, whose cuts shots.py knows
    minutes = ["10", "60"] if is_full else ["2", "10"]
    hours = ["1", "10", "100", "1000"] if is_full else ["1", "10", "100"]
    plan = {
        "library": [*index, "--visual-model", "labels"],
        "quality": ["quality.py", queries, "--library", str(LIBRARY)],
        "shots": ["shots.py", *(["--media", str(real)] if real.is_dir() else [])],
        "startup": ["startup.py"],
        **{part: ["against.py", part, *of, *how] for part in ("pictures", "speech", "all")},
        "text": ["against.py", "text", "still-text", *of, *how],
        "shot_cost": ["shot_cost.py", *of, *how],
        "stages": ["stages.py", str(media), *how],
        "cuts": ["cuts.py", "--speed", "--size", mode],
        "memory": ["memory.py", "--minutes", *minutes, *how],
        "growth": [
            "growth.py",
            "--hours",
            *hours,
            "--library",
            str(LIBRARY / ".vidcut"),
            *of,
            *how,
        ],
    }
    return {
        name: command if command[0] == "-m" else [str(BENCHMARKS / command[0]), *command[1:]]
        for name, command in plan.items()
    }


if __name__ == "__main__":
    main()
