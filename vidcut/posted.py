"""A table of postings in a file that is mapped: what is looked into is checked before.

The file: a header (`HEADER`), how many words its texts have and the bytes of each of its parts
``<u8``, the CRC-32 of each `BLOCK_BYTES` of them ``<u4``, and the parts as `Table` names them,
each from a multiple of 8 bytes on, all little-endian. The header's digest is over what the file
is of and all before the parts, and compared before any of it is used, so that no file passes
for another; a block's sum when a search first looks into it.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from vidcut.errors import LibraryError
from vidcut.postings import I8, U1, U4, Table, fits, has_shape

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

HEADER = struct.Struct("<16s32s")
"""Magic, and the digest of what the file is of and what follows before the parts."""
BLOCK_BYTES = 1 << 14
MAGIC = b"vidcut postings2"
_ALIGNED = 8


class DamagedError(LibraryError):
    """A file is not what was written; whose ``path`` it is."""

    def __init__(self, path: Path, fact: str) -> None:
        super().__init__(
            f"the texts' snapshot {path} {fact}; vidcut builds it anew from the catalog"
        )
        self.path = path


KINDS = (U1, I8, U1, I8, U1, I8, U4, U4, I8, U4, U4, U4)
"""Of the parts, as `Table` has them."""
SIZED = HEADER.size + 8 * (1 + len(KINDS))
"""Bytes before the blocks' sums."""


def _aligned(count: int) -> int:
    """So many bytes, and those that fill up the last word."""
    return count + -count % _ALIGNED


class Blocks:
    """A file's bytes, a block of which is compared with its sum before it is first used.

    Args:
        path: the file.
        of: what it is to be of.
    """

    def __init__(self, path: Path, of: str) -> None:
        self._path = path
        try:
            data = np.asarray(np.memmap(path, dtype=np.uint8, mode="r"))
        except (OSError, ValueError) as error:  # ValueError: an empty file
            raise DamagedError(path, "cannot be read") from error
        self.words, *sizes = self._numbers(data)
        blocks = [-(-size // BLOCK_BYTES) for size in sizes]
        summed = SIZED + 4 * sum(blocks)
        at = _aligned(summed)
        if len(data) != at + sum(map(_aligned, sizes)):
            raise DamagedError(path, "is cut short or too long")
        self._demand_head(data[:at], summed, of)
        parts = []
        for size in sizes:
            parts.append(data[at : at + _aligned(size)])
            at += _aligned(size)
        sums = np.split(data[SIZED:summed].view(U4), np.cumsum(blocks)[:-1])
        self._raw = dict(zip(Table._fields, parts, strict=True))
        self._sums = dict(zip(Table._fields, sums, strict=True))
        self._checked = {name: np.zeros(len(one), dtype=bool) for name, one in self._sums.items()}
        cut = (part[:size] for part, size in zip(parts, sizes, strict=True))
        try:
            self.table = Table(*(part.view(kind) for part, kind in zip(cut, KINDS, strict=True)))
        except ValueError as error:  # half a number
            raise self.amiss() from error
        if not has_shape(self.table):
            raise self.amiss()

    def amiss(self) -> DamagedError:
        """Of a file that is as it was written, and written wrongly."""
        return DamagedError(self._path, "contradicts itself")

    def _numbers(self, data: NDArray[np.uint8]) -> list[int]:
        """Words, and the bytes of each part."""
        if len(data) < SIZED:
            raise DamagedError(self._path, "is cut short")
        if HEADER.unpack(data[: HEADER.size].tobytes())[0] != MAGIC:
            raise DamagedError(self._path, "holds something else")
        return [int(number) for number in data[HEADER.size : SIZED].view("<u8")]

    def _demand_head(self, head: NDArray[np.uint8], summed: int, of: str) -> None:
        """Raise `DamagedError` unless all before the parts is as it was written, of just this."""
        _, digest = HEADER.unpack(head[: HEADER.size].tobytes())
        if digest_of(of, head[HEADER.size : summed].tobytes()) != digest or head[summed:].any():
            raise DamagedError(self._path, "is damaged, or another's")

    def demand(self, name: str, start: int, end: int) -> None:
        """Raise `LibraryError` unless these bytes are as they were written."""
        first, last = start // BLOCK_BYTES, -(-end // BLOCK_BYTES)
        if not self._checked[name][first:last].all():
            self._check(name, np.arange(first, last))

    def demand_each(self, name: str, places: NDArray[Any], width: int) -> None:
        """Likewise, those of numbers here and there; where they are many, all."""
        checked = self._checked[name]
        if checked.all():
            return
        shift = (BLOCK_BYTES // width).bit_length() - 1
        touched = np.zeros(len(checked), dtype=bool)
        touched[places >> shift] = True
        self._check(name, np.flatnonzero(touched))

    def _check(self, name: str, blocks: NDArray[np.int64]) -> None:
        checked, raw, sums = self._checked[name], self._raw[name], self._sums[name]
        for one in blocks[~checked[blocks]].tolist():
            if zlib.crc32(raw[one * BLOCK_BYTES : (one + 1) * BLOCK_BYTES].data) != sums[one]:
                raise DamagedError(self._path, "is damaged")
            checked[one] = True


def digest_of(of: str, head: bytes) -> bytes:
    """Of what a file is of, and what stands between the header and the parts."""
    return hashlib.sha256(of.encode() + b"\n" + head).digest()


def write(table: Table, path: Path, of: str) -> None:
    """Write the file, and what it is of.

    Raises:
        LibraryError: it cannot be written.
    """
    parts = [_raw(part) for part in table]
    numbers = [int(table.lengths.sum(dtype=I8)), *(part.nbytes for part in table)]
    sizes = np.array(numbers, dtype="<u8").tobytes()
    sums = _sums(parts).tobytes()
    header = HEADER.pack(MAGIC, digest_of(of, sizes + sums))
    filling = bytes(_aligned(SIZED + len(sums)) - SIZED - len(sums))
    try:
        path.unlink(missing_ok=True)  # a search may have that one mapped
        with path.open("xb") as file:
            for piece in (header, sizes, sums, filling):
                file.write(piece)
            for part in parts:
                file.write(part.data)
    except OSError as error:
        message = f"the texts' snapshot {path} cannot be written ({error.strerror})"
        raise LibraryError(f"{message}; make room there or make the folder writable") from error


def _raw(part: NDArray[Any]) -> NDArray[np.uint8]:
    """Its bytes, and those that fill up the last word."""
    filled = np.zeros(_aligned(part.nbytes), dtype=np.uint8)
    filled[: part.nbytes] = np.ascontiguousarray(part).view(np.uint8)
    return filled


def _sums(parts: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint32]:
    found = [
        zlib.crc32(part[at : at + BLOCK_BYTES].data)
        for part in parts
        for at in range(0, len(part), BLOCK_BYTES)
    ]
    return np.array(found, dtype=U4)


def read(path: Path, of: str) -> Table:
    """All of a file, checked.

    Raises:
        DamagedError: it is not what was written, or of something else.
    """
    blocks = Blocks(path, of)
    for name in Table._fields:
        blocks.demand(name, 0, _aligned(getattr(blocks.table, name).nbytes))
    if not fits(blocks.table):
        raise blocks.amiss()
    return blocks.table
