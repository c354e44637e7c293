"""The store ``faiss`` with its scans on a GPU, once there are enough of them for the copy to pay.

What the GPU finds is a choice of rows; `_best` orders them by the rows themselves, as every store
does, so that the answer is the same to the last bit. FAISS rounds the query to float16 there, and
how far that can move a cosine is known (`_leeway`): where more rows than the GPU can return lie
within it, and for searches among some ids, the CPU scans. So it does where FAISS has no GPU, or
the GPU fails. Not measured here, for want of a GPU: `benchmarks/gpu.py` does that.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import faiss as _stubbed
import numpy as np

from vidcut.stores import faiss
from vidcut.stores._best import slack
from vidcut.stores.faiss import read as read  # noqa: PLC0414  (as stores have it)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from vidcut.records import Vector
    from vidcut.stores._lists import Lists

KIND = "faiss"
"""Its snapshots are that store's: a library made here is searched elsewhere, and the other way."""
_faiss: Any = _stubbed
_MOST = 2048
"""What a search on the GPU can return (FAISS's wiki, "Faiss on the GPU", limitations)."""
_FREE_SEARCHES = 2
"""Scans before the rows are copied: a command's one search reads each row once either way."""
_LEAST_ROWS = 100_000
"""Fewer take the CPU some 12 ms on one thread."""
_SLICE_ROWS = 1 << 18
_TEMPORARY_BYTES = 1 << 28
_log = logging.getLogger(__name__)


def create(dim: int) -> FaissGpuStore:
    """An empty store for vectors of this width."""
    return FaissGpuStore(np.empty(0, dtype=np.int64), np.empty((0, dim), dtype="<f2"))


def load(path: Path, dim: int, of: str) -> FaissGpuStore:
    """Map what `FaissGpuStore.save` wrote of this; raises `LibraryError` on anything else."""
    return FaissGpuStore.opened(path, dim, of)


def without_gpu() -> str:
    """Why no GPU searches here; empty where one does."""
    return "" if gpus() else f"FAISS {_faiss.__version__} is built without CUDA or sees no GPU"


class FaissGpuStore(faiss.FaissStore):
    """See `faiss.FaissStore`."""

    def __init__(
        self, ids: NDArray[np.int64], vectors: NDArray[np.float16], lists: Lists | None = None
    ) -> None:
        super().__init__(ids, vectors, lists)
        self._searches = 0
        self._copy: _Copy | None = None
        self._has_failed = False

    def search(
        self, vector: Vector, count: int, *, among: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """See `faiss.FaissStore.search`; the GPU looks at all rows, not at some lists of them."""
        self._searches += 1
        if self._lists is not None and self._pays():
            self._lists.check()  # what is copied is not looked into
            self._lists = None
        return super().search(vector, count, among=among)

    def _candidates(
        self, vector: Vector, count: int, among: NDArray[np.int64] | None
    ) -> NDArray[np.int64]:
        found = self._by_gpu(vector, count) if among is None and self._pays() else None
        return super()._candidates(vector, count, among) if found is None else found

    def _pays(self) -> bool:
        is_worth_it = self._searches > _FREE_SEARCHES and len(self) >= _LEAST_ROWS
        return is_worth_it and not self._has_failed and gpus() > 0

    def _by_gpu(self, vector: Vector, count: int) -> NDArray[np.int64] | None:
        """Rows among which the ``count`` best are for sure; None where the CPU is to find them."""
        try:
            if self._copy is None or len(self._copy) != len(self):
                self._copy = None  # before the next one takes its memory
                self._copy = _Copy(self._vectors)
            return nearest(self._copy.search, vector, count, len(self))
        except (RuntimeError, MemoryError) as error:
            first = str(error).strip().partition("\n")[0]
            _log.warning("FAISS cannot use the GPU, so the CPU searches (%s)", first)
            self._copy, self._has_failed = None, True
            return None


class _Copy:
    """Rows on the first GPU, in float16."""

    def __init__(self, vectors: NDArray[np.float16]) -> None:
        self._turn = threading.Lock()
        """FAISS's resources serve one search at a time."""
        self._resources = _faiss.StandardGpuResources()
        self._resources.setTempMemory(_TEMPORARY_BYTES)
        config = _faiss.GpuIndexFlatConfig()
        config.device, config.useFloat16 = 0, True
        self._index = _faiss.GpuIndexFlatIP(self._resources, vectors.shape[1], config)
        for at in range(0, len(vectors), _SLICE_ROWS):
            self._index.add(vectors[at : at + _SLICE_ROWS].astype(np.float32))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(
        self, vector: NDArray[np.float32], count: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        with self._turn:
            cosines, rows = self._index.search(vector[np.newaxis], count)
        return cosines[0], rows[0]


def gpus() -> int:
    """How many FAISS can use: none where it was built without."""
    return int(_faiss.get_num_gpus()) if hasattr(_faiss, "StandardGpuResources") else 0


def nearest(search: Any, vector: Vector, count: int, total: int) -> NDArray[np.int64] | None:
    """Rows among which the ``count`` best are for sure, by a search that rounds to float16.

    Args:
        search: a vector and a number to cosines and rows, best first.
        vector: ``float32 (dim,)`` of unit length.
        count: how many are wanted.
        total: how many there are.
    """
    rounded = vector.astype(np.float16).astype(np.float32)
    leeway = _leeway(vector, rounded)
    for asked in sorted({min(2 * count + 64, total), min(_MOST, total)}):
        if not count <= asked <= _MOST:
            continue
        cosines, rows = search(rounded, asked)
        if asked == total or cosines[-1] < cosines[count - 1] - leeway:
            found: NDArray[np.int64] = rows[rows >= 0]
            return found
    return None


def _leeway(vector: Vector, rounded: NDArray[np.float32]) -> float:
    """How far apart the cosines of two rows can come out that are truly equal.

    A row's cosine moves by its product with what rounding took from the query, at most that
    vector's length (Cauchy and Schwarz), the one up and the other down; and sums are float32.
    """
    return 2 * float(np.linalg.norm(vector - rounded)) + slack(len(vector))
