"""What is written on screen: PP-OCR through rapidocr, whose wheel carries the models."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rapidocr

from vidcut import weights as weight_files
from vidcut.errors import MediaError, MissingError
from vidcut.modalities import _lines, _thumbnails
from vidcut.modalities._lines import Box, Line
from vidcut.modalities._sentences import language_of
from vidcut.protocols import Feed
from vidcut.records import Draft, Harvest
from vidcut.weights import Weights

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from vidcut.protocols import ModalityOptions, TextEncoder
    from vidcut.records import Picture, PictureWindow, Space

FEED = Feed.PICTURE
_REMEDY = "pip install --force-reinstall rapidocr"
_DETECTOR_PX = {"fast": 480, "balanced": 640, "best": 960}
"""The longer side of what the detector sees: 40, 70 and 200 ms a picture on one thread, and
3, 4 and 6 of 6 lines of 15 px found; all find captions.

A look at 320 px first, to spare pictures without text the rest, would take 23 ms and lose captions:
of 55 among 191 real pictures whose text was kept, two had nothing at all in the detector's map at
that size (at 256 px six), by whatever threshold.
"""
_THUMBNAIL_PX = 160
_UNCHANGED = 10.0
"""The most that any cell of a thumbnail may differ, of 255, for the text to be as it was: a
letter that appears changes some cell by more, compression by less."""
_SAME_BOX = 0.7
_SAME_CROP = 6.0
"""The mean difference of a box's pixels, of 255, up to which it is not read again."""
_LEAST_CONFIDENCE, _LEAST_FOR_ONE = 0.65, 0.9


def create(options: ModalityOptions, encoder: TextEncoder) -> Ocr:
    """See `vidcut.protocols.PictureModality`."""
    return Ocr(options, encoder)


def weights() -> list[Weights]:
    """Where the detector and the recogniser lie."""
    return [
        _weights("det", "finds text on screen"),
        _weights("rec", "reads text on screen"),
    ]


@dataclass(frozen=True, slots=True)
class _Look:
    """What one picture was found to say."""

    picture: Picture
    thumbnail: NDArray[np.float32]
    lines: Sequence[Line]
    """All that was read, whether or not it is good enough to keep."""


class Ocr:
    """Text on screen, each text once for as long as it is shown."""

    name = "ocr"

    def __init__(self, options: ModalityOptions, encoder: TextEncoder) -> None:
        self._options = options
        self._encoder = encoder

    @property
    def recipe(self) -> str:
        """The recogniser's file names its version."""
        model = _model_file("rec")
        name = model.stem if model else "none"
        pace = " quick" if self._options.quality == "fast" else ""
        return f"ocr 1{pace} {name} {_DETECTOR_PX[self._options.quality]} {self.space}"

    @property
    def space(self) -> Space:
        """The text encoder's."""
        return self._encoder.space

    def read(self, window: PictureWindow) -> Harvest:
        """See `vidcut.protocols.PictureModality`."""
        last: _Look | None = None
        shown: list[list[Line]] = []
        for sample in window.samples:
            last = self._look(sample.picture, last)
            shown.append([line for line in last.lines if _is_worth_keeping(line)])
        found = list(_lines.texts(shown, [sample.span for sample in window.samples]))
        if not found:
            return Harvest((), window.span.end)
        vectors = self._encoder.passages([text for _, text in found])
        drafts = [
            Draft(span, text, vector, language_of(text))
            for (span, text), vector in zip(found, vectors, strict=True)
        ]
        return Harvest(drafts, window.span.end)

    @cached_property
    def _engine(self) -> Any:
        return _load(self._options)

    def _look(self, picture: Picture, last: _Look | None) -> _Look:
        """Read a picture, as far as it differs from the last one."""
        height, width = picture.shape[:2]
        longer = max(height, width)
        thumbnail = _thumbnails.luma(
            picture, width * _THUMBNAIL_PX // longer or 1, height * _THUMBNAIL_PX // longer or 1
        )
        if last is not None and last.picture.shape == picture.shape:
            if np.abs(thumbnail - last.thumbnail).max() <= _UNCHANGED:
                return last  # and not this one, so that slow changes add up
        else:
            last = None
        try:
            lines = self._read_lines(picture, last)
        except (RuntimeError, ValueError) as error:
            raise MediaError(f"text on screen cannot be read ({error})") from error
        return _Look(picture, thumbnail, lines)

    def _read_lines(self, picture: Picture, last: _Look | None) -> list[Line]:
        blue_first = np.ascontiguousarray(picture[..., ::-1])
        found = self._engine(blue_first, use_det=True, use_cls=False, use_rec=False)
        corners = () if found.boxes is None else found.boxes
        lines: list[Line] = []
        fresh: list[tuple[Box, Any]] = []
        for quad in corners:
            box = _box(quad, picture)
            known = _known(box, picture, last)
            if known is None:
                fresh.append((box, quad))
            else:
                lines.append(Line(box, known.text, known.confidence))
        if fresh:
            crops = self._engine.crop_text_regions(
                blue_first, np.array([quad for _, quad in fresh], dtype=np.float32)
            )
            lines += self._recognised([box for box, _ in fresh], crops)
        return lines

    def _recognised(self, boxes: Sequence[Box], crops: Sequence[Any]) -> Iterator[Line]:
        usable = [(box, crop) for box, crop in zip(boxes, crops, strict=True) if crop.size]
        if not usable:
            return
        read = self._engine.recognize_txt([crop for _, crop in usable])
        for (box, _), text, score in zip(usable, read.txts, read.scores, strict=True):
            yield Line(box, " ".join(text.split()), float(score))


def _known(box: Box, picture: Picture, last: _Look | None) -> Line | None:
    """The last picture's line that stands in the box still."""
    if last is None:
        return None
    line = max(last.lines, key=lambda line: line.box.iou(box), default=None)
    if line is None or line.box.iou(box) < _SAME_BOX:
        return None
    before, now = _cropped(last.picture, box), _cropped(picture, box)
    difference = np.abs(before.astype(np.int16) - now).mean()
    return line if difference <= _SAME_CROP else None


def _cropped(picture: Picture, box: Box) -> Picture:
    height, width = picture.shape[:2]
    top, left = int(box.top * height), int(box.left * width)
    bottom, right = max(top + 1, int(box.bottom * height)), max(left + 1, int(box.right * width))
    return picture[top:bottom, left:right]


def _box(quad: Any, picture: Picture) -> Box:
    height, width = picture.shape[:2]
    corners = np.clip(np.asarray(quad, dtype=float) / (width, height), 0.0, 1.0)
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    return Box(float(left), float(top), float(right), float(bottom))


def _is_worth_keeping(line: Line) -> bool:
    """A lone letter or digit is mostly a lamp post; a lone Chinese character may be a sign."""
    text = _lines.plain(line.text)
    if len(text) == 1:
        return language_of(text) == "zh" and line.confidence >= _LEAST_FOR_ONE
    return bool(text) and line.confidence >= _LEAST_CONFIDENCE


def _weights(task: str, serves: str) -> Weights:
    file = _model_file(task)
    return Weights(
        model=file.stem if file else f"PP-OCR {task}",
        serves=serves,
        licence="Apache-2.0",
        place=str(file) if file else None,
        remedy=_REMEDY,
        origin=weight_files.origin("rapidocr"),
        files=weight_files.packaged("rapidocr", file.name) if file else (),
    )


def _load(options: ModalityOptions) -> Any:
    files = {task: _model_file(task) for task in ("det", "rec")}
    if None in files.values():
        raise MissingError(f"rapidocr came without its models; {_REMEDY} mends it")
    settings = {
        "Global.log_level": "critical",
        "Global.use_cls": False,
        "Det.model_path": str(files["det"]),
        "Det.limit_type": "max",
        "Det.limit_side_len": _DETECTOR_PX[options.quality],
        "Rec.model_path": str(files["rec"]),
        "EngineConfig.onnxruntime.intra_op_num_threads": options.threads,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }
    try:
        return rapidocr.RapidOCR(params=settings)
    except Exception as error:  # onnxruntime, omegaconf and rapidocr each have their own
        raise MissingError(f"rapidocr cannot be loaded ({error}); {_REMEDY} mends it") from error


def _model_file(task: str) -> Path | None:
    """The wheel's model; named to rapidocr, so that it never looks for one on the network."""
    found = sorted((Path(rapidocr.__file__).parent / "models").glob(f"*_{task}_*.onnx"))
    return found[-1] if found else None
