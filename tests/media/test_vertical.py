"""A 9:16 clip shows what stands out: a chequered ball before a dull wall, drawn for the purpose."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest

import vidcut
from vidcut import following
from vidcut.cutting import CutPlan
from vidcut.finish import Finish, Size
from vidcut.modes import Crop, Mode, Shape
from vidcut.readers import pyav
from vidcut.records import Clip, Failure, Span
from vidcut.viewing import Here

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

WIDTH, HEIGHT, RATE = 320, 180, 25
BALL_PX = 20
RED = (225, 40, 30)


@dataclass(frozen=True)
class Film:
    """A film in which the ball is somewhere, in shares of the width and height, at each frame."""

    path: Path
    places: list[tuple[float, float]]


def wall(width: int, height: int, shade: int) -> NDArray[np.uint8]:
    noise = np.random.default_rng(shade).integers(-4, 5, (height, width, 3))
    return np.asarray(np.clip(noise + shade, 0, 255), dtype=np.uint8)


def draw(picture: NDArray[np.uint8], at: tuple[float, float]) -> None:
    height, width = picture.shape[:2]
    row, column = np.mgrid[:height, :width]
    ball = np.hypot(column - at[0] * width, row - at[1] * height) < BALL_PX
    chequered = (column // 5 + row // 5) % 2 == 0
    picture[ball] = (250, 200, 40)
    picture[ball & chequered] = RED


def film(
    path: Path,
    places: list[tuple[float, float]],
    *,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    shades: Callable[[int], int] = lambda _: 120,
    **stream: Any,
) -> Film:
    times = stream.pop("times", range(len(places)))
    with av.open(os.fspath(path), "w") as container:
        picture = container.add_stream("libx264", rate=RATE, options={"crf": "18"})
        picture.width, picture.height, picture.pix_fmt = *size, "yuv420p"
        picture.thread_count = 1
        for name, value in stream.items():
            setattr(picture, name, value)
        for index, (time, at) in enumerate(zip(times, places, strict=True)):
            pixels = wall(*size, shades(index))
            draw(pixels, at)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, RATE)
            container.mux(picture.encode(frame))
        container.mux(picture.encode())
    return Film(path, places)


def made(film: Film, output: Path, span: Span, finish: Finish) -> Clip:
    (clip,) = vidcut.cut([CutPlan(film.path, span, output, Mode.EXACT, finish)])
    assert not isinstance(clip, Failure)
    return clip


def reds(path: Path | str) -> list[float]:
    """How much of each frame of a clip is the ball's red, in pixels of the film."""
    with av.open(os.fspath(path)) as container:
        return [
            float((np.abs(frame.to_ndarray(format="rgb24").astype(int) - RED).sum(2) < 150).sum())
            for frame in container.decode(container.streams.video[0])
        ]


def size(path: Path | str) -> tuple[int, int]:
    with av.open(os.fspath(path)) as container:
        stream = container.streams.video[0]
        return stream.width, stream.height


FOLLOWING = Finish(shape=Shape.VERTICAL)
CENTRED = Finish(shape=Shape.VERTICAL, crop=Crop.CENTRE)


@pytest.fixture(scope="module")
def crossing(tmp_path_factory: pytest.TempPathFactory) -> Film:
    """From left to right, in four seconds."""
    places = [(0.1 + 0.8 * index / 99, 0.5) for index in range(100)]
    return film(tmp_path_factory.mktemp("crossing") / "crossing.mp4", places)


def test_a_clip_follows_what_crosses_the_picture(crossing: Film, tmp_path: Path) -> None:
    clip = made(crossing, tmp_path / "a.mp4", Span(0, 4_000_000), FOLLOWING)
    whole = max(reds(crossing.path))
    shown = reds(clip.path)
    assert len(shown) == 100
    assert sum(red > 0.75 * whole for red in shown) >= 95
    assert (clip.crop, clip.note, size(clip.path)) == ("subject", "", (100, 180))
    middle = made(crossing, tmp_path / "b.mp4", Span(0, 4_000_000), CENTRED)
    assert sum(red > 0.75 * whole for red in reds(middle.path)) < 50
    assert middle.crop == "centre"


def test_a_clip_from_the_middle_of_a_film_follows_too(crossing: Film, tmp_path: Path) -> None:
    """With the times of the film's begin it would look at the wrong place."""
    finish = replace(FOLLOWING, rate=Fraction(10), size=Size(0, 180))
    clip = made(crossing, tmp_path / "a.mp4", Span(2_400_000, 4_000_000), finish)
    shown = reds(clip.path)
    assert len(shown) == 16
    assert size(clip.path) == (180, 320)
    assert sum(red > 0.5 * max(shown) for red in shown) == 16


def test_a_crop_jumps_where_the_shot_does(tmp_path: Path) -> None:
    places = [(0.12, 0.5)] * 50 + [(0.88, 0.4)] * 50
    one = film(tmp_path / "cut.mp4", places, shades=lambda index: 70 if index < 50 else 170)
    clip = made(one, tmp_path / "a.mp4", Span(0, 4_000_000), FOLLOWING)
    shown = reds(clip.path)
    assert len(shown) == 100
    assert min(shown) > 0.75 * max(reds(one.path))
    centred = made(one, tmp_path / "b.mp4", Span(0, 4_000_000), CENTRED)
    assert max(reds(centred.path)) < 0.1 * max(shown)


def test_frames_of_any_length_are_followed(tmp_path: Path) -> None:
    times = [index + index // 3 * 2 for index in range(60)]
    places = [(0.12, 0.5)] * 30 + [(0.88, 0.4)] * 30
    shades = [70] * 30 + [170] * 30
    one = film(tmp_path / "vfr.mp4", places, shades=shades.__getitem__, times=times)
    clip = made(one, tmp_path / "a.mp4", Span(0, 4_000_000), FOLLOWING)
    shown = reds(clip.path)
    assert len(shown) == 60
    assert min(shown) > 0.75 * max(reds(one.path))


def test_a_tall_picture_is_followed_up_and_down(tmp_path: Path) -> None:
    one = film(tmp_path / "tall.mp4", [(0.5, 0.1)] * 50, size=(120, 320))
    clip = made(one, tmp_path / "a.mp4", Span(0, 2_000_000), FOLLOWING)
    assert size(clip.path) == (120, 212)
    assert min(reds(clip.path)) > 0.75 * max(reds(one.path))
    centred = made(one, tmp_path / "b.mp4", Span(0, 2_000_000), CENTRED)
    assert max(reds(centred.path)) < 0.1 * max(reds(one.path))


def test_oblong_pixels_are_followed_as_they_are_shown(tmp_path: Path) -> None:
    ratio = Fraction(2)
    places = [(0.9, 0.5)] * 50
    one = film(tmp_path / "wide.mp4", places, size=(160, 180), sample_aspect_ratio=ratio)
    clip = made(one, tmp_path / "a.mp4", Span(0, 2_000_000), FOLLOWING)
    assert size(clip.path) == (100, 180)
    assert min(reds(clip.path)) > 1.5 * max(reds(one.path))


def test_nothing_that_stands_out_is_shown_from_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "wall.mp4"
    film(path, [(-1.0, -1.0)] * 50)
    found = following.follow(Here(pyav.create()), path, Span(0, 2_000_000))
    assert (found.way, found.shots, found.followed) == ((), 1, 0)
    clip = made(Film(path, []), tmp_path / "a.mp4", Span(0, 2_000_000), FOLLOWING)
    assert (clip.crop, clip.note) == ("centre", "nothing stands out, cropped from the middle")


def test_what_cannot_be_read_fails_as_it_did(tmp_path: Path) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(b"no film")
    (failed,) = vidcut.cut(
        [CutPlan(path, Span(0, 1_000_000), tmp_path / "a.mp4", Mode.EXACT, FOLLOWING)]
    )
    assert isinstance(failed, Failure)
    assert "cannot be read" in failed.reason


@pytest.mark.parametrize("crop", [Crop.SUBJECT, Crop.CENTRE])
def test_of_sound_alone_nothing_is_cropped_and_nothing_said_to_be(
    tmp_path: Path, crop: Crop
) -> None:
    source = Path(__file__).parents[2] / "sample_media" / "voice-note.m4a"
    finish = replace(FOLLOWING, crop=crop)
    plan = CutPlan(source, Span(0, 1_000_000), tmp_path / "clip.m4a", Mode.EXACT, finish)
    (clip,) = vidcut.cut([plan])
    assert isinstance(clip, Clip)
    assert (clip.crop, clip.note) == ("", "it has no pictures to crop")
