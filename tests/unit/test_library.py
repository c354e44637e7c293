from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from vidcut import library, plugins
from vidcut.errors import (
    LibraryBusyError,
    LibraryError,
    LibraryNewerError,
    LibraryNotFoundError,
    OutputError,
)
from vidcut.records import Draft, Space, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.conftest import Clock
    from vidcut.library import Holdings
    from vidcut.records import Vector

SPACE = Space("fake", 8, "1")
OTHER_SPACE = Space("fake", 8, "2")


@pytest.fixture(params=plugins.names("stores"))
def store(request: pytest.FixtureRequest) -> Any:
    return plugins.load("stores", request.param)


@pytest.fixture
def flat() -> Any:
    return plugins.load("stores", "flat")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "footage" / ".vidcut"


def unit(seed: int) -> Vector:
    row = np.random.default_rng(seed).standard_normal(8).astype(np.float32)
    return np.asarray(row / np.linalg.norm(row), dtype=np.float32)


def fill(
    folder: Path, store: Any, seeds: Sequence[int], *, name: str = "a.mp4", space: Space = SPACE
) -> None:
    """A video with a chunk for each seed, and snapshots."""
    with library.open_to_write(folder, store, create=True) as holdings:
        with holdings.catalog.writing():
            video_id = holdings.catalog.add_video(name, (1, 1), name.encode())
            drafts = [Draft(Span(s, s + 1), None, unit(s)) for s in seeds]
            holdings.keep(video_id, "frame", space, drafts)
        holdings.refresh_snapshots(["frame", "asr"])


def nearest(folder: Path, store: Any, *, space: Space = SPACE) -> list[tuple[int, float]]:
    with reading(folder, store) as holdings:
        found = holdings.nearest("frame", space, unit(0), 10, None)
    return [(chunk_id, round(cosine, 5)) for chunk_id, cosine in found]


class reading:  # noqa: N801  (read as a verb)
    """A library opened to read, for the length of a block."""

    def __init__(self, folder: Path, store: Any) -> None:
        self._holdings = library.open_(folder, store)

    def __enter__(self) -> Holdings:
        return self._holdings

    def __exit__(self, *_: object) -> None:
        self._holdings.close()


def snapshots(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "vectors").iterdir())


# Snapshots ----------------------------------------------------------------------------


def test_with_and_without_a_snapshot_the_answer_is_the_same(folder: Path, store: Any) -> None:
    fill(folder, store, range(40))
    with_one = nearest(folder, store)
    shutil.rmtree(folder / "vectors")
    assert nearest(folder, store) == with_one
    assert len(with_one) == 10
    assert with_one[0][0] == 1
    assert with_one[0][1] == pytest.approx(1.0, abs=1e-3)


def test_every_store_gives_the_same_answer(folder: Path) -> None:
    fill(folder, plugins.load("stores", "flat"), range(40))
    answers = [nearest(folder, plugins.load("stores", name)) for name in plugins.names("stores")]
    for answer in answers:
        assert [chunk for chunk, _ in answer] == [chunk for chunk, _ in answers[0]]


def test_a_snapshot_that_is_behind_is_extended(folder: Path, store: Any) -> None:
    fill(folder, store, range(5))
    (before,) = snapshots(folder)
    with library.open_to_write(folder, store) as holdings, holdings.catalog.writing():
        holdings.keep(1, "frame", SPACE, [Draft(Span(9, 10), None, unit(0))])
    assert [chunk for chunk, _ in nearest(folder, store)][:2] == [1, 6]
    assert snapshots(folder) == [before]
    fill(folder, store, [], name="b.mp4")
    (after,) = snapshots(folder)
    assert before != after


def test_a_snapshot_that_is_right_is_left_alone(folder: Path, store: Any) -> None:
    fill(folder, store, range(5))
    (path,) = (folder / "vectors").iterdir()
    before = path.stat()
    with library.open_to_write(folder, store) as holdings:
        holdings.refresh_snapshots(["frame"])
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("place", [0, 20, 40, 63, 70, 200, -1])
def test_a_damaged_snapshot_is_built_anew(folder: Path, store: Any, place: int) -> None:
    fill(folder, store, range(40))
    right = nearest(folder, store)
    (path,) = (folder / "vectors").iterdir()
    data = bytearray(path.read_bytes())
    data[place] ^= 0x10
    path.write_bytes(data)
    assert nearest(folder, store) == right
    with library.open_to_write(folder, store) as holdings:
        holdings.refresh_snapshots(["frame"])
    assert path.read_bytes() != data
    assert nearest(folder, store) == right


def test_a_snapshot_from_before_a_deletion_is_not_used(folder: Path, store: Any) -> None:
    fill(folder, store, range(5))
    fill(folder, store, range(5, 9), name="b.mp4")
    with library.open_to_write(folder, store) as holdings, holdings.catalog.writing():
        holdings.catalog.forget_video(1)
    assert sorted(chunk for chunk, _ in nearest(folder, store)) == [6, 7, 8, 9]
    with library.open_to_write(folder, store) as holdings:
        holdings.refresh_snapshots(["frame"])
    assert len(snapshots(folder)) == 1
    assert sorted(chunk for chunk, _ in nearest(folder, store)) == [6, 7, 8, 9]


def test_another_librarys_snapshot_is_not_used(folder: Path, tmp_path: Path, store: Any) -> None:
    other = tmp_path / "other" / ".vidcut"
    fill(folder, store, range(5))
    fill(other, store, range(10, 15))
    right = nearest(folder, store)
    shutil.rmtree(folder / "vectors")
    shutil.copytree(other / "vectors", folder / "vectors")
    assert nearest(folder, store) == right


def test_a_new_space_leaves_the_old_one_behind(folder: Path, store: Any) -> None:
    fill(folder, store, range(5))
    fill(folder, store, range(5, 8), name="b.mp4", space=OTHER_SPACE)
    assert len(snapshots(folder)) == 1
    assert sorted(chunk for chunk, _ in nearest(folder, store, space=OTHER_SPACE)) == [6, 7, 8]
    assert sorted(chunk for chunk, _ in nearest(folder, store)) == [1, 2, 3, 4, 5]


def test_what_an_interrupted_run_left_is_cleared_away(folder: Path, store: Any) -> None:
    fill(folder, store, range(3))
    for name in (".frame.x.0.000000000001.flat.part", "frame.strange.flat"):
        (folder / "vectors" / name).write_text("half")
    fill(folder, store, range(3, 5), name="b.mp4")
    assert len(snapshots(folder)) == 1


def test_videos_limit_the_search(folder: Path, store: Any) -> None:
    fill(folder, store, range(5))
    fill(folder, store, range(5, 9), name="b.mp4")
    with reading(folder, store) as holdings:
        found = holdings.nearest("frame", SPACE, unit(0), 10, [2])
        assert sorted(chunk for chunk, _ in found) == [6, 7, 8, 9]
        assert holdings.nearest("frame", SPACE, unit(0), 10, []) == []


def test_cosines_are_of_the_chunks_asked_for_in_their_order(folder: Path, store: Any) -> None:
    fill(folder, store, range(30))
    ids = [17, 3, 30, 1, 8]
    right = [float(unit(number - 1) @ unit(2)) for number in ids]
    with reading(folder, store) as holdings:
        found = holdings.cosines("frame", SPACE, unit(2), ids)
        assert found.dtype == np.float32
        assert found.tolist() == pytest.approx(right, abs=2e-3)
        assert holdings.cosines("frame", SPACE, unit(2), []).tolist() == []


def test_cosines_are_those_by_which_the_nearest_were_found(folder: Path, store: Any) -> None:
    fill(folder, store, range(30))
    with reading(folder, store) as holdings:
        ids, nearest_ones = zip(*holdings.nearest("frame", SPACE, unit(0), 12, None), strict=True)
        cosines = holdings.cosines("frame", SPACE, unit(0), ids)
    assert cosines.tolist() == pytest.approx(nearest_ones, abs=1e-6)


def test_a_damaged_vector_is_refused(folder: Path, store: Any) -> None:
    fill(folder, store, range(5))
    shutil.rmtree(folder / "vectors")
    with library.open_to_write(folder, store) as holdings:
        holdings.catalog._db.execute("UPDATE vectors SET vector = zeroblob(16) WHERE chunk_id = 3")
    with pytest.raises(LibraryError, match="chunk 3 is damaged"):
        nearest(folder, store)


# Opening ------------------------------------------------------------------------------


def test_a_library_is_found_from_below(folder: Path, flat: Any) -> None:
    fill(folder, flat, [1])
    below = folder.parent / "a" / "b"
    below.mkdir(parents=True)
    assert library.locate(below) == library.locate(folder.parent) == folder


def test_no_library_is_found_where_none_is(tmp_path: Path, flat: Any) -> None:
    (tmp_path / ".vidcut").mkdir()
    with pytest.raises(LibraryNotFoundError, match="vidcut index"):
        library.locate(tmp_path)
    with (
        pytest.raises(LibraryNotFoundError, match="vidcut index"),
        library.open_to_write(tmp_path / "nowhere" / ".vidcut", flat),
    ):
        pass
    with pytest.raises(LibraryNotFoundError, match="vidcut index"):
        library.open_(tmp_path / ".vidcut", flat)


@pytest.mark.parametrize("content", [b"", b"no database at all", os.urandom(9000)])
def test_what_is_no_library_is_refused_in_every_way_to_open_it(
    folder: Path, flat: Any, content: bytes
) -> None:
    folder.mkdir(parents=True)
    (folder / "catalog.sqlite").write_bytes(content)
    assert library.locate(folder.parent) == folder
    with pytest.raises(LibraryError):
        library.open_(folder, flat)
    for create in (True, False):
        with pytest.raises(LibraryError), library.open_to_write(folder, flat, create=create):
            pass
    assert (folder / "catalog.sqlite").read_bytes() == content


def test_a_newer_library_is_refused(folder: Path, flat: Any) -> None:
    fill(folder, flat, [1])
    with library.open_to_write(folder, flat) as holdings:
        holdings.catalog._db.execute("PRAGMA user_version = 99")
    with pytest.raises(LibraryNewerError, match="upgrade vidcut"):
        library.open_(folder, flat)
    with pytest.raises(LibraryNewerError), library.open_to_write(folder, flat, create=True):
        pass


def test_a_library_cannot_be_made_inside_a_file(tmp_path: Path, flat: Any) -> None:
    (tmp_path / ".vidcut").write_text("a file")
    for folder in (tmp_path / ".vidcut", tmp_path / ".vidcut" / ".vidcut"):
        with (
            pytest.raises(OutputError, match="cannot be made"),
            library.open_to_write(folder, flat, create=True),
        ):
            pass


def test_a_new_catalog_takes_nothing_from_a_removed_ones_log(folder: Path, flat: Any) -> None:
    fill(folder, flat, range(3))
    with library.open_to_write(folder, flat) as holdings:
        with holdings.catalog.writing():
            holdings.catalog.add_video("b.mp4", (1, 1), b"")
        shutil.copy(folder / "catalog.sqlite-wal", folder / "saved")
    (folder / "catalog.sqlite").unlink()
    (folder / "saved").rename(folder / "catalog.sqlite-wal")
    (folder / ".catalog.sqlite.4711.part").write_bytes(b"half")
    with library.open_to_write(folder, flat, create=True) as holdings:
        assert holdings.catalog.videos() == []
    assert not list(folder.glob(".catalog*"))


WRITER = """
import sys
from pathlib import Path
from vidcut import library, plugins
with library.open_to_write(Path(sys.argv[1]), plugins.load("stores", "flat"), create=True):
    print("open", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def writer(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the library open to write, until its input ends."""
    command = [sys.executable, "-c", WRITER, str(folder)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process
        process.kill()


def test_a_second_writer_is_told_who_is_first(
    folder: Path, flat: Any, writer: subprocess.Popen[str], waited: Clock
) -> None:
    with (
        pytest.raises(LibraryBusyError, match=rf"process {writer.pid} \(.*\) is writing"),
        library.open_to_write(folder, flat),
    ):
        pass
    assert 0 < waited.now_s < 2
    library.open_(folder, flat).close()


def test_a_writer_that_was_killed_is_in_nobodys_way(
    folder: Path, flat: Any, writer: subprocess.Popen[str]
) -> None:
    writer.kill()
    writer.wait()
    fill(folder, flat, [1])


READER = """
import sys
from pathlib import Path
from vidcut import library, plugins
from vidcut.errors import OutputError
folder, store = Path(sys.argv[1]), plugins.load("stores", "flat")
holdings = library.open_(folder, store)
print([video.path for video in holdings.catalog.videos()], holdings.catalog.counts())
holdings.close()
try:
    with library.open_to_write(folder, store):
        pass
except OutputError as error:
    print(error)
"""


def test_a_library_on_a_read_only_disk_can_be_searched(folder: Path, flat: Any) -> None:
    fill(folder, flat, range(2))
    (folder / "lock").unlink()
    command = [sys.executable, "-c", READER, str(folder)]
    if os.geteuid() == 0:  # to root everything is writable, unless it lets go of that
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            pytest.skip("needs setpriv where the tests are run by root")
        command = [setpriv, "--bounding-set=-dac_override,-dac_read_search", *command]
    folder.chmod(0o555)
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=True)
    finally:
        folder.chmod(0o755)
    first, second = result.stdout.splitlines()
    assert first == "['a.mp4'] {'frame': 2}"
    fact = f"{folder} cannot be written to (Permission denied)"
    assert second == f"{fact}; make room there or make it writable"
    names = {path.name for path in folder.iterdir()}
    assert names == {"catalog.sqlite", "catalog.sqlite-seal", "vectors"}


# Paths --------------------------------------------------------------------------------


def test_paths_are_seen_from_the_librarys_folder(folder: Path, flat: Any, tmp_path: Path) -> None:
    fill(folder, flat, [1], name="../elsewhere/a.mp4")
    with reading(folder, flat) as holdings:
        (video,) = holdings.catalog.videos()
        assert holdings.absolute(video) == tmp_path / "elsewhere" / "a.mp4"
        assert holdings.relative(tmp_path / "elsewhere" / "a.mp4") == video.path
        assert holdings.relative(folder.parent / "trip" / "a.mp4") == "trip/a.mp4"


def test_a_moved_library_sees_its_films(folder: Path, flat: Any, tmp_path: Path) -> None:
    fill(folder, flat, [1])
    folder.parent.rename(tmp_path / "moved")
    with reading(tmp_path / "moved" / ".vidcut", flat) as holdings:
        (video,) = holdings.catalog.videos()
        assert holdings.absolute(video) == tmp_path / "moved" / "a.mp4"
    assert len(nearest(tmp_path / "moved" / ".vidcut", flat)) == 1
