"""A process that has imported everything, and forks to act: a start costs milliseconds.

    python -m tests.reliability.stage

reads a request a line, JSON, and answers each with a line. What is asked for is done in a
process of its own, under strace where its arguments are given: only there can it be killed at
a system call. Nothing is written to a file but by what is acted.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.reliability import films, scenes
from vidcut import lanes
from vidcut.errors import VidcutError
from vidcut.register import Register

if TYPE_CHECKING:
    from collections.abc import Callable

    from vidcut.indexing import Made

DONE, REFUSED, BROKEN = 0, 1, 2
"""How an act ended: as it should, with one of vidcut's own errors, with another."""
_WORD_BYTES = 1 << 16
_PATIENCE_S = 20.0
_PR_SET_PTRACER, _ANY = 0x59616D61, ctypes.c_ulong(-1)


def main() -> None:
    lanes._HEARTBEAT_S = 0.002  # a run this short would mostly wait for its lanes to end
    Register._keep = _marked(Register._keep)  # type: ignore[method-assign, assignment]
    films.warm_up()
    for line in sys.stdin:
        print(json.dumps(_serve(json.loads(line))), flush=True)  # noqa: T201  (the answer)


def _serve(request: dict[str, Any]) -> dict[str, Any]:
    words = mmap.mmap(-1, _WORD_BYTES)  # shared: what is told needs no system call
    ready, go = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(go)
        os._exit(_act(request, words, ready))
    os.close(ready)
    tracer = _traced(child, request["strace"]) if request.get("strace") else None
    os.write(go, b"!")
    os.close(go)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if tracer is not None:
        tracer.wait(_PATIENCE_S)
    length = int.from_bytes(words[:8], "little")
    answer = json.loads(words[8 : 8 + length]) if length else None
    words.close()
    return {"code": status, "answer": answer}


def _act(request: dict[str, Any], words: mmap.mmap, ready: int) -> int:
    """What the forked process does; its exit code."""
    if request.get("strace"):
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANY, 0, 0, 0)  # where Yama would forbid it
    os.read(ready, 1)
    os.close(ready)
    try:
        answer = _REQUESTS[request["do"]](request)
    except VidcutError as error:
        code, answer = REFUSED, f"{type(error).__name__}: {error}"
    except BaseException:  # noqa: BLE001  (told to who asked)
        code, answer = BROKEN, traceback.format_exc()
    else:
        code = DONE
    told = json.dumps(answer).encode()
    words[8 : 8 + len(told)] = told
    words[:8] = len(told).to_bytes(8, "little")
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
        time.sleep(request.get("pace_s", 0.0))
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
    found = {"known": films.known(folder), "answers": films.answers(folder)}
    found["left"] = sorted(file.name for file in (folder / ".vidcut").rglob(".*"))
    with tempfile.TemporaryDirectory() as made:
        bare = Path(made) / ".vidcut"
        bare.mkdir()
        for file in (folder / ".vidcut").glob("catalog.sqlite*"):
            if not file.name.endswith("-shm"):
                shutil.copy(file, bare)
        return {**found, "without snapshots": films.answers(bare.parent)}


_REQUESTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "prepare": _prepare,
    "run": _run,
    "look": _look,
}

if __name__ == "__main__":
    main()
