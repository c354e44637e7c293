"""Which footage goes to which slot, for the whole film at once (pure).

What fits best, no stretch twice, and varied sources. A minimal-cost matching of slots and
places, in which each slot may stay empty at a high price, gives the best film that knows
nothing of its neighbours; moving slots one by one, or with the one that is in the way, then
lowers the price of the whole until nothing does.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from vidcut.records import Span

NEIGHBOURS = 0.1
"""The price of two slots side by side that show the same video, beside a score's 0…1.

benchmarks/script.py, 27 videos and 31 tuned queries in two scripts: 20 slots are right without
these prices and with them, the neighbours that show the same video fall from 5 to 4 and more
videos are used; with four times as much nothing more is gained. Of 20 held-out ones 17 are right
without, 15 with.
"""
REPEATS = 0.02
"""The price of a video's second use; the n-th costs log2(n) times as much."""
_EMPTY = 100.0
"""The price of a slot that stays empty: more than all that a choice can cost."""
_ROUNDS = 10
"""Matchings at most; what still clashes then is left to the moves."""
_LEAST_GAIN = 1e-9


@dataclass(frozen=True, slots=True)
class Choice:
    """A stretch of a video that may fill a slot, and how badly it fits: 0 and up."""

    video: int
    span: Span
    cost: float


def assign(
    choices: Sequence[Sequence[Choice]],
    *,
    fixed: Mapping[int, Choice] | None = None,
    per_video: int | None = None,
) -> list[int | None]:
    """For each slot the index of its choice, or None where it stays empty.

    Always the same for the same choices. No two slots get stretches that overlap, and nothing
    that could fill an empty slot is free. The sum of the costs is the least where stretches are
    either the same or apart and variety is left out of account; to find the least price of all
    is as hard as any problem there is (NP), and what is found cannot be bettered by giving one
    slot another choice, with or without moving the one that is in the way.

    Args:
        choices: what may fill each slot, in the film's order.
        fixed: what fills a slot whatever it costs; None is returned for it.
        per_video: at most so many slots from one video, those that are fixed counted.
    """
    film = _Film(choices, dict(fixed or {}), per_video)
    for place, choice in _without_clashes(choices, film):
        film.put(place, choice)
    # Ends, for the price falls every time, and there are finitely many films.
    while sum(film.improve(place) for place in range(len(choices))):
        continue
    return [film.chosen.get(place) for place in range(len(choices))]


# The matching -------------------------------------------------------------------------


def _without_clashes(choices: Sequence[Sequence[Choice]], film: _Film) -> Iterator[tuple[int, int]]:
    """Slots and choices that go together, of a matching that is repeated without what clashes."""
    cliques = _cliques(choice for row in choices for choice in row)
    edges = [
        {
            at: cliques[choice.video, choice.span]
            for at, choice in enumerate(row)
            if place not in film.fixed and not film.shelf.in_the_way(choice)
        }
        for place, row in enumerate(choices)
    ]
    matched: dict[int, int] = {}
    for _ in range(_ROUNDS):
        matched = _matched(choices, edges)
        clashing = _clashing(choices, matched, film.shelf)
        for place in clashing:
            del edges[place][matched.pop(place)]
        if not clashing:
            break
    yield from sorted(matched.items())


def _cliques(choices: Iterable[Choice]) -> dict[tuple[int, Span], int]:
    """A number for each stretch; all that have the same overlap one another.

    By the fewest points in time of which each stretch has one.
    """
    stretches = {(choice.video, choice.span) for choice in choices}
    numbers: dict[tuple[int, Span], int] = {}
    number, video, point = -1, None, -1
    for at, span in sorted(stretches, key=lambda one: (one[0], one[1].end, one[1].start)):
        if at != video or span.start >= point:
            number, video, point = number + 1, at, span.end
        numbers[at, span] = number
    return numbers


def _matched(
    choices: Sequence[Sequence[Choice]], edges: Sequence[Mapping[int, int]]
) -> dict[int, int]:
    """Slot → choice: each clique once, and the sum of the costs the least."""
    from scipy.sparse import csr_array  # noqa: PLC0415  (0.3 s, for this alone)
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching  # noqa: PLC0415

    cheapest: dict[tuple[int, int], int] = {}
    for place, row in enumerate(edges):
        for at, clique in row.items():
            held = cheapest.get((place, clique))
            if held is None or choices[place][at].cost < choices[place][held].cost:
                cheapest[place, clique] = at
    empty = 1 + max((clique for _, clique in cheapest), default=-1)
    columns = [*(clique for _, clique in cheapest), *range(empty, empty + len(choices))]
    rows = [*(place for place, _ in cheapest), *range(len(choices))]
    # A price of nothing is no edge to scipy, hence 1 more for all.
    prices = [1.0 + choices[place][at].cost for (place, _), at in cheapest.items()]
    prices += [1.0 + _EMPTY] * len(choices)
    shape = (len(choices), empty + len(choices))
    graph = csr_array((np.array(prices), (np.array(rows), np.array(columns))), shape=shape)
    found = zip(*min_weight_full_bipartite_matching(graph), strict=True)
    pairs = [(int(place), int(clique)) for place, clique in found]
    return {place: cheapest[place, clique] for place, clique in pairs if clique < empty}


def _clashing(
    choices: Sequence[Sequence[Choice]], matched: Mapping[int, int], shelf: _Shelf
) -> list[int]:
    """The slots that must give way, the dearest, lest two overlap or a video is used up."""
    order = sorted(matched, key=lambda place: (choices[place][matched[place]].cost, place))
    trial = shelf.copy()
    clashing = []
    for place in order:
        choice = choices[place][matched[place]]
        if trial.in_the_way(choice):
            clashing.append(place)
        else:
            trial.add(choice, place)
    return clashing


# The film -----------------------------------------------------------------------------


class _Shelf:
    """What is taken of each video, in order of time."""

    def __init__(self, per_video: int | None) -> None:
        self._taken: defaultdict[int, list[tuple[int, int, int]]] = defaultdict(list)
        self._longest_us: Counter[int] = Counter()
        self._per_video = per_video

    def copy(self) -> _Shelf:
        """The same, to be changed by itself."""
        other = _Shelf(self._per_video)
        for video, taken in self._taken.items():
            other._taken[video] = list(taken)
        other._longest_us = Counter(self._longest_us)
        return other

    def count(self, video: int) -> int:
        """How many stretches of it are taken."""
        return len(self._taken[video])

    def add(self, choice: Choice, place: int) -> None:
        """Take a stretch, whether or not there is room."""
        insort(self._taken[choice.video], (choice.span.start, choice.span.end, place))
        longest_us = max(self._longest_us[choice.video], choice.span.duration)
        self._longest_us[choice.video] = longest_us

    def remove(self, choice: Choice, place: int) -> None:
        """Give a stretch back."""
        taken = self._taken[choice.video]
        del taken[bisect_left(taken, (choice.span.start, choice.span.end, place))]

    def in_the_way(self, choice: Choice) -> list[int]:
        """The slots whose stretches it overlaps; where none, all of a video that is used up."""
        taken = self._taken[choice.video]
        start, end = choice.span.start, choice.span.end
        first = bisect_left(taken, (start - self._longest_us[choice.video],))
        past = bisect_left(taken, (end,))
        found = [place for _, other_end, place in taken[first:past] if other_end > start]
        if not found and self._per_video is not None and len(taken) >= self._per_video:
            return [place for _, _, place in taken]
        return found


class _Film:
    """What fills the slots so far, and the price of it."""

    def __init__(
        self,
        choices: Sequence[Sequence[Choice]],
        fixed: Mapping[int, Choice],
        per_video: int | None,
    ) -> None:
        self._choices = choices
        self._filled = dict(fixed)
        self._cheapest = [min((one.cost for one in row), default=_EMPTY) for row in choices]
        self.fixed = fixed
        self.chosen: dict[int, int] = {}
        self.shelf = _Shelf(per_video)
        for place, choice in fixed.items():
            self.shelf.add(choice, place)

    def put(self, place: int, at: int | None) -> None:
        """Fill an empty slot; None leaves it so."""
        if at is not None:
            self.chosen[place] = at
            self._filled[place] = self._choices[place][at]
            self.shelf.add(self._filled[place], place)

    def improve(self, place: int) -> bool:
        """Give the slot another choice where that lowers the price of the whole."""
        if place in self.fixed:
            return False
        held, now = self._take_out(place)
        gain, at, moves = _LEAST_GAIN, held, None
        for other_at, choice in enumerate(self._choices[place]):
            if other_at == held:
                continue
            found, moved = self._gain(place, other_at, choice, now)
            if found > gain:
                gain, at, moves = found, other_at, moved
        if moves is not None:
            self._take_out(moves[0])
        self.put(place, at)
        if moves is not None:
            self.put(*moves)
        return gain > _LEAST_GAIN

    def _gain(
        self, place: int, at: int, choice: Choice, now: float
    ) -> tuple[float, tuple[int, int | None] | None]:
        """What the choice saves, and where the one slot goes that it may have to displace."""
        in_the_way = self.shelf.in_the_way(choice)
        if not in_the_way:
            return now - self._price(place, choice), None
        (other, *others) = in_the_way
        if others or other in self.fixed or not self._may_pay(place, choice, other, now):
            return -math.inf, None
        held, other_now = self._take_out(other)
        price = self._price(place, choice)
        self.put(place, at)
        other_price, other_at = self._best(other)
        self._take_out(place)
        self.put(other, held)
        return now + other_now - price - other_price, (other, other_at)

    def _may_pay(self, place: int, choice: Choice, other: int, now: float) -> bool:
        """Whether displacing the other slot could lower the price, in the best case."""
        filled = self._filled[other]
        other_now = self._price(other, filled, is_there=True)
        # Without the other it has one neighbour less, and one use of the video.
        least = self._price(place, choice) - NEIGHBOURS - REPEATS
        return least + self._cheapest[other] < now + other_now

    def _best(self, place: int) -> tuple[float, int | None]:
        """The empty slot's best choice that is free, and its price."""
        found: tuple[float, int | None] = (_EMPTY, None)
        for at, choice in enumerate(self._choices[place]):
            if choice.cost < found[0] and not self.shelf.in_the_way(choice):
                price = self._price(place, choice)
                found = (price, at) if price < found[0] else found
        return found

    def _take_out(self, place: int) -> tuple[int | None, float]:
        """Empty the slot; what was in it, and the price of putting that back."""
        at = self.chosen.pop(place, None)
        if at is None:
            return None, _EMPTY
        choice = self._filled.pop(place)
        self.shelf.remove(choice, place)
        return at, self._price(place, choice)

    def _price(self, place: int, choice: Choice, *, is_there: bool = False) -> float:
        """Of putting the choice into the empty slot, or of having put it there."""
        beside = (self._filled.get(place - 1), self._filled.get(place + 1))
        alike = sum(other is not None and other.video == choice.video for other in beside)
        uses = self.shelf.count(choice.video) + (0 if is_there else 1)
        return choice.cost + NEIGHBOURS * alike + REPEATS * math.log2(uses)
