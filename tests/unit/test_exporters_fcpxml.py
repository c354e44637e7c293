"""FCPXML: what Apple's DTD demands, and what it cannot say."""

from __future__ import annotations

from fractions import Fraction
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from vidcut.exporters import fcpxml
from vidcut.records import SECOND_US, Edit, Gap, Media, PictureTrack, SoundTrack, Span, Take

if TYPE_CHECKING:
    from pathlib import Path

NTSC = Fraction(30_000, 1001)

# The elements that vidcut writes, with the attributes and the order of children that version
# 1.10 allows them ("Document Type Definition" in Apple's FCPXML reference).
DTD = """
<!ELEMENT fcpxml (resources?, library)>
<!ATTLIST fcpxml version CDATA #FIXED "1.10">
<!ELEMENT resources (asset | format)*>
<!ELEMENT format EMPTY>
<!ATTLIST format id ID #REQUIRED name CDATA #IMPLIED frameDuration CDATA #IMPLIED
  width CDATA #IMPLIED height CDATA #IMPLIED>
<!ELEMENT asset (media-rep+)>
<!ATTLIST asset id ID #REQUIRED name CDATA #IMPLIED start CDATA #IMPLIED
  duration CDATA #IMPLIED hasVideo CDATA #IMPLIED format IDREF #IMPLIED hasAudio CDATA #IMPLIED
  videoSources CDATA #IMPLIED audioSources CDATA #IMPLIED audioChannels CDATA #IMPLIED
  audioRate CDATA #IMPLIED>
<!ELEMENT media-rep EMPTY>
<!ATTLIST media-rep kind (original-media | proxy-media) "original-media" src CDATA #REQUIRED>
<!ELEMENT library (event)*>
<!ELEMENT event (project)*>
<!ATTLIST event name CDATA #IMPLIED>
<!ELEMENT project (sequence)>
<!ATTLIST project name CDATA #IMPLIED>
<!ELEMENT sequence (note?, spine)>
<!ATTLIST sequence format IDREF #REQUIRED duration CDATA #IMPLIED tcStart CDATA #IMPLIED
  tcFormat (DF | NDF) #IMPLIED audioLayout (mono | stereo | surround) #IMPLIED
  audioRate (32k | 44.1k | 48k | 88.2k | 96k | 176.4k | 192k) #IMPLIED>
<!ELEMENT spine (asset-clip | gap)*>
<!ELEMENT asset-clip (note?, conform-rate?, marker*)>
<!ATTLIST asset-clip ref IDREF #REQUIRED offset CDATA #IMPLIED name CDATA #IMPLIED
  start CDATA #IMPLIED duration CDATA #IMPLIED format IDREF #IMPLIED
  tcFormat (DF | NDF) #IMPLIED audioRole CDATA #IMPLIED>
<!ELEMENT gap (note?, marker*)>
<!ATTLIST gap name CDATA #IMPLIED offset CDATA #IMPLIED start CDATA #IMPLIED
  duration CDATA #REQUIRED>
<!ELEMENT conform-rate EMPTY>
<!ATTLIST conform-rate scaleEnabled (0 | 1) "1"
  srcFrameRate (23.98 | 24 | 25 | 29.97 | 30 | 60 | 47.95 | 48 | 50 | 59.94) #IMPLIED>
<!ELEMENT marker EMPTY>
<!ATTLIST marker start CDATA #REQUIRED duration CDATA #IMPLIED value CDATA #REQUIRED
  note CDATA #IMPLIED>
<!ELEMENT note (#PCDATA)>
"""


def take(
    name: str,
    *,
    rate: Fraction | None = NTSC,
    channels: int = 2,
    timecode: str | None = None,
    title: str = "title & <more>",
) -> Take:
    picture = None if rate is None else PictureTrack("h264", 1280, 720, rate)
    sound = SoundTrack("aac", 44_100, channels) if channels else None
    media = Media("mov", 20 * SECOND_US, picture, sound, timecode=timecode)
    return Take(f"/{name}", Span(SECOND_US, 3 * SECOND_US), media, title, "note")


def written(tmp_path: Path, *items: Take | Gap, rate: Fraction = NTSC) -> Any:
    path = tmp_path / "film.fcpxml"
    fcpxml.create().write(Edit("film", items, rate, 1920, 1080), path)
    root = etree.parse(str(path)).getroot()
    dtd = etree.DTD(StringIO(DTD))
    assert dtd.validate(root), dtd.error_log
    return root


def test_obeys_the_dtd(tmp_path: Path) -> None:
    rates = [NTSC, Fraction(24_000, 1001), Fraction(25), 2 * NTSC, Fraction(120), Fraction(10)]
    items: list[Take | Gap] = [take(f"{number}.mov", rate=one) for number, one in enumerate(rates)]
    items += [Gap(SECOND_US, "none"), Gap(SECOND_US), take("voice.wav", rate=None, channels=1)]
    items += [take("silent.mov", channels=0), take("0.mov", title="")]
    for film in (NTSC, Fraction(25), Fraction(24_000, 1001)):
        root = written(tmp_path, *items, rate=film)
        assert len(root.findall(".//spine/*")) == len(items)


def test_an_empty_film_obeys_it_too(tmp_path: Path) -> None:
    root = written(tmp_path)
    assert root.find(".//sequence").get("duration") == "0s"


@pytest.mark.parametrize(
    ("timecode", "asset_start", "clip_start", "display"),
    [
        # 107,892 and 108,000 frames of 1001/30000 s, and 30 more.
        ("01:00:00;00", Fraction(107_892) / NTSC, Fraction(107_922) / NTSC, "DF"),
        ("01:00:00:00", Fraction(108_000) / NTSC, Fraction(108_030) / NTSC, "NDF"),
        (None, Fraction(0), Fraction(30) / NTSC, "DF"),
    ],
)
def test_times_of_a_clip_count_from_its_files_timecode(
    tmp_path: Path, timecode: str | None, asset_start: Fraction, clip_start: Fraction, display: str
) -> None:
    root = written(tmp_path, take("a.mov", timecode=timecode))
    clip = root.find(".//asset-clip")
    assert Fraction(root.find(".//asset").get("start")[:-1]) == asset_start
    assert Fraction(clip.get("start")[:-1]) == clip_start
    assert clip.find("marker").get("start") == clip.get("start")
    assert clip.get("tcFormat") == display


@pytest.mark.parametrize("channels", [0, 1, 2, 6])
def test_sound_is_as_the_file_has_it(tmp_path: Path, channels: int) -> None:
    root = written(tmp_path, take("a.mov", channels=channels))
    asset = root.find(".//asset")
    found = [asset.get(name) for name in ("hasAudio", "audioChannels", "audioRate")]
    assert found == (["1", str(channels), "44100"] if channels else [None] * 3)
    assert root.find(".//asset-clip").get("audioRole") == ("dialogue" if channels else None)
    assert asset.get("hasVideo") == "1"


def test_a_file_of_sound_alone_has_no_pictures(tmp_path: Path) -> None:
    asset = written(tmp_path, take("a.wav", rate=None)).find(".//asset")
    assert [asset.get(name) for name in ("hasVideo", "videoSources", "format")] == [None] * 3


def test_another_rate_is_shown_at_its_own_speed(tmp_path: Path) -> None:
    root = written(tmp_path, take("a.mov", rate=Fraction(25)), take("b.mov"))
    (conform,) = root.findall(".//conform-rate")
    assert dict(conform.attrib) == {"scaleEnabled": "0", "srcFrameRate": "25"}
    durations = {one.get("frameDuration") for one in root.iter("format")}
    assert durations == {"1001/30000s", "1/25s"}


def test_titles_and_notes_are_markers(tmp_path: Path) -> None:
    root = written(tmp_path, take("a.mov"), Gap(SECOND_US, "none fits"), take("b.mov", title=""))
    first, gap, untitled = root.findall(".//spine/*")
    assert first.get("name") == first.find("marker").get("value") == "title & <more>"
    assert first.find("marker").get("note") == first.findtext("note") == "note"
    assert gap.get("name") == gap.find("marker").get("value") == "none fits"
    assert untitled.get("name") == "b.mov"
    assert untitled.find("marker").get("value") == "note"
