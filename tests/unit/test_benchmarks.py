"""The benchmarks' page says what was measured, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_what_report_makes_of_the_results() -> None:
    """A benchmark that is added, or run again, wants ``python benchmarks/report.py``."""
    check = [sys.executable, "benchmarks/report.py", "--check"]
    done = subprocess.run(check, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
