"""A changed file of the library: the same answer or an error, never another answer.

``python benchmarks/mutations.py`` tries ten thousand.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "mutations.py"


def run(count: int) -> str:
    command = [sys.executable, str(SCRIPT), "--count", str(count), "--seed", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_changed_library_never_lies() -> None:
    said = run(300)
    assert said.startswith("300 changes: ")
    counts = {name: int(count) for count, name in re.findall(r"(\d+) (\w+)(?:,|\n)", said)}
    assert counts.keys() >= {"right", "refused"}  # it does look, and does not refuse all
    assert not counts.keys() & {"wrong", "crash"}
