"""What cannot be is refused before it costs anything, and odd footage is told alike everywhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def own(home: Path, tmp_path: Path) -> Path:
    return shutil.copytree(home, tmp_path / "own")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("reel", "-", "-o", "f.gif"), "known ending"),
        (("reel", "-", "-o", "there.mp4"), "exists already"),
        (("reel", "-", "-o", "there.mp4/f.mp4"), "is no folder"),
        (("reel", "-", "--music", "there.mp4"), "--music there.mp4"),
        (("export", "there.csv"), "exists already"),
        (("export", "there.mp4/f.csv"), "is no folder"),
        (("cut", "-", "-o", "there.mp4/clips"), "is no folder"),
    ],
)
def test_nobody_waits_for_stdin_to_be_refused(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    """Stdin stays open and says nothing."""
    for name in ("there.mp4", "there.csv"):
        (tmp_path / name).write_text("mine", "utf-8")
    reading, writing = os.pipe()
    done = subprocess.run(
        [sys.executable, "-m", "vidcut", *arguments],
        stdin=reading,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=120,
        check=False,
    )
    os.close(reading)
    os.close(writing)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr
    assert (tmp_path / "there.mp4").read_text("utf-8") == "mine"


def test_what_is_gone_is_told_alike(own: Path, vidcut: Any) -> None:
    found = vidcut("search", "a cat", "-n", "--json", "--min-score", "0", "-k", "9", cwd=own)
    gone = own / "films" / "pets.mp4"
    assert str(gone) in found.out
    gone.unlink()
    search = ("search", "a cat", "-n", "--min-score", "0", "-k", "9", "--export", "a.csv")
    reel = ("reel", "-", "-n", "-o", "a.mp4")
    told = []
    for words, lines in ((search, ""), (reel, found.out), (("export", "b.csv"), found.out)):
        done = vidcut(*words, stdin=lines, cwd=own)
        assert done.code == 3, done.err
        told.append([line for line in done.err.splitlines() if line.startswith("vidcut: ")])
    assert len(told[0]) == 1
    assert "pets.mp4 is not there" in told[0][0]
    assert told[0] == told[1] == told[2]
    for name in ("a.csv", "b.csv"):
        assert "pets.mp4" not in (own / name).read_text("utf-8")
    lines = "".join(f"{one}\n" for one in found.out.splitlines() if str(gone) in one)
    assert vidcut("reel", "-", "-o", "a.mp4", stdin=lines, cwd=own).code == 3
    assert not (own / "a.mp4").exists()


def test_what_changed_is_told_alike(own: Path, vidcut: Any) -> None:
    os.utime(own / "films" / "pets.mp4", (1, 1))
    (own / "story.txt").write_text("a cat\n", "utf-8")
    for words in (
        ("search", "a cat", "-n", "--video", "pets.mp4", "--sheet", "a.html"),
        ("reel", "a cat", "-n", "--video", "pets.mp4"),
        ("script", "story.txt", "-n", "--video", "pets.mp4"),
        ("timeline", "pets.mp4", "a cat"),
    ):
        done = vidcut(*words, "--offline", cwd=own)
        assert done.code == 0, done.err
        assert done.err.count("films/pets.mp4 changed after it was indexed; ") == 1, words


CHANGED = "changed after it was indexed; "


def test_what_changed_is_told_of_moments_that_come_from_elsewhere(own: Path, vidcut: Any) -> None:
    words = ("search", "a cat", "-n", "--video", "pets.mp4", "--json", "--offline")
    found = vidcut(*words, cwd=own).out
    unused = vidcut("ls", "--unused", "--json", cwd=own).out
    for is_changed in (False, True):
        if is_changed:
            os.utime(own / "films" / "pets.mp4", (1, 1))
        for line in (found, unused):
            done = vidcut("export", "a.csv", "--overwrite", stdin=line, cwd=own)
            assert done.err.count(f"films/pets.mp4 {CHANGED}") == is_changed, done.err


@pytest.mark.parametrize(
    "words",
    [
        ("cut", "-", "-o", "clips"),
        pytest.param(("reel", "-", "-n"), marks=pytest.mark.slow),
        pytest.param(("export", "a.csv", "--overwrite"), marks=pytest.mark.slow),
    ],
)
def test_a_moment_says_of_which_file_it_is(
    tmp_path: Path, vidcut: Any, words: tuple[str, ...]
) -> None:
    film = tmp_path / "pets.mp4"
    shutil.copyfile(ROOT / "sample_media" / "pets.mp4", film)
    facts = film.stat()
    right = {"bytes": facts.st_size, "mtime_ns": str(facts.st_mtime_ns)}
    told: list[tuple[dict[str, Any], int]] = [
        ({}, 0),
        ({"indexed": None}, 0),
        ({"indexed": {"bytes": True, "mtime_ns": "9" * 5000}}, 0),
        ({"indexed": right}, 0),
        ({"indexed": {**right, "bytes": 1}}, 1),
        ({"indexed": {**right, "mtime_ns": str(facts.st_mtime_ns + 1)}}, 1),
    ]
    for number, (more, count) in enumerate(told):
        start = number / 10  # for no clip is there already
        lines = json.dumps({"path": str(film), "start": start, "end": start + 0.5, **more})
        done = vidcut(*words, stdin=f"{lines}\n{lines}\n", cwd=tmp_path)
        assert done.code == 0, done.err
        assert done.err.count(f"pets.mp4 {CHANGED}") == count, more
    assert CHANGED not in vidcut(*words, "-q", stdin=f"{lines}\n", cwd=tmp_path).err


def test_a_picture_that_a_script_names_is_looked_for_by_its_line(own: Path, vidcut: Any) -> None:
    (own / "story.txt").write_text("a cat\n\n./none.jpg\n", "utf-8")
    done = vidcut("script", "story.txt", "-n", "--offline", cwd=own)
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert "line 2: none.jpg cannot be read" in done.err


def test_clips_tell_how_they_were_cut(own: Path, vidcut: Any) -> None:
    asked = ("search", "a cat", "-k", "1", "--json", "--copy")
    (cut,) = vidcut(*asked, cwd=own).lines()
    (listed,) = vidcut(*asked, "-n", cwd=own).lines()
    assert (cut["mode"], cut["note"]) == ("copy", "")
    assert (listed["mode"], listed["note"]) == (None, None)
    line = json.dumps({"path": cut["path"], "start": cut["start"], "end": cut["end"]})
    (by_hand,) = vidcut("cut", "-", "--copy", "--json", "-o", "b", stdin=line, cwd=own).lines()
    assert (by_hand["mode"], by_hand["note"]) == (cut["mode"], cut["note"])
