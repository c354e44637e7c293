"""``vidcut reel`` as a person runs it."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from vidcut import plugins

ROOT = Path(__file__).resolve().parents[2]


def moments(home: Path, *lines: dict[str, Any]) -> str:
    """JSON lines as search writes them, of the sample films."""
    told = [{"path": str(home / "films" / "pets.mp4"), "query": "pets", **line} for line in lines]
    return "".join(json.dumps(line) + "\n" for line in told)


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_best_moments_become_one_film(home: Path, tmp_path: Path, vidcut: Any) -> None:
    words = ("reel", "a cup of coffee", "-k", "2", "--size", "160x90", "--offline", "--json")
    done = vidcut(*words, "--library", home, cwd=tmp_path)
    assert done.code == 0, done.err
    (told,) = done.lines()
    assert told["path"] == "clips/reel_a-cup-of-coffee.mp4"
    assert left(tmp_path / "clips") == ["reel_a-cup-of-coffee.mp4"]
    media = plugins.load("readers", "pyav").create().probe(tmp_path / told["path"])
    assert media.duration_us == pytest.approx(told["duration"] * 1e6, abs=50_000)
    assert (media.picture.width, media.picture.height) == (160, 90)
    assert told["items"][0]["at"] == 0
    assert told["items"][-1]["until"] == told["duration"]
    assert all(item["title"].startswith("a cup of coffee – ") for item in told["items"])
    again = vidcut(*words, "--library", home, cwd=tmp_path)
    assert again.code == 2
    assert "--overwrite" in again.err


def test_searchs_lines_become_a_film_of_the_asked_order_and_length(
    home: Path, tmp_path: Path, vidcut: Any
) -> None:
    lines = moments(
        home,
        {"start": 4, "end": 6, "score": 0.2},
        {"start": 0, "end": 2, "score": 0.9},
        {"start": 2, "end": 3.5, "score": 0.5},
    )
    options = ("--duration", "4.5s", "--size", "160x90", "--rate", "25", "--json")
    done = vidcut("reel", "-", *options, "-n", "-o", "f.mp4", cwd=tmp_path, stdin=lines)
    starts = [(item["start"], item["end"]) for item in done.lines()[0]["items"]]
    assert starts == [(0, 2), (2, 3.5), (4, 5)]
    done = vidcut(
        *("reel", "-", *options, "-n", "--order", "given", "--fade", "0.4s", "-o", "f.mp4"),
        cwd=tmp_path,
        stdin="\n" + lines,
    )
    starts = [(item["start"], item["end"]) for item in done.lines()[0]["items"]]
    assert starts == [(4, 5.8), (0, 2), (2, 3.5)]
    assert left(tmp_path) == []


def test_names_that_look_like_options_and_worse(home: Path, tmp_path: Path, vidcut: Any) -> None:
    source = tmp_path / '-i "a\'b" \n🎬.mp4'
    source.symlink_to(home / "films" / "pets.mp4")
    lines = moments(home, {"path": str(source), "start": 1, "end": 2})
    output = "-o 'reel' 🎬.mov"
    options = ("--size", "160x90", f"--output={output}", "--transition", "fade")
    done = vidcut("reel", "-", *options, cwd=tmp_path, stdin=lines)
    assert done.code == 0, done.err
    assert done.out == output + "\n"
    assert "1 take, 00:00:01" in done.err
    assert (tmp_path / output).stat().st_size > 1000


def test_what_is_not_found_is_told(home: Path, tmp_path: Path, vidcut: Any) -> None:
    done = vidcut("reel", "zzzyx qqxw", "--in", "asr", "--offline", "--library", home, cwd=tmp_path)
    assert done.code == 1, done.err
    assert "nothing matches" in done.err
    assert vidcut("reel", "-", cwd=tmp_path).code == 1
    assert left(tmp_path) == []


def test_a_take_that_failed_is_left_out_in_one_line(
    home: Path, tmp_path: Path, vidcut: Any
) -> None:
    # Its index stays whole, so that it can be probed; half of what it points to is noise.
    whole = bytearray((home / "films" / "pets.mp4").read_bytes())
    begin = whole.index(b"mdat") + 4
    half = (len(whole) - begin) // 2
    whole[begin : begin + half] = random.Random(7).randbytes(half)  # noqa: S311  (noise)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(whole)
    lines = moments(home, {"start": 0, "end": 1}, {"path": str(broken), "start": 1, "end": 3})
    done = vidcut(
        *("reel", "-", "--size", "160x90", "-o", "f.mp4", "-q"), cwd=tmp_path, stdin=lines
    )
    assert done.code == 3, done.err
    assert len(done.err.splitlines()) == 1
    assert "broken.mp4" in done.err
    assert (tmp_path / "f.mp4").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--on-beat",), "--music FILE"),
        (("--fade", "11s"), "--fade 11s"),
        (("--transition", "cut", "--fade", "1s"), "leave one of them out"),
        (("--duration", "0.2s"), "1s or more"),
        (("--duration", "long"), "no length"),
        (("--size", "big"), "no size"),
        (("--rate", "fast"), "no rate"),
        (("-o", "f.gif"), "known ending"),
        (("--music", "none.mp3"), "not there"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    home: Path, tmp_path: Path, vidcut: Any, options: tuple[str, ...], words: str
) -> None:
    lines = moments(home, {"start": 0, "end": 0.5})
    done = vidcut("reel", "-", "--quiet", *options, cwd=tmp_path, stdin=lines)
    assert done.code == 2
    assert len(done.err.splitlines()) == 1
    assert words in done.err
    assert not list(tmp_path.rglob("*.part*"))


def test_a_disk_that_fills_leaves_nothing(home: Path, tmp_path: Path) -> None:
    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run(
        [sys.executable, "-B", "-m", "vidcut", "reel", "-", "-o", "f.mp4", "--size", "160x90"],
        input=moments(home, {"start": 0, "end": 4}),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=small,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "cannot be written" in done.stderr
    assert left(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing(home: Path, tmp_path: Path, number: signal.Signals) -> None:
    many = [{"start": k / 10, "end": 5 + k / 10} for k in range(10)]
    process = subprocess.Popen(
        [sys.executable, "-m", "vidcut", "reel", "-", "-o", "f.mp4", "--size", "1920x1080"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdin is not None
    process.stdin.write(moments(home, *many))
    process.stdin.close()
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".vidcut-*/*.mp4")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    assert process.wait(timeout=60) == 130
    assert left(tmp_path) == []
    assert process.stderr is not None
    assert "interrupted" in process.stderr.read()
    process.stderr.close()
