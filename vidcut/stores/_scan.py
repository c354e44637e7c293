"""Rows of float16 scanned where they lie, by FAISS, which never opens a file here.

Of index files with a flipped bit FAISS loads most without a word, and finds wrong rows in
them. Its fp16 codes are plain float16 rows, so it is given those of a checked snapshot.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import faiss as _stubbed
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from vidcut.records import Vector

_faiss: Any = _stubbed
"""Its stubs leave out most of what is used here."""
SPARE = 8
"""Asked for beyond the wanted, with a quarter of those: of 60,000 frames the 200th and the 201st
cosine differ by less than what FAISS leaves open, and every third search had to be done again."""


def scan(
    vectors: NDArray[np.float16],
    vector: Vector,
    count: int,
    *,
    among: NDArray[np.int64] | None = None,
    parts: Iterable[tuple[int, int]] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Cosines and rows of about the best, best first; on the caller's thread alone.

    Args:
        vectors: ``float16 (n, dim)``.
        vector: ``float32 (dim,)``.
        count: at most so many.
        among: these rows alone, ``(m,)``.
        parts: where rows to look at begin and end; by default all.
    """
    query = np.ascontiguousarray(vector, dtype=np.float32)
    cosines = np.full(count, -np.inf, dtype=np.float32)
    rows = np.full(count, -1, dtype=np.int64)
    codes = vectors.view(np.uint8).reshape(-1)
    row_bytes = vectors.shape[1] * vectors.itemsize
    with _scanner(vectors.shape[1], limited=among is not None) as scanner:
        if among is not None:
            allowed = np.zeros(len(vectors), dtype=bool)
            allowed[among] = True
            bits = np.packbits(allowed, bitorder="little")
            selector = _faiss.IDSelectorBitmap(len(bits), _faiss.swig_ptr(bits))
            scanner.sel = selector
        scanner.set_query(_faiss.swig_ptr(query))
        for start, end in parts if parts is not None else [(0, len(vectors))]:
            if start < end:
                here = codes[start * row_bytes : end * row_bytes]
                arrays = (here, np.arange(start, end, dtype=np.int64), cosines, rows)
                scanner.scan_codes(end - start, *map(_faiss.swig_ptr, arrays), count)
    order = np.argsort(-cosines, kind="stable")
    order = order[rows[order] >= 0]
    return cosines[order], rows[order]


def centres(rows: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Means ``(count, dim)`` of unit length, around which rows ``(n, dim)`` lie (k-means)."""
    made = _faiss.Kmeans(
        rows.shape[1],
        count,
        niter=_ROUNDS,
        spherical=True,
        seed=1,
        min_points_per_centroid=1,
        max_points_per_centroid=len(rows),
    )
    made.train(np.ascontiguousarray(rows))
    return np.ascontiguousarray(made.centroids, dtype=np.float32)


_ROUNDS = 5

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
