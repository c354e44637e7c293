"""Edit decision lists, line by line."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from vidcut.errors import UsageError
from vidcut.exporters import edl
from vidcut.records import SECOND_US, Edit, Gap, Media, PictureTrack, SoundTrack, Span, Take

if TYPE_CHECKING:
    from pathlib import Path

NTSC = Fraction(30_000, 1001)
PICTURE = PictureTrack("h264", 1280, 720, NTSC)
MONO, STEREO = SoundTrack("aac", 48_000, 1), SoundTrack("aac", 48_000, 2)


def media(
    rate: Fraction = NTSC, sound: SoundTrack | None = None, timecode: str | None = None
) -> Media:
    picture = PictureTrack("h264", 1280, 720, rate)
    return Media("mov", 3600 * SECOND_US, picture, sound, timecode=timecode)


def take(start_s: float, end_s: float, of: Media, source: str = "/a.mov") -> Take:
    return Take(source, Span(round(start_s * SECOND_US), round(end_s * SECOND_US)), of)


def lines(tmp_path: Path, *items: Take | Gap, rate: Fraction = NTSC) -> list[str]:
    path = tmp_path / "film.edl"
    edl.create().write(Edit("a film\nof mine", items, rate, 1280, 720), path)
    return path.read_text(encoding="utf-8").splitlines()


def events(tmp_path: Path, *items: Take | Gap, rate: Fraction = NTSC) -> list[list[str]]:
    return [one.split() for one in lines(tmp_path, *items, rate=rate) if re.match(r"\d{3} ", one)]


def test_begins_with_a_title_and_how_frames_are_counted(tmp_path: Path) -> None:
    assert lines(tmp_path)[:2] == ["TITLE: a film of mine", "FCM: DROP FRAME"]
    for rate in (Fraction(24_000, 1001), Fraction(25), Fraction(30)):
        assert lines(tmp_path, rate=rate)[1] == "FCM: NON-DROP FRAME"


def test_an_event_has_its_columns_and_its_files_name(tmp_path: Path) -> None:
    of = media(sound=STEREO, timecode="01:00:00;00")
    one = take(60, 62.002, of, "/clips/Beach day #2.mov")
    assert lines(tmp_path, one)[2:] == [
        "",
        "001  BEACHDAY AA/V  C        01:00:59;28 01:01:02;00 00:00:00;00 00:00:02;00",
        "* FROM CLIP NAME: Beach day #2.mov",
        "* SOURCE FILE: /clips/Beach day #2.mov",
    ]


@pytest.mark.parametrize(
    ("picture", "sound", "channels"),
    [
        (PICTURE, None, "V"),
        (PICTURE, MONO, "B"),
        (PICTURE, STEREO, "AA/V"),
        (PICTURE, SoundTrack("ac3", 48_000, 6), "AA/V"),
        (None, MONO, "A"),
        (None, STEREO, "AA"),
    ],
)
def test_sound_is_as_the_file_has_it(
    tmp_path: Path, picture: PictureTrack | None, sound: SoundTrack | None, channels: str
) -> None:
    of = Media("mov", 9 * SECOND_US, picture, sound)
    ((_, _, found, *_),) = events(tmp_path, take(0, 1, of))
    assert found == channels


def test_a_gap_is_black(tmp_path: Path) -> None:
    (one,) = events(tmp_path, Gap(2 * SECOND_US, "no shot"), rate=Fraction(25))
    assert one[1:] == ["BL", "V", "C", "00:00:00:00", "00:00:02:00", "00:00:00:00", "00:00:02:00"]


@pytest.mark.parametrize(
    ("own", "timecode", "film", "source_in"),
    [
        (NTSC, "00:00:58;00", NTSC, "00:01:00;02"),
        (NTSC, "00:00:58:00", NTSC, "00:01:00:00"),
        (2 * NTSC, "00:00:58;00", NTSC, "00:01:00;02"),
        (Fraction(50), "10:00:00:25", Fraction(25), "10:00:02:12"),
        (Fraction(25), "10:00:00:12", Fraction(30), "10:00:02:14"),
        (NTSC, "10:00:00;00", Fraction(25), "10:00:02:00"),
        (Fraction(25), "23:59:58:00", Fraction(25), "00:00:00:00"),
    ],
)
def test_the_sources_own_timecode_is_told(
    tmp_path: Path, own: Fraction, timecode: str, film: Fraction, source_in: str
) -> None:
    """At the start of a take two seconds into the file; 60 frames of 29.97 are 2.002 s."""
    ((*_, found, _, _, _),) = events(
        tmp_path, take(2.002, 3, media(own, timecode=timecode)), rate=film
    )
    assert found == source_in


def test_no_two_files_share_a_reel() -> None:
    paths = [f"/{folder}/holiday film {folder}.mp4" for folder in range(300)]
    paths += ["/城市.mp4", "/海.mp4", "/bl.mov", "/AX.mov", "/é.mov", "/e.mov", "/.mp4"]
    names = edl.reels(paths)
    assert list(names) == paths
    assert all(re.fullmatch("[A-Z0-9]{1,8}", name) for name in names.values())
    assert len(set(names.values())) == len(paths)
    assert not {"BL", "AX"} & set(names.values())


def test_999_events_are_the_most(tmp_path: Path) -> None:
    one = take(0, 1, media())
    assert events(tmp_path, *[one] * 999)[-1][0] == "999"
    with pytest.raises(UsageError, match=r"at most 999 events, and 'a film.*' has 1000"):
        lines(tmp_path, *[one] * 1000)


@pytest.mark.parametrize(
    ("rate", "length_s", "reason"),
    [(Fraction(25, 2), 1, "cannot count"), (Fraction(120), 1, "two digits"), (NTSC, 86_401, "24")],
)
def test_what_a_timecode_cannot_tell_is_refused(
    tmp_path: Path, rate: Fraction, length_s: int, reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        lines(tmp_path, Gap(length_s * SECOND_US), rate=rate)
    assert list(tmp_path.iterdir()) == []
