"""Snapshots grow by what is added, and what is lost of them comes from the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcut import library, plugins, snapshots, stretches
from vidcut.errors import OutputError
from vidcut.records import Draft, Space, Span
from vidcut.stores import _lists, _snapshot
from vidcut.stretches import joined

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vidcut.records import Vector

SPACE = Space("fake", 8, "1")


def unit(seed: int) -> Vector:
    row = np.random.default_rng(seed).standard_normal(8).astype(np.float32)
    return np.asarray(row / np.linalg.norm(row), dtype=np.float32)


@pytest.fixture(params=plugins.names("stores"))
def store(request: pytest.FixtureRequest) -> Any:
    return plugins.load("stores", request.param)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library whose files may be small and may not be large."""
    monkeypatch.setattr(stretches, "SMALL", 0)
    for module in (stretches, snapshots):
        monkeypatch.setattr(module, "LARGE", 40)
    return tmp_path / ".vidcut"


def add(folder: Path, store: Any, count: int, *, modality: str = "frame", another: int = 0) -> None:
    with library.open_to_write(folder, store, create=True) as holdings:
        holdings.vectors.forget_other_pasts()
        known = holdings.catalog.last_chunk_id()
        with holdings.catalog.writing():
            name = f"{known}.mp4"
            video = holdings.catalog.add_video(name, (1, 1), name.encode())
            seeds = range(known + another, known + another + count)
            drafts = [Draft(Span(seed, seed + 1), None, unit(seed)) for seed in seeds]
            holdings.keep(video, modality, SPACE, drafts)
        holdings.refresh_snapshots(["frame", "asr"])


def files(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_ino for path in sorted((folder / "vectors").iterdir())}


def nearest(folder: Path, store: Any, count: int = 500) -> list[tuple[int, float]]:
    holdings = library.open_(folder, store)
    try:
        return holdings.nearest("frame", SPACE, unit(3), count, None)
    finally:
        holdings.close()


def truth(count: int) -> list[int]:
    cosines = [float(unit(seed).astype(np.float16) @ unit(3)) for seed in range(count)]
    return [seed + 1 for seed in sorted(range(count), key=lambda seed: -cosines[seed])]


def test_few_that_are_added_leave_the_large_file_alone(folder: Path, store: Any) -> None:
    add(folder, store, 30)
    (large,) = files(folder).items()
    add(folder, store, 3)
    assert large in files(folder).items()
    assert len(files(folder)) == 2
    assert [one for one, _ in nearest(folder, store)] == truth(33)


def test_files_that_are_alike_become_one(folder: Path, store: Any) -> None:
    for _ in range(12):
        add(folder, store, 1)
    assert len(files(folder)) <= 3
    assert [one for one, _ in nearest(folder, store)] == truth(12)


def test_no_file_is_larger_than_it_may_be(folder: Path, store: Any) -> None:
    add(folder, store, 100)
    add(folder, store, 25)
    assert len(files(folder)) >= 3
    assert [one for one, _ in nearest(folder, store)] == truth(125)
    assert [one for one, _ in nearest(folder, store, 7)] == truth(125)[:7]


def test_a_file_in_the_middle_that_is_gone_costs_time_alone(folder: Path, store: Any) -> None:
    add(folder, store, 125)
    sorted((folder / "vectors").iterdir())[1].unlink()
    assert [one for one, _ in nearest(folder, store)] == truth(125)
    add(folder, store, 1)
    assert [one for one, _ in nearest(folder, store)] == truth(126)
    holdings = library.open_(folder, store)
    assert all(present for _, present in holdings.vectors.present())
    holdings.close()


def test_chunks_of_other_modalities_are_not_looked_through_at_each_opening(
    folder: Path, store: Any
) -> None:
    add(folder, store, 30)
    (large,) = files(folder).items()
    for _ in range(3):
        add(folder, store, 5, modality="asr")
    first, none = [item for item in files(folder).items() if item[0].startswith("frame")]
    assert {first, none} > {large}
    assert {".000000000030-000000000045." in name for name, _ in (first, none)} == {True, False}
    assert len(nearest(folder, store)) == 30


def test_a_list_that_is_damaged_is_found_when_it_is_searched(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_lists, "LEAST", 10)
    monkeypatch.setattr(_lists, "_ROWS_A_LIST", 10)
    monkeypatch.setattr(_lists, "_SHARE", 1.0)
    store = plugins.load("stores", "faiss")
    add(folder, store, 40)
    (path,) = (folder / "vectors").iterdir()
    data = bytearray(path.read_bytes())
    assert data.startswith(_lists.MAGIC)
    data[-1] ^= 0x10
    path.write_bytes(data)
    assert [one for one, _ in nearest(folder, store)] == truth(40)


def test_a_list_that_is_damaged_is_written_anew_by_the_next_index_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(_lists, "LEAST", 10)
    monkeypatch.setattr(_lists, "_ROWS_A_LIST", 10)
    monkeypatch.setattr(_lists, "_SHARE", 1.0)
    store = plugins.load("stores", "faiss")
    add(folder, store, 40)
    (path,) = (folder / "vectors").iterdir()
    data = bytearray(path.read_bytes())
    data[-1] ^= 0x10
    path.write_bytes(data)
    add(folder, store, 0)
    assert "is damaged" in caplog.text
    caplog.clear()
    assert [one for one, _ in nearest(folder, store)] == truth(40)
    assert not caplog.text


def another(folder: Path, store: Any) -> None:
    """Of another library, which has as many chunks."""
    elsewhere = folder.with_name("elsewhere")
    add(elsewhere, store, 40, another=1_000)
    add(folder, store, 40)
    put(in_order(elsewhere)[0], folder)


def another_modality(folder: Path, store: Any) -> None:
    """What was said, rather than seen."""
    add(folder, store, 40)
    add(folder, store, 40, modality="asr")
    put(in_order(folder, "asr")[-1], folder)


def older(folder: Path, store: Any) -> None:
    """What there was before something was deleted and as much added."""
    add(folder, store, 40, another=1_000)
    kept = in_order(folder)[0].rename(folder / "kept")
    with library.open_to_write(folder, store) as holdings, holdings.catalog.writing():
        holdings.catalog.forget_video(1)
    add(folder, store, 40)
    put(kept, folder)


def shorter(folder: Path, store: Any) -> None:
    """What there was before more was added."""
    add(folder, store, 20)
    kept = in_order(folder)[0].rename(folder / "kept")
    add(folder, store, 20)
    put(kept, folder)


def later(folder: Path, store: Any) -> None:
    """Of the chunks that come after these."""
    add(folder, store, 80)
    put(in_order(folder)[1], folder)


def in_order(folder: Path, modality: str = "frame") -> list[Path]:
    """The files of a modality that have vectors, the first chunks' first."""
    found = [stretches.parsed(path) for path in (folder / "vectors").glob(f"{modality}.*")]
    known = sorted((one[1] for one in found if one), key=lambda one: one.after)
    return [one.path for one in known if one.path.stat().st_size > _snapshot.HEADER.size]


def put(other: Path, folder: Path) -> None:
    """A file in the place of the first."""
    path = in_order(folder)[0]
    assert path.read_bytes() != other.read_bytes()
    path.write_bytes(other.read_bytes())


def demand_the_catalogs(folder: Path, store: Any) -> None:
    """The answers are those without any file."""
    found = nearest(folder, store)
    (folder / "vectors").rename(folder / "aside")
    right = nearest(folder, store)
    (folder / "aside").rename(folder / "vectors")
    assert [one for one, _ in found] == [one for one, _ in right]
    assert len(found) >= 40


@pytest.mark.parametrize("exchanged", [another, another_modality, older, shorter, later])
def test_no_file_passes_for_another(
    folder: Path,
    store: Any,
    exchanged: Callable[[Path, Any], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    exchanged(folder, store)
    demand_the_catalogs(folder, store)
    (line,) = caplog.messages
    assert "is damaged, or another's; vidcut builds it anew" in line
    add(folder, store, 1)
    caplog.clear()
    demand_the_catalogs(folder, store)
    assert not caplog.text
    assert all(right_or_not(folder, store))


def right_or_not(folder: Path, store: Any) -> list[bool]:
    """Of each file, whether it holds what it is of."""
    holdings = library.open_(folder, store)
    try:
        found = [present for _, present in holdings.vectors.present()]
        return [one is not None and holdings.vectors.is_right(*one) for one in found]
    finally:
        holdings.close()


def test_of_footage_that_is_forgotten_no_vectors_stay(folder: Path, store: Any) -> None:
    add(folder, store, 30)
    with library.open_to_write(folder, store) as holdings:
        with holdings.catalog.writing():
            holdings.catalog.forget_video(1)
        holdings.refresh_snapshots(["frame"])
    assert not files(folder)
    assert not nearest(folder, store)


def test_a_catalog_that_was_put_back_finds_no_vectors_of_what_came_after(
    folder: Path, store: Any
) -> None:
    add(folder, store, 30)
    kept = {path: path.read_bytes() for path in folder.glob("catalog.sqlite*")}
    add(folder, store, 10, another=1_000)
    for path in folder.glob("catalog.sqlite*"):
        path.write_bytes(kept[path])
    add(folder, store, 10)
    add(folder, store, 5)
    assert [one for one, _ in nearest(folder, store)] == truth(45)


def test_nothing_is_removed_from_a_folder_that_a_link_leads_to(
    folder: Path, store: Any, tmp_path: Path
) -> None:
    add(folder, store, 30)
    elsewhere = (folder / "vectors").rename(tmp_path / "elsewhere")
    (folder / "vectors").symlink_to(elsewhere)
    mine = elsewhere / "frame.png"
    mine.touch()
    with pytest.raises(OutputError, match="symbolic link"):
        add(folder, store, 0)
    assert mine.exists()


@given(st.lists(st.integers(1, 5_000), max_size=300))
def test_there_are_never_many_files(added: list[int]) -> None:
    counts: list[int] = []
    written = 0
    for new in added:
        taken = joined(counts, new)
        size = new + sum(counts[len(counts) - taken :])
        counts[len(counts) - taken :] = [size]
        written += size
        assert size <= stretches.LARGE
        assert len(counts) <= 12
    assert sum(counts) == sum(added)
