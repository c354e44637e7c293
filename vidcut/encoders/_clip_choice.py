"""Which open_clip model is meant, and what is known of it without importing torch."""

from __future__ import annotations

import functools
import importlib.util
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vidcut import hub, weights
from vidcut.encoders import _hub
from vidcut.errors import MissingError, UsageError

HUB_PREFIX = "hf-hub:"
_FORMS = (
    "a preset (fast, balanced, best), NAME/PRETRAINED as open_clip.list_pretrained() has them, "
    "hf-hub:ORG/REPO or hf-hub:ORG/REPO@COMMIT, or NAME=FILE for a checkpoint"
)


@dataclass(frozen=True, slots=True)
class Choice:
    """One model; exactly one of ``tag``, ``repo`` and ``checkpoint`` is there."""

    name: str
    """Its architecture as open_clip calls it; for a ``repo``, the repository."""
    tag: str | None = None
    """Which of open_clip's pretrained weights."""
    repo: str | None = None
    """A repository of the hub with weights and their configuration."""
    checkpoint: Path | None = None
    """A local file with weights."""
    revision: str = "main"
    """Of a ``repo``: a commit, where it is pinned."""

    def __str__(self) -> str:
        if self.repo is not None:
            return HUB_PREFIX + self.repo + ("" if self.is_floating else f"@{self.revision}")
        if self.checkpoint is not None:
            return f"{self.name}={self.checkpoint}"
        return f"{self.name}/{self.tag}"

    @property
    def is_floating(self) -> bool:
        """Whether the weights of its name may change from one day to the next."""
        return self.repo is not None and self.revision == "main"

    def own_config(self) -> Path | None:
        """A checkpoint's architecture, where it lies beside it as ``NAME.json``."""
        if self.checkpoint is None:
            return None
        beside = self.checkpoint.with_name(f"{self.name}.json")
        return beside if beside.is_file() else None


def parse(model: str) -> Choice:
    """Read a model's name; see `_FORMS`.

    Raises:
        UsageError: it has none of the forms, or its checkpoint is not there.
    """
    if model.startswith(HUB_PREFIX):
        repo, _, revision = model.removeprefix(HUB_PREFIX).partition("@")
        if repo.count("/") == 1 and all(repo.split("/")) and "/" not in revision:
            return Choice(repo, repo=repo, revision=revision or "main")
    elif "=" in model:
        name, _, file = model.partition("=")
        checkpoint = Path(file).expanduser().absolute()
        if not checkpoint.is_file():
            raise UsageError(f"the checkpoint {checkpoint} is no file; give NAME=FILE")
        if name and not set(name) & set("/\\"):
            return Choice(name, checkpoint=checkpoint)
    else:
        name, _, tag = model.partition("/")
        if name and tag and "/" not in tag:
            return Choice(name, tag=tag)
    raise UsageError(f"{model!r} names no open_clip model; give {_FORMS}")


def config(choice: Choice, *, offline: bool) -> dict[str, Any]:
    """The model's architecture, with ``embed_dim``, ``vision_cfg`` and ``text_cfg``.

    Raises:
        UsageError: open_clip knows no such model, or its configuration wants what none needs to.
        MissingError: it is on the hub, and cannot be had.
    """
    if choice.repo is not None:
        found: dict[str, Any] = hub_config(choice, offline=offline)["model_cfg"]
    else:
        own = choice.own_config()
        found = _read(own if own is not None else _shipped(choice))
    text = found.get("text_cfg")
    if not isinstance(text, dict) or not isinstance(found.get("embed_dim"), int):
        raise UsageError(f"the configuration of {choice} is none of open_clip's; give another")
    _demand_harmless(choice, text)
    return found


def hub_config(choice: Choice, *, offline: bool) -> dict[str, Any]:
    """What a repository says of its model: ``model_cfg`` and ``preprocess_cfg``.

    Raises:
        UsageError: it is no model of open_clip's.
        MissingError: it cannot be had.
    """
    address = hub.Address(choice.name, _hub.CONFIG, choice.revision)
    path = hub.fetched(address, offline=offline)
    if path is None:
        raise UsageError(
            f"{choice} has no {_hub.CONFIG}, so open_clip cannot read it; give another"
        )
    found = _read(path)
    if not isinstance(found.get("model_cfg"), dict):
        raise UsageError(f"{path} is no model configuration; give another model")
    return found


def settled(choice: Choice, *, offline: bool) -> Choice:
    """The same model by the commit that its name stands for today, so that it stays the same.

    Raises:
        MissingError: it is on the hub, and cannot be had.
    """
    if not choice.is_floating:
        return choice
    hub_config(choice, offline=offline)
    path = hub.cached(hub.Address(choice.name, _hub.CONFIG, choice.revision))
    revision = hub.commit(path) if path is not None else ""
    return replace(choice, revision=revision or choice.revision)


def version(choice: Choice) -> str:
    """Names the weights: for a checkpoint by what the file holds, not by where it lies."""
    if choice.checkpoint is None:
        return str(choice)
    digest = weights.noted_digest(choice.checkpoint)
    return f"{choice.name}@sha256:{digest[:12]}"


def _demand_harmless(choice: Choice, text: dict[str, Any]) -> None:
    key = _hub.unclean(text)
    if key is not None:
        fact = f"the configuration of {choice} sets {key!r} for its tokenizer"
        raise UsageError(f"{fact}, which could run a program of its own; give another model")
    for what in ("hf_model_name", "hf_tokenizer_name"):
        name = str(text.get(what) or "a/b")
        if name.startswith(("/", ".", "~")) or name.count("/") > 1:
            fact = f"the configuration of {choice} takes its {what} from the folder {name!r}"
            raise UsageError(f"{fact}; name a repository of the hub there")
    if (
        "siglip" in choice.name.lower()
        and choice.repo is None
        and not text.get("hf_tokenizer_name")
    ):
        # open_clip would fetch one from an address of its own, without a check.
        fact = f"the configuration of {choice} names no tokenizer"
        raise UsageError(f"{fact}; give its text_cfg an hf_tokenizer_name")


def _shipped(choice: Choice) -> Path:
    path = _open_clip_folder() / "model_configs" / f"{choice.name}.json"
    if not path.is_file():
        raise UsageError(f"open_clip has no model called {choice.name!r}; give {_FORMS}")
    return path


@functools.cache
def _open_clip_folder() -> Path:
    spec = importlib.util.find_spec("open_clip")
    if spec is None or spec.origin is None:
        raise MissingError("open_clip is not installed; 'pip install open_clip_torch' mends it")
    return Path(spec.origin).parent


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} is no model configuration ({error}); mend it") from error
    if not isinstance(found, dict):
        raise UsageError(f"{path} is no model configuration; mend it")
    return found
