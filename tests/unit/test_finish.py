from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pysubs2
import pytest

from vidcut import captions
from vidcut.cli import finishing
from vidcut.errors import OutputError, UsageError
from vidcut.finish import Finish, Size, filters, parse_rate, parse_size
from vidcut.framing import Corner
from vidcut.modes import Captions, Crop, Shape
from vidcut.records import Cue, Span

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = (
    "plain",
    "two\nlines",
    "{\\pos(0,0)}moved",
    "back\\Nslash \\h",
    "1\n00:00:01,000 --> 00:00:02,000\nforged",
    "<b>bold</b>",
    "吃火锅",
)


def test_sizes_and_rates_are_read() -> None:
    assert parse_size("1920x1080") == Size(1920, 1080)
    assert parse_size(" 1080P ") == Size(0, 1080)
    assert parse_rate("25") == 25
    assert parse_rate("29.97") == Fraction(30000, 1001)
    assert parse_rate("24000/1001") == Fraction(24000, 1001)
    assert parse_rate("12.5") == Fraction(25, 2)


@pytest.mark.parametrize("text", ["", "0x0", "1920", "1921x1080", "8x8", "99999x2", "-2x16", "x16"])
def test_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"size|side"):
        parse_size(text)


@pytest.mark.parametrize("text", ["", "0", "1001", "-25", "1/0", "25fps", "nan", "1e3", "1/3"])
def test_no_rate_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"rate|frames a second"):
        parse_rate(text)


def test_what_changes_the_picture() -> None:
    cue = Cue(Span(0, 1), "x")
    assert not Finish().changes_picture
    assert not Finish(captions=Captions.SRT, cues=(cue,)).changes_picture
    assert not Finish(captions=Captions.BURN).changes_picture
    assert Finish(captions=Captions.BURN, cues=(cue,)).changes_picture
    assert Finish(shape=Shape.VERTICAL).changes_picture
    assert [name for name, _, _ in filters(Finish(), None)] == ["crop"]


def test_a_crop_is_taken_from_where_it_is_asked_for() -> None:
    def crops(finish: Finish) -> list[dict[str, object]]:
        return [words for name, _, words in filters(finish, None) if name == "crop" and words]

    followed = finishing.finish_of(vertical=True)
    centred = finishing.finish_of(vertical=True, crop=Crop.CENTRE)
    assert followed is not None
    assert centred is not None
    assert (followed.follows, centred.follows, Finish().follows) == (True, False, False)
    assert crops(followed) == crops(centred)
    assert crops(Finish(shape=Shape.VERTICAL, way=(Corner(0, 0.25), Corner(9, 0.25)))) == [
        {"x": "trunc((iw-ow)*(0.25000)/2)*2", "y": "trunc((ih-oh)*(0.25000)/2)*2"}
    ]
    with pytest.raises(UsageError, match="add --vertical"):
        finishing.finish_of(crop=Crop.CENTRE)


def test_frames_are_cropped_before_their_rate_changes() -> None:
    finish = Finish(shape=Shape.VERTICAL, rate=Fraction(10), size=Size(0, 72))
    assert [name for name, _, _ in filters(finish, None)] == [
        *("scale", "setsar", "crop", "fps", "scale", "crop")
    ]


def test_cues_are_those_of_the_clip() -> None:
    cues = [
        Cue(Span(9_000_000, 11_000_000), "late"),
        Cue(Span(0, 2_500_000), "early"),
        Cue(Span(2_000_000, 4_000_000), " "),
        Cue(Span(20_000_000, 21_000_000), "after"),
    ]
    assert captions.of_clip(cues, Span(2_000_000, 10_000_000)) == [
        Cue(Span(0, 500_000), "early"),
        Cue(Span(7_000_000, 8_000_000), "late"),
    ]


def test_whatever_is_said_stays_one_cue(tmp_path: Path) -> None:
    cues = [Cue(Span(i * 1_000_000, (i + 1) * 1_000_000), t) for i, t in enumerate(HOSTILE)]
    name = captions.write_ass(cues, Span(0, 60_000_000), tmp_path)
    events = pysubs2.load(str(tmp_path / name)).events
    assert [event.start for event in events] == [i * 1000 for i in range(len(HOSTILE))]
    assert events[1].text == r"two\Nlines"
    assert not any("{\\pos" in event.text for event in events)
    beside = captions.write_srt(cues, Span(0, 60_000_000), tmp_path / "c.mp4", overwrite=False)
    assert beside == tmp_path / "c.srt"
    text = beside.read_text(encoding="utf-8")
    assert text.count(" --> ") == len(HOSTILE)
    assert "two\nlines\n" in text
    with pytest.raises(OutputError, match="exists"):
        captions.write_srt(cues, Span(0, 60_000_000), tmp_path / "c.mp4", overwrite=False)
    assert captions.write_srt([], Span(0, 1), tmp_path / "d.mp4", overwrite=False) is None
