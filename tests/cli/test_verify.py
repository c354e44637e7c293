"""vidcut verify: what is told of a library, and what --repair makes of a damaged one."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def copy(home: Path, tmp_path: Path) -> Path:
    """The sample films and their library, to be damaged."""
    return shutil.copytree(home, tmp_path / "home")


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def found(vidcut: Any, folder: Path) -> list[tuple[Any, ...]]:
    done = vidcut("search", "a dog", "-n", "--json", cwd=folder)
    return [(line["video"], line["start"], line["end"], line["score"]) for line in done.lines()]


def test_a_whole_library(copy: Path, vidcut: Any) -> None:
    done = vidcut("verify", "--read-media", cwd=copy)
    assert (done.code, done.out) == (0, "")
    assert done.err == "the library is whole\n"
    assert vidcut("verify", "--json", "--quiet", cwd=copy) == type(done)(0, "", "")


def test_a_damaged_one_is_mended_and_made_whole(copy: Path, vidcut: Any) -> None:
    before = found(vidcut, copy)
    catalog = copy / ".vidcut" / "catalog.sqlite"
    flip(catalog, catalog.stat().st_size // 2)
    done = vidcut("search", "a dog", "-n", cwd=copy)
    assert done.code == 4 or found(vidcut, copy) == before  # it may not have read that page
    done = vidcut("verify", "--json", cwd=copy)
    assert done.code == 4
    (line,) = done.lines()
    assert line["kind"] == "catalog"
    assert "checksum is wrong" in line["fact"]
    done = vidcut("verify", "--repair", cwd=copy)
    assert done.code == 0, done.err
    assert "catalog.damaged-1.sqlite" in done.err
    done = vidcut("index", ".", "--offline", cwd=copy)
    assert done.code == 0, done.err
    assert found(vidcut, copy) == before
    assert vidcut("verify", cwd=copy).code == 0


def test_media_that_are_gone_are_no_damage(copy: Path, vidcut: Any) -> None:
    (copy / "films" / "cafe.webm").unlink()
    done = vidcut("verify", "--repair", cwd=copy)
    assert done.code == 3
    assert done.out == (
        "media: films/cafe.webm: it is there no more;"
        " 'vidcut index' on its folder brings the library up to date\n"
    )


def test_no_library(tmp_path: Path, vidcut: Any) -> None:
    done = vidcut("verify", cwd=tmp_path)
    assert done.code == 4
    assert "vidcut index" in done.err
