"""How alike a stretch and its poorer copy look, and how alike two different ones do.

    python benchmarks/twins.py FOLDER

Each video of the folder is cut into stretches of a few seconds. A copy is every frame at half
the size as a JPEG of low quality, as after a re-encoding for a chat; a stranger is the most
similar stretch of another video. Between the two lies `vidcut.settling`'s _TWIN.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from vidcut import plugins, wiring
from vidcut.footage import Selection, find
from vidcut.settings import Settings

if TYPE_CHECKING:
    from vidcut.records import Picture, Vector

STRETCH = 3
"""Frames, a second apart."""
QUALITY = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    encoder: Any = wiring.encoder(wiring.OFFLINE_VISUAL_MODEL, Settings())
    looks: list[Vector] = []
    copies: list[Vector] = []
    videos: list[int] = []
    for number, file in enumerate(find([folder], Selection(), on_error=print)):
        frames = _frames(file.path)
        for at in range(0, len(frames) - STRETCH + 1, STRETCH):
            some = frames[at : at + STRETCH]
            looks.append(_look(encoder, some))
            copies.append(_look(encoder, [_poorer(frame) for frame in some]))
            videos.append(number)
    rows, poorer = np.array(looks), np.array(copies)
    _print("copies", (rows * poorer).sum(axis=1))
    apart = np.not_equal.outer(videos, videos)
    _print("strangers, the most similar", np.where(apart, rows @ rows.T, -1).max(axis=1))


def _frames(path: Path) -> list[Picture]:
    found: list[Picture] = []
    due_us = 200_000
    for frame in plugins.load("readers", "pyav").create().frames(path):
        if frame.time_us >= due_us:
            found.append(frame.picture(640))
            due_us += 1_000_000
    return found


def _poorer(picture: Picture) -> Picture:
    image = Image.fromarray(picture)
    file = io.BytesIO()
    image.resize((image.width // 2, image.height // 2)).save(file, "JPEG", quality=QUALITY)
    return np.asarray(Image.open(file).convert("RGB"))


def _look(encoder: Any, pictures: list[Picture]) -> Vector:
    mean = np.mean([seen.vector for seen in encoder.images(pictures)], axis=0)
    return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)


def _print(name: str, cosines: Vector) -> None:
    places = (1, 5, 10, 25, 50, 75, 90, 95, 99)
    values = np.percentile(cosines, places)
    told = "  ".join(f"{place}%: {value:.3f}" for place, value in zip(places, values, strict=True))
    print(f"{name} ({len(cosines)}): {told}")


if __name__ == "__main__":
    main()
