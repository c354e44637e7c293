"""What holds of every way of a crop: inside the picture, slow within a shot, still where it can."""

from __future__ import annotations

import subprocess
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcut import ffmpeg, framing
from vidcut.framing import MIDDLE, Corner, Sight, expression, place, way
from vidcut.records import SECOND_US

LOOK_US = 200_000
SPEED = 0.4
"""Rooms a second, of the ways here."""


@st.composite
def sightings(draw: st.DrawFn, start_us: int = 0, *, least: int = 0) -> list[Sight]:
    """What was seen in a shot, some looks of which saw nothing."""
    result: list[Sight] = []
    for index in range(draw(st.integers(least, 60))):
        if draw(st.booleans()) or not result:
            places = sorted(draw(st.integers(0, 32)) / 32 for _ in range(3))
            result.append(Sight(start_us + index * LOOK_US, places[1], places[0], places[2]))
    return result


@st.composite
def films(draw: st.DrawFn) -> tuple[list[tuple[int, list[Sight]]], int]:
    """Shots, and where the last one ends."""
    shots, start_us = [], 0
    for _ in range(draw(st.integers(1, 4))):
        shots.append((start_us, draw(sightings(start_us))))
        start_us += 60 * LOOK_US + draw(st.integers(0, SECOND_US))
    return shots, start_us


@given(films())
def test_a_crop_never_leaves_the_picture(film: tuple[list[tuple[int, list[Sight]]], int]) -> None:
    shots, end_us = film
    corners = way(shots, end_us, speed=SPEED)
    assert all(0 <= one.at <= 1 for one in corners)
    assert (corners[0].time_us, corners[-1].time_us) == (0, end_us)
    assert all(one.time_us <= two.time_us for one, two in pairwise(corners))


@given(films())
def test_within_a_shot_a_crop_is_no_faster_than_it_may(
    film: tuple[list[tuple[int, list[Sight]]], int],
) -> None:
    shots, end_us = film
    starts = {start_us for start_us, _ in shots}
    for one, two in pairwise(way(shots, end_us, speed=SPEED)):
        lasts_s = (two.time_us - one.time_us) / SECOND_US
        assert abs(two.at - one.at) <= SPEED * lasts_s + 1e-6 or (
            one.time_us == two.time_us and one.time_us in starts
        )


@given(sightings(least=1))
def test_a_crop_sets_out_and_stops_gently(sights: list[Sight]) -> None:
    end_us = 70 * LOOK_US
    corners = way([(0, sights)], end_us, speed=SPEED)
    step_us = framing.STEP_US
    places = [place(corners, time_us) for time_us in range(0, end_us + 1, step_us)]
    speeds = [(two - one) * SECOND_US / step_us for one, two in pairwise(places)]
    most = 2 * SPEED * step_us / framing.SMOOTHED_US
    # Straightening moves no place by more than a 4096th, and so no speed by more than this.
    slack = 4 / 4096 * SECOND_US / step_us
    assert all(abs(two - one) <= most + slack for one, two in pairwise(speeds))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.floats(0, 1))
def test_a_subject_that_stays_in_sight_is_shown_standing_still(
    best: list[float], there: float
) -> None:
    sights = [
        Sight(index * LOOK_US, at, min(at, there), max(at, there)) for index, at in enumerate(best)
    ]
    corners = way([(0, sights)], 5 * SECOND_US, speed=SPEED)
    (at,) = {one.at for one in corners}
    assert all(one.least <= at <= one.most for one in sights)
    assert len(corners) == 2


@given(st.floats(0, 1))
def test_a_subject_that_does_not_move_stays_where_it_is_best_seen(at: float) -> None:
    sights = [Sight(index * LOOK_US, at, at, at) for index in range(9)]
    assert {one.at for one in way([(0, sights)], 2 * SECOND_US, speed=SPEED)} == {at}


@given(st.lists(st.integers(1, 10 * SECOND_US), min_size=1, max_size=5))
def test_without_evidence_it_is_the_middle(lengths: list[int]) -> None:
    starts = [sum(lengths[:index]) for index in range(len(lengths))]
    corners = way([(start, ()) for start in starts], sum(lengths), speed=SPEED)
    assert {one.at for one in corners} == {MIDDLE}


@given(sightings(least=1))
def test_the_taut_way_shows_all_that_was_seen(sights: list[Sight]) -> None:
    taut = framing._taut(sights)
    for one in sights:
        assert one.least - 1e-9 <= place(taut, one.time_us) <= one.most + 1e-9


def test_a_crop_jumps_with_the_shot() -> None:
    left, right = Sight(0, 0.1, 0.1, 0.1), Sight(SECOND_US, 0.9, 0.9, 0.9)
    corners = way([(0, [left]), (SECOND_US, [right])], 2 * SECOND_US, speed=SPEED)
    assert place(corners, SECOND_US - 1) == 0.1
    assert place(corners, SECOND_US) == 0.9


def test_a_long_restless_way_is_still_one_that_ffmpeg_can_be_told() -> None:
    shots = [
        (
            number * SECOND_US,
            [Sight(number * SECOND_US, at, at, at) for at in [(number * 7919 % 101) / 100]],
        )
        for number in range(5000)
    ]
    corners = way(shots, 5000 * SECOND_US, speed=SPEED)
    assert len(corners) <= framing.MAX_CORNERS
    text = expression(corners)
    assert len(text) < 100_000
    deepest = max(text[:index].count("(") - text[:index].count(")") for index in range(2000))
    assert deepest < 50


@pytest.mark.parametrize("step_us", [40_000, 41_708])
def test_ffmpeg_finds_the_places_that_are_meant(step_us: int) -> None:
    """Worked out by ffmpeg itself, for each frame of a clock."""
    corners = (
        Corner(0, 0.25),
        Corner(10 * step_us, 0.25),
        Corner(20 * step_us, 0.75),
        Corner(30 * step_us, 0.75),
        Corner(30 * step_us, 0.0),
        Corner(40 * step_us, 0.0),
        Corner(50 * step_us, 1.0),
    )
    picture = "nullsrc=s=1000x2:r=25:d=2.4,format=gray,geq=lum='mod(X,250)'"
    clock = f"settb=1/1000000,setpts=N*{step_us}"
    crop = f"crop=100:2:x='trunc(900*({expression(corners)})/2)*2':y=0,crop=2:2:0:0:exact=1"
    command = [
        *(str(ffmpeg.find().path), "-v", "error", "-f", "lavfi", "-i", f"{picture},{clock},{crop}"),
        *("-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-"),
    ]
    shown = subprocess.run(command, capture_output=True, check=True).stdout[::4]
    places = [place(corners, index * step_us) for index in range(len(shown))]
    assert len(shown) == 60
    for index, (at, level) in enumerate(zip(places, shown, strict=True)):
        off = (level - 900 * at) % 250
        assert min(off, 250 - off) <= 3, index
