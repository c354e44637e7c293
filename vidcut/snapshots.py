"""The vectors of a library's chunks, modality by modality, in files that a store can search.

They are a cache of the catalog: what is behind is extended from it, what is wrong in any way is
made anew. A file's name carries what it was made of: the library's id and the space (as a
hash), how many deletions had been, and the stretch of chunks (see `stretches`); so does its
digest, so that a file of anything else is none.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vidcut import durable, stretches
from vidcut.errors import LibraryError
from vidcut.stretches import LARGE, Stretch, Stretches, joined

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

    from numpy.typing import NDArray

    from vidcut.catalog import Catalog
    from vidcut.protocols import VectorStore
    from vidcut.records import Space, Vector

_log = logging.getLogger(__name__)


class _Part(NamedTuple):
    store: VectorStore
    stretch: Stretch


class Snapshots:
    """A library's vectors.

    Args:
        folder: where their files lie; it need not be there.
        catalog: the truth.
        store: the plug-in that searches them.
    """

    def __init__(self, folder: Path, catalog: Catalog, store: ModuleType) -> None:
        self._folder = folder
        self._catalog = catalog
        self._store = store
        self._loaded: dict[tuple[str, Space], list[VectorStore | _Watched]] = {}
        self._bad: set[Path] = set()

    def close(self) -> None:
        """Let go of the files."""
        self._loaded.clear()

    def search(
        self,
        modality: str,
        space: Space,
        vector: Vector,
        count: int,
        among: NDArray[np.int64] | None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Ids and cosines of the nearest, best first, ties by smaller id."""
        key = (modality, space)
        while True:
            if key not in self._loaded:
                self._loaded[key] = list(self._assembled(modality, space))
            try:
                found = [one.search(vector, count, among=among) for one in self._loaded[key]]
            except _DamagedError as error:  # told when it is read: it is not read through at first
                _log.warning("%s", error)
                del self._loaded[key]
                continue
            if len(found) == 1:
                return found[0]
            ids = np.concatenate([ids for ids, _ in found])
            cosines = np.concatenate([cosines for _, cosines in found])
            order = np.lexsort((ids, -cosines))[:count]
            return ids[order], cosines[order]

    def refresh(self, modality: str) -> None:
        """Write what the files of a modality are behind by.

        Raises:
            OutputError: they cannot be written.
            LibraryError: a vector is damaged in the catalog.
        """
        space = self._catalog.modality_space(modality)
        if space is None:
            return
        while not self._is_refreshed(modality, space):
            pass  # a file that was to be taken in is damaged: without it
        self._loaded.pop((modality, space), None)

    def _is_refreshed(self, modality: str, space: Space) -> bool:
        files = self._files(modality, space)
        kept = [part.stretch for part in self._parts(files, space)]
        counts = []
        for one in kept:
            try:
                counts.append(len(self._read(one, space)[0]))
            except LibraryError as error:  # loading does not look at all of it
                self._give_up(one, error)
                return False
        last = self._catalog.last_chunk_id()
        end = kept[-1].last if kept else 0
        while end < last:  # where no vector is new, a file of none says so
            ids, vectors = self._new(modality, space, end, LARGE)
            if not len(ids) and not kept:
                break
            until = last if len(ids) < LARGE else int(ids[-1])
            taken = joined(counts, len(ids))
            old = kept[len(kept) - taken :]
            store = self._store.create(space.dim)
            for one in old:
                try:
                    store.add(*self._read(one, space))
                except LibraryError as error:
                    self._give_up(one, error)
                    return False
            store.add(ids, vectors)
            made = files.write(old[0].after if old else end, until, store.save)
            self._bad.discard(made.path)
            kept[len(kept) - taken :] = [made]
            counts[len(counts) - taken :] = [len(store)]
            end = until
        files.keep_only(kept)
        return True

    def _give_up(self, one: Stretch, error: LibraryError) -> None:
        _log.warning("%s", error)
        self._bad.add(one.path)

    def forget_other_pasts(self) -> None:
        """Remove what an older catalog that was put back knows nothing of, before it goes on.

        Raises:
            OutputError: they cannot be removed.
        """
        last = self._catalog.last_chunk_id()
        stretches.forget_other_pasts(self._folder, self._known(), last)

    def rebuild(self) -> None:
        """Make all anew of the catalog."""
        for path, _ in self.present():
            durable.clear(path)
        self._loaded.clear()
        self._bad.clear()
        for modality in self._catalog.modalities():
            self.refresh(modality)

    def present(self) -> Iterator[tuple[Path, tuple[str, Space, Stretch] | None]]:
        """Every file there is: of which modality, space and stretch, or None if of no use now."""
        known = self._known()
        for path, generation, stretch in stretches.present(self._folder, known, self._kind):
            yield path, (*known[generation], stretch) if stretch else None

    def is_right(self, modality: str, space: Space, stretch: Stretch) -> bool:
        """Whether the file holds just the catalog's vectors."""
        try:
            ids, vectors = self._read(stretch, space)
        except LibraryError:
            return False
        order, seen, end = np.argsort(ids, kind="stable"), 0, stretch.after
        while True:
            right_ids, right = self._new(modality, space, end, _AT_ONCE, until=stretch.last)
            if not len(right_ids):
                return seen == len(ids)
            here = order[seen : seen + len(right_ids)]
            if not (np.array_equal(ids[here], right_ids) and _alike(vectors[here], right)):
                return False
            seen, end = seen + len(right_ids), int(right_ids[-1])

    # Reading ---------------------------------------------------------------------------

    def _assembled(self, modality: str, space: Space) -> Iterator[VectorStore | _Watched]:
        """What is in files, and after it what only the catalog has."""
        end = 0
        for part in self._parts(self._files(modality, space), space):
            end = part.stretch.last
            yield _Watched(part, self._bad)
        ids, vectors = self._new(modality, space, end)
        if len(ids) or not end:
            store = self._store.create(space.dim)
            store.add(ids, vectors)
            yield store

    def _parts(self, files: Stretches, space: Space) -> list[_Part]:
        while True:
            parts = []
            for stretch in files.chain(self._bad):
                try:
                    store = self._store.load(stretch.path, space.dim, stretch.of)
                    parts.append(_Part(store, stretch))
                except LibraryError as error:
                    if stretch.path.exists():  # else a writer has just put another in its place
                        _log.warning("%s", error)
                    self._bad.add(stretch.path)
                    break
            else:
                return parts

    def _new(
        self, modality: str, space: Space, after: int, limit: int = -1, *, until: int = -1
    ) -> tuple[NDArray[np.int64], NDArray[np.float16]]:
        ids, blob = self._catalog.vectors_after(modality, space, after, limit=limit, until=until)
        vectors = np.frombuffer(blob, dtype="<f2").reshape(len(ids), space.dim)
        return np.array(ids, dtype=np.int64), vectors

    def _read(
        self, stretch: Stretch, space: Space
    ) -> tuple[NDArray[np.int64], NDArray[np.float16]]:
        ids, vectors = self._store.read(stretch.path, space.dim, stretch.of)
        return ids, vectors.astype(np.float16, copy=False)

    def _files(self, modality: str, space: Space) -> Stretches:
        return Stretches(self._folder, self._generation(modality, space), self._kind)

    def _known(self) -> dict[str, tuple[str, Space]]:
        """Generation → modality and space, of files that can be of use now."""
        spaces = {name: self._catalog.modality_space(name) for name in self._catalog.modalities()}
        return {
            self._generation(name, space): (name, space) for name, space in spaces.items() if space
        }

    def _generation(self, modality: str, space: Space) -> str:
        library_id = self._catalog.setting("library_id") or ""
        deletions = self._catalog.setting("deletions")
        return stretches.generation(modality, f"{library_id} {space}", deletions)

    @property
    def _kind(self) -> str:
        own: str = self._store.__name__.rpartition(".")[2]
        return getattr(self._store, "KIND", own)


_AT_ONCE = 50_000
"""Vectors compared at a time, of 384 numbers some 80 MB."""


def _alike(some: NDArray[np.float16], others: NDArray[np.float16]) -> bool:
    """Whether they are the same, bit by bit."""
    return np.array_equal(some.view(np.uint16), others.view(np.uint16))


class _DamagedError(Exception):
    """A file turned out to be damaged as it was searched; it is not used any more."""


class _Watched:
    """A store of a file, that gives up the file where it is damaged."""

    def __init__(self, part: _Part, bad: set[Path]) -> None:
        self._part = part
        self._bad = bad

    def search(
        self, vector: Vector, count: int, *, among: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """As the store's."""
        try:
            return self._part.store.search(vector, count, among=among)
        except LibraryError as error:
            self._bad.add(self._part.stretch.path)
            raise _DamagedError(str(error)) from error
