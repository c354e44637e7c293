"""Rows of float16 scanned where they lie, by FAISS, which never opens a file here.

Of index files with a flipped bit FAISS loads most without a word, and finds wrong rows in
them. Its fp16 codes are plain float16 rows, so it is given those of a checked snapshot.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from itertools import pairwise
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
    """Cosines and rows of about the best, best first; of many rows on two threads.

    Args:
        vectors: ``float16 (n, dim)``.
        vector: ``float32 (dim,)``.
        count: at most so many.
        among: these rows alone, ``(m,)``.
        parts: where rows to look at begin and end; by default all.
    """
    bits = None
    if among is not None:
        allowed = np.zeros(len(vectors), dtype=bool)
        allowed[among] = True
        bits = np.packbits(allowed, bitorder="little")
    halves = [parts] if parts is not None else _shared(len(vectors))
    with ThreadPoolExecutor(len(halves)) if len(halves) > 1 else nullcontext() as pool:
        each = pool.map if pool else map
        found = list(each(lambda half: _scanned(vectors, vector, count, bits, half), halves))
    cosines = np.concatenate([cosines for cosines, _ in found])
    rows = np.concatenate([rows for _, rows in found])
    order = np.argsort(-cosines, kind="stable")
    order = order[rows[order] >= 0][:count]
    return cosines[order], rows[order]


_MANY = 50_000
"""Rows that a thread is worth its start for: they take 2 ms, that a tenth of one."""
_THREADS = 2
"""More wait for the same memory."""


def _shared(count: int) -> list[list[tuple[int, int]]]:
    """All rows, in as many equal shares as threads are worth it."""
    shares = max(1, min(_THREADS, os.cpu_count() or 1, count // _MANY))
    marks = [count * share // shares for share in range(shares + 1)]
    return [[part] for part in pairwise(marks)]


def _scanned(
    vectors: NDArray[np.float16],
    vector: Vector,
    count: int,
    bits: NDArray[np.uint8] | None,
    parts: Iterable[tuple[int, int]],
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The best of some parts in no order, with rows of -1 where there are fewer."""
    query = np.ascontiguousarray(vector, dtype=np.float32)
    cosines = np.full(count, -np.inf, dtype=np.float32)
    rows = np.full(count, -1, dtype=np.int64)
    codes = vectors.view(np.uint8).reshape(-1)
    row_bytes = vectors.shape[1] * vectors.itemsize
    with _scanner(vectors.shape[1], limited=bits is not None) as scanner:
        if bits is not None:
            selector = _faiss.IDSelectorBitmap(len(bits), _faiss.swig_ptr(bits))
            scanner.sel = selector
        scanner.set_query(_faiss.swig_ptr(query))
        for start, end in parts:
            if start < end:
                here = codes[start * row_bytes : end * row_bytes]
                arrays = (here, np.arange(start, end, dtype=np.int64), cosines, rows)
                scanner.scan_codes(end - start, *map(_faiss.swig_ptr, arrays), count)
    return cosines, rows


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
