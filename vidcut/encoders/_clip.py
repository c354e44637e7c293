"""open_clip's models on torch. Imports torch: `open_clip` loads this at the first need."""

from __future__ import annotations

import copy
import hashlib
import importlib
import json
import logging
import os
import socket
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from PIL import Image

from vidcut import hub
from vidcut.encoders import _clip_choice, _hub
from vidcut.encoders._rows import unit
from vidcut.encoders._text import LONGEST_CHARACTERS, readable
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
_PATIENCE_S = 5.0
_LOOKS = ("mean", "std", "interpolation", "resize_mode")


def source(choice: Choice) -> tuple[str, str]:
    """Where a tagged model's weights are fetched: an address of the hub, or else a URL.

    Raises:
        UsageError: open_clip has no such weights.
    """
    facts = _facts(_open_clip(), choice)
    return str(facts.get("hf_hub") or ""), str(facts.get("url") or "")


def download(url: str) -> Path:
    """A file that is not the hub's; open_clip checks it by the hash in its address."""
    open_clip = _open_clip()
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_PATIENCE_S)
    try:
        return Path(open_clip.download_pretrained_from_url(url))
    except Exception as error:  # what urllib and open_clip raise has no common root
        raise _hub.missing(url, error) from error
    finally:
        socket.setdefaulttimeout(before)


def load(choice: Choice, weights: Path, options: EncoderOptions) -> Clip:
    """Read the model to the CPU from weights that are here; nothing is fetched, no program is run.

    Raises:
        UsageError: there is no such model, or the weights are none of it.
        MissingError: the tokenizer or a package is not here.
    """
    open_clip = _open_clip()
    torch.set_num_threads(max(1, options.threads))
    with hub.unplugged(), _plain_weights_only(), _quiet():
        try:
            name, looks = _architecture(open_clip, choice)
            model, preprocess = open_clip.create_model_from_pretrained(
                name,
                pretrained=str(weights),
                device="cpu",
                weights_only=True,
                **{f"image_{key}": looks[key] for key in _LOOKS if key in looks},
            )
            tokenizer = open_clip.get_tokenizer(name)
        except ImportError as error:
            reason = f"open_clip {choice} needs the package {error.name!r}"
            raise MissingError(f"{reason} ({error}); 'pip install {error.name}'") from error
        except Exception as error:
            # open_clip lets through whatever torch, safetensors, timm, transformers and
            # the hub raise, and wraps some of it in RuntimeError.
            raise _translated(choice, weights, error) from error
    return Clip(model.eval(), preprocess, tokenizer)


class Clip:
    """A model in memory, for the CPU to compute."""

    def __init__(self, model: Any, preprocess: Any, tokenizer: Any) -> None:
        self._model = model
        self._preprocess = preprocess
        self._tokenizer = tokenizer
        self._type = torch.float32

    def parts(self) -> tuple[Any, Any, Any]:
        """open_clip's model, what prepares its pictures, and its tokenizer."""
        return self._model, self._preprocess, self._tokenizer

    def text(self, text: str) -> NDArray[np.float32]:
        """``float32 (dim,)`` of unit length."""
        tokens = self._tokenizer([readable(text, longest=LONGEST_CHARACTERS)])
        vector: NDArray[np.float32] = self._vectors(self._model.encode_text, tokens)[0]
        return vector

    def images(self, pictures: Sequence[Picture]) -> Iterator[NDArray[np.float32]]:
        """One ``float32 (dim,)`` of unit length for each picture."""
        for at in range(0, len(pictures), _BATCH):
            some = [Image.fromarray(picture) for picture in pictures[at : at + _BATCH]]
            batch = torch.stack([self._preprocess(picture) for picture in some])
            yield from self._vectors(self._model.encode_image, batch.to(self._type))

    def rounded(self) -> Clip:
        """The same with the picture tower's weights in bfloat16; the rest is shared."""
        model = copy.copy(self._model)
        visual = copy.deepcopy(model.visual).bfloat16()
        model.__dict__["_modules"] = {**model._modules, "visual": visual}  # noqa: SLF001
        other = Clip(model, self._preprocess, self._tokenizer)
        other._type = torch.bfloat16
        return other

    def _vectors(self, encode: Any, batch: Any) -> NDArray[np.float32]:
        with torch.inference_mode():
            found = encode(batch)
        return unit(found.float().cpu().numpy())


def _open_clip() -> Any:
    make_importable()
    return importlib.import_module("open_clip")


def _architecture(open_clip: Any, choice: Choice) -> tuple[str, dict[str, Any]]:
    """What open_clip is to call the model, and how its pictures are prepared."""
    if choice.repo is not None:
        found = _clip_choice.hub_config(choice, offline=True)
        return _registered(open_clip, found["model_cfg"]), found.get("preprocess_cfg") or {}
    own = choice.own_config()
    if own is not None:
        open_clip.add_model_config(own)
    # A checkpoint does not say how its pictures were prepared: as this model's others.
    return choice.name, _facts(open_clip, choice)


def _registered(open_clip: Any, config: dict[str, Any]) -> str:
    """Make a repository's architecture known to open_clip, under a name that says nothing."""
    text = json.dumps(config, sort_keys=True)
    name = f"vidcut-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.json"
        path.write_text(text, encoding="utf-8")
        open_clip.add_model_config(path)
    return name


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


def _translated(choice: Choice, weights: Path, error: Exception) -> MissingError | UsageError:
    if isinstance(error, (MissingError, UsageError)):
        return error
    first = str(error).strip().partition("\n")[0] or type(error).__name__
    named = f"open_clip's {choice.name}" if choice.repo is None else str(choice)
    reason = f"{weights} cannot be loaded as {named} ({first})"
    remedy = "give the model that it was trained as, saved as safetensors or a state_dict"
    return UsageError(f"{reason}; {remedy}")


@contextmanager
def _plain_weights_only() -> Iterator[None]:
    """Makes every torch.load refuse what is not plain weights, whoever calls it and how.

    open_clip asks for that, but once more without where the first try raised TypeError; and
    transformers would ask on the terminal whether a repository's own program may run.
    """
    named = ("TORCH_FORCE_WEIGHTS_ONLY_LOAD", "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD")
    before = {name: os.environ.pop(name, None) for name in named}
    os.environ[named[0]] = "1"
    patience, code = 0, _remote_code()
    if code is not None:
        patience, code.TIME_OUT_REMOTE_CODE = code.TIME_OUT_REMOTE_CODE, 0
    try:
        yield
    finally:
        if code is not None:
            code.TIME_OUT_REMOTE_CODE = patience
        del os.environ[named[0]]
        os.environ.update({name: value for name, value in before.items() if value is not None})


def _remote_code() -> Any:
    try:
        return importlib.import_module("transformers.dynamic_module_utils")
    except ImportError:
        return None


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
