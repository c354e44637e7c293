"""What is read of text on screen and at what cost, beside rapidocr as it comes.

    python benchmarks/ocr.py FOLDER [--films 4] [--heights 720 1080]

Captions of known words, 26 and 40 px high, white with a black edge, are drawn on pictures a second
apart of some of FOLDER's films, four seconds each. rapidocr as it comes reads each picture whole;
vidcut reads the samples that an index run of each quality gives it, and makes chunks of what it
reads. ``still``: ten pictures that differ by noise alone, of which each is read. One thread; time
is the processor's, for it holds on a busy machine too.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rapidocr
from PIL import Image, ImageDraw, ImageFont

from vidcut import plugins, wiring
from vidcut.protocols import EncoderOptions, ModalityOptions
from vidcut.records import SECOND_US, PictureWindow, Sample, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidcut.records import Picture

SIZES_PX = (26, 40)
CAPTIONS = (("morning market 7:30", "Chapter 12 begins"), ("the river in autumn", "Exit 45 North"))
FILMS = (
    "sam2_04_coffee.mp4", "mdn_tears_of_steel.webm", "tv_basketball.mp4", "imageio_cockatoo.mp4",
)  # fmt: skip
"""Of moving pictures, with a camera that moves."""
SHOWN, STILLS = 8, 10
_SAME = 0.9
"""Of a line's letters."""


@dataclass
class Told:
    """How many captions of each size one way of reading found, and what a picture took it."""

    found: dict[int, int]
    asked: int
    ms: float
    still_ms: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--films", type=int, default=len(FILMS))
    parser.add_argument("--heights", type=int, nargs="+", default=[720, 1080])
    options = parser.parse_args()
    ways: dict[str, AsItComes | Ours] = {"rapidocr as it comes": AsItComes()}
    ways |= {quality: Ours(quality) for quality in ("fast", "balanced", "best")}
    films = _films(options.folder, options.films)
    for height in options.heights:
        drawn = [_captioned(film, height) for film in films]
        told = {name: _tell(way, drawn) for name, way in ways.items()}
        base = told["rapidocr as it comes"]
        print(f"{len(films)} films, {SHOWN} pictures each, of {height} lines")
        for name, one in told.items():
            recall = ", ".join(f"{px} px {n}/{one.asked}" for px, n in one.found.items())
            print(
                f"{name:22} {one.ms:7.0f} ms of CPU a picture, {base.ms / one.ms:5.1f}x;"
                f" still {one.still_ms:6.1f} ms, {base.still_ms / one.still_ms:5.1f}x;"
                f" found {recall}"
            )


class AsItComes:
    """rapidocr with its defaults, but for one thread as vidcut has."""

    def __init__(self) -> None:
        self._engine: Any = rapidocr.RapidOCR(
            params={
                "Global.log_level": "critical",
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )

    def read(self, pictures: Sequence[Picture]) -> list[str]:
        texts = []
        for picture in pictures:
            found = self._engine(np.ascontiguousarray(picture[..., ::-1]))
            texts += list(found.txts or ())
        return texts


class Ours:
    """vidcut's own way from the sample on."""

    def __init__(self, quality: str) -> None:
        encoder = plugins.load("encoders", "e5").create(EncoderOptions())
        options = ModalityOptions(quality=quality, device="cpu", offline=True)
        self._ocr = plugins.load("modalities", "ocr").create(options, encoder)
        self._px = wiring.SAMPLE_PX[quality]

    def read(self, pictures: Sequence[Picture]) -> list[str]:
        samples = [
            Sample(at * SECOND_US, Span(at * SECOND_US, (at + 1) * SECOND_US), self._scaled(one))
            for at, one in enumerate(pictures)
        ]
        window = PictureWindow(Span(0, len(samples) * SECOND_US), (), tuple(samples))
        texts = [draft.text or "" for draft in self._ocr.read(window).drafts]
        return [line for text in texts for line in text.split("\n")]

    def _scaled(self, picture: Picture) -> Picture:
        image = Image.fromarray(picture)
        image.thumbnail((self._px, self._px), Image.Resampling.BOX)
        return np.asarray(image)


def _tell(way: AsItComes | Ours, films: Sequence[Sequence[Picture]]) -> Told:
    way.read([films[0][0]])  # its models are loaded now
    found, spent_s = dict.fromkeys(SIZES_PX, 0), 0.0
    for film in films:
        begun_s = time.process_time()
        texts = way.read(film)
        spent_s += time.process_time() - begun_s
        for caption in CAPTIONS:
            for size, line in zip(SIZES_PX, caption, strict=True):
                found[size] += any(_is_same(line, text) for text in texts)
    noise = np.random.default_rng(7)
    still = films[0][0].astype(np.int16)
    stills = [
        np.clip(still + noise.normal(0, 2, still.shape), 0, 255).astype(np.uint8)
        for _ in range(STILLS)
    ]
    begun_s = time.process_time()
    way.read(stills)
    still_ms = (time.process_time() - begun_s) / STILLS * 1e3
    pictures = sum(map(len, films))
    return Told(found, len(films) * len(CAPTIONS), spent_s / pictures * 1e3, still_ms)


def _is_same(line: str, text: str) -> bool:
    one, other = ("".join(filter(str.isalnum, each.casefold())) for each in (line, text))
    return one in other or SequenceMatcher(None, one, other, autojunk=False).ratio() >= _SAME


def _films(folder: Path, count: int) -> list[list[Picture]]:
    """Pictures a second apart of so many films, as large as they have them."""
    reader = plugins.load("readers", "pyav").create(threads=1)
    films = []
    for name in FILMS[:count]:
        pictures: list[Picture] = []
        for frame in reader.frames(folder / name):
            if frame.time_us >= len(pictures) * SECOND_US:
                pictures.append(frame.picture(1920))
            if len(pictures) == SHOWN:
                break
        films.append(pictures)
    return films


def _captioned(film: Sequence[Picture], height: int) -> list[Picture]:
    """The pictures, 16:9 and so many lines high, with captions that change half-way."""
    made = []
    for at, picture in enumerate(film):
        size = (height * 16 // 9, height)
        image = Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC)
        pen = ImageDraw.Draw(image)
        caption = CAPTIONS[at * len(CAPTIONS) // len(film)]
        for row, (size_px, line) in enumerate(zip(SIZES_PX, caption, strict=True)):
            place, font = (120, height * (7 + row) // 9), ImageFont.load_default(size_px)
            pen.text(place, line, font=font, fill="white", stroke_width=2, stroke_fill="black")
        made.append(np.asarray(image))
    return made


if __name__ == "__main__":
    main()
