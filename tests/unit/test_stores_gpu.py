"""The store on a GPU gives what the one on the CPU gives, by a GPU that is made up.

What is made up rounds as a GPU does: rows and query in float16, sums in float32.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from vidcut import plugins
from vidcut.stores._best import best

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIM, ROWS = 64, 3000


@pytest.fixture
def gpu() -> Any:
    return plugins.load("stores", "faiss_gpu")


@pytest.fixture
def rows() -> NDArray[np.float16]:
    """Neighbours at all distances, some equal."""
    chance = np.random.default_rng(2)
    found = chance.standard_normal((ROWS, DIM)) + 3 * chance.standard_normal(DIM)
    found[100:140] = found[0]
    unit: NDArray[np.float16] = (found / np.linalg.norm(found, axis=1, keepdims=True)).astype("<f2")
    return unit


def query(seed: int) -> NDArray[np.float32]:
    found = np.random.default_rng(seed).standard_normal(DIM)
    return (found / np.linalg.norm(found)).astype(np.float32)


class Copy:
    """Stands for rows on a GPU; ``asked`` are the numbers that were asked for."""

    asked: list[int]
    fails = False

    def __init__(self, vectors: NDArray[np.float16]) -> None:
        if type(self).fails:
            raise RuntimeError("Error in cudaMalloc: out of memory\nat StandardGpuResources.cpp")
        self._vectors = vectors.astype(np.float32)
        type(self).asked = []

    def __len__(self) -> int:
        return len(self._vectors)

    def search(
        self, vector: NDArray[np.float32], count: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        type(self).asked.append(count)
        cosines = self._vectors @ vector.astype(np.float16).astype(np.float32)
        order = np.argsort(-cosines, kind="stable")[::-1]  # ties by whichever row comes last
        order = order[np.argsort(-cosines[order], kind="stable")][:count]
        return cosines[order], order


@pytest.fixture
def store(gpu: Any, rows: NDArray[np.float16], monkeypatch: pytest.MonkeyPatch) -> Any:
    """As if there were a GPU, and few rows were many."""
    monkeypatch.setattr(gpu, "_Copy", Copy)
    monkeypatch.setattr(Copy, "fails", False)
    monkeypatch.setattr(gpu, "gpus", lambda: 1)
    monkeypatch.setattr(gpu, "_LEAST_ROWS", 1)
    made = gpu.create(DIM)
    made.add(np.arange(ROWS, dtype=np.int64) * 7, rows)
    return made


def wanted(rows: NDArray[np.float16], vector: Any, count: int) -> Any:
    ids = np.arange(len(rows), dtype=np.int64) * 7
    return best(ids, rows.astype(np.float32), vector, count)


def test_what_a_gpu_finds_is_what_the_cpu_finds_to_the_last_bit(
    store: Any, rows: NDArray[np.float16]
) -> None:
    for seed in range(40):
        vector = query(seed)
        for count in (1, 10, 200):
            found = store.search(vector, count)
            ids, cosines = wanted(rows, vector, count)
            assert found[0].tolist() == ids.tolist()
            assert found[1].tolist() == cosines.tolist()
    assert len(Copy.asked) >= 118


def test_a_command_s_one_search_copies_nothing(store: Any) -> None:
    Copy.asked = [-1]
    store.search(query(1), 10)
    store.search(query(2), 10)
    assert Copy.asked == [-1]
    store.search(query(3), 10)
    assert Copy.asked == [84]


def test_what_was_added_is_found_too(store: Any, rows: NDArray[np.float16]) -> None:
    for seed in range(3):
        store.search(query(seed), 5)
    vector = query(99)
    store.add(np.array([ROWS * 7]), vector.astype(np.float16)[np.newaxis])
    assert store.search(vector, 1)[0].tolist() == [ROWS * 7]
    assert len(store) == len(rows) + 1


def test_among_some_the_cpu_searches(store: Any) -> None:
    for seed in range(3):
        store.search(query(seed), 5)
    Copy.asked.clear()
    ids, _ = store.search(query(5), 5, among=np.array([7, 14, 21]))
    assert set(ids.tolist()) == {7, 14, 21}
    assert not Copy.asked


def test_where_too_many_lie_too_near_the_cpu_searches(gpu: Any, rows: NDArray[np.float16]) -> None:
    alike = np.repeat(rows[:1], 5000, axis=0)
    asked = []

    def search(vector: Any, count: int) -> Any:
        asked.append(count)
        return (alike[:count].astype(np.float32) @ vector), np.arange(count)

    assert gpu.nearest(search, query(1), 10, len(alike)) is None
    assert asked == [84, 2048]
    assert gpu.nearest(search, query(1), 3000, len(alike)) is None


def test_a_gpu_that_fails_is_told_once_and_the_cpu_searches(
    store: Any,
    rows: NDArray[np.float16],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(Copy, "fails", True)
    with caplog.at_level(logging.WARNING):
        for seed in range(6):
            ids, _ = store.search(query(seed), 10)
            assert ids.tolist() == wanted(rows, query(seed), 10)[0].tolist()
    (line,) = caplog.messages
    assert line == (
        "FAISS cannot use the GPU, so the CPU searches (Error in cudaMalloc: out of memory)"
    )


@pytest.mark.gpu
def test_a_real_gpu_finds_the_same(
    gpu: Any, rows: NDArray[np.float16], monkeypatch: pytest.MonkeyPatch
) -> None:
    if gpu.without_gpu():
        pytest.skip(gpu.without_gpu())
    monkeypatch.setattr(gpu, "_LEAST_ROWS", 1)
    store = gpu.create(DIM)
    store.add(np.arange(ROWS, dtype=np.int64) * 7, rows)
    for seed in range(20):
        ids, cosines = store.search(query(seed), 50)
        same_ids, same_cosines = wanted(rows, query(seed), 50)
        assert ids.tolist() == same_ids.tolist()
        assert cosines.tolist() == same_cosines.tolist()
    assert store._copy is not None
