"""Names as other programs take them: where a file lies, and text that a format can hold."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

# All that XML 1.0 (section 2.2, Char) has no way to write, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# What breaks a line for one reader or another: str.splitlines' set, and what cannot be seen.
_BREAK = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SURROGATES = re.compile("[\ud800-\udfff]")


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


def one_line(text: str) -> str:
    """The text on one line: each run of controls, breaks and blanks becomes one blank."""
    return " ".join(unbroken(text).split())


def unbroken(text: str) -> str:
    """The text on one line with all of its blanks: a control or a break becomes one more."""
    return _SURROGATES.sub("\ufffd", _BREAK.sub(" ", text))


def xml_text(text: str) -> str:
    """The text without characters that XML 1.0 forbids; escaping is the writer's."""
    return _NOT_XML.sub("", _SURROGATES.sub("\ufffd", text))


def xml_attributes(values: Mapping[str, str | None]) -> dict[str, str]:
    """The same for an element's attributes; those without a value are left out."""
    return {name: xml_text(value) for name, value in values.items() if value is not None}
