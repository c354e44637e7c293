from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from vidcut.chunking import WINDOW_US, picture_windows
from vidcut.records import SECOND_US, PictureWindow, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidcut.records import Picture


@dataclass(frozen=True)
class Shown:
    time_us: int

    def picture(self, longest_px: int) -> Picture:
        return np.full((1, longest_px, 3), self.time_us // SECOND_US % 256, dtype=np.uint8)


def windows(
    seconds: Sequence[float], cuts: Sequence[float] = (), *, start: float = 0
) -> list[PictureWindow]:
    times = [round(second * SECOND_US) for second in seconds]
    marked = [(Shown(time), time in {round(cut * SECOND_US) for cut in cuts}) for time in times]
    return list(picture_windows(marked, start_us=round(start * SECOND_US), longest_px=8))


def steady(end: float, *, rate: int = 25, begin: float = 0) -> list[float]:
    return [n / rate for n in range(round(begin * rate), round(end * rate))]


def sampled(window: PictureWindow) -> list[float]:
    return [sample.time_us / SECOND_US for sample in window.samples]


def test_a_shot_is_looked_at_once_a_second() -> None:
    (window,) = windows(steady(5))
    assert sampled(window) == [0.2, 1.2, 2.2, 3.2, 4.2]
    assert window.span == Span(0, 5 * SECOND_US)
    assert window.samples[0].picture.shape == (1, 8, 3)


def test_a_new_shot_is_looked_at_when_it_has_settled() -> None:
    (window,) = windows(steady(4), [1.48])
    assert sampled(window) == [0.2, 1.2, 1.68, 2.68, 3.68]
    assert window.cuts == (1_480_000,)


def test_a_stretch_ends_at_the_cut_and_half_way_between_samples() -> None:
    (window,) = windows(steady(3), [1.0])
    edges = [(sample.span.start, sample.span.end) for sample in window.samples]
    assert edges == [(0, 1_000_000), (1_000_000, 1_700_000), (1_700_000, 3_000_000)]


def test_a_shot_too_short_to_settle_has_its_last_frame() -> None:
    (window,) = windows(steady(3), [1.0, 1.12])
    assert sampled(window) == [0.2, 1.08, 1.32, 2.32]
    assert window.samples[1].span == Span(1_000_000, 1_120_000)


def test_one_frame_is_a_window() -> None:
    (window,) = windows([0])
    assert sampled(window) == [0]
    assert window.samples[0].span == window.span
    assert window.span.duration > 0


def test_no_frame_is_none() -> None:
    assert windows([]) == []
    assert windows([1, 2], start=60) == []


def test_a_window_is_a_minute_and_its_last_frame_is_shown_for_its_step() -> None:
    first, second = windows(steady(90))
    assert first.span == Span(0, WINDOW_US)
    assert second.span == Span(WINDOW_US, 90 * SECOND_US)


def test_a_lone_frame_in_the_last_window_is_shown_for_its_step() -> None:
    *_, last = windows(steady(60.04))
    assert last.span == Span(WINDOW_US, WINDOW_US + 40_000)


def test_a_gap_longer_than_a_window_leaves_it_out() -> None:
    found = windows([*steady(10), *steady(200, begin=190)])
    assert [window.span.start for window in found] == [0, 3 * WINDOW_US]
    assert found[0].span.end == WINDOW_US
    assert found[1].samples[0].span.start == 3 * WINDOW_US


def test_frames_before_the_start_only_warm_up() -> None:
    (window,) = windows(steady(70, begin=58), [59.0, 61.0], start=60)
    assert window.cuts == (61_000_000,)
    assert sampled(window)[0] == 60.2


@pytest.mark.parametrize("cut", [60.0, 60.04])
def test_a_cut_at_a_windows_edge_begins_a_shot_there(cut: float) -> None:
    _, window = windows(steady(65), [cut])
    assert window.cuts == (round(cut * SECOND_US),)
    assert [s.span.start for s in window.samples if s.span.contains(round(cut * 1e6))] == [
        round(cut * SECOND_US)
    ]
