"""One choice for the whole film: best, no stretch twice, varied."""

from __future__ import annotations

import random
import time
from itertools import pairwise

from vidcut import assignment
from vidcut.assignment import Choice, assign
from vidcut.records import Span


def choice(video: int, start: int, end: int, cost: float) -> Choice:
    return Choice(video, Span(start, end), cost)


def test_the_best_film_is_not_each_slots_best() -> None:
    both = choice(1, 0, 10, 0.0)
    assert assign([[both, choice(2, 0, 10, 0.9)], [both, choice(3, 0, 10, 0.2)]]) == [0, 1]


def test_stretches_that_touch_go_together_and_those_that_overlap_do_not() -> None:
    assert assign([[choice(1, 0, 10, 0.0)], [choice(1, 10, 20, 0.0)]]) == [0, 0]
    assert assign([[choice(1, 0, 10, 0.1)], [choice(1, 9, 20, 0.0)]]) == [None, 0]


def test_a_slot_is_filled_at_the_price_of_a_worse_fit_elsewhere() -> None:
    only = choice(1, 0, 10, 0.9)
    assert assign([[only], [choice(1, 5, 15, 0.0), choice(2, 0, 9, 0.95)]]) == [0, 1]


def test_what_chains_through_a_video_is_taken_apart() -> None:
    chain = [[choice(1, start, start + 10, 0.1)] for start in (0, 8, 16, 24, 32)]
    found = assign(chain)
    assert 2 <= found.count(0) <= 3
    assert all(one is None or other is None for one, other in pairwise(found))


def test_neighbours_show_different_videos_where_that_costs_little() -> None:
    a, b = choice(1, 0, 10, 0.1), choice(1, 20, 30, 0.1)
    little = choice(2, 0, 10, 0.1 + assignment.NEIGHBOURS / 2)
    much = choice(2, 0, 10, 0.5)
    assert assign([[a], [b, little]]) == [0, 1]
    assert assign([[a], [b, much]]) == [0, 0]


def test_videos_are_used_again_only_where_they_are_better() -> None:
    far = [[choice(1, 0, 1, 0.1)], [choice(9, 0, 1, 0.1)]]
    again = [choice(1, 20, 30, 0.1), choice(2, 0, 10, 0.1 + assignment.REPEATS / 2)]
    assert assign([*far, again]) == [0, 0, 1]


def test_what_is_fixed_stays_and_is_not_shown_again() -> None:
    fixed = choice(1, 0, 10, 5.0)
    found = assign([[], [choice(1, 5, 15, 0.0), choice(2, 0, 5, 0.9)]], fixed={0: fixed})
    assert found == [None, 1]


def test_no_video_is_used_more_often_than_is_allowed() -> None:
    rows = [[choice(1, 20 * i, 20 * i + 10, 0.1), choice(2 + i, 0, 10, 0.8)] for i in range(4)]
    found = assign(rows, per_video=2)
    assert sum(at == 0 for at in found) == 2
    assert None not in found
    assert assign(rows, fixed={0: rows[0][0]}, per_video=1) == [None, 1, 1, 1]


def test_nothing_to_choose_from_is_all_gaps() -> None:
    assert assign([]) == []
    assert assign([[], []]) == [None, None]


def test_5000_slots_of_20_candidates_are_assigned_quickly() -> None:
    chance = random.Random(0)  # noqa: S311  (no secret)
    rows = [
        [
            choice(
                chance.randrange(500), start := chance.randrange(3600), start + 4, chance.random()
            )
            for _ in range(20)
        ]
        for _ in range(5000)
    ]
    begun = time.process_time()
    found = assign(rows)
    assert time.process_time() - begun < 30  # some 3 s, when nothing else runs
    assert None not in found
