"""Sentences begin and end where their voices do."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcut.modalities._edges import in_the_sound
from vidcut.records import SECOND_US, Draft, SoundWindow, Span, Word

RATE_HZ = 16_000
START_US = 30 * SECOND_US
REACH_US = 3 * SECOND_US // 10
NEAR_US = SECOND_US // 15


def at(seconds: float) -> int:
    return START_US + round(seconds * SECOND_US)


def window(*voices: tuple[float, float], seconds: float = 6, under: float = 0.0005) -> SoundWindow:
    """Voices of 150 Hz at these times, over noise of this loudness."""
    count = int(seconds * RATE_HZ)
    times = np.arange(count) / RATE_HZ
    samples = under * np.random.default_rng(1).standard_normal(count)
    for start, end in voices:
        samples += 0.2 * np.sin(2 * np.pi * 150 * times) * ((times >= start) & (times < end))
    span = Span(START_US, START_US + round(seconds * SECOND_US))
    return SoundWindow(span, samples.astype(np.float32), last=True)


def sentence(start: float, end: float) -> Draft:
    """Of two words."""
    middle = (start + end) / 2
    words = (Word(Span(at(start), at(middle)), "So"), Word(Span(at(middle), at(end)), " far."))
    return Draft(Span(at(start), at(end)), "So far.", words=words)


def assert_near(draft: Draft, start: float, end: float) -> None:
    """A few hundredths of a second early and late are right, and clipped is not."""
    assert at(start) - NEAR_US <= draft.span.start <= at(start)
    assert at(end) <= draft.span.end <= at(end) + NEAR_US
    assert draft.words[0].span.start == draft.span.start
    assert draft.words[-1].span.end == draft.span.end


@pytest.mark.parametrize(("start", "end"), [(2.2, 3.8), (1.8, 4.2), (2.0, 4.0), (2.2, 4.2)])
def test_goes_out_to_the_end_of_the_voice_and_in_from_silence(start: float, end: float) -> None:
    (draft,) = in_the_sound([sentence(start, end)], window((2, 4)))
    assert_near(draft, 2, 4)


def test_a_stop_consonant_does_not_end_a_voice() -> None:
    (draft,) = in_the_sound([sentence(2, 3.7)], window((2, 3.75), (3.85, 3.95)))
    assert_near(draft, 2, 3.95)


def test_does_not_go_far() -> None:
    (draft,) = in_the_sound([sentence(2, 3)], window((1, 5)))
    assert at(2) - REACH_US <= draft.span.start <= at(2)
    assert at(3) <= draft.span.end <= at(3) + REACH_US


def test_two_in_one_breath_meet_where_it_is_quietest() -> None:
    sound = window((1, 3), (3.06, 5))
    first, second = in_the_sound([sentence(1, 2.97), sentence(3.0, 5)], sound)
    assert first.span.end == second.span.start
    assert at(2.98) <= first.span.end <= at(3.08)


def test_a_pause_between_two_belongs_to_neither() -> None:
    first, second = in_the_sound([sentence(1, 2.7), sentence(3.6, 5)], window((1, 2.8), (3.4, 5)))
    assert_near(first, 1, 2.8)
    assert_near(second, 3.4, 5)


def test_stays_where_the_voice_does_not_stand_out() -> None:
    drafts = [sentence(2.2, 3.8)]
    assert in_the_sound(drafts, window((2, 4), under=0.2)) == drafts
    assert in_the_sound(drafts, window()) == drafts


def test_nothing_said_has_no_edges() -> None:
    assert in_the_sound([], window()) == []
    assert in_the_sound([], SoundWindow(Span(5, 5), np.zeros(0, dtype=np.float32), last=True)) == []


@given(
    st.lists(st.floats(0.05, 1.5), min_size=2, max_size=10),
    st.lists(st.tuples(st.floats(0, 6), st.floats(0.01, 2)), max_size=4),
    st.sampled_from([1, 2]),
)
def test_sentences_never_overlap_nor_move_far(
    steps: list[float], voices: list[tuple[float, float]], stride: int
) -> None:
    """With a stride of 1 each begins where the last ends."""
    times = np.cumsum(steps)
    drafts = [
        sentence(start, end)
        for start, end in zip(times[:-1:stride], times[1::stride], strict=False)
        if end <= 6
    ]
    sound = window(*((start, start + length) for start, length in voices))
    found = in_the_sound(drafts, sound)
    assert len(found) == len(drafts)
    step_us = SECOND_US // 100
    for before, after in zip(drafts, found, strict=True):
        assert abs(after.span.start - before.span.start) <= REACH_US + step_us
        assert abs(after.span.end - before.span.end) <= REACH_US + step_us
        assert sound.span.start <= after.span.start < after.span.end <= sound.span.end
        for word in after.words:
            assert after.span.start <= word.span.start <= word.span.end <= after.span.end
    assert all(left.span.end <= right.span.start for left, right in pairwise(found))
