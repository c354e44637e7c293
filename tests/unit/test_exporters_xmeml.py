"""Final Cut Pro 7 XML: what the reader of the contract does not look at."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from vidcut.errors import UsageError
from vidcut.exporters import xmeml
from vidcut.records import SECOND_US, Edit, Gap, Media, PictureTrack, SoundTrack, Span, Take

if TYPE_CHECKING:
    from pathlib import Path

NTSC = Fraction(30_000, 1001)


def take(
    name: str, channels: int, *, rate: Fraction | None = NTSC, timecode: str | None = None
) -> Take:
    picture = None if rate is None else PictureTrack("h264", 1280, 720, rate)
    sound = SoundTrack("aac", 44_100, channels) if channels else None
    media = Media("mov", 20 * SECOND_US, picture, sound, timecode=timecode)
    return Take(f"/{name}", Span(SECOND_US, 3 * SECOND_US), media, "title", "note")


def written(tmp_path: Path, *items: Take | Gap, rate: Fraction = NTSC) -> ET.Element:
    path = tmp_path / "film.xml"
    xmeml.create().write(Edit("film", items, rate, 1280, 720), path)
    assert path.read_text().splitlines()[1] == "<!DOCTYPE xmeml>"
    return ET.parse(path).getroot()  # noqa: S314 -- our own


def text(element: ET.Element, path: str) -> str:
    found = element.findtext(path)
    assert found is not None, path
    return found


def test_each_part_of_a_take_links_to_all_of_them(tmp_path: Path) -> None:
    items = [take("stereo", 2), take("mono", 1), take("silent", 0), take("sound", 2, rate=None)]
    root = written(tmp_path, *items)
    known = {item.attrib["id"]: item for item in root.iter("clipitem")}
    where = {
        item.attrib["id"]: (kind, str(track_number), str(place))
        for kind in ("video", "audio")
        for track_number, track in enumerate(root.findall(f".//{kind}/track"), start=1)
        for place, item in enumerate(track.findall("clipitem"), start=1)
    }
    groups = set()
    for name, item in known.items():
        links = item.findall("link")
        group = frozenset(text(link, "linkclipref") for link in links) or frozenset([name])
        assert name in group
        groups.add(group)
        for link in links:
            told = tuple(text(link, one) for one in ("mediatype", "trackindex", "clipindex"))
            assert told == where[text(link, "linkclipref")]
    assert sorted(len(group) for group in groups) == [1, 2, 2, 3]
    assert sum(len(group) for group in groups) == len(known)


@pytest.mark.parametrize(
    ("channels", "tracks"), [(0, []), (1, ["Mono"]), (2, ["Stereo"] * 2), (6, ["Mono"] * 6)]
)
def test_sound_has_the_channels_of_its_file(
    tmp_path: Path, channels: int, tracks: list[str]
) -> None:
    root = written(tmp_path, take("a", channels))
    audio = root.findall(".//media/audio/track")
    assert [track.get("premiereTrackType") for track in audio] == tracks
    found = [text(track, "clipitem/sourcetrack/trackindex") for track in audio]
    assert found == [str(channel + 1) for channel in range(channels)]
    counts = [one.text for one in root.iter("channelcount")]
    assert counts == ([str(channels)] if channels else [])


def test_mono_beside_stereo_is_heard_in_the_middle(tmp_path: Path) -> None:
    root = written(tmp_path, take("stereo", 2), take("mono", 1))
    tracks = root.findall(".//media/audio/track")
    assert [track.findtext("outputchannelindex") for track in tracks] == ["1", "2", None]
    assert [len(track.findall("clipitem")) for track in tracks] == [1, 1, 1]


@pytest.mark.parametrize(
    ("timecode", "label", "frame", "display"),
    [
        ("01:00:00;00", "01:00:00;00", "107892", "DF"),
        ("01:00:00:00", "01:00:00:00", "108000", "NDF"),
        (None, "00:00:00;00", "0", "DF"),
    ],
)
def test_the_files_own_timecode_stands_beside_it(
    tmp_path: Path, timecode: str | None, label: str, frame: str, display: str
) -> None:
    root = written(tmp_path, take("a", 2, timecode=timecode))
    (code,) = root.findall(".//file/timecode")
    told = tuple(text(code, one) for one in ("string", "frame", "displayformat"))
    assert told == (label, frame, display)
    for item in root.iter("clipitem"):  # counted from the file's first frame all the same
        assert (text(item, "in"), text(item, "out")) == ("30", "90")


def test_a_file_is_described_once_and_meant_by_its_id(tmp_path: Path) -> None:
    root = written(tmp_path, take("a", 2), take("b", 2), take("a", 2))
    described = [file for file in root.iter("file") if len(file)]
    assert [text(file, "name") for file in described] == ["a", "b"]
    assert {file.attrib["id"] for file in root.iter("file")} == {"file-1", "file-2"}


def test_each_clip_is_counted_at_its_own_rate(tmp_path: Path) -> None:
    root = written(tmp_path, take("a", 0, rate=Fraction(25)), rate=Fraction(30))
    (item,) = root.iter("clipitem")
    assert (text(item, "rate/timebase"), text(item, "rate/ntsc")) == ("25", "FALSE")
    assert [text(item, one) for one in ("start", "end", "in", "out")] == ["0", "60", "25", "75"]
    ntsc = written(tmp_path, take("a", 0))
    assert text(ntsc, "sequence/rate/ntsc") == "TRUE"


def test_titles_and_gaps_are_markers(tmp_path: Path) -> None:
    root = written(tmp_path, Gap(SECOND_US, "nothing fits"), take("a", 2))
    (gap,) = root.findall("sequence/marker")
    assert [text(gap, one) for one in ("name", "in", "out")] == ["nothing fits", "0", "30"]
    (marker,) = root.findall(".//clipitem/marker")
    assert [text(marker, one) for one in ("name", "comment", "in")] == ["title", "note", "30"]


def test_a_rate_that_it_cannot_count_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot count 25/2"):
        written(tmp_path, take("a", 2), rate=Fraction(25, 2))
