from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vidcut.chunking import WINDOW_US, picture_windows
from vidcut.records import SECOND_US

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from vidcut.records import Picture, PictureWindow

    Timeline: TypeAlias = "list[tuple[Shown, bool]]"

LONGEST_WAIT_US = 1_200_000
"""From one sample to the frame after which the next is due: a second, and a shot's settling."""


@dataclass(frozen=True)
class Shown:
    time_us: int

    def picture(self, longest_px: int) -> Picture:
        return np.zeros((1, longest_px, 3), dtype=np.uint8)


steps_us = st.one_of(
    st.integers(1, 100_000),
    st.sampled_from([33_367, 40_000, 16_667, SECOND_US, 30 * SECOND_US, 90 * SECOND_US]),
)


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    """Constant and variable rates, gaps, and cuts anywhere but at the first frame."""
    first_us = draw(st.integers(0, 2 * WINDOW_US))
    runs = draw(st.lists(st.tuples(steps_us, st.integers(1, 120)), max_size=6))
    steps = [step for step, count in runs for _ in range(count)]
    times = list(accumulate(steps, initial=first_us))
    cuts = draw(st.sets(st.integers(1, max(1, len(times) - 1)), max_size=8))
    return [(Shown(time), n in cuts) for n, time in enumerate(times)]


def windows(timeline: Timeline, start_us: int = 0) -> list[PictureWindow]:
    return list(picture_windows(timeline, start_us=start_us, longest_px=2))


def cut_times(timeline: Timeline) -> list[int]:
    return [frame.time_us for frame, is_cut in timeline if is_cut]


@given(timelines())
def test_windows_follow_each_other_on_whole_minutes(timeline: Timeline) -> None:
    found = windows(timeline)
    assert all(window.span.start % WINDOW_US == 0 for window in found)
    assert all(window.span.end % WINDOW_US == 0 for window in found[:-1])
    assert all(a.span.end <= b.span.start for a, b in pairwise(found))
    for frame, _ in timeline:
        assert sum(window.span.contains(frame.time_us) for window in found) == 1


@given(timelines())
def test_every_cut_is_kept_in_its_window(timeline: Timeline) -> None:
    found = windows(timeline)
    assert [cut for window in found for cut in window.cuts] == cut_times(timeline)
    assert all(window.span.contains(cut) for window in found for cut in window.cuts)


@given(timelines())
def test_stretches_tile_the_window_and_never_cross_a_cut(timeline: Timeline) -> None:
    for window in windows(timeline):
        spans = [sample.span for sample in window.samples]
        assert spans[-1].end == window.span.end
        assert all(a.end == b.start for a, b in pairwise(spans))
        # Before a cut at the window's first frame nothing was decoded to stand for it.
        assert spans[0].start in (window.span.start, *window.cuts[:1])
        assert set(window.cuts) <= {span.start for span in spans}


@given(timelines())
def test_a_sample_is_a_frame_of_its_own_stretch(timeline: Timeline) -> None:
    times = {frame.time_us for frame, _ in timeline}
    for window in windows(timeline):
        for sample in window.samples:
            assert sample.time_us in times
            assert sample.span.contains(sample.time_us)


@given(timelines())
def test_every_shot_is_looked_at_and_about_once_a_second(timeline: Timeline) -> None:
    for window in windows(timeline):
        times = [sample.time_us for sample in window.samples]
        shown = [frame.time_us for frame, _ in timeline if window.span.contains(frame.time_us)]
        for begin, end in pairwise([shown[0], *window.cuts, window.span.end]):
            inside = [time for time in times if begin <= time < end]
            assert inside or begin == end
            assert all(b - a >= SECOND_US for a, b in pairwise(inside))
            assert not _passed_over(shown, [begin, *inside], end)


def _passed_over(shown: Sequence[int], taken: Sequence[int], end: int) -> list[int]:
    """Frames that were due and not taken."""
    return [
        time
        for time in shown
        if taken[0] <= time < end
        and all(not 0 <= time - before < LONGEST_WAIT_US for before in taken)
    ]


@given(timelines(), st.data())
def test_taken_up_at_a_windows_edge_the_rest_is_the_same(
    timeline: Timeline, data: st.DataObject
) -> None:
    whole = windows(timeline)
    from_here = data.draw(st.integers(0, len(whole) - 1))
    start_us = whole[from_here].span.start
    warm_up_us = data.draw(st.integers(0, 3 * SECOND_US))
    rest = [entry for entry in timeline if entry[0].time_us >= start_us - warm_up_us]
    again = windows(rest, start_us)
    assert [told(window) for window in again[:-1]] == [told(w) for w in whole[from_here:-1]]
    assert told(again[-1])[1:] == told(whole[-1])[1:]


def told(window: PictureWindow) -> tuple[object, ...]:
    """The last sample's end hangs on how long the last frame is shown."""
    times = [(sample.time_us, sample.span.start) for sample in window.samples]
    return window.span, window.span.start, window.cuts, times
