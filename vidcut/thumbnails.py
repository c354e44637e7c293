"""Small pictures of videos, as addresses that carry them."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

from vidcut.errors import MediaError

if TYPE_CHECKING:
    from pathlib import Path

    from vidcut.protocols import Viewer

_QUALITY = 72
"""Of JPEG: nothing is seen of it at 320 pixels, and a picture has some 12 kB."""


def data_uri(reader: Viewer, path: Path, time_us: int, *, longest_px: int) -> str | None:
    """What a video shows at a time, as a ``data:`` URI; None where that does not decode."""
    from PIL import Image  # noqa: PLC0415  (not for --help)

    try:
        image = Image.fromarray(reader.picture(path, time_us, longest_px=longest_px))
    except MediaError:
        return None
    written = io.BytesIO()
    image.save(written, "JPEG", quality=_QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(written.getvalue()).decode("ascii")
