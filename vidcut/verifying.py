"""Looking a library through: the catalog, what is derived from it, and the media it tells of."""

from __future__ import annotations

import os
from contextlib import nullcontext
from typing import TYPE_CHECKING

from vidcut import audit, checksums, durable, journal, schema, seal
from vidcut.audit import MOST, Finding, Kind
from vidcut.catalog import Catalog
from vidcut.errors import LibraryError, LibraryNewerError, LibraryNotFoundError
from vidcut.footage import content_hash
from vidcut.library import CATALOG, Holdings
from vidcut.writer import only_writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import ModuleType

    from vidcut.records import Video

_REPAIR = "'vidcut verify --repair' mends it"
_REMOVED = "'vidcut verify --repair' removes it"
_PAGE_BYTES = 4096


def verify(
    folder: Path,
    store: ModuleType,
    *,
    read_media: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[Finding]:
    """What is not as it is to be, by and by; nobody writes meanwhile, where that can be held.

    Args:
        folder: the library's own.
        store: what keeps its vectors.
        read_media: whether to read all media and compare their content.
        tell: told what is being looked at.

    Raises:
        LibraryNotFoundError: there is no library.
        LibraryNewerError: it is a newer vidcut's.
        LibraryBusyError: another process is writing to it.
    """
    path = folder / CATALOG
    if not folder.is_dir():
        raise LibraryNotFoundError(f"{folder} is no library; 'vidcut index FOLDER' makes one")
    with only_writer(folder) if os.access(folder, os.W_OK) else nullcontext():
        tell("the catalog's pages")
        is_sound = True
        for finding in _file(path):
            is_sound = is_sound and finding.kind is Kind.SEAL
            yield finding
        if is_sound:
            yield from _content(folder, store, read_media=read_media, tell=tell)
        tell("the library's files")
        yield from _leftovers(folder)


def _content(
    folder: Path, store: ModuleType, *, read_media: bool, tell: Callable[[str], None]
) -> Iterator[Finding]:
    path = folder / CATALOG
    try:
        connection = schema.open_(path, writable=False)
    except (LibraryNewerError, LibraryNotFoundError):
        raise
    except LibraryError as error:
        yield Finding(Kind.CATALOG, str(path), audit.fact_of(error, str(path)), _REPAIR)
        return
    holdings = Holdings(folder, Catalog(connection), store)
    try:
        tell("what the catalog holds")
        kinds = set()
        for finding in audit.findings(connection):
            kinds.add(finding.kind)
            yield finding
        if not kinds - {Kind.TEXT, Kind.PROGRESS}:
            tell("the snapshots of vectors and texts")
            yield from _snapshots(holdings)
        if not kinds & {Kind.CATALOG, Kind.VIDEO}:
            yield from _media(holdings, read_media=read_media, tell=tell)
    finally:
        holdings.close()


# The file ----------------------------------------------------------------------------------


def _file(path: Path) -> Iterator[Finding]:
    durable.demand_plain(path)
    sealed = None
    try:
        sealed = seal.read(seal.of(path))
    except LibraryError as error:
        where = str(seal.of(path))
        yield Finding(Kind.SEAL, where, audit.fact_of(error, where), _REPAIR)
    log = journal.of(path)
    if durable.size(log) and (sealed or journal.is_damaged(log)):
        fact = "it is not this catalog's log" if sealed else "a transaction in it is damaged"
        yield Finding(Kind.CATALOG, str(log), fact, _REPAIR)
    if sealed:
        yield from _pages(path, sealed)
    elif _has_checksums(path):
        yield from _contents(path, _PAGE_BYTES)


def _pages(path: Path, sealed: seal.Seal) -> Iterator[Finding]:
    try:
        misplaced = sealed.misplaced(path)
    except LibraryError as error:
        yield Finding(Kind.CATALOG, str(path), audit.fact_of(error, str(path)), _REPAIR)
        return
    for page in misplaced[:MOST]:
        fact = f"page {page} is not the one last written"
        yield Finding(Kind.CATALOG, str(path), fact, _REPAIR)
    yield from _contents(path, sealed.page_bytes)


def _contents(path: Path, page_bytes: int) -> Iterator[Finding]:
    for _, bad in checksums.damaged(path, page_bytes):
        for page in bad[:MOST]:
            fact = f"page {page} is not as it was written: its checksum is wrong"
            yield Finding(Kind.CATALOG, str(path), fact, _REPAIR)


def _has_checksums(path: Path) -> bool:
    """As SQLite's header says (file format, 1.3): the bytes at each page's end that are spare."""
    with path.open("rb") as file:
        header = file.read(21)
    return header[20:] == bytes([checksums.CHECKSUM_BYTES])


# What is derived ---------------------------------------------------------------------------


def _snapshots(holdings: Holdings) -> Iterator[Finding]:
    """Each snapshot against the catalog's vectors and texts."""
    for path, present in holdings.vectors.present():
        if present is None:
            fact = "it belongs to no present state of the catalog"
            yield Finding(Kind.SNAPSHOT, str(path), fact, _REMOVED)
        elif not holdings.vectors.is_right(*present):
            fact = "it is not what the catalog's vectors make"
            yield Finding(Kind.SNAPSHOT, str(path), fact, _REPAIR, modality=present[0])
    for path, stretch in holdings.texts.present():
        if stretch is None:
            fact = "it belongs to no present state of the catalog"
            yield Finding(Kind.SNAPSHOT, str(path), fact, _REMOVED)
        elif not holdings.texts.is_right(stretch):
            fact = "it is not what the catalog's texts make"
            yield Finding(Kind.SNAPSHOT, str(path), fact, _REPAIR)


def _leftovers(folder: Path) -> Iterator[Finding]:
    for path in sorted((*folder.iterdir(), *folder.glob("vectors/*"), *folder.glob("texts/*"))):
        if is_leftover(path):
            fact = "it was left by a process that was interrupted"
            yield Finding(Kind.LEFTOVER, str(path), fact, _REMOVED)


def is_leftover(path: Path) -> bool:
    """Whether the file is one that vidcut had not finished."""
    return path.name.startswith(".") and path.name.partition(".part")[1] != ""


# The media ---------------------------------------------------------------------------------


def _media(
    holdings: Holdings, *, read_media: bool, tell: Callable[[str], None]
) -> Iterator[Finding]:
    again = "'vidcut index' on its folder brings the library up to date"
    for video in holdings.catalog.videos():
        path = holdings.absolute(video)
        try:
            found = path.stat()
        except OSError:
            if video.state != "missing":
                yield Finding(Kind.MEDIA, video.path, "it is there no more", again, video.id)
            continue
        size, mtime_ns = holdings.catalog.stamp(video.id)
        if mtime_ns >= 0 and (found.st_size, found.st_mtime_ns) != (size, mtime_ns):
            fact = "it was changed since it was indexed"
            yield Finding(Kind.MEDIA, video.path, fact, again, video.id)
        elif read_media:
            tell(video.path)
            yield from _read(holdings, video, path)


def _read(holdings: Holdings, video: Video, path: Path) -> Iterator[Finding]:
    known = holdings.catalog.content(video.id)
    try:
        found = content_hash(path)
    except OSError as error:
        fact = f"it cannot be read ({error.strerror})"
        yield Finding(Kind.MEDIA, video.path, fact, "look after its disk", video.id)
        return
    if known and found != known:
        fact = "its content changed, though its size and time did not: its disk may be failing"
        yield Finding(Kind.MEDIA, video.path, fact, "compare it with a backup", video.id)
