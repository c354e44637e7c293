"""What is said and written of a library, to be found by its terms: a cache of the full text.

FTS5 answers exactly, and of many texts slowly; the files here answer the same, and are made
of its texts as the vectors' snapshots are of vectors: what is behind is extended, what is wrong
in any way is made anew, and without them FTS5 answers. A file's name carries the library's id,
how many deletions had been, and the stretch of chunks (see `stretches`); so does its digest, and
all of them together have as many texts and words as the catalog, or none is used.
"""

from __future__ import annotations

import logging
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from vidcut import durable, matching, posted, stretches
from vidcut.matching import Postings, Sought
from vidcut.posted import DamagedError
from vidcut.postings import Builder, Table
from vidcut.stretches import LARGE, Stretch, Stretches, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path
    from typing import TypeAlias

    from numpy.typing import NDArray

    from vidcut.catalog import Catalog

    Found: TypeAlias = list[tuple[int, Collection[str]]]

_log = logging.getLogger(__name__)
T = TypeVar("T")
FOLDER = "texts"
LEAST = 1 << 14
"""Texts from which on files pay: FTS5 ranks as many in 2 ms."""
NEWEST = 1 << 14
"""Chunks that may be behind the files: their texts are read when a search comes, in 0.1 s."""
_AT_ONCE = 10_000
_NAME, _KIND = "texts", "postings"


class _Opened(NamedTuple):
    state: tuple[str, tuple[int, int]]
    """Generation and version of the catalog that the parts are of."""
    parts: list[Postings]
    """Without one, FTS5 answers."""


class Wordings:
    """A library's texts.

    Args:
        folder: where their files lie; it need not be there.
        catalog: the truth.
    """

    def __init__(self, folder: Path, catalog: Catalog) -> None:
        self._folder = folder
        self._catalog = catalog
        self._opened: _Opened | None = None
        self._bad: set[Path] = set()

    def close(self) -> None:
        """Let go of the files."""
        self._opened = None

    # Finding ---------------------------------------------------------------------------

    def find(
        self,
        terms: Sequence[str],
        modality: str,
        count: int,
        videos: Sequence[int] | None = None,
        *,
        told: Sequence[str] = (),
        together: bool = False,
    ) -> Found:
        """Chunks with any of the terms, best first by BM25: id, and which of ``told`` each has.

        Args:
            terms: what to look for.
            modality: whose texts.
            count: at most so many.
            videos: the only ones that count; None for all.
            told: terms that are looked for in what was found.
            together: only chunks that have all of the terms.
        """
        if not terms:
            return []

        def asked(parts: Sequence[Postings]) -> Found:
            texts, whole = self._catalog.texts.totals()
            ids = None if videos is None else self._chunks(modality, videos)
            weights = [
                (term, matching.rarity(texts, sum(part.count(term) for part in parts)))
                for term in terms
            ]
            average = whole / texts if texts else 0.0
            return _found(parts, Sought(weights, modality, count, average, ids, together), told)

        found = self._asked(asked)
        if found is not None:
            return found
        rows = self._catalog.texts.find(terms, modality, count, videos, together=together)
        return [(number, set(told).intersection(known.split(" "))) for number, known in rows]

    def counts(self, terms: Sequence[str]) -> tuple[int, dict[str, int]]:
        """How many texts there are, and in how many of them each term stands."""

        def asked(parts: Sequence[Postings]) -> dict[str, int]:
            return {term: sum(part.count(term) for part in parts) for term in terms}

        found = self._asked(asked)
        if found is None:
            return self._catalog.texts.counts(terms)
        return self._catalog.texts.totals()[0], found

    def _asked(self, ask: Callable[[Sequence[Postings]], T]) -> T | None:
        """What the files answer; None where FTS5 is to."""
        while parts := self._parts():
            try:
                return ask(parts)
            except DamagedError as error:  # a part of a file is checked when it is used
                self._give_up(error)
        return None

    def _parts(self) -> list[Postings]:
        """All of the catalog's texts; none where the files are too far behind."""
        state = self._generation(), self._catalog.version()
        if self._opened is None or self._opened.state != state:
            self._opened = _Opened(state, self._assembled())
        return self._opened.parts

    def _assembled(self) -> list[Postings]:
        loaded = self._loaded(self._files())
        end = loaded[-1][0].last if loaded else 0
        # An older catalog may have been put back, which has less than they are of.
        if not loaded or not 0 <= self._catalog.last_chunk_id() - end <= NEWEST:
            return []
        parts = [part for _, part in loaded]
        newest = self._new(end, LARGE)
        if len(newest):
            parts.append(Postings(newest.table()))
        counted = sum(map(len, parts)), sum(part.words() for part in parts)
        return parts if counted == self._catalog.texts.totals() else []

    def _chunks(self, modality: str, videos: Sequence[int]) -> NDArray[np.int64]:
        return np.array(self._catalog.chunk_ids(modality, videos), dtype=np.int64)

    # Keeping them up to date -----------------------------------------------------------

    def refresh(self) -> None:
        """Write what the files are behind by, where there are texts enough for any.

        Raises:
            OutputError: they cannot be written.
        """
        files = self._files()
        if self._catalog.texts.totals()[0] < LEAST:
            files.keep_only(())
        else:
            self._bring_up(files)
            if not self._assembled():  # of a past that another catalog had
                files.keep_only(())
                self._bring_up(files)
        self._opened = None

    def _bring_up(self, files: Stretches) -> None:
        while not self._is_refreshed(files):
            pass  # a file that was to be taken in is damaged: without it

    def _is_refreshed(self, files: Stretches) -> bool:
        kept = list(files.chain(self._bad))
        try:
            counts = [len(self._read(one).ids) for one in kept]
        except DamagedError as error:
            self._give_up(error)
            return False
        last = self._catalog.last_chunk_id()
        end = kept[-1].last if kept else 0
        while end < last:  # where no text is new, a file of none says so
            new = self._new(end, LARGE)
            until = last if len(new) < LARGE else new.last
            taken = joined(counts, len(new))
            old = kept[len(kept) - taken :]
            for one in old:
                try:
                    new.take(self._read(one))
                except DamagedError as error:
                    self._give_up(error)
                    return False
            after = old[0].after if old else end
            made = files.write(after, until, partial(posted.write, new.table()))
            self._bad.discard(made.path)
            kept[len(kept) - taken :] = [made]
            counts[len(counts) - taken :] = [len(new)]
            end = until
        files.keep_only(kept)
        return True

    def forget_other_pasts(self) -> None:
        """Remove what an older catalog that was put back knows nothing of, before it goes on.

        Raises:
            OutputError: they cannot be removed.
        """
        last = self._catalog.last_chunk_id()
        stretches.forget_other_pasts(self._folder, (self._generation(),), last)

    def rebuild(self) -> None:
        """Make all anew of the catalog."""
        for path, _ in self.present():
            durable.clear(path)
        self._bad.clear()
        self.refresh()

    def present(self) -> Iterator[tuple[Path, Stretch | None]]:
        """Every file there is: of which stretch, or None if of no use now."""
        for path, _, stretch in stretches.present(self._folder, (self._generation(),), _KIND):
            yield path, stretch

    def is_right(self, stretch: Stretch) -> bool:
        """Whether the file holds just the catalog's texts."""
        try:
            found = self._read(stretch)
        except DamagedError:
            return False
        right = self._new(stretch.after, -1, until=stretch.last).table()
        return all(
            np.array_equal(getattr(found, name), getattr(right, name)) for name in Table._fields
        )

    def _new(self, after: int, limit: int, *, until: int = -1) -> Builder:
        builder = Builder()
        texts = self._catalog.texts.after(after, limit, until=until)
        while some := list(islice(texts, _AT_ONCE)):
            builder.add(some)
        return builder

    def _loaded(self, files: Stretches) -> list[tuple[Stretch, Postings]]:
        while True:
            try:
                chain = files.chain(self._bad)
                return [(one, Postings.opened(one.path, one.of)) for one in chain]
            except DamagedError as error:
                self._give_up(error)

    def _read(self, stretch: Stretch) -> Table:
        return posted.read(stretch.path, stretch.of)

    def _give_up(self, error: DamagedError) -> None:
        if error.path.exists():  # else a writer has just put another in its place
            _log.warning("%s", error)
        self._bad.add(error.path)
        self._opened = None

    def _files(self) -> Stretches:
        return Stretches(self._folder, self._generation(), _KIND)

    def _generation(self) -> str:
        library_id = self._catalog.setting("library_id") or ""
        return stretches.generation(_NAME, library_id, self._catalog.setting("deletions"))


def _found(parts: Sequence[Postings], sought: Sought, told: Sequence[str]) -> Found:
    scores, ids = np.empty(0), np.empty(0, dtype=np.int64)
    for part in parts:  # in the order of their ids: of equals, those found before are the best
        full = len(scores) == sought.limit
        more, others = part.best(sought, float(scores[-1]) if full and len(scores) else 0.0)
        scores, ids = np.concatenate([scores, more]), np.concatenate([ids, others])
        order = np.lexsort((ids, -scores))[: sought.limit]
        scores, ids = scores[order], ids[order]
    each = [set[str]() for _ in ids]
    for part in parts:
        part.mark(each, ids, sought.modality, told)
    return list(zip(ids.tolist(), each, strict=True))
