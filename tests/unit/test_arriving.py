"""Windows that are read while they are still being decoded."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from vidcut import arriving
from vidcut.lanes import side_by_side
from vidcut.records import PictureWindow, Sample, Span
from vidcut.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Iterator

PICTURE = np.zeros((1, 1, 3), np.uint8)


def sample(at_us: int) -> Sample:
    return Sample(at_us, Span(at_us, at_us + 1), PICTURE)


def window(start_us: int, end_us: int) -> PictureWindow:
    return PictureWindow(Span(start_us, end_us), (start_us,), (), end_us)


def test_samples_are_read_while_the_window_is_decoded() -> None:
    read, was_read = [], threading.Event()

    def parts() -> Iterator[Sample | PictureWindow]:
        yield sample(0)
        yield sample(1)
        assert was_read.wait(10)  # before the window is over
        yield sample(2)
        yield window(0, 3)

    def look(seen: PictureWindow) -> None:
        for one in seen.samples:
            read.append(one.time_us)
            if len(read) == 2:
                was_read.set()
        assert (seen.span, seen.cuts, seen.lost_us) == (Span(0, 3), (0,), 3)
        assert len(seen.samples) == 3
        assert [one.time_us for one in seen.samples[1:]] == [1, 2]
        assert seen.samples[-1].time_us == 2

    windows = arriving.windows(parts())
    first = next(windows)
    side_by_side([lambda: look(first), lambda: list(windows)])
    assert read == [0, 1, 2]


def test_each_window_has_its_own_samples() -> None:
    parts: list[Sample | PictureWindow] = [
        sample(0),
        window(0, 1),
        window(5, 6),
        sample(7),
        sample(8),
        window(7, 9),
    ]
    found = list(arriving.windows(parts))
    assert [one.span.start for one in found] == [0, 5, 7]
    assert [[s.time_us for s in one.samples] for one in found] == [[0], [], [7, 8]]


@pytest.mark.parametrize("given", [[], [sample(0)]])
def test_a_window_that_does_not_end_is_told_to_all_who_wait(given: list[Sample]) -> None:
    def parts() -> Iterator[Sample | PictureWindow]:
        yield sample(9)
        yield from given
        raise OSError

    windows = arriving.windows(parts())
    begun = next(windows)

    def wait() -> None:
        with pytest.raises(arriving.Unseen):
            list(begun.samples)
        with pytest.raises(arriving.Unseen):
            _ = begun.span

    def fail() -> None:
        with pytest.raises(OSError):  # noqa: PT011  (it has no text)
            list(windows)

    side_by_side([wait, wait, fail])


def test_who_stops_listening_ends_the_window_too() -> None:
    parts: list[Sample | PictureWindow] = [sample(0), sample(1), window(0, 2)]
    windows = arriving.windows(parts)
    begun = next(windows)
    windows.close()  # type: ignore[attr-defined]  # a generator has it
    with pytest.raises(arriving.Unseen):
        _ = begun.samples[5]


def test_of_a_window_that_does_not_come_no_sample_is_given() -> None:
    def parts() -> Iterator[Sample | PictureWindow]:
        yield sample(0)
        raise OSError

    windows = arriving.windows(parts())
    begun = next(windows)
    with pytest.raises(OSError):  # noqa: PT011  (it has no text)
        next(windows)
    with pytest.raises(arriving.Unseen):
        _ = begun.samples[0]  # there, but what it is read for would be thrown away


def test_to_wait_for_a_sample_is_no_work() -> None:
    watch, waits = Stopwatch(), threading.Event()

    def parts() -> Iterator[Sample | PictureWindow]:
        yield sample(0)
        assert not waits.wait(0.4)
        yield window(0, 1)

    windows = arriving.windows(parts(), pause=watch.pause)
    begun = next(windows)

    def look() -> None:
        with watch.at("look", "frame"):
            list(begun.samples)

    side_by_side([look, lambda: list(windows)])
    (stage,) = watch.profile().stages
    assert stage.busy_s < 0.2
