"""Files of models: are they what they are said to be? Checked once, then by size and time."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tempfile
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_dir

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHA256 = re.compile("[0-9a-f]{64}")
_GIT_BLOB = re.compile("[0-9a-f]{40}")
_NOTES = "checked.json"
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class WeightFile:
    """A file of a model, and what it must hold."""

    path: str
    digest: str
    """Its SHA-256 in hexadecimal; of a small file from a hub, what git calls its content."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A model, and where its weights lie on this machine."""

    model: str
    serves: str
    """What it does, in a few words."""
    licence: str
    place: str | None
    """A file, a folder or a package; None where they are not here."""
    remedy: str = ""
    """The command that brings them."""
    optional: bool = False
    """Whether vidcut does without it."""
    origin: str = ""
    """Where they came from: a package and its version, a repository and its revision, a join."""
    files: Sequence[WeightFile] = ()
    """What can be checked."""


def digest_of(path: Path, like: str = "") -> str:
    """A file's SHA-256, or what git calls its content where ``like`` is of that length (SHA-1)."""
    if _GIT_BLOB.fullmatch(like):
        found = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    else:
        found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            found.update(block)
    return found.hexdigest()


def noted_digest(path: Path) -> str:
    """As `digest_of`, read through once: from then on it costs a look.

    Raises:
        OSError: it cannot be read.
    """
    digest, *stamp = _noted().get(str(path)) or [""]
    if stamp == list(_stamp(path)):
        return str(digest)
    file = WeightFile(str(path), digest_of(path))
    _note(file, _stamp(path))
    return file.digest


def is_digest(text: str) -> bool:
    """Whether it has the form of one."""
    return bool(_SHA256.fullmatch(text) or _GIT_BLOB.fullmatch(text))


def holds(file: WeightFile) -> bool:
    """Whether a file is what it is said to be: read through now, whatever is noted of it.

    Raises:
        OSError: it cannot be read.
    """
    path = Path(file.path)
    stamp = _stamp(path)
    is_right = digest_of(path, file.digest) == file.digest
    _note(file, stamp if is_right else None)
    return is_right


def held(file: WeightFile) -> bool:
    """Whether it was read through and right, and has kept its size and its times since."""
    with contextlib.suppress(OSError):
        return _noted().get(file.path) == [file.digest, *_stamp(Path(file.path))]
    return False


def is_right(file: WeightFile) -> bool:
    """`held`, else `holds`: what is read through once costs a look from then on.

    Raises:
        OSError: it cannot be read.
    """
    return held(file) or holds(file)


def packaged(distribution: str, *suffixes: str) -> Sequence[WeightFile]:
    """A package's files with these endings, as its wheel's RECORD has them."""
    from importlib import metadata  # noqa: PLC0415  (10 ms, which no search needs)

    try:
        listed = metadata.files(distribution) or ()
    except metadata.PackageNotFoundError:
        return ()
    return [
        WeightFile(str(file.locate()), urlsafe_b64decode(file.hash.value + "==").hex())
        for file in listed
        if file.name.endswith(suffixes) and file.hash is not None and file.hash.mode == "sha256"
    ]


def origin(distribution: str) -> str:
    """A package and its version, as a person would name it; empty where it is not installed."""
    from importlib import metadata  # noqa: PLC0415  (as above)

    try:
        return f"package {distribution} {metadata.version(distribution)}"
    except metadata.PackageNotFoundError:
        return ""


def _stamp(path: Path) -> tuple[int, int, int]:
    """Size and times: writing into a file changes its ctime, which no program can set back."""
    facts = path.stat()
    return facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def _noted() -> dict[str, list[object]]:
    try:
        found = json.loads((_folder() / _NOTES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _note(file: WeightFile, stamp: tuple[int, int, int] | None) -> None:
    """Write down what was found; where that cannot be, it is found again the next time."""
    notes = {path: note for path, note in _noted().items() if os.path.lexists(path)}
    notes.pop(file.path, None)
    if stamp is not None:
        notes[file.path] = [file.digest, *stamp]
    with contextlib.suppress(OSError):
        _folder().mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(prefix=f".{_NOTES}.", dir=_folder())
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(notes, stream, indent=1)
        Path(aside).replace(_folder() / _NOTES)


def _folder() -> Path:
    return Path(user_cache_dir("vidcut"))
