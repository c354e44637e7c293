from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from vidcut import shots
from vidcut.readers import pyav
from vidcut.records import SECOND_US

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vidcut.records import Picture

SAMPLES = Path(__file__).resolve().parents[2] / "sample_media"
RATE = 25


@dataclass(frozen=True, eq=False)
class Still:
    time_us: int
    shown: Picture

    def picture(self, longest_px: int) -> Picture:
        assert longest_px == shots.THUMBNAIL_PX
        return self.shown


def scene(seed: int) -> Picture:
    """Something with structure: blocks of colour, noise on top."""
    random = np.random.default_rng(seed)
    blocks = random.integers(0, 256, (4, 6, 3)).repeat(9, axis=0).repeat(10, axis=1)
    return np.asarray((blocks + random.integers(-4, 5, blocks.shape)).clip(0, 255), dtype=np.uint8)


def film(pictures: Iterable[Picture], *, rate: int = RATE) -> list[Still]:
    return [Still(n * SECOND_US // rate, picture) for n, picture in enumerate(pictures)]


def cuts(frames: Iterable[Still]) -> list[int]:
    """The numbers of the frames that a shot begins with."""
    return [n for n, (_, is_cut) in enumerate(shots.mark_cuts(frames)) if is_cut]


def noisy(picture: Picture, seed: int) -> Picture:
    noise = np.random.default_rng(seed).integers(-6, 7, picture.shape)
    return np.asarray((picture + noise).clip(0, 255), dtype=np.uint8)


def held(seed: int, count: int) -> list[Picture]:
    return [noisy(scene(seed), 1000 * seed + n) for n in range(count)]


def panned(seed: int, count: int, *, step_px: int = 1) -> list[Picture]:
    wide = np.concatenate([scene(seed), scene(seed + 1)], axis=1)
    return [wide[:, n * step_px : n * step_px + 60] for n in range(count)]


def test_every_frame_comes_out_once_and_in_order() -> None:
    frames = film(held(1, 7))
    assert [frame for frame, _ in shots.mark_cuts(frames)] == frames
    assert list(shots.mark_cuts([])) == []


@pytest.mark.parametrize("length", [7, 8, 25, 100])
def test_hard_cuts_are_found_to_the_frame(length: int) -> None:
    pictures = itertools.chain.from_iterable(held(seed, length) for seed in range(6))
    assert cuts(film(pictures)) == [length * n for n in range(1, 6)]


def test_a_cut_between_moving_shots_is_found() -> None:
    assert cuts(film([*panned(1, 40), *panned(7, 40)])) == [40]


def test_a_cut_stands_out_at_either_end() -> None:
    assert cuts(film([*held(1, 1), *held(2, 20)])) == [1]
    assert cuts(film([*held(1, 20), *held(2, 1)])) == [20]


def test_a_still_picture_a_pan_and_noise_are_no_cuts() -> None:
    assert cuts(film(held(1, 50))) == []
    assert cuts(film([scene(1)] * 50)) == []
    assert cuts(film(panned(1, 50))) == []
    assert cuts(film(panned(1, 20, step_px=3))) == []


def test_a_fade_and_a_dissolve_are_no_cuts() -> None:
    one, other = scene(1).astype(float), scene(2).astype(float)
    dissolve = [(one + (other - one) * n / 25).astype(np.uint8) for n in range(26)]
    fade = [(one * (25 - n) / 25).astype(np.uint8) for n in range(26)]
    assert cuts(film([*held(1, 20), *dissolve, *held(2, 20)])) == []
    assert cuts(film([*held(1, 20), *fade, *fade[::-1], *held(1, 20)])) == []


@pytest.mark.parametrize("length", [1, 2])
def test_a_flash_is_no_cut(length: int) -> None:
    white = [np.full((36, 60, 3), 250, dtype=np.uint8)] * length
    assert cuts(film([*held(1, 30), *white, *held(1, 30)])) == []


def test_no_shot_is_shorter_than_a_blink() -> None:
    pictures = itertools.chain.from_iterable(held(seed, 5) for seed in range(8))
    found = [n * SECOND_US // RATE for n in cuts(film(pictures))]
    assert all(b - a >= shots._SHORTEST_SHOT_US for a, b in itertools.pairwise(found))


def test_a_stream_that_changes_its_shape_begins_a_shot() -> None:
    upright = [picture.swapaxes(0, 1) for picture in held(1, 20)]
    assert cuts(film([*held(1, 20), *upright])) == [20]


@pytest.mark.parametrize("start", [30, 55, 95, 96, 97, 98, 99, 100, 101, 140])
def test_a_film_taken_up_in_the_middle_has_the_same_cuts(start: int) -> None:
    """From a second further on; flicker that never ends is the hardest case."""
    flicker = itertools.chain.from_iterable(held(seed, 5) for seed in range(10))
    frames = film([*held(1, 50), *held(2, 50), *flicker, *held(3, 50)])
    whole = {frame.time_us: is_cut for frame, is_cut in shots.mark_cuts(frames)}
    for frame, is_cut in list(shots.mark_cuts(frames[start:]))[RATE:]:
        assert whole[frame.time_us] == is_cut


def truth(name: str) -> list[float]:
    facts = json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))
    return [start for start, _ in facts["shots"][1:]]


@pytest.mark.parametrize("name", ["cafe.webm", "pets.mp4", "space.mkv", "travel.mp4"])
def test_the_samples_have_the_shots_that_they_were_made_of(name: str) -> None:
    frames = pyav.create().frames(SAMPLES / name)
    found = [frame.time_us / SECOND_US for frame, is_cut in shots.mark_cuts(frames) if is_cut]
    assert found == pytest.approx(truth(Path(name).stem), abs=0.05)
