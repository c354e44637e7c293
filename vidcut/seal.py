"""The seal of a catalog at rest: which checksum each of its pages had when it was closed.

A page's own checksum tells that the page was changed, not that it is in another's place or an
old one, as disks leave them that write where they should not or not at all. The seal lists the
checksums of all pages in their order. It is made when a writer has closed the catalog and is
gone before the next one writes; a catalog without one, as an interrupted writer leaves it, is
as good as its pages.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
from typing import TYPE_CHECKING

import numpy as np

from vidcut import durable
from vidcut.checksums import CHECKSUM_BYTES
from vidcut.errors import LibraryError

if TYPE_CHECKING:
    from pathlib import Path

_HEADER = struct.Struct("<16sIQ32s")
"""Magic, bytes of a page, pages, and the SHA-256 of the three and of the checksums."""
_MAGIC = b"vidcut seal 1\0\0\0"
_DIGEST_BYTES = 32
_LEAST_BYTES = 512
_PAGE_BYTES_AT = 16
"""In the header of a file of SQLite's; 1 stands for 65,536."""


class Seal:
    """What a catalog's pages are held against.

    Args:
        path: where the seal lies.
        header: what it begins with, by which it is told from a later one.
        page_bytes: how long a page is.
        checksums: of all pages, end to end.
    """

    def __init__(self, path: Path, header: bytes, page_bytes: int, checksums: bytes) -> None:
        self.path = path
        self.page_bytes = page_bytes
        self._header = header
        self._checksums = checksums

    @property
    def pages(self) -> int:
        """How many there are."""
        return len(self._checksums) // CHECKSUM_BYTES

    def holds(self, page: bytes, offset: int) -> bool:
        """Whether this is the page that lay there, by its checksum."""
        at = offset // self.page_bytes * CHECKSUM_BYTES
        return page[-CHECKSUM_BYTES:] == self._checksums[at : at + CHECKSUM_BYTES]

    def is_in_place(self) -> bool:
        """Whether it was not broken by now."""
        try:
            with self.path.open("rb") as file:
                return file.read(len(self._header)) == self._header
        except OSError:
            return False

    def misplaced(self, catalog: Path) -> list[int]:
        """Pages of the file, counted from 1, that are not those that were sealed."""
        found, page_bytes = _checksums(catalog)
        if page_bytes != self.page_bytes or len(found) != len(self._checksums):
            return [1]
        pairs = (np.frombuffer(each, dtype="<u8") for each in (found, self._checksums))
        return [int(page) + 1 for page in np.flatnonzero(np.not_equal(*pairs))]


def of(catalog: Path) -> Path:
    """Where a catalog's seal lies."""
    return catalog.with_name(f"{catalog.name}-seal")


def read(path: Path) -> Seal | None:
    """The seal; None where there is none.

    Raises:
        LibraryError: it is not what was written.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LibraryError(f"{path} cannot be read ({error.strerror}); {_REMEDY}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise LibraryError(f"{path} is no file; {_REMEDY}")
    with os.fdopen(descriptor, "rb") as file:
        data = file.read()
    if len(data) < _HEADER.size:
        raise LibraryError(f"{path} is cut short; {_REMEDY}")
    magic, page_bytes, pages, digest = _HEADER.unpack_from(data)
    facts, checksums = data[: _HEADER.size - _DIGEST_BYTES], data[_HEADER.size :]
    if (
        magic != _MAGIC
        or len(checksums) != pages * CHECKSUM_BYTES
        or digest != hashlib.sha256(facts + checksums).digest()
    ):
        raise LibraryError(f"{path} is damaged; {_REMEDY}")
    return Seal(path, data[: _HEADER.size], page_bytes, checksums)


def make(catalog: Path) -> None:
    """Seal a catalog of which all is in the file, whole or not at all.

    Raises:
        OSError: the seal cannot be written.
    """
    checksums, page_bytes = _checksums(catalog)
    pages = len(checksums) // CHECKSUM_BYTES
    facts = _HEADER.pack(_MAGIC, page_bytes, pages, b"")[:-_DIGEST_BYTES]
    with durable.whole(of(catalog)) as aside, aside.open("xb") as file:
        file.write(facts + hashlib.sha256(facts + checksums).digest() + checksums)


def break_(catalog: Path) -> None:
    """Say that the catalog is being written to.

    Raises:
        OSError: it cannot be said.
    """
    path = of(catalog)
    path.unlink(missing_ok=True)
    durable.sync(path.parent)


_REMEDY = "'vidcut verify --repair' makes it anew"


def _checksums(catalog: Path) -> tuple[bytes, int]:
    """The checksums of all pages, end to end, and how long a page is."""
    if not durable.size(catalog):
        raise LibraryError(f"{catalog} is empty; 'vidcut verify --repair' mends it")
    data = np.memmap(catalog, dtype=np.uint8, mode="r")
    page_bytes = int.from_bytes(data[_PAGE_BYTES_AT : _PAGE_BYTES_AT + 2].tobytes(), "big")
    page_bytes = 65_536 if page_bytes == 1 else page_bytes
    if page_bytes < _LEAST_BYTES or len(data) % page_bytes:
        raise LibraryError(f"{catalog} is cut short or damaged; 'vidcut verify --repair' mends it")
    pages = np.asarray(data).reshape(-1, page_bytes)
    return pages[:, -CHECKSUM_BYTES:].tobytes(), page_bytes
