"""Reading real footage: what made clips do not show."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from vidcut.readers import pyav
from vidcut.readers._cues import plain
from vidcut.readers._pictures import Scaler
from vidcut.readers._timing import without_strays
from vidcut.records import SECOND_US

VIDEOS = Path(__file__).resolve().parents[2] / ".." / "shared" / "media" / "videos"

real = pytest.mark.skipif(not VIDEOS.is_dir(), reason="the real footage is not on this machine")


@real
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("seconds", [3.8, 5, 9])
def test_pictures_after_a_seek_are_those_of_reading_through(seconds: float, threads: int) -> None:
    """Only this stream's first packet says that an old x264 made it: else all turns green."""
    path = VIDEOS / "imageio_cockatoo.mp4"
    reader = pyav.create(threads=threads)
    start_us = round(seconds * SECOND_US)
    sought = next(reader.frames(path, start_us=start_us))
    passed = next(frame for frame in reader.frames(path) if frame.time_us >= start_us)
    assert sought.time_us == passed.time_us
    assert np.array_equal(sought.picture(64), passed.picture(64))


@real
def test_the_damaged_end_of_a_file_costs_only_itself() -> None:
    times_us = [frame.time_us for frame in pyav.create().frames(VIDEOS / "mmaction_demo.mp4")]
    assert len(times_us) > 9 * 28
    assert times_us == sorted(set(times_us))


@real
def test_embedded_subtitles_are_read() -> None:
    reader = pyav.create()
    track = reader.probe(VIDEOS / "nasa_13013.mp4").subtitles[0]
    cues = reader.cues(VIDEOS / "nasa_13013.mp4", track)
    assert cues
    assert all(cue.text and cue.span.duration > 0 for cue in cues)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (r"{\an8}{\i1}so{\i0}\Nbe it", "so\nbe it"),
        ("<font color='#fff'>white</font> <b>bold", "white bold"),
        ("3 < 5 and 7 > 2", "3 < 5 and 7 > 2"),
        (r"{\p1}m 0 0 l 100 0 100 100{\p0}caption", "caption"),
        ("ring\x07 \x1b[31mred\u202e", "ring [31mred"),
        ("नमस्ते क्\u200dष", "नमस्ते क्\u200dष"),
        (r"  a\hb  \n\n  ", "a b"),
    ],
)
def test_cues_lose_their_markup_and_keep_their_words(written: str, text: str) -> None:
    assert plain(written) == text


@pytest.mark.parametrize(
    ("times_s", "kept_s"),
    [
        ([0, 1, 95_443, 2, 3], [0, 1, 2, 3]),
        ([0, 1, 60, 61, 62], [0, 1, 60, 61, 62]),
        ([0, 1, 60], [0, 1, 60]),
        ([0, 1, 10**9, 10**9 + 1], [0, 1]),
        ([], []),
    ],
)
def test_a_time_far_ahead_counts_only_where_the_next_goes_on(
    times_s: list[int], kept_s: list[int]
) -> None:
    pairs = ((time_s * SECOND_US, None) for time_s in times_s)
    assert [time_us // SECOND_US for time_us, _ in without_strays(pairs)] == kept_s


@pytest.mark.parametrize("kind", ["yuv420p", "nv12", "yuv422p10le", "yuvj444p", "rgb24", "bgra"])
@pytest.mark.parametrize("size", [(1920, 1080), (1078, 1918), (1280, 200)])
def test_a_picture_of_few_rows_is_that_of_all(kind: str, size: tuple[int, int]) -> None:
    """A slope of three colours, as a scaler that takes every row in makes it small."""
    width, height = size
    across, down = np.linspace(0, 255, width), np.linspace(0, 255, height)
    slope = np.stack(
        np.broadcast_arrays(across, down[:, None], across[::-1] / 2 + down[:, None] / 2), axis=-1
    )
    whole = av.VideoFrame.from_ndarray(slope.astype(np.uint8), format="rgb24").reformat(format=kind)
    small = Scaler(None).picture(whole, 64)
    expected = np.asarray(Image.fromarray(slope.astype(np.uint8)).resize(small.shape[1::-1]))
    assert max(small.shape) == 64
    assert np.abs(small.astype(int) - expected).mean() < 3


def test_a_picture_of_few_rows_is_of_the_frame_that_it_was_asked_of() -> None:
    scaler = Scaler(None)
    greys = [np.full((1080, 1920, 3), grey, np.uint8) for grey in (30, 220, 30)]
    frames = [av.VideoFrame.from_ndarray(grey, format="rgb24") for grey in greys]
    small = [scaler.picture(frame, 64).mean() for frame in frames]
    assert small == pytest.approx([30, 220, 30], abs=2)
