"""How many times faster than it plays each stage of an index run gets through footage.

    python benchmarks/stages.py FOLDER [--quality balanced] [--runs 3]

Each stage alone, one after the other, on one thread, with the offline models; then the whole
run in a new process, in which they overlap. x realtime is of the playing time of all files,
whether or not a stage has anything to do in each.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from measured import write

from vidcut import footage, plugins, shots
from vidcut.chunking import picture_windows
from vidcut.protocols import EncoderOptions, ModalityOptions
from vidcut.records import SECOND_US, SoundWindow, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

SAMPLE_PX = 640
WINDOW_S = 75
RATE_HZ = 16_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quality", default="balanced")
    parser.add_argument("--mode", choices=["quick", "full"], default="quick")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    files = [file.path for file in footage.find([options.folder], on_error=print)]
    runs = [_run(files, options) for _ in range(options.runs)]
    media_s = runs[0].media_s
    print(f"{len(files)} files, {media_s:.0f} s of footage, medians of {len(runs)} runs")
    rows = []
    for stage in runs[0].busy_s:
        seconds = statistics.median(run.busy_s[stage] for run in runs)
        print(f"{stage:24} {seconds:7.1f} s  {media_s / seconds:6.1f}x realtime")
        every_s = [run.busy_s[stage] for run in runs]
        rows.append(
            {"stage": stage, "seconds": seconds, "x_realtime": media_s / seconds, "runs_s": every_s}
        )
    facts = {"files": len(files), "seconds": media_s, "quality": options.quality, "runs": len(runs)}
    busy = statistics.median(run.cores_busy for run in runs)
    figures = {"input": facts, "rows": rows, "cores_busy": busy}
    write("stages", figures, mode=options.mode)


@dataclass(frozen=True)
class _Run:
    media_s: float
    busy_s: dict[str, float]
    cores_busy: float


def _run(files: list[Path], options: argparse.Namespace) -> _Run:
    media_s, busy_s = _alone(files, options.quality)
    whole = _whole(options.folder, options.quality)
    profile = whole["profile"]
    busy = (profile["cpu_s"] + profile["decoders_cpu_s"]) / (profile["wall_s"] * profile["cores"])
    return _Run(media_s, {**busy_s, "all, overlapping": whole["seconds"]}, busy)


def _alone(files: list[Path], quality: str) -> tuple[float, dict[str, float]]:
    reader = plugins.load("readers", "pyav").create(threads=1)
    text = plugins.load("encoders", "e5").create(EncoderOptions())
    labels = plugins.load("encoders", "labels").create(EncoderOptions())
    options = ModalityOptions(quality=quality)
    frame = plugins.load("modalities", "frame").create(options, labels)
    ocr = plugins.load("modalities", "ocr").create(options, text)
    asr = plugins.load("modalities", "asr").create(options, text)
    clock = _Clock()
    media_us = 0
    for path in files:
        media = reader.probe(path)
        media_us += media.duration_us
        if media.picture is not None:
            with clock("decode, shots, samples"):
                marked = shots.mark_cuts(reader.frames(path))
                windows = list(picture_windows(marked, start_us=0, longest_px=SAMPLE_PX))
            for window in windows:
                with clock("frame: labels"):
                    frame.read(window)
                with clock("ocr"):
                    ocr.read(window)
        if media.sound is not None:
            with clock("asr"):
                blocks = [block.samples for block in reader.sound(path)]
                for sound in sound_windows(blocks):
                    asr.read(sound)
    return media_us / SECOND_US, clock.busy_s


def sound_windows(blocks: list[NDArray[np.float32]]) -> Iterator[SoundWindow]:
    samples = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    step = WINDOW_S * RATE_HZ
    for start in range(0, len(samples), step):
        piece = samples[start : start + step]
        begin_us = start * SECOND_US // RATE_HZ
        span = Span(begin_us, begin_us + len(piece) * SECOND_US // RATE_HZ)
        yield SoundWindow(span, piece, last=True)


class _Clock:
    """Adds up how long each stage was busy."""

    def __init__(self) -> None:
        self.busy_s: dict[str, float] = defaultdict(float)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.busy_s[stage] += time.perf_counter() - begun


def _whole(folder: Path, quality: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as library:
        index = [sys.executable, "-m", "vidcut", "index", str(folder), "--library", library]
        done = subprocess.run(
            [
                *index,
                "--offline",
                "--visual-model",
                "labels",
                "--quality",
                quality,
                "--profile",
                "--json",
            ],
            check=False,
            capture_output=True,
            text=True,
        )
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


if __name__ == "__main__":
    main()
