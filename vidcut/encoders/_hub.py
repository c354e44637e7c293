"""Which files of the hub an open_clip model is made of. Imports no torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vidcut import hub, weights
from vidcut.hub import Address, cached
from vidcut.hub import missing as missing  # noqa: PLC0414  (what the family raises)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vidcut.weights import WeightFile

CONFIG = "open_clip_config.json"
_WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
"""As open_clip looks for them: what cannot hold a program comes first."""
_TOKENIZERS = ("tokenizer.json", "sentencepiece.bpe.model", "spiece.model", "vocab.txt")
_TEXT_SIDE = (
    "config.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    *_TOKENIZERS,
)
"""All that a tokenizer and a text tower's architecture are read from; most have but a few."""
_CLEAN_KEYS = frozenset(("clean", "strip_sep_token", "language", "context_length"))
"""What open_clip's own models say of their tokenizers. The rest would go on to transformers, which
runs a repository's own program where it is told ``trust_remote_code``."""


def weights_of(address: str, revision: str = "main") -> Path | None:
    """Weights in the cache; ``address`` as open_clip has it, ``ORG/REPO/`` and maybe a file."""
    return next(filter(None, map(cached, _weights(address, revision))), None)


def fetch_weights(address: str, revision: str = "main", *, offline: bool) -> Path:
    """As `weights_of`, or from the network, and checked.

    Raises:
        MissingError: they cannot be had, or are not what they are to be.
    """
    named = _weights(address, revision)
    wanted = [one for one in named if cached(one)] if offline else named
    for one in wanted:
        path = hub.fetched(one, offline=offline)
        if path is not None:
            return path
    why = "not in the cache, and vidcut is offline" if offline else "it has no weights"
    raise missing(address.rstrip("/"), why)


def downloaded(url: str) -> Path | None:
    """A file that open_clip fetched from an address that is not the hub's."""
    path = Path("~/.cache/clip").expanduser() / url.rpartition("/")[2]
    return path if path.is_file() else None


def has_text_side(text: Mapping[str, object]) -> bool:
    """Whether a text tower's configuration and tokenizer are here, where they are the hub's."""
    tower, tokenizer = text.get("hf_model_name"), text.get("hf_tokenizer_name")
    if tower and cached(Address(str(tower), "config.json")) is None:
        return False
    return not tokenizer or any(cached(Address(str(tokenizer), name)) for name in _TOKENIZERS)


def fetch_text_side(text: Mapping[str, object]) -> None:
    """Bring a text tower's configuration and tokenizer here, checked, where they are the hub's.

    Raises:
        MissingError: they cannot be had.
    """
    if has_text_side(text):
        return
    for repo in _text_repositories(text):
        found = [hub.fetched(Address(repo, name), offline=False) for name in _TEXT_SIDE]
        if not any(found):
            raise missing(repo, "it has neither tokenizer nor configuration")


def text_files(text: Mapping[str, object]) -> Iterator[WeightFile]:
    """What of it is in the cache, and what it must hold."""
    for repo in _text_repositories(text):
        for name in _TEXT_SIDE:
            address = Address(repo, name)
            path = cached(address)
            if path is not None and (file := hub.known(address, path)).digest:
                yield file


def weight_files(path: Path) -> Iterator[WeightFile]:
    """A cached file, and what it must hold, where its name in the cache tells."""
    name = path.resolve().name
    if weights.is_digest(name):
        yield hub.known(Address("", ""), path)


def unclean(text: Mapping[str, object]) -> str | None:
    """What a model's configuration says of its tokenizer beyond what any model needs to."""
    said = text.get("tokenizer_kwargs") or {}
    names = sorted(set(said) - _CLEAN_KEYS) if isinstance(said, dict) else [str(said)]
    return names[0] if names else None


def _weights(address: str, revision: str) -> list[Address]:
    repo, _, file = address.rpartition("/")
    names = (str(Path(file).with_suffix(".safetensors")), file) if file else _WEIGHTS
    return [Address(repo, name, revision) for name in dict.fromkeys(names)]


def _text_repositories(text: Mapping[str, object]) -> list[str]:
    named = (text.get("hf_model_name"), text.get("hf_tokenizer_name"))
    return [str(name) for name in dict.fromkeys(named) if name]
