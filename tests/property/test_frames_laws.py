"""Laws of timecodes: each frame of a day has one label, and labels are in its order."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from vidcut import frames

DAY_S = 86_400
FACTOR = Fraction(1000, 1001)
rates = st.sampled_from([*(FACTOR * n for n in (24, 30, 60, 120)), *map(Fraction, (25, 30, 50))])
parts = st.tuples(st.integers(0, 23), st.integers(0, 59), st.integers(0, 59), st.integers(0, 119))


def frames_a_day(rate: Fraction, *, drop: bool) -> int:
    """Labels of a day: of each ten minutes nine have so many fewer where some are dropped."""
    base = frames.nominal(rate)
    return DAY_S * base - drop * DAY_S // 600 * 9 * (base // 15)


@given(st.data(), rates)
def test_labels_rise_with_their_frames_and_start_anew_after_a_day(
    data: st.DataObject, rate: Fraction
) -> None:
    for drop in {False, frames.can_drop(rate)}:
        day = frames_a_day(rate, drop=drop)
        near_a_minute = data.draw(st.integers(0, 1439)) * day // 1440
        frame = data.draw(st.one_of(st.integers(0, day - 2), st.just(near_a_minute)))
        label, following = (frames.timecode(n, rate, drop=drop) for n in (frame, frame + 1))
        assert label[:9] + label[9:].rjust(3) < following[:9] + following[9:].rjust(3)
        assert frames.timecode(frame + day, rate, drop=drop) == label


@given(parts, rates)
def test_a_label_is_its_own_frames_unless_it_is_dropped(
    clock: tuple[int, int, int, int], rate: Fraction
) -> None:
    hour, minute, second, part = clock
    part %= frames.nominal(rate)
    for drop in {False, frames.can_drop(rate)}:
        text = f"{hour:02}:{minute:02}:{second:02}{';' if drop else ':'}{part:02}"
        dropped = drop and minute % 10 and second == 0 and part < frames.nominal(rate) // 15
        read = frames.timecode(frames.label_frames(text, rate), rate, drop=drop)
        assert (read == text) != dropped


@given(st.integers(0, 2_589_407))
def test_drop_frame_keeps_to_the_clock(frame: int) -> None:
    """Within two frames: so far it runs ahead before labels are dropped, and 3.6 ms an hour."""
    rate = 30 * FACTOR
    hour, minute, rest = frames.timecode(frame, rate, drop=True).split(":")
    second, part = rest.split(";")
    told_s = (int(hour) * 60 + int(minute)) * 60 + int(second) + Fraction(int(part), 30)
    assert abs(told_s - frames.seconds(frame, rate)) < Fraction(2, 30) + Fraction(24 * 36, 10_000)
