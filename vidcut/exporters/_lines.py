"""Lists for players and tables: what a line of text can hold, and where a take lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vidcut.drafts import refused
from vidcut.errors import UsageError
from vidcut.escaping import is_line, one_line
from vidcut.exporters._names import media_path, media_url, shown
from vidcut.frames import microseconds, placed
from vidcut.records import Span, Take

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vidcut.records import Edit, Gap


@dataclass(frozen=True, slots=True)
class Shown:
    """An item of an edit and when the film shows it."""

    item: Take | Gap
    span: Span


def film(edit: Edit) -> Iterator[Shown]:
    """The items in the film's time, on the edges of its frames: they touch, and never empty.

    What begins or ends with no frame of its own is left out, as `placed` says.
    """
    for place in placed(edit):
        start, end = microseconds(place.start, edit.rate), microseconds(place.end, edit.rate)
        yield Shown(place.item, Span(start, end))


def takes(edit: Edit, *, reader: str) -> list[tuple[Take, Span]]:
    """The takes, and what each shows of its source: from its start, as long as in the film.

    Raises:
        UsageError: there is none; ``reader`` is who would have nothing to play.
    """
    found = [
        (one.item, Span(one.item.span.start, one.item.span.start + one.span.duration))
        for one in film(edit)
        if isinstance(one.item, Take)
    ]
    if not found:
        raise UsageError(f"{edit.name!r} has no take; {reader} would have nothing to play")
    return found


def name_of(take: Take) -> str:
    """What a take is called: its title, else its file's name; on one line."""
    return one_line(take.title) or shown(take.source)


def path_line(source: str, *, beside: Path | None) -> str:
    """Where a source lies, as a line of text: a path, or a URL where that cannot be written.

    A relative path begins with ``./`` or ``../``, so that nothing in it is read as a command.
    """
    path = plain_path(source, beside=beside)
    return path if is_line(path) else media_url(source)


def plain_path(source: str, *, beside: Path | None) -> str:
    """Where a source lies, whatever its name; relative paths begin as in `path_line`."""
    path = media_path(source, beside=beside)
    return path if path.startswith(("/", "../")) else f"./{path}"


def write_text(path: Path, text: str, *, encoding: str = "utf-8") -> None:
    """Write a text file as it stands, without changing how its lines end.

    Raises:
        OutputError: it cannot be written.
    """
    write_bytes(path, text.encode(encoding))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        path.write_bytes(data)
    except OSError as error:
        raise refused(path, error) from error


def decimal(time_us: int) -> str:
    """Microseconds as seconds with six decimals: exact, and never ``1e-06``."""
    seconds, rest = divmod(time_us, 1_000_000)
    return f"{seconds}.{rest:06}"
