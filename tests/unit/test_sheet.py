"""Contact sheets, and text in pictures."""

from __future__ import annotations

import base64
import io
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vidcut import escaping, lettering, sheet
from vidcut.errors import OutputError, UsageError
from vidcut.records import SECOND_US as S
from vidcut.records import Boundary, Chunk, Hit, Media, Moment, PictureTrack, Span, Video
from vidcut.sheet import Entry

EVIL = '<script>alert(1)</script>" onload="x" & \u202e\x1b[31m'
MEDIA = Media("mp4", 60 * S, PictureTrack("h264", 640, 480, Fraction(25)), None)


def moment(
    rank: int = 1, *, path: str = "films/a.mp4", text: str = "吃火锅", modality: str = "asr"
) -> Moment:
    video = Video(1, path, 1, 60 * S, MEDIA, "ok")
    hit = Hit(Chunk(1, 1, modality, Span(4 * S, 6 * S), text), 0.9, 1)
    return Moment(rank, video, Boundary(5 * S, "cut"), Boundary(9 * S, "cut"), 0.87, (hit,))


def uri(colour: tuple[int, int, int], size: tuple[int, int] = (320, 180)) -> str:
    written = io.BytesIO()
    Image.new("RGB", size, colour).save(written, "PNG")
    return "data:image/png;base64," + base64.b64encode(written.getvalue()).decode()


def entry(rank: int = 1, *, picture: str | None = None, **named: Any) -> Entry:
    one = moment(rank, **named)
    return Entry(one, picture, sheet.words(one))


# What a tile shows --------------------------------------------------------------------


def test_the_picture_is_taken_where_the_best_evidence_is_within_the_moment() -> None:
    assert sheet.best_time_us(moment()) == 5_500_000
    bare = Moment(1, moment().video, Boundary(5 * S, ""), Boundary(9 * S, ""), 0.5)
    assert sheet.best_time_us(bare) == 7 * S


def test_words_tell_what_is_said_or_the_first_labels_seen() -> None:
    assert sheet.words(moment()) == "said: 吃火锅"
    assert sheet.words(moment(text="dog, cat, dog, sofa, lamp", modality="frame")) == (
        "seen: dog, cat, sofa"
    )
    assert sheet.words(moment(text="", modality="frame")) == "seen"
    assert len(sheet.words(moment(text="x" * 1000))) < 200


class _Reader:
    """Remembers what it was asked for; shows one grey frame."""

    def __init__(self) -> None:
        self.asked: list[tuple[Path, int]] = []

    def picture(self, path: Path, time_us: int, *, longest_px: int) -> Any:
        self.asked.append((path, time_us))
        return np.full((9, longest_px, 3), 128, np.uint8)


def test_gathering_asks_each_file_for_one_frame_and_sound_alone_for_none() -> None:
    reader = _Reader()
    sound = Video(2, "b.m4a", 1, 60 * S, Media("m4a", 60 * S, None, None), "ok")
    heard = Moment(2, sound, Boundary(0, ""), Boundary(S, ""), 0.5)
    shown = sheet.gather([moment(), heard], lambda one: Path(one.video.path), reader)  # type: ignore[arg-type]
    assert reader.asked == [(Path("films/a.mp4"), 5_500_000)]
    assert shown[0].picture is not None
    assert sheet.decoded(shown[0].picture).size == (320, 9)
    assert shown[1] == Entry(heard, None, "")


# As a picture -------------------------------------------------------------------------


def test_a_sheet_has_a_tile_for_each_moment_with_its_picture() -> None:
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255)]
    entries = [entry(n, picture=uri(colour)) for n, colour in enumerate(colours, 1)]
    drawn = sheet.drawn(entries)
    assert drawn.size == (24 + 3 * 344, 24 + 2 * 320)
    shown = [
        drawn.getpixel((24 + x * 344 + 160, 24 + y * 320 + 90)) for y in (0, 1) for x in range(3)
    ]
    assert shown[:5] == colours
    assert shown[5] == (245, 245, 247)


def test_a_tall_picture_stands_whole_in_the_middle() -> None:
    drawn = sheet.drawn([entry(picture=uri((255, 0, 0), (180, 320)))])
    assert drawn.getpixel((24 + 160, 24 + 2)) == (255, 0, 0)
    assert drawn.getpixel((24 + 20, 24 + 90)) == (0, 0, 0)


@pytest.mark.parametrize("named", [{}, {"path": "名" * 300 + ".mp4"}, {"text": EVIL * 9}])
def test_nothing_is_written_outside_of_its_tile(named: dict[str, Any]) -> None:
    pixels = np.asarray(sheet.drawn([entry(**named)]))
    ground = np.array([245, 245, 247], np.uint8)
    outside = (
        np.concatenate([pixels[:24], pixels[-24:]]),
        np.concatenate([pixels[:, :24], pixels[:, -24:]]),
    )
    for edge in outside:
        assert (edge == ground).all()
    inside = pixels[24 + 181 : -25, 25:-25]
    assert (inside < 100).any()  # something is written


@pytest.mark.parametrize(("name", "begins"), [("a.jpg", b"\xff\xd8\xff"), ("a.PNG", b"\x89PNG")])
def test_the_ending_chooses_the_format(tmp_path: Path, name: str, begins: bytes) -> None:
    assert isinstance(sheet.write(tmp_path / name, [entry()], title="火锅"), str)
    assert (tmp_path / name).read_bytes().startswith(begins)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_nothing_half_written_stays_and_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    output = tmp_path / "a.png"
    output.write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists already"):
        sheet.write(output, [entry()])
    assert output.read_bytes() == b"mine"
    sheet.write(output, [entry()], overwrite=True)
    assert output.read_bytes().startswith(b"\x89PNG")
    assert list(tmp_path.iterdir()) == [output]


def test_a_name_that_says_no_format_is_refused(tmp_path: Path) -> None:
    for name in ("sheet", "sheet.gif", ".png"):
        with pytest.raises(UsageError, match=r"ends in \.jpg, \.jpeg, \.png, \.html"):
            sheet.write(tmp_path / name, [entry()])
    assert not list(tmp_path.iterdir())


def test_more_than_a_picture_holds_is_refused_and_a_page_takes_it(tmp_path: Path) -> None:
    many = [entry(n) for n in range(1, 402)]
    with pytest.raises(UsageError, match="401 moments, and a picture holds 400"):
        sheet.write(tmp_path / "a.png", many)
    sheet.write(tmp_path / "a.html", many)
    assert (tmp_path / "a.html").read_text("utf-8").count("<figure>") == 401


# As a page ----------------------------------------------------------------------------


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_page_runs_and_loads_nothing_whatever_the_footage_is_called() -> None:
    made = sheet.page([entry(path=f"{EVIL}.mp4", text=EVIL, picture=uri((1, 2, 3)))], title=EVIL)
    parser = _Tags()
    parser.feed(made)
    assert not {"script", "a", "link", "iframe"} & {tag for tag, _ in parser.tags}
    assert not any(name.startswith("on") for _, named in parser.tags for name in named)
    sources = [named["src"] for tag, named in parser.tags if tag == "img"]
    assert sources == [uri((1, 2, 3))]
    assert "\u202e" not in made
    assert "\x1b" not in made
    assert r"\u202e\x1b[31m" in parser.text


# Text in pictures ---------------------------------------------------------------------


def test_what_has_no_shape_is_spelt_out() -> None:
    assert escaping.readable("a\nb\u202ec\x1b\u2066\udcff火") == r"a b\u202ec\x1b\u2066\udcff火"
    assert escaping.visible("👩\u200d👩") == "👩\u200d👩"


def test_long_names_lose_their_middle_and_keep_their_ends() -> None:
    font = lettering.font(16)
    name = "holiday-" + "x" * 200 + "-beach.mp4"
    short = lettering.shortened(name, font, 200)
    assert font.getlength(short) <= 200
    assert short.startswith("holiday")
    assert short.endswith("each.mp4")
    assert "…" in short
    assert lettering.shortened("a.mp4", font, 200) == "a.mp4"


@pytest.mark.parametrize(
    "text", ["one two three " * 20, "我们今天去吃火锅" * 20, "W" * 500, "short", ""]
)
def test_lines_fit_and_are_no_more_than_asked_for(text: str) -> None:
    font = lettering.font(14)
    broken = lettering.lines(text, font, 200, most=3)
    assert len(broken) <= 3
    assert all(font.getlength(line) <= 200 for line in broken)
    if len(text) > 100:
        assert len(broken) == 3
        assert broken[-1].endswith("…")
    else:
        assert broken == ([text] if text else [])


def test_without_a_chinese_font_it_is_said_and_latin_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lettering.font.cache_clear()
    monkeypatch.setattr(lettering, "_CJK_FILES", ())
    monkeypatch.setattr(lettering, "_LATIN_FILES", (str(tmp_path / "none.ttf"),))
    try:
        assert sheet.write(tmp_path / "a.png", [entry(text="hot pot")]) == ""
        assert sheet.write(tmp_path / "b.png", [entry(text="火锅")]) == lettering.NO_CJK
        assert sheet.write(tmp_path / "b.html", [entry(text="火锅")]) == ""
    finally:
        lettering.font.cache_clear()


def test_a_font_that_is_damaged_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "bad.ttc").write_bytes(b"no font")
    lettering.font.cache_clear()
    monkeypatch.setattr(lettering, "_CJK_FILES", (str(tmp_path / "bad.ttc"),))
    monkeypatch.setattr(lettering, "_LATIN_FILES", ())
    try:
        assert lettering.font(16).getlength("abc") > 0
    finally:
        lettering.font.cache_clear()
