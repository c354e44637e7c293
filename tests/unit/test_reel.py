"""Which takes make a reel, where they lie in it, and how they are told of."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from vidcut import beats, film_arguments, mixing, reel
from vidcut.cutting import Margin
from vidcut.errors import MediaError, MissingError, UsageError
from vidcut.film import ffmetadata, lay, sample
from vidcut.records import SECOND_US, Edit, Gap, Media, SoundBlock, Span, Take
from vidcut.reel import Order, Scored

if TYPE_CHECKING:
    from collections.abc import Sequence

NTSC = Fraction(30_000, 1001)
LONG = Media("mp4", 100 * SECOND_US, None, None)


def take(source: str, start_s: float, end_s: float, title: str = "") -> Take:
    return Take(source, Span(round(start_s * 1e6), round(end_s * 1e6)), LONG, title)


def edit(*items: Take | Gap, rate: Fraction = Fraction(25)) -> Edit:
    return Edit("reel", items, rate, 160, 90)


def seconds(takes: Sequence[Take]) -> list[float]:
    return [one.span.duration / SECOND_US for one in takes]


A = Scored(take("/a.mp4", 10, 14), 0.5)
B = Scored(take("/b.mp4", 0, 3), 0.9)
C = Scored(take("/a.mp4", 2, 5), 0.7)


# Choosing -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "sources"),
    [
        (Order.RANK, [B, C, A]),
        (Order.TIME, [C, A, B]),
        (Order.GIVEN, [A, B, C]),
    ],
)
def test_a_reel_goes_in_the_order_that_was_asked_for(order: Order, sources: list[Scored]) -> None:
    assert reel.choose([A, B, C], order=order) == [one.take for one in sources]


def test_a_budget_takes_the_best_first_and_trims_the_last() -> None:
    chosen = reel.choose([A, B, C], order=Order.GIVEN, budget_us=8 * SECOND_US)
    assert [(one.source, one.span.duration) for one in chosen] == [
        ("/a.mp4", 2 * SECOND_US),
        ("/b.mp4", 3 * SECOND_US),
        ("/a.mp4", 3 * SECOND_US),
    ]


def test_less_than_a_second_of_a_take_is_left_out() -> None:
    chosen = reel.choose([A, B, C], order=Order.RANK, budget_us=6_900_000)
    assert chosen == [B.take, C.take]


def test_a_full_reel_takes_no_worse_moment_that_would_still_fit() -> None:
    short = Scored(take("/c.mp4", 0, 0.5), 0.1)
    chosen = reel.choose([A, B, C, short], order=Order.RANK, budget_us=6_900_000)
    assert chosen == [B.take, C.take]


def test_fades_leave_room_for_more() -> None:
    budget_us = 5_700_000
    assert seconds(reel.choose([B, C], order=Order.RANK, budget_us=budget_us)) == [3.0, 2.7]
    faded = reel.choose([B, C], order=Order.RANK, budget_us=budget_us, fade_us=300_000)
    assert seconds(faded) == [3.0, 3.0]


def test_the_same_stretch_comes_once() -> None:
    assert reel.choose([B, B, C], order=Order.RANK) == [B.take, C.take]


def test_a_margin_stays_inside_the_file() -> None:
    margin = Margin(SECOND_US, 2 * SECOND_US)
    assert reel.widened(take("/a.mp4", 0.5, 99), margin).span == Span(0, 100 * SECOND_US)
    with pytest.raises(UsageError, match="leaves nothing"):
        reel.widened(take("/a.mp4", 1, 2), Margin(-SECOND_US, 0))


def test_titles_tell_what_was_asked_and_where_it_comes_from() -> None:
    first, long, bare = reel.titled(
        [
            take("/v/hot pot.mp4", 75.5, 80, "hot\npot"),
            take("/a.mp4", 3675, 3680, "word " * 30),
            take("/-x'.mp4", 0, 1),
        ]
    )
    assert first.title == "hot pot – hot pot 01:15"
    assert long.title.endswith("… – a 01:01:15")
    assert len(long.title) < 80
    assert bare.title == "-x' 00:00"


# Beats --------------------------------------------------------------------------------


def test_cuts_go_to_the_nearest_beat_within_reach() -> None:
    takes = [take("/a.mp4", 0, 2.2), take("/b.mp4", 0, 1.9), take("/c.mp4", 0, 2)]
    moved = reel.on_beat(takes, [2_000_000, 4_000_000])
    assert seconds(moved) == [2.0, 2.0, 2.0]


def test_a_cut_that_reaches_no_beat_stays() -> None:
    takes = [take("/a.mp4", 0, 2.2), take("/b.mp4", 0, 2)]
    assert reel.on_beat(takes, [1_600_000, 2_800_000]) == takes
    assert reel.on_beat(takes, []) == takes


def test_a_take_is_not_extended_into_its_neighbour_nor_its_files_end() -> None:
    ends = replace(LONG, duration_us=2_300_000)
    last = replace(take("/b.mp4", 0, 2.2), media=ends)
    takes = [take("/a.mp4", 0, 2.2), last, take("/a.mp4", 2.3, 4)]
    moved = reel.on_beat(takes, [2_600_000, 5_000_000])
    assert [one.span.end for one in moved] == [2_200_000, 2_200_000, 4_000_000]


def test_a_fades_middle_is_on_the_beat() -> None:
    takes = [take("/a.mp4", 0, 2.2), take("/b.mp4", 0, 2)]
    moved = reel.on_beat(takes, [2_000_000], fade_us=400_000)
    assert moved[0].span.duration == 2_200_000
    assert reel.on_beat(takes, [2_100_000], fade_us=400_000)[0].span.duration == 2_300_000


def test_a_music_that_ends_begins_again() -> None:
    assert reel.repeated([100, 600, 2_000], 1_000, 2_400) == [100, 600, 1_100, 1_600, 2_100]
    assert reel.repeated([], 1_000, 5_000) == []
    assert reel.repeated([100], 0, 5_000) == []


def test_without_librosa_the_command_that_brings_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "librosa.beat", None)
    monkeypatch.setitem(sys.modules, "librosa", None)
    with pytest.raises(MissingError, match=r"pip install 'vidcut\[music\]'"):
        beats.beats([SoundBlock(0, np.zeros(16_000, np.float32))], rate_hz=16_000)


@pytest.fixture
def librosa(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A librosa that finds what it is told to, and remembers what it was given."""
    seen: dict[str, Any] = {"times": np.array([0.5, 1.0])}

    def beat_track(**given: Any) -> tuple[float, Any]:
        seen.update(given)
        return 120.0, seen["times"]

    package, module = ModuleType("librosa"), ModuleType("librosa.beat")
    vars(module)["beat_track"] = beat_track
    vars(package)["beat"] = module
    monkeypatch.setitem(sys.modules, "librosa", package)
    monkeypatch.setitem(sys.modules, "librosa.beat", module)
    return seen


def test_beats_are_told_in_microseconds_of_the_whole_music(librosa: dict[str, Any]) -> None:
    blocks = [SoundBlock(k * SECOND_US, np.full(16_000, k, np.float32)) for k in range(2)]
    assert beats.beats(blocks, rate_hz=16_000) == (500_000, 1_000_000)
    assert librosa["y"].shape == (32_000,)
    assert librosa["sr"] == 16_000


def test_a_music_without_sound_or_beat_is_told(librosa: dict[str, Any]) -> None:
    with pytest.raises(MediaError, match="no sound"):
        beats.beats([], rate_hz=16_000)
    librosa["times"] = np.array([])
    with pytest.raises(MediaError, match="no beat"):
        beats.beats([SoundBlock(0, np.zeros(16_000, np.float32))], rate_hz=16_000)


def test_librosa_finds_the_beats_of_drums() -> None:
    pytest.importorskip("librosa", reason="comes with the extra 'music'")
    times = np.arange(20 * 16_000) / 16_000
    drums = np.exp(-12 * (times % 0.5)) * np.sin(2 * np.pi * 80 * times)
    found = beats.beats([SoundBlock(0, drums.astype(np.float32))], rate_hz=16_000)
    off = [abs((beat + 250_000) % 500_000 - 250_000) for beat in found]
    assert len(found) >= 35
    assert np.median(off) < 25_000


# Laying -------------------------------------------------------------------------------


def test_items_lie_end_to_end_and_every_frame_is_made_once() -> None:
    film = lay(edit(take("/a", 0, 1), Gap(500_000), take("/b", 0, 2), rate=NTSC))
    assert [(one.start, one.end) for one in film.laid] == [(0, 30), (30, 45), (45, 105)]
    assert [part.frames for part in film.parts()] == [30, 15, 60]


def test_neighbours_overlap_by_a_fade_unless_one_is_too_short() -> None:
    film = lay(edit(take("/a", 0, 2), take("/b", 0, 2), take("/c", 0, 0.6)), fade_us=300_000)
    assert [(one.start, one.end) for one in film.laid] == [(0, 50), (42, 92), (92, 107)]
    parts = list(film.parts())
    assert [(p.first.start, p.first.end, p.second is not None) for p in parts] == [
        (0, 42, False),
        (42, 50, True),
        (8, 50, False),
        (0, 15, False),
    ]
    assert sum(part.frames for part in parts) == film.frames


def test_what_is_left_out_moves_the_rest_up_and_changes_no_length() -> None:
    whole = edit(take("/a", 0, 0.99), take("/b", 0, 0.99), take("/c", 0, 0.99), rate=NTSC)
    lengths = [one.frames for one in lay(whole).laid]
    film = lay(whole, without={1})
    assert [one.number for one in film.laid] == [0, 2]
    assert [one.frames for one in film.laid] == [lengths[0], lengths[2]]
    assert film.laid[1].start == lengths[0]


def test_chapters_are_named_by_the_items_and_survive_any_title() -> None:
    film = lay(edit(take("/v/né =;#\\.mp4", 0, 1), take("/b", 0, 1, "[CHAPTER]\n=x;"), Gap(1)))
    told = ffmetadata(film, "a\nb=c 🎬")
    assert told.count("\n[CHAPTER]\n") == 2
    assert "title=a b\\=c 🎬" in told
    assert "title=né \\=\\;\\#\\\\" in told
    assert "title=[CHAPTER] \\=x\\;" in told
    assert "START=1000000" in told


def test_samples_follow_frames_without_drift() -> None:
    assert sample(30_000, NTSC) == 1001 * 48_000
    assert sample(1, NTSC) == 1602
    assert lay(edit(take("/a", 0, 1001), rate=NTSC)).samples == 1001 * 48_000


# Sound --------------------------------------------------------------------------------


def write(path: Path, *levels: float, each: int = 48_000) -> Path:
    np.repeat(np.array(levels, np.float32), each * 2).tofile(path)
    return path


def test_sounds_are_laid_by_their_samples_and_short_ones_end_in_silence(tmp_path: Path) -> None:
    film = lay(edit(take("/a", 0, 1), take("/b", 0, 1), take("/c", 0, 1)))
    first, last = write(tmp_path / "a", 0.5), write(tmp_path / "c", 0.25, each=24_000)
    found: dict[int, tuple[Path, float]] = {0: (first, 0.5), 2: (last, 2.0)}
    with (tmp_path / "out").open("wb") as out:
        mixing.lay_takes(film, lambda one: found.get(one.number), out)
    laid = np.fromfile(tmp_path / "out", np.float32).reshape(-1, 2)
    assert len(laid) == film.samples
    assert set(laid[:48_000, 0]) == {0.25}
    assert not laid[48_000:96_000].any()
    assert set(laid[96_000:120_000, 1]) == {0.5}
    assert not laid[120_000:].any()


def test_sounds_cross_at_equal_power(tmp_path: Path) -> None:
    film = lay(edit(take("/a", 0, 1), take("/b", 0, 1)), fade_us=200_000)
    sounds = [write(tmp_path / "a", 1.0), write(tmp_path / "b", 0.0)]
    with (tmp_path / "out").open("wb") as out:
        mixing.lay_takes(film, lambda one: (sounds[one.number], 1.0), out)
    laid = np.fromfile(tmp_path / "out", np.float32).reshape(-1, 2)[:, 0]
    assert len(laid) == film.samples == 86_400
    assert laid[38_399] == 1.0
    assert laid[43_200] == pytest.approx(np.sqrt(0.5), abs=1e-3)
    assert laid[48_000] == 0.0


def test_music_begins_again_until_the_film_ends(tmp_path: Path) -> None:
    out = io.BytesIO()
    path = write(tmp_path / "m", 0.1, 0.2, each=3)
    with (tmp_path / "out").open("wb") as file:
        mixing.lay_music(path, 2.0, 8, file)
    laid = np.fromfile(tmp_path / "out", np.float32).reshape(-1, 2)[:, 0]
    assert laid == pytest.approx([0.2] * 3 + [0.4] * 3 + [0.2] * 2)
    with pytest.raises(ValueError, match="no sound"):
        mixing.lay_music(write(tmp_path / "none"), 1.0, 8, out)


def test_levels_are_read_from_loudnorms_words() -> None:
    log = """[info] x\n{
\t"input_i" : "-inf",\n\t"input_tp" : "-inf",\n\t"input_lra" : "0.00",
\t"input_thresh" : "-70.00",\n\t"target_offset" : "inf"\n}\n"""
    level = mixing.read_level(log)
    assert level.is_silent
    assert level.gain == 1.0
    with pytest.raises(ValueError, match="no loudness"):
        mixing.read_level("nothing")


def test_a_quiet_room_is_not_made_to_roar() -> None:
    assert mixing.Level(-60, -50, 1, -70, 0).gain == pytest.approx(10 ** (12 / 20))
    assert mixing.Level(-6, -1, 1, -16, 0).gain == pytest.approx(10 ** (-10 / 20))


# What ffmpeg is told ------------------------------------------------------------------


def test_a_name_is_nothing_but_a_files_name() -> None:
    assert film_arguments.address(Path("-i")) == b"file:" + bytes(Path("-i").absolute())
    assert film_arguments.address(Path("/a\n'b\udcff")) == b"file:/a\n'b\xff"
