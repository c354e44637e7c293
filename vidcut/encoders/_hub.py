"""What the Hugging Face cache holds, and fetching what it does not. Imports no torch."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import huggingface_hub
from huggingface_hub import constants

from vidcut.errors import MissingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CONFIG = "open_clip_config.json"
_WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
"""As open_clip looks for them."""
_TOKENIZERS = ("tokenizer.json", "sentencepiece.bpe.model", "spiece.model", "vocab.txt")
_SWITCHES = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")


def weights(address: str) -> Path | None:
    """Weights in the cache; ``address`` as open_clip has it, ``ORG/REPO/`` and maybe a file."""
    repo, _, file = address.rpartition("/")
    names = (str(Path(file).with_suffix(".safetensors")), file) if file else _WEIGHTS
    return next(filter(None, (_cached(repo, name) for name in names)), None)


def downloaded(url: str) -> Path | None:
    """A file that open_clip fetched from an address that is not the hub's."""
    path = Path("~/.cache/clip").expanduser() / url.rpartition("/")[2]
    return path if path.is_file() else None


def has_text_side(text: Mapping[str, object]) -> bool:
    """Whether a text tower's configuration and tokenizer are here, where they are the hub's."""
    tower, tokenizer = text.get("hf_model_name"), text.get("hf_tokenizer_name")
    if tower and _cached(str(tower), "config.json") is None:
        return False
    return not tokenizer or any(_cached(str(tokenizer), name) for name in _TOKENIZERS)


def fetched(repo: str, file: str, *, offline: bool) -> str:
    """A file of a repository, from the cache or the network.

    Raises:
        MissingError: it is in neither.
    """
    here = _cached(repo, file)
    if here is not None:
        return str(here)
    if offline:
        raise missing(f"{repo}/{file}", "it is not in the cache, and vidcut is offline")
    try:
        return huggingface_hub.hf_hub_download(repo, file)
    except (OSError, ValueError) as error:  # what it raises on purpose is one or the other
        raise missing(f"{repo}/{file}", error) from error


def missing(what: str, why: object) -> MissingError:
    """What to raise where weights cannot be had."""
    first = str(why).strip().partition("\n")[0]
    remedy = "use '--visual-model labels', or set HF_ENDPOINT to a mirror that answers"
    return MissingError(f"{what} cannot be fetched ({first}); {remedy}")


@contextmanager
def unplugged(*, offline: bool) -> Iterator[None]:
    """Keeps the hub's libraries from the network: they read these when imported, or later."""
    if not offline:
        yield
        return
    before = {name: os.environ.get(name) for name in _SWITCHES}
    online = constants.HF_HUB_OFFLINE
    os.environ.update(dict.fromkeys(_SWITCHES, "1"))
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = online
        for name, value in before.items():
            os.environ.pop(name)
            os.environ.update({name: value} if value is not None else {})


def _cached(repo: str, file: str) -> Path | None:
    try:
        found = huggingface_hub.try_to_load_from_cache(repo, file)
    except ValueError:  # no repository could have this name
        return None
    return Path(found) if isinstance(found, str) else None
