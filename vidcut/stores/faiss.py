"""The exact store on FAISS: half the memory of `flat`, and a query in a third of its time.

FAISS scans, but never opens a file: of index files with a flipped bit it loads most without
a word, and finds wrong rows in them. Its fp16 codes are plain float16 rows, so they are kept
in a checked snapshot and given to a new index as they are.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import faiss
import numpy as np

from vidcut.stores._best import best, slack
from vidcut.stores._snapshot import read, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from vidcut.records import Vector


def create(dim: int) -> FaissStore:
    """An empty store for vectors of this width."""
    return FaissStore(dim)


def load(path: Path, dim: int) -> FaissStore:
    """Read what `FaissStore.save` wrote; raises `LibraryError` where it is anything else."""
    store = FaissStore(dim)
    ids, vectors = read(path, dim, np.float16)
    store.add(ids, vectors.view(np.float16))
    return store


class FaissStore:
    """A scalar quantiser of float16 codes, by inner product; row ``n`` has the id ``ids[n]``."""

    def __init__(self, dim: int) -> None:
        self._ids = np.empty(0, dtype=np.int64)
        kind, metric = faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        self._index = faiss.IndexScalarQuantizer(dim, kind, metric)

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float16]) -> None:
        """Ids ``(n,)``, each new; vectors ``(n, dim)``, rows of unit length."""
        shape = (len(ids), self._index.d)
        if vectors.shape != shape:
            raise ValueError(f"{len(ids)} ids came with vectors {vectors.shape}, not {shape}")
        codes = np.ascontiguousarray(vectors, dtype="<f2")
        self._index.add_sa_codes(codes.view(np.uint8))
        self._ids = np.concatenate([self._ids, ids])

    def search(
        self, vector: Vector, count: int, *, among: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Ids and cosines, best first, ties by smaller id; ``among`` limits the ids."""
        count = min(count, len(self))
        rows = self._candidates(vector, count, among) if count > 0 else self._ids[:0]
        vectors = self._index.reconstruct_batch(rows)
        return best(self._ids[rows], vectors, vector, count)

    def save(self, path: Path) -> None:
        """Write the file ``path``; making it atomic is the caller's."""
        codes = faiss.rev_swig_ptr(self._index.codes.data(), self._index.codes.size())
        write(path, self._ids, codes.view("<f2").reshape(len(self), self._index.d))

    def _candidates(
        self, vector: Vector, count: int, among: NDArray[np.int64] | None
    ) -> NDArray[np.int64]:
        """Rows among which the ``count`` best are for sure: FAISS settles ties as it likes."""
        limits = self._limits(among)
        asked = count + 1
        while True:
            asked = min(asked, len(self))
            with _one_thread():
                found, rows = self._index.search(vector[None], asked, params=limits)
            cosines, rows = found[0][rows[0] >= 0], rows[0][rows[0] >= 0]
            complete = len(rows) < asked or asked == len(self)
            if complete or cosines[-1] < cosines[count - 1] - slack(len(vector)):
                return np.asarray(rows, dtype=np.int64)
            asked *= 2

    def _limits(self, among: NDArray[np.int64] | None) -> Any:
        if among is None:
            return None
        allowed = np.packbits(np.isin(self._ids, among), bitorder="little")
        library: Any = faiss  # its stubs leave out these two ways to call it
        return library.SearchParameters(sel=library.IDSelectorBitmap(allowed))


@contextmanager
def _one_thread() -> Iterator[None]:
    """A single query gains nothing from FAISS's threads, and they outlive the search."""
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)
