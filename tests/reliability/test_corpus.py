"""Awkward, broken and hostile media through an index run: each as its manifest expects.

The corpus is made by ``make_bad_media.py`` where that is at hand; every picture of it carries
its own number as sixteen bars, so that what a reader claims can be held against what it gave.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from vidcut.readers import pyav
from vidcut.records import SECOND_US

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vidcut.protocols import Reader

ROOT = Path(__file__).resolve().parents[2]
MAKER = ROOT.parent / "shared" / "tools" / "make_bad_media.py"
ALONE = Path(__file__).with_name("alone.py")
MOST_KB = 2 << 20
SUBTITLES = frozenset((".srt", ".vtt", ".ass", ".ttml"))

pytestmark = pytest.mark.skipif(not MAKER.exists(), reason="make_bad_media.py is not at hand")


@dataclass(frozen=True)
class Run:
    """An index run over the whole corpus, and what was seen of it from outside."""

    cases: Sequence[dict[str, Any]]
    facts: dict[str, Any]
    out: str
    err: str
    videos: dict[str, dict[str, Any]]
    """By path, as `ls --json` tells them."""

    def said_of(self, path: Path) -> list[str]:
        """What stderr tells of a file, by its name as it is shown; how far it is does not count."""
        shown = subprocess.run(
            [sys.executable, "-c", _SHOW, os.fsencode(path)], capture_output=True, check=True
        ).stdout.decode()
        lines = [line for line in self.err.splitlines() if line.startswith("vidcut: ")]
        return [line for line in lines if shown in line]


_SHOW = """
import os, sys
from vidcut.cli import render
sys.stdout.buffer.write(render.visible(os.fsdecode(sys.argv[1])).encode())
"""


@pytest.fixture(
    scope="module",
    params=["^(broken|fs|hostile)/", pytest.param("", marks=pytest.mark.slow)],
    ids=["dangerous", "everything"],
)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    if shutil.which("unshare") is None or shutil.which("setpriv") is None:
        pytest.skip("unshare and setpriv are needed")
    folder = tmp_path_factory.mktemp("corpus")
    make = [sys.executable, MAKER, folder, "--only", request.param]
    subprocess.run(make, check=True, capture_output=True)
    cases = json.loads((folder / "manifest.json").read_text())["cases"]
    folders = sorted({case["cat"] for case in cases})
    report = folder / "report.json"
    vidcut = [sys.executable, "-m", "vidcut"]
    command = [*vidcut, "index", *folders, "--offline", "--asr", "never", "--library", ".vidcut"]
    alone = ["unshare", "--net", sys.executable, str(ALONE), str(report), *command]
    done = subprocess.run(alone, cwd=folder, capture_output=True, check=False, text=True)
    if done.returncode:
        pytest.skip(f"no network namespace to be had here: {done.stderr.strip()[-200:]}")
    listed = subprocess.run(
        [*vidcut, "ls", "--json", "--library", ".vidcut"],
        cwd=folder,
        capture_output=True,
        check=True,
    )
    videos = [json.loads(line) for line in listed.stdout.splitlines()]
    return Run(
        [case for case in cases if not case["skipped"]],
        json.loads(report.read_text()),
        Path(f"{report}.out").read_text(),
        Path(f"{report}.err").read_text(),
        {os.path.normpath(folder / video["video"]): video for video in videos},
    )


# A text or a photograph that is called .mp4 is told, where the manifest would say nothing.
_TOLD = ("imgseq_", "still_named")


def _path(case: dict[str, Any]) -> Path:
    """The video of a case: beside a subtitle, or far below a folder."""
    path = Path(os.fsdecode(base64.b64decode(case["path_b64"])))
    if case["expect"] == "ok" and path.is_dir():
        return next(Path(place) / files[0] for place, _, files in os.walk(path) if files)
    return path.with_suffix(".mp4") if path.suffix in SUBTITLES else path


def _tells(case: dict[str, Any], run: Run) -> str:
    """What is wrong with how a case went; empty where nothing is."""
    path = _path(case)
    video, said = run.videos.get(str(path)), run.said_of(Path(path.name))
    state = video["state"] if video else "not in the library"
    facts = f"{case['cat']}/{case['id']} ({case['why']}): {state}, {said}"
    return "" if _as_expected(_expected(case), state, said) else facts


def _expected(case: dict[str, Any]) -> str:
    expect: str = case["expect"]
    if case["id"].startswith(_TOLD):
        return "error"
    if expect == "reject" and case["cat"] == "subs":
        return "ok"  # the video: TTML is not read at all
    return expect


def _as_expected(expect: str, state: str, said: Sequence[str]) -> bool:
    if expect in {"ok", "audio"}:
        return state == "ok" and not said
    if expect == "partial":
        return state in {"ok", "partial"} and len(said) <= 1
    if expect == "skip":
        return state == "not in the library" and not said
    return state in {"failed", "not in the library"} and len(said) <= 1


def test_every_case_goes_as_its_manifest_expects(run: Run) -> None:
    wrong = [told for case in run.cases if (told := _tells(case, run))]
    assert not wrong, "\n".join(wrong)


def test_nothing_is_called_and_nothing_left_behind(run: Run) -> None:
    assert run.facts["heard"] == []
    assert run.facts["packets"] == 0
    assert run.facts["left_running"] == 0


def test_no_traceback_no_escape_and_the_exit_code_of_some_failed(run: Run) -> None:
    assert "Traceback" not in run.err
    assert "unforeseen" not in run.err
    assert not set(run.err) & set(map(chr, (*range(10), *range(11, 32), 127, *range(128, 160))))
    assert run.facts["exit"] == 3


def test_memory_stays_below_two_gibibytes(run: Run) -> None:
    assert run.facts["peak_kb"] < MOST_KB


def test_what_a_reader_claims_is_within_a_frame_of_what_the_picture_says(run: Run) -> None:
    reader = pyav.create()
    wrong, judged = [], 0
    for case in run.cases:
        times = case["times"]
        upright = not case["id"].startswith("rotate_")  # else the bars lie across
        if case["expect"] != "ok" or not case["frames"] or not times or not upright:
            continue
        off = [
            (number, claimed)
            for number, claimed in _shown(reader, _path(case))
            if not _is_within_a_frame(number, claimed, times)
        ]
        judged += 1
        if off:
            wrong.append(f"{case['cat']}/{case['id']}: {off[:5]}")
    assert judged
    assert not wrong, "\n".join(wrong)


def _shown(reader: Reader, path: Path) -> Iterator[tuple[int, float]]:
    """The number in each picture, and when the reader says it is shown, in seconds."""
    for place, frame in enumerate(reader.frames(path)):
        if place > 10 and place % 5:
            continue
        picture = frame.picture(8192).mean(axis=2)
        height, width = picture.shape
        bars = picture[height // 8, [int((bar + 0.5) * width / 16) for bar in range(16)]]
        yield int(sum(1 << bar for bar in np.flatnonzero(bars > 127))), frame.time_us / SECOND_US


def _is_within_a_frame(number: int, claimed_s: float, times: str | list[float]) -> bool:
    if isinstance(times, str):
        return abs(claimed_s - number / 25) <= 1 / 25 + 1e-6
    if number >= len(times):
        return False
    near = times[max(0, number - 1) : number + 2]
    return min(near) - 1e-3 <= claimed_s <= max(near) + 1e-3
