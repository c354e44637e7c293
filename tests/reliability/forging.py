"""Files of texts that are forged: every sum and the digest are right, and a part is not."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from vidcut import posted
from vidcut.postings import Table

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from typing import TypeAlias

    from numpy.typing import NDArray

    Part: TypeAlias = NDArray[Any]

_ALIGNED = 8


def forged(data: bytes, of: str, chance: random.Random) -> tuple[bytes, str]:
    """The file with one of its parts changed, signed anew; and what was done to which."""
    parts = _parts(data)
    name = chance.choice(Table._fields)
    how = chance.choice(sorted(WAYS))
    parts[name] = WAYS[how](parts[name].copy(), chance)
    words = int(np.frombuffer(data, "<u8", 1, posted.HEADER.size)[0])
    return _signed(list(parts.values()), words, of), f"{name}: {how}"


def _parts(data: bytes) -> dict[str, Part]:
    sizes = np.frombuffer(data, "<u8", len(Table._fields), posted.HEADER.size + 8).tolist()
    at = posted.SIZED + 4 * sum(-(-size // posted.BLOCK_BYTES) for size in sizes)
    parts: dict[str, Part] = {}
    kinds: tuple[np.dtype[Any], ...] = posted.KINDS
    for name, size, kind in zip(Table._fields, sizes, kinds, strict=True):
        at += -at % _ALIGNED
        parts[name] = np.frombuffer(data, kind, size // kind.itemsize, at)
        at += size
    return parts


def _signed(parts: list[Part], words: int, of: str) -> bytes:
    raw = [part.tobytes() for part in parts]
    sizes = np.array([words, *map(len, raw)], "<u8").tobytes()
    filled = [part + bytes(-len(part) % _ALIGNED) for part in raw]
    sums = np.array(
        [
            zlib.crc32(part[at : at + posted.BLOCK_BYTES])
            for part in filled
            for at in range(0, len(part), posted.BLOCK_BYTES)
        ],
        "<u4",
    ).tobytes()
    head = posted.HEADER.pack(posted.MAGIC, posted.digest_of(of, sizes + sums)) + sizes + sums
    return head + bytes(-len(head) % _ALIGNED) + b"".join(filled)


def _one(part: Part, chance: random.Random, value: int) -> Part:
    if len(part):
        part[chance.randrange(len(part))] = np.array(value).astype(part.dtype)
    return part


def _swapped(part: Part, chance: random.Random) -> Part:
    if len(part):
        one, other = chance.randrange(len(part)), chance.randrange(len(part))
        part[[one, other]] = part[[other, one]]
    return part


def _drawn(part: Part, chance: random.Random) -> Part:
    return np.frombuffer(chance.randbytes(part.nbytes), part.dtype)


WAYS: dict[str, Callable[[Part, random.Random], Part]] = {
    "one is huge": lambda part, chance: _one(part, chance, (1 << 63) - 1),
    "one is past the end": lambda part, chance: _one(part, chance, len(part) + 1),
    "one is negative": lambda part, chance: _one(part, chance, -1),
    "one is far below nothing": lambda part, chance: _one(part, chance, -(1 << 62)),
    "one is zero": lambda part, chance: _one(part, chance, 0),
    "one is another": lambda part, chance: _one(part, chance, chance.randrange(1 << 16)),
    "two change places": _swapped,
    "backwards": lambda part, _: part[::-1],
    "all zero": lambda part, _: part * part.dtype.type(0),
    "all by chance": _drawn,
    "none": lambda part, _: part[:0],
    "one less": lambda part, _: part[:-1],
    "one more": lambda part, _: np.concatenate([part, part[-1:]]),
    "half a number less": lambda part, _: np.frombuffer(part.tobytes()[:-1], np.uint8),
    "twice": lambda part, _: np.concatenate([part, part]),
}
