"""The texts that match a query best, by BM25 as FTS5 has it, without reading one of them.

FTS5 looks up how long each text is that has a word, and "the" stands in hundreds of thousands.
Here a term's texts lie side by side, each with how often it stands there, and a term that can
bring no text among the best any more is only looked up in those that may be (MaxScore: Turtle
and Flood, "Query evaluation: strategies and optimizations", 1995).
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from vidcut.posted import Blocks
from vidcut.postings import GROUP, I8, U4, Table, rises

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_K1, _B = 1.2, 0.75
"""FTS5's own (https://www.sqlite.org/fts5.html, 5.1.1)."""
_COMMON = 1e-6
"""The rarity of a term that most texts have."""
_DOUBT = 1e-9
"""Scores are sums of doubles; in another order they differ by less, in proportion."""
_REMEMBERED = 10_000
_SEARCHED = 16
"""To look up one text among a term's takes so many times as long as to pass by one of those."""


class Sought(NamedTuple):
    """What texts are looked for."""

    weights: Sequence[tuple[str, float]]
    """Terms, each with its rarity as BM25 has it."""
    modality: str
    limit: int
    average: float
    """Terms of a text, in the mean."""
    among: NDArray[np.int64] | None = None
    """Only texts of these ids, sorted; None for all."""
    together: bool = False
    """Only texts that have all of the terms."""


class _Listed(NamedTuple):
    """A term's texts of one modality."""

    rarity: float
    rows: NDArray[np.uint32]
    counts: NDArray[np.uint32]
    bound: float
    """More it brings no text."""


class Postings:
    """A table that answers.

    Args:
        table: what it answers from.
        blocks: what checks the table's bytes as they are used; None where it is in memory.
    """

    def __init__(self, table: Table, blocks: Blocks | None = None) -> None:
        self._table = table
        self._blocks = blocks
        firsts, names = self._part("firsts"), self._part("modalities").tobytes().split(b"\n")[:-1]
        self._heads = self._part("heads").tobytes().split(b"\n")[:-1]
        self._demand(holds=rises(firsts, len(table.ids)) and len(names) == len(firsts) - 1)
        self._demand(holds=len(self._heads) == len(table.ends) - 1)
        self._spans = dict(zip(names, pairwise(firsts.tolist()), strict=True))
        self._places: dict[str, int] = {}
        self._ascending: set[str] = set()
        """Terms whose rows were looked at."""

    @classmethod
    def opened(cls, path: Path, of: str) -> Postings:
        """A file of `posted.write`, mapped read-only.

        Raises:
            DamagedError: it is not what was written, or of something else; of a part, when a
                search looks into it.
        """
        blocks = Blocks(path, of)
        return cls(blocks.table, blocks)

    def __len__(self) -> int:
        return len(self._table.ids)

    def words(self) -> int:
        """How many words its texts have."""
        if self._blocks is not None:
            return self._blocks.words
        return int(self._table.lengths.sum(dtype=I8))

    def count(self, term: str) -> int:
        """In how many texts a term stands."""
        start, end = self._span(term) or (0, 0)
        return end - start

    def best(
        self, sought: Sought, floor: float = 0.0
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Scores and ids of the best texts, best first, ties by id.

        Args:
            sought: which.
            floor: what is less is not asked for.
        """
        lists = [self._listed(term, rarity, sought) for term, rarity in sought.weights]
        here = [one for one in lists if one is not None]
        if not here or (sought.together and len(here) < len(lists)):
            return np.empty(0), np.empty(0, I8)
        rows = self._all(here, sought) if sought.together else self._any(here, sought, floor)
        scores = np.zeros(len(rows))
        for one in here:  # in FTS5's order, for its very sums
            places, stands = _among(rows, one.rows)
            scores[stands] += self._brought(one, places[stands], sought)
        ids = self._some("ids", rows)
        order = np.lexsort((ids, -scores))[: sought.limit]
        return scores[order], ids[order]

    def mark(
        self, each: Sequence[set[str]], ids: NDArray[np.int64], modality: str, terms: Iterable[str]
    ) -> None:
        """Put into each of the sets which of the terms the text of this id has, if it is here."""
        start, end = self._spans.get(modality.encode(), (0, 0))
        places, stands = _among(ids, self._part("ids", start, end))
        here = np.flatnonzero(stands)
        rows = places[here] + start
        for term in terms:
            span = self._span(term)
            if span is not None:
                for one in here[_among(rows, self._part("rows", *span))[1]]:
                    each[one].add(term)

    # Choosing --------------------------------------------------------------------------

    def _all(self, lists: Sequence[_Listed], sought: Sought) -> NDArray[np.uint32]:
        rows: NDArray[np.uint32]
        rows, *others = sorted((one.rows for one in lists), key=len)
        for other in others:
            rows = rows[_among(rows, other)[1]]
        allowed = self._allowed(sought)
        if allowed is not None:
            rows = rows[allowed[rows - self._spans[sought.modality.encode()][0]]]
        return rows

    def _any(self, lists: Sequence[_Listed], sought: Sought, floor: float) -> NDArray[np.uint32]:
        """Rows among which the best are for sure."""
        first, end = self._spans[sought.modality.encode()]
        order = sorted(lists, key=lambda one: -one.bound)
        rest = np.cumsum([0.0, *(one.bound for one in reversed(order))])[::-1].tolist()
        allowed = self._allowed(sought)
        sums, rows, least = np.zeros(end - first), np.empty(0, dtype=U4), floor
        taken = 0
        for taken, one in enumerate(order):
            if rest[taken] <= rest[0] - rest[taken]:  # else there is no such sum yet
                least = max(least, _least(sums[rows], sought.limit))
            if rest[taken] < least * (1 - _DOUBT):
                break  # none that has only these is among the best
            here, brought = one.rows - U4.type(first), self._brought(one, slice(None), sought)
            if allowed is not None:
                kept = allowed[here]
                here, brought = here[kept], brought[kept]
            known = sums[here]
            sums[here] = known + brought
            rows = np.concatenate([rows, here[known == 0]])
        else:
            taken = len(order)
        for place in range(taken, len(order) + 1):
            scores = sums[rows]
            least = max(least, _least(scores, sought.limit))
            rows = np.sort(rows[scores + rest[place] >= least * (1 - _DOUBT)])
            if place < len(order):
                self._add(order[place], sums, rows, sought)
        return rows + U4.type(first)

    def _add(
        self, one: _Listed, sums: NDArray[np.float64], rows: NDArray[np.uint32], sought: Sought
    ) -> None:
        """What a term brings to these of the modality's texts; others that have some may get it."""
        first = U4.type(self._spans[sought.modality.encode()][0])
        if len(rows) < len(one.rows) // _SEARCHED:
            places, stands = _among(rows + first, one.rows)
            sums[rows[stands]] += self._brought(one, places[stands], sought)
            return
        places = np.flatnonzero(sums[one.rows - first])
        sums[one.rows[places] - first] += self._brought(one, places, sought)

    def _allowed(self, sought: Sought) -> NDArray[np.bool_] | None:
        """Which of the modality's texts may be answers."""
        if sought.among is None:
            return None
        known = self._part("ids", *self._spans[sought.modality.encode()])
        places, stands = _among(sought.among, known)
        allowed = np.zeros(len(known), dtype=bool)
        allowed[places[stands]] = True
        return allowed

    def _brought(
        self, one: _Listed, places: slice | NDArray[np.int64], sought: Sought
    ) -> NDArray[np.float64]:
        """What a term brings to texts: BM25 as FTS5 computes it."""
        often = one.counts[places].astype(np.float64)
        lengths = self._some("lengths", one.rows[places]).astype(np.float64)
        return one.rarity * _impact(often, lengths, sought.average)

    def _listed(self, term: str, rarity: float, sought: Sought) -> _Listed | None:
        first, end = self._spans.get(sought.modality.encode(), (0, 0))
        span = self._span(term)
        if span is None or first == end:
            return None
        rows = self._part("rows", *span)
        if term not in self._ascending:
            self._demand(holds=bool(rows[-1] < len(self)) and bool((rows[1:] > rows[:-1]).all()))
            self._ascending.add(term)
        start, stop = np.searchsorted(rows, [first, end]).tolist()
        if start == stop:
            return None
        place = self._place(term)
        most, least = self._part("most", place, place + 1), self._part("least", place, place + 1)
        bound = rarity * _impact(most.astype(np.float64), least.astype(np.float64), sought.average)
        counts = self._part("counts", *span)
        return _Listed(rarity, rows[start:stop], counts[start:stop], float(bound[0]) * (1 + _DOUBT))

    # Looking up ------------------------------------------------------------------------

    def _span(self, term: str) -> tuple[int, int] | None:
        place = self._place(term)
        if place < 0:
            return None
        start, end = self._part("starts", place, place + 2).tolist()
        self._demand(holds=0 <= start < end <= len(self._table.rows))
        return start, end

    def _place(self, term: str) -> int:
        """The term's place among all; -1 where no text has it."""
        if term not in self._places:
            if len(self._places) >= _REMEMBERED:
                self._places.clear()
            self._places[term] = self._looked_up(term.encode())
        return self._places[term]

    def _looked_up(self, term: bytes) -> int:
        group = bisect_right(self._heads, term) - 1
        if group < 0:
            return -1
        start, end = self._part("ends", group, group + 2).tolist()
        self._demand(holds=0 <= start <= end <= len(self._table.terms))
        there = self._part("terms", start, end).tobytes().split(b"\n")
        place = group * GROUP + there.index(term) if term in there else -1
        self._demand(holds=place < len(self._table.most))
        return place

    def _demand(self, *, holds: bool) -> None:
        """Raise where a file is as it was written, and says what cannot be."""
        if self._blocks is not None and not holds:
            raise self._blocks.amiss()

    def _part(self, name: str, start: int = 0, end: int | None = None) -> NDArray[Any]:
        part: NDArray[Any] = getattr(self._table, name)
        end = len(part) if end is None else end
        if self._blocks is not None:
            self._blocks.demand(name, start * part.itemsize, end * part.itemsize)
        return part[start:end]

    def _some(self, name: str, rows: NDArray[np.uint32]) -> NDArray[Any]:
        part: NDArray[Any] = getattr(self._table, name)
        if self._blocks is not None and len(rows):
            self._blocks.demand_each(name, rows, part.itemsize)
        return part[rows]


def rarity(total: int, count: int) -> float:
    """BM25's weight of a term that so many texts have, as FTS5 has it."""
    found = float(np.log((total - count + 0.5) / (count + 0.5)))
    return found if found > 0 else _COMMON


def _impact(
    often: NDArray[np.float64], lengths: NDArray[np.float64], average: float
) -> NDArray[np.float64]:
    return (often * (_K1 + 1.0)) / (often + _K1 * (1 - _B + _B * lengths / average))


def _least(scores: NDArray[np.float64], count: int) -> float:
    """The least of the ``count`` best; 0 where there are fewer."""
    return float(np.partition(scores, -count)[-count]) if len(scores) >= count else 0.0


def _among(
    wanted: NDArray[Any], known: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Of each wanted number its place among the known, which are sorted, and whether it is one."""
    places = np.searchsorted(known, wanted.astype(known.dtype, copy=False))
    if not len(known):
        return places, np.zeros(len(wanted), dtype=bool)
    return places, known[np.minimum(places, len(known) - 1)] == wanted
