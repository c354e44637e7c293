"""What goes wrong costs one clear line and the right exit code; the rest goes on."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from vidcut import schema

ROOT = Path(__file__).resolve().parents[2]
OFFLINE = ("--offline", "--visual-model", "labels")


def _one_line(text: str, *words: str) -> None:
    lines = [line for line in text.splitlines() if line.startswith("vidcut: ")]
    assert len(lines) == 1, text
    assert all(word in lines[0] for word in words), lines[0]


def test_missing_path(tmp_path: Path, vidcut: Any) -> None:
    done = vidcut("index", "nowhere", cwd=tmp_path)
    assert done.code == 2
    _one_line(done.err, "nowhere does not exist")


def test_folder_without_videos(tmp_path: Path, vidcut: Any) -> None:
    (tmp_path / "notes.txt").write_text("no film")
    done = vidcut("index", ".", *OFFLINE, cwd=tmp_path)
    assert done.code == 1
    assert "found no video" in done.err


def test_bad_files_cost_a_line_each_and_the_rest_goes_on(tmp_path: Path, vidcut: Any) -> None:
    films = tmp_path / "-films; rm 'x' \N{CLAPPER BOARD}"
    films.mkdir()
    (films / "text.mp4").write_text("this is no film\n" * 50)
    (films / "empty.mkv").touch()
    (films / "a\nb\x1b[31m.mp4").write_bytes(b"\0" * 500)
    (films / "playlist.mp4").write_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")
    os.mkfifo(films / "pipe.mp4")  # no footage at all: passed over
    whole = (ROOT / "sample_media" / "pets.mp4").read_bytes()
    (films / "cut.mp4").write_bytes(whole[: len(whole) // 3])
    shutil.copy(ROOT / "sample_media" / "voice-note.m4a", films / '--"good".m4a')
    done = vidcut("index", "--json", *OFFLINE, "--", films.name, cwd=tmp_path)
    assert done.code == 3
    summary = json.loads(done.out)
    failed = {Path(failure["path"]).name for failure in summary["failures"]}
    bad = {"text.mp4", "empty.mkv", "a\nb\x1b[31m.mp4", "playlist.mp4"}
    assert bad <= failed <= bad | {"cut.mp4"}
    lines = [line for line in done.err.splitlines() if line.startswith("vidcut: ")]
    assert len(lines) == len(failed)
    assert "\x1b" not in done.err
    listed = vidcut("ls", "--failed", cwd=tmp_path)
    assert "\x1b" not in listed.out
    again = json.loads(vidcut("index", "--json", *OFFLINE, "--", films.name, cwd=tmp_path).out)
    assert again["failures"] == []
    found = vidcut("search", "new lens for the camera", "-n", "--min-score", "0", cwd=tmp_path)
    assert found.code == 0


@pytest.mark.parametrize("query", ["", "   ", "\n\t"])
def test_empty_queries(query: str, home: Path, vidcut: Any) -> None:
    done = vidcut("search", query, "-n", cwd=home)
    assert done.code == 2
    _one_line(done.err, "the query is empty")


def test_syntax_of_other_languages_is_words(home: Path, vidcut: Any) -> None:
    queries = ("a AND", "NEAR(a b)", "col:x", "launch*", "^pad", "'; DROP TABLE chunks; --")
    done = vidcut("search", "-n", "-f", "-", "--json", cwd=home, stdin="\n".join(queries))
    assert done.code == 0, done.err
    assert {query["query"] for query in done.lines()} >= {"launch*", "^pad"}


def test_query_beyond_all_measure(home: Path, vidcut: Any) -> None:
    done = vidcut("search", "x" * 10_000, "-n", cwd=home)
    assert done.code == 2
    _one_line(done.err, "10000 characters")


def test_no_library(tmp_path: Path, vidcut: Any) -> None:
    done = vidcut("search", "x", cwd=tmp_path)
    assert done.code == 4
    _one_line(done.err, "vidcut index")


def test_library_of_a_newer_version(home: Path, tmp_path: Path, vidcut: Any) -> None:
    shutil.copytree(home / ".vidcut", tmp_path / ".vidcut")
    newer = schema.open_(tmp_path / ".vidcut" / "catalog.sqlite", writable=True)
    newer.pragma("user_version", 99)
    newer.close()
    for command in (("search", "x"), ("ls",), ("index", ".")):
        done = vidcut(*command, cwd=tmp_path)
        assert done.code == 4
        _one_line(done.err, "newer vidcut", "upgrade")


def test_library_that_is_rubbish(tmp_path: Path, vidcut: Any) -> None:
    (tmp_path / ".vidcut").mkdir()
    (tmp_path / ".vidcut" / "catalog.sqlite").write_bytes(os.urandom(5000))
    done = vidcut("search", "x", cwd=tmp_path)
    assert done.code == 4
    _one_line(done.err, "catalog.sqlite")


def test_model_that_is_not_here(tmp_path: Path, vidcut: Any) -> None:
    shutil.copy(ROOT / "sample_media" / "pets.mp4", tmp_path)
    model = "ViT-B-32/laion2b_s34b_b79k"
    done = vidcut(
        "index", ".", "--offline", "--visual-model", model, cwd=tmp_path, HF_HUB_CACHE=str(tmp_path)
    )
    assert done.code == 5
    _one_line(done.err, "ViT-B-32", "labels")


def test_output_folder_that_cannot_be_written(home: Path, tmp_path: Path, vidcut: Any) -> None:
    (tmp_path / "file").touch()
    done = vidcut("search", "火锅", "-o", tmp_path / "file" / "clips", cwd=home)
    assert done.code == 2
    _one_line(done.err, "file")


@pytest.mark.parametrize(
    "arguments",
    [
        ("search",),
        ("search", "x", "-k", "0"),
        ("search", "x", "--in", "smell"),
        ("search", "x", "--margin", "soon"),
        ("search", "x", "--margin", "nan"),
        ("search", "x", "--min-score", "2"),
        ("cut", "video.mp4"),
        ("cut", "video.mp4", "1:75", "2"),
        ("cut", "video.mp4", "5", "4"),
        ("cut", "-", "1", "2"),
        ("rm",),
        ("index", ".", "--quality", "superb"),
        ("nonsense",),
    ],
)
def test_wrong_command_lines(arguments: tuple[str, ...], home: Path, vidcut: Any) -> None:
    done = vidcut(*arguments, cwd=home)
    assert done.code == 2
    assert done.out == ""
    _one_line(done.err)


def test_cut_reads_only_moments(tmp_path: Path, vidcut: Any) -> None:
    for stdin in ("no json\n", "{}\n", '{"path": 1, "start": [], "end": 2}\n'):
        done = vidcut("cut", "-", stdin=stdin, cwd=tmp_path)
        assert done.code == 2
        _one_line(done.err, "line 1 of the moments")


def test_cut_of_what_is_not_there(home: Path, tmp_path: Path, vidcut: Any) -> None:
    for arguments in (("gone.mp4", "1", "2"), (home / "films/pets.mp4", "500", "501")):
        done = vidcut("cut", *arguments, "-o", tmp_path)
        assert done.code == 3
        _one_line(done.err)
    assert list(tmp_path.iterdir()) == []


def test_source_that_went_away_costs_its_clip(home: Path, tmp_path: Path, vidcut: Any) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(home, copy)
    (copy / "films" / "travel.mp4").unlink()
    done = vidcut("search", "火锅", "--in", "asr", "-o", tmp_path / "clips", cwd=copy)
    assert done.code == 3
    assert "travel.mp4" in done.err


def test_clip_never_takes_the_place_of_its_source(tmp_path: Path, vidcut: Any) -> None:
    film = tmp_path / "film.mp4"
    shutil.copy(ROOT / "sample_media" / "pets.mp4", film)
    before = film.read_bytes()
    done = vidcut("cut", film, "1", "2", "-o", film, "--overwrite", cwd=tmp_path)
    assert done.code == 2
    _one_line(done.err, "choose another name")
    assert film.read_bytes() == before


def test_other_file_at_a_clips_place_stays(home: Path, tmp_path: Path, vidcut: Any) -> None:
    options = ("-k", "1", "--in", "asr", "-o", tmp_path, "--print", "path")
    clip = Path(vidcut("search", "火锅", *options, cwd=home).out.rstrip("\n"))
    clip.write_bytes(b"mine")
    done = vidcut("search", "火锅", *options, cwd=home)
    assert done.code == 2
    _one_line(done.err, "exists already", "--overwrite")
    assert clip.read_bytes() == b"mine"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_stdout_that_is_full_or_closed(home: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -m vidcut ls"
    for redirection, code in ((">/dev/full", 2), (">&-", 0), ("2>&- >/dev/null", 0)):
        done = subprocess.run(
            ["sh", "-c", f"{command} {redirection}"],
            cwd=home,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, redirection
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["ls"], ["search", "coffee", "-n", "--json"]])
def test_a_reader_that_has_enough_is_no_error(home: Path, arguments: list[str]) -> None:
    command = [sys.executable, "-m", "vidcut", *arguments]
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "wb") as out:
        done = subprocess.run(command, cwd=home, stdout=out, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("arguments", ["search cat -n", "search cat --library {home}", "ls"])
def test_folder_that_is_gone(arguments: str, home: Path, tmp_path: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -m vidcut {arguments.format(home=home)}"
    gone = tmp_path / "gone"
    gone.mkdir()
    done = subprocess.run(
        ["sh", "-c", f"rmdir {shlex.quote(str(gone))}; {command}"],
        cwd=gone,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    _one_line(done.stderr, "is gone")


def test_what_is_not_indexed_to_the_end_is_told(home: Path, tmp_path: Path, vidcut: Any) -> None:
    shutil.copytree(home / ".vidcut", tmp_path / ".vidcut")
    opened = schema.open_(tmp_path / ".vidcut" / "catalog.sqlite", writable=True)
    opened.execute("UPDATE videos SET state = 'partial' WHERE id = 1")
    opened.close()
    done = vidcut("search", "said:zzyzx", "-n", cwd=tmp_path)
    assert done.code == 1
    assert "1 video is not indexed to the end, 'vidcut index' goes on" in done.err
    assert "partial\tnot indexed to its end" in vidcut("ls", cwd=tmp_path).out


def test_no_command_shows_the_help(tmp_path: Path, vidcut: Any) -> None:
    done = vidcut(cwd=tmp_path)
    assert done.code == 2
    assert "\n  search " in done.out


def test_ended_from_outside_leaves_no_draft(home: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "vidcut", "search", "a cat", "-k", "10", "--min-score", "0"]
    process = subprocess.Popen([*command, "-o", tmp_path], cwd=home, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 30
    while not list(tmp_path.iterdir()) and time.monotonic() < until:
        time.sleep(0.01)
    process.terminate()
    assert process.wait(timeout=30) == 130
    assert list(tmp_path.glob(".*")) == []
