"""Two writers at once, and a reader that searches all the while."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from tests.reliability import crashes
from tests.reliability.strace import Request

if TYPE_CHECKING:
    from pathlib import Path

    from tests.reliability.crashes import Rehearsal
    from tests.reliability.strace import Stage

TOLD_WITHIN_S = 2.0
"""Of a processor's time: what else the machine does takes none of it."""
HANGS_AFTER_S = 60.0


def pair(stage: Stage, rehearsal: Rehearsal, work: Path, *, outlasts: bool = False) -> bool:
    """Run the scene twice at once, watched; whether one of them found the other at work.

    ``outlasts``: it always does, for the first goes on until the second has ended.
    """
    folder = work / "shared"
    shutil.copytree(rehearsal.folder, folder)
    writer = Request("run", str(folder), rehearsal.scene, outlasts=outlasts)
    one, other, reader = stage.ask_at_once(writer, writer, Request("watch", str(folder)))
    refused = [ended for ended in (one, other) if ended.code == crashes.REFUSED]
    assert {one.code, other.code} <= {0, crashes.REFUSED}, (one, other)
    assert len(refused) <= 1, (one, other)
    for ended in refused:
        holder = one if ended is other else other
        assert ended.answer.startswith("LibraryBusyError"), ended
        assert str(holder.pid) in ended.answer, (holder, ended)
        assert ended.cpu_s < TOLD_WITHIN_S, ended
        assert ended.seconds < HANGS_AFTER_S, ended
    assert reader.code == 0, reader.answer
    true = _evidence(rehearsal.after) | _evidence(rehearsal.before)
    assert {tuple(seen) for seen in reader.answer["seen"]} <= true
    assert stage.done("look", folder) == rehearsal.after
    shutil.rmtree(folder)
    return bool(refused)


def _evidence(look: dict[str, Any] | None) -> set[tuple[Any, ...]]:
    """All that a search may show: video, modality, start, end and text of each chunk."""
    known = look["known"] if look else {}
    return {
        (path, modality, start_us, end_us, text or None)
        for path, video in known.items()
        for modality, start_us, end_us, text, _ in video["chunks"]
    }
