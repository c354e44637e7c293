"""Pictures to vectors by open_clip: any of its models, on CPU or CUDA.

A model is a preset, ``NAME/PRETRAINED`` (``ViT-B-32/openai``), ``hf-hub:ORG/REPO``, or
``NAME=FILE``: a checkpoint on this machine, ``.safetensors`` or a state_dict in ``.pt``, of the
architecture NAME, which is open_clip's or stands in ``NAME.json`` beside the file.

torch and open_clip are imported at the first text or picture, not before.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

from vidcut.encoders import _clip_choice, _hub
from vidcut.encoders._rows import logistic
from vidcut.errors import MissingError, VidcutError
from vidcut.records import Seen, Space, Weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from vidcut.encoders._clip_choice import Choice
    from vidcut.protocols import EncoderOptions
    from vidcut.records import Picture, Vector

DEFAULT_MODEL = "xlm-roberta-base-ViT-B-32/laion5b_s13b_b90k"
PRESETS = {
    # At ViT-B/32's cost, Chinese recall on Crossmodal-3600 is 72.5 (SigLIP2-B/16: 64.4).
    "fast": DEFAULT_MODEL,
    # Four times as many patches: finer detail, better in English; Chinese as above.
    "balanced": "ViT-B-16-SigLIP2-256/webli",
    # The largest that is multilingual; 40 times the cost of ViT-B/32, so for a GPU.
    "best": "xlm-roberta-large-ViT-H-14/frozen_laion5b_s13b_b90k",
}
_HUB_ADDRESSES = {
    "xlm-roberta-base-ViT-B-32/laion5b_s13b_b90k": (
        "laion/CLIP-ViT-B-32-xlm-roberta-base-laion5B-s13B-b90k/"
    ),
    "ViT-B-16-SigLIP2-256/webli": "timm/ViT-B-16-SigLIP2-256/",
    "xlm-roberta-large-ViT-H-14/frozen_laion5b_s13b_b90k": (
        "laion/CLIP-ViT-H-14-frozen-xlm-roberta-large-laion5B-s13B-b90k/"
    ),
}
"""Where open_clip finds the presets' weights: asking its own table would import torch."""
_LICENCES = {"fast": "MIT", "balanced": "Apache-2.0", "best": "MIT"}

# Not measured here, for want of weights. CLIP is trained by a softmax over its cosines times
# 100: a picture and its caption lie around 0.3, strangers at 0.1 to 0.2 (Radford et al., 2021).
_CLIP = {"middle": 0.24, "slope": 50.0}
# SigLIP is trained by a sigmoid of some 112 times the cosine less 16.5, where captions that are
# shorter than those of its training stay below a half (Zhai et al., 2023; Tschannen et al., 2025).
_SIGLIP = {"middle": 0.10, "slope": 80.0}

# Two pictures of one thing lie at 0.8 and above, of two things mostly at 0.4 to 0.7: not measured
# here either.
_ALIKE = {"middle": 0.8, "slope": 25.0}


def create(options: EncoderOptions) -> OpenClipEncoder:
    """Ready at once.

    Raises:
        UsageError: the model's name is none.
    """
    return OpenClipEncoder(_choice(options.model), options)


def cached(model: str | None) -> bool:
    """Whether a model is all here: weights, tokenizer, and the package that reads it.

    Imports torch only for ``NAME/PRETRAINED`` other than the presets.
    """
    try:
        choice = _choice(model)
        config = _clip_choice.config(choice, offline=True)
    except VidcutError:
        return False
    text = config["text_cfg"]
    if _needs_transformers(text) and not _has_transformers():
        return False
    return _weights_path(choice) is not None and _hub.has_text_side(text)


def weights() -> Sequence[Weights]:
    """The presets."""
    return [
        Weights(
            model=f"open_clip {model}",
            serves=f"what is seen, preset {preset}",
            licence=_LICENCES[preset],
            place=_weights_path(_clip_choice.parse(model)) if cached(model) else None,
            remedy=f"vidcut index --visual-model {preset} PATH, once with a network",
            optional=True,
        )
        for preset, model in PRESETS.items()
    ]


class OpenClipEncoder:
    """A `vidcut.protocols.ImageEncoder`."""

    def __init__(self, choice: Choice, options: EncoderOptions) -> None:
        self._choice = choice
        self._options = options
        self._space: Space | None = None
        self._model: Any = None

    @property
    def space(self) -> Space:
        """The space; a checkpoint's file is read through once, to name what it holds."""
        if self._space is None:
            config = _clip_choice.config(self._choice, offline=self._options.offline)
            version = _clip_choice.version(self._choice)
            self._space = Space("open_clip", int(config["embed_dim"]), version)
        return self._space

    def query(self, text: str) -> Vector:
        """``float32 (dim,)`` of unit length."""
        vector: Vector = self._loaded().text(text)
        return vector

    def images(self, pictures: Sequence[Picture]) -> Sequence[Seen]:
        """One for each picture, whatever their sizes; open_clip names no labels."""
        return [Seen(vector) for vector in self._loaded().images(pictures)]

    def confidence(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """By the kind of training: see `_CLIP` and `_SIGLIP`."""
        siglip = "siglip" in self._choice.name.lower()
        return logistic(cosines, **(_SIGLIP if siglip else _CLIP))

    def likeness(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `_ALIKE`."""
        return logistic(cosines, **_ALIKE)

    def _loaded(self) -> Any:
        if self._model is None:
            config = _clip_choice.config(self._choice, offline=self._options.offline)
            if _needs_transformers(config["text_cfg"]) and not _has_transformers():
                reason = f"open_clip {self._choice} reads text by the package 'transformers'"
                remedy = "'pip install transformers' brings it, '--visual-model labels' needs none"
                raise MissingError(f"{reason}, which is not installed; {remedy}")
            self._model = _torch_side().load(self._choice, self._options)
        return self._model


def _choice(model: str | None) -> Choice:
    return _clip_choice.parse(PRESETS.get(model or "fast", model or ""))


def _weights_path(choice: Choice) -> str | None:
    if choice.checkpoint is not None:
        return str(choice.checkpoint)
    address = _HUB_ADDRESSES.get(str(choice))
    if choice.repo is not None:
        address = choice.repo + "/"
    found = _hub.weights(address) if address else _torch_side().weights(choice)
    return str(found) if found is not None else None


def _needs_transformers(text: dict[str, Any]) -> bool:
    return bool(text.get("hf_tokenizer_name") or text.get("hf_model_name"))


def _has_transformers() -> bool:
    try:
        return importlib.util.find_spec("transformers") is not None
    except ValueError:  # it is known to be missing
        return False


def _torch_side() -> Any:
    try:
        return importlib.import_module("vidcut.encoders._clip")
    except ImportError as error:
        reason = f"open_clip needs the package {error.name!r}, which cannot be imported"
        remedy = "'vidcut doctor' names the command that mends it"
        raise MissingError(f"{reason} ({error}); {remedy}") from error
