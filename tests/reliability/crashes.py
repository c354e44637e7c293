"""A run that is cut short, what is seen then, and the run that takes it up.

Whatever happened, three things hold. In between, a reader finds the library whole, if smaller,
or none at all: every chunk is one that the clean run makes of that very content, and searches
find what they would find without any snapshot. What had been kept is still there. And the next
run ends where a clean run ends.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from tests.reliability import disk, strace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path
    from typing import TypeVar

    from tests.reliability.disk import Loss
    from tests.reliability.strace import Stage

    T = TypeVar("T")

REFUSED = 1
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
    calls: dict[str, int]
    """How often a clean run makes each call that can change files."""

    @property
    def moments(self) -> int:
        """How many such calls that is."""
        return sum(self.calls.values())


@dataclass(frozen=True)
class Point:
    """A moment of an act: the nth call of a name."""

    call: str
    number: int

    def __str__(self) -> str:
        return f"{self.call} {self.number}"


def rehearse(stage: Stage, scene: str, work: Path) -> Rehearsal:
    """Prepare a scene, and learn what a clean run makes of it."""
    folder, clean, traced = work / "ready", work / "clean", work / "traced"
    stage.done("prepare", folder, scene)
    has_library = (folder / ".vidcut").exists()
    before = stage.done("look", folder) if has_library else None
    shutil.copytree(folder, clean)
    read = stage.done("run", clean, scene)
    after = stage.done("look", clean)
    shutil.copytree(folder, traced)
    log = work / "log"
    ended = stage.ask("run", traced, scene, strace.watching(log, strace.WRITES))
    assert ended.code == 0, ended.answer
    assert stage.done("look", traced) == after, "two clean runs differ"
    for made in (clean, traced):
        shutil.rmtree(made)
    return Rehearsal(scene, folder, before, after, read, strace.counted(log))


def points(rehearsal: Rehearsal, *, but: Sequence[str] = ()) -> list[Point]:
    """Every call of a clean run that can change files, in order of name and number."""
    calls = sorted(rehearsal.calls.items())
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


def lose(
    stage: Stage, rehearsal: Rehearsal, losses: Iterable[tuple[int, Loss]], work: Path
) -> Iterator[tuple[int, Loss]]:
    """Cut the power after so many calls of a recorded run, ascending; each when it is checked."""
    recorded, folder, log = work / "recorded", work / "lost", work / "calls"
    shutil.copytree(rehearsal.folder, recorded)
    found = disk.Disk(recorded)
    every = strace.watching(log, (*disk.CALLS, *disk.OTHERS))
    ended = stage.ask("run", recorded, rehearsal.scene, [*every, "-ff", *disk.IN_FULL])
    assert ended.code == 0, ended
    calls, done = disk.record(log, recorded), 0
    for after, loss in losses:
        for call in calls[done : min(after, len(calls))]:
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
    true = _by_content(rehearsal.after) | _by_content(rehearsal.before)
    for path, video in seen.answer["known"].items():
        chunks = [tuple(chunk) for chunk in video["chunks"]]
        assert len(chunks) == len(set(chunks)), f"{path}: doubled chunks"
        assert set(chunks) <= true.get(video["content"], set()), f"{path}: wrong chunks"
    assert seen.answer["answers"] == seen.answer["without snapshots"]


def _by_content(look: dict[str, Any] | None) -> dict[str, set[tuple[Any, ...]]]:
    videos = look["known"].values() if look else ()
    return {video["content"]: {tuple(c) for c in video["chunks"]} for video in videos}
