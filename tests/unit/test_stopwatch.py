from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vidcut.lanes import Lanes
from vidcut.stopwatch import Stage, Stopwatch, Unwatched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vidcut.lanes import Channel


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.spent_s = (7.0, 3.0)

    def __call__(self) -> float:
        return self.now_s

    def cpu(self) -> tuple[float, float]:
        return self.spent_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stopwatch(clock: Clock) -> Stopwatch:
    return Stopwatch(clock, clock.cpu)


def busy(stopwatch: Stopwatch) -> dict[tuple[str, str], float]:
    return {(s.lane, s.name): s.busy_s for s in stopwatch.profile().stages}


def test_the_times_of_a_stage_add_up_and_waiting_is_in_none(
    clock: Clock, stopwatch: Stopwatch
) -> None:
    for seconds in (2, 3):
        with stopwatch.at("look", "ocr"):
            clock.now_s += seconds
        clock.now_s += 10
    with stopwatch.at("look", "frame"):
        clock.now_s += 1
    assert busy(stopwatch) == {("look", "ocr"): 5.0, ("look", "frame"): 1.0}
    assert stopwatch.profile().wall_s == 26.0


def test_a_stage_that_fails_was_busy_too(clock: Clock, stopwatch: Stopwatch) -> None:
    def fail() -> None:
        with stopwatch.at("look", "ocr"):
            clock.now_s += 2
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert busy(stopwatch) == {("look", "ocr"): 2.0}


def test_making_counts_until_each_item_is_there_and_not_what_is_done_with_it(
    clock: Clock, stopwatch: Stopwatch
) -> None:
    def slowly() -> Iterator[int]:
        for number in range(3):
            clock.now_s += 2
            yield number
        clock.now_s += 1  # finding that there is no more

    for _ in stopwatch.making("see", "pictures", slowly()):
        clock.now_s += 50
    assert busy(stopwatch) == {("see", "pictures"): 7.0}


def test_what_is_made_is_let_go_of_when_nobody_wants_more(stopwatch: Stopwatch) -> None:
    closed = []

    def hold() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.append(True)

    made = stopwatch.making("see", "pictures", hold())
    next(made)
    del made
    assert closed


def test_a_queue_is_as_full_as_it_was_over_time(clock: Clock, stopwatch: Stopwatch) -> None:
    change = stopwatch.queue("look", 4)
    clock.now_s += 5
    change(1)
    change(1)
    clock.now_s += 10
    change(-1)
    clock.now_s += 5
    with stopwatch.at("look", "ocr"):
        pass
    (stage,) = stopwatch.profile().stages
    assert stage == Stage("look", "ocr", 0.0, (2 * 10 + 1 * 5) / (4 * 20))


def test_the_queues_of_a_lane_count_together(clock: Clock, stopwatch: Stopwatch) -> None:
    full, _empty = stopwatch.queue("look", 1), stopwatch.queue("look", 1)
    full(1)
    clock.now_s += 4
    with stopwatch.at("look", "ocr"):
        pass
    assert stopwatch.profile().stages[0].queue_fill == 0.5


def test_channels_tell_of_what_comes_and_goes() -> None:
    told: list[int] = []
    lanes = Lanes()
    channel: Channel[str] = lanes.channel(2, told.append)
    channel.put("a")
    channel.put("b")
    next(iter(channel))
    assert told == [1, 1, -1]


def test_the_processors_time_is_that_since_it_began(clock: Clock, stopwatch: Stopwatch) -> None:
    clock.now_s += 10
    clock.spent_s = (15.0, 7.0)
    profile = stopwatch.profile()
    assert (profile.cpu_s, profile.decoders_cpu_s) == (8.0, 4.0)
    assert profile.cores_busy == pytest.approx(12.0 / (10.0 * profile.cores))


def test_stages_stand_lane_by_lane(stopwatch: Stopwatch) -> None:
    for lane, stage in (("examine", "probe"), ("look", "frame"), ("examine", "hash")):
        with stopwatch.at(lane, stage):
            pass
    stages = [(s.lane, s.name) for s in stopwatch.profile().stages]
    assert stages == [("examine", "probe"), ("examine", "hash"), ("look", "frame")]


def test_nobody_looking_changes_nothing() -> None:
    idle = Unwatched()
    items = [1, 2]
    assert idle.making("see", "pictures", items) is items
    assert idle.queue("look", 1) is None
    with idle.at("look", "ocr"):
        pass
