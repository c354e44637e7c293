"""The score curve of a video, as a process."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OFFLINE = "--offline"


@pytest.fixture(name="timeline")
def _timeline(home: Path, tmp_path: Path, vidcut: Any) -> Callable[..., Any]:
    """Run ``vidcut timeline`` in a new folder, on the library of the sample films."""

    def run(*arguments: str | Path) -> Any:
        library = ("--library", str(home), OFFLINE)
        return vidcut("timeline", *arguments, *library, cwd=tmp_path)

    return run


@pytest.fixture(name="best")
def _best(home: Path, vidcut: Any) -> Callable[[str, str], dict[str, Any]]:
    """The best moment that a search of one video finds."""

    def find(video: str, query: str) -> dict[str, Any]:
        done = vidcut("search", query, "--video", video, "-n", "--json", OFFLINE, cwd=home)
        found: dict[str, Any] = done.lines()[0]
        return found

    return find


@pytest.mark.parametrize(
    ("video", "query"), [("travel.mp4", "吃火锅"), ("pets.mp4", "一只猫"), ("cafe.webm", "coffee")]
)
def test_the_curve_is_highest_where_a_search_finds_its_best(
    timeline: Callable[..., Any], best: Callable[[str, str], dict[str, Any]], video: str, query: str
) -> None:
    done = timeline(video, query, "--json")
    assert done.code == 0, done.err
    (told,) = done.lines()
    assert (told["video"], told["query"], told["step"]) == (f"films/{video}", query, 1.0)
    assert len({len(told[name]) for name in ("scores", "frame", "asr", "ocr")}) == 1
    moment = best(video, query)
    within = told["scores"][int(moment["start"]) : int(moment["end"]) + 1]
    assert max(within) == max(told["scores"])
    assert max(within) >= moment["score"] - 0.001


def test_a_pipe_gets_a_row_a_second(timeline: Callable[..., Any]) -> None:
    done = timeline("travel.mp4", "吃火锅")
    assert done.code == 0, done.err
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert [row[0] for row in rows] == [str(second) for second in range(len(rows))]
    assert {len(row) for row in rows} == {5}
    for _, score, *apart in rows:
        assert float(score) >= max(map(float, apart)) - 0.001
    assert "\x1b" not in done.out
    (told,) = timeline("travel.mp4", "吃火锅", "--json").lines()
    assert [float(row[1]) for row in rows] == told["scores"]
    assert [float(row[3]) for row in rows] == told["asr"]


def test_only_what_is_asked_for_is_looked_at(timeline: Callable[..., Any]) -> None:
    (told,) = timeline("travel.mp4", "吃火锅", "--in", "asr", "--json").lines()
    assert told["scores"] == told["asr"]
    assert "frame" not in told


def test_what_is_not_to_be_there_scores_nothing(timeline: Callable[..., Any]) -> None:
    (plain,) = timeline("travel.mp4", "火锅", "--json").lines()
    (without,) = timeline("travel.mp4", "火锅 -火锅", "--json").lines()
    assert max(plain["scores"]) > 0.5
    assert max(without["asr"]) < 0.5


def test_a_plot_is_written_whole_and_replaces_nothing_unasked(
    timeline: Callable[..., Any], tmp_path: Path
) -> None:
    done = timeline("travel.mp4", "吃火锅", "-o", "curve.svg", "--json")
    assert done.code == 0, done.err
    assert len(done.lines()) == 1
    assert "curve.svg" in done.err
    root = ET.parse(tmp_path / "curve.svg").getroot()  # noqa: S314  (ours)
    boxes = [box.get("fill") for box in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert "#fff1c2" in boxes  # a moment
    assert timeline("travel.mp4", "吃火锅", "-o", "curve.svg").code == 2
    assert timeline("travel.mp4", "吃火锅", "-o", "curve.svg", "--overwrite", "-q").err == ""
    assert timeline("travel.mp4", "吃火锅", "-o", "curve.png").code == 0
    with Image.open(tmp_path / "curve.png") as plot:
        assert plot.size == (2200, 760)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curve.png", "curve.svg"]


def test_where_nothing_scores_well_it_exits_1(timeline: Callable[..., Any]) -> None:
    done = timeline("voice-note.m4a", "a rocket on the launch pad", "--in", "frame")
    assert done.code == 1
    assert "--min-score" in done.err
    assert timeline("voice-note.m4a", "a rocket", "--in", "frame", "-q").err == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("gone.mp4", "a cat"), "vidcut ls"),
        (("travel.mp4", ""), "query is empty"),
        (("travel.mp4", "a cat", "-o", "curve.pdf"), ".svg or .png"),
        (("travel.mp4", "a cat", "--in", "smell"), "smell"),
        (("travel.mp4",), "QUERY"),
    ],
)
def test_usage(timeline: Callable[..., Any], arguments: tuple[str, ...], said: str) -> None:
    done = timeline(*arguments)
    assert done.code == 2
    assert said in done.err
    assert len(done.err.splitlines()) == 1


def test_the_video_itself_is_never_replaced(
    timeline: Callable[..., Any], home: Path, tmp_path: Path
) -> None:
    (tmp_path / "curve.png").symlink_to(home / "films" / "travel.mp4")
    before = (home / "films" / "travel.mp4").read_bytes()
    done = timeline("travel.mp4", "a cat", "-o", "curve.png", "--overwrite")
    assert done.code == 2
    assert "is the video" in done.err
    assert (home / "films" / "travel.mp4").read_bytes() == before


def test_on_a_terminal_there_are_blocks_over_times(home: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "vidcut", "timeline", "travel.mp4", "吃火锅", OFFLINE],
        cwd=home,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": "72", "LINES": "40"},
    )
    os.close(theirs)
    written = b""
    try:
        while part := os.read(ours, 4096):
            written += part
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert process.wait(60) == 0
    lines = written.decode("utf-8").replace("\r\n", "\n").splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["score", "frame", "asr", "ocr"]
    assert "█" in lines[0] or "▇" in lines[0]
    assert lines[4].split()[0] == "0:00"
    assert lines[5].split()[0] == "1"
    assert max(map(len, lines)) <= 72
