"""Make docs/search.svg of what two searches in the demo's library really print.

make demo && .venv/bin/python docs/picture.py
"""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
COLUMNS = 112
SEARCHES = (("a cup of coffee", "coffee"), ("吃火锅", "火锅"), ("launch pad 40", "launch"))


def main() -> None:
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), color_system="truecolor")
    for query, folder in SEARCHES:
        console.print(Text(f'$ vidcut search "{query}" -k 2', style="bold green"))
        console.print(Text.from_ansi(_shown(query, folder).strip()), soft_wrap=True)
        console.print()
    svg = console.export_svg(title="vidcut")
    (ROOT / "docs" / "search.svg").write_text(svg, encoding="utf-8")


def _shown(query: str, folder: str) -> str:
    """What a terminal is shown."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "vidcut", "search", query, "-k", "2", "--overwrite"]
    with subprocess.Popen(
        [*command, "--library", ".", "-o", f"clips/{folder}"],
        cwd=ROOT / "demo",
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "COLUMNS": str(COLUMNS), "TERM": "xterm-256color"},
    ) as process:
        os.close(theirs)
        pieces = []
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other side is closed
                break
            if not piece:
                break
            pieces.append(piece)
        process.wait()
    os.close(ours)
    return b"".join(pieces).decode().replace("\r\n", "\n")


if __name__ == "__main__":
    main()
