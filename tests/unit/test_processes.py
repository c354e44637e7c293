from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from vidcut.processes import Pouring

PROGRAM = """
import json, os, subprocess, sys, threading
from vidcut import processes
wait = threading.Event()
thread = threading.Thread(target=wait.wait)
thread.start()
processes.give_way(int(sys.argv[1]))
own = os.getpriority(os.PRIO_PROCESS, 0)
other = os.getpriority(os.PRIO_PROCESS, thread.native_id)
code = "import os; print(os.getpriority(os.PRIO_PROCESS, 0))"
child = int(subprocess.run([sys.executable, "-c", code], capture_output=True).stdout)
wait.set()
print(json.dumps([own, other, child]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a priority of their own there")
def test_giving_way_is_for_all_threads_and_for_what_they_start() -> None:
    nice = [0, 5]
    own, other, child = zip(*(priorities(by) for by in nice), strict=True)
    assert own[1] == min(19, own[0] + 5)
    assert own == other == child


def priorities(by: int) -> list[int]:
    """Of a process that gives way: of it, of a thread that it had before, of a child."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(by)], capture_output=True, text=True, check=True
    )
    found: list[int] = json.loads(done.stdout)
    return found


def test_what_has_ended_is_killed_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[int] = []
    kill = os.killpg

    def noted(pid: int, number: int) -> None:
        killed.append(pid)
        kill(pid, number)

    monkeypatch.setattr(os, "killpg", noted)
    pouring = Pouring(["sleep", "60"])
    pouring.end()
    pouring.release()  # its number may be another's by now
    assert len(killed) == 1
