"""Imports torchvision even where its compiled part does not fit the torch that is installed.

PyPI's torchvision is built against a CUDA torch; beside a CPU build of torch its operators do
not load, and ``import torchvision`` then fails while it describes two that nobody here calls
(``operator torchvision::nms does not exist``). open_clip only needs its image transforms.
"""

from __future__ import annotations

import importlib

import torch

_SCHEMAS = {
    "torchvision::nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "torchvision::qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}
"""As torchvision declares them in ``torchvision/csrc/ops/nms.cpp`` and ``quantized``."""


def make_importable() -> None:
    """Import torchvision; where its operators are missing, declare the two that it describes."""
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        for name, schema in _SCHEMAS.items():
            torch.library.define(name, schema)
        importlib.import_module("torchvision")
