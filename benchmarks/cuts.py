"""How right and how fast clips are cut.

    python benchmarks/cuts.py --corpus DIR [DIR...]     are the first and the last frame the asked?
    python benchmarks/cuts.py --speed [--runs 5]        10 s of ten minutes of 1080p H.264,
                                                        and the same by ffmpeg alone

A corpus is what make_bad_media.py made, whose pictures carry their number as sixteen bars: of
each file that its manifest expects to be ok, its first frames, a stretch in its middle and its
last frames are cut exactly, and each clip's first and last number, read by PyAV, has to be the
source's. A folder without a manifest is judged by what its pictures look like.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from measured import Spent, medians, process, write

from vidcut import ffmpeg, footage, smart
from vidcut.errors import VidcutError
from vidcut.records import SECOND_US, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

SMALL_PX = (64, 36)
ALIKE = 12
"""Mean difference of levels between a source's frame and its encoded likeness; 8 bits."""
LONGEST_S = 120
"""A longer file is looked at only so far: all of its frames are decoded to know its times."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, nargs="*", default=[])
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--mode", choices=["exact", "smart"], default="exact")
    parser.add_argument("--size", choices=["quick", "full"], default="quick")
    options = parser.parse_args()
    for folder in options.corpus:
        _judge(folder, ffmpeg.encode if options.mode == "exact" else smart.cut)
    if options.speed:
        _race(options.runs, options.size)


# Right ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    time_us: int
    picture: NDArray[np.int64]
    numbers: set[int]


def _judge(folder: Path, cut: Callable[..., Any]) -> None:
    right, wrong, without, copied = 0, [], [], 0
    for name, path, is_numbered in _files(folder):
        try:
            shown = _frames(path)
        except (OSError, av.FFmpegError) as error:
            without.append(f"{name}: {error}")
            continue
        if not shown:
            without.append(f"{name}: no picture")
            continue
        for span in _spans(shown):
            mode, problem = _cut_and_compare(path, span, shown, cut, is_numbered=is_numbered)
            right += not problem
            copied += mode == "smart"
            wrong += [f"{name} {span.start / SECOND_US:.3f}-{span.end / SECOND_US:.3f}: {problem}"
                      for _ in [0] if problem]  # fmt: skip
    print(f"{folder}: {right} of {right + len(wrong)} clips begin and end with the asked frame")
    if copied:
        print(f"  {copied} of them joined, the others cut exactly")
    for line in (*wrong, *(f"not cut: {line}" for line in without)):
        print(f"  {line}")


def _files(folder: Path) -> Iterator[tuple[str, Path, bool]]:
    listing = folder / "manifest.json"
    if not listing.is_file():
        found = footage.find([folder], on_error=print)
        yield from ((file.path.name, file.path, False) for file in found)
        return
    for case in json.loads(listing.read_bytes())["cases"]:
        path = Path(os.fsdecode(base64.b64decode(case["path_b64"])))
        if case["expect"] == "ok" and not case["skipped"] and case["cat"] != "subs":
            if path.is_dir():  # a file at the end of a path of thousands of bytes
                path = next(iter(footage.find([path], on_error=print))).path
            # Sixteen bars do not fit into two pixels.
            yield case["id"], path, bool(case["frames"]) and "2x2" not in case["why"]


def _frames(path: Path, turned: int = 0) -> list[Shown]:
    """By their times; of frames of one time, any may be shown.

    Where the source's bars were coded ``turned`` degrees before they were shown, so they are
    read from what was cut upright.
    """
    shown: dict[int, Shown] = {}
    for one in _decoded(path, turned):
        known = shown.setdefault(one.time_us, one)
        known.numbers.update(one.numbers)
    return [shown[time_us] for time_us in sorted(shown)]


def _turned(path: Path) -> int:
    with av.open(os.fspath(path), metadata_errors="ignore") as container:
        frame = next(container.decode(container.streams.video[0]))
        return int(frame.rotation)


def _decoded(path: Path, turned: int) -> Iterator[Shown]:
    with av.open(os.fspath(path), metadata_errors="ignore") as container:
        pictures = [s for s in container.streams.video if not s.disposition & 0x400]
        if not pictures:
            return
        origin_us = container.start_time or 0
        for frame in container.decode(pictures[0]):
            if frame.pts is None:
                continue
            time_us = int(frame.pts * frame.time_base * SECOND_US) - origin_us
            if time_us > LONGEST_S * SECOND_US:
                return
            yield Shown(time_us, *_read(frame, turned))


def _read(frame: Any, turned: int) -> tuple[NDArray[np.int64], set[int]]:
    sides = SMALL_PX[::-1] if frame.rotation % 180 else SMALL_PX
    small = frame.reformat(*sides, format="gray").to_ndarray().astype(np.int64)
    small = np.rot90(small, frame.rotation // 90)
    gray = np.rot90(frame.reformat(format="gray").to_ndarray(), -turned // 90)
    height, width = gray.shape
    bars = [gray[height // 8, int((k + 0.5) * width / 16)] > 127 for k in range(16)]
    return small, {sum(int(bar) << k for k, bar in enumerate(bars))}


def _spans(shown: list[Shown]) -> list[Span]:
    """From a little before a frame to a little after another."""
    times = [one.time_us for one in shown]
    gap_us = min((b - a for a, b in pairwise(times) if b > a), default=40_000)
    ends = [(0, min(9, len(times) - 1)), (len(times) // 3, 2 * len(times) // 3)]
    ends.append((max(0, len(times) - 10), len(times) - 1))
    return [Span(max(0, times[a] - gap_us // 4), times[b] + gap_us // 2) for a, b in ends]


def _cut_and_compare(
    path: Path, span: Span, shown: list[Shown], cut: Callable[..., Any], *, is_numbered: bool
) -> tuple[str, str]:
    wanted = [one for one in shown if span.contains(one.time_us)]
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "clip.mp4")
        try:
            clip = cut(path, span, output, tool=ffmpeg.find())
            made = _frames(output, _turned(path) if is_numbered else 0)
        except VidcutError as error:
            return "", str(error)
    problem = "no frames" if not made else ""
    for which, one, other in (("first", wanted[0], made[0]), ("last", wanted[-1], made[-1])):
        off = np.abs(one.picture - other.picture).mean() if made else 0
        same = one.picture.shape == other.picture.shape and off < ALIKE
        if is_numbered and not one.numbers & other.numbers:
            problem = f"its {which} frame is {other.numbers} and not {one.numbers}"
        elif not is_numbered and not same:
            problem = f"its {which} frame is another: {off:.0f} levels off"
    return clip.mode, problem


# Fast ----------------------------------------------------------------------------------

X264 = "-c:v libx264 -preset veryfast -crf 18 -c:a aac -b:a 192k"
"""What vidcut's exact cuts are written with."""


def _race(runs: int, mode: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = _ten_minutes(Path(folder))
        ways = dict(_ways(source, Path(folder)))
        rounds: dict[str, list[Spent]] = {name: [] for name in ways}
        for run in range(-1, runs):
            start_us = 300_700_000 + run * 370_000
            for name, way in ways.items():
                spent = way(Span(start_us, start_us + 10 * SECOND_US))
                if run >= 0:
                    rounds[name].append(spent)
                    print(f"  {run + 1}/{runs} {spent.wall_s:6.2f} s  {name}", flush=True)
    rows = [
        {"way": name, **asdict(medians(spent)), "runs": [asdict(one) for one in spent]}
        for name, spent in rounds.items()
    ]
    footage = "10 s out of ten minutes of 1080p30 H.264 at 8 Mb/s, a key frame every 2 s"
    write("cuts", {"input": {"footage": footage, "runs": runs}, "rows": rows}, mode=mode)


def _ways(source: Path, folder: Path) -> Iterator[tuple[str, Callable[[Span], Spent]]]:
    tool = ffmpeg.find()
    ours = {"exact": ffmpeg.encode, "smart": smart.cut, "copy": ffmpeg.copy}
    for kind, cut in ours.items():
        yield f"vidcut {kind}", partial(_ours, kind, cut, source, folder / f"{kind}.mp4")
    hands = {"x264's defaults": "-c:v libx264 -c:a aac", "vidcut's settings": X264}
    for kind, how in {**hands, "-c copy": "-c copy"}.items():
        output = folder / "hand.mp4"
        yield f"ffmpeg by hand, {kind}", partial(_by_hand, str(tool.path), how, source, output)


def _ours(kind: str, cut: Callable[..., Any], source: Path, output: Path, span: Span) -> Spent:
    began, cpu_s = time.perf_counter(), _cpu_s()
    clip = cut(source, span, output, tool=ffmpeg.find(), overwrite=True)
    assert clip.mode == kind, clip.note
    return Spent(time.perf_counter() - began, _cpu_s() - cpu_s)


def _cpu_s() -> float:
    """Of this process and of all that it started."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _by_hand(tool: str, how: str, source: Path, output: Path, span: Span) -> Spent:
    start = ["-ss", f"{span.start / SECOND_US:.6f}", "-i", source]
    end = [
        "-t",
        f"{(span.end - span.start) / SECOND_US:.6f}",
        *how.split(),
        output,
    ]
    return process([tool, "-nostdin", "-v", "error", "-y", *start, *end])


def _ten_minutes(folder: Path) -> Path:
    """1080p30 H.264 at 8 Mb/s with a key frame every two seconds, and a tone."""
    part, whole = folder / "part.mp4", folder / "whole.mp4"
    picture = "testsrc2=s=1920x1080:r=30:d=20,noise=alls=3:allf=t"
    x264 = "-c:v libx264 -preset veryfast -b:v 8M -g 60 -sc_threshold 0 -pix_fmt yuv420p"
    tool = str(ffmpeg.find().path)
    quiet = (tool, "-nostdin", "-v", "error", "-y")
    sound = ("-f", "lavfi", "-i", "sine=d=20", "-c:a", "aac")
    subprocess.run([*quiet, "-f", "lavfi", "-i", picture, *sound, *x264.split(), part], check=True)
    again = ("-stream_loop", "29", "-i", part, "-c", "copy", whole)
    subprocess.run([*quiet, *again], check=True)
    return whole


if __name__ == "__main__":
    main()
