"""Make docs/search.png of what three searches in the demo's library really print.

make demo && .venv/bin/python docs/picture.py
"""

from __future__ import annotations

import functools
import os
import pty
import subprocess
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from rich.cells import cell_len
from rich.console import Console
from rich.style import Style
from rich.text import Text

ROOT = Path(__file__).parents[1]
COLUMNS = 112
CELL = (11, 24)
SIZE_PX = 18
BACKGROUND = "#1e2127"
INK = {"plain": "#d7dae0", "command": "#98c379", "match": "#e5c07b"}
FONTS = {  # Debian's fonts-dejavu-core and fonts-noto-cjk
    "plain": "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf",
    "bold": "/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf",
    "cjk": "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
}
SEARCHES = (("a cup of coffee", "coffee"), ("吃火锅", "火锅"), ("launch pad 40", "launch"))


def main() -> None:
    lines: list[Text] = []
    for query, folder in SEARCHES:
        lines.append(Text(f'$ vidcut search "{query}" -k 2'))
        lines += [*Text.from_ansi(_shown(query, folder).rstrip()).split("\n"), Text()]
    _draw(lines[:-1]).save(ROOT / "docs" / "search.png", optimize=True)


def _draw(lines: list[Text]) -> Image.Image:
    """A terminal: each character in its own cells, so that Chinese takes two."""
    size = ((COLUMNS + 2) * CELL[0], (len(lines) + 1) * CELL[1])
    picture = Image.new("RGB", size, BACKGROUND)
    pen = ImageDraw.Draw(picture)
    console = Console(width=COLUMNS, color_system="truecolor")
    for row, line in enumerate(lines):
        column = 1
        for segment in line.render(console):
            style = segment.style if isinstance(segment.style, Style) else Style()
            kind = "command" if line.plain.startswith("$") else "match" if style.color else "plain"
            for char in segment.text.rstrip("\n"):
                font = _font("cjk" if cell_len(char) > 1 else "bold" if style.bold else "plain")
                place = (column * CELL[0], (row + 0.8) * CELL[1] + CELL[1] // 2)
                pen.text(place, char, fill=INK[kind], font=font, anchor="ls")
                column += cell_len(char)
    return picture


@functools.cache
def _font(kind: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONTS[kind], SIZE_PX)


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
