"""Towers of open_clip models that were made ready for this processor, in the user's cache.

Each is a folder with what is to be loaded and ``facts.json``: what it was made from, what was tried
and how near it came to torch, and the SHA-256 of its files; nothing that differs from them is
loaded. It is made aside and renamed. Where a model could not be made ready, the facts say why, so
that it is not tried at every search. Imports no torch.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import platform
import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platformdirs import user_cache_dir

from vidcut import weights
from vidcut.weights import WeightFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

WORDS, PICTURES = "words", "pictures"
_FORMAT = 2
"""Is raised where what is made, or how it is read, changes."""
_FACTS, _SOURCES = "facts.json", "sources.json"
_SHAPED_BY = ("onnx", "onnxruntime", "open_clip_torch", "torch")
_STALE_S = 24 * 3600
_log = logging.getLogger(__name__)


class RefusedError(Exception):
    """Why a tower cannot be made ready: a fact about the model, the same the next time."""


@dataclass(frozen=True, slots=True)
class Export:
    """A tower that was made ready, or the reason why it was not."""

    folder: Path
    facts: Mapping[str, Any]

    @property
    def refusal(self) -> str:
        """Why the model stays with torch; empty where it does not."""
        return str(self.facts.get("refused", ""))

    @property
    def is_on_torch(self) -> bool:
        """Whether torch in another precision turned out the quickest that is near enough."""
        return self.facts.get("runtime") == "torch"

    @property
    def files(self) -> list[WeightFile]:
        """What it is loaded from."""
        named = self.facts.get("files", {}).items()
        return [WeightFile(str(self.folder / name), digest) for name, digest in named]

    def is_whole(self) -> bool:
        """Whether every file is what was made."""
        try:
            return all(map(weights.is_right, self.files))
        except OSError:
            return False


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where the exports of one model lie."""

    version: str
    """As its `vidcut.records.Space` has it."""
    digest: str
    """Of its weights."""

    def find(self, tower: str) -> Export | None:
        """What was kept, checked; what is damaged is thrown away, to be made anew."""
        folder = self._folder(tower)
        if not folder.is_dir():
            return None
        found = _read(folder)
        if found is not None and found.is_whole():
            return found
        _log.warning("%s is damaged; it is thrown away and made anew", folder)
        shutil.rmtree(folder, ignore_errors=True)
        return None

    def keep(self, tower: str, make: Callable[[Path], dict[str, Any]]) -> Export | None:
        """What ``make`` wrote into the folder that it was given, with the facts it gave back.

        Raises:
            OSError: the cache cannot be written.
        """
        folder = self._folder(tower)
        folder.parent.mkdir(parents=True, exist_ok=True)
        _sweep(folder.parent, tower)
        aside = Path(tempfile.mkdtemp(prefix=f".{tower}.", dir=folder.parent))
        try:
            facts = {"model": self.version, "tower": tower, "weights": self.digest, **make(aside)}
            if "refused" in facts:
                shutil.rmtree(aside)
                aside.mkdir()
            _write(aside, facts)
            with suppress(OSError):  # another process was first: its own will do as well
                aside.rename(folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        return self.find(tower)

    def _folder(self, tower: str) -> Path:
        by = [f"{name} {_version(name)}" for name in _SHAPED_BY]
        made = _short(str(_FORMAT), platform.machine(), *by)
        return _home() / _short(self.version, self.digest) / f"{tower}-{made}"


def kept() -> Iterator[Export]:
    """All of them, of whatever model and however old; those that were refused are not."""
    for path in sorted(_home().glob(f"*/*-*/{_FACTS}")):
        found = _read(path.parent)
        if found is not None and not found.refusal and not path.parent.name.startswith("."):
            yield found


def source(model: str) -> tuple[str, str] | None:
    """Where open_clip's table has the weights of a model, as `note_source` was told."""
    found = _sources().get(model)
    if isinstance(found, list) and len(found) == len(("version", "hub", "url")):
        version, hub, url = map(str, found)
        return (hub, url) if version == _version("open_clip_torch") else None
    return None


def note_source(model: str, hub: str, url: str) -> None:
    """Write it down, so that a search need not import open_clip to ask."""
    noted = {**_sources(), model: [_version("open_clip_torch"), hub, url]}
    with suppress(OSError):
        _home().mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(prefix=f".{_SOURCES}.", dir=_home())
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(noted, stream, indent=1)
        Path(aside).replace(_home() / _SOURCES)


def _sources() -> dict[str, object]:
    try:
        found = json.loads((_home() / _SOURCES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _read(folder: Path) -> Export | None:
    """The facts, where they are what was written."""
    try:
        found = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
        facts = found["facts"]
        return Export(folder, facts) if found["seal"] == _seal(facts) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(folder: Path, facts: dict[str, Any]) -> None:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    facts["files"] = {path.name: weights.digest_of(path) for path in files}
    sealed = {"facts": facts, "seal": _seal(facts)}
    (folder / _FACTS).write_text(json.dumps(sealed, indent=1), encoding="utf-8")
    for path in (*files, folder / _FACTS):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sweep(home: Path, tower: str) -> None:
    """Remove what other versions made of the tower, and what was left half made."""
    for path in (*home.glob(f"{tower}-*"), *home.glob(f".{tower}.*")):
        with suppress(OSError):
            is_half_made = path.name.startswith(".")
            if not is_half_made or time.time() - path.stat().st_mtime > _STALE_S:
                shutil.rmtree(path)


def _seal(facts: Mapping[str, Any]) -> str:
    return _short(json.dumps(facts, sort_keys=True))


def _short(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def _home() -> Path:
    return Path(user_cache_dir("vidcut")) / "open_clip"
