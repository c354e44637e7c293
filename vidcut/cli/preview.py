"""Small pictures in a terminal: kitty's and iTerm2's protocols, sixels, else blocks.

Of the libraries that do this one is under the LGPL (textual-image), one under the GPL (sixel),
one holds Pillow below 11 (term-image); the protocols are a few lines each. What a terminal
shows is known by the environment alone, for asking it means to read its answer from stdin.
"""

from __future__ import annotations

import base64
import io
import os
import shutil
import sys
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

from vidcut import sheet
from vidcut.cli import render

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from PIL.Image import Image

    from vidcut.sheet import Entry

_CELLS = 40
"""Wide; a cell is taken for twice as high as wide."""
_CHUNK = 4096
"""Characters of base64 at once, by kitty's protocol."""
_KITTY_TERMS = ("xterm-kitty", "xterm-ghostty")
_KITTY_PROGRAMS = ("ghostty",)
_ITERM_PROGRAMS = ("iTerm.app", "WezTerm", "mintty", "rio")
_SIXEL_TERMS = ("foot", "mlterm", "contour", "yaft")
_SIXEL_COLOURS = 64
"""Of a picture of 320 pixels; more make it slow to send."""
_MULTIPLEXERS = ("screen", "tmux")
_TRUE_COLOUR = ("truecolor", "24bit")


class Way(StrEnum):
    """How a terminal shows a picture."""

    KITTY = "kitty"
    ITERM = "iterm"
    SIXEL = "sixel"
    BLOCKS = "blocks"
    NONE = "none"


def way(environment: Mapping[str, str], *, is_terminal: bool) -> Way:
    """What stdout can show, as far as its environment tells."""
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if not is_terminal or term in {"", "dumb"} or environment.get("NO_COLOR"):
        return Way.NONE
    if "TMUX" in environment or term.startswith(_MULTIPLEXERS):  # they keep pictures back
        return Way.BLOCKS
    if "KITTY_WINDOW_ID" in environment or term in _KITTY_TERMS or program in _KITTY_PROGRAMS:
        return Way.KITTY
    if not {"WEZTERM_PANE", "ITERM_SESSION_ID"}.isdisjoint(environment) or (
        program in _ITERM_PROGRAMS
    ):
        return Way.ITERM
    return Way.SIXEL if term.startswith(_SIXEL_TERMS) else Way.BLOCKS


def show(entries: Iterable[Entry]) -> None:
    """Print a picture of each moment below its rank; nothing where stdout shows none.

    Raises:
        OutputError: stdout takes no more.
    """
    chosen = way(os.environ, is_terminal=sys.stdout.isatty())
    if chosen is Way.NONE:
        return
    cells = min(_CELLS, shutil.get_terminal_size().columns)
    is_exact = os.environ.get("COLORTERM", "") in _TRUE_COLOUR
    for entry in entries:
        if entry.picture is None:
            continue
        moment = entry.moment
        render.emit(f"{moment.rank}  {render.printable(moment.video.path)}")
        image = sheet.decoded(entry.picture)
        render.emit("".join(drawn(image, chosen, cells=cells, is_exact=is_exact)))


def drawn(image: Image, chosen: Way, *, cells: int, is_exact: bool = True) -> Iterator[str]:
    """What a terminal is sent to show a picture, so many cells wide.

    ``is_exact``: whether blocks may have any colour, else one of 256.
    """
    match chosen:
        case Way.KITTY:
            yield from _kitty(image, cells)
        case Way.ITERM:
            yield _iterm(image, cells)
        case Way.SIXEL:
            yield from _sixels(image)
        case Way.BLOCKS:
            yield "\n".join(_blocks(image, cells, is_exact=is_exact))
        case Way.NONE:
            return


def _kitty(image: Image, cells: int) -> Iterator[str]:
    """Kitty's graphics protocol: a PNG, in chunks; q=2 keeps the terminal from answering."""
    data = base64.b64encode(_png(image)).decode("ascii")
    chunks = [data[start : start + _CHUNK] for start in range(0, len(data), _CHUNK)]
    for number, chunk in enumerate(chunks, 1):
        told = f"a=T,f=100,q=2,c={cells}," if number == 1 else ""
        yield f"\x1b_G{told}m={int(number < len(chunks))};{chunk}\x1b\\"


def _iterm(image: Image, cells: int) -> str:
    """iTerm2's inline images protocol."""
    data = _png(image)
    told = f"inline=1;size={len(data)};width={cells};preserveAspectRatio=1"
    return f"\x1b]1337;File={told}:{base64.b64encode(data).decode('ascii')}\x07"


def _sixels(image: Image) -> Iterator[str]:
    """DEC's sixels: bands of six rows, and in each band a row of characters for each colour."""
    import numpy as np  # noqa: PLC0415  (not for --help)

    reduced = image.quantize(_SIXEL_COLOURS)
    palette, places = reduced.getpalette() or [], np.asarray(reduced)
    yield f'\x1bPq"1;1;{image.width};{image.height}'
    for colour in range(len(palette) // 3):
        red, green, blue = (round(part * 100 / 255) for part in palette[3 * colour :][:3])
        yield f"#{colour};2;{red};{green};{blue}"
    for top in range(0, image.height, 6):
        band = places[top : top + 6]
        bits = 1 << np.arange(len(band))[:, None]
        for colour in np.unique(band):
            row = ((band == colour) * bits).sum(axis=0) + ord("?")
            yield f"#{colour}" + "".join(_repeated(row.tolist())) + "$"
        yield "-"
    yield "\x1b\\"


def _repeated(row: Iterable[int]) -> Iterator[str]:
    """Characters, of which more than three alike are counted."""
    for code, alike in groupby(row):
        many = len(list(alike))
        yield f"!{many}{chr(code)}" if many > 3 else chr(code) * many  # noqa: PLR2004  (as said)


def _blocks(image: Image, cells: int, *, is_exact: bool) -> Iterator[str]:
    """Lines of upper half blocks: the upper pixel is the ink, the lower one the ground."""
    high = max(1, round(cells * image.height / image.width / 2))
    pixels = image.resize((cells, 2 * high)).load()
    if pixels is None:  # of an image of no size, which none is
        return
    for row in range(high):
        line = []
        for column in range(cells):
            upper, lower = pixels[column, 2 * row], pixels[column, 2 * row + 1]
            ink, ground = _colour(upper, is_exact=is_exact), _colour(lower, is_exact=is_exact)
            line.append(f"\x1b[38;{ink};48;{ground}m▀")
        yield "".join(line) + "\x1b[0m"


def _colour(pixel: tuple[int, ...] | float, *, is_exact: bool) -> str:
    """As SGR has it: any colour, or the nearest of a cube of 6 x 6 x 6."""
    red, green, blue = pixel if isinstance(pixel, tuple) else (int(pixel),) * 3
    if is_exact:
        return f"2;{red};{green};{blue}"
    six = [round(part / 255 * 5) for part in (red, green, blue)]
    return f"5;{16 + 36 * six[0] + 6 * six[1] + six[2]}"


def _png(image: Image) -> bytes:
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()
