"""The exact store on FAISS: half the memory of `flat`, and a query in a tenth of its time.

FAISS scans, but never opens a file: of index files with a flipped bit it loads most without
a word, and finds wrong rows in them. Its fp16 codes are plain float16 rows, so it is given
those of a checked snapshot where they lie, mapped into memory; an index of its own would hold
a copy, and making that of 100,000 rows took longer than ten searches.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import faiss as _stubbed
import numpy as np

from vidcut.stores._best import best, slack
from vidcut.stores._snapshot import read, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from vidcut.records import Vector


_faiss: Any = _stubbed
"""Its stubs leave out most of what is used here."""


def create(dim: int) -> FaissStore:
    """An empty store for vectors of this width."""
    return FaissStore(np.empty(0, dtype=np.int64), np.empty((0, dim), dtype="<f2"))


def load(path: Path, dim: int) -> FaissStore:
    """Map what `FaissStore.save` wrote; raises `LibraryError` where it is anything else."""
    ids, vectors = read(path, dim, np.float16)
    return FaissStore(ids, vectors.view(np.float16))


_SPARE = 8
"""Asked for beyond the wanted, with a quarter of those: of 60,000 frames the 200th and the 201st
cosine differ by less than what FAISS leaves open, and every third search had to be done again."""


class FaissStore:
    """Ids ``(n,)`` and rows ``float16 (n, dim)``, scanned by inner product."""

    def __init__(self, ids: NDArray[np.int64], vectors: NDArray[np.float16]) -> None:
        self._ids = ids
        self._vectors = vectors
        self._rows = np.arange(len(ids), dtype=np.int64)
        self._added: list[tuple[NDArray[np.int64], NDArray[np.float16]]] = []

    def __len__(self) -> int:
        return len(self._ids) + sum(len(ids) for ids, _ in self._added)

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float16]) -> None:
        """Ids ``(n,)``, each new; vectors ``(n, dim)``, rows of unit length."""
        shape = (len(ids), self._vectors.shape[1])
        if vectors.shape != shape:
            raise ValueError(f"{len(ids)} ids came with vectors {vectors.shape}, not {shape}")
        self._added.append((np.array(ids, dtype=np.int64), np.array(vectors, dtype="<f2")))

    def search(
        self, vector: Vector, count: int, *, among: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Ids and cosines, best first, ties by smaller id; ``among`` limits the ids."""
        self._settle()
        count = min(count, len(self))
        rows = self._candidates(vector, count, among) if count > 0 else self._rows[:0]
        return best(self._ids[rows], self._vectors[rows].astype(np.float32), vector, count)

    def save(self, path: Path) -> None:
        """Write the file ``path``; making it atomic is the caller's."""
        self._settle()
        write(path, self._ids, self._vectors)

    def _settle(self) -> None:
        """Join what was added to the rest, once for many additions."""
        if self._added:
            self._ids = np.concatenate([self._ids, *(ids for ids, _ in self._added)])
            self._vectors = np.concatenate([self._vectors, *(rows for _, rows in self._added)])
            self._rows = np.arange(len(self._ids), dtype=np.int64)
            self._added = []

    def _candidates(
        self, vector: Vector, count: int, among: NDArray[np.int64] | None
    ) -> NDArray[np.int64]:
        """Rows among which the ``count`` best are for sure: FAISS settles ties as it likes."""
        allowed = None if among is None else np.isin(self._ids, among)
        asked = count + _SPARE + count // 4
        while True:
            asked = min(asked, len(self))
            cosines, rows = self._scan(vector, asked, allowed)
            complete = len(rows) < asked or asked == len(self)
            if complete or cosines[-1] < cosines[count - 1] - slack(len(vector)):
                return rows
            asked *= 2

    def _scan(
        self, vector: Vector, count: int, allowed: NDArray[np.bool_] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Cosines and rows of about the best, best first; on the caller's thread alone."""
        query = np.ascontiguousarray(vector, dtype=np.float32)
        cosines = np.full(count, -np.inf, dtype=np.float32)
        rows = np.full(count, -1, dtype=np.int64)
        codes = self._vectors.view(np.uint8).reshape(-1)
        with _scanner(self._vectors.shape[1], limited=allowed is not None) as scanner:
            if allowed is not None:
                bits = np.packbits(allowed, bitorder="little")
                selector = _faiss.IDSelectorBitmap(len(bits), _faiss.swig_ptr(bits))
                scanner.sel = selector
            scanner.set_query(_faiss.swig_ptr(query))
            arrays = (codes, self._rows, cosines, rows)
            scanner.scan_codes(len(self._rows), *map(_faiss.swig_ptr, arrays), count)
        order = np.argsort(-cosines, kind="stable")
        order = order[rows[order] >= 0]
        return cosines[order], rows[order]


_idle: dict[tuple[int, bool], list[tuple[Any, ...]]] = {}
"""Scanners that nobody uses, by width and whether they are limited, with what they need."""


@contextmanager
def _scanner(dim: int, *, limited: bool) -> Iterator[Any]:
    """One of these for a while: FAISS's Python never frees one, so they are used again."""
    idle = _idle.setdefault((dim, limited), [])
    try:
        made = idle.pop()
    except IndexError:  # none, or another thread was quicker
        made = _made(dim, limited=limited)
    yield made[-1]  # one that failed is not used again
    idle.append(made)


def _made(dim: int, *, limited: bool) -> tuple[Any, ...]:
    quantizer = _faiss.ScalarQuantizer(dim, _faiss.ScalarQuantizer.QT_fp16)
    nothing = _faiss.IDSelectorBatch(np.empty(0, dtype=np.int64)) if limited else None
    scanner = quantizer.select_InvertedListScanner(
        _faiss.METRIC_INNER_PRODUCT,
        None,
        False,  # noqa: FBT003  (FAISS takes no names here)
        nothing,
    )
    scanner.set_list(0, 0.0)
    return quantizer, nothing, scanner
