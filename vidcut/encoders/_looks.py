"""Pictures as a model wants them, without torch: the same numbers as open_clip's transforms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from vidcut.records import Picture

_FILTERS = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}


@dataclass(frozen=True, slots=True)
class Looks:
    """How a model's pictures are prepared."""

    side_px: int
    """They are squares."""
    mean: Sequence[float]
    std: Sequence[float]
    interpolation: str
    is_squashed: bool
    """Brought to that square, else cut from the middle."""

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Looks:
        """By open_clip's ``preprocess_cfg``.

        Raises:
            ValueError: it is none of the usual ones.
        """
        size = config["size"]
        sides = {size} if isinstance(size, int) else set(size)
        mode, filtered = config["resize_mode"], config["interpolation"]
        if len(sides) != 1 or mode not in {"shortest", "squash"} or filtered not in _FILTERS:
            raise ValueError(f"its pictures are prepared in a way of their own: {dict(config)}")
        mean, std = tuple(config["mean"]), tuple(config["std"])
        return cls(sides.pop(), mean, std, filtered, is_squashed=mode == "squash")

    def prepared(self, picture: Picture) -> NDArray[np.float32]:
        """``float32 (1, 3, side, side)``."""
        small = np.asarray(self._resized(Image.fromarray(picture)))
        found = np.empty((1, 3, self.side_px, self.side_px), dtype=np.float32)
        levels = np.arange(256, dtype=np.float32) / np.float32(255)
        for channel, (mean, std) in enumerate(zip(self.mean, self.std, strict=True)):
            shades = (levels - np.float32(mean)) / np.float32(std)
            np.take(shades, small[..., channel], out=found[0, channel])
        return found

    def resized_px(self, width: int, height: int) -> tuple[int, int]:
        """Width and height that a picture is brought to, before it is cut."""
        side = self.side_px
        if self.is_squashed:
            return side, side
        shorter = min(width, height)
        return side * width // shorter, side * height // shorter

    def corner_px(self, width: int, height: int) -> tuple[int, int]:
        """Left and top of what is cut from the middle.

        Half a pixel goes to the even side, as torchvision's CenterCrop has it.
        """
        return round((width - self.side_px) / 2), round((height - self.side_px) / 2)

    def _resized(self, image: Image.Image) -> Image.Image:
        side, how = self.side_px, _FILTERS[self.interpolation]
        wanted = self.resized_px(*image.size)
        if wanted != image.size:
            image = image.resize(wanted, how)
        left, top = self.corner_px(*wanted)
        return image.crop((left, top, left + side, top + side))
