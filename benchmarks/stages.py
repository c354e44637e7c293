"""How many times faster than it plays each stage of an index run gets through footage.

    python benchmarks/stages.py FOLDER [--quality balanced]

Each stage alone, one after the other, on one thread, with the offline models; then the whole
run in a new process, in which they overlap. x realtime is of the playing time of all files,
whether or not a stage has anything to do in each.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

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
    options = parser.parse_args()
    files = [file.path for file in footage.find([options.folder], on_error=print)]
    media_s, busy_s = _alone(files, options.quality)
    print(f"{len(files)} files, {media_s:.0f} s of footage")
    for stage, seconds in busy_s.items():
        print(f"{stage:24} {seconds:7.1f} s  {media_s / seconds:6.1f}x realtime")
    whole = _whole(options.folder, options.quality)
    print(
        f"{'all, overlapping':24} {whole['seconds']:7.1f} s  {whole['x_realtime']:6.1f}x realtime"
    )


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


def _whole(folder: Path, quality: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as library:
        index = [sys.executable, "-m", "vidcut", "index", str(folder), "--library", library]
        done = subprocess.run(
            [*index, "--offline", "--visual-model", "labels", "--quality", quality, "--json"],
            check=False,
            capture_output=True,
            text=True,
        )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


if __name__ == "__main__":
    main()
