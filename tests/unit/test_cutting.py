from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from vidcut.cutting import (
    CutPlan,
    Margin,
    Mode,
    distinct,
    file_name,
    format_time,
    parse_time,
    plan,
    slug,
)
from vidcut.errors import UsageError
from vidcut.records import Boundary, Media, Moment, PictureTrack, SoundTrack, Span, Video

PICTURE = PictureTrack("h264", 160, 120, Fraction(25))
SOUND = SoundTrack("aac", 48_000, 2)


def moment(start: int, end: int, *, path: str = "hotpot.mov", media: Media | None = None) -> Moment:
    video = Video(1, path, 1000, 60_000_000, media, "ok")
    return Moment(1, video, Boundary(start, "shot"), Boundary(end, "sentence"), 0.9)


def planned(asked: Moment, margin: Margin | None = None, mode: Mode = Mode.EXACT) -> CutPlan:
    source = Path("/footage") / asked.video.path
    return plan(asked, source=source, folder=Path("/c"), margin=margin or Margin(), mode=mode)


@pytest.mark.parametrize(
    ("text", "time_us"),
    [
        ("0", 0),
        ("75.5", 75_500_000),
        ("1:15.5", 75_500_000),
        ("00:01:15.500", 75_500_000),
        (" 1:00:00 ", 3_600_000_000),
        ("90:00", 5_400_000_000),
        ("0.1", 100_000),
        ("0.123456", 123_456),
        ("0.1234569", 123_456),
        ("503599627.370497", 503_599_627_370_497),
    ],
)
def test_times_are_read(text: str, time_us: int) -> None:
    assert parse_time(text) == time_us


@pytest.mark.parametrize(
    "text",
    ["", " ", "-1", "+1", "1:75", "1:60:00", "1:2:3:4", "nan", "inf", "1e3", "1,5", "5s", ".", "1.",
     ":5", "1:-5", "٣", "0x10", "1_000", "9" * 5000],
)  # fmt: skip
def test_rubbish_is_no_time(text: str) -> None:
    with pytest.raises(UsageError):
        parse_time(text)


def test_times_are_written_as_timecode() -> None:
    assert format_time(75_500_999) == "00:01:15.500"
    assert format_time(360_000_000_000) == "100:00:00.000"


def test_a_plan_names_rank_video_and_times() -> None:
    result = planned(moment(7_300_000, 75_500_000))
    assert result == CutPlan(
        Path("/footage/hotpot.mov"),
        Span(7_300_000, 60_000_000),
        Path("/c/01_hotpot_00.00.07.300-00.01.00.000.mp4"),
        Mode.EXACT,
    )


def test_margins_stop_at_the_ends_of_the_video() -> None:
    margin = Margin(before_us=1_000_000, after_us=2_000_000)
    assert planned(moment(500_000, 4_000_000), margin).span == Span(0, 6_000_000)
    assert planned(moment(50_000_000, 59_000_000), margin).span == Span(49_000_000, 60_000_000)


def test_nothing_to_cut_is_refused() -> None:
    with pytest.raises(UsageError, match=r"hotpot\.mov"):
        planned(moment(60_000_000, 61_000_000))


@pytest.mark.parametrize(
    ("path", "media", "mode", "suffix"),
    [
        ("a.mov", Media("mov", 1, PICTURE, SOUND), Mode.EXACT, ".mp4"),
        ("a.webm", Media("webm", 1, PICTURE, SOUND), Mode.EXACT, ".mp4"),
        ("a.webm", Media("webm", 1, PICTURE, SOUND), Mode.COPY, ".mkv"),
        ("a.MKV", Media("matroska", 1, PICTURE, None), Mode.COPY, ".mkv"),
        ("a.ts", Media("mpegts", 1, PICTURE, SOUND), Mode.COPY, ".mp4"),
        ("a.wav", Media("wav", 1, None, SOUND), Mode.EXACT, ".m4a"),
        ("a.opus", Media("ogg", 1, None, SOUND), Mode.COPY, ".mka"),
        ("a.avi", None, Mode.EXACT, ".mp4"),
    ],
)
def test_the_container_suits_what_it_holds(
    path: str, media: Media | None, mode: Mode, suffix: str
) -> None:
    assert planned(moment(0, 1, path=path, media=media), mode=mode).output.suffix == suffix


@pytest.mark.parametrize(
    ("stem", "kept"),
    [
        ("吃火锅 🍲", "吃火锅 🍲"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("-rf", "rf"),
        ("..hidden", "hidden"),
        ("a/b\\c:d*e?", "a_b_c_d_e_"),
        ("new\nline\x1b[31m", "new_line_[31m"),
        ("gpj\u202eexe", "gpj_exe"),
        ("latin\udce9", "latin_"),
        ("50% off", "50% off"),
        ("", "video"),
        ("...", "video"),
    ],
)
def test_a_stem_keeps_what_is_safe(stem: str, kept: str) -> None:
    name = file_name(1, stem, Span(0, 1_000_000), suffix=".mp4")
    assert name == f"01_{kept}_00.00.00.000-00.00.01.000.mp4"


def test_a_long_name_ends_at_a_whole_character() -> None:
    name = file_name(1, "火" * 200, Span(0, 1), suffix=".mp4")
    assert 252 < len(name.encode()) <= 255
    assert set(name[3:].split("_")[0]) == {"火"}


def test_long_equal_names_stay_short_enough() -> None:
    name = file_name(1, "火" * 200, Span(0, 1), suffix=".mp4")
    first, second = distinct([CutPlan(Path("/v"), Span(0, 1), Path("/c", name))] * 2)
    assert first.output.name == name
    assert second.output.name.endswith("_2.mp4")
    assert len(second.output.name.encode()) <= 255


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("eating hot pot", "eating-hot-pot"),
        ("Eating  HOT pot!?", "eating-hot-pot"),
        ("吃火锅", "吃火锅"),
        ("吃 火锅，好吃", "吃-火锅-好吃"),
        ("🍲 soup", "🍲-soup"),
        ("../../etc/passwd", "etc-passwd"),
        ("", "query"),
        ("?!", "query"),
        ("CON", "con_"),
    ],
)
def test_a_query_names_its_folder(query: str, name: str) -> None:
    assert slug(query) == name
