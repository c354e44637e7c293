"""Everything that vidcut raises on purpose.

    VidcutError
    ├── UsageError              the command line or a call asks for what cannot be   exit 2
    │   ├── QueryError          a query that says nothing
    │   └── OutputError         a place that cannot be written
    ├── MediaError              one file; a batch records it and goes on             exit 3
    ├── LibraryError            the library cannot be used                           exit 4
    │   ├── LibraryNotFoundError
    │   ├── LibraryNewerError   made by a newer vidcut
    │   ├── LibraryBusyError    another process is writing
    │   └── SpaceMismatchError  the vectors come from another encoder
    └── MissingError            a tool, a library or a model is not here             exit 5

A message states the fact, the object and the remedy. Exceptions of other libraries are
translated where they are called, with ``raise … from``.
"""

from __future__ import annotations

__all__ = [
    "LibraryBusyError",
    "LibraryError",
    "LibraryNewerError",
    "LibraryNotFoundError",
    "MediaError",
    "MissingError",
    "OutputError",
    "QueryError",
    "SpaceMismatchError",
    "UsageError",
    "VidcutError",
]


class VidcutError(Exception):
    """The root: whatever vidcut raises on purpose."""


class UsageError(VidcutError):
    """What was asked for cannot be done; ask differently."""


class QueryError(UsageError):
    """The query says nothing that could be searched for."""


class OutputError(UsageError):
    """A clip, a folder or a table cannot be written where it was asked for."""


class MediaError(VidcutError):
    """A media file cannot be read, or not as far as was needed."""


class LibraryError(VidcutError):
    """The library cannot be used as it is."""


class LibraryNotFoundError(LibraryError):
    """No ``.vidcut`` folder here or above."""


class LibraryNewerError(LibraryError):
    """The library was written by a newer vidcut than this one."""


class LibraryBusyError(LibraryError):
    """Another process is writing to the library."""


class SpaceMismatchError(LibraryError):
    """The library's vectors were made by another encoder than the one at hand."""


class MissingError(VidcutError):
    """A program, a Python package or a model's weights are not on this machine."""
