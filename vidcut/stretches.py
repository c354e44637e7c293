"""Files of what is derived from the catalog's chunks, each of a stretch of their numbers.

A file's name says of what it is: ``GENERATION.LAST.KIND``, or ``GENERATION.AFTER-LAST.KIND``
where it does not begin with the first chunk. Chunks that come later make a file of their own,
so that to add a few costs a few; it takes in the one before where that is not much larger, so
that there are never many. Who reads takes the files that follow each other without a gap. What
keeps them takes its digests over the name too, so that no file passes under another's.
"""

from __future__ import annotations

import errno
import hashlib
import re
from typing import TYPE_CHECKING, NamedTuple

from vidcut import durable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterator, Sequence
    from pathlib import Path

_NAME = re.compile(r"(.+)\.(?:([0-9]{12})-)?([0-9]{12})\.([^.]+)")
SMALL = 10_000
"""Chunks that are written anew rather than kept in two files: they take a few milliseconds."""
LARGE = 1 << 19
"""Chunks of the largest file: what making one keeps in memory does not grow with the library."""
_GROWTH = 3
"""A file takes in one that is at most so many times larger: a library that grows by little at a
time has some three files for each tenfold, and a chunk is written anew as often."""


class Stretch(NamedTuple):
    """A file, and the chunks that it is of: from above ``after`` up to ``last``."""

    path: Path
    after: int
    last: int

    @property
    def of(self) -> str:
        """What the file is to be of, for its digest: its name says all of that."""
        return self.path.name


class Stretches:
    """The files of one generation in a folder.

    Args:
        folder: where; it need not be there.
        generation: what their names begin with.
        kind: what they end with.
    """

    def __init__(self, folder: Path, generation: str, kind: str) -> None:
        self._folder = folder
        self._generation = generation
        self._kind = kind

    def chain(self, bad: Collection[Path] = ()) -> Iterator[Stretch]:
        """Those that follow each other from the first chunk on, the longest at each place."""
        found = [one for one in self._all() if one.path not in bad]
        end = 0
        while following := [one for one in found if one.after == end < one.last]:
            longest = max(following, key=lambda one: one.last)
            yield longest
            end = longest.last

    def write(self, after: int, last: int, save: Callable[[Path, str], None]) -> Stretch:
        """A file of a stretch, whole or not at all; ``save`` is told where and what it is of.

        Raises:
            OutputError: it cannot be written.
        """
        made = self._named(after, last)
        with durable.writing_in(self._folder):
            self._folder.mkdir(exist_ok=True)
            self._demand_no_link()
            name = self._generation.partition(".")[0]
            with (
                durable.nothing_left(self._folder, f".{name}.*.part"),
                durable.whole(made.path) as aside,
            ):
                save(aside, made.of)
        return made

    def keep_only(self, kept: Sequence[Stretch]) -> None:
        """Remove what else there is of the name that the generation begins with."""
        paths = {one.path for one in kept}
        name = self._generation.partition(".")[0]
        for other in self._folder.glob(f"{name}.*"):
            if other not in paths:
                self.remove(other)

    def remove(self, path: Path) -> None:
        """Take a file of the folder away.

        Raises:
            OutputError: it cannot be.
        """
        with durable.writing_in(self._folder):
            self._demand_no_link()
            path.unlink()

    def _demand_no_link(self) -> None:
        """Raise where what is written or removed would be another folder's."""
        if self._folder.is_symlink():
            raise NotADirectoryError(errno.ENOTDIR, f"{self._folder.name} is a symbolic link")

    def _named(self, after: int, last: int) -> Stretch:
        since = f"{after:012d}-" if after else ""
        name = f"{self._generation}.{since}{last:012d}.{self._kind}"
        return Stretch(self._folder / name, after, last)

    def _all(self) -> Iterator[Stretch]:
        for path in self._folder.glob(f"{self._generation}.*.{self._kind}"):
            read = parsed(path)
            if read is not None and read[0] == self._generation:
                yield read[1]


def parsed(path: Path) -> tuple[str, Stretch, str] | None:
    """Generation, stretch and kind by the file's name; None where it is no such name."""
    found = _NAME.fullmatch(path.name)
    if found is None:
        return None
    generation, after, last, kind = found.groups()
    return generation, Stretch(path, int(after or 0), int(last)), kind


def generation(name: str, origin: str, deletions: str | None) -> str:
    """What the names of files of one origin begin with, until chunks are deleted (pure)."""
    return f"{name}.{hashlib.sha256(origin.encode()).hexdigest()[:16]}.{deletions}"


def present(
    folder: Path, generations: Container[str], kind: str
) -> Iterator[tuple[Path, str, Stretch | None]]:
    """Every file of a folder: its generation and stretch, or None if of no use now."""
    for path in sorted(folder.glob("[!.]*")):
        own, stretch, ending = parsed(path) or ("", None, "")
        yield path, own, stretch if own in generations and ending == kind else None


def forget_other_pasts(folder: Path, generations: Container[str], last: int) -> None:
    """Remove what is of other generations, or of chunks above ``last``.

    An older catalog that was put back will give the same numbers to other chunks, and count
    other deletions.

    Raises:
        OutputError: it cannot be removed.
    """
    for path in folder.glob("[!.]*"):
        own, stretch, kind = parsed(path) or ("", None, "")
        if stretch and (own not in generations or stretch.last > last):
            Stretches(folder, own, kind).remove(path)


def joined(counts: Sequence[int], new: int) -> int:
    """How many of the last files, of so many chunks each, new ones are written with (pure)."""
    taken = 0
    for count in reversed(counts):
        small = new + count <= SMALL
        if new + count > LARGE or not (small or count <= _GROWTH * new):
            break
        new += count
        taken += 1
    return taken
