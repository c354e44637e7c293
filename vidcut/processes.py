"""Run a program: the only file that starts a process."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Done: TypeAlias = "subprocess.CompletedProcess[bytes]"
"""How a program ended, and what it wrote."""

_HEARTBEAT_S = 0.1
_READING_ALONE = 10
"""How many times as long a program may take that is silent but reads."""


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


def give_way(nice: int) -> None:
    """Let other programs go first, in all threads there are and all processes to come.

    Linux derives the priority of reading and writing from it, (nice + 20) / 5 (ioprio_set(2)),
    where the disk's scheduler knows any.

    Args:
        nice: how much to give way, 0…19, on top of how much this process does already.
    """
    os.nice(nice)
    if sys.platform == "linux":  # there each thread has its own, and hands it on
        wanted = os.getpriority(os.PRIO_PROCESS, 0)
        for thread in Path("/proc/self/task").iterdir():
            with suppress(ProcessLookupError):  # it is over
                os.setpriority(os.PRIO_PROCESS, int(thread.name), wanted)


class Pouring:
    """A program whose output is read while it runs. A thread reads, any thread ends it.

    Whoever reads slowly holds it up; where this process dies, it ends at its next word.
    """

    def __init__(self, command: Sequence[str | bytes]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - a list, no shell; as in `run`
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            process_group=0,
            bufsize=0,
        )
        self._ending = threading.Lock()

    def read(self, most_bytes: int) -> bytes:
        """What comes next; nothing where it has ended."""
        pipe = self._process.stdout
        return (pipe.read(most_bytes) if pipe is not None else None) or b""

    def end(self) -> None:
        """Kill it and its children; who reads gets the rest."""
        with self._ending:
            if self._process.poll() is None:  # else its number may be another's by now
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def release(self) -> None:
        """End it and close its pipe, when nobody reads any more."""
        self.end()
        if self._process.stdout is not None:
            self._process.stdout.close()


class Gone(Exception):  # noqa: N818  (whoever waits says what it means)
    """The program ended before it had answered; ``code`` is that of its end."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code

    @property
    def how(self) -> str:
        """The signal's name, or the exit status in words."""
        try:
            return signal.Signals(-self.code).name
        except ValueError:
            return f"exit status {self.code}"


class Silent(Exception):  # noqa: N818  (as above)
    """The program neither answered nor read anything for as long as it was given."""


class Companion:
    """A program that is asked and answers for as long as it lives, and dies with us.

    It has a process group of its own, so that a terminal's Ctrl-C passes it by. Its last
    argument is the number of a pipe that closes when this process ends, however it does.

    Args:
        command: the program and its arguments.
        environment: all that it gets of one.
        patience_s: how long it may be silent while it is waited for.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], *, patience_s: float
    ) -> None:
        self.patience_s = patience_s
        self._is_over, self._ending = False, threading.Lock()
        lifeline, self._life = os.pipe()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - a list, no shell
                [*command, str(lifeline)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                process_group=0,
                pass_fds=(lifeline,),
                cwd="/",
                env=environment,
                bufsize=0,
            )
        except BaseException:
            os.close(self._life)
            raise
        finally:
            os.close(lifeline)

    def ask(self, line: bytes) -> None:
        """Send a request; raises `Gone`."""
        try:
            self._pipe(self._process.stdin).write(line)
        except BrokenPipeError:
            raise self._gone() from None

    def fill(self, room: memoryview) -> None:
        """Fill a buffer with what comes next; raises `Gone` and `Silent`."""
        answers = self._pipe(self._process.stdout)
        while room:
            self._wait_for(answers.fileno())
            count = os.readv(answers.fileno(), [room])
            if not count:
                raise self._gone()
            room = room[count:]

    def interrupt(self) -> None:
        """Ask it to end by itself, as Ctrl-C does; whoever waits for it learns when it has."""
        with self._ending:
            if not self._is_over and self._process.poll() is None:
                self._process.send_signal(signal.SIGINT)

    def end(self) -> int:
        """Kill it and its children, whoever waits for it; its exit code."""
        with self._ending:
            if not self._is_over:
                self._is_over = True
                if self._process.poll() is None:
                    os.killpg(self._process.pid, signal.SIGKILL)
                os.close(self._life)
            return self._process.wait()

    def release(self) -> None:
        """End it, and close what connects us: for who alone has to do with it."""
        self.end()
        for pipe in (self._process.stdin, self._process.stdout):
            self._pipe(pipe).close()

    def _gone(self) -> Gone:
        with suppress(subprocess.TimeoutExpired):  # its pipe is closed: it is all but over
            self._process.wait(_HEARTBEAT_S * 10)
        return Gone(self.end())

    def _wait_for(self, descriptor: int) -> None:
        """Until there is something to read.

        Reading a file is a sign of life too, for a seek may pass through all of one without an
        index; but not for ever, for some files lead round in circles.
        """
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        for _ in range(_READING_ALONE):
            before = self._read_bytes()
            if poll.poll(self.patience_s * 1000):
                return
            if self._read_bytes() == before:
                break
        raise Silent

    def _read_bytes(self) -> int:
        """How much the program has read since it began, as Linux counts; 0 elsewhere."""
        try:
            facts = Path(f"/proc/{self._process.pid}/io").read_text("ascii")
        except OSError:
            return 0
        return int(facts.partition("rchar: ")[2].split()[0])

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        if pipe is None:
            raise ValueError("a companion has pipes")
        return pipe


# The other end of a companion ------------------------------------------------------------


def live_only_with(lifeline: int) -> None:
    """Be ended by the kernel when the other end of a pipe is closed, which nobody writes to.

    Native code that hangs while it holds the interpreter's lock could not look itself. (The
    parent-death signal of Linux would come when the thread ends that started this process.)
    """
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC)  # SIGIO, which ends a process
    if select.select([lifeline], [], [], 0)[0]:
        os._exit(0)  # it was closed before we asked


def own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The pipes to the other process, and nothing in their place for libraries to speak to."""
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(nothing, descriptor)
    return os.fdopen(requests, "rb"), os.fdopen(answers, "wb")
