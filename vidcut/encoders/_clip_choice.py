"""Which open_clip model is meant, and what is known of it without importing torch."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidcut.encoders import _hub
from vidcut.errors import MissingError, UsageError

HUB_PREFIX = "hf-hub:"
_FORMS = (
    "a preset (fast, balanced, best), NAME/PRETRAINED as open_clip.list_pretrained() has them, "
    "hf-hub:ORG/REPO, or NAME=FILE for a checkpoint"
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

    def __str__(self) -> str:
        if self.repo is not None:
            return HUB_PREFIX + self.repo
        if self.checkpoint is not None:
            return f"{self.name}={self.checkpoint}"
        return f"{self.name}/{self.tag}"

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
        repo = model.removeprefix(HUB_PREFIX)
        if repo.count("/") == 1 and all(repo.split("/")):
            return Choice(repo, repo=repo)
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
        UsageError: open_clip knows no such model.
        MissingError: it is on the hub, and cannot be had.
    """
    if choice.repo is not None:
        found = _hub.fetched(choice.repo, _hub.CONFIG, offline=offline)
        return _read(Path(found))["model_cfg"]  # type: ignore[no-any-return]  # JSON is Any
    own = choice.own_config()
    if own is not None:
        return _read(own)
    shipped = _open_clip_folder() / "model_configs" / f"{choice.name}.json"
    if not shipped.is_file():
        raise UsageError(f"open_clip has no model called {choice.name!r}; give {_FORMS}")
    return _read(shipped)


def version(choice: Choice) -> str:
    """Names the weights: for a checkpoint by what the file holds, not by where it lies."""
    if choice.checkpoint is None:
        return str(choice)
    with choice.checkpoint.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return f"{choice.name}@sha256:{digest[:12]}"


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
    return found
