"""A disk that fills, or a limit on files: one line that says so, exit 2, and nothing left."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ("--library", "HOME", "--offline")
COMMANDS = {
    "cut": ("cut", "FILM", "0", "6", "-o", "PLACE/a.mp4"),
    "smart": ("cut", "FILM", "0", "6", "--cut", "smart", "-o", "PLACE/a.mp4"),
    "copy": ("cut", "FILM", "0", "6", "--copy", "-o", "PLACE/a.mp4"),
    "reel": ("reel", "-", "-o", "PLACE/a.mp4", "--size", "320x180"),
    "script": ("script", "STORY", "-o", "PLACE/a.mp4", *LIBRARY),
    "search": ("search", "a cat", "-o", "PLACE/clips", *LIBRARY),
    "sheet": ("search", "a cat", "-n", "-k", "20", "--min-score", "0",
              "--sheet", "PLACE/a.html", *LIBRARY),
}  # fmt: skip
each_command = pytest.mark.parametrize("name", COMMANDS)
SLOW = ("smart", "copy", "sheet", "search")
"""With a limit, on long runs alone: they come to it as others do."""


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 12 kB."""
    mount = shutil.which("mount")
    place = tmp_path / "-small 'disk' 🎬"
    place.mkdir()
    words = ["-t", "tmpfs", "-o", "size=12k", "none", str(place)]
    if os.geteuid() or mount is None or subprocess.run([mount, *words], check=False).returncode:
        pytest.skip("needs to mount a small disk")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def run(name: str, home: Path, place: Path, limit: int | None = None) -> tuple[int, str]:
    """The exit code of a command that writes to a place, and what it said."""
    film, story = home / "films" / "pets.mp4", place.parent / "story.txt"
    story.write_text("a cat\n", "utf-8")
    named = {"FILM": str(film), "STORY": str(story), "HOME": str(home)}
    words = [named.get(word, word.replace("PLACE", str(place))) for word in COMMANDS[name]]

    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [sys.executable, "-B", "-m", "vidcut", *words],
        input=json.dumps({"path": str(film), "start": 0, "end": 6}),
        capture_output=True,
        text=True,
        cwd=place.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=limited,
        check=False,
    )
    return done.returncode, done.stderr


def files(place: Path) -> list[str]:
    return [path.name for path in place.rglob("*") if path.is_file()]


@each_command
def test_a_disk_that_fills_is_told(name: str, home: Path, small: Path) -> None:
    code, said = run(name, home, small)
    errors = [line for line in said.splitlines() if line.startswith("vidcut: ")]
    assert (code, len(errors)) == (2, 1), said
    assert "the disk is full" in errors[0] or "are free" in errors[0]
    assert "make room" in errors[0]
    assert files(small) == []


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=[pytest.mark.slow] * (one in SLOW)) for one in COMMANDS]
)
def test_a_file_beyond_the_limit_is_told(name: str, home: Path, tmp_path: Path) -> None:
    place = tmp_path / "clips"
    place.mkdir()
    code, said = run(name, home, place, limit=40_000)
    errors = [line for line in said.splitlines() if line.startswith("vidcut: ")]
    assert (code, len(errors)) == (2, 1), said
    assert "cannot be written: " in errors[0]
    assert "make room" in errors[0]
    assert files(place) == []
