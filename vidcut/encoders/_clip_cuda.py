"""The picture tower of an open_clip model on a GPU: pictures go up as they are, vectors come back.

They are resized and normalised there, all of one size together, and read by batches whatever video
they are of. Not measured here, for want of a GPU: `benchmarks/gpu.py` does that. Nothing is
compiled: ``torch.compile`` costs the first minute, and at a picture a second of film the decoder
ends long after the encoder; the same benchmark says what it would bring.
"""

from __future__ import annotations

import functools
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

from vidcut.encoders import _clip, _clip_choice, _device
from vidcut.encoders._batches import Halving, failed
from vidcut.encoders._clip_export import NEAREST
from vidcut.encoders._looks import Looks
from vidcut.encoders._rows import unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from vidcut.encoders._aside import Origin
    from vidcut.encoders._clip import Clip
    from vidcut.protocols import EncoderOptions
    from vidcut.records import Picture

BATCH = 256
"""ViT-B/32 takes some 1 GB for as many, with their pictures at 640 px; where that is too much,
half of it is taken."""
_TRIED = 16
"""Pictures on which bfloat16 is held against float32, once."""


def load(origin: Origin, options: EncoderOptions) -> CudaPictures | None:
    """Read a model to the GPU; None where there is none and none was asked for.

    Raises:
        MissingError: there is none, and one was asked for.
        DeviceError: it cannot be used.
        UsageError: the weights are none of the model's.
    """
    device = _device.choose(options.device, threads=options.threads)
    if device.type != "cuda":
        return None
    clip = _clip.load(_clip_choice.parse(origin.model), origin.weights, options)
    try:
        return CudaPictures(clip, device)
    except RuntimeError as error:
        raise failed(error) from error


class CudaPictures:
    """A picture tower on a device; any device of torch's will do, for its tests too."""

    def __init__(self, clip: Clip, device: torch.device) -> None:
        model, self._preprocess, _ = clip.parts()
        self._encode = model.encode_image
        self._device = device
        self._fast: bool | None = None
        self._looks = _usual(model.visual.preprocess_cfg)
        self._batches = Halving(
            BATCH, exhausted=torch.cuda.OutOfMemoryError, release=torch.cuda.empty_cache
        )
        model.visual.to(device, memory_format=torch.channels_last)

    def images(self, pictures: Sequence[Picture]) -> Iterator[NDArray[np.float32]]:
        """One ``float32 (dim,)`` of unit length for each picture.

        Raises:
            DeviceError: the device fails, or has no room for one picture.
        """
        alike: dict[tuple[int, ...], list[int]] = {}
        for place, picture in enumerate(pictures):
            alike.setdefault(picture.shape, []).append(place)
        order = [place for places in alike.values() for place in places]
        try:
            found = self._batches.over([pictures[place] for place in order], self._rows)
            rows: list[NDArray[np.float32]] = list(found)
        except RuntimeError as error:  # torch's own for whatever a device does
            raise failed(error) from error
        yield from (rows[at] for at in np.argsort(order))

    def _rows(self, pictures: Sequence[Picture]) -> list[NDArray[np.float32]]:
        with torch.inference_mode():
            batch = torch.cat([self._prepared(some) for some in _runs(pictures)])
            if self._fast is None:
                self._fast = self._is_near(batch[:_TRIED])
            found = self._encoded(batch, fast=self._fast)
            return list(unit(found.float().cpu().numpy()))

    def _encoded(self, batch: torch.Tensor, *, fast: bool) -> torch.Tensor:
        how = torch.autocast(self._device.type, dtype=torch.bfloat16) if fast else nullcontext()
        with how:
            found: torch.Tensor = self._encode(batch)
        return found

    def _is_near(self, batch: torch.Tensor) -> bool:
        """Whether bfloat16 gives this model's vectors nearly as float32 does."""
        fast, exact = (self._encoded(batch, fast=fast).float() for fast in (True, False))
        return bool(functional.cosine_similarity(fast, exact, dim=1).min() >= NEAREST)

    def _prepared(self, pictures: Sequence[Picture]) -> torch.Tensor:
        """``float32 (n, 3, side, side)`` on the device, of pictures of one size."""
        if self._looks is None:
            image: Any = functools.partial(_of_pil, self._preprocess)
            batch = torch.stack([image(picture) for picture in pictures]).to(self._device)
        else:
            raw = torch.from_numpy(np.stack(pictures))
            raw = raw.pin_memory() if self._device.type == "cuda" else raw
            batch = prepared(raw.to(self._device, non_blocking=True), self._looks)
        return batch.contiguous(memory_format=torch.channels_last)


def prepared(raw: torch.Tensor, looks: Looks) -> torch.Tensor:
    """As `Looks.prepared`, where the pictures are, ``uint8 (n, h, w, 3)``.

    All but the odd pixel come within a level of 255; on pure noise those differ by up to 5.

    In two passes, the rows' first, each rounded to 8 bits, as PIL does it.
    """
    height, width = raw.shape[1:3]
    pixels = raw.permute(0, 3, 1, 2).float()
    wanted = looks.resized_px(width, height)
    for size in ((height, wanted[0]), wanted[::-1]):
        if size != tuple(pixels.shape[2:]):
            pixels = functional.interpolate(
                pixels, size=size, mode=looks.interpolation, antialias=True, align_corners=False
            )
            pixels = pixels.round().clamp(0, 255)
    left, top = looks.corner_px(*wanted)
    pixels = pixels[:, :, top : top + looks.side_px, left : left + looks.side_px]
    mean, std = (
        torch.tensor(list(each), device=raw.device).view(1, 3, 1, 1)
        for each in (looks.mean, looks.std)
    )
    return (pixels / 255 - mean) / std


def _runs(pictures: Sequence[Picture]) -> Iterator[list[Picture]]:
    """Neighbours of one size."""
    run: list[Picture] = []
    for picture in pictures:
        if run and picture.shape != run[0].shape:
            yield run
            run = []
        run.append(picture)
    yield run


def _of_pil(preprocess: Any, picture: Picture) -> torch.Tensor:
    from PIL import Image  # noqa: PLC0415  (few models need it)

    found: torch.Tensor = preprocess(Image.fromarray(picture))
    return found


def _usual(config: Any) -> Looks | None:
    try:
        return Looks.of(dict(config))
    except ValueError:
        return None
