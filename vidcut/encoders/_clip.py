"""open_clip's models on torch. Imports torch: `open_clip` loads this at the first need."""

from __future__ import annotations

import importlib
import logging
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import torch
from PIL import Image

from vidcut.encoders import _device, _hub
from vidcut.encoders._rows import unit
from vidcut.encoders._text import readable
from vidcut.encoders._torchvision import make_importable
from vidcut.errors import MissingError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from vidcut.encoders._clip_choice import Choice
    from vidcut.protocols import EncoderOptions
    from vidcut.records import Picture

_BATCH = 16
_BATCH_CUDA = 128
_LONGEST_CHARACTERS = 1000
"""CLIP's towers read 64 or 77 tokens."""
_LOOKS = ("mean", "std", "interpolation", "resize_mode")


def weights(choice: Choice) -> Any:
    """Where a tagged model's weights lie, None where they are not here."""
    facts = _facts(_open_clip(), choice)
    address, url = facts.get("hf_hub"), facts.get("url")
    return _hub.weights(address) if address else _hub.downloaded(url or "")


def load(choice: Choice, options: EncoderOptions) -> Clip:
    """Read the model, fetching what is not here unless that is forbidden.

    Raises:
        UsageError: there is no such model, or the checkpoint is not one of it.
        MissingError: weights, tokenizer or a package are not here and cannot be had.
    """
    open_clip = _open_clip()
    device = _device.choose(options.device, threads=options.threads)
    if options.offline and choice.tag is not None and weights(choice) is None:
        raise _hub.missing(f"open_clip {choice}", "not in the cache, and vidcut is offline")
    with _hub.unplugged(offline=options.offline), _quiet():
        try:
            model, preprocess = _created(open_clip, choice, device)
            name = str(choice) if choice.repo is not None else choice.name
            tokenizer = open_clip.get_tokenizer(name)
        except ImportError as error:
            reason = f"open_clip {choice} needs the package {error.name!r}"
            raise MissingError(f"{reason} ({error}); 'pip install {error.name}'") from error
        except Exception as error:
            # open_clip lets through whatever torch, safetensors, timm, transformers and
            # the hub raise, and wraps some of it in RuntimeError.
            raise _translated(choice, error) from error
    return Clip(model.eval(), preprocess, tokenizer, device)


class Clip:
    """A model in memory."""

    def __init__(self, model: Any, preprocess: Any, tokenizer: Any, device: torch.device) -> None:
        self._model = model
        self._preprocess = preprocess
        self._tokenizer = tokenizer
        self._device = device

    def text(self, text: str) -> NDArray[np.float32]:
        """``float32 (dim,)`` of unit length."""
        tokens = self._tokenizer([readable(text, longest=_LONGEST_CHARACTERS)])
        vector: NDArray[np.float32] = self._vectors(self._model.encode_text, tokens)[0]
        return vector

    def images(self, pictures: Sequence[Picture]) -> Iterator[NDArray[np.float32]]:
        """One ``float32 (dim,)`` of unit length for each picture."""
        size = _BATCH_CUDA if self._device.type == "cuda" else _BATCH
        for at in range(0, len(pictures), size):
            some = [Image.fromarray(picture) for picture in pictures[at : at + size]]
            batch = torch.stack([self._preprocess(picture) for picture in some])
            yield from self._vectors(self._model.encode_image, batch)

    def _vectors(self, encode: Any, batch: Any) -> NDArray[np.float32]:
        cuda = self._device.type == "cuda"
        fast = torch.autocast("cuda", dtype=torch.bfloat16) if cuda else nullcontext()
        with torch.inference_mode(), fast:
            found = encode(batch.to(self._device))
        return unit(found.float().cpu().numpy())


def _open_clip() -> Any:
    make_importable()
    return importlib.import_module("open_clip")


def _created(open_clip: Any, choice: Choice, device: torch.device) -> tuple[Any, Any]:
    own = choice.own_config()
    if own is not None:
        open_clip.add_model_config(own)
    looks = {}
    if choice.checkpoint is not None:
        # A checkpoint does not say how its pictures were prepared: as this model's others.
        facts = _facts(open_clip, choice)
        looks = {f"image_{key}": facts[key] for key in _LOOKS if key in facts}
    found: tuple[Any, Any] = open_clip.create_model_from_pretrained(
        str(choice) if choice.repo is not None else choice.name,
        pretrained=str(choice.checkpoint) if choice.checkpoint is not None else choice.tag,
        device=device,
        weights_only=True,
        **looks,
    )
    return found


def _facts(open_clip: Any, choice: Choice) -> dict[str, Any]:
    """What open_clip knows of a tag, or of a checkpoint's model's first tag."""
    tags = open_clip.list_pretrained_tags_by_model(choice.name)
    if choice.tag is not None and choice.tag not in tags:
        known = ", ".join(tags) or "none"
        raise UsageError(
            f"open_clip's {choice.name} has no weights {choice.tag!r}; it has: {known}"
        )
    tag = choice.tag if choice.tag is not None else next(iter(tags), None)
    return dict(open_clip.get_pretrained_cfg(choice.name, tag)) if tag is not None else {}


def _translated(choice: Choice, error: Exception) -> MissingError | UsageError:
    if isinstance(error, (MissingError, UsageError)):
        return error
    if choice.checkpoint is None:
        return _hub.missing(f"open_clip {choice}", error)
    first = str(error).strip().partition("\n")[0]
    reason = f"{choice.checkpoint} cannot be loaded as open_clip's {choice.name} ({first})"
    remedy = "give the model that it was trained as, saved as safetensors or a state_dict"
    return UsageError(f"{reason}; {remedy}")


@contextmanager
def _quiet() -> Iterator[None]:
    """Failures are told once, by what is raised.

    open_clip logs to the root logger, which then prints unless it has a handler, and the hub
    warns of each try.
    """
    root, handler = logging.getLogger(), logging.NullHandler()
    hub = logging.getLogger("huggingface_hub")
    level = hub.level
    root.addHandler(handler)
    hub.setLevel(logging.ERROR)
    try:
        yield
    finally:
        hub.setLevel(level)
        root.removeHandler(handler)
