"""Laws of what was used: by half or not, whatever the order of uses and however they overlap."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vidcut import ledger
from vidcut.records import Span

spans = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda two: Span(*sorted(two)))
uses = st.lists(spans, max_size=8)


def moments_of(spans: list[Span]) -> set[int]:
    return {time for span in spans for time in range(span.start, span.end)}


@given(spans, uses)
def test_half_of_a_stretch_is_counted_by_its_moments(span: Span, used: list[Span]) -> None:
    whole = moments_of([span])
    covered = len(whole & moments_of(used))
    assert ledger.is_mostly_used(span, used) == (bool(whole) and covered * 2 >= len(whole))


@given(spans, uses, uses)
def test_more_uses_never_free_a_stretch(span: Span, used: list[Span], more: list[Span]) -> None:
    if ledger.is_mostly_used(span, used):
        assert ledger.is_mostly_used(span, used + more)
        assert ledger.is_mostly_used(span, [*reversed(used), *used])


@given(spans, uses)
def test_what_is_left_of_a_stretch_was_not_used_and_what_is_taken_was(
    whole: Span, used: list[Span]
) -> None:
    left = ledger.left(whole, used, least_us=0)
    taken = [span.clamp(whole) for span in ledger.merged(used)]
    assert not any(ledger.is_mostly_used(span, used) for span in left)
    assert all(ledger.is_mostly_used(span, used) for span in taken if span.duration)
