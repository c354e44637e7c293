"""When the power goes, what was not synced is lost or torn; what had been kept is not."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.reliability import crashes, strace
from tests.reliability.disk import Call, Disk, Loss

if TYPE_CHECKING:
    from pathlib import Path

    from tests.reliability.strace import Stage

pytestmark = pytest.mark.points

needs_strace = strace.NEEDED
POINTS = {"first": 110, "again": 90, "forget": 45, "older": 60}


@needs_strace
@pytest.mark.parametrize(("scene", "count"), POINTS.items(), ids=list(POINTS))
def test_a_power_cut_loses_nothing_that_was_kept(
    stage: Stage, work: Path, scene: str, count: int
) -> None:
    rehearsal = crashes.rehearse(stage, scene, work)
    assert len(list(crashes.lose(stage, rehearsal, count, work))) == count


# The disk itself ----------------------------------------------------------------------


def after(work: Path, calls: list[Call], loss: Loss) -> dict[str, bytes]:
    ready, found = work / "ready", work / "found"
    ready.mkdir()
    (ready / "old").write_bytes(b"old")
    made = Disk(ready)
    for call in calls:
        made.do(call)
    made.lose(loss, Random(1), found)  # noqa: S311  (no secret)
    return {file.name: file.read_bytes() for file in found.iterdir()}


def calls(work: Path, *, data: bool, name: bool) -> list[Call]:
    """A new file is written, its data and its name synced or not."""
    ready, new = str(work / "ready"), str(work / "ready" / "new")
    made = [
        Call("openat", (new,), flags="O_CREAT", result=3),
        Call("write", descriptor=3, data=b"abc", result=3),
    ]
    made += [Call("fsync", descriptor=3)] if data else []
    made += [Call("openat", (ready,), result=4), Call("fsync", descriptor=4)] if name else []
    return made


def test_what_is_synced_with_its_name_is_never_lost(work: Path) -> None:
    whole = {"old": b"old", "new": b"abc"}
    assert after(work, calls(work, data=True, name=True), Loss.ALL) == whole


def test_a_file_without_its_name_is_lost(work: Path) -> None:
    assert after(work, calls(work, data=True, name=False), Loss.ALL) == {"old": b"old"}


def test_a_name_without_its_data_is_empty(work: Path) -> None:
    lost = {"old": b"old", "new": b""}
    assert after(work, calls(work, data=False, name=True), Loss.ALL) == lost


def test_data_that_was_not_synced_may_be_nothing_but_length(work: Path) -> None:
    hollow = {"old": b"old", "new": bytes(3)}
    assert after(work, calls(work, data=False, name=True), Loss.HOLLOW) == hollow


def test_a_torn_write_leaves_some_of_its_sectors(work: Path) -> None:
    new = str(work / "ready" / "new")
    torn = [
        Call("openat", (new,), flags="O_CREAT", result=3),
        Call("openat", (str(work / "ready"),), result=4),
        Call("fsync", descriptor=4),
        Call("pwrite64", descriptor=3, data=b"x" * 65536, number=100, result=65536),
    ]
    left = after(work, torn, Loss.TORN)["new"]
    assert 0 < left.count(b"x") < 65536


def test_a_rename_is_whole_or_not_at_all(work: Path) -> None:
    old, new = str(work / "ready" / "old"), str(work / "ready" / "new")
    renamed = [Call("rename", (old, new))]
    assert after(work, renamed, Loss.NONE) == {"new": b"old"}
