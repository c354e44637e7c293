"""Laws of `Span`: whatever two stretches of time are, these hold."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from vidcut.records import Span

DAY_US = 86_400_000_000
TIMES = st.one_of(st.integers(-10, 10), st.integers(-DAY_US, DAY_US))
"""Small numbers make spans touch, meet and be empty often; large ones are days."""
SPANS = st.builds(lambda a, b: Span(min(a, b), max(a, b)), TIMES, TIMES)


def covers(outer: Span, inner: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


@given(SPANS, SPANS)
def test_overlap_gap_iou_and_hull_have_no_order(one: Span, other: Span) -> None:
    assert one.overlap(other) == other.overlap(one)
    assert one.gap(other) == other.gap(one)
    assert one.iou(other) == other.iou(one)
    assert one.hull(other) == other.hull(one)


@given(SPANS, SPANS)
def test_spans_never_overlap_across_a_gap(one: Span, other: Span) -> None:
    assert one.overlap(other) == 0 or one.gap(other) == 0


@given(SPANS, SPANS)
def test_a_hull_is_both_spans_without_their_overlap_and_with_their_gap(
    one: Span, other: Span
) -> None:
    parts = one.duration + other.duration
    assert one.hull(other).duration == parts - one.overlap(other) + one.gap(other)


@given(SPANS, SPANS, SPANS)
def test_a_hull_is_the_shortest_span_that_covers_both(one: Span, other: Span, third: Span) -> None:
    hull = one.hull(other)
    assert covers(hull, one)
    assert covers(hull, other)
    if covers(third, one) and covers(third, other):
        assert covers(third, hull)


@given(SPANS, SPANS, SPANS)
def test_a_hull_of_many_does_not_depend_on_their_order(one: Span, other: Span, third: Span) -> None:
    assert one.hull(other).hull(third) == third.hull(one).hull(other)
    assert one.hull(one) == one


@given(SPANS, SPANS)
def test_an_overlap_is_never_longer_than_either_span(one: Span, other: Span) -> None:
    assert 0 <= one.overlap(other) <= min(one.duration, other.duration)


@given(SPANS, SPANS)
def test_an_iou_is_one_for_equal_spans_only_and_zero_for_strangers_only(
    one: Span, other: Span
) -> None:
    iou = one.iou(other)
    assert 0.0 <= iou <= 1.0
    assert (iou == 0.0) == (one.overlap(other) == 0)
    if one.duration:
        assert one.iou(one) == 1.0
    if max(one.duration, other.duration) < 2**50:  # beyond, a float cannot tell them apart
        assert (iou == 1.0) == (one == other and one.duration > 0)


@given(SPANS, TIMES)
def test_a_span_holds_its_start_and_not_its_end(span: Span, time_us: int) -> None:
    assert span.contains(time_us) == (span.overlap(Span(time_us, time_us + 1)) == 1)
    assert not span.contains(span.end)
    assert span.contains(span.start) == (span.duration > 0)


@given(SPANS)
def test_the_middle_of_a_span_that_is_not_empty_lies_in_it(span: Span) -> None:
    assume(span.duration)
    assert span.contains(span.middle)
    assert abs((span.middle - span.start) - (span.end - span.middle)) <= 1


@given(SPANS, SPANS)
def test_a_clamped_span_lies_inside_its_bounds_and_stays_as_it_is(span: Span, bounds: Span) -> None:
    clamped = span.clamp(bounds)
    assert covers(bounds, clamped)
    assert clamped.clamp(bounds) == clamped


@given(SPANS, SPANS)
def test_clamping_keeps_what_the_spans_share(span: Span, bounds: Span) -> None:
    clamped = span.clamp(bounds)
    assert clamped.duration == span.overlap(bounds)
    if span.overlap(bounds):
        assert covers(span, clamped)
    if covers(bounds, span):
        assert clamped == span


@given(st.lists(SPANS))
def test_spans_sort_by_start_then_end(spans: list[Span]) -> None:
    assert sorted(spans) == sorted(spans, key=lambda span: (span.start, span.end))
