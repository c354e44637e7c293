"""Inputs that nobody thought of: does a door of vidcut's let in what it promises not to?

    python benchmarks/fuzz.py TARGET [--minutes N] [--keep FOLDER]

The targets, and what is asserted of each input, are those of `tests/reliability/oracles.py`.
atheris (libFuzzer) changes the seeds beside it, and goes on from whatever takes a new way through
vidcut and the libraries that read for it. What it gathers goes to FOLDER, to be taken up by the
next run, or to a temporary one. An input by which an oracle fails ends the run (exit 77), as
does one that takes 100 s or 2 GiB; it is left in FOLDER as ``found-…``, and belongs, cut down,
among the seeds. Figures of the run are printed at its end.

Needs atheris, which is not among the tools of every day; it is said how to install it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SEEDS = ROOT / "tests" / "reliability" / "seeds"
INSTRUMENTED = ["vidcut", "pysubs2", "tomllib", "json", "shlex"]
"""Whose ways are counted; C has none to see."""
MISSING_EXIT = 5
LONGEST_S, MOST_MB, MOST_BYTES = 100, 2_048, 4_096
"""Of one input: what it may take, and how long it may be. By the clock: many, as a run at a low
priority waits for the processor."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("target", choices=sorted(folder.name for folder in SEEDS.iterdir()))
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--keep", metavar="FOLDER", type=Path, help="where the corpus goes on")
    asked = parser.parse_args()
    try:
        import atheris  # noqa: PLC0415  (where it is missing, that is said)
    except ImportError:
        command = f"{sys.executable} -m pip install -c constraints.txt --group fuzz"
        print(f"atheris is not installed; {command}", file=sys.stderr)
        return MISSING_EXIT
    keep = asked.keep or Path(tempfile.mkdtemp(prefix="vidcut-fuzz-"))
    corpus = keep / asked.target
    corpus.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(keep)  # libFuzzer ends the process before anything is tidied
    os.environ["XDG_CONFIG_HOME"] = str(keep / "no-config")  # nobody's own settings
    sys.path.insert(0, str(ROOT))
    atheris.enabled_hooks.add("str")  # what startswith asks for; RegEx's has too few of re's ops
    with atheris.instrument_imports(include=INSTRUMENTED):
        from tests.reliability import oracles  # noqa: PLC0415  (instrumented as it is imported)

    print(f"the corpus of {asked.target} is kept in {corpus}", flush=True)
    limits = {
        "max_total_time": max(1, round(asked.minutes * 60)),
        "timeout": LONGEST_S,
        "rss_limit_mb": MOST_MB,
        "max_len": MOST_BYTES,
        "print_final_stats": 1,
        "artifact_prefix": f"{keep}/found-{asked.target}-",
    }
    options = [f"-{name}={value}" for name, value in limits.items()]
    atheris.Setup(
        [sys.argv[0], *options, str(corpus), str(SEEDS / asked.target)],
        oracles.TARGETS[asked.target],
    )
    atheris.Fuzz()  # does not return
    return 0


if __name__ == "__main__":
    sys.exit(main())
