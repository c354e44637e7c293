"""What a decoding process does: requests come in, what a reader makes of files goes out.

`workers` starts it and is its only caller. It owns no file but the one that it reads, may take
so much memory and no more, and dies with the process that started it.
"""

from __future__ import annotations

import contextlib
import json
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from vidcut import chunking, plugins, processes, wire
from vidcut.errors import MediaError, MissingError
from vidcut.protocols import Pace
from vidcut.records import Span, SubtitleTrack
from vidcut.viewing import Here, Losses
from vidcut.wire import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


_TICK_S = 0.5
_EVERY_US = {Pace.EVERY: chunking.STEP_US, Pace.QUICK: 2 * chunking.STEP_US}


def main() -> None:
    """Serve a reader: its name, its threads, its pace, bytes of memory, the lifeline."""
    name, threads, pace, memory_bytes, lifeline = sys.argv[-5:]
    processes.live_only_with(int(lifeline))
    requests, answers = processes.own_pipes()
    with contextlib.suppress(MissingError):  # whoever asks is told, and asks perhaps never
        plugins.load("readers", name)

    def viewer(losses: Losses) -> Here:
        reader = plugins.load("readers", name)
        made = reader.create(threads=int(threads), witness=losses, pace=Pace(pace))
        return Here(made, losses, every_us=_EVERY_US[Pace(pace)])

    def limit() -> None:
        limit_to(int(memory_bytes))

    serve(viewer, requests, answers, ready=limit)


def serve(
    viewer_of: Callable[[Losses], Here],
    requests: BinaryIO,
    answers: BinaryIO,
    *,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Answer one request after the other until there are no more.

    Args:
        viewer_of: makes what looks at files, given the witness of its reader.
        requests: JSON objects, one a line.
        answers: to each, messages of what was asked for and one that says how it ended.
        ready: called when all that is to be imported is.
    """
    viewer: Here | None = None
    for line in requests:
        try:
            if viewer is None:
                viewer = viewer_of(Losses(_ticker(answers)))
                ready()
            for message in _answers(viewer, json.loads(line)):
                wire.write(answers, message)
            wire.write(answers, Message("done", {}))
        except BrokenPipeError:  # nobody listens any more
            return
        except Exception as error:  # noqa: BLE001  (a bad file costs itself only)
            wire.write(answers, _apology(error))


def _apology(error: Exception) -> Message:
    if isinstance(error, MemoryError) or isinstance(error.__cause__, MemoryError):
        most = resource.getrlimit(resource.RLIMIT_DATA)[0] >> 20
        return Message("memory", {"reason": f"decoding takes more than {most} MiB of memory"})
    if isinstance(error, MissingError):
        return Message("missing", {"reason": str(error)})
    if isinstance(error, MediaError):
        return Message("failed", {"reason": str(error)})
    return Message("failed", {"reason": f"unforeseen {type(error).__name__}: {error}"})


def _answers(viewer: Here, request: Mapping[str, Any]) -> Iterator[Message]:
    path, do = Path(request["path"]), request["do"]
    if do == "probe":
        yield wire.of_media(viewer.probe(path))
    elif do == "parts":
        parts = viewer.parts(path, start_us=request["start_us"], longest_px=request["longest_px"])
        yield from map(wire.of_part, parts)
    elif do == "picture":
        px = request["longest_px"]
        yield wire.of_picture(viewer.picture(path, request["time_us"], longest_px=px))
    elif do == "glances":
        span = Span(request["start_us"], request["end_us"])
        often = {"every_us": request["every_us"], "longest_px": request["longest_px"]}
        yield from map(wire.of_glance, viewer.glances(path, span, **often))
    elif do == "sound":
        yield from map(wire.of_block, viewer.sound(path, start_us=request["start_us"]))
    elif do == "cues":
        yield wire.of_cues(viewer.cues(path, SubtitleTrack(*request["track"])))
    else:
        raise ValueError(f"no request {do!r}")


def _ticker(answers: BinaryIO) -> Callable[[int | None], None]:
    """Says how far a file is read, now and then."""
    due_s, furthest_us = 0.0, 0

    def tick(time_us: int | None) -> None:
        nonlocal due_s, furthest_us
        furthest_us = furthest_us if time_us is None else time_us
        now_s = time.monotonic()
        if now_s >= due_s:
            due_s = now_s + _TICK_S
            wire.write(answers, Message("tick", {"at_us": furthest_us}))

    return tick


# The process --------------------------------------------------------------------------


def limit_to(memory_bytes: int) -> None:
    """Take no more memory than this, write no file, and leave no core behind."""
    for limit, most in (
        (resource.RLIMIT_DATA, memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(limit)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (allowed, allowed))
