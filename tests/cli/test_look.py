"""Looking at what is there: ls, info, doctor, models, --help."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vidcut import __version__, health

HEAVY = (
    "torch",
    "open_clip",
    "faiss",
    "av",
    "decord",
    "onnxruntime",
    "faster_whisper",
    "rapidocr",
    "scipy",
)


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("ls",), ("cut", "--help")])
def test_nothing_heavy_is_imported(arguments: tuple[str, ...], home: Path) -> None:
    script = (
        "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr));"
        "from vidcut.cli import run; sys.exit(run())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    allowed = {"faiss"} if arguments == ("ls",) else set()  # the store that the library opens
    assert not set(HEAVY) & set(done.stderr.split()) - allowed


def test_a_listing_in_a_pipe_imports_neither_what_cuts_nor_what_draws(home: Path) -> None:
    script = (
        "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr));"
        "from vidcut.cli import run; sys.exit(run())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "search", "-n", "rocket"],
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
    needless = {
        "vidcut.cutting",
        "vidcut.finish",
        "vidcut.codecs",
        "rich",
        "tomllib",
        "av",
        "torch",
    }
    assert not needless & set(done.stderr.split())


def test_version(vidcut: Any) -> None:
    assert vidcut("--version").out == f"vidcut {__version__}\n"


def test_doctor_finds_everything_that_the_tests_need(vidcut: Any) -> None:
    done = vidcut("doctor", "--json")
    assert done.code == 0, done.out
    checks = {check["name"]: check for check in done.lines()}
    assert checks["ffmpeg"]["state"] == "ok"
    assert checks["Whisper base"]["state"] == "ok"
    assert all(check["remedy"] for check in checks.values() if check["state"] != "ok")


def test_doctor_says_what_is_missing_and_exits_5(tmp_path: Path, vidcut: Any) -> None:
    done = vidcut("doctor", VIDCUT_FFMPEG=str(tmp_path / "none"))
    assert done.code == 5
    (line,) = (line for line in done.out.splitlines() if line.startswith("MISSING"))
    assert "ffmpeg" in line


def test_missing_package_costs_one_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_PACKAGES", {"no-such-package": "pip install it"})
    checks = {check.name: check for check in health.checks()}
    assert checks["no-such-package"].state == "missing"
    assert checks["no-such-package"].remedy == "pip install it"


def test_models_name_their_place_and_licence(vidcut: Any) -> None:
    models = vidcut("models", "--json").lines()
    assert len(models) >= 5
    assert all(model["licence"] for model in models)
    assert all(model["place"] or model["remedy"] for model in models)
    assert len(vidcut("models").out.splitlines()) == len(models)


def test_info_of_the_library(home: Path, vidcut: Any) -> None:
    facts = vidcut("info", "--json", cwd=home).lines()[0]
    assert facts["videos"] == 5
    assert facts["models"] == {"asr": "e5", "frame": "labels", "ocr": "e5"}
    assert "videos    5" in vidcut("info", cwd=home).out


def test_info_of_a_video(home: Path, vidcut: Any) -> None:
    truth = json.loads((Path(__file__).parents[2] / "sample_media/travel.json").read_text("utf-8"))
    facts = vidcut("info", "travel.mp4", "--json", cwd=home).lines()[0]
    assert len(facts["shots"]) == len(truth["shots"])
    for found, true in zip(facts["shots"], truth["shots"], strict=True):
        assert found == pytest.approx(true, abs=0.05)
    shown = vidcut("info", "travel.mp4", cwd=home).out
    assert "h264 1280x720" in shown
    assert "吃火锅" in shown


def test_info_of_what_is_not_there(home: Path, vidcut: Any) -> None:
    done = vidcut("info", "gone.mp4", cwd=home)
    assert done.code == 2
    assert "vidcut ls" in done.err


@pytest.mark.parametrize("colour", [True, False])
def test_on_a_terminal_there_is_a_table(home: Path, *, colour: bool) -> None:
    ours, theirs = pty.openpty()
    quiet = {} if colour else {"NO_COLOR": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "vidcut", "search", "launch", "pad", "-n", "-k", "1"],
        cwd=home,
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", **quiet},
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 65536):
                shown += piece
        except OSError:  # Linux says so when the other side is closed
            pass
        process.wait()
    os.close(ours)
    assert b"score" in shown
    assert b"space.mkv" in shown
    assert (b"\x1b[1;33m" in shown) is colour
