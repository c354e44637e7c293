"""A file whose name is no UTF-8 goes through: what one command tells, the next one takes."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

SAMPLES = Path(__file__).resolve().parents[2] / "sample_media"


def test_a_name_of_any_bytes_goes_from_json_to_a_clip(tmp_path: Path, vidcut: Any) -> None:
    film = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9 \x1b[31m\xff.mp4"))
    shutil.copyfile(SAMPLES / "pets.mp4", film)
    line = json.dumps({"path": str(film), "start": 1.0, "end": 1.5})
    assert "\\udcff" in line

    done = vidcut("cut", "-", "-o", "clips", "--json", cwd=tmp_path, stdin=line + "\n")
    assert done.code == 0, done.err
    assert "\x1b" not in done.out
    (told,) = done.lines()
    assert os.fsencode(told["source"]) == os.fsencode(film)
    (clip,) = (tmp_path / "clips").iterdir()
    assert clip.name.isprintable()
    assert clip.stat().st_size > 0

    done = vidcut("export", "film.csv", "-", cwd=tmp_path, stdin=line + "\n")
    assert done.code == 0, done.err
    table = (tmp_path / "film.csv").read_text(encoding="utf-8-sig")
    (row,) = csv.DictReader(table.splitlines())
    assert unquote_to_bytes(row["source"].removeprefix("file://")) == os.fsencode(film)


def test_a_name_that_would_steer_a_terminal_is_told_visibly(tmp_path: Path, vidcut: Any) -> None:
    done = vidcut("cut", "\x1b[2J\u202egone\udcff.mp4", "1", "2", cwd=tmp_path)
    assert done.code == 3
    assert r"\x1b[2J\u202egone\udcff.mp4" in done.err
    assert "\x1b" not in done.err

    done = vidcut("cut", "--\x1b]0;x\x07", cwd=tmp_path)
    assert done.code == 2
    assert "\x1b" not in done.err


def test_a_name_that_breaks_a_line_is_told_from_one_that_does_not(
    tmp_path: Path, vidcut: Any
) -> None:
    shutil.copyfile(SAMPLES / "pets.mp4", tmp_path / "a\nb\tc.mp4")
    (tmp_path / "a b c.mp4").write_text("no film either")
    (tmp_path / "no\nfilm.mp4").write_text("no film")
    done = vidcut("index", ".", "--offline", "--visual-model", "labels", cwd=tmp_path)
    assert done.code == 3
    assert r"no\x0afilm.mp4" in done.err
    shown = r"a\x0ab\x09c.mp4"
    for command in (
        ("ls",),
        ("info", "a\nb\tc.mp4"),
        ("search", "cat", "-n", "--min-score", "0.01"),
        ("search", "cat", "-n", "--min-score", "0.01", "--print", "tsv"),
        ("script", "-n", "story.txt", "--min-score", "0.01"),
        ("reel", "cat", "-n", "--min-score", "0.01"),
    ):
        (tmp_path / "story.txt").write_text("a cat\n")
        done = vidcut(*command, cwd=tmp_path)
        assert done.code in {0, 1}, done.err
        assert shown in done.out, command
    assert "a b c.mp4" in vidcut("ls", cwd=tmp_path).out
