"""Pictures to vectors by open_clip: any of its models, on CPU or CUDA.

A model is a preset, ``NAME/PRETRAINED`` (``ViT-B-32/openai``), ``hf-hub:ORG/REPO`` (a library
keeps to the commit it was begun with: ``hf-hub:ORG/REPO@COMMIT``), or ``NAME=FILE``: a checkpoint
on this machine, ``.safetensors`` or a state_dict in ``.pt``, of the architecture NAME, which is
open_clip's or stands in ``NAME.json`` beside the file.

torch and open_clip are needed at the first text or picture, and then no more: `_towers` makes the
model ready for ONNX Runtime, so that a search needs neither. On a GPU, torch reads pictures.
"""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidcut import hub
from vidcut.encoders import _clip_choice, _exported, _hub
from vidcut.encoders._aside import Origin
from vidcut.encoders._exported import Shelf
from vidcut.encoders._rows import logistic
from vidcut.encoders._towers import Towers
from vidcut.errors import MissingError, VidcutError
from vidcut.records import Seen, Space
from vidcut.weights import Weights, noted_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from vidcut.encoders._clip_choice import Choice
    from vidcut.encoders._exported import Export
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
_OFFLINE = "not in the cache, and vidcut is offline"
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


def settled(model: str | None, *, offline: bool) -> str:
    """The model's name by which a library keeps to it: never other weights than today's.

    Raises:
        UsageError: it names no model.
        MissingError: it is on the hub, and cannot be had.
    """
    return str(_clip_choice.settled(_choice(model), offline=offline))


def fetch(model: str | None) -> None:
    """Bring all of a model here, checked.

    Raises:
        MissingError: it cannot be had.
    """
    choice = _choice(model)
    text = _clip_choice.config(choice, offline=False)["text_cfg"]
    _demand_transformers(choice, text)
    _hub.fetch_text_side(text)
    _fetched(choice, offline=False)


def weights() -> Sequence[Weights]:
    """The presets, and what of any model was made ready for ONNX Runtime."""
    presets = [_preset(preset, model) for preset, model in PRESETS.items()]
    return [*presets, *map(_made_ready, _exported.kept())]


def without_gpu() -> str:
    """Why torch computes on no GPU here; empty where it does. Imports torch."""
    try:
        importlib.import_module("vidcut.encoders._device").choose("cuda", threads=1)
    except (ImportError, MissingError) as error:
        return str(error)
    return ""


class OpenClipEncoder:
    """A `vidcut.protocols.ImageEncoder`."""

    def __init__(self, choice: Choice, options: EncoderOptions) -> None:
        self._choice = choice
        self._options = options
        self._space: Space | None = None
        self._towers = Towers(self._origin, self._shelf, self._text_config, options)

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
        return self._towers.text(text)

    def images(self, pictures: Sequence[Picture]) -> Sequence[Seen]:
        """One for each picture, whatever their sizes; open_clip names no labels."""
        return [Seen(vector) for vector in self._towers.images(pictures)]

    def confidence(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """By the kind of training: see `_CLIP` and `_SIGLIP`."""
        siglip = "siglip" in self._choice.name.lower()
        return logistic(cosines, **(_SIGLIP if siglip else _CLIP))

    def likeness(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `_ALIKE`."""
        return logistic(cosines, **_ALIKE)

    def _origin(self) -> Origin:
        offline, text = self._options.offline, self._text_config()
        _demand_transformers(self._choice, text)
        path = _fetched(self._choice, offline=offline)
        if not offline:
            _hub.fetch_text_side(text)
        elif not _hub.has_text_side(text):
            raise _hub.missing(f"the tokenizer of open_clip {self._choice}", _OFFLINE)
        return Origin(str(self._choice), path, self._options.threads)

    def _text_config(self) -> dict[str, Any]:
        config = _clip_choice.config(self._choice, offline=self._options.offline)
        text: dict[str, Any] = config["text_cfg"]
        return text

    def _shelf(self) -> Shelf | None:
        place = _weights_path(self._choice)
        if place is None:
            return None
        known = hub.known(hub.Address("", ""), Path(place)).digest
        return Shelf(self.space.version, known or noted_digest(Path(place)))


def _choice(model: str | None) -> Choice:
    return _clip_choice.parse(PRESETS.get(model or "fast", model or ""))


def _preset(preset: str, model: str) -> Weights:
    choice = _clip_choice.parse(model)
    path = _weights_path(choice) if cached(model) else None
    text = _clip_choice.config(choice, offline=True)["text_cfg"]
    files = [*_hub.weight_files(Path(path)), *_hub.text_files(text)] if path else []
    revision = hub.commit(Path(path)) if path else ""
    return Weights(
        model=f"open_clip {model}",
        serves=f"what is seen, preset {preset}",
        licence=_LICENCES[preset],
        place=path,
        remedy=f"vidcut index --visual-model {preset} PATH, once with a network",
        optional=True,
        origin=f"hub {_HUB_ADDRESSES[model]}@{revision[:12]}" if revision else "",
        files=files,
    )


def _made_ready(export: Export) -> Weights:
    facts = export.facts
    runtime = "torch" if export.is_on_torch else "ONNX Runtime"
    licences = {PRESETS[preset]: licence for preset, licence in _LICENCES.items()}
    return Weights(
        model=f"open_clip {facts['model']}, {facts['tower']}, {runtime} {facts['precision']}",
        serves=f"the same, at a cosine of {facts['cosine']:.4f} or more with torch's float32",
        licence=licences.get(facts["model"], "the model's own"),
        place=str(export.folder),
        remedy="an index or a search makes it anew",
        optional=True,
        origin=f"made here of sha256 {facts['weights'][:12]}",
        files=export.files,
    )


def _weights_path(choice: Choice) -> str | None:
    if choice.checkpoint is not None:
        return str(choice.checkpoint)
    address, url = _source(choice)
    found = _hub.weights_of(address, choice.revision) if address else _hub.downloaded(url)
    return str(found) if found is not None else None


def _fetched(choice: Choice, *, offline: bool) -> Path:
    """Where the weights lie, checked and, unless that is forbidden, fetched."""
    if choice.checkpoint is not None:
        return choice.checkpoint
    address, url = _source(choice)
    if address:
        return _hub.fetch_weights(address, choice.revision, offline=offline)
    here = _hub.downloaded(url)
    if offline and here is None:
        raise _hub.missing(f"open_clip {choice}", _OFFLINE)
    path: Path = here if offline and here is not None else _torch_side().download(url)
    return path


def _source(choice: Choice) -> tuple[str, str]:
    if choice.repo is not None:
        return choice.name + "/", ""
    address = _HUB_ADDRESSES.get(str(choice))
    if address is not None:
        return address, ""
    noted = _exported.source(str(choice))
    if noted is not None:
        return noted
    found: tuple[str, str] = _torch_side().source(choice)
    _exported.note_source(str(choice), *found)
    return found


def _demand_transformers(choice: Choice, text: dict[str, Any]) -> None:
    if _needs_transformers(text) and not _has_transformers():
        reason = f"open_clip {choice} reads text by the package 'transformers'"
        remedy = "'pip install transformers' brings it, '--visual-model labels' needs none"
        raise MissingError(f"{reason}, which is not installed; {remedy}")


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
