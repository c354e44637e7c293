"""Where text is looked for: never less than there is, and as little more as can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from vidcut.modalities import _lettered
from vidcut.modalities._lettered import CELL_PX, Area

if TYPE_CHECKING:
    from vidcut.records import Picture

WIDTH, HEIGHT = 640, 360


def plain() -> Picture:
    """A slope from dark to light, as a sky has."""
    slope = np.linspace(40, 200, WIDTH)[None, :, None] * np.linspace(0.6, 1, HEIGHT)[:, None, None]
    return np.broadcast_to(slope, (HEIGHT, WIDTH, 3)).astype(np.uint8)


def written(text: str, place: tuple[int, int], size_px: int, strength: float = 1) -> Picture:
    image = Image.fromarray(plain())
    pen = ImageDraw.Draw(image)
    pen.text(place, text, font=ImageFont.load_default(size_px), fill="white", stroke_width=1,
             stroke_fill="black")  # fmt: skip
    mixed = plain() + (np.asarray(image) - plain().astype(float)) * strength
    return np.asarray(mixed, dtype=np.uint8)


def looked(picture: Picture) -> list[Area]:
    return _lettered.areas(_lettered.cells(picture), picture)


def test_a_picture_without_strokes_is_not_looked_at() -> None:
    assert looked(plain()) == []


@pytest.mark.parametrize("size_px", [9, 13, 30, 80])
@pytest.mark.parametrize("strength", [1, 0.15])
def test_a_line_is_looked_at_whole_and_little_else(size_px: int, strength: float) -> None:
    picture = written("Exit 45", (300, 200), size_px, strength)
    differs = np.abs(picture.astype(int) - plain()).max(axis=2) > 0
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    (area,) = looked(picture)
    assert area.top <= rows[0]
    assert area.bottom > rows[-1]
    assert area.left <= columns[0]
    assert area.right > columns[-1]
    reach = 4 * CELL_PX
    assert area.pixels <= (np.ptp(rows) + 2 * reach) * (np.ptp(columns) + 2 * reach)


def test_two_lines_far_apart_are_looked_at_one_by_one() -> None:
    both = np.minimum(written("left", (20, 20), 16), written("right", (500, 300), 16))
    one, other = looked(both)
    assert {one.top < HEIGHT / 2, other.top < HEIGHT / 2} == {True, False}
    assert one.pixels + other.pixels < WIDTH * HEIGHT / 4


def test_what_is_full_of_strokes_is_looked_at_in_one_go() -> None:
    noise = np.random.default_rng(3).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    assert looked(noise) == [Area(0, HEIGHT, 0, WIDTH)]


@given(st.data(), st.integers(33, 700), st.integers(33, 700))
def test_all_that_is_wanted_is_looked_at_once(data: st.DataObject, width: int, height: int) -> None:
    """Parts do not overlap, and what the detector is given holds its part in a shape it takes."""
    picture = np.broadcast_to(np.uint8(0), (height, width, 3))
    wanted = np.zeros(_lettered.grid(picture), np.bool_)
    for _ in range(data.draw(st.integers(0, 6))):
        row = data.draw(st.integers(0, wanted.shape[0] - 1))
        wanted[row, data.draw(st.integers(0, wanted.shape[1] - 1))] = True
    times = np.zeros((height, width), int)
    for part in _lettered.areas(wanted, picture):
        times[part.top : part.bottom, part.left : part.right] += 1
        seen = _lettered.looked_at(part, picture)
        assert 0 <= seen.top <= part.top < part.bottom <= seen.bottom <= height
        assert 0 <= seen.left <= part.left < part.right <= seen.right <= width
        tall, wide = seen.bottom - seen.top, seen.right - seen.left
        assert tall == height or (tall % 32 == 0 and wide <= 8 * tall)
        assert wide == width or wide % 32 == 0
    assert times.max(initial=0) <= 1
    assert all(times[row * CELL_PX, column * CELL_PX] for row, column in np.argwhere(wanted))
