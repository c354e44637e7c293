"""Killed at any system call that changes a file, an index run leaves a library that goes on."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.reliability import crashes, strace
from tests.reliability.crashes import Point

if TYPE_CHECKING:
    from pathlib import Path

    from tests.reliability.strace import Stage

pytestmark = [pytest.mark.points, strace.NEEDED]
POINTS = {"first": 115, "again": 95, "forget": 50, "older": 70}
"""Of each scene; a few are not reached, and do not count."""


@pytest.mark.parametrize(("scene", "count"), POINTS.items(), ids=list(POINTS))
def test_a_killed_run_is_taken_up_where_it_was(
    stage: Stage, work: Path, scene: str, count: int
) -> None:
    rehearsal = crashes.rehearse(stage, scene, work)
    chosen = crashes.spread(crashes.points(stage, rehearsal, work), count)
    killed = sum(crashes.kill(stage, rehearsal, point, work) for point in chosen)
    assert killed >= 0.92 * count


def test_at_most_the_window_that_is_being_kept_is_lost(stage: Stage, work: Path) -> None:
    """Where models are slower than the disk, as they are."""
    rehearsal = crashes.rehearse(stage, "first", work)
    made = 0
    for number in (20, 24, 28):
        folder, log = work / f"killed {number}", work / "log"
        shutil.copytree(rehearsal.folder, folder)
        killing = strace.injecting("fdatasync", "signal=KILL", str(number), log)
        assert stage.ask("run", folder, "first", killing, pace_s=0.2).was_killed
        read, kept = strace.marks(log)["read"], strace.marks(log)["kept"]
        made += sum(read.values())
        for last in ("ocr", "asr"):  # each the last that is read of its window
            assert read.get(last, 0) - kept.get(last, 0) <= 1
    assert made > 0


def test_strace_kills_where_it_is_told_to(stage: Stage, work: Path) -> None:
    """Were it to inject nothing, all of the above would hold."""
    rehearsal = crashes.rehearse(stage, "forget", work)
    assert crashes.kill(stage, rehearsal, Point("fdatasync", 1), work)
    assert not crashes.kill(stage, rehearsal, Point("fdatasync", 10_000), work)
