"""Many vectors in lists of like ones, of which a query looks into the nearest (IVF).

The rows are those of the flat snapshot, float16 and whole: who looks into every list has the
exact answer, and a list that is looked into gives exact cosines. A query looks into the lists
whose centres are nearly as near as the nearest one. How nearly is settled when the file is
written, by queries whose exact answers are known. Of a text that is near to nothing, that is
many lists; as many for each query would be too few for those, and too many for the others.

The file: a header (`HEADER`), the lists' centres ``float32 (lists, dim)``, where each list's
rows begin ``int64 (lists + 1,)``, a digest of each list's ids and rows, then ids ``int64 (n,)``
list by list and rows ``int32 (n,)`` in the order of their ids, then the vectors ``(n, dim)``,
all little-endian. The header's digest is over what the file is of and all before the ids, and
compared before any of it is used. A list's own is compared when a query first looks into it: a
search of ten million chunks pays for what it reads.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vidcut.errors import LibraryError
from vidcut.stores import _scan
from vidcut.stores._best import best
from vidcut.stores._snapshot import digest_of, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from vidcut.records import Vector

HEADER = struct.Struct("<16sIIffQ16s32s")
"""Magic, dimension, lists, how far in cosine a list's centre may be from the nearest one, the share
of rows that the queries looked into that settled it, rows, the digest of ids and their order, and
of what the file is of and all before the ids."""
MAGIC = b"vidcut lists 2\0\0"
LEAST = 1 << 17
"""Rows from which on lists pay: a flat scan of as many takes 10 ms (benchmarks/scale.py)."""
_RECALL, _MARGIN = 0.999, 1.1
"""What of the ten nearest the queries that settle it are to find, and how much further then others
look. Texts by e5, among 300,000 made sentences: 0.995 of the ten nearest at a distance of 0.086,
where these came to 0.104 (benchmarks/scale.py)."""
_NEAREST = 10
_QUERIES = 256
_ROWS_A_LIST = 250
_TAUGHT = 20
"""Rows a list by which its centre is found."""
_SHARE = 0.25
"""Of the rows: who looks into more had better scan them as they lie."""
_NOISE = 5.0
_BLOCK = 16_384
_SUM_BYTES, _DIGEST_BYTES = 16, 32
_FEW_ROWS = 20_000
"""Rows that are looked up one by one where only these are allowed."""


def write(path: Path, ids: NDArray[np.int64], vectors: NDArray[np.float16], of: str) -> bool:
    """Write the file, and what it is of; whether lists pay here, else nothing is written.

    Raises:
        LibraryError: the file cannot be written.
    """
    plan = _planned(vectors)
    if plan is None:
        return False
    order = np.argsort(plan.nearest, kind="stable")
    sizes = np.bincount(plan.nearest, minlength=len(plan.centres))
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype("<i8")
    ids = ids[order].astype("<i8")
    by_id = np.argsort(ids, kind="stable").astype("<i4")
    sums = b"".join(
        _sum(ids[start:end], vectors[order[start:end]]) for start, end in _pairs(starts)
    )
    facts = (len(plan.centres), plan.reach, plan.share, len(ids))
    header = HEADER.pack(MAGIC, vectors.shape[1], *facts, _sum(ids, by_id), b"")
    header = header[:-_DIGEST_BYTES]
    table = (plan.centres.astype("<f4"), starts, np.frombuffer(sums, np.uint8))
    try:
        path.unlink(missing_ok=True)
        with path.open("xb") as file:
            file.write(header + digest_of(of, header, *map(_bytes, table)))
            for part in (*table, ids, by_id):
                file.write(_bytes(part).data)
            file.write(bytes(-file.tell() % _ALIGNED))
            for start in range(0, len(order), _BLOCK):
                rows = vectors[order[start : start + _BLOCK]]
                file.write(_bytes(rows.astype("<f2", copy=False)).data)
    except OSError as error:
        message = f"the vector snapshot {path} cannot be written ({error.strerror})"
        raise LibraryError(f"{message}; make room there or make the folder writable") from error
    return True


_ALIGNED = 64


class Lists:
    """A file of `write`, of just this, mapped read-only.

    Raises:
        LibraryError: it is not what was written; of a list, when a query looks into it.
    """

    def __init__(self, path: Path, dim: int, of: str) -> None:
        self._path = path
        try:
            data = np.asarray(np.memmap(path, dtype=np.uint8, mode="r"))
        except (OSError, ValueError) as error:  # ValueError: an empty file
            raise LibraryError(refusal(path, "cannot be read")) from error
        if len(data) < HEADER.size:
            raise LibraryError(refusal(path, "is cut short"))
        facts = HEADER.unpack(data[: HEADER.size].tobytes())
        magic, found_dim, lists, self._reach, _, rows, self._directory, whole = facts
        if (magic, found_dim) != (MAGIC, dim):
            raise LibraryError(refusal(path, "holds something else"))
        ends = np.cumsum([HEADER.size, lists * dim * 4, (lists + 1) * 8, lists * _SUM_BYTES])
        ids_at = int(ends[-1])
        vectors_at = ids_at + rows * 12 + -(ids_at + rows * 12) % _ALIGNED
        if len(data) != vectors_at + rows * dim * 2:
            raise LibraryError(refusal(path, "is cut short or too long"))
        table = [data[start:end] for start, end in _pairs(ends)]
        found = digest_of(of, data[: HEADER.size - _DIGEST_BYTES].tobytes(), *table)
        if found != whole or data[ids_at + rows * 12 : vectors_at].any():
            raise LibraryError(refusal(path, "is damaged, or another's"))
        self._centres = table[0].view("<f4").reshape(lists, dim)
        self._starts = table[1].view("<i8")
        self._sums = table[2]
        self.ids = data[ids_at : ids_at + rows * 8].view("<i8")
        self._by_id = data[ids_at + rows * 8 : ids_at + rows * 12].view("<i4")
        self.vectors = data[vectors_at:].view(np.float16).reshape(rows, dim)
        self._checked = np.zeros(lists, dtype=bool)
        self._directory_checked = False

    def __len__(self) -> int:
        return len(self.ids)

    def search(
        self, vector: Vector, count: int, among: NDArray[np.int64] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Ids and cosines, best first: exact where ``among`` limits them, else about so."""
        count = min(count, len(self))
        if count <= 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        rows = self._nearest(vector, count) if among is None else self._among(vector, count, among)
        return best(self.ids[rows], self.vectors[rows].astype(np.float32), vector, count)

    def check(self) -> None:
        """Compare every list with its digest."""
        self._demand_directory()
        self._demand(np.arange(len(self._checked)))

    def _nearest(self, vector: Vector, count: int) -> NDArray[np.int64]:
        # By one thread: those of a matrix product wait for each other longer than this takes.
        nearness = np.einsum("ij,j->i", self._centres, vector)
        order = np.argsort(-nearness, kind="stable")
        looks = int(np.count_nonzero(nearness >= nearness[order[0]] - self._reach))
        sizes = np.diff(self._starts)[order]
        enough = int(np.searchsorted(np.cumsum(sizes), count)) + 1
        chosen = np.sort(order[: max(looks, enough)])
        self._demand(chosen)
        parts = [(int(self._starts[one]), int(self._starts[one + 1])) for one in chosen]
        asked = count + _scan.SPARE + count // 4
        return _scan.scan(self.vectors, vector, min(asked, len(self)), parts=parts)[1]

    def _among(self, vector: Vector, count: int, among: NDArray[np.int64]) -> NDArray[np.int64]:
        self._demand_directory()
        rows = self._rows_of(among)
        lists = np.unique(np.searchsorted(self._starts, rows, side="right") - 1)
        self._demand(lists)
        if len(rows) <= _FEW_ROWS:
            return rows
        asked = min(count + _scan.SPARE + count // 4, len(rows))
        return _scan.scan(self.vectors, vector, asked, among=rows)[1]

    def _rows_of(self, among: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where these ids stand; those that are not here are passed over."""
        wanted = np.unique(among)
        places = np.searchsorted(self.ids, wanted, sorter=self._by_id)
        rows = self._by_id[np.minimum(places, len(self) - 1)].astype(np.int64)
        found: NDArray[np.int64] = rows[self.ids[rows] == wanted]
        return found

    def _demand(self, lists: NDArray[np.intp]) -> None:
        for one in lists[~self._checked[lists]].tolist():
            start, end = int(self._starts[one]), int(self._starts[one + 1])
            known = self._sums[one * _SUM_BYTES : (one + 1) * _SUM_BYTES].tobytes()
            if _sum(self.ids[start:end], self.vectors[start:end]) != known:
                raise LibraryError(refusal(self._path, "is damaged"))
            self._checked[one] = True

    def _demand_directory(self) -> None:
        if not self._directory_checked and _sum(self.ids, self._by_id) != self._directory:
            raise LibraryError(refusal(self._path, "is damaged"))
        self._directory_checked = True


class _Plan(NamedTuple):
    centres: NDArray[np.float32]
    nearest: NDArray[np.int32]
    """Of each row the list whose centre is nearest to it."""
    reach: float
    share: float


def _planned(vectors: NDArray[np.float16]) -> _Plan | None:
    """The lists, and how far a query looks; None where they do not pay."""
    chance = np.random.default_rng(1)
    count = len(vectors) // _ROWS_A_LIST
    taught = np.sort(chance.choice(len(vectors), min(len(vectors), _TAUGHT * count), replace=False))
    centres = _scan.centres(vectors[taught].astype(np.float32), count)
    queries = _queries(vectors, chance)
    nearest, found = _exact(vectors, centres, queries)
    nearness = queries @ centres.T
    behind = nearness.max(axis=1, keepdims=True) - nearness
    reach = _MARGIN * float(np.quantile(np.take_along_axis(behind, nearest[found], 1), _RECALL))
    sizes = np.bincount(nearest, minlength=count)
    share = float(((behind <= reach) @ sizes).mean() / len(vectors))
    return _Plan(centres, nearest, reach, share) if share <= _SHARE else None


def _queries(vectors: NDArray[np.float16], chance: np.random.Generator) -> NDArray[np.float32]:
    """Unit vectors as queries are: between rows, and off them all.

    A text lies nowhere among pictures. These are a row, or the sum of two, with five times as
    much noise: their nearest rows are at cosines of 0.2 to 0.3, where those of texts were found
    (0.27 by labels, 0.33 by e5; benchmarks/scale.py).
    """
    rows = vectors[chance.choice(len(vectors), (2, _QUERIES))].astype(np.float32)
    noise = chance.standard_normal(rows[0].shape).astype(np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    between = np.where(np.arange(_QUERIES)[:, None] % 2, rows[1], 0)
    made = rows[0] + between + _NOISE * noise
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), dtype=np.float32)


def _exact(
    vectors: NDArray[np.float16], centres: NDArray[np.float32], queries: NDArray[np.float32]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Of each row the nearest centre, of each query the nearest rows ``(queries, _NEAREST)``."""
    nearest = np.empty(len(vectors), dtype=np.int32)
    held = np.full((len(queries), _NEAREST), -np.inf, dtype=np.float32)
    found = np.zeros((len(queries), _NEAREST), dtype=np.int64)
    for start in range(0, len(vectors), _BLOCK):
        rows = vectors[start : start + _BLOCK].astype(np.float32)
        nearest[start : start + len(rows)] = np.argmax(rows @ centres.T, axis=1)
        cosines = np.hstack([held, queries @ rows.T])
        numbers = np.arange(start, start + len(rows))
        numbers = np.hstack([found, np.broadcast_to(numbers, (len(queries), len(rows)))])
        top = np.argpartition(-cosines, _NEAREST, axis=1)[:, :_NEAREST]
        held = np.take_along_axis(cosines, top, axis=1)
        found = np.take_along_axis(numbers, top, axis=1)
    return nearest, found


def _sum(*parts: NDArray[np.generic]) -> bytes:
    return digest_of("", b"", *map(_bytes, parts))[:_SUM_BYTES]


def _bytes(array: NDArray[np.generic]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)


def _pairs(marks: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    yield from zip(marks[:-1].tolist(), marks[1:].tolist(), strict=True)
