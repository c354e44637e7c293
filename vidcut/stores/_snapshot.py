"""The one file that a store is kept in: ids and vectors, mapped into memory when read.

A header of 64 bytes (see `HEADER`), then ids ``int64 (n,)``, then vectors ``(n, dim)``, all
little-endian. The digest is taken over what the file is of and everything but itself. It is
compared before any of the file is used, so that a file that is damaged, or another's, is refused
and never searched.

The digest is the SHA-256 of what the file is of, of the header and of the sums, modulo 2^64, of
the words of each 512 bytes. So it is taken almost as fast as memory is read: 77 MiB in 5 ms of
one core, where their own SHA-256 took 47. It tells every change of a single word, and every
sector that is missing, empty, stale or out of place, as disks and torn writes leave them. Words
that changed places within one block it does not tell, and other damage to several words of one
block with a chance of 1 in 2^64. It is no seal: who can write the file can write its digest.
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
"""Magic, kind of number (``<f2`` or ``<f4``), dimension, count, digest."""

_MAGIC = b"vidcut vectors 3"
_DIGEST_BYTES = 32
_ID_BYTES = 8
_WORD = np.dtype("<u8")
_BLOCK_WORDS = 64
"""As much as the smallest sector of a disk; smaller blocks cost more than they tell."""


def write(path: Path, ids: Ids, vectors: Vectors, of: str) -> None:
    """Write the file, and what it is of; the vectors' dtype and width are kept with them.

    Raises:
        LibraryError: the file cannot be written.
    """
    kind = vectors.dtype.newbyteorder("<")
    payload = (
        np.ascontiguousarray(ids, dtype="<i8").reshape(-1).view(np.uint8),
        np.ascontiguousarray(vectors, dtype=kind).reshape(-1).view(np.uint8),
    )
    count, dim = vectors.shape
    facts = HEADER.pack(_MAGIC, kind.str.encode(), dim, count, b"")[:-_DIGEST_BYTES]
    try:
        # A new file, never the old one cut short: a store may have that one mapped.
        path.unlink(missing_ok=True)
        with path.open("xb") as file:
            file.write(facts)
            file.write(digest_of(of, facts, *payload))
            for part in payload:
                file.write(part.data)
    except OSError as error:
        message = f"the vector snapshot {path} cannot be written ({error.strerror})"
        raise LibraryError(f"{message}; make room there or make the folder writable") from error


def read(path: Path, dim: int, kind: DTypeLike, of: str) -> tuple[Ids, Vectors]:
    """Ids and vectors, mapped read-only.

    Raises:
        LibraryError: the file is not exactly what `write` made of such vectors, and of just this.
    """
    try:
        data = np.asarray(np.memmap(path, dtype=np.uint8, mode="r"))
    except (OSError, ValueError) as error:  # ValueError: an empty file
        raise LibraryError(refusal(path, "cannot be read")) from error
    dtype = np.dtype(kind).newbyteorder("<")
    vectors_at = HEADER.size + _ID_BYTES * _count(path, data, dim, dtype)
    _demand_digest(path, data, vectors_at, of)
    ids = data[HEADER.size : vectors_at].view("<i8")
    return ids, data[vectors_at:].view(dtype).reshape(len(ids), dim)


def _count(path: Path, data: NDArray[np.uint8], dim: int, dtype: np.dtype[Any]) -> int:
    if len(data) < HEADER.size:
        raise LibraryError(refusal(path, "is cut short"))
    magic, kind, found_dim, count, _ = HEADER.unpack(data[: HEADER.size].tobytes())
    if (magic, kind.rstrip(b"\0"), found_dim) != (_MAGIC, dtype.str.encode(), dim):
        raise LibraryError(refusal(path, "holds something else"))
    if len(data) != HEADER.size + count * (_ID_BYTES + dim * dtype.itemsize):
        raise LibraryError(refusal(path, "is cut short or too long"))
    return int(count)


def _demand_digest(path: Path, data: NDArray[np.uint8], vectors_at: int, of: str) -> None:
    head = data[: HEADER.size].tobytes()
    facts, digest = head[:-_DIGEST_BYTES], head[-_DIGEST_BYTES:]
    if digest_of(of, facts, data[HEADER.size : vectors_at], data[vectors_at:]) != digest:
        raise LibraryError(refusal(path, "is damaged, or another's"))


def digest_of(of: str, facts: bytes, *parts: NDArray[np.uint8]) -> bytes:
    """What a file of this, with these facts and parts, is told by, 32 bytes; see above."""
    digest = hashlib.sha256(of.encode() + b"\n" + facts)
    for part in parts:
        blocks = len(part) // (_BLOCK_WORDS * _WORD.itemsize)
        summed = blocks * _BLOCK_WORDS * _WORD.itemsize
        words = part[:summed].view(_WORD).reshape(blocks, _BLOCK_WORDS)
        digest.update(words.sum(axis=1, dtype=_WORD).tobytes())
        digest.update(part[summed:].data)
    return digest.digest()


def refusal(path: Path, fact: str) -> str:
    """What is said of a file that is not used."""
    return f"the vector snapshot {path} {fact}; vidcut builds it anew from the catalog"
