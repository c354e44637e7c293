"""The one file that a store is kept in: ids and vectors, mapped into memory when read.

A header of 64 bytes (see `HEADER`), then ids ``int64 (n,)``, then vectors ``(n, dim)``, all
little-endian. The digest is taken over everything but itself. It is compared before any of
the file is used, so that a damaged file is refused and never searched.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from vidcut.errors import LibraryError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TypeAlias

    from numpy.typing import DTypeLike, NDArray

    Ids: TypeAlias = NDArray[np.int64]
    Vectors: TypeAlias = NDArray[np.floating[Any]]

HEADER = struct.Struct("<16s4sIQ32s")
"""Magic, kind of number (``<f2`` or ``<f4``), dimension, count, SHA-256."""

_MAGIC = b"vidcut vectors 1"
_DIGEST_BYTES = 32
_ID_BYTES = 8


def write(path: Path, ids: Ids, vectors: Vectors) -> None:
    """Write the file; the vectors' dtype and width are kept with them.

    Raises:
        LibraryError: the file cannot be written.
    """
    kind = vectors.dtype.newbyteorder("<")
    payload = (
        np.ascontiguousarray(ids, dtype="<i8").reshape(-1).view(np.uint8).data,
        np.ascontiguousarray(vectors, dtype=kind).reshape(-1).view(np.uint8).data,
    )
    count, dim = vectors.shape
    facts = HEADER.pack(_MAGIC, kind.str.encode(), dim, count, b"")[:-_DIGEST_BYTES]
    try:
        # A new file, never the old one cut short: a store may have that one mapped.
        path.unlink(missing_ok=True)
        with path.open("xb") as file:
            file.write(facts)
            file.write(_digest(facts, *payload))
            for part in payload:
                file.write(part)
    except OSError as error:
        message = f"the vector snapshot {path} cannot be written ({error.strerror})"
        raise LibraryError(f"{message}; make room there or make the folder writable") from error


def read(path: Path, dim: int, kind: DTypeLike) -> tuple[Ids, Vectors]:
    """Ids and vectors, mapped read-only.

    Raises:
        LibraryError: the file is not exactly what `write` made of such vectors.
    """
    try:
        data = np.asarray(np.memmap(path, dtype=np.uint8, mode="r"))
    except (OSError, ValueError) as error:  # ValueError: an empty file
        raise LibraryError(_refusal(path, "cannot be read")) from error
    dtype = np.dtype(kind).newbyteorder("<")
    vectors_at = HEADER.size + _ID_BYTES * _checked_count(path, data, dim, dtype)
    ids = data[HEADER.size : vectors_at].view("<i8")
    return ids, data[vectors_at:].view(dtype).reshape(len(ids), dim)


def _checked_count(path: Path, data: NDArray[np.uint8], dim: int, dtype: np.dtype[Any]) -> int:
    if len(data) < HEADER.size:
        raise LibraryError(_refusal(path, "is cut short"))
    magic, kind, found_dim, count, digest = HEADER.unpack(data[: HEADER.size].tobytes())
    if (magic, kind.rstrip(b"\0"), found_dim) != (_MAGIC, dtype.str.encode(), dim):
        raise LibraryError(_refusal(path, "holds something else"))
    if len(data) != HEADER.size + count * (_ID_BYTES + dim * dtype.itemsize):
        raise LibraryError(_refusal(path, "is cut short or too long"))
    parts = (data[: HEADER.size - _DIGEST_BYTES].data, data[HEADER.size :].data)
    if _digest(*parts) != digest:
        raise LibraryError(_refusal(path, "is damaged"))
    return int(count)


def _digest(*parts: bytes | memoryview) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def _refusal(path: Path, fact: str) -> str:
    return f"the vector snapshot {path} {fact}; vidcut builds it anew from the catalog"
