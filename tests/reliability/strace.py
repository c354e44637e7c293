"""The stage as seen by a test, and what strace is told and tells."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[2]
WRITES = (
    "write", "writev", "pwrite64", "pwritev", "pwritev2", "ftruncate", "fallocate", "fsync",
    "fdatasync", "sync_file_range", "openat", "mkdir", "mkdirat", "rename", "renameat",
    "renameat2", "link", "linkat", "unlink", "unlinkat",
)  # fmt: skip
"""What changes files. An ``openat`` may make one."""
_LOOKS = ("access", "faccessat", "faccessat2")
_MARK = re.compile(r'"/(read|kept)/(\w+)"')
_CALL = re.compile(r"^(?:\d+ +)?(\w+)\(", re.MULTILINE)
_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Request:
    """What is to be done, as `stage` takes it."""

    do: str
    folder: str
    scene: str = ""
    strace: tuple[str, ...] = ()
    pace_s: float = 0.0
    outlasts: bool = False
    """Whether its models wait until another of those that run has ended."""
    rounds: int = 0


@dataclass(frozen=True)
class Ended:
    """How an act ended: its exit code, or the signal that ended it, below 0; what it told."""

    pid: int
    code: int
    answer: Any
    seconds: float
    cpu_s: float

    @property
    def was_killed(self) -> bool:
        return self.code == -signal.SIGKILL


class Stage:
    """A process that acts on request (see `stage`)."""

    def __init__(self) -> None:
        threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        one = dict.fromkeys((*threads, "MALLOC_ARENA_MAX"), "1")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.stage"],
            cwd=ROOT,
            env={**os.environ, **one},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        self._process.communicate(timeout=_PATIENCE_S)

    def ask(
        self,
        do: str,
        folder: Path,
        scene: str = "",
        strace: Sequence[str] = (),
        *,
        pace_s: float = 0.0,
        rounds: int = 0,
    ) -> Ended:
        """Have one thing done; ``pace_s`` is what a model takes for a window."""
        request = Request(do, str(folder), scene, tuple(strace), pace_s, rounds=rounds)
        return self.ask_at_once(request)[0]

    def ask_at_once(self, *requests: Request) -> list[Ended]:
        """Have things done at the same time; what watches comes last."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = json.dumps([asdict(request) for request in requests])
        print(line, file=self._process.stdin, flush=True)
        return [Ended(**one) for one in json.loads(self._process.stdout.readline())]

    def done(self, do: str, folder: Path, scene: str = "") -> Any:
        """The answer of what must not fail."""
        ended = self.ask(do, folder, scene)
        assert ended.code == 0, ended.answer
        return ended.answer


@contextmanager
def stage() -> Iterator[Stage]:
    """A stage for as long as it is needed."""
    opened = Stage()
    try:
        yield opened
    finally:
        opened.close()


def _why_not() -> str:
    """Why nothing can be traced here; empty where it can."""
    if shutil.which("strace") is None:
        return "there is no strace: apt install strace"
    done = subprocess.run(["strace", "-o", os.devnull, "true"], check=False, capture_output=True)
    return "" if done.returncode == 0 else f"strace may not trace: {done.stderr.decode()}"


_WHY_NOT = _why_not()
NEEDED = pytest.mark.skipif(bool(_WHY_NOT), reason=_WHY_NOT or "never")
"""Of tests that trace."""


@contextmanager
def room() -> Iterator[Path]:
    """A folder to work in; in memory where there is such a place, since fsync costs time."""
    memory = Path("/dev/shm")  # noqa: S108  (a folder of its own is made in it)
    place = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="vidcut-", dir=place) as made:
        yield Path(made)


def injecting(call: str, what: str, when: str, log: Path) -> list[str]:
    """Arguments: at these calls of one name, fail or kill; the log tells it.

    strace counts the calls of each name and thread apart. Never with --seccomp-bpf, which
    leaves out the injection without a word (strace 6.1).
    """
    return [*watching(log, (*WRITES, *_LOOKS)), "-e", f"inject={call}:{what}:when={when}"]


def watching(log: Path, calls: Sequence[str]) -> list[str]:
    """Arguments: write these calls to a log."""
    named = ",".join(f"?{call}" for call in calls)
    return ["-q", "-e", f"trace={named}", "-o", str(log)]


def counted(log: Path) -> dict[str, int]:
    """How often each call was made that can change files."""
    found: dict[str, int] = {}
    for name in _CALL.findall(log.read_text("utf-8", "replace")):
        if name in WRITES:
            found[name] = found.get(name, 0) + 1
    return found


def marks(log: Path) -> dict[str, dict[str, int]]:
    """How many windows of each modality were ``read``, and how many ``kept`` for sure."""
    found: dict[str, dict[str, int]] = {"read": {}, "kept": {}}
    for what, modality in _MARK.findall(log.read_text("utf-8", "replace")):
        found[what][modality] = found[what].get(modality, 0) + 1
    return found
