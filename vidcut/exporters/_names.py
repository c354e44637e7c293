"""Names as other programs take them: where a file lies, and text that a format can hold."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes

from vidcut.escaping import unbroken, xml_text

if TYPE_CHECKING:
    from collections.abc import Mapping


def media_path(source: str, *, beside: Path | None = None) -> str:
    """Where a source lies, as a path: as it is, or as seen from the folder of ``beside``.

    ``beside`` is the file being written, None for absolute paths. The folder's links are
    followed, for ``..`` leads out of where a link points to.
    """
    if beside is None:
        return source
    whole = Path(source)
    lies = Path(os.path.realpath(whole.parent)) / whole.name
    return os.path.relpath(lies, os.path.realpath(beside.absolute().parent))


def media_url(source: str, *, beside: Path | None = None, host: str = "") -> str:
    """The same as a URL: ``file:///a%20b.mp4``, relative ``../a%20b.mp4`` without a scheme.

    Every byte but letters, digits and ``_.-~/`` is percent-escaped, as UTF-8 (RFC 3986); a
    name that is no UTF-8 keeps its bytes. ``host`` is what some programs want to see before
    an absolute path: ``localhost``.
    """
    escaped = quote_from_bytes(os.fsencode(media_path(source, beside=beside)))
    return escaped if beside is not None else f"file://{host}{escaped}"


def shown(source: str) -> str:
    """A file's name for people: without its folder, and without bytes that are no text."""
    return unbroken(Path(source).name)


def xml_attributes(values: Mapping[str, str | None]) -> dict[str, str]:
    """An element's attributes as XML holds them; those without a value are left out."""
    return {name: xml_text(value) for name, value in values.items() if value is not None}
