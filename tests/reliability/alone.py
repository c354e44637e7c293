"""Run a command with no network, no privileges and nothing to type, and tell what it did.

    unshare --net python alone.py REPORT COMMAND...

To be run in a network namespace of its own. Whoever the command calls up there, on the ports
that hostile media name, is heard; every packet is counted; its processes' memory is watched.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_TCP_PORTS = (80, 443, 554, 1935, 8080, 18_099)
_UDP_PORTS = (53, 18_098, 18_099)
_WITHOUT_PRIVILEGES = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")
_LONGEST_S = 900.0
_GLANCE_S = 0.05


def main() -> None:
    report, command = Path(sys.argv[1]), sys.argv[2:]
    _bring_up_loopback()
    calls = selectors.DefaultSelector()
    for kind, ports in ((socket.SOCK_STREAM, _TCP_PORTS), (socket.SOCK_DGRAM, _UDP_PORTS)):
        for port in ports:
            listener = socket.socket(socket.AF_INET, kind)
            listener.bind(("127.0.0.1", port))
            listener.settimeout(0)
            if kind == socket.SOCK_STREAM:
                listener.listen()
            calls.register(listener, selectors.EVENT_READ, port)
    with Path(f"{report}.out").open("wb") as out, Path(f"{report}.err").open("wb") as err:
        process = subprocess.Popen(
            [*_WITHOUT_PRIVILEGES, *command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        heard, peak_kb = _watch(process, calls)
    left = _session(process.pid)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    facts = {
        "exit": process.returncode,
        "heard": heard,
        "packets": _packets(),
        "peak_kb": peak_kb,
        "left_running": len(left),
    }
    report.write_text(json.dumps(facts))


def _watch(
    process: subprocess.Popen[bytes], calls: selectors.BaseSelector
) -> tuple[list[int], int]:
    """The ports that were called, and the most memory that all of its processes had at once."""
    heard, peak_kb, ends = set(), 0, time.monotonic() + _LONGEST_S
    while process.poll() is None:
        heard |= {key.data for key, _ in calls.select(_GLANCE_S)}
        peak_kb = max(peak_kb, sum(map(_proportional_kb, _session(process.pid))))
        if time.monotonic() > ends:
            os.killpg(process.pid, signal.SIGKILL)
    return sorted(heard | {key.data for key, _ in calls.select(0)}), peak_kb


def _session(leader: int) -> list[int]:
    """The processes of a session that still run."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == leader and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def _proportional_kb(pid: int) -> int:
    """Its memory, with what it shares counted in part."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def _packets() -> int:
    lines = Path("/proc/net/dev").read_text().splitlines()[2:]
    return sum(int(line.split()[2]) + int(line.split()[10]) for line in lines)


def _bring_up_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        name = b"lo".ljust(16, b"\0")
        asked = fcntl.ioctl(any_socket, _SIOCGIFFLAGS, name + bytes(24))
        flags = struct.unpack_from("<H", asked, 16)[0] | _IFF_UP
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, name + struct.pack("<H", flags) + bytes(22))


if __name__ == "__main__":
    main()
