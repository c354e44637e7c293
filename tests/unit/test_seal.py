"""A catalog at rest is held against the list of its pages: moved, old and lost ones are told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from vidcut import catalog, journal, seal
from vidcut.errors import LibraryError

if TYPE_CHECKING:
    from pathlib import Path

PAGE = 4096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A sealed catalog of some fifty pages."""
    made = tmp_path / "catalog.sqlite"
    catalog.create(made).close()
    fill(made, range(300))
    return made


def fill(path: Path, numbers: range) -> None:
    opened = catalog.open_(path, writable=True)
    with opened.writing():
        for number in numbers:
            opened.add_video(f"{number:04d}.mp4", (1, 2), b"%04d" % number * 100)
    opened.close()


def read_all(path: Path, *, writable: bool = False) -> list[str]:
    opened = catalog.open_(path, writable=writable)
    try:
        return [video.path for video in opened.videos()]
    finally:
        opened.close()


def swap(path: Path, one: int, other: int) -> None:
    data = bytearray(path.read_bytes())
    first, second = (slice(page * PAGE, (page + 1) * PAGE) for page in (one, other))
    data[first], data[second] = data[second], data[first]
    path.write_bytes(data)


def leaves(path: Path) -> list[int]:
    """The pages that hold the videos themselves, and nothing but what is filled in."""
    data = path.read_bytes()
    pages = [data[at : at + PAGE] for at in range(0, len(data), PAGE)]
    return [number for number, page in enumerate(pages) if page[0] == 13 and b".mp4" in page]


def test_a_closed_catalog_is_sealed(path: Path) -> None:
    sealed = seal.read(seal.of(path))
    assert sealed is not None
    assert sealed.pages == path.stat().st_size // PAGE
    assert sealed.misplaced(path) == []
    assert len(read_all(path)) == 300


@pytest.mark.parametrize("writable", [False, True])
def test_pages_that_changed_places_are_refused(path: Path, writable: bool) -> None:  # noqa: FBT001
    one, other = leaves(path)[:2]
    swap(path, one, other)
    with pytest.raises(LibraryError, match=r"page \d+ is not the one last written"):
        read_all(path, writable=writable)


def test_without_the_seal_they_were_not_told(path: Path) -> None:
    """What the seal is for: the checksums of pages do not say where a page belongs."""
    one, other = leaves(path)[:2]
    swap(path, one, other)
    seal.of(path).unlink()
    opened = catalog.open_(path, writable=False)
    found = [opened._db.execute("SELECT 1 FROM videos WHERE id = ?", (n,)) for n in range(1, 301)]
    assert any(rows.fetchone() is None for rows in found)
    opened.close()


def test_a_page_as_it_was_before_is_refused(path: Path) -> None:
    before = path.read_bytes()
    opened = catalog.open_(path, writable=True)
    opened.restamp(1, "0000.mp4", (7, 7), b"new" * 100)
    opened.close()
    after = bytearray(path.read_bytes())
    page = next(n for n in leaves(path) if before[n * PAGE :][:PAGE] != after[n * PAGE :][:PAGE])
    after[page * PAGE : (page + 1) * PAGE] = before[page * PAGE : (page + 1) * PAGE]
    path.write_bytes(after)
    with pytest.raises(LibraryError, match="is not the one last written"):
        read_all(path)


def test_a_writer_breaks_it_before_it_writes(path: Path) -> None:
    opened = catalog.open_(path, writable=True)
    assert seal.of(path).exists()
    with opened.writing():
        assert not seal.of(path).exists()
        opened.set_state(1, "ok")
    assert not seal.of(path).exists()
    opened.close()
    assert seal.of(path).exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from vidcut import catalog
opened = catalog.open_(Path(sys.argv[1]), writable=True)
opened._db.pragma("cache_size", 1)
with opened.writing():
    for number in range(300):
        opened.restamp(number + 1, f"{number:04d}.mp4", (9, 9), b"spilled" * 60)
    os.kill(os.getpid(), signal.SIGKILL)
"""
"""Is killed in a transaction that is larger than its memory: part of it is in the log."""


def test_a_writer_killed_in_a_large_transaction_leaves_a_whole_catalog(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert journal.of(path).stat().st_size > 10 * PAGE
    assert not seal.of(path).exists()
    assert len(read_all(path)) == 300
    assert len(read_all(path, writable=True)) == 300
    opened = catalog.open_(path, writable=False)
    assert {opened.stamp(number) for number in range(1, 301)} == {(1, 2)}
    opened.close()
    assert seal.of(path).exists()


def test_a_writer_that_writes_nothing_leaves_it(path: Path) -> None:
    inode = seal.of(path).stat().st_ino
    opened = catalog.open_(path, writable=True)
    assert len(opened.videos()) == 300
    opened.close()
    assert seal.of(path).stat().st_ino == inode


def test_a_reader_stays_right_while_a_writer_changes_pages(path: Path) -> None:
    reader = catalog.open_(path, writable=False)
    assert reader.stamp(1) == (1, 2)
    writer = catalog.open_(path, writable=True)
    with writer.writing():
        for number in range(1, 301):
            writer.restamp(number, f"{number - 1:04d}.mp4", (5, 6), b"other" * 80)
    writer.close()
    assert {reader.stamp(number) for number in range(1, 301)} == {(5, 6)}
    reader.close()


def test_a_damaged_seal_is_said_and_not_used(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    damaged = bytearray(seal.of(path).read_bytes())
    damaged[-1] ^= 1
    seal.of(path).write_bytes(damaged)
    assert len(read_all(path)) == 300
    assert "is damaged" in caplog.text


def test_a_log_beside_a_sealed_catalog_is_refused(path: Path) -> None:
    log = journal.of(path)
    log.write_bytes(os.urandom(5000))
    for writable in (False, True):
        with pytest.raises(LibraryError, match="is not a log of"):
            catalog.open_(path, writable=writable)
    assert log.stat().st_size == 5000


def test_a_catalog_that_cannot_be_sealed_is_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(seal, "make", full)
    fill(path, range(300, 310))
    assert "was not sealed" in caplog.text
    assert not seal.of(path).exists()
    assert len(read_all(path)) == 310


def test_a_bit_that_flips_is_refused(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[leaves(path)[0] * PAGE + 2000] ^= 1
    path.write_bytes(data)
    with pytest.raises(LibraryError, match=r"checksum is wrong.*vidcut verify --repair"):
        read_all(path)


def test_a_catalog_that_lost_its_checksums_is_refused(path: Path) -> None:
    """With another number of spare bytes SQLite would check no page."""
    data = bytearray(path.read_bytes())
    assert data[20] == 8
    data[20] = 0
    path.write_bytes(data)
    with pytest.raises(LibraryError, match=r"carry no checksums|is not the one last written"):
        read_all(path)
