"""``vidcut`` and ``python -m vidcut``."""

from __future__ import annotations

import gc
import sys

_INTERRUPTED = 130
_OBJECTS = 100_000
"""New objects before a collection, some 10 MB. A start makes nearly as many, all to stay, and at
Python's 700 a search spent 35 ms of CPU looking through them (benchmarks/startup.py)."""


def main() -> None:
    """Run the command line and leave with its exit code."""
    gc.set_threshold(_OBJECTS)
    try:
        from vidcut.cli import run  # noqa: PLC0415  (Ctrl-C may come while it is imported)

        code = run()
    except KeyboardInterrupt:
        code = _INTERRUPTED
    # What is left goes with the process: to look through it for cycles took a search 60 ms more.
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    main()
