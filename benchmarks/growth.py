"""What an added hour costs a library of one hour, ten, a hundred, a thousand: time and memory.

    python benchmarks/growth.py [--hours 1 10 100] [--runs 3] [--media DIR] [--library DIR]

A library of real footage is indexed once with the offline models; its chunks, with noise on
their vectors, are kept again and again until they span the hours. Then, on each size: what it
takes a new process to keep one hour's chunks more and to bring the snapshots up to date (what
models do with that hour is the same on any size, and is stages.py's); an index run over one new
film of a second, which has to open and refresh all there is; and a search. Peaks are those of
memory.py.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import loop
import memory
import numpy as np
from measured import ROOT, Spent, quietly, write

from vidcut import Settings, ffmpeg, wiring
from vidcut.encoders._rows import unit
from vidcut.library import open_to_write
from vidcut.records import SECOND_US, Draft, Media, PictureTrack, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from vidcut.library import Holdings
    from vidcut.records import Space

HOUR_US = 3600 * SECOND_US
FILM_US = HOUR_US // 6
NOISE = 0.3
"""Beside vectors of unit length: as far apart as frames of one shot."""


@dataclass(frozen=True)
class Modality:
    """The real chunks of one modality, end to end, and how long the footage was."""

    name: str
    space: Space
    drafts: Sequence[Draft]
    vectors: NDArray[np.float32]
    long_us: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--media", type=Path, default=loop.SAMPLES)
    parser.add_argument("--mode", choices=["quick", "full"], default="quick")
    parser.add_argument("--library", type=Path, help="of that media, if it is indexed already")
    parser.add_argument("--add", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--from", type=Path, dest="real", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.add:
        _add_hours(options.add, list(_real(options.real)), 1)
        return
    with tempfile.TemporaryDirectory(dir=_work()) as folder:
        real = options.library or Path(folder, "real", ".vidcut")
        if not options.library:
            quietly([*_vidcut("index", real), "--visual-model", "labels", "-q", options.media])
        rows = list(_rows(Path(folder), real, options))
    videos = sum(map(loop.is_video, options.media.rglob("*")))
    facts = {"media": f"{videos} videos of `{options.media.name}`", "runs": options.runs}
    write("growth", {"input": facts, "rows": rows}, mode=options.mode)


def _rows(folder: Path, real: Path, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    modalities = list(_real(real))
    library = folder / "grown" / ".vidcut"
    clip = _second(folder)
    so_far = 0
    for hours in sorted(options.hours):
        began = time.perf_counter()
        _add_hours(library, modalities, hours - so_far, create=not so_far)
        so_far = hours
        built_s = time.perf_counter() - began
        with tempfile.TemporaryDirectory(dir=folder) as copy:
            yield _measured(library, Path(copy), real, clip, options.runs) | {
                "hours": hours,
                "building_s": built_s,
            }
        print(f"{hours} h, built in {built_s:.0f} s", flush=True)


def _measured(library: Path, copy: Path, real: Path, clip: Path, runs: int) -> dict[str, Any]:
    """Each run on a copy, so that all have the same to add to."""
    found: dict[str, list[tuple[Spent, float]]] = {"hour": [], "film": [], "search": []}
    for run in range(runs):
        grown = copy / str(run) / ".vidcut"
        shutil.copytree(library, grown)
        add = [sys.executable, __file__, "--add", str(grown), "--from", str(real)]
        found["search"].append(
            _watched([*_vidcut("search", grown), "a red car", "-n", "--json", "--min-score", "0"])
        )
        found["hour"].append(_watched(add))
        index = [*_vidcut("index", grown), "--visual-model", "labels", "--asr", "never"]
        found["film"].append(_watched([*index, "-q", str(clip)]))
        shutil.rmtree(grown)
    size = sum(file.stat().st_size for file in library.rglob("*") if file.is_file())
    row: dict[str, Any] = {"size_MiB": size / (1 << 20), "chunks": _count(library)}
    for what, taken in found.items():
        row[f"{what}_s"] = statistics.median(spent.wall_s for spent, _ in taken)
        row[f"{what}_cpu_s"] = statistics.median(spent.cpu_s for spent, _ in taken)
        row[f"{what}_peak_MiB"] = statistics.median(peak for _, peak in taken)
        print(f"  {what} {row[f'{what}_s']:.2f} s, {row[f'{what}_peak_MiB']:.0f} MiB", flush=True)
    return row


def _watched(command: Sequence[str]) -> tuple[Spent, float]:
    """What a process took, and its peak in MiB."""
    before = os.times()
    began, peak_kib = time.perf_counter(), 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT) as child:
        while child.poll() is None:
            peak_kib = max(peak_kib, memory.tree_kib(child.pid))
            time.sleep(memory.EVERY_S)
    wall_s, after = time.perf_counter() - began, os.times()
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} exited with {child.returncode}")
    user_s = after.children_user - before.children_user
    return Spent(wall_s, user_s + after.children_system - before.children_system), peak_kib / 1024


def _vidcut(command: str, library: Path) -> list[str]:
    return [sys.executable, "-m", "vidcut", command, "--offline", "--library", str(library)]


def _second(folder: Path) -> Path:
    made = folder / "second.mp4"
    picture = ["-f", "lavfi", "-i", "testsrc2=s=640x360:r=30:d=1"]
    quietly([ffmpeg.find().path, "-v", "error", *picture, "-c:v", "libx264", made])
    return made


def _work() -> Path:
    made = ROOT / "benchmarks" / ".work"
    made.mkdir(exist_ok=True)
    return made


# Growing ------------------------------------------------------------------------------


def _real(library: Path) -> Iterator[Modality]:
    with open_to_write(library, wiring.store(Settings())) as holdings:
        for name in holdings.catalog.modalities():
            space = holdings.catalog.modality_space(name)
            assert space is not None
            drafts, offset_us = [], 0
            for video in holdings.catalog.videos():
                for chunk in holdings.catalog.chunks_of(video.id, name):
                    span = Span(chunk.span.start + offset_us, chunk.span.end + offset_us)
                    drafts.append(Draft(span, chunk.text, None, chunk.language))
                offset_us += video.media.duration_us if video.media else 0
            _, blob = holdings.catalog.vectors_after(name, space, 0)
            vectors = np.frombuffer(blob, dtype="<f2").reshape(-1, space.dim).astype(np.float32)
            assert len(vectors) == len(drafts)
            yield Modality(name, space, drafts, vectors, offset_us)


def _add_hours(
    library: Path, modalities: Sequence[Modality], hours: int, *, create: bool = False
) -> None:
    """As an index run does: a transaction for each film, snapshots at the end."""
    generator = np.random.default_rng(hours)
    with open_to_write(library, wiring.store(Settings()), create=create) as holdings:
        first = len(holdings.catalog.videos())
        if create:
            with holdings.catalog.writing():
                holdings.catalog.keep_setting("visual_model", "labels")
        for number in range(first, first + hours * HOUR_US // FILM_US):
            with holdings.catalog.writing():
                _add_film(holdings, number, modalities, generator)
        holdings.refresh_snapshots([one.name for one in modalities])


def _add_film(
    holdings: Holdings, number: int, modalities: Sequence[Modality], generator: np.random.Generator
) -> None:
    catalog = holdings.catalog
    video = catalog.add_video(f"films/{number:06d}.mp4", (1, 1), b"%d" % number)
    catalog.describe(video, Media("mp4", FILM_US, PictureTrack("h264", 1920, 1080, None), None))
    catalog.set_state(video, "ok")
    for modality in modalities:
        drafts = list(_film(modality, generator))
        holdings.keep(video, modality.name, modality.space, drafts)
        if modality.name == "frame":
            catalog.add_cuts(video, sorted({draft.span.start for draft in drafts[1::4]}))


def _film(modality: Modality, generator: np.random.Generator) -> Iterator[Draft]:
    """The real chunks from some place on, over and over, for as long as a film is."""
    at = int(generator.integers(len(modality.drafts)))
    shift_us = -modality.drafts[at].span.start
    for place in itertools.count(at):
        turns, which = divmod(place, len(modality.drafts))
        draft = modality.drafts[which]
        offset_us = shift_us + turns * modality.long_us
        if draft.span.end + offset_us > FILM_US:
            return
        span = Span(draft.span.start + offset_us, draft.span.end + offset_us)
        noise = generator.standard_normal(modality.space.dim, dtype=np.float32)
        vector = unit(modality.vectors[which] + NOISE * unit(noise))
        yield replace(draft, span=span, vector=vector)


def _count(library: Path) -> int:
    with open_to_write(library, wiring.store(Settings())) as holdings:
        return sum(holdings.catalog.counts().values())


if __name__ == "__main__":
    main()
