"""vidcut searches a person's own footage and cuts it.

    from vidcut import Library

    library = Library()                      # the nearest .vidcut folder, as with git
    library.index("footage")
    for moment in library.search("eating hot pot"):
        print(moment.video.path, moment.start.time_us / 1e6, moment.score)
    clips = list(library.cut(library.search("eating hot pot"), "clips"))

Names are imported when they are first used, so that ``import vidcut`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vidcut.audit import Finding
    from vidcut.cutting import Margin
    from vidcut.errors import (
        LibraryError,
        MediaError,
        MissingError,
        OutputError,
        QueryError,
        UsageError,
        VidcutError,
    )
    from vidcut.facade import Library, cut
    from vidcut.footage import Selection
    from vidcut.modes import Mode
    from vidcut.records import Boundary, Chunk, Clip, Failure, Hit, Moment, Span, Video
    from vidcut.register import Progress, Tally
    from vidcut.running import Watch
    from vidcut.settings import Settings

__version__ = "0.1.0"

__all__ = [
    "Boundary",
    "Chunk",
    "Clip",
    "Failure",
    "Finding",
    "Hit",
    "Library",
    "LibraryError",
    "Margin",
    "MediaError",
    "MissingError",
    "Mode",
    "Moment",
    "OutputError",
    "Progress",
    "QueryError",
    "Selection",
    "Settings",
    "Span",
    "Tally",
    "UsageError",
    "VidcutError",
    "Video",
    "Watch",
    "cut",
]

_HOMES = {
    "audit": ("Finding",),
    "cutting": ("Margin",),
    "errors": (
        "LibraryError",
        "MediaError",
        "MissingError",
        "OutputError",
        "QueryError",
        "UsageError",
        "VidcutError",
    ),
    "footage": ("Selection",),
    "running": ("Watch",),
    "modes": ("Mode",),
    "records": ("Boundary", "Chunk", "Clip", "Failure", "Hit", "Moment", "Span", "Video"),
    "register": ("Progress", "Tally"),
    "settings": ("Settings",),
    "facade": ("Library", "cut"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"vidcut.{home}"), name)
    raise AttributeError(f"module 'vidcut' has no attribute {name!r}")
