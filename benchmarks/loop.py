"""A film for benchmarks: 1080p30 H.264 with sound, made of stretches of real footage.

    python benchmarks/loop.py OUTPUT.mp4 [--media DIR] [--seconds N]

Stretches of at most eight seconds follow each other, of each video in turn, scaled into
1920x1080 and joined; of more than that there is, all of it again. 8 Mb/s, a key frame every two
seconds and B-frames, as a phone or a screen recorder writes. A video without sound is silent.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import av
from measured import quietly
from PIL import Image, ImageDraw, ImageFont

from vidcut import ffmpeg

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SAMPLES = Path(__file__).resolve().parents[1] / "sample_media"
ENDINGS = (".mp4", ".mkv", ".webm", ".avi", ".mov")
STRETCH_S, LEAST_S, SLIDE_S = 8.0, 2.0, 10.0
PICTURE = (
    "scale=1920:1080:force_original_aspect_ratio=decrease:flags=bicubic,"
    "pad=1920:1080:-1:-1,setsar=1,fps=30,format=yuv420p"
)
X264 = "-c:v libx264 -preset veryfast -b:v 8M -maxrate 10M -bufsize 16M -g 60 -bf 2"
AAC = "-c:a aac -b:a 128k -ar 48000 -ac 2"


@dataclass(frozen=True, slots=True)
class Stretch:
    """What of a video goes into the film."""

    path: Path
    start_s: float
    long_s: float
    has_sound: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("--media", type=Path, default=SAMPLES)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    make(options.output, options.media, options.seconds)


def make(output: Path, media: Path, long_s: float) -> None:
    """Write the film.

    Raises:
        SystemExit: the folder holds no video that can be read.
    """
    stretches = list(_chosen(_stretches(media), long_s))
    if not stretches:
        raise SystemExit(f"{media} holds no video; give another folder by --media")
    with tempfile.TemporaryDirectory() as folder:
        parts = [_part(one, Path(folder, f"{at:03d}.ts")) for at, one in enumerate(stretches)]
        _join(parts, Path(folder, "parts.txt"), long_s, output)


def make_still(output: Path, media: Path, long_s: float) -> None:
    """Write a film of slides: a frame of each video under a title, ten seconds each."""
    with tempfile.TemporaryDirectory() as folder:
        slides = [
            _slide(one, at, Path(folder, f"{at:03d}.ts"))
            for at, one in enumerate(_chosen(_stretches(media), long_s * STRETCH_S / SLIDE_S))
        ]
        _join(slides, Path(folder, "parts.txt"), long_s, output)


def is_video(path: Path) -> bool:
    """By its name."""
    return path.suffix.lower() in ENDINGS


def _stretches(media: Path) -> Iterator[Stretch]:
    """The first of every video, then the second of every video, and so on."""
    facts = [_facts(path) for path in sorted(media.rglob("*")) if is_video(path)]
    longest_s = max((long_s for _, long_s, _ in facts), default=0.0)
    start_s = 0.0
    while start_s < longest_s:
        for path, whole_s, has_sound in facts:
            long_s = min(STRETCH_S, whole_s - start_s)
            if long_s >= LEAST_S:
                yield Stretch(path, start_s, long_s, has_sound)
        start_s += STRETCH_S


def _facts(path: Path) -> tuple[Path, float, bool]:
    with av.open(os.fspath(path), metadata_errors="ignore") as container:
        long_s = (container.duration or 0) / av.time_base if container.streams.video else 0.0
        return path, long_s, bool(container.streams.audio)


def _chosen(stretches: Iterator[Stretch], long_s: float) -> Iterator[Stretch]:
    so_far_s = 0.0
    for one in stretches:
        if so_far_s >= long_s:
            return
        yield one
        so_far_s += one.long_s


def _part(one: Stretch, output: Path) -> Path:
    source = ["-ss", f"{one.start_s:g}", "-t", f"{one.long_s:g}", "-i", one.path]
    silence = ["-f", "lavfi", "-t", f"{one.long_s:g}", "-i", "anullsrc=r=48000:cl=stereo"]
    sound = [] if one.has_sound else silence
    chosen = ["-map", "0:v:0", "-map", f"{len(sound) // len(silence)}:a:0"]
    looks = ["-vf", PICTURE, "-af", "apad", "-t", f"{one.long_s:g}"]
    quietly([*_ffmpeg(), *source, *sound, *chosen, *looks, *X264.split(), *AAC.split(), output])
    return output


def _slide(one: Stretch, number: int, output: Path) -> Path:
    """Held for `SLIDE_S`, with a title drawn by Pillow's own letters."""
    picture = output.with_suffix(".png")
    seek = ["-ss", f"{one.start_s + LEAST_S / 2:g}", "-i", one.path]
    quietly([*_ffmpeg(), *seek, "-frames:v", "1", "-vf", PICTURE, picture])
    with Image.open(picture) as frame:
        drawn = frame.convert("RGB")
    title = f"Slide {number + 1}: {one.path.stem.replace('_', ' ')}"
    write = ImageDraw.Draw(drawn)
    write.rectangle((0, 900, 1920, 1020), "black")
    write.text((120, 930), title, "white", ImageFont.load_default(64))
    drawn.save(picture)
    held = ["-loop", "1", "-framerate", "30", "-t", f"{SLIDE_S:g}", "-i", picture]
    silence = ["-f", "lavfi", "-t", f"{SLIDE_S:g}", "-i", "anullsrc=r=48000:cl=stereo"]
    looks = ["-vf", "format=yuv420p", *X264.split(), *AAC.split()]
    quietly([*_ffmpeg(), *held, *silence, *looks, output])
    return output


def _join(parts: Sequence[Path], listing: Path, long_s: float, output: Path) -> None:
    listing.write_text("".join(f"file '{part}'\n" for part in parts), "utf-8")
    again = ["-stream_loop", "-1", "-f", "concat", "-safe", "0", "-i", listing]
    ending = ["-t", f"{long_s:g}", "-c", "copy", "-bsf:a", "aac_adtstoasc", output]
    quietly([*_ffmpeg(), *again, *ending])


def _ffmpeg() -> list[object]:
    return [str(ffmpeg.find().path), "-nostdin", "-v", "fatal", "-y"]


if __name__ == "__main__":
    main()
