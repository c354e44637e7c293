"""An index run's lanes, side by side: looking at files, decoding, reading, hearing, writing."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vidcut import indexing
from vidcut.lanes import Lanes, Stopped
from vidcut.stopwatch import Unwatched

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vidcut.footage import Footage
    from vidcut.indexing import Tools
    from vidcut.lanes import Channel
    from vidcut.records import Failure
    from vidcut.register import Progress, Register

_OPEN_FILES = 16
"""Files between being looked at and being done: enough that small ones with nothing to hear, or
to see, keep no lane waiting. One that waits is a few facts; what it shows is decoded later."""
_REPORTS = 8
_LAST_WORD_S = 1.0
"""How long an interrupted run waits for its lanes, to be over within 5 s where all is slow."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Whom an index run tells."""

    failure: Callable[[Failure], None]
    progress: Callable[[Progress], None]
    stopwatch: Unwatched = field(default_factory=Unwatched)


def run(register: Register, files: Sequence[Footage], tools: Tools, watch: Watch) -> None:
    """Do all files; whatever ends this ends the lanes."""
    register.expect(files)
    # While the first models load. Of one file, who looked at it first decodes it next.
    decoders = min(tools.jobs, len(files)) + min(tools.hearers, len(files))
    tools.prepare(decoders + (len(files) > 1))
    lanes, permits = Lanes(), threading.Semaphore(_OPEN_FILES)
    reports: Channel[indexing.Report] = lanes.channel(
        _REPORTS, watch.stopwatch.queue("write", _REPORTS)
    )
    examine = indexing.examiner(tools.reader, lambda: lanes.stopping, watch.stopwatch)
    lanes.start("examine", examine, lanes.permitted(files, permits), reports)
    to_see, to_hear = _start_jobs(lanes, tools, watch.stopwatch, reports)
    try:
        for report in reports:
            files_done = register.files_done
            with watch.stopwatch.at("write", "catalog"):
                job = register.take(report)
            if job is not None and job.pictures:
                to_see.put(job)
            if job is not None and job.sounds:
                to_hear.put(job)
            watch.progress(register.progress())
            if register.files_done > files_done:
                permits.release()
            if register.files_done == len(files):
                return
    except Stopped:
        lanes.check()
        raise
    finally:
        lanes.stop(_LAST_WORD_S, release=tools.release)


def _start_jobs(
    lanes: Lanes, tools: Tools, stopwatch: Unwatched, reports: Channel[indexing.Report]
) -> tuple[Channel[indexing.Job], Channel[indexing.Job]]:
    """The lanes that see and hear, as many as there are to be; what feeds the ones and the others.

    Whoever sees a file hands it to one that looks, so that its windows stay in order.
    """
    to_see: Channel[indexing.Job] = lanes.channel(0, stopwatch.queue("see", _OPEN_FILES))
    to_hear: Channel[indexing.Job] = lanes.channel(0, stopwatch.queue("listen", _OPEN_FILES))
    for _ in range(tools.jobs):
        sights: Channel[indexing.Sight] = lanes.channel(1, stopwatch.queue("look", 1))
        lanes.start("see", indexing.seer(tools, stopwatch), to_see, sights)
        lanes.start("look", indexing.looker(stopwatch), sights, reports)
    for _ in range(tools.hearers):
        lanes.start("listen", indexing.listener(tools, stopwatch), to_hear, reports)
    return to_see, to_hear
