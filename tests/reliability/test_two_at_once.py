"""Two writers of one library, and readers beside them: one is told of the other, none is hurt."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.reliability import crashes, films, pairs
from vidcut import library, wiring
from vidcut.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.reliability.strace import Stage

PAIRS = {"first": 50, "again": 40}
BUSY_PAIRS = 10
"""In which the models take so long that the second cannot wait for the first."""


@pytest.mark.parametrize(("scene", "count"), PAIRS.items(), ids=list(PAIRS))
def test_two_quick_runs_come_after_each_other(
    stage: Stage, work: Path, scene: str, count: int
) -> None:
    rehearsal = crashes.rehearse(stage, scene, work)
    for _ in range(count):
        pairs.pair(stage, rehearsal, work)


def test_the_second_of_two_slow_runs_is_told_who_is_at_work(stage: Stage, work: Path) -> None:
    rehearsal = crashes.rehearse(stage, "again", work)
    refused = [pairs.pair(stage, rehearsal, work, outlasts=True) for _ in range(BUSY_PAIRS)]
    assert all(refused)


def test_the_command_line_is_told_too(tmp_path: Path) -> None:
    films.write(tmp_path / "one.mp4", 10, tint=1)
    films.index(tmp_path)
    store = wiring.store(Settings())
    begun_s = processor_s()
    ls = [sys.executable, "-m", "vidcut", "ls", "--library", str(tmp_path)]
    subprocess.run(ls, check=True, timeout=pairs.HANGS_AFTER_S)
    start_s = processor_s() - begun_s
    with library.open_to_write(tmp_path / ".vidcut", store):
        begun_s = processor_s()
        done = subprocess.run(
            [sys.executable, "-m", "vidcut", "rm", "one.mp4", "--library", str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
            timeout=pairs.HANGS_AFTER_S,
        )
        took_s = processor_s() - begun_s
    assert done.returncode == 4
    assert str(os.getpid()) in done.stderr
    assert took_s < pairs.TOLD_WITHIN_S + start_s


def processor_s() -> float:
    """Spent by processes that were started here and have ended."""
    spent = os.times()
    return spent.children_user + spent.children_system
