"""What a command says of the footage that it shows: what is gone, changed, or not known."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

from vidcut.cli import render
from vidcut.records import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import vidcut
    from vidcut.accounts import Film
    from vidcut.editing import Said
    from vidcut.records import Take, Video


class Remarks:
    """Says what is odd about files, each thing of each file once."""

    def __init__(self, *, quiet: bool) -> None:
        self.is_quiet = quiet
        self._told: set[str] = set()
        self.has_failed = False
        """Whether a file was told to be gone, or could not be read."""

    def failed(self, failure: Failure) -> None:
        """A file that was left out, and why."""
        self.has_failed = True
        if failure.reason not in self._told:
            render.fail_file(failure)
        self._told.add(failure.reason)

    def is_take(self, take: Take | Failure) -> TypeGuard[Take]:
        """Whether something can be shown; that it cannot is said."""
        if isinstance(take, Failure):
            self.failed(take)
        return not isinstance(take, Failure)

    def is_there(self, opened: vidcut.Library, video: Video) -> bool:
        """Whether a video's file is there; that it is not is said."""
        path = opened.path(video)
        if path.is_file():
            return True
        self.gone(path)
        return False

    def gone(self, path: Path) -> None:
        """A file of the library that is not there, and is left out."""
        remedy = "where it was moved, 'vidcut index FOLDER' recognises it"
        self.failed(Failure(str(path), f"{path} is not there or no file; {remedy}"))

    def changed(self, opened: vidcut.Library, videos: Iterable[Video]) -> None:
        """Which of the videos are not what was indexed any more."""
        for video in sorted({one.id: one for one in videos}.values(), key=lambda one: one.path):
            stamp = opened.holdings.catalog.stamp(video.id)
            self._compare(opened.path(video), video.path, stamp)

    def stale(self, said: Said) -> None:
        """That a moment's file is not what was indexed any more, where the moment tells."""
        if said.stamp is not None:
            self._compare(said.source, str(said.source), said.stamp)

    def _compare(self, path: Path, name: str, stamp: tuple[int, int]) -> None:
        if not (self.is_quiet or name in self._told) and _has_changed(path, stamp):
            self._told.add(name)
            remedy = "'vidcut index FOLDER' looks at it again"
            render.say(f"{name} changed after it was indexed; {remedy}")


def _has_changed(path: Path, stamp: tuple[int, int]) -> bool:
    try:
        facts = path.stat()
    except OSError:  # that it is gone is said where it is missed
        return False
    return (facts.st_size, facts.st_mtime_ns) != stamp


def demand_ledger(opened: vidcut.Library, *, is_marked: bool) -> None:
    """Refuse to mark anything in a library that cannot be written to, before anything is made.

    Raises:
        LibraryError: there is none, or it cannot be used.
        OutputError: it cannot be written to.
    """
    from vidcut import library  # noqa: PLC0415  (not for --help)

    if not is_marked:
        return
    opened.holdings  # noqa: B018  (opened here, it is missed here)
    library.demand_writable(opened.folder)


def mark(opened: vidcut.Library, films: Iterable[Film], *, quiet: bool) -> None:
    """Write down what went into films; files that the library does not know are named.

    Raises:
        LibraryError: the library cannot be written to.
    """
    used = [(what, list(items)) for what, items in films]
    paths = (str(source) for _, items in used for source, _ in items)
    for path in opened.strangers(paths):
        render.fail(f"{path} is not in the library; what is used of it is not written down")
    added = opened.mark_films(used)
    if not quiet:
        many = f"{added} {'stretch' if added == 1 else 'stretches'}"
        render.say(f"{many} of footage marked as used")
