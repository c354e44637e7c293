"""Interrupted at any moment, vidcut ends within seconds and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.reliability import crashes, strace

if TYPE_CHECKING:
    from tests.reliability.strace import Stage

SAMPLES = strace.ROOT / "sample_media"
FILMS = ("cafe.webm", "voice-note.m4a")
WITHIN_S = 5.0
POINTS = {"first": 25, "again": 20, "forget": 8, "older": 12}
LONG = pytest.mark.slow
"""Another time, or another signal, than in the quick runs."""


@strace.NEEDED
@pytest.mark.parametrize("name", ["INT", pytest.param("TERM", marks=LONG)])
@pytest.mark.parametrize(("scene", "count"), POINTS.items(), ids=list(POINTS))
def test_an_interrupted_run_leaves_nothing_half_made(
    stage: Stage, work: Path, scene: str, count: int, name: str
) -> None:
    rehearsal = crashes.rehearse(stage, scene, work)
    chosen = crashes.spread(crashes.points(stage, rehearsal, work), count)
    took = [crashes.interrupt(stage, rehearsal, point, name, work) for point in chosen]
    ended = [seconds for seconds in took if seconds is not None]
    assert len(ended) >= 0.9 * count
    assert max(ended) < WITHIN_S


@pytest.mark.parametrize(
    ("number", "after_s"),
    [
        (signal.SIGINT, 0.2),
        pytest.param(signal.SIGINT, 1.0, marks=LONG),
        (signal.SIGINT, 3.0),
        pytest.param(signal.SIGINT, 6.0, marks=LONG),
        (signal.SIGTERM, 2.0),
        pytest.param(signal.SIGTERM, 5.0, marks=LONG),
    ],
)
def test_the_command_line_ends_with_all_that_it_started(
    tmp_path: Path, number: signal.Signals, after_s: float
) -> None:
    for folder in ("films", "scratch"):
        (tmp_path / folder).mkdir()
    for name in FILMS:
        shutil.copy(SAMPLES / name, tmp_path / "films")
    index = [sys.executable, "-m", "vidcut", "index", "films", "--offline", "--quiet"]
    with (tmp_path / "said").open("w+", encoding="utf-8") as said:
        process = subprocess.Popen(
            [*index, "--visual-model", "labels"],
            cwd=tmp_path,
            env={**os.environ, "TMPDIR": str(tmp_path / "scratch")},
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        time.sleep(after_s)
        was_running = process.poll() is None
        process.send_signal(number)
        begun = time.monotonic()
        code = process.wait(60)
        took_s = time.monotonic() - begun
        said.seek(0)
        told = said.read()
    assert was_running, f"it was through after {after_s} s: {told}"
    assert code in (130, -number, -signal.SIGINT), told  # by the signal: Python says so itself
    assert "Traceback" not in told or str(strace.ROOT / "vidcut") not in told  # it was starting
    assert took_s < WITHIN_S
    assert not session(process.pid)
    assert not list((tmp_path / "scratch").iterdir())
    assert not list(tmp_path.rglob(".vidcut/**/.*"))
    assert not list((tmp_path / "films").rglob("*.part"))


def session(leader: int) -> list[str]:
    """What still runs of a process's session, which its children are in unless they leave it."""
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            facts = place.read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:  # it has ended since
            continue
        if int(facts[3]) == leader and facts[0] != "Z":
            found.append(place.parent.name)
    return found
