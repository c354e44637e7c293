"""The exact store in plain NumPy: the reference that the others are held to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vidcut.stores import _snapshot
from vidcut.stores._best import best, slack

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from vidcut.records import Vector


def create(dim: int) -> FlatStore:
    """An empty store for vectors of this width."""
    return FlatStore(np.empty(0, dtype=np.int64), np.empty((0, dim), dtype=np.float32))


def load(path: Path, dim: int, of: str) -> FlatStore:
    """Map what `FlatStore.save` wrote of this; raises `LibraryError` on anything else."""
    return FlatStore(*_snapshot.read(path, dim, np.float32, of))


def read(path: Path, dim: int, of: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """All ids and vectors of such a file; as `load`."""
    return _snapshot.read(path, dim, np.float32, of)


class FlatStore:
    """Ids ``(n,)`` and rows ``float32 (n, dim)``: a query is one matrix product.

    On disk too the rows are float32, twice as large as they came: NumPy multiplies float16
    some five times more slowly.
    """

    def __init__(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        self._ids = ids
        self._vectors = vectors
        self._added: list[tuple[NDArray[np.int64], NDArray[np.float32]]] = []

    def __len__(self) -> int:
        return len(self._ids) + sum(len(ids) for ids, _ in self._added)

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float16]) -> None:
        """Ids ``(n,)``, each new; vectors ``(n, dim)``, rows of unit length."""
        dim = self._vectors.shape[1]
        if vectors.shape != (len(ids), dim):
            message = f"{len(ids)} ids came with vectors {vectors.shape}, not {(len(ids), dim)}"
            raise ValueError(message)
        self._added.append((np.array(ids, dtype=np.int64), vectors.astype(np.float32)))

    def search(
        self, vector: Vector, count: int, *, among: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Ids and cosines, best first, ties by smaller id; ``among`` limits the ids."""
        self._settle()
        cosines = self._vectors @ vector
        if among is not None:
            cosines[~np.isin(self._ids, among)] = -np.inf
        rows = _candidates(cosines, count, slack(len(vector)))
        return best(self._ids[rows], self._vectors[rows], vector, count)

    def save(self, path: Path, of: str) -> None:
        """Write the file ``path``, of just this; making it atomic is the caller's."""
        self._settle()
        _snapshot.write(path, self._ids, self._vectors, of)

    def _settle(self) -> None:
        """Join what was added to the rest, once for many additions."""
        if self._added:
            self._ids = np.concatenate([self._ids, *(ids for ids, _ in self._added)])
            self._vectors = np.concatenate([self._vectors, *(rows for _, rows in self._added)])
            self._added = []


def _candidates(cosines: NDArray[np.float32], count: int, margin: float) -> NDArray[np.intp]:
    """Rows among which the ``count`` best are for sure; -inf marks rows that are out."""
    if count <= 0 or not len(cosines):
        return np.empty(0, dtype=np.intp)
    count = min(count, len(cosines))
    worst = np.partition(cosines, -count)[-count]
    return np.flatnonzero((cosines >= worst - margin) & (cosines > -np.inf))
