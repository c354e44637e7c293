"""``vidcut ls --unused``: what was never used, and what it shows."""

from __future__ import annotations

import fcntl
import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from vidcut import Library, Span
from vidcut.errors import LibraryBusyError

if TYPE_CHECKING:
    from pathlib import Path

SECOND_US = 1_000_000


@pytest.fixture
def own(home: Path, tmp_path: Path) -> Path:
    """The films and their library, to write to."""
    return shutil.copytree(home, tmp_path / "own")


def mark(folder: Path, name: str, start: float, end: float) -> None:
    span = Span(round(start * SECOND_US), round(end * SECOND_US))
    with Library(folder, store="flat") as opened:
        assert opened.mark_used([(folder / "films" / name, span)], "reel.mp4") == 1


def test_at_first_everything_is_unused(own: Path, vidcut: Any) -> None:
    done = vidcut("ls", "--unused", "--json", cwd=own)
    assert done.code == 0, done.err
    found = {line["video"]: line for line in done.lines()}
    lengths = {line["video"]: line["seconds"] for line in vidcut("ls", "--json", cwd=own).lines()}
    assert {name: one["seconds"] for name, one in found.items()} == lengths
    assert all(one["is_whole"] and one["start"] == 0 for one in found.values())
    travel = found["films/travel.mp4"]
    assert travel["path"] == str(own / "films" / "travel.mp4")
    assert {one["modality"] for one in travel["evidence"]} >= {"frame", "asr"}
    assert all(one["text"] for one in travel["evidence"])


def test_what_is_left_of_a_used_video_says_why(own: Path, vidcut: Any) -> None:
    mark(own, "travel.mp4", 0, 4)
    rows = [line.split("\t") for line in vidcut("ls", "--unused", cwd=own).out.splitlines()]
    reasons = {row[0]: row[1:] for row in rows}
    assert len(rows) == len(reasons) == 5
    start, _, _, why = reasons["films/travel.mp4"]
    assert start == "00:00:04.000"
    assert why.startswith("the rest was used; seen: ")
    assert "; said: " in why
    assert reasons["films/pets.mp4"][0] == "00:00:00.000"
    assert reasons["films/pets.mp4"][3].startswith("nothing of it was used; seen: ")


def test_what_was_used_whole_is_not_listed(own: Path, vidcut: Any) -> None:
    for line in vidcut("ls", "--json", cwd=own).lines():
        mark(own, line["video"].removeprefix("films/"), 0, line["seconds"])
    done = vidcut("ls", "--unused", cwd=own)
    assert (done.code, done.out) == (1, "")
    assert "nothing to list" in done.err
    assert vidcut("ls", cwd=own).code == 0


def test_the_unused_goes_where_moments_go(own: Path, vidcut: Any) -> None:
    mark(own, "pets.mp4", 0, 2)
    listed = vidcut("ls", "--unused", "--json", cwd=own)
    (pets,) = (line for line in listed.lines() if line["video"] == "films/pets.mp4")
    done = vidcut("export", "rest.csv", stdin=json.dumps(pets), cwd=own)
    assert done.code == 0, done.err
    assert "pets.mp4" in (own / "rest.csv").read_text("utf-8")


@pytest.mark.parametrize("other", ["--failed", "--missing"])
def test_unused_stands_alone(own: Path, vidcut: Any, other: str) -> None:
    done = vidcut("ls", "--unused", other, cwd=own)
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert f"leave out {other}" in done.err


def test_names_and_words_are_made_safe(own: Path, vidcut: Any) -> None:
    hostile = own / "films" / "pets\x1b[2J.mp4"
    (own / "films" / "pets.mp4").rename(hostile)
    done = vidcut("index", "films", "--offline", "-q", cwd=own)
    assert done.code == 0, done.err
    assert "\x1b" not in vidcut("ls", "--unused", cwd=own).out


def test_a_busy_library_is_still_listed_and_not_marked(own: Path, vidcut: Any) -> None:
    with (own / ".vidcut" / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(LibraryBusyError, match="is writing"):
            mark(own, "pets.mp4", 0, 1)
        assert vidcut("ls", "--unused", cwd=own).code == 0
