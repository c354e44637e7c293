"""Where to stop, what belongs together, and times through joints."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vidcut.modalities._speech import (
    RATE_HZ,
    Clock,
    excerpts,
    joined,
    pieces,
    place_to_stop,
    regions,
    until,
)
from vidcut.modalities._whisper import _without_padding
from vidcut.records import SECOND_US

S = RATE_HZ


def hum(seconds: float, loudness: float = 0.1) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    times = np.arange(int(seconds * S)) / S
    return (loudness * np.sin(440 * times)).astype(np.float32)


def test_silence_holds_no_speech() -> None:
    assert regions(np.zeros(3 * S, dtype=np.float32)) == []
    assert regions(np.zeros(0, dtype=np.float32)) == []


def test_stops_in_the_longest_silence_of_the_latter_half() -> None:
    spoken = [(0, 10 * S), (25 * S, 40 * S), (41 * S, 50 * S), (53 * S, 60 * S)]
    assert place_to_stop(spoken, hum(60)) == 53 * S - S // 2


def test_stops_at_the_quietest_where_nobody_is_silent() -> None:
    samples = hum(60)
    samples[47 * S : 47 * S + S // 5] = 0
    assert abs(place_to_stop([(0, 60 * S)], samples) - 47 * S) <= S // 5


def test_stops_at_the_end_where_nobody_speaks() -> None:
    assert place_to_stop([], hum(60)) == 60 * S - S // 2


def test_what_comes_after_the_stop_is_left() -> None:
    assert until([(0, 5), (7, 9), (12, 20)], 8) == [(0, 5), (7, 8)]


def test_pieces_end_at_pauses_when_they_are_long_enough() -> None:
    spoken = [(0, S), (2 * S, 4 * S + S // 2), (5 * S, 9 * S), (9 * S + 9, 11 * S)]
    assert pieces(spoken) == [spoken[:2], spoken[2:]]
    assert pieces([]) == []


def test_excerpts_are_what_can_be_heard_between_the_speech() -> None:
    samples = np.concatenate([hum(10), hum(5, 0.0001), hum(3), hum(1)])
    found = excerpts([(9 * S, 10 * S), (18 * S, 19 * S)], samples, 19 * S)
    assert found == [(0, 8 * S), (10 * S, 18 * S)]
    assert excerpts([], hum(10, 0.0), 10 * S) == []


def test_a_word_across_a_joint_goes_where_more_of_it_lies() -> None:
    spoken = [(S, 3 * S), (10 * S, 12 * S)]
    clock = Clock(spoken)
    assert clock.span_us(0.5, 1.0) == (3 * SECOND_US // 2, 2 * SECOND_US)
    assert clock.span_us(1.2, 2.05) == (22 * SECOND_US // 10, 3 * SECOND_US)
    assert clock.span_us(1.8, 2.6) == (10 * SECOND_US, 106 * SECOND_US // 10)
    assert clock.span_us(1.95, 2.05) == (10 * SECOND_US, 1005 * SECOND_US // 100)


@given(
    st.lists(st.tuples(st.integers(1, 9 * S), st.integers(1, 9 * S)), min_size=1, max_size=12),
    st.floats(0, 200),
    st.floats(0, 5),
)
def test_times_lie_in_a_region_whatever_whisper_says(
    steps: list[tuple[int, int]], start_s: float, length_s: float
) -> None:
    spoken, place = [], 0
    for gap, length in steps:
        spoken.append((place + gap, place + gap + length))
        place += gap + length
    start, end = Clock(spoken).span_us(start_s, start_s + length_s)
    assert start <= end
    assert any(
        first * SECOND_US // S <= start and end <= past * SECOND_US // S for first, past in spoken
    )


@given(
    st.lists(st.integers(0, 20 * S), max_size=12, unique=True),
    st.integers(2 * S, 20 * S),
)
def test_always_gets_on_by_half(edges: list[int], length: int) -> None:
    edges = sorted(min(edge, length) for edge in edges)
    spoken = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False) if a < b]
    length -= length % 2
    stop = place_to_stop(until(spoken, length), hum(length / S))
    assert length // 2 <= stop <= length
    assert stop % 2 == 0


def test_joins_regions() -> None:
    samples = np.arange(10, dtype=np.float32)
    assert joined(samples, [(1, 3), (7, 8)]).tolist() == [1, 2, 7]


def test_whisper_is_spared_the_silence_that_nobody_recorded() -> None:
    sound = np.full((80, 3000), -0.5, dtype=np.float32)
    sound[:, 1200:] = 0
    sound[3:, 1199] = 0  # one band is enough
    assert _without_padding(sound).shape == (80, 1700)
    assert _without_padding(sound[np.newaxis]).shape == (1, 80, 1700)
    sound[:, 2900] = 1
    assert _without_padding(sound).shape == (80, 3000)
    assert _without_padding(np.zeros((80, 3000), np.float32)).shape == (80, 500)
    assert _without_padding(np.zeros((80, 431), np.float32)).shape == (80, 431)
