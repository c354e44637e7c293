from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from vidcut import lanes
from vidcut.lanes import Lanes, Stopped, side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vidcut.lanes import Channel


@pytest.fixture(autouse=True)
def _heard_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "_HEARTBEAT_S", 0.01)


@pytest.fixture
def group() -> Iterator[Lanes]:
    before = set(threading.enumerate())
    made = Lanes()
    yield made
    assert made.stop(2.0)
    assert set(threading.enumerate()) <= before


def twice(number: int) -> Iterator[int]:
    yield number
    yield number


def test_what_goes_in_comes_out_in_order(group: Lanes) -> None:
    between: Channel[int] = group.channel(1)
    out: Channel[int] = group.channel(1)
    group.start("one", twice, range(50), between)
    group.start("two", twice, between, out)
    made = iter(out)
    assert [next(made) for _ in range(200)] == [n for n in range(50) for _ in range(4)]


def test_a_slow_end_holds_up_the_beginning(group: Lanes) -> None:
    begun: list[int] = []

    def note(number: int) -> Iterator[int]:
        begun.append(number)
        yield number

    out: Channel[int] = group.channel(2)
    group.start("quick", note, range(1000), out)
    time.sleep(0.05)
    assert len(begun) <= 4


def test_what_ends_a_lane_ends_them_all_and_comes_out(group: Lanes) -> None:
    def fail(number: int) -> Iterator[int]:
        if number == 3:
            raise KeyError(number)
        yield number

    out: Channel[int] = group.channel(0)
    group.start("fails", fail, range(9), out)
    group.start("waits", twice, group.channel(0), out)
    with pytest.raises(Stopped):
        list(out)
    with pytest.raises(KeyError, match="3"):
        group.check()


def test_a_lane_that_was_stopped_did_not_fail(group: Lanes) -> None:
    out: Channel[int] = group.channel(1)
    group.start("full", twice, range(9), out)
    assert group.stop(1.0)
    assert group.stopping
    group.check()
    with pytest.raises(Stopped):
        out.put(1)
    with pytest.raises(Stopped):
        next(iter(out))


def test_a_stopped_lane_lets_go_of_what_it_holds(group: Lanes) -> None:
    closed = threading.Event()

    def hold(number: int) -> Iterator[int]:
        try:
            while True:
                yield number
        finally:
            closed.set()

    out: Channel[int] = group.channel(1)
    group.start("holds", hold, [1], out)
    next(iter(out))
    assert group.stop(1.0)
    assert closed.is_set()


def test_permits_are_waited_for(group: Lanes) -> None:
    permits = threading.Semaphore(2)
    out: Channel[int] = group.channel(0)
    group.start("permitted", twice, group.permitted(range(9), permits), out)
    made = iter(out)
    assert [next(made) for _ in range(4)] == [0, 0, 1, 1]
    time.sleep(0.03)
    permits.release()
    assert [next(made) for _ in range(2)] == [2, 2]


def test_a_lane_that_does_not_listen_is_told_of(group: Lanes) -> None:
    done = threading.Event()

    def deaf(number: int) -> Iterator[int]:
        done.wait(5)
        yield number

    group.start("deaf", deaf, [1], group.channel(1))
    assert not group.stop(0.05)
    done.set()


def test_calls_are_made_at_once_and_answer_in_order() -> None:
    meeting = threading.Barrier(3)

    def meet(number: int) -> int:
        meeting.wait(5)
        return number

    assert side_by_side([lambda n=n: meet(n) for n in range(3)]) == [0, 1, 2]  # type: ignore[misc]
    assert side_by_side([]) == []


@pytest.mark.parametrize("place", [0, 1])
def test_what_a_call_raises_comes_out_when_all_are_over(place: int) -> None:
    over = []

    def fail() -> None:
        raise KeyError(place)

    def last() -> None:
        time.sleep(0.05)
        over.append(1)

    with pytest.raises(KeyError):
        side_by_side([last, fail] if place else [fail, last])
    assert over == [1]
