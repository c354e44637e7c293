"""What takes a while: jobs that wait, run in a process of their own, and leave files behind."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidcut import wire
from vidcut.errors import VidcutError
from vidcut.processes import Companion, Gone, Silent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vidcut.wire import Message

INDEX = "index"
KINDS = ("cut", "reel", "export", "script", INDEX)
LIVE = ("waiting", "running")
_MOST_LIVE, _MOST_KEPT = 20, 100
_MOST_REMARKS, _MOST_CHARS = 50, 1000
_PATIENCE_S = 60.0
"""An errand says every five seconds that it is alive."""
_GENTLE_S = 2.0
"""How long an errand may take to put its things away when it is ended."""
_BOOT = "import sys; sys.path[:] = sys.argv[1:-1]; from vidcut.web import errands; errands.main()"


class BusyError(VidcutError):
    """No more jobs are taken now."""


@dataclass(slots=True)
class Job:
    """A piece of work, as the page is shown it."""

    id: str
    kind: str
    title: str
    errand: Mapping[str, Any] = field(repr=False)
    state: str = "waiting"
    """``waiting``, ``running``, ``done``, ``failed`` or ``cancelled``."""
    done: float = 0
    total: float | None = None
    note: str = ""
    error: str | None = None
    remarks: list[str] = field(default_factory=list)
    """Of what was left out, and what is other than was asked; the first of them."""
    files: list[Path] = field(default_factory=list)
    """What it has made, whole."""
    begun_s: float = field(default_factory=time.time)

    def told(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "id": self.id,
            "kind": self.kind,
            "title": self.title,
            "state": self.state,
            "done": self.done,
            "total": self.total,
            "note": self.note,
            "error": self.error,
            "remarks": list(self.remarks),
            "begun": round(self.begun_s),
            "files": [
                {"n": number, "name": path.name, "bytes": _size(path)}
                for number, path in enumerate(self.files)
            ],
        }


class Jobs:
    """The jobs of a server: films one after the other, and beside them one index run.

    Args:
        changed: called with a job whenever it is other than before, from any thread.
    """

    def __init__(self, changed: Callable[[Job], None]) -> None:
        self._changed = changed
        self._lock = threading.Lock()
        self._known: dict[str, Job] = {}
        self._companions: dict[str, Companion] = {}
        self._is_closed = False
        self._films = ThreadPoolExecutor(1, thread_name_prefix="films")
        self._index = ThreadPoolExecutor(1, thread_name_prefix="index")

    def start(self, kind: str, title: str, errand: Mapping[str, Any]) -> Job:
        """A new job.

        Raises:
            BusyError: there are too many, or the library is being indexed already.
        """
        job = Job(secrets.token_hex(8), kind, title, {**errand, "kind": kind})
        with self._lock:
            live = [one for one in self._known.values() if one.state in LIVE]
            if len(live) >= _MOST_LIVE or self._is_closed:
                raise BusyError("too many jobs are waiting; let some end, or cancel them")
            if kind == INDEX and any(one.kind == INDEX for one in live):
                raise BusyError("the library is being indexed already; let that end, or cancel it")
            self._known[job.id] = job
            for old in [one.id for one in self._known.values() if one.state not in LIVE]:
                if len(self._known) > _MOST_KEPT:
                    del self._known[old]
            threads = self._index if kind == INDEX else self._films
            threads.submit(self._run, job)
        self._changed(job)
        return job

    def all(self) -> list[Job]:
        """Every job there is, oldest first."""
        with self._lock:
            return list(self._known.values())

    def find(self, job_id: str) -> Job | None:
        """The job of this id."""
        with self._lock:
            return self._known.get(job_id)

    def cancel(self, job: Job) -> None:
        """End a job; what it has made stays."""
        with self._lock:
            if job.state not in LIVE:
                return
            job.state = "cancelled"
            companion = self._companions.get(job.id)
        self._changed(job)
        if companion is not None:
            _end_gently(companion)

    def close(self) -> None:
        """End all of them within seconds; there will be no others."""
        with self._lock:
            self._is_closed = True
            live = [job for job in self._known.values() if job.state in LIVE]
        for job in live:
            self.cancel(job)
        deadline_s = time.monotonic() + _GENTLE_S + 0.5
        while self._companions and time.monotonic() < deadline_s:
            time.sleep(0.02)
        for threads in (self._films, self._index):
            threads.shutdown(wait=False, cancel_futures=True)

    # Running ---------------------------------------------------------------------------

    def _run(self, job: Job) -> None:
        """Do a job to its end, in the thread of its kind."""
        try:
            error = self._done_by(job)
        except (Gone, Silent, wire.WireError, OSError) as gone:
            how = gone.how if isinstance(gone, Gone) else str(gone) or type(gone).__name__
            error = f"the work ended unforeseen ({how}); try again, or do it at the shell"
        with self._lock:
            if job.state in LIVE:
                job.state, job.error = ("failed", error) if error else ("done", None)
        _tidy(job.errand.get("folder"))
        self._changed(job)

    def _done_by(self, job: Job) -> str | None:
        """What a process of its own came to: None, or why it failed."""
        with self._lock:
            if job.state not in LIVE or self._is_closed:
                return "it was cancelled"
            companion = Companion(_command(), dict(os.environ), patience_s=_PATIENCE_S)
            self._companions[job.id] = companion
            job.state = "running"
        self._changed(job)
        try:
            companion.ask(json.dumps(job.errand).encode("ascii") + b"\n")
            while (message := wire.read(companion.fill)).kind not in {"done", "failed"}:
                if self._note(job, message):
                    self._changed(job)
            return str(message.facts["reason"]) if message.kind == "failed" else None
        finally:
            companion.release()
            with self._lock:
                del self._companions[job.id]

    def _note(self, job: Job, message: Message) -> bool:
        """Take down what was told; whether the job is other than before."""
        facts = message.facts
        with self._lock:
            if message.kind == "state":
                job.done, job.total = facts["done"], facts["total"]
                job.note = str(facts["note"])[:_MOST_CHARS]
            elif message.kind == "file":
                job.files.append(Path(facts["path"]))
            elif message.kind == "remark" and len(job.remarks) < _MOST_REMARKS:
                job.remarks.append(str(facts["text"])[:_MOST_CHARS])
        return message.kind in {"state", "file", "remark"}


def _command() -> list[str]:
    places = [os.path.abspath(place) for place in sys.path]  # noqa: PTH100  (Path("") is ".")
    return [sys.executable, "-X", f"utf8={sys.flags.utf8_mode}", "-c", _BOOT, *places]


def _end_gently(companion: Companion) -> None:
    """Ask a process to end, and end it where it does not."""
    companion.interrupt()
    killing = threading.Timer(_GENTLE_S, companion.end)
    killing.daemon = True
    killing.start()


def _tidy(folder: str | None) -> None:
    """Remove what a process that was killed has left in its folder, and the folder where empty."""
    if folder is None:
        return
    for left in Path(folder).glob(".vidcut-*"):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)
    with suppress(OSError):
        Path(folder).rmdir()


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
