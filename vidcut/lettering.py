"""Text in pictures: a font that has its characters, and text made shorter or broken."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.ImageFont import FreeTypeFont, ImageFont

    Font = FreeTypeFont | ImageFont

_CJK_FILES = (
    # Debian, Ubuntu; Fedora; Arch
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-sans-cjk-vf-fonts/NotoSansCJK-VF.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/wenquanyi/wqy-microhei/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    # macOS
    "/System/Library/Fonts/PingFang.ttc",
    "/System/Library/Fonts/Hiragino Sans GB.ttc",
    "/System/Library/Fonts/STHeiti Light.ttc",
    # Windows, and Windows below Linux
    "C:/Windows/Fonts/msyh.ttc",
    "C:/Windows/Fonts/simhei.ttf",
    "/mnt/c/Windows/Fonts/msyh.ttc",
)
_LATIN_FILES = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
    "/usr/share/fonts/TTF/DejaVuSans.ttf",
    "/System/Library/Fonts/Helvetica.ttc",
    "C:/Windows/Fonts/segoeui.ttf",
)
_SIMPLIFIED = " SC"
"""How a face for Simplified Chinese ends its family's name."""
_MOST_FACES = 5
_CJK = (("\u2e80", "\u9fff"), ("\uac00", "\ud7af"), ("\uf900", "\ufaff"), ("\uff00", "\uffef"))
_CJK_RARE = "\U00020000", "\U0003ffff"
_LONGEST_PIECE = 20
"""Characters after which a word is broken, for it may be wider than a line."""
_CUT = "…"

NO_CJK = (
    "no font for Chinese, Japanese or Korean was found, and their characters are drawn as boxes;"
    " install Noto Sans CJK, or write .html or .svg"
)


# Fonts --------------------------------------------------------------------------------


@cache
def font(size_px: int) -> Font:
    """The font of this machine that has most: one with Chinese, else a Latin one, else Pillow's."""
    from PIL import ImageFont  # noqa: PLC0415  (not for --help)

    for file in (*_CJK_FILES, *_LATIN_FILES):
        if Path(file).is_file():
            try:
                return _face(file, size_px)
            except OSError:  # damaged, or no font at all: the next will do
                continue
    return ImageFont.load_default(size_px)


def lacks(*texts: str) -> bool:
    """Whether the texts have Chinese, Japanese or Korean that no font here can draw."""
    if not any(_is_cjk(char) for text in texts for char in text):
        return False
    found = getattr(font(16), "path", "")
    return found not in _CJK_FILES


def _is_cjk(char: str) -> bool:
    return any(first <= char <= last for first, last in (*_CJK, _CJK_RARE))


def _face(file: str, size_px: int) -> FreeTypeFont:
    """A file's face for Simplified Chinese where it has several, else its first."""
    from PIL import ImageFont  # noqa: PLC0415  (not for --help)

    first = ImageFont.truetype(file, size_px)
    for index in range(1, _MOST_FACES if file.endswith(".ttc") else 1):
        try:
            other = ImageFont.truetype(file, size_px, index=index)
        except OSError:  # it has no more
            return first
        if (other.getname()[0] or "").endswith(_SIMPLIFIED):
            return other
    return first


# Room ---------------------------------------------------------------------------------


def shortened(text: str, written: Font, width_px: float) -> str:
    """The text with its middle left out, as much as it takes to fit."""
    if written.getlength(text) <= width_px:
        return text
    low, high = 0, len(text)
    while low < high:  # the most characters that fit, by halves
        kept = (low + high + 1) // 2
        if written.getlength(_without_middle(text, kept)) <= width_px:
            low = kept
        else:
            high = kept - 1
    return _without_middle(text, low)


def _without_middle(text: str, kept: int) -> str:
    head = (kept + 1) // 2
    return text[:head] + _CUT + text[len(text) - (kept - head) :]


def lines(text: str, written: Font, width_px: float, *, most: int) -> list[str]:
    """The text broken to a width, at spaces or between Chinese characters; the last line is cut."""
    broken: list[str] = []
    line = ""
    for piece in _pieces(text):
        if written.getlength((line + piece).rstrip()) <= width_px:
            line += piece
            continue
        if len(broken) == most - 1:
            return [*broken, _cut_short(line + piece, written, width_px)]
        if line.strip():
            broken.append(_cut_short(line, written, width_px))
        line = piece.lstrip()
    return [*broken, _cut_short(line, written, width_px)] if line.strip() else broken


def _pieces(text: str) -> Iterator[str]:
    piece = ""
    for char in text:
        piece += char
        if char == " " or _is_cjk(char) or len(piece) == _LONGEST_PIECE:
            yield piece
            piece = ""
    if piece:
        yield piece


def _cut_short(line: str, written: Font, width_px: float) -> str:
    line = line.rstrip()
    if written.getlength(line) <= width_px:
        return line
    while line and written.getlength(line + _CUT) > width_px:
        line = line[:-1]
    return line + _CUT
