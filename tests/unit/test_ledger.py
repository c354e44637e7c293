"""What was used of a library: the rules, the table, and what a search makes of it."""

from __future__ import annotations

import fcntl
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import vidcut
from vidcut import accounts, ledger, library, pipeline, plugins, query
from vidcut.errors import LibraryBusyError, LibraryNotFoundError
from vidcut.ledger import Use, Used
from vidcut.records import SECOND_US, Chunk, Draft, Media, Space, Span, Video

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from vidcut.accounts import Item
    from vidcut.library import Holdings
    from vidcut.records import Moment, Vector

FLAT = plugins.load("stores", "flat")
SPACE = Space("fake", 2, "1")
LENGTH_US = 60 * SECOND_US
SAID = {10: "hello there", 30: "hello again", 50: "goodbye"}
"""Second → what is said for ten seconds in each video of a library."""


def seconds(start: float, end: float) -> Span:
    return Span(round(start * SECOND_US), round(end * SECOND_US))


# The rules ----------------------------------------------------------------------------

spans = st.tuples(st.integers(0, 99), st.integers(0, 99)).map(lambda two: Span(*sorted(two)))


def times(found: list[Span]) -> set[int]:
    return {time for span in found for time in range(span.start, span.end)}


@given(st.lists(spans))
def test_merged_spans_cover_the_same_and_never_touch(used: list[Span]) -> None:
    found = ledger.merged(used)
    assert times(found) == times(used)
    assert all(one.end < other.start for one, other in pairwise(found))


@given(spans, st.lists(spans))
def test_what_is_left_is_what_was_not_used(whole: Span, used: list[Span]) -> None:
    found = ledger.left(whole, used, least_us=0)
    assert times(found) == times([whole]) - times(used)
    assert times(ledger.left(whole, used, least_us=5)) <= times(found)


def test_too_little_between_two_uses_is_nothing() -> None:
    used = [seconds(2, 4), seconds(4.5, 6)]
    assert ledger.left(seconds(0, 10), used) == [seconds(0, 2), seconds(6, 10)]


def test_a_video_that_is_short_is_still_one_that_was_never_used() -> None:
    assert ledger.left(seconds(0, 0.5), []) == [seconds(0, 0.5)]


def test_uses_past_the_videos_end_take_nothing_more() -> None:
    assert ledger.left(seconds(0, 10), [seconds(8, 30), seconds(40, 50)]) == [seconds(0, 8)]


@pytest.mark.parametrize(
    ("used", "is_mostly"),
    [
        ([], False),
        ([(0, 4.9)], False),
        ([(0, 5)], True),
        ([(0, 2.5), (7.5, 10)], True),
        ([(0, 3), (0, 3), (1, 3)], False),
        ([(20, 30)], False),
    ],
)
def test_half_of_a_span_makes_it_used_and_counts_once(
    used: list[tuple[float, float]], *, is_mostly: bool
) -> None:
    assert ledger.is_mostly_used(seconds(0, 10), [seconds(*one) for one in used]) is is_mostly


def test_an_empty_span_was_not_used() -> None:
    assert not ledger.is_mostly_used(seconds(5, 5), [seconds(0, 10)])


def chunk(modality: str, start: float, end: float, text: str | None) -> Chunk:
    return Chunk(1, 1, modality, seconds(start, end), text)


def test_a_stretch_tells_what_lasts_longest_and_what_is_said_first() -> None:
    video = Video(1, "a.mp4", 1, LENGTH_US, None, "ok")
    chunks = [
        chunk("frame", 0, 10, "cat, dog"),
        chunk("frame", 20, 21, "bird, tree, dog"),
        chunk("asr", 20, 24, "used already"),
        chunk("frame", 40, 41, "sky, sea"),
        chunk("asr", 40, 44, "first words"),
        chunk("frame", 41, 50, "ship, sea"),
        chunk("ocr", 42, 44, "EXIT"),
        chunk("asr", 44, 48, "later words"),
        chunk("frame", 50, 51, None),
    ]
    first, last = ledger.unused(video, [seconds(15, 35)], chunks)
    assert (first.span, last.span) == (seconds(0, 15), seconds(35, 60))
    assert not first.is_whole
    assert first.evidence == (("frame", "cat, dog"),)
    assert last.evidence == (
        ("frame", "sea, ship, sky"),
        ("asr", "first words"),
        ("ocr", "EXIT"),
    )


def test_of_a_whole_video_that_shows_nothing_there_is_nothing_to_tell() -> None:
    video = Video(1, "a.mp4", 1, LENGTH_US, None, "ok")
    (one,) = ledger.unused(video, [], [])
    assert one.is_whole
    assert one.evidence == ()


# The library --------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A library of a.mp4, its copy b.mp4, and c.mp4, a minute each; of d.mp4 nothing is known."""
    made = tmp_path / ".vidcut"
    with library.open_to_write(made, FLAT, create=True) as holdings:
        for name, content in {"a": b"1", "b": b"1", "c": b"2", "d": b""}.items():
            add(holdings, f"{name}.mp4", content)
        holdings.refresh_snapshots(["asr"])
    return made


def add(holdings: Holdings, path: str, content: bytes) -> None:
    catalog = holdings.catalog
    with catalog.writing():
        video_id = catalog.add_video(path, (1, 1), content)
        if not content:
            catalog.set_state(video_id, "failed", "it is no film")
            return
        catalog.describe(video_id, Media("fake", LENGTH_US, None, None))
        catalog.set_state(video_id, "ok")
        drafts = [
            Draft(seconds(at, at + 10), text, np.array([1, 0], np.float32))
            for at, text in SAID.items()
        ]
        holdings.keep(video_id, "asr", SPACE, drafts)


@pytest.fixture
def opened(folder: Path) -> Iterator[vidcut.Library]:
    with vidcut.Library(folder, store="flat") as one:
        yield one


def uses_of(opened: vidcut.Library, name: str) -> list[tuple[Span, str]]:
    return [(use.span, use.what) for use in opened.uses(opened.find(name))]


def test_marked_is_what_is_a_video_of_the_library(opened: vidcut.Library, tmp_path: Path) -> None:
    items: list[Item] = [
        (opened.find("a.mp4"), seconds(1, 2)),
        (tmp_path / "c.mp4", seconds(3, 4)),
        (str(tmp_path / "c.mp4"), seconds(2, 4)),
        (tmp_path / "music.wav", seconds(0, 9)),
        ("/elsewhere/a.mp4", seconds(0, 9)),
        (tmp_path / "c.mp4", seconds(5, 5)),
    ]
    assert opened.mark_used(items, "reel.mp4") == 3
    assert uses_of(opened, "a.mp4") == [(seconds(1, 2), "reel.mp4")]
    assert uses_of(opened, "c.mp4") == [(seconds(2, 4), "reel.mp4"), (seconds(3, 4), "reel.mp4")]
    assert uses_of(opened, "b.mp4") == []


def test_the_same_use_twice_is_one_and_keeps_its_time(opened: vidcut.Library) -> None:
    video = opened.find("a.mp4")
    with library.open_to_write(opened.folder, FLAT) as holdings:
        assert holdings.catalog.uses.add(video.id, Use(seconds(1, 2), "reel.mp4", "2020-01-01"))
    assert opened.mark_used([(video, seconds(1, 2))] * 2, "reel.mp4") == 0
    assert opened.mark_used([(video, seconds(1, 2))], "other.mp4") == 1
    other, reel = opened.uses(video)
    assert (reel.what, reel.at) == ("reel.mp4", "2020-01-01")
    assert other.what == "other.mp4"
    assert other.at.endswith("+00:00")


def test_a_name_that_is_no_text_is_written_down(opened: vidcut.Library) -> None:
    opened.mark_used([(opened.find("a.mp4"), seconds(1, 2))], "reel-\udcff.mp4")
    assert uses_of(opened, "a.mp4") == [(seconds(1, 2), r"reel-\udcff.mp4")]


def test_all_is_marked_or_nothing(opened: vidcut.Library) -> None:
    def items() -> Iterator[tuple[Video, Span]]:
        yield opened.find("a.mp4"), seconds(1, 2)
        raise KeyError

    with pytest.raises(KeyError):
        opened.mark_used(items(), "reel.mp4")
    assert uses_of(opened, "a.mp4") == []


def test_a_busy_library_says_so(opened: vidcut.Library) -> None:
    with (opened.folder / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(LibraryBusyError, match="wait for it"):
            opened.mark_used([(opened.find("a.mp4"), seconds(1, 2))], "reel.mp4")
    assert uses_of(opened, "a.mp4") == []


def test_marking_makes_no_library(tmp_path: Path) -> None:
    with (
        vidcut.Library(tmp_path / "none") as none,
        pytest.raises(LibraryNotFoundError, match="vidcut index"),
    ):
        none.mark_used([("a.mp4", seconds(0, 1))], "reel.mp4")


def test_a_forgotten_video_leaves_no_uses(opened: vidcut.Library) -> None:
    video = opened.find("c.mp4")
    opened.mark_used([(video, seconds(1, 2))], "reel.mp4")
    opened.forget([video])
    assert opened.uses(video) == []
    assert opened.holdings.catalog.uses.spans() == {}


def test_unused_is_each_content_once(opened: vidcut.Library) -> None:
    assert [(one.video.path, one.span) for one in opened.unused()] == [
        ("a.mp4", seconds(0, 60)),
        ("c.mp4", seconds(0, 60)),
    ]


def test_a_use_of_a_copy_is_a_use_of_its_content(opened: vidcut.Library) -> None:
    opened.mark_used([(opened.find("b.mp4"), seconds(0, 40))], "reel.mp4")
    first, other = opened.unused()
    assert (first.video.path, first.span, first.is_whole) == ("a.mp4", seconds(40, 60), False)
    assert first.evidence == (("asr", "goodbye"),)
    assert (other.video.path, other.is_whole) == ("c.mp4", True)


def test_what_is_gone_cannot_be_used(opened: vidcut.Library) -> None:
    with library.open_to_write(opened.folder, FLAT) as holdings:
        holdings.catalog.set_state(opened.find("a.mp4").id, "missing")
        assert [one.video.path for one in accounts.unused(holdings)] == ["b.mp4", "c.mp4"]


# Searching ----------------------------------------------------------------------------


class FakeEncoder:
    """Finds nothing alike, so that words alone decide."""

    space = SPACE

    def query(self, text: str) -> Vector:
        assert text
        return np.array([0, 1], np.float32)

    def passages(self, texts: Any) -> NDArray[np.float32]:
        return np.stack([self.query(text) for text in texts])

    def confidence(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.zeros_like(cosines)

    likeness = confidence


def search(opened: vidcut.Library, words: str, used: Used) -> list[Moment]:
    return pipeline.search(
        opened.holdings,
        query.parse(words),
        pipeline.Wish(min_score=0.1, used=used),
        encoder_of=lambda _: FakeEncoder(),
        pictures={},
    )


def starts(found: list[Moment]) -> list[tuple[str, int]]:
    """Video and second of the evidence."""
    return sorted(
        (moment.video.path, moment.evidence[0].chunk.span.start // SECOND_US) for moment in found
    )


ALL = [("a.mp4", 10), ("a.mp4", 30), ("c.mp4", 10), ("c.mp4", 30)]


@pytest.mark.parametrize(
    ("used", "expected"), [(Used.ALSO, ALL), (Used.EXCLUDED, ALL), (Used.ONLY, [])]
)
def test_where_nothing_was_used(
    opened: vidcut.Library, used: Used, expected: list[tuple[str, int]]
) -> None:
    assert starts(search(opened, "hello", used)) == expected


def test_excluded_is_all_that_touches_what_was_used(opened: vidcut.Library) -> None:
    opened.mark_used([(opened.find("b.mp4"), seconds(19, 21))], "reel.mp4")  # a copy of a.mp4
    opened.mark_used([(opened.find("c.mp4"), seconds(40, 50))], "reel.mp4")
    assert starts(search(opened, "hello", Used.ALSO)) == ALL
    found = search(opened, "hello", Used.EXCLUDED)
    assert starts(found) == [("a.mp4", 30), ("c.mp4", 10), ("c.mp4", 30)]
    gone = opened.holdings.catalog.uses.spans()
    assert not any(moment.span.overlap(span) for moment in found for span in gone[moment.video.id])


def test_only_is_what_was_used_by_half(opened: vidcut.Library) -> None:
    opened.mark_used([(opened.find("a.mp4"), seconds(18, 20))], "reel.mp4")
    opened.mark_used([(opened.find("c.mp4"), seconds(10, 20))], "reel.mp4")
    assert starts(search(opened, "hello", Used.ONLY)) == [("c.mp4", 10)]


def test_what_was_used_is_excluded_from_every_step(opened: vidcut.Library) -> None:
    assert len(search(opened, "hello >> goodbye", Used.ALSO)) == 2
    opened.mark_used([(opened.find("c.mp4"), seconds(52, 54))], "reel.mp4")
    (found,) = search(opened, "hello >> goodbye", Used.EXCLUDED)
    assert found.video.path == "a.mp4"
