"""What holds of every reel: its budget, its cuts on the beat, its frames and samples."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from vidcut import reel
from vidcut.editing import RATES
from vidcut.film import lay, sample
from vidcut.records import SECOND_US, Edit, Gap, Media, Span, Take
from vidcut.reel import Order, Scored

if TYPE_CHECKING:
    from fractions import Fraction

FILE_US = 30 * SECOND_US


@st.composite
def takes(draw: st.DrawFn) -> Take:
    start = draw(st.integers(0, FILE_US - 1))
    end = draw(st.integers(start + 1, FILE_US))
    media = Media("mp4", draw(st.sampled_from([0, FILE_US])), None, None)
    return Take(draw(st.sampled_from(["/a.mp4", "/b.mp4"])), Span(start, end), media)


scored = st.lists(st.builds(Scored, takes(), st.floats(0, 1)), max_size=8)
fades = st.sampled_from([0, 1, 300_000, 2 * SECOND_US])
items = st.lists(st.one_of(takes(), st.builds(Gap, st.integers(0, 3 * SECOND_US))), max_size=8)


@given(scored, st.sampled_from(Order), st.integers(SECOND_US, 60 * SECOND_US), fades)
def test_a_reel_never_lasts_longer_than_its_budget(
    given_: list[Scored], order: Order, budget_us: int, fade_us: int
) -> None:
    chosen = reel.choose(given_, order=order, budget_us=budget_us, fade_us=fade_us)
    assert reel.duration_us(chosen, fade_us) <= budget_us
    whole = {(one.take.source, one.take.span) for one in given_}
    trimmed = [one for one in chosen if (one.source, one.span) not in whole]
    assert len(trimmed) <= 1
    assert all(one.span.duration >= reel.LEAST_US for one in trimmed)


@given(scored, st.sampled_from(Order), fades)
def test_without_a_budget_every_stretch_is_there_once(
    given_: list[Scored], order: Order, fade_us: int
) -> None:
    chosen = reel.choose(given_, order=order, fade_us=fade_us)
    whole = {(one.take.source, one.take.span) for one in given_}
    assert len(chosen) == len(whole)
    assert {(one.source, one.span) for one in chosen} == whole


@given(st.lists(takes(), max_size=8), st.integers(SECOND_US, 60 * SECOND_US), fades)
def test_what_is_shortened_fits_and_is_a_beginning_of_what_was(
    before: list[Take], budget_us: int, fade_us: int
) -> None:
    after = reel.shortened(before, budget_us, fade_us)
    assert reel.duration_us(after, fade_us) <= budget_us
    assert after[:-1] == before[: max(0, len(after) - 1)]
    assert reel.shortened(before, None, fade_us) == before


beats = st.lists(st.integers(0, 120 * SECOND_US), max_size=60)


@given(st.lists(takes(), max_size=8), beats, fades)
def test_cuts_to_a_beat_move_ends_only_and_never_into_a_neighbour(
    before: list[Take], beats_us: list[int], fade_us: int
) -> None:
    after = reel.on_beat(before, beats_us, fade_us=fade_us)
    assert len(after) == len(before)
    for old, new in zip(before, after, strict=True):
        assert (new.source, new.span.start) == (old.source, old.span.start)
        assert abs(new.span.end - old.span.end) <= reel.MOST_MOVED_US
        assert new.span.duration > 0
        if old.media.duration_us:
            assert new.span.end <= max(old.span.end, old.media.duration_us)
        for other in before:
            if other.source == old.source and other.span.start >= old.span.end:
                assert new.span.end <= other.span.start
    assert after[-1:] == before[-1:]


@given(st.lists(takes(), min_size=2, max_size=8), beats)
def test_a_cut_that_was_moved_is_on_a_beat(before: list[Take], beats_us: list[int]) -> None:
    time_us = 0
    for old, new in zip(before, reel.on_beat(before, beats_us), strict=True):
        time_us += new.span.duration
        assert new == old or time_us in beats_us


@given(items, st.sampled_from(RATES), fades, st.sets(st.integers(0, 7)))
def test_a_films_parts_are_all_its_frames_and_its_sound_all_its_samples(
    chosen: list[Take | Gap], rate: Fraction, fade_us: int, without: set[int]
) -> None:
    edit = Edit("reel", tuple(chosen), rate, 160, 90)
    film = lay(edit, fade_us=fade_us, without=without)
    assert sum(part.frames for part in film.parts()) == film.frames
    assert all(part.frames > 0 for part in film.parts())
    assert all(p.second is None or p.second.frames == p.frames for p in film.parts())
    assert film.samples == sample(film.frames, rate)
    assert not {one.number for one in film.laid} & without
    for one, following in pairwise(film.laid):
        assert following.start == one.end - one.fade_out
        assert one.fade_out == following.fade_in
    chapters = film.chapters()
    assert all(a.span.end == b.span.start for a, b in pairwise(chapters))


@given(items, st.sampled_from(RATES))
def test_a_film_of_cuts_lasts_as_long_as_its_takes_to_the_frame(
    chosen: list[Take | Gap], rate: Fraction
) -> None:
    film = lay(Edit("reel", tuple(chosen), rate, 160, 90))
    asked_us = sum(
        one.span.duration if isinstance(one, Take) else one.duration_us for one in chosen
    )
    # A take lasts a frame at least, however short.
    flashes = sum(isinstance(o, Take) and o.span.duration * rate < SECOND_US for o in chosen)
    assert abs(film.frames - asked_us * rate / SECOND_US) <= 1 + flashes
