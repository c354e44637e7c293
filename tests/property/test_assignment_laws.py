"""What holds of every film."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from vidcut import assignment
from vidcut.assignment import Choice, assign
from vidcut.records import Span

costs = st.integers(0, 40).map(lambda n: n / 40)


@st.composite
def stretches(draw: st.DrawFn) -> Choice:
    start = draw(st.integers(0, 20))
    return Choice(
        draw(st.integers(0, 3)), Span(start, start + draw(st.integers(1, 8))), draw(costs)
    )


@st.composite
def places(draw: st.DrawFn) -> Choice:
    """Of videos of their own, so that they are the same or have nothing in common."""
    return Choice(draw(st.integers(0, 5)), Span(0, 10), draw(costs))


films = st.lists(st.lists(stretches(), max_size=5), max_size=7)


def taken(rows: list[list[Choice]], found: list[int | None]) -> list[Choice]:
    return [row[at] for row, at in zip(rows, found, strict=True) if at is not None]


@given(films)
def test_no_footage_is_shown_twice(rows: list[list[Choice]]) -> None:
    for one, other in itertools.combinations(taken(rows, assign(rows)), 2):
        assert one.video != other.video or one.span.overlap(other.span) == 0


@given(films)
def test_no_slot_is_empty_while_something_for_it_is_free(rows: list[list[Choice]]) -> None:
    found = assign(rows)
    shown = taken(rows, found)
    for row, at in zip(rows, found, strict=True):
        for choice in row if at is None else ():
            assert any(
                choice.video == one.video and choice.span.overlap(one.span) > 0 for one in shown
            )


@given(films)
def test_the_same_choices_make_the_same_film(rows: list[list[Choice]]) -> None:
    assert assign(rows) == assign([list(row) for row in rows])


@given(films, st.integers(1, 3))
def test_no_video_is_used_too_often(rows: list[list[Choice]], most: int) -> None:
    videos = [one.video for one in taken(rows, assign(rows, per_video=most))]
    assert all(videos.count(video) <= most for video in videos)


@given(films, st.data())
def test_what_is_fixed_is_never_shown_elsewhere(
    rows: list[list[Choice]], data: st.DataObject
) -> None:
    if not rows:
        return
    place = data.draw(st.integers(0, len(rows) - 1))
    fixed = data.draw(stretches())
    found = assign(rows, fixed={place: fixed})
    assert found[place] is None
    for one in taken(rows, found):
        assert one.video != fixed.video or one.span.overlap(fixed.span) == 0


@given(st.lists(st.lists(places(), max_size=3), max_size=5))
def test_where_variety_is_free_of_charge_the_sum_of_costs_is_the_least(
    rows: list[list[Choice]],
) -> None:
    neighbours, repeats = assignment.NEIGHBOURS, assignment.REPEATS
    assignment.NEIGHBOURS = assignment.REPEATS = 0.0
    try:
        found = assign(rows)
    finally:
        assignment.NEIGHBOURS, assignment.REPEATS = neighbours, repeats
    assert (
        price(rows, found)
        <= min(
            price(rows, list(film))
            for film in itertools.product(*([None, *range(len(row))] for row in rows))
            if is_possible(rows, list(film))
        )
        + 1e-6
    )


def is_possible(rows: list[list[Choice]], film: list[int | None]) -> bool:
    videos = [one.video for one in taken(rows, film)]
    return len(set(videos)) == len(videos)


def price(rows: list[list[Choice]], film: list[int | None]) -> float:
    return sum(one.cost for one in taken(rows, film)) + 100.0 * film.count(None)
