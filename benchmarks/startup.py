"""How long a new process takes: --help, and a search in a library of 10,000 chunks.

    python benchmarks/startup.py [--chunks N] [--runs N]

The library is made of random sentences, a third each seen, said and written, with the
offline models' spaces, so that every part of a search does its usual work. Prints medians,
and which heavy libraries a search imported (none of them should be).
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from vidcut import Library, Span, plugins
from vidcut.library import open_to_write
from vidcut.protocols import EncoderOptions
from vidcut.records import SECOND_US, Draft, Media, PictureTrack

WORDS = [
    "red",
    "car",
    "street",
    "dog",
    "beach",
    "coffee",
    "table",
    "morning",
    "light",
    "river",
    "mountain",
    "city",
    "train",
    "window",
    "今天",
    "我们",
    "火锅",
    "湖边",
    "古塔",
    "天气",
    "手机",
    "出门",
    "旅行",
    "晚上",
    "朋友",
    "音乐",
]
HEAVY = ("torch", "open_clip", "av", "faster_whisper", "rapidocr", "onnxruntime", "decord")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    vidcut = [sys.executable, "-m", "vidcut"]
    with tempfile.TemporaryDirectory() as folder:
        library = _library(Path(folder), options.chunks)
        search = [*vidcut, "search", "red car 火锅", "-n", "--json", "--min-score", "0"]
        search += ["--library", str(library)]
        print(f"vidcut --help: {_median([*vidcut, '--help'], options.runs):.3f} s")
        print(f"vidcut search, {options.chunks} chunks: {_median(search, options.runs):.3f} s")
        print(f"heavy libraries imported by a search: {_imported(search) or 'none'}")


def _library(folder: Path, count: int) -> Path:
    library = folder / ".vidcut"
    store = plugins.load("stores", "faiss")
    generator, chance = np.random.default_rng(0), random.Random(0)  # noqa: S311  (no secret)
    with open_to_write(library, store, create=True) as holdings, holdings.catalog.writing():
        holdings.catalog.keep_setting("visual_model", "labels")
        for modality, encoder in (("frame", "labels"), ("asr", "e5"), ("ocr", "e5")):
            space = plugins.load("encoders", encoder).create(EncoderOptions()).space
            for number in range(max(1, count // 3 // 100)):
                video = holdings.catalog.add_video(f"{modality}{number}.mp4", (1, 1), b"")
                media = Media("mp4", 100 * SECOND_US, PictureTrack("h264", 64, 36, None), None)
                holdings.catalog.describe(video, media)
                vectors = generator.standard_normal((100, space.dim)).astype(np.float32)
                vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
                drafts = [
                    Draft(
                        Span(second * SECOND_US, (second + 1) * SECOND_US),
                        " ".join(chance.choices(WORDS, k=8)),
                        vector,
                    )
                    for second, vector in enumerate(vectors)
                ]
                holdings.keep(video, modality, space, drafts)
    with open_to_write(library, store) as holdings:
        holdings.refresh_snapshots(("frame", "asr", "ocr"))
    with Library(library) as opened:
        assert sum(opened.holdings.catalog.counts().values()) >= count * 0.9
    return library


def _median(command: list[str], runs: int) -> float:
    times = []
    for _ in range(runs + 1):
        begun = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - begun)
    return statistics.median(times[1:])


def _imported(command: list[str]) -> str:
    traced = [command[0], "-X", "importtime", *command[1:]]
    log = subprocess.run(traced, check=True, capture_output=True, text=True).stderr
    modules = {line.rpartition("|")[2].strip() for line in log.splitlines()}
    return ", ".join(name for name in HEAVY if name in modules)


if __name__ == "__main__":
    main()
