"""Which packets a quick look leaves out, on made-up ones."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from vidcut.readers import _thinning
from vidcut.readers._thinning import thinned

if TYPE_CHECKING:
    from collections.abc import Iterable

BASE = Fraction(1, 10)
"""A tick is a tenth of a second, and so is a picture."""


@dataclass(frozen=True)
class Packet:
    pts: int | None
    is_keyframe: bool
    size: int = 100


def film(*keys: int, end: int) -> list[Packet]:
    return [Packet(tick, tick in keys) for tick in range(end)]


def kept(packets: Iterable[Packet]) -> list[int | None]:
    return [packet.pts for packet in thinned(packets, BASE)]


def test_key_frames_stand_for_what_lies_between_them() -> None:
    assert kept(film(0, 10, 30, end=33)) == [0, 10, 30, 31, 32]


def test_a_longer_gap_is_decoded_as_far_as_a_sample_falls_in_it() -> None:
    assert kept(film(0, 55, end=56)) == [*range(41), 55]
    assert kept(film(0, 40, end=41)) == [*range(21), 40]
    assert kept(film(0, 20, end=21)) == [0, 20]


def test_the_last_group_is_whole_so_that_the_end_is_seen() -> None:
    assert kept(film(0, end=30)) == [*range(30)]


def test_of_pictures_that_all_stand_alone_some_are_enough() -> None:
    alone = [Packet(tick, is_keyframe=True) for tick in range(20)]
    assert kept(alone) == [0, 3, 5, 8, 10, 13, 15, 18, 19]


def test_what_is_kept_hangs_on_the_clock_and_not_on_where_reading_begins() -> None:
    alone = [Packet(tick, is_keyframe=True) for tick in range(40)]
    assert kept(alone[15:]) == kept(alone)[6:]


def test_what_precedes_the_first_key_frame_is_left_to_the_decoder() -> None:
    assert kept(film(5, 10, end=12)) == [0, 1, 2, 3, 4, 5, 10, 11]


def test_without_times_all_is_decoded() -> None:
    timeless = [Packet(None, is_keyframe=number % 5 == 0) for number in range(12)]
    assert kept(timeless) == [None] * 12


@pytest.mark.parametrize("limit", ["_MOST_PACKETS", "_MOST_BYTES"])
def test_no_more_is_held_back_than_may_be(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(_thinning, limit, 7 if limit == "_MOST_PACKETS" else 750)
    taken = 0

    def counted() -> Iterable[Packet]:
        nonlocal taken
        for packet in film(0, 15, end=30):
            taken += 1
            yield packet

    first = next(iter(thinned(counted(), BASE)))
    assert (first.pts, taken) == (0, 8)
    assert kept(film(0, 15, end=30)) == [*range(30)]
