"""Many vectors in lists: nearly the exact answer, and no list that is not as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from vidcut.errors import LibraryError
from vidcut.stores import _lists, faiss

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

DIM, COUNT = 24, 6_000
OF = "frame.0123456789abcdef.0.000000006000.faiss"
"""What the files are of."""


def like_ones(count: int, *, seed: int = 1) -> NDArray[np.float16]:
    """Rows as of films: around few subjects, each a little off."""
    chance = np.random.default_rng(seed)
    subjects = np.random.default_rng(0).standard_normal((40, DIM))
    rows = subjects[chance.integers(0, 40, count)] + 0.4 * chance.standard_normal((count, DIM))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float16)


@pytest.fixture(scope="module")
def rows() -> NDArray[np.float16]:
    return like_ones(COUNT)


@pytest.fixture(scope="module")
def ids() -> NDArray[np.int64]:
    return np.random.default_rng(7).permutation(3 * COUNT)[:COUNT].astype(np.int64)


@pytest.fixture
def path(
    ids: NDArray[np.int64],
    rows: NDArray[np.float16],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    monkeypatch.setattr(_lists, "LEAST", 5_000)
    monkeypatch.setattr(_lists, "_NOISE", 0.5)  # of 24 numbers
    monkeypatch.setattr(_lists, "_ROWS_A_LIST", 50)
    store = faiss.create(DIM)
    store.add(ids, rows)
    store.save(tmp_path / "lists", OF)
    assert (tmp_path / "lists").read_bytes().startswith(_lists.MAGIC)
    return tmp_path / "lists"


@pytest.fixture
def exact(ids: NDArray[np.int64], rows: NDArray[np.float16]) -> faiss.FaissStore:
    store = faiss.create(DIM)
    store.add(ids, rows)
    return store


def queries(count: int) -> NDArray[np.float32]:
    return like_ones(count, seed=2).astype(np.float32)


def test_nearly_all_of_the_nearest_are_found(path: Path, exact: faiss.FaissStore) -> None:
    lists = faiss.load(path, DIM, OF)
    shared = [
        len(set(lists.search(query, 10)[0]) & set(exact.search(query, 10)[0]))
        for query in queries(100)
    ]
    assert sum(shared) / 1000 >= 0.99


def test_a_query_looks_into_few_lists(path: Path) -> None:
    lists = _lists.Lists(path, DIM, OF)
    for query in queries(3):
        lists.search(query, 10, None)
    assert 0 < lists._checked.mean() < 0.8


def test_what_is_found_has_its_exact_cosine(path: Path, exact: faiss.FaissStore) -> None:
    query = queries(1)[0]
    found, cosines = faiss.load(path, DIM, OF).search(query, 50)
    right, truth = exact.search(query, COUNT)
    known = dict(zip(right.tolist(), truth.tolist(), strict=True))
    assert cosines.tolist() == [known[one] for one in found.tolist()]


@pytest.mark.parametrize("few", [0, 1, 200, 4_000])
def test_those_that_are_allowed_are_all_looked_at(
    path: Path,
    exact: faiss.FaissStore,
    ids: NDArray[np.int64],
    few: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_lists, "_FEW_ROWS", 1_000)
    among = np.append(ids[:few], 3 * COUNT + 5)  # and one that is not here
    for query in queries(5):
        found, cosines = faiss.load(path, DIM, OF).search(query, 20, among=among)
        right, truth = exact.search(query, 20, among=among)
        assert found.tolist() == right.tolist()
        assert cosines.tolist() == truth.tolist()


@pytest.mark.parametrize("count", [0, 1, COUNT - 1, COUNT, COUNT + 9])
def test_as_many_come_as_are_asked_for(path: Path, count: int) -> None:
    found, _ = faiss.load(path, DIM, OF).search(queries(1)[0], count)
    assert len(set(found.tolist())) == min(count, COUNT)


def test_all_that_was_written_is_read_back(
    path: Path, ids: NDArray[np.int64], rows: NDArray[np.float16]
) -> None:
    found, vectors = faiss.read(path, DIM, OF)
    order = np.argsort(ids)
    again = np.argsort(found)
    assert np.array_equal(found[again], ids[order])
    assert np.array_equal(vectors[again], rows[order])


def test_what_is_added_is_found_with_the_rest(path: Path, rows: NDArray[np.float16]) -> None:
    store = faiss.load(path, DIM, OF)
    store.add(np.array([3 * COUNT + 1]), -rows[:1])
    assert store.search(-rows[0].astype(np.float32), 1)[0].tolist() == [3 * COUNT + 1]
    assert len(store) == COUNT + 1


def test_no_changed_byte_is_believed(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    places = np.random.default_rng(5).integers(0, len(whole), 60).tolist()
    for place in [*range(0, _lists.HEADER.size, 5), *places, len(whole) - 1]:
        whole[place] ^= 0x10
        path.write_bytes(whole)
        with pytest.raises(LibraryError):
            faiss.read(path, DIM, OF)
        with pytest.raises(LibraryError):
            faiss.load(path, DIM, OF).search(queries(1)[0], COUNT, among=faiss_ids())
        whole[place] ^= 0x10


@pytest.mark.parametrize("opened", [faiss.load, faiss.read])
def test_lists_of_anything_else_are_refused(path: Path, opened: Callable[..., object]) -> None:
    with pytest.raises(LibraryError, match="or another's; vidcut builds it anew"):
        opened(path, DIM, OF.replace("frame", "asr"))


def faiss_ids() -> NDArray[np.int64]:
    return np.arange(3 * COUNT, dtype=np.int64)


def test_vectors_that_lie_anywhere_get_no_lists(tmp_path: Path) -> None:
    """Where a query would have to look into most lists, all are scanned."""
    chance = np.random.default_rng(1)
    rows = chance.standard_normal((5_000, 64))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    assert not _lists.write(tmp_path / "none", np.arange(5_000), rows.astype(np.float16), OF)
    assert not (tmp_path / "none").exists()
