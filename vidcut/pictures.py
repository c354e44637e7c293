"""Reading someone's picture file, to search by it. Imports Pillow: wiring loads this at need."""

from __future__ import annotations

import stat
import warnings
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from vidcut.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from vidcut.records import Picture

_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
_LONGEST_PX = 960
"""More than any encoder looks at."""


def read(path: Path) -> Picture:
    """The upright picture, RGB ``uint8 (h, w, 3)``; of an animation the first.

    What is transparent is white.

    Raises:
        UsageError: there is no such file, or it is not a picture.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd tags, and of a size that is still read
            return _read(path)
    except Image.DecompressionBombError as error:  # a small file can claim any size
        raise UsageError(f"{path} has too many pixels; give a smaller picture") from error
    except (OSError, ValueError, SyntaxError) as error:
        # Pillow's decoders let through all of these for a broken file.
        reason = getattr(error, "strerror", None) or "not a picture, or a damaged one"
        kinds = ", ".join(_FORMATS)
        raise UsageError(f"{path} cannot be read ({reason}); give one of {kinds}") from error


def _read(path: Path) -> Picture:
    if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for
        raise UsageError(f"{path} is not a file; give a picture")
    with Image.open(path, formats=_FORMATS) as image:
        image.draft("RGB", (_LONGEST_PX, _LONGEST_PX))
        upright = ImageOps.exif_transpose(image)
        upright.thumbnail((_LONGEST_PX, _LONGEST_PX))
        if upright.mode.startswith("I;16"):  # Pillow would clip it, not scale it
            upright = Image.fromarray((np.asarray(upright) >> 8).astype(np.uint8))
        coloured = upright.convert("RGBA")
    ground = Image.new("RGBA", coloured.size, "white")
    return np.asarray(Image.alpha_composite(ground, coloured).convert("RGB"))
