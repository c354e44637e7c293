"""EfficientNet-Lite2 on a GPU, by torch."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from efficientnet_lite_pytorch import EfficientNet

from vidcut.encoders import _device
from vidcut.encoders._batches import Halving, failed
from vidcut.encoders._efficientnet import DEVIATION, MEAN, Classifier, unreadable, weights_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from vidcut.encoders._efficientnet import Row, Work
    from vidcut.records import Picture

_BATCH = 64


def load(*, device: str, threads: int) -> Classifier | None:
    """Read the weights to the GPU; None where there is none and none was asked for.

    Raises:
        MissingError: they cannot be read; or there is no GPU, and one was asked for.
        DeviceError: it cannot be used.
    """
    place = _device.choose(device, threads=threads)
    return on(place) if place.type == "cuda" else None


def on(place: torch.device) -> Classifier:
    """The classifier on a device; any of torch's will do, for its tests too. Raises as `load`."""
    model = _read()
    exhausted, release = torch.cuda.OutOfMemoryError, torch.cuda.empty_cache
    batches = Halving(_BATCH, exhausted=exhausted, release=release)

    def by_batches(pictures: Sequence[Picture], work: Work) -> Iterator[Row]:
        try:
            yield from batches.over(pictures, work)
        except RuntimeError as error:  # torch's own for whatever a device does
            raise failed(error) from error

    try:
        return Classifier(partial(_probabilities, model.to(place), place), by_batches)
    except RuntimeError as error:
        raise failed(error) from error


def _read() -> Any:
    try:
        # Not by EfficientNet.from_pretrained: that prints, and would unpickle anything.
        state = torch.load(weights_path(), map_location="cpu", weights_only=True)
        model = EfficientNet.from_name("efficientnet-lite2")
        model.load_state_dict(state)
    except (OSError, RuntimeError) as error:
        raise unreadable(error) from error
    return model.eval()


def _probabilities(
    model: Any, place: torch.device, pixels: NDArray[np.uint8]
) -> NDArray[np.float32]:
    with torch.inference_mode():
        batch = torch.from_numpy(pixels).to(place).permute(0, 3, 1, 2).float()
        logits = model((batch - MEAN) / DEVIATION)
        found: NDArray[np.float32] = torch.softmax(logits, dim=1).float().cpu().numpy()
    return found
