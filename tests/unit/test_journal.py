"""A log that a killed writer left: what was finished must not vanish silently."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from vidcut import catalog, journal
from vidcut.errors import LibraryError

if TYPE_CHECKING:
    from pathlib import Path

FRAME = 24 + 4096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A catalog as a writer leaves it that is killed after its third transaction."""
    live = tmp_path / "live.sqlite"
    catalog.create(live).close()
    writer = catalog.open_(live, writable=True)
    for number in range(3):
        with writer.writing():
            writer.add_video(f"{number}.mp4", (1, 2), b"x" * 3000)
    made = tmp_path / "catalog.sqlite"
    shutil.copy(live, made)
    shutil.copy(journal.of(live), journal.of(made))
    writer.close()
    return made


def ends(path: Path) -> list[int]:
    """The frames of the log that end a transaction."""
    log = journal.of(path).read_bytes()
    count = (len(log) - 32) // FRAME
    heads = [log[32 + n * FRAME : 32 + n * FRAME + 24] for n in range(count)]
    return [n for n, head in enumerate(heads) if any(head[4:8])]


def flip(path: Path, at: int) -> None:
    log = journal.of(path)
    data = bytearray(log.read_bytes())
    data[at] ^= 1
    log.write_bytes(data)


def read_all(path: Path) -> list[str]:
    opened = catalog.open_(path, writable=False)
    try:
        return [video.path for video in opened.videos()]
    finally:
        opened.close()


def test_a_whole_log_is_taken(path: Path) -> None:
    assert len(ends(path)) >= 3
    assert not journal.is_damaged(journal.of(path))
    assert read_all(path) == ["0.mp4", "1.mp4", "2.mp4"]


@pytest.mark.parametrize("at", [0, 5, 9, 17, 25, 31, 32 + 1, 32 + 20, 32 + 24 + 100])
def test_a_broken_beginning_is_refused(path: Path, at: int) -> None:
    flip(path, at)
    with pytest.raises(LibraryError, match=r"-wal is damaged.*vidcut verify --repair"):
        read_all(path)


def test_a_broken_middle_is_refused_to_a_writer_too(path: Path) -> None:
    flip(path, 32 + ends(path)[-2] * FRAME + 24 + 100)
    log = journal.of(path).read_bytes()
    with pytest.raises(LibraryError, match="is damaged"):
        catalog.open_(path, writable=True)
    assert journal.of(path).read_bytes() == log


def test_two_transactions_do_not_vanish_where_the_end_of_the_first_is_gone(path: Path) -> None:
    log = bytearray(journal.of(path).read_bytes())
    at = 32 + ends(path)[-2] * FRAME
    log[at : at + 4096] = bytes(4096)
    journal.of(path).write_bytes(log)
    with pytest.raises(LibraryError, match="is damaged"):
        read_all(path)


@pytest.mark.parametrize("frame", range(12))
def test_one_large_transaction_may_be_torn_anywhere(tmp_path: Path, frame: int) -> None:
    live = tmp_path / "live.sqlite"
    catalog.create(live).close()
    writer = catalog.open_(live, writable=True)
    with writer.writing():
        for number in range(400):
            writer.add_video(f"{number}.mp4", (1, 2), b"%06d" % number * 500)
    made = tmp_path / "catalog.sqlite"
    shutil.copy(live, made)
    log = bytearray(journal.of(live).read_bytes())
    writer.close()
    count = (len(log) - 32) // FRAME
    at = 32 + count * frame // 12 * FRAME
    log[at : at + 4096] = bytes(4096)
    journal.of(made).write_bytes(log)
    assert count > 500
    assert not journal.is_damaged(journal.of(made))


def test_a_torn_end_is_a_transaction_that_was_not_finished(path: Path) -> None:
    flip(path, 32 + ends(path)[-1] * FRAME + 24 + 100)
    assert not journal.is_damaged(journal.of(path))
    assert read_all(path) == ["0.mp4", "1.mp4"]


@pytest.mark.parametrize("left", [1, 32, 33, 32 + 24, FRAME + 31])
def test_a_log_that_was_only_begun_says_nothing(path: Path, left: int) -> None:
    whole = journal.of(path).read_bytes()
    journal.of(path).write_bytes(whole[:left])
    assert not journal.is_damaged(journal.of(path))


def test_a_frame_that_is_being_written_is_looked_at_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = 32 + ends(path)[-2] * FRAME + 24 + 100
    flip(path, at)
    looks = []

    def meanwhile(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 1:
            flip(path, at)

    monkeypatch.setattr("vidcut.journal.time.sleep", meanwhile)
    assert not journal.is_damaged(journal.of(path))
    assert len(looks) == 1


def test_no_log_is_not_damaged(path: Path) -> None:
    assert not journal.is_damaged(path.with_name("none"))
