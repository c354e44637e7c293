from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vidcut.cutting import (
    CutPlan,
    Margin,
    Naming,
    command_of,
    distinct,
    file_name,
    manifest,
    named,
    plan,
    slug,
    template_of,
)
from vidcut.errors import UsageError
from vidcut.finish import Finish, Size
from vidcut.modes import Mode
from vidcut.records import Boundary, Clip, Media, Moment, PictureTrack, SoundTrack, Span, Video
from vidcut.times import format_time, parse_time

if TYPE_CHECKING:
    from vidcut.cutting import Fact

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
    assert 247 < len(name.encode()) <= 250, "and leaves room for a number"
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


# Templates ----------------------------------------------------------------------------

FACTS: dict[str, Fact] = {
    "rank": 3,
    "n": 3,
    "query": "Hot pot!",
    "stem": "dinner",
    "start": 75.5,
    "end": 80.0,
    "score": 0.876,
    "modality": "asr",
}


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("{rank:02d}_{query}_{stem}_{start}-{end}",
         "03_hot-pot_dinner_00.01.15.500-00.01.20.000.mp4"),
        ("{query}/{n}", "hot-pot/3.mp4"),
        ("{stem}.MKV", "dinner.MKV"),
        ("{stem}.v2", "dinner.v2.mp4"),
        ("{score}-{score:.1f}-{start:.2f}", "0.88-0.9-75.50.mp4"),
        ("{{{modality}}}", "{asr}.mp4"),
        ("a:b*{n}", "a_b_3.mp4"),
        ("-{n}", "3.mp4"),
        (".{n}", "3.mp4"),
        ("!", "!.mp4"),
    ],
)  # fmt: skip
def test_a_template_names_a_clip(template: str, path: str) -> None:
    assert named(template, FACTS, ".mp4") == Path(path)


@pytest.mark.parametrize(
    "template",
    ["", " ", "/abs/{n}", "../{n}", "{n}/../../x", "{", "}", "{}", "{0}", "{nope}", "{stem.x}",
     "{stem.__class__}", "{rank[0]}", "{stem!r}", "{rank:{n}}", "{rank:999999999d}", "{stem:d}",
     "{score:x}", "{rank:,}"],
)  # fmt: skip
def test_a_template_with_anything_else_is_refused(template: str) -> None:
    with pytest.raises(UsageError, match="template"):
        named(template, FACTS, ".mp4")


@pytest.mark.parametrize(
    "stem",
    [
        "../../etc/passwd",
        "..",
        "/abs",
        "a\0b",
        "{rank}",
        "x.mkv",
        "CON",
        "new\nline",
        "",
        "火" * 300,
    ],
)
def test_what_is_filled_in_makes_neither_folder_nor_ending(stem: str) -> None:
    path = named("clips/{stem}", {**FACTS, "stem": stem}, ".mp4")
    assert path.parts[0] == "clips"
    assert len(path.parts) == 2
    assert path.suffix == ".mp4"
    assert ".." not in path.parts
    assert len(path.name.encode()) <= 255


def test_a_template_begins_after_its_folder() -> None:
    assert template_of("out/a/{n}_{stem}") == (Path("out/a"), "{n}_{stem}")
    assert template_of("/out/{query}/{n}") == (Path("/out"), "{query}/{n}")
    assert template_of("{n}") == (Path(), "{n}")


def test_a_plan_follows_its_template() -> None:
    naming = Naming("{rank:03d}-{query}-{start}", "hot pot")
    asked = moment(7_300_000, 9_000_000)
    result = plan(asked, source=Path("/f/a.mov"), folder=Path("/c"), margin=Margin(), naming=naming)
    assert result.output == Path("/c/001-hot-pot-00.00.07.300.mp4")


def test_a_copied_picture_is_not_changed() -> None:
    for finish in (Finish(size=Size(64, 64)), Finish(encoder="libx264")):
        with pytest.raises(UsageError, match="copied"):
            CutPlan(Path("/v"), Span(0, 1), Path("/c"), Mode.COPY, finish)


# Afterwards ---------------------------------------------------------------------------


def test_a_manifest_tells_of_each_clip() -> None:
    clips = [
        (
            Clip("/c/a.mp4", "/v/\udce9.mov", Span(500_000, 2_000_000), 250_000, 0, "copy"),
            "hot pot",
        ),
        (Clip("/other/b.mp4", "/v/b.mov", Span(0, 1_000_000), note="why"), "吃火锅"),
    ]
    text = manifest(clips, Path("/c"))
    text.encode()
    first, second = json.loads(text)
    assert first == {
        "path": "a.mp4",
        "source": "/v/\udce9.mov",
        "start": 0.5,
        "end": 2.0,
        "query": "hot pot",
        "mode": "copy",
        "moved": [0.25, 0.0],
        "note": "",
        "crop": "",
    }
    assert (second["path"], second["query"], second["mode"]) == ("/other/b.mp4", "吃火锅", "exact")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mpv {}", ["mpv", "/c/a b;$(x).mp4"]),
        ("mpv", ["mpv", "/c/a b;$(x).mp4"]),
        ("cp {} '/my disk/'", ["cp", "/c/a b;$(x).mp4", "/my disk/"]),
        ("sh -c 'echo {}'", ["sh", "-c", "echo {}", "/c/a b;$(x).mp4"]),
    ],
)
def test_a_command_gets_the_clip_as_one_argument(text: str, words: list[str]) -> None:
    assert command_of(text, "/c/a b;$(x).mp4") == words


@pytest.mark.parametrize("text", ["", " ", "'open", "{}", "{} x"])
def test_a_command_without_a_program_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--exec"):
        command_of(text, "/c/a.mp4")
