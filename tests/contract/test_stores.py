"""What every store holds to, whichever library it stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from vidcut import plugins
from vidcut.errors import LibraryError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from vidcut.protocols import VectorStore

DIM = 24
"""No multiple of 16, so that no library's fast path covers a whole row."""
OF = "frame.0123456789abcdef.0.000000000500.store"
"""What the files are of."""


@pytest.fixture(params=plugins.names("stores"))
def plugin(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A GPU, where there is one, is to be used at once, however little it pays."""
    found: Any = plugins.load("stores", request.param)
    if request.param == "faiss_gpu":
        monkeypatch.setattr(found, "_LEAST_ROWS", 1)
        monkeypatch.setattr(found, "_FREE_SEARCHES", 0)
    return found


@pytest.fixture
def vectors() -> NDArray[np.float16]:
    return unit_rows(500)


@pytest.fixture
def ids() -> NDArray[np.int64]:
    """Neither ascending nor without gaps."""
    return np.random.default_rng(7).permutation(5000)[:500].astype(np.int64)


@pytest.fixture
def store(plugin: Any, ids: NDArray[np.int64], vectors: NDArray[np.float16]) -> VectorStore:
    made: VectorStore = plugin.create(DIM)
    made.add(ids, vectors)
    return made


def unit_rows(count: int, *, seed: int = 3, dim: int = DIM) -> NDArray[np.float16]:
    rows = np.random.default_rng(seed).standard_normal((count, dim))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float16)


def unit(seed: int) -> NDArray[np.float32]:
    row = np.random.default_rng(seed).standard_normal(DIM).astype(np.float32)
    return np.asarray(row / np.linalg.norm(row), dtype=np.float32)


def answer(
    ids: NDArray[np.int64], vectors: NDArray[np.float16], query: NDArray[np.float32], count: int
) -> tuple[list[int], NDArray[np.float64]]:
    """The truth, the long way: every cosine in float64, sorted whole."""
    cosines = [float(np.dot(row.astype(np.float64), query)) for row in vectors]
    order = sorted(range(len(ids)), key=lambda row: (-cosines[row], ids[row]))[:count]
    return [int(ids[row]) for row in order], np.array([cosines[row] for row in order])


class TestSearch:
    @pytest.mark.parametrize("count", [1, 7, 500])
    def test_finds_the_nearest_best_first(
        self,
        store: VectorStore,
        ids: NDArray[np.int64],
        vectors: NDArray[np.float16],
        count: int,
    ) -> None:
        for seed in range(10):
            found, cosines = store.search(unit(seed), count)
            right, truth = answer(ids, vectors, unit(seed), count)
            assert found.tolist() == right
            assert cosines == pytest.approx(truth, abs=1e-6)

    def test_gives_int64_ids_and_float32_cosines(self, store: VectorStore) -> None:
        found, cosines = store.search(unit(0), 4)
        assert (found.dtype.name, cosines.dtype.name) == ("int64", "float32")
        assert found.shape == cosines.shape == (4,)

    def test_gives_no_more_than_there_is(self, store: VectorStore) -> None:
        found, cosines = store.search(unit(0), 10_000)
        assert len(found) == len(cosines) == len(set(found.tolist())) == 500

    def test_gives_nothing_when_asked_for_nothing(self, store: VectorStore) -> None:
        assert store.search(unit(0), 0)[0].tolist() == []

    @pytest.mark.parametrize("count", [1, 3, 40, 61])
    def test_settles_ties_by_the_smaller_id(self, plugin: Any, count: int) -> None:
        ids = np.random.default_rng(1).permutation(61).astype(np.int64)
        store = plugin.create(DIM)
        store.add(ids, np.repeat(unit_rows(1), 61, axis=0))
        found, cosines = store.search(unit(2), count)
        assert found.tolist() == list(range(count))
        assert len(set(cosines.tolist())) == 1

    @pytest.mark.parametrize("count", [1, 5, 600])
    def test_looks_only_among_the_ids_given(
        self,
        store: VectorStore,
        ids: NDArray[np.int64],
        vectors: NDArray[np.float16],
        count: int,
    ) -> None:
        among = np.sort(ids[::3])
        found, cosines = store.search(unit(5), count, among=among)
        right, truth = answer(ids[::3], vectors[::3], unit(5), count)
        assert found.tolist() == right
        assert cosines == pytest.approx(truth, abs=1e-6)

    @pytest.mark.parametrize("among", [[], [-1], [999_999]])
    def test_finds_nothing_among_ids_that_it_has_not(
        self, store: VectorStore, among: list[int]
    ) -> None:
        found, cosines = store.search(unit(5), 9, among=np.array(among, dtype=np.int64))
        assert found.tolist() == cosines.tolist() == []

    def test_passes_over_ids_that_it_has_not(
        self, store: VectorStore, ids: NDArray[np.int64]
    ) -> None:
        among = np.array([999_999, ids[4], -1], dtype=np.int64)
        assert store.search(unit(5), 9, among=among)[0].tolist() == [ids[4]]

    def test_limits_hold_for_one_search_only(
        self, store: VectorStore, ids: NDArray[np.int64]
    ) -> None:
        whole = store.search(unit(5), 500)
        for kept in (ids[::3], ids[1::3], ids[:1]):
            found, _ = store.search(unit(5), 500, among=np.sort(kept))
            assert sorted(found.tolist()) == sorted(kept.tolist())
            assert_equal(store.search(unit(5), 500), whole)

    def test_leaves_the_thread_settings_of_faiss_alone(self, store: VectorStore) -> None:
        faiss = pytest.importorskip("faiss")
        before = faiss.omp_get_max_threads()
        store.search(unit(0), 3)
        assert faiss.omp_get_max_threads() == before


class TestAdd:
    def test_in_parts_is_the_same_as_at_once(
        self,
        plugin: Any,
        store: VectorStore,
        ids: NDArray[np.int64],
        vectors: NDArray[np.float16],
    ) -> None:
        parts = plugin.create(DIM)
        for start in range(0, 500, 90):
            parts.add(ids[start : start + 90], vectors[start : start + 90])
            parts.search(unit(0), 1)
        assert len(parts) == len(store) == 500
        for seed in range(5):
            assert_equal(parts.search(unit(seed), 20), store.search(unit(seed), 20))

    def test_keeps_nothing_of_the_callers_arrays(
        self,
        plugin: Any,
        store: VectorStore,
        ids: NDArray[np.int64],
        vectors: NDArray[np.float16],
    ) -> None:
        other = plugin.create(DIM)
        other.add(ids, vectors)
        ids[:] = 0
        vectors[:] = 0
        assert_equal(other.search(unit(1), 20), store.search(unit(1), 20))

    def test_takes_read_only_and_strided_arrays(
        self, plugin: Any, store: VectorStore, vectors: NDArray[np.float16]
    ) -> None:
        blob = np.frombuffer(vectors.tobytes(), dtype="<f2").reshape(-1, DIM)
        store.add(np.arange(10_000, 10_250, dtype=np.int64), blob[::2])
        other = plugin.create(DIM)
        other.add(np.arange(10_000, 10_250, dtype=np.int64), vectors[::2])
        among = np.arange(10_000, 10_250, dtype=np.int64)
        assert_equal(store.search(unit(1), 20, among=among), other.search(unit(1), 20))

    def test_of_nothing_is_nothing(self, store: VectorStore) -> None:
        store.add(np.empty(0, dtype=np.int64), np.empty((0, DIM), dtype=np.float16))
        assert len(store) == 500

    @pytest.mark.parametrize("shape", [(2, DIM), (3, DIM + 1), (3,)])
    def test_refuses_vectors_that_do_not_fit_the_ids(
        self, store: VectorStore, shape: tuple[int, ...]
    ) -> None:
        with pytest.raises(ValueError, match="3 ids"):
            store.add(np.arange(9000, 9003, dtype=np.int64), np.zeros(shape, dtype=np.float16))
        assert len(store) == 500


class TestEmptyStore:
    @pytest.fixture(params=["created", "loaded"])
    def empty(self, plugin: Any, tmp_path: Path, request: pytest.FixtureRequest) -> VectorStore:
        store: VectorStore = plugin.create(DIM)
        if request.param == "loaded":
            store.save(tmp_path / "snapshot", OF)
            store = plugin.load(tmp_path / "snapshot", DIM, OF)
        return store

    @pytest.mark.parametrize("among", [None, [], [3]])
    def test_finds_nothing(self, empty: VectorStore, among: list[int] | None) -> None:
        limits = None if among is None else np.array(among, dtype=np.int64)
        found, cosines = empty.search(unit(0), 5, among=limits)
        assert (found.shape, cosines.shape, len(empty)) == ((0,), (0,), 0)
        assert (found.dtype.name, cosines.dtype.name) == ("int64", "float32")

    def test_can_be_added_to(
        self,
        empty: VectorStore,
        store: VectorStore,
        ids: NDArray[np.int64],
        vectors: NDArray[np.float16],
    ) -> None:
        empty.add(ids, vectors)
        assert_equal(empty.search(unit(1), 9), store.search(unit(1), 9))


class TestSnapshot:
    @pytest.fixture
    def path(self, store: VectorStore, tmp_path: Path) -> Path:
        path = tmp_path / "帧 snapshot"
        store.save(path, OF)
        return path

    def test_comes_back_as_it_was(self, plugin: Any, store: VectorStore, path: Path) -> None:
        loaded = plugin.load(path, DIM, OF)
        assert len(loaded) == 500
        for seed in range(5):
            assert_equal(loaded.search(unit(seed), 20), store.search(unit(seed), 20))

    def test_is_one_file_and_always_the_same(self, store: VectorStore, path: Path) -> None:
        store.save(path.with_name("again"), OF)
        assert sorted(entry.name for entry in path.parent.iterdir()) == ["again", path.name]
        assert path.read_bytes() == path.with_name("again").read_bytes()

    def test_holds_no_pickle(self, path: Path) -> None:
        assert path.read_bytes().startswith(b"vidcut vectors 3")

    def test_can_be_added_to_and_saved_over_itself(
        self, plugin: Any, path: Path, vectors: NDArray[np.float16]
    ) -> None:
        loaded = plugin.load(path, DIM, OF)
        loaded.save(path, OF)
        loaded.add(np.arange(8000, 8500, dtype=np.int64), vectors)
        loaded.save(path, OF)
        again = plugin.load(path, DIM, OF)
        assert len(again) == len(loaded) == 1000
        assert_equal(again.search(unit(1), 50), loaded.search(unit(1), 50))

    def test_stays_readable_when_another_takes_its_place(
        self, plugin: Any, store: VectorStore, path: Path, vectors: NDArray[np.float16]
    ) -> None:
        loaded = plugin.load(path, DIM, OF)
        other = plugin.create(DIM)
        other.add(np.arange(2, dtype=np.int64), vectors[:2])
        other.save(path, OF)
        assert_equal(loaded.search(unit(1), 50), store.search(unit(1), 50))

    def test_with_any_byte_changed_is_refused(self, plugin: Any, path: Path) -> None:
        whole = bytearray(path.read_bytes())
        header = range(64)
        sampled = np.random.default_rng(5).integers(64, len(whole), 150).tolist()
        for place in [*header, *sampled, len(whole) - 1]:
            for flip in (0x01, 0x80, 0xFF):
                whole[place] ^= flip
                path.write_bytes(whole)
                with pytest.raises(LibraryError, match="builds it anew"):
                    plugin.load(path, DIM, OF)
                whole[place] ^= flip
        path.write_bytes(whole)
        assert len(plugin.load(path, DIM, OF)) == 500

    @pytest.mark.parametrize("damage", ["zeroed", "stale", "swapped", "shifted"])
    @pytest.mark.parametrize("size", [512, 4096])
    def test_with_a_block_lost_or_out_of_place_is_refused(
        self, plugin: Any, path: Path, damage: str, size: int
    ) -> None:
        """What disks and torn writes leave behind, at every block of the file."""
        whole = path.read_bytes()
        blocks = [whole[at : at + size] for at in range(0, len(whole), size)]
        for place in range(1, len(blocks) - 2):
            left = list(blocks)
            if damage == "swapped":
                left[place : place + 2] = blocks[place + 1], blocks[place]
            elif damage == "shifted":
                left[place:-2] = blocks[place + 1 : -1]
            else:
                left[place] = bytes(size) if damage == "zeroed" else blocks[place - 1]
            path.write_bytes(b"".join(left))
            with pytest.raises(LibraryError, match="builds it anew"):
                plugin.load(path, DIM, OF)
        path.write_bytes(whole)
        assert len(plugin.load(path, DIM, OF)) == 500

    def test_cut_short_or_lengthened_is_refused(self, plugin: Any, path: Path) -> None:
        whole = path.read_bytes()
        lengths = [0, 1, 15, 16, 63, 64, 65, 72, len(whole) // 2, len(whole) - 1]
        for damaged in [*(whole[:length] for length in lengths), whole + b"\0", whole * 2]:
            path.write_bytes(damaged)
            with pytest.raises(LibraryError, match="builds it anew"):
                plugin.load(path, DIM, OF)

    def test_of_impossible_size_is_refused_before_memory_is_taken(
        self, plugin: Any, path: Path
    ) -> None:
        whole = bytearray(path.read_bytes())
        whole[24:32] = b"\xff" * 8
        path.write_bytes(whole)
        with pytest.raises(LibraryError, match="cut short"):
            plugin.load(path, DIM, OF)

    @pytest.mark.parametrize("dim", [DIM - 1, DIM + 1, 2 * DIM, 1])
    def test_of_another_width_is_refused(self, plugin: Any, path: Path, dim: int) -> None:
        with pytest.raises(LibraryError, match="something else"):
            plugin.load(path, dim, OF)

    @pytest.mark.parametrize("of", ["", OF[1:], OF + " ", "asr" + OF[5:]])
    def test_of_anything_else_is_refused(self, plugin: Any, path: Path, of: str) -> None:
        for opened in (plugin.load, plugin.read):
            with pytest.raises(LibraryError, match="or another's; vidcut builds it anew"):
                opened(path, DIM, of)

    def test_of_another_store_is_never_misread(self, plugin: Any, path: Path) -> None:
        """Stores may share a form; where they do not, they say so."""
        for name in plugins.names("stores"):
            try:
                loaded = plugins.load("stores", name).load(path, DIM, OF)
            except LibraryError:
                continue
            mine = plugin.load(path, DIM, OF)
            assert_equal(loaded.search(unit(1), 9), mine.search(unit(1), 9))

    def test_that_is_missing_or_a_folder_is_refused(self, plugin: Any, tmp_path: Path) -> None:
        for path in (tmp_path / "none", tmp_path):
            with pytest.raises(LibraryError, match="cannot be read"):
                plugin.load(path, DIM, OF)

    def test_that_cannot_be_written_says_so(self, store: VectorStore, tmp_path: Path) -> None:
        with pytest.raises(LibraryError, match="cannot be written"):
            store.save(tmp_path / "none" / "snapshot", OF)


def assert_equal(
    one: tuple[NDArray[np.int64], NDArray[np.float32]],
    other: tuple[NDArray[np.int64], NDArray[np.float32]],
) -> None:
    assert one[0].tolist() == other[0].tolist()
    assert one[1].tolist() == other[1].tolist()


def test_the_stores_agree_to_the_last_bit(
    ids: NDArray[np.int64], vectors: NDArray[np.float16]
) -> None:
    stores = [plugins.load("stores", name).create(DIM) for name in plugins.names("stores")]
    crowded = np.concatenate([vectors, vectors[:50]])
    for store in stores:
        store.add(np.concatenate([ids, np.arange(6000, 6050)]), crowded)
    for seed in range(20):
        first, *rest = [store.search(unit(seed), 60) for store in stores]
        for result in rest:
            assert_equal(result, first)
