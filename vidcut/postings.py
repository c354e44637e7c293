"""Texts and their terms, as a table: of each term the texts that have it, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

GROUP = 128
"""Terms of which the first can be found without reading the others."""
U1, U4, I8 = np.dtype("u1"), np.dtype("<u4"), np.dtype("<i8")


class Table(NamedTuple):
    """Texts and their terms. A text's row is its place among them, by modality and then id."""

    modalities: NDArray[np.uint8]
    """Their names as UTF-8, a line each, sorted."""
    firsts: NDArray[np.int64]
    """``(modalities + 1,)``: where each one's texts begin."""
    heads: NDArray[np.uint8]
    """Of each `GROUP` terms the first, as UTF-8, a line each."""
    ends: NDArray[np.int64]
    """``(groups + 1,)``: where the groups begin in `terms`."""
    terms: NDArray[np.uint8]
    """All terms, sorted as UTF-8, a line each."""
    starts: NDArray[np.int64]
    """``(terms + 1,)``: where the postings of each begin."""
    most: NDArray[np.uint32]
    """``(terms,)``: how often each stands in one text at most,"""
    least: NDArray[np.uint32]
    """and how many terms the shortest text has that has it."""
    ids: NDArray[np.int64]
    lengths: NDArray[np.uint32]
    """Terms of each text."""
    rows: NDArray[np.uint32]
    """``(postings,)``: the texts that have a term, ascending."""
    counts: NDArray[np.uint32]
    """How often each has it."""


class Text(NamedTuple):
    """A chunk's terms, joined by spaces."""

    id: int
    modality: str
    terms: str


class _Taken(NamedTuple):
    """Some texts, in the order in which they came."""

    ids: NDArray[np.int64]
    kinds: NDArray[np.uint32]
    """Their modalities' numbers."""
    lengths: NDArray[np.uint32]
    numbers: NDArray[np.uint32]
    """``(n,)``: of terms,"""
    rows: NDArray[np.uint32]
    """the texts that they stand in,"""
    counts: NDArray[np.uint32]
    """and how often; where this is empty, once each time."""


class Builder:
    """Makes a table of texts, some at a time."""

    def __init__(self) -> None:
        self._vocabulary: dict[str, int] = {}
        self._modalities: dict[str, int] = {}
        self._parts: list[_Taken] = []
        self._texts = 0
        self.last = 0
        """The highest id."""

    def __len__(self) -> int:
        return self._texts

    def add(self, texts: Sequence[Text]) -> None:
        """Take in texts, each once."""
        each = [text.terms.split(" ") for text in texts]
        lengths = np.array([len(one) for one in each], dtype=U4)
        kinds = [self._modalities.setdefault(one.modality, len(self._modalities)) for one in texts]
        known, numbers = self._vocabulary, np.empty(int(lengths.sum()), dtype=U4)
        numbers[:] = [known.setdefault(term, len(known)) for one in each for term in one]
        rows = np.repeat(np.arange(self._texts, self._texts + len(texts), dtype=U4), lengths)
        ids = np.array([text.id for text in texts], dtype=I8)
        self._parts.append(_Taken(ids, np.array(kinds, dtype=U4), lengths, numbers, rows, rows[:0]))
        self._texts += len(texts)
        self.last = max(self.last, int(ids.max(initial=0)))

    def take(self, table: Table) -> None:
        """Take in another table's texts."""
        names = lines(table.modalities)
        kinds = [self._modalities.setdefault(name, len(self._modalities)) for name in names]
        known = self._vocabulary
        numbers = [known.setdefault(term, len(known)) for term in lines(table.terms)]
        self._parts.append(
            _Taken(
                table.ids,
                np.repeat(np.array(kinds, dtype=U4), np.diff(table.firsts)),
                table.lengths,
                np.repeat(np.array(numbers, dtype=U4), np.diff(table.starts)),
                table.rows + U4.type(self._texts),
                table.counts,
            )
        )
        self._texts += len(table.ids)

    def table(self) -> Table:
        """All of it; nothing can be added after."""
        modalities, by_kind = _sorted(self._modalities)
        terms, by_term = _sorted(self._vocabulary)
        ids, kinds, lengths = (self._joined(place) for place in range(3))
        kinds = by_kind[kinds] if len(kinds) else kinds
        order = np.lexsort((ids, kinds))
        places = np.empty(len(order), dtype=I8)
        places[order] = np.arange(len(order))
        keys, counts = self._postings(by_term, places)
        self._parts.clear()
        rows = (keys % max(1, len(ids))).astype(U4)
        lengths = lengths[order].astype(U4)
        starts = np.searchsorted(keys, np.arange(len(terms) + 1) * len(ids)).astype(I8)
        marks = starts[:-1]
        groups = [terms[at : at + GROUP] for at in range(0, len(terms), GROUP)]
        sizes = [sum(len(term) + 1 for term in group) for group in groups]
        return Table(
            _bytes(modalities),
            np.concatenate([[0], np.cumsum(np.bincount(kinds, minlength=len(modalities)))]).astype(
                I8
            ),
            _bytes([group[0] for group in groups]),
            np.concatenate([[0], np.cumsum(sizes)]).astype(I8),
            _bytes(terms),
            starts,
            np.maximum.reduceat(counts, marks) if len(marks) else counts,
            np.minimum.reduceat(lengths[rows], marks) if len(marks) else lengths[rows],
            ids[order].astype(I8),
            lengths,
            rows,
            counts,
        )

    def _postings(
        self, by_term: NDArray[np.int64], places: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
        """By term and row: both in one number, and how often the one stands in the other."""
        keys, counts = [], []
        for part in self._parts:
            made = by_term[part.numbers] * len(places) + places[part.rows]
            if len(part.counts):
                keys.append(made)
                counts.append(part.counts)
            else:
                made, often = np.unique(made, return_counts=True)
                keys.append(made)
                counts.append(often.astype(U4))
        if not keys:
            return np.empty(0, I8), np.empty(0, U4)
        whole = np.concatenate(keys)
        order = np.argsort(whole, kind="stable")
        return whole[order], np.concatenate(counts)[order].astype(U4)

    def _joined(self, place: int) -> NDArray[Any]:
        if not self._parts:
            return np.empty(0, dtype=I8)
        return np.concatenate([part[place] for part in self._parts])


def _sorted(numbered: dict[str, int]) -> tuple[list[bytes], NDArray[np.int64]]:
    """The names as UTF-8, sorted, and of each number the name's place."""
    known = sorted((name.encode(), number) for name, number in numbered.items())
    places = np.empty(len(known), dtype=I8)
    places[[number for _, number in known]] = np.arange(len(known))
    return [name for name, _ in known], places


def _bytes(lines: Sequence[bytes]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(line + b"\n" for line in lines), dtype=np.uint8)


def lines(part: NDArray[np.uint8]) -> list[str]:
    """What a part holds a line each."""
    return part.tobytes().decode().split("\n")[:-1]


def has_shape(table: Table) -> bool:
    """Whether the parts are as long as they have to be beside each other; none is read."""
    terms = len(table.most)
    return (
        len(table.firsts) > 0
        and (len(table.starts), len(table.least)) == (terms + 1, terms)
        and len(table.ends) == -(-terms // GROUP) + 1
        and len(table.ids) == len(table.lengths)
        and len(table.rows) == len(table.counts)
    )


def rises(part: NDArray[np.int64], end: int) -> bool:
    """Whether these are places that begin with 0, never fall, and come to this end."""
    return bool(part[0] == 0 and part[-1] == end and (part[1:] >= part[:-1]).all())


def fits(table: Table) -> bool:
    """Whether a table of this shape says nothing that cannot be."""
    try:
        named = len(lines(table.modalities)), len(lines(table.terms))
    except UnicodeDecodeError:
        return False
    if named != (len(table.firsts) - 1, len(table.most)):
        return False
    if not (rises(table.starts, len(table.rows)) and rises(table.firsts, len(table.ids))):
        return False
    begins = np.zeros(len(table.rows) + 1, dtype=bool)
    begins[table.starts] = True
    ascends = begins[1:-1] | (table.rows[1:] > table.rows[:-1])
    return bool(ascends.all() and (table.rows < len(table.ids)).all())
