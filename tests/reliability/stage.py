"""A process that has imported everything, and forks to act: a start costs milliseconds.

    python -m tests.reliability.stage

reads requests, a list a line, JSON, and answers each line with one. Each request is done in a
process of its own, those of a line at the same time, under strace where its arguments are
given: only there can it be killed at a system call. Nothing is written to a file but by what
is acted.
"""

from __future__ import annotations

import ctypes
import gc
import json
import mmap
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.reliability import films, scenes
from vidcut import lanes, stretches, wordings
from vidcut.errors import LibraryNotFoundError, VidcutError
from vidcut.register import Register

if TYPE_CHECKING:
    from collections.abc import Callable

    from vidcut.indexing import Made

DONE, REFUSED, BROKEN, INTERRUPTED = 0, 1, 2, 130
"""How an act ended: as it should, with one of vidcut's own errors, with another."""
_WORD_BYTES = 1 << 20
_PATIENCE_S = 20.0
_PR_SET_PTRACER, _ANY = 0x59616D61, ctypes.c_ulong(-1)


@dataclass
class Child:
    """A process that does what was asked for, once it is let go."""

    request: dict[str, Any]
    pid: int
    go: int
    words: mmap.mmap
    tracer: subprocess.Popen[bytes] | None


def main() -> None:
    wordings.LEAST, stretches.SMALL = 1, 0  # that so few texts have files, and several
    lanes._HEARTBEAT_S = 0.002  # a run this short would mostly wait for its lanes to end
    Register._keep = _marked(Register._keep)  # type: ignore[method-assign, assignment]
    shutil._USE_CP_SENDFILE = False  # type: ignore[attr-defined]  # strace sees not what it copies
    films.warm_up()
    for line in sys.stdin:
        print(json.dumps(_serve(json.loads(line))), flush=True)  # noqa: T201  (the answer)


def _serve(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Do all of them at the same time; what watches, until the others have ended."""
    over = mmap.mmap(-1, 2)  # whether those who write all have, and whether one has ended
    children = [_child(request, over) for request in requests]
    for child in children:
        os.write(child.go, b"!")
        os.close(child.go)
    ended = [_ended(child) for child in children if child.request["do"] != "watch"]
    over[0] = 1
    return ended + [_ended(child) for child in children if child.request["do"] == "watch"]


def _child(request: dict[str, Any], over: mmap.mmap) -> Child:
    words = mmap.mmap(-1, _WORD_BYTES)  # shared: what is told needs no system call
    ready, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(go)
        os._exit(_act({**request, "over": over}, words, ready))
    os.close(ready)
    tracer = _traced(pid, request["strace"]) if request["strace"] else None
    return Child(request, pid, go, words, tracer)


def _ended(child: Child) -> dict[str, Any]:
    code = os.waitstatus_to_exitcode(os.waitpid(child.pid, 0)[1])
    if child.tracer is not None:
        child.tracer.wait(_PATIENCE_S)
    length = int.from_bytes(child.words[:8], "little")
    told = json.loads(child.words[8 : 8 + length]) if length else {}
    child.words.close()
    return {"pid": child.pid, "code": code, "answer": None, "seconds": 0.0, "cpu_s": 0.0, **told}


def _act(request: dict[str, Any], words: mmap.mmap, ready: int) -> int:
    """What the forked process does; its exit code."""
    if request["strace"]:
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANY, 0, 0, 0)  # where Yama would forbid it
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as the command line does
    os.read(ready, 1)
    os.close(ready)
    begun, begun_cpu_s = time.monotonic(), time.process_time()
    try:
        answer = _REQUESTS[request["do"]](request)
    except VidcutError as error:
        code, answer = REFUSED, f"{type(error).__name__}: {error}"
    except KeyboardInterrupt:
        code, answer = INTERRUPTED, "interrupted"
    except BaseException:  # noqa: BLE001  (told to who asked)
        code, answer = BROKEN, traceback.format_exc()
    else:
        code = DONE
    spent = {"seconds": time.monotonic() - begun, "cpu_s": time.process_time() - begun_cpu_s}
    told = json.dumps({"answer": answer, **spent}).encode()
    words[8 : 8 + len(told)] = told
    words[:8] = len(told).to_bytes(8, "little")
    request["over"][1] = 1
    return code


def _traced(child: int, arguments: list[str]) -> subprocess.Popen[bytes]:
    """A strace that is attached to the child; nothing of the child was missed."""
    tracer = subprocess.Popen(["strace", "-f", "-p", str(child), *arguments])
    give_up = time.monotonic() + _PATIENCE_S
    facts = Path(f"/proc/{child}/status")
    while "TracerPid:\t0\n" in facts.read_text("ascii"):
        if tracer.poll() is not None or time.monotonic() > give_up:
            raise RuntimeError(f"strace {arguments} was not attached")
        time.sleep(0.001)
    return tracer


def _run(request: dict[str, Any]) -> dict[str, int]:
    """How often each modality read a window."""
    read: dict[str, int] = {}

    def told(name: str) -> None:
        time.sleep(request["pace_s"])
        give_up = time.monotonic() + _PATIENCE_S
        while request["outlasts"] and not request["over"][1] and time.monotonic() < give_up:
            time.sleep(0.01)
        os.access(f"/read/{name}", os.F_OK)
        read[name] = read.get(name, 0) + 1

    scenes.act(request["scene"], Path(request["folder"]), told)
    return read


def _marked(keep: Callable[[Register, Made], None]) -> Callable[[Register, Made], None]:
    """As before, and once a window is kept, a look at a file of that name: strace sees it."""

    def kept(register: Register, made: Made) -> None:
        keep(register, made)
        reads_cues = any(task.cues is not None for task in made.job.sounds)
        for modality in made.harvests:
            name = "subtitles" if modality == "asr" and reads_cues else modality
            os.access(f"/kept/{name}", os.F_OK)

    return kept


def _prepare(request: dict[str, Any]) -> None:
    scenes.prepare(request["scene"], Path(request["folder"]))


def _look(request: dict[str, Any]) -> dict[str, Any]:
    """What is known and found, and what would be found if there were no snapshots."""
    folder = Path(request["folder"])
    found: dict[str, Any] = {"known": films.known(folder), "answers": films.answers(folder)}
    found["texts"] = films.texts_files(folder)
    found["left"] = sorted(file.name for file in (folder / ".vidcut").rglob(".*"))
    with tempfile.TemporaryDirectory() as made:
        bare = Path(made) / ".vidcut"
        bare.mkdir()
        for file in (folder / ".vidcut").glob("catalog.sqlite*"):
            if not file.name.endswith("-shm"):
                shutil.copy(file, bare)
        return {**found, "without snapshots": films.answers(bare.parent)}


def _watch(request: dict[str, Any]) -> dict[str, Any]:
    """Search, again and again: how often, and all evidence ever seen, with its video's path."""
    seen: set[tuple[Any, ...]] = set()
    times = 0
    while not (request["over"][0] and times):
        try:
            found = films.answers(Path(request["folder"]))
        except LibraryNotFoundError:
            time.sleep(0.005)  # the other has yet to make it
            continue
        times += 1
        time.sleep(0.01)  # the writers want to get on
        for _, path, _, _, _, evidence in found:
            seen |= {(path, *chunk) for chunk in evidence}
    return {"times": times, "seen": list(seen)}


class _Mallinfo2(ctypes.Structure):
    _names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, ctypes.c_size_t) for name in _names.split()]


def _soak(request: dict[str, Any]) -> Any:
    """Index what has changed and search, so many rounds.

    After each: bytes in use by malloc (the stage has one arena), objects of Python's own
    allocator, descriptors. What the process holds resident would go up and down by megabytes,
    as the allocators please.
    """
    folder, libc = Path(request["folder"]), ctypes.CDLL(None)
    libc.mallinfo2.restype = _Mallinfo2
    facts = np.zeros((request["rounds"], 3), dtype=np.int64)  # made now: it grows by nothing
    for number, row in enumerate(facts):
        films.write(folder / "one.mp4", 40, tint=1 + number % 9)
        films.index(folder)
        films.answers(folder)
        gc.collect()
        heap = libc.mallinfo2()
        descriptors = len(list(Path("/proc/self/fd").iterdir()))
        row[:] = heap.uordblks + heap.hblkhd, sys.getallocatedblocks(), descriptors
    return facts.tolist()


_REQUESTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "prepare": _prepare,
    "run": _run,
    "look": _look,
    "watch": _watch,
    "soak": _soak,
}

if __name__ == "__main__":
    main()
