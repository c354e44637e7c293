"""``vidcut`` and ``python -m vidcut``."""

from __future__ import annotations

import sys

_INTERRUPTED = 130


def main() -> None:
    """Run the command line and leave with its exit code."""
    try:
        from vidcut.cli import run  # noqa: PLC0415  (Ctrl-C may come while it is imported)

        code = run()
    except KeyboardInterrupt:
        code = _INTERRUPTED
    sys.exit(code)


if __name__ == "__main__":
    main()
