"""A run that is cut short, what is seen then, and the run that takes it up.

Whatever happened, three things hold. In between, a reader finds the library whole, if smaller,
or none at all: every chunk is one that the clean run makes of that very content, and searches
find what they would find without any snapshot. What had been kept is still there. And the next
run ends where a clean run ends.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import TYPE_CHECKING, Any

from tests.reliability import disk, strace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import TypeVar

    from tests.reliability.disk import Loss
    from tests.reliability.strace import Stage

    T = TypeVar("T")

REFUSED, INTERRUPTED = 1, 130
ERRORS = ("ENOSPC", "EIO", "ENOSPC+", "EIO+")
"""That calls fail with, once or from then on."""


@dataclass(frozen=True)
class Rehearsal:
    """A scene as it is before its act and after a clean one."""

    scene: str
    folder: Path
    """Ready for the act."""
    before: dict[str, Any] | None
    """What a look finds before it; None where there is no library."""
    after: dict[str, Any]
    read: dict[str, int]
    """How many windows of each modality a clean run reads."""


@dataclass(frozen=True)
class Point:
    """A moment of an act: the nth call of a name."""

    call: str
    number: int

    def __str__(self) -> str:
        return f"{self.call} {self.number}"


def rehearse(stage: Stage, scene: str, work: Path) -> Rehearsal:
    """Prepare a scene, and learn what a clean run makes of it."""
    folder, clean = work / "ready", work / "clean"
    stage.done("prepare", folder, scene)
    has_library = (folder / ".vidcut").exists()
    before = stage.done("look", folder) if has_library else None
    shutil.copytree(folder, clean)
    read = stage.done("run", clean, scene)
    after = stage.done("look", clean)
    shutil.rmtree(clean)
    return Rehearsal(scene, folder, before, after, read)


def points(
    stage: Stage, rehearsal: Rehearsal, work: Path, *, but: Sequence[str] = ()
) -> list[Point]:
    """Every call of a clean run that can change files, in order of name and number."""
    folder, log = work / "traced", work / "log"
    shutil.copytree(rehearsal.folder, folder)
    every = strace.watching(log, strace.WRITES)
    ended = stage.ask("run", folder, rehearsal.scene, every)
    assert ended.code == 0, ended.answer
    assert stage.done("look", folder) == rehearsal.after, "two clean runs differ"
    shutil.rmtree(folder)
    calls = sorted(strace.counted(log).items())
    return [Point(c, n) for c, times in calls if c not in but for n in range(1, times + 1)]


def spread(among: Sequence[T], count: int) -> list[T]:
    """So many of them, evenly; all where there are no more."""
    if count >= len(among):
        return list(among)
    return [among[at * len(among) // count] for at in range(count)]


def kill(stage: Stage, rehearsal: Rehearsal, point: Point, work: Path) -> bool:
    """Kill a run at a call; whether it came so far (what lanes do first varies a little)."""
    folder, log = work / "killed", work / "log"
    shutil.copytree(rehearsal.folder, folder)
    arguments = strace.injecting(point.call, "signal=KILL", str(point.number), log)
    ended = stage.ask("run", folder, rehearsal.scene, arguments)
    if ended.code == 0:
        shutil.rmtree(folder)
        return False
    assert ended.was_killed, (point, ended)
    assert "+++ killed by SIGKILL +++" in log.read_text("utf-8"), point
    check(stage, rehearsal, folder, kept=strace.marks(log)["kept"])
    shutil.rmtree(folder)
    return True


def interrupt(
    stage: Stage, rehearsal: Rehearsal, point: Point, signal: str, work: Path
) -> float | None:
    """Interrupt a run at a call: after how many seconds it was over; None if it came not so far."""
    folder, log = work / "interrupted", work / "log"
    shutil.copytree(rehearsal.folder, folder)
    arguments = strace.injecting(point.call, f"signal={signal}", str(point.number), log)
    ended = stage.ask("run", folder, rehearsal.scene, arguments)
    came = f"--- SIG{signal} " in log.read_text("utf-8")
    if came:
        assert ended.code == INTERRUPTED, (point, ended)
        left = [file.name for file in folder.rglob(".vidcut/**/.*")]
        assert not left, (point, left)
        check(stage, rehearsal, folder, kept=strace.marks(log)["kept"])
    shutil.rmtree(folder)
    return ended.seconds if came else None


def fail(stage: Stage, rehearsal: Rehearsal, point: Point, error: str, work: Path) -> bool:
    """Have a call fail, or with a ``+`` behind the error all from it on; whether one did."""
    folder, log = work / "failed", work / "log"
    shutil.copytree(rehearsal.folder, folder)
    lasting = "+" if error.endswith("+") else ""
    what = f"error={error.removesuffix('+')}"
    arguments = strace.injecting(point.call, what, f"{point.number}{lasting}", log)
    ended = stage.ask("run", folder, rehearsal.scene, arguments)
    has_failed = "(INJECTED)" in log.read_text("utf-8")
    if has_failed:
        assert ended.code in (0, REFUSED), (point, error, ended)
        check(stage, rehearsal, folder, kept=strace.marks(log)["kept"])
    shutil.rmtree(folder)
    return has_failed


def lose(stage: Stage, rehearsal: Rehearsal, count: int, work: Path) -> Iterator[tuple[int, Loss]]:
    """Cut the power at so many points of a recorded run; each when it is checked."""
    recorded, folder, log = work / "recorded", work / "lost", work / "calls"
    shutil.copytree(rehearsal.folder, recorded)
    found = disk.Disk(recorded)
    every = strace.watching(log, (*disk.CALLS, *disk.OTHERS))
    ended = stage.ask("run", recorded, rehearsal.scene, [*every, "-ff", *disk.IN_FULL])
    assert ended.code == 0, ended
    calls, done = disk.record(log, recorded), 0
    for after, loss in spread(list(product(range(len(calls) + 1), disk.Loss)), count):
        for call in calls[done:after]:
            found.do(call)
        done = after
        shutil.copytree(rehearsal.folder, folder, ignore=lambda *_: [".vidcut"])
        found.lose(loss, Random(after), folder)  # noqa: S311  (to be repeated, not secret)
        check(stage, rehearsal, folder, kept=found.kept)
        shutil.rmtree(folder)
        yield after, loss
    shutil.rmtree(recorded)


def check(stage: Stage, rehearsal: Rehearsal, folder: Path, *, kept: dict[str, int]) -> None:
    """Hold what a run left, cut short after it ``kept`` so many windows, to what is promised."""
    _check_reader(stage, rehearsal, folder)
    read = stage.done("run", folder, rehearsal.scene)
    for modality, count in kept.items():
        if modality == "subtitles":  # they are read whole until the file's sound is through
            continue
        again = read.get(modality, 0)
        assert again <= rehearsal.read[modality] - count, f"{modality}: {again} read again"
    after = stage.done("look", folder)
    for path in rehearsal.after["known"].keys() | after["known"].keys():
        assert after["known"].get(path) == rehearsal.after["known"].get(path), path
    assert after == rehearsal.after


def _check_reader(stage: Stage, rehearsal: Rehearsal, folder: Path) -> None:
    seen = stage.ask("look", folder)
    if not (folder / ".vidcut" / "catalog.sqlite").exists():
        assert rehearsal.before is None, "the library is gone"
        assert seen.code == REFUSED, seen
        assert seen.answer.startswith("LibraryNotFoundError"), seen
        return
    assert seen.code == 0, seen.answer
    true = by_content(rehearsal.after) | by_content(rehearsal.before)
    for path, video in seen.answer["known"].items():
        chunks = [tuple(chunk) for chunk in video["chunks"]]
        assert len(chunks) == len(set(chunks)), f"{path}: doubled chunks"
        assert set(chunks) <= true.get(video["content"], set()), f"{path}: wrong chunks"
    assert seen.answer["answers"] == seen.answer["without snapshots"]


def by_content(look: dict[str, Any] | None) -> dict[str, set[tuple[Any, ...]]]:
    """Every chunk that a look found, by the content of its video."""
    videos = look["known"].values() if look else ()
    return {video["content"]: {tuple(c) for c in video["chunks"]} for video in videos}
