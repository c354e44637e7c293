"""Where a write fails, for want of room or by a fault, vidcut says so and nothing is lost."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

from tests.reliability import crashes, strace
from tests.reliability.crashes import Point

if TYPE_CHECKING:
    from pathlib import Path

    from tests.reliability.strace import Stage

pytestmark = [pytest.mark.points, strace.NEEDED]
POINTS = {"first": 60, "again": 45, "forget": 25, "older": 30}
OPENING = ("openat",)
"""Opens films too: what cannot be read is no failure of the library's."""


@pytest.mark.parametrize(("scene", "count"), POINTS.items(), ids=list(POINTS))
def test_a_run_that_cannot_write_says_so_and_loses_nothing(
    stage: Stage, work: Path, scene: str, count: int
) -> None:
    rehearsal = crashes.rehearse(stage, scene, work)
    every = list(product(crashes.points(stage, rehearsal, work, but=OPENING), crashes.ERRORS))
    chosen = crashes.spread(every, count)
    failed = sum(crashes.fail(stage, rehearsal, point, error, work) for point, error in chosen)
    assert failed >= 0.92 * count


def test_a_library_that_could_not_be_begun_is_not_taken_for_one(stage: Stage, work: Path) -> None:
    """SQLite closes a file without a word when its log could not be put into it."""
    rehearsal = crashes.rehearse(stage, "first", work)
    for number in range(1, 15):
        assert crashes.fail(stage, rehearsal, Point("fdatasync", number), "ENOSPC+", work)


def test_who_holds_the_lock_cannot_be_written_down(stage: Stage, work: Path) -> None:
    rehearsal = crashes.rehearse(stage, "forget", work)
    for call in ("ftruncate", "pwrite64"):
        assert crashes.fail(stage, rehearsal, Point(call, 1), "ENOSPC", work)
