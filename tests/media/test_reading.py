"""Reading real footage: what made clips do not show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vidcut.readers import pyav
from vidcut.readers._cues import plain
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
