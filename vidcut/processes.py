"""Run a program: the only file that starts a process."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence
    from pathlib import Path

Done: TypeAlias = "subprocess.CompletedProcess[bytes]"
"""How a program ended, and what it wrote."""

_HEARTBEAT_S = 0.1


class Halted(Exception):  # noqa: N818  (no error: someone asked)
    """The process was ended because nobody waits for it any more."""


def run(
    command: Sequence[str | bytes],
    *,
    halt: threading.Event | None = None,
    folder: Path | None = None,
    out: int | None = None,
) -> Done:
    """Run to the end; whatever interrupts the waiting kills the process and its children.

    A process group of its own keeps a terminal's Ctrl-C from it: it is ended by us alone.

    Args:
        command: the program and its arguments; no shell reads them.
        halt: set by another thread to end the process.
        folder: where it runs; here by default.
        out: the file descriptor that its stdout goes to; by default it is kept.

    Raises:
        Halted: ``halt`` was set.
        OSError: the program does not start.
    """
    with subprocess.Popen(  # noqa: S603 - a list, no shell; paths only behind "file:"
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if out is None else out,
        stderr=subprocess.PIPE,
        process_group=0,
        cwd=folder,
    ) as process:
        try:
            stdout, stderr = _wait(process, halt)
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
    return subprocess.CompletedProcess(command, process.returncode, stdout or b"", stderr)


def _wait(process: subprocess.Popen[bytes], halt: threading.Event | None) -> tuple[bytes, bytes]:
    if halt is None:
        return process.communicate()
    while not halt.is_set():
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=_HEARTBEAT_S)
    raise Halted
