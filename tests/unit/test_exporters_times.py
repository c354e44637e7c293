"""Frames and timecodes as editing programs count them."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcut import frames
from vidcut.errors import UsageError
from vidcut.records import SECOND_US, Edit, Gap, Media, PictureTrack, SoundTrack, Span, Take

FILM = Fraction(24_000, 1001)
NTSC = Fraction(30_000, 1001)
RATES = [FILM, Fraction(24), Fraction(25), NTSC, Fraction(30), Fraction(50), 2 * NTSC, 4 * NTSC]


def media(rate: Fraction | None = NTSC, seconds: int = 20, timecode: str | None = None) -> Media:
    picture = None if rate is None else PictureTrack("h264", 640, 360, rate)
    sound = SoundTrack("aac", 48_000, 2)
    return Media("mov", seconds * SECOND_US, picture, sound, timecode=timecode)


def take(start_us: int, end_us: int, of: Media | None = None, source: str = "/a.mov") -> Take:
    return Take(source, Span(start_us, end_us), of or media())


def edit(*items: Take | Gap, rate: Fraction = NTSC) -> Edit:
    return Edit("film", items, rate, 640, 360)


class TestFrames:
    @pytest.mark.parametrize(
        ("time_us", "rate", "frame"),
        [
            (0, NTSC, 0),
            (33_366, NTSC, 1),  # a player's time of frame 1, cut off to microseconds
            (33_367, NTSC, 1),
            (16_683, NTSC, 0),
            (16_684, NTSC, 1),
            (20_000, Fraction(25), 1),  # half-way goes to the later one
            (19_999, Fraction(25), 0),
            (3600 * SECOND_US, NTSC, 107_892),
            (3_603_600_000, NTSC, 108_000),
        ],
    )
    def test_are_the_nearest_edges(self, time_us: int, rate: Fraction, frame: int) -> None:
        assert frames.frames(time_us, rate) == frame

    @given(st.integers(0, 10**7), st.sampled_from(RATES))
    def test_come_back_from_microseconds(self, frame: int, rate: Fraction) -> None:
        assert frames.frames(frames.microseconds(frame, rate), rate) == frame

    @given(st.integers(0, 10**12), st.sampled_from(RATES))
    def test_are_never_more_than_half_a_frame_off(self, time_us: int, rate: Fraction) -> None:
        off = frames.seconds(frames.frames(time_us, rate), rate) - Fraction(time_us, SECOND_US)
        assert abs(off) <= 1 / (2 * rate)


class TestPlaced:
    @given(st.lists(st.integers(1, 9_999_999), max_size=60), st.sampled_from(RATES))
    def test_takes_touch_and_do_not_drift(self, lengths: list[int], rate: Fraction) -> None:
        places = frames.placed(edit(*(take(7, 7 + one) for one in lengths), rate=rate))
        assert [place.item.span.duration for place in places] == lengths  # type: ignore[union-attr]
        assert all(one.end == other.start for one, other in pairwise(places))
        assert all(place.frames >= 1 for place in places)
        if lengths and min(lengths) * rate >= SECOND_US:
            assert places[-1].end == frames.frames(sum(lengths), rate)

    def test_a_thousand_takes_of_a_third_of_a_frame_over_end_where_their_sum_does(self) -> None:
        places = frames.placed(edit(*(take(0, 1_011_111) for _ in range(1000))))
        assert places[-1].end == frames.frames(1_011_111_000, NTSC) == 30_303

    def test_a_take_lasts_a_frame_at_least_and_a_gap_may_vanish(self) -> None:
        places = frames.placed(edit(take(5, 5), Gap(100), take(0, 100), Gap(SECOND_US)))
        assert [(place.start, place.end) for place in places] == [(0, 1), (1, 2), (2, 30)]


class TestSources:
    def test_are_listed_once_in_the_order_of_their_takes(self) -> None:
        items = [take(0, 9, source=path) for path in ("/b.mov", "/a.mov", "/b.mov")]
        assert list(frames.sources(edit(*items))) == ["/b.mov", "/a.mov"]

    @pytest.mark.parametrize(
        ("mean", "rate"),
        [
            (Fraction(2_987, 100), NTSC),
            (Fraction(2_999, 100), Fraction(30)),
            (Fraction(119_003, 5000), Fraction(24_000, 1001)),
            (Fraction(2_510, 100), Fraction(25)),
            (Fraction(5_991, 100), 2 * NTSC),
            (Fraction(2_400, 2002), Fraction(8)),
            (Fraction(7), Fraction(7)),
            (2 * NTSC, 2 * NTSC),
        ],
    )
    def test_of_variable_rate_have_the_nearest_standard_rate(
        self, mean: Fraction, rate: Fraction
    ) -> None:
        assert frames.source_rate(media(mean), otherwise=Fraction(1)) == rate

    def test_of_sound_alone_are_counted_in_the_films_frames(self) -> None:
        files = frames.sources(edit(take(0, SECOND_US, media(None)), rate=Fraction(25)))
        assert files["/a.mov"].rate == 25
        assert files["/a.mov"].count == 500

    @given(st.integers(0, 20 * SECOND_US), st.integers(0, 20 * SECOND_US), st.sampled_from(RATES))
    def test_are_never_asked_for_more_than_they_hold(
        self, one: int, other: int, rate: Fraction
    ) -> None:
        for own in RATES:
            film = edit(take(min(one, other), max(one, other), media(own)), rate=rate)
            (place,) = frames.placed(film)
            source = frames.sources(film)["/a.mov"]
            shown = frames.source_range(place, source, rate)
            assert 0 <= shown.start < shown.start + shown.count <= source.count
            moved = frames.seconds(shown.start, own) - Fraction(min(one, other), SECOND_US)
            assert abs(moved) <= Fraction(3, 2) / own + 1 / rate

    def test_whose_length_nobody_knows_hold_what_is_asked_for(self) -> None:
        film = edit(take(60 * SECOND_US, 61 * SECOND_US, media(Fraction(25), 0)), rate=Fraction(25))
        assert frames.sources(film)["/a.mov"].count == 61 * 25

    def test_a_gap_shows_nothing(self) -> None:
        source = frames.sources(edit(take(0, 9)))["/a.mov"]
        with pytest.raises(TypeError, match="nothing"):
            frames.source_range(frames.Placed(Gap(9), 0, 1), source, NTSC)


class TestTimecode:
    @pytest.mark.parametrize(
        ("frame", "label"),
        [
            (0, "00:00:00;00"),
            (1_799, "00:00:59;29"),
            (1_800, "00:01:00;02"),
            (3_597, "00:01:59;29"),
            (3_598, "00:02:00;02"),
            (17_981, "00:09:59;29"),
            (17_982, "00:10:00;00"),
            (19_781, "00:10:59;29"),
            (19_782, "00:11:00;02"),
            (107_891, "00:59:59;29"),
            (107_892, "01:00:00;00"),
            (2_589_407, "23:59:59;29"),
            (2_589_408, "00:00:00;00"),
        ],
    )
    def test_drop_frame_is_that_of_smpte(self, frame: int, label: str) -> None:
        assert frames.timecode(frame, NTSC, drop=True) == label
        assert frames.label_frames(label, NTSC) == frame % 2_589_408

    @pytest.mark.parametrize("rate", [NTSC, 2 * NTSC, 4 * NTSC])
    def test_drop_frame_skips_at_every_minute_but_each_tenth(self, rate: Fraction) -> None:
        base = frames.nominal(rate)
        labels = (
            f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02};{part:02}"
            for second in range(11 * 60)
            for part in range(base)
            if second % 60 or second // 60 % 10 == 0 or part >= base // 15
        )
        for frame, label in enumerate(labels):
            assert frames.timecode(frame, rate, drop=True) == label
            assert frames.label_frames(label, rate) == frame

    def test_an_hour_of_drop_frame_is_an_hour(self) -> None:
        frame = frames.label_frames("01:00:00;00", NTSC)
        assert abs(frames.seconds(frame, NTSC) - 3600) < Fraction(4, 1000)
        assert frames.seconds(frames.label_frames("01:00:00:00", NTSC), NTSC) == Fraction(36036, 10)

    @given(st.integers(0, 2_000_000), st.sampled_from(RATES))
    def test_comes_back(self, frame: int, rate: Fraction) -> None:
        for drop in {False, frames.can_drop(rate)}:
            label = frames.timecode(frame, rate, drop=drop)
            assert frames.label_frames(label, rate) == frame
            assert frames.drops(label) == drop

    @pytest.mark.parametrize(
        ("label", "rate", "frame"),
        [
            ("00:01:00;00", NTSC, 1800),  # a label that drop-frame skips
            ("01:00:00;10", Fraction(25), 90_010),  # 25 frames have no drop-frame
            ("00:00:02:45", NTSC, 60),  # a clock of 60 frames beside 30 pictures
        ],
    )
    def test_that_does_not_fit_the_rate_is_made_to(
        self, label: str, rate: Fraction, frame: int
    ) -> None:
        assert frames.label_frames(label, rate) == frame

    @pytest.mark.parametrize("label", ["", "1:2", "01:00:00", "01:00:00:0a", "01:00:00/00"])
    def test_that_is_none_is_refused(self, label: str) -> None:
        with pytest.raises(ValueError, match="no timecode"):
            frames.label_frames(label, NTSC)

    def test_drop_frame_at_a_rate_without_it_is_refused(self) -> None:
        with pytest.raises(ValueError, match="no drop-frame"):
            frames.timecode(5, Fraction(25), drop=True)


@pytest.mark.parametrize("rate", [Fraction(25, 2), Fraction(1, 2), Fraction(2997, 100)])
def test_rates_that_cannot_be_counted_are_refused(rate: Fraction) -> None:
    with pytest.raises(UsageError, match="cannot count"):
        frames.require_counted(edit(rate=rate), "a list")
    for known in RATES:
        frames.require_counted(edit(rate=known), "a list")
