"""Which films come of moments, and what of search's lines is taken at its word."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcut import editing
from vidcut.editing import RATES, edit_of, moments_of, parse_rate, parse_size, take_of
from vidcut.editing import takes_of as pairs_of
from vidcut.errors import MediaError, UsageError
from vidcut.records import (
    Boundary,
    Chunk,
    Failure,
    Gap,
    Hit,
    Media,
    Moment,
    PictureTrack,
    SoundTrack,
    Span,
    Take,
    Video,
)

if TYPE_CHECKING:
    from collections.abc import Callable

S = 1_000_000
NTSC = Fraction(30_000, 1001)


def media(
    rate: Fraction | None = Fraction(25),
    size: tuple[int, int] | None = (1920, 1080),
    *,
    seconds: float = 60,
) -> Media:
    picture = None if size is None else PictureTrack("h264", *size, rate)
    return Media("mp4", round(seconds * S), picture, SoundTrack("aac", 48_000, 2))


def take(seconds: float, held: Media) -> Take:
    return Take("/films/a.mp4", Span(0, round(seconds * S)), held)


def rate_of(*parts: tuple[float, Fraction | None]) -> Fraction:
    return edit_of([take(seconds, media(rate)) for seconds, rate in parts], "film").rate


def size_of(*parts: tuple[float, tuple[int, int] | None]) -> tuple[int, int]:
    edit = edit_of([take(seconds, media(size=size)) for seconds, size in parts], "film")
    return edit.width, edit.height


# The film's rate and size ------------------------------------------------------------


def test_rate_is_what_most_of_the_time_has() -> None:
    assert rate_of((3, Fraction(25)), (2, NTSC), (2, NTSC)) == NTSC
    assert rate_of((5, Fraction(25)), (2, NTSC), (2, NTSC)) == 25


@pytest.mark.parametrize(
    ("measured", "standard"),
    [
        (Fraction(2997, 100), NTSC),
        (Fraction(29_834, 1000), NTSC),
        (Fraction(24_000, 1001), RATES[0]),
        (Fraction(23_98, 100), RATES[0]),
        (Fraction(15), Fraction(30)),
        (Fraction(25, 2), Fraction(25)),
        (Fraction(120), Fraction(60)),
        (Fraction(120_000, 1001), Fraction(60_000, 1001)),
        (Fraction(48), Fraction(50)),
        (Fraction(1000), Fraction(30)),
        (Fraction(1, 10), Fraction(25)),
    ],
)
def test_measured_rates_become_those_of_editors(measured: Fraction, standard: Fraction) -> None:
    assert rate_of((1, measured)) == standard


@given(st.fractions(Fraction(1, 100), Fraction(100_000)).filter(bool))
def test_every_rate_becomes_a_standard_one(rate: Fraction) -> None:
    assert rate_of((1, rate)) in RATES


def test_of_equal_rates_the_faster_loses_nothing() -> None:
    assert rate_of((2, Fraction(24)), (2, Fraction(60))) == 60
    assert rate_of((2, Fraction(60)), (2, Fraction(24))) == 60


def test_rates_that_nobody_knows_count_for_nothing() -> None:
    assert rate_of((9, None), (1, Fraction(50))) == 50
    assert rate_of((9, None)) == 25


def test_size_is_the_commonest_of_the_commonest_shape() -> None:
    tall, small, wide = (1080, 1920), (720, 1280), (3840, 2160)
    assert size_of((3, tall), (2, small), (4, wide)) == tall
    assert size_of((1, tall), (1, small), (4, wide)) == wide
    assert size_of((2, small), (2, tall)) == tall


def test_sizes_are_even() -> None:
    assert size_of((1, (853, 481))) == (852, 480)
    assert size_of((1, (1, 1))) == (16, 16)


def test_sound_alone_has_a_film_too() -> None:
    edit = edit_of([take(4, media(size=None)), Gap(S)], "talk")
    assert (edit.rate, edit.width, edit.height) == (Fraction(25), 1920, 1080)
    assert edit_of([], "nothing").items == ()


def test_what_is_asked_for_wins() -> None:
    edit = edit_of([take(1, media())], "film", rate=NTSC, size=(640, 360))
    assert (edit.rate, edit.width, edit.height) == (NTSC, 640, 360)


# Lines -------------------------------------------------------------------------------


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "火锅 #1, 100%.mp4"
    path.touch()
    return path


def line(**said: object) -> bytes:
    return json.dumps(said).encode()


def takes_of(lines: list[bytes], probe: Callable[[Path], Media]) -> list[Take]:
    """The takes of lines of which no file fails."""
    return [take for _, take in pairs_of(moments_of(lines), probe) if isinstance(take, Take)]


def failures_of(lines: list[bytes], probe: Callable[[Path], Media]) -> list[Failure]:
    return [one for _, one in pairs_of(moments_of(lines), probe) if isinstance(one, Failure)]


def test_lines_become_takes(film: Path) -> None:
    hits = [
        {"modality": "asr", "text": "hello\n there"},
        {"modality": "frame", "text": None},
        {"modality": "ocr", "text": "EXIT"},
    ]
    lines = [
        line(path=str(film), start=1.000001, end=2.5, query="hot  pot", evidence=hits),
        b"\n",
        line(path=str(film), start=3, end=99),
    ]
    first, second = takes_of(lines, lambda _: media())
    assert first.source == str(film)
    assert first.span == Span(1_000_001, 2_500_000)
    assert (first.title, first.note) == ("hot pot", "said: hello there; written: EXIT")
    assert second.span == Span(3 * S, 60 * S), "a take ends where its file does"


def test_every_file_is_probed_once(film: Path) -> None:
    probed: list[Path] = []

    def probe(path: Path) -> Media:
        probed.append(path)
        return media()

    lines = [line(path=str(film), start=second, end=second + 1) for second in range(9)]
    assert len(list(takes_of(lines, probe))) == 9
    assert probed == [film]


def test_relative_paths_are_those_of_the_working_folder(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(film.parent)
    (one,) = takes_of([line(path=film.name, start=0, end=1)], lambda _: media())
    assert one.source == str(film)


def test_a_duration_that_nobody_knows_limits_nothing(film: Path) -> None:
    (one,) = takes_of([line(path=str(film), start=0, end=1)], lambda _: media(seconds=0))
    assert one.span == Span(0, S)


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        (b"{", "no JSON"),
        (b"\xff\xfe{\x00}\x00\x00", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[1, 2]", "no object"),
        (b'"text"', "no object"),
        (line(start=0, end=1), "'path' is missing"),
        (line(path=None, start=0, end=1), "'path' is missing"),
        (line(path="a.mp4", end=1), "'start' is missing"),
        (line(path="a.mp4", start=0), "'end' is missing"),
        (line(path=7, start=0, end=1), "no file's name"),
        (line(path="", start=0, end=1), "no file's name"),
        (line(path="a\0b", start=0, end=1), "no file's name"),
        (line(path="\ud800", start=0, end=1), "no file's name"),
        (line(path="a.mp4", start="0", end=1), "'start' is no number"),
        (line(path="a.mp4", start=True, end=1), "'start' is no number"),
        (line(path="a.mp4", start=0, end=[1]), "'end' is no number"),
        (line(path="a.mp4", start=-0.5, end=1), "before the film begins"),
        (line(path="a.mp4", start=2, end=1), "not after its start"),
        (line(path="a.mp4", start=1, end=1), "not after its start"),
        (line(path="a.mp4", start=float("nan"), end=1), "no time of a film"),
        (line(path="a.mp4", start=0, end=float("inf")), "no time of a film"),
        (line(path="a.mp4", start=0, end=10**400), "no time of a film"),
        (line(path="a.mp4", start=0, end=1e300), "no time of a film"),
    ],
)
def test_a_bad_line_is_named(said: bytes, complaint: str, film: Path) -> None:
    good = line(path=str(film), start=0, end=1)
    with pytest.raises(UsageError, match="line 3 of the moments") as raised:
        list(takes_of([good, b"  \n", said], lambda _: media()))
    assert complaint in str(raised.value)
    assert "; " in str(raised.value), "a remedy"


def test_a_moment_after_the_films_end_is_named(film: Path) -> None:
    (failure,) = failures_of([line(path=str(film), start=2, end=3)], lambda _: media(seconds=2))
    assert failure.path == str(film)
    assert "lasts 2.000 s, and the moment begins at 2.000 s" in failure.reason


@pytest.mark.parametrize("name", ["/nowhere/a.mp4", "/"])
def test_a_file_that_is_gone_costs_its_own_takes_only(film: Path, name: str) -> None:
    lines = [line(path=one, start=0, end=1) for one in (str(film), name, str(film))]
    assert len(takes_of(lines, lambda _: media())) == 2
    (failure,) = failures_of(lines, lambda _: media())
    assert failure.reason.startswith(f"{name} is not there or no file; ")


def test_a_file_that_cannot_be_read_is_looked_at_once(film: Path) -> None:
    probed: list[Path] = []

    def probe(path: Path) -> Media:
        probed.append(path)
        raise MediaError("it is no film; convert it")

    failures = failures_of([line(path=str(film), start=2, end=3)] * 2, probe)
    assert {one.reason for one in failures} == {"it is no film; convert it"}
    assert probed == [film]


def test_lines_tell_how_they_were_found() -> None:
    hits = [{"modality": "asr", "text": "hello"}]
    told, bare = moments_of(
        [
            line(path="a.mp4", start=0, end=1, query="hot  pot", rank=3, score=0.5, evidence=hits),
            line(path="a.mp4", start=0, end=1, rank=True, score="much", evidence=7),
        ]
    )
    (large,) = moments_of([line(path="a.mp4", start=0, end=1, score=10**400)])
    assert large.score is None
    assert (told.query, told.rank, told.score, told.modality) == ("hot pot", 3, 0.5, "asr")
    assert (bare.query, bare.rank, bare.score, bare.modality) == ("", None, None, None)


@given(st.binary(max_size=200))
def test_whatever_stands_in_a_line_is_a_usage_error(said: bytes) -> None:
    if said.strip() and b"\n" not in said:
        with pytest.raises(UsageError, match="line 1"):
            list(takes_of([said], lambda _: media()))


# Moments -----------------------------------------------------------------------------


def moment(held: Media | None) -> Moment:
    hits = tuple(
        Hit(Chunk(1, 1, modality, Span(0, S), text), 0.9, 1)
        for modality, text in (("frame", "noodles"), ("asr", "slurp"))
    )
    video = Video(1, "a.mp4", 9, 60 * S, held, "ok")
    return Moment(1, video, Boundary(S, "cut"), Boundary(2 * S, "cut"), 0.9, hits)


def test_moments_become_takes() -> None:
    one = take_of(moment(media()), Path("/films/a.mp4"), title="hot pot")
    assert one == Take(
        "/films/a.mp4", Span(S, 2 * S), media(), "hot pot", "seen: noodles; said: slurp"
    )


def test_a_moment_of_an_unreadable_video_is_refused() -> None:
    with pytest.raises(MediaError, match="could not be read"):
        take_of(moment(None), Path("/films/a.mp4"), title="hot pot")


# Options -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("25", Fraction(25)),
        ("29.97", NTSC),
        ("23.976", RATES[0]),
        ("23.98", RATES[0]),
        ("59.94", RATES[6]),
        ("30000/1001", NTSC),
        ("24", Fraction(24)),
        (" 12.5 ", Fraction(25, 2)),
        ("240", Fraction(240)),
    ],
)
def test_rates_are_read(text: str, rate: Fraction) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text", ["", "0", "-25", "25/0", "nan", "1e3", "241", "0.5", "25.", "٢٥", "25/1/1", "9" * 9]
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_rate(text)


def test_sizes_are_read() -> None:
    assert parse_size("1920x1080") == (1920, 1080)
    assert parse_size("640X360") == (640, 360)


@pytest.mark.parametrize(
    "text", ["", "1920", "1920x", "1921x1080", "0x0", "8x8", "99999x99999", "-2x2", "1920x1080x2"]
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_size(text)


def test_standard_rates_are_in_order() -> None:
    assert list(editing.RATES) == sorted(set(editing.RATES))
