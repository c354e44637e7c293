"""What every exporter holds to; and that other readers find the edit in what it wrote."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

import opentimelineio as otio
import pytest

from vidcut import plugins
from vidcut.errors import OutputError, UsageError
from vidcut.records import SECOND_US, Edit, Gap, Media, PictureTrack, SoundTrack, Span, Take

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILM = Fraction(24_000, 1001)
NTSC = Fraction(30_000, 1001)
STEREO = SoundTrack("aac", 48_000, 2)
MONO = SoundTrack("aac", 44_100, 1)
SURROUND = SoundTrack("ac3", 48_000, 6)
SILENT = frozenset({"srt", "vtt"})
"""Formats of words alone, which name no media."""
REFUSE_EMPTY = frozenset({"capcut", "kdenlive", "m3u", "mlt", "mpv"})
"""Formats of programs that open no film of nothing."""

ODD = [
    "plain.mp4",
    "with blanks  two.mp4",
    "城市 夜景 #1 100%.mp4",
    "a%20b&c=d;e+f.mp4",
    "quotes ' \" <angle>.mp4",
    "comma,semicolon;[brackets]{braces}.mp4",
    "-dash.mp4",
    "\U0001f30a wave.mp4",
]


def media(
    rate: Fraction | None = NTSC,
    sound: SoundTrack | None = STEREO,
    timecode: str | None = None,
) -> Media:
    picture = None if rate is None else PictureTrack("h264", 1280, 720, rate)
    return Media("mov,mp4", 30 * SECOND_US, picture, sound, timecode=timecode)


def take(source: Path, start_s: float, end_s: float, of: Media | None = None) -> Take:
    """A stretch of a file that is there, and empty: an exporter reads none."""
    source.touch()
    span = Span(round(start_s * SECOND_US), round(end_s * SECOND_US))
    return Take(str(source), span, of or media(), title="harbour & 海", note="seen: <boats>")


def edit(*items: Take | Gap, rate: Fraction = NTSC) -> Edit:
    return Edit("film & 片", items, rate, 1280, 720)


@pytest.fixture(params=plugins.names("exporters"))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def plugin(name: str) -> Any:
    return plugins.load("exporters", name)


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """Where the footage lies."""
    folder = tmp_path / "my clips #2"
    folder.mkdir()
    return folder


@pytest.fixture
def write(plugin: Any, tmp_path: Path) -> Callable[..., Path]:
    """Write an edit to the only thing in a folder of its own."""

    def written(film: Edit, *, relative: bool = False, folder: str = "films") -> Path:
        path = tmp_path / folder / f"film{plugin.SUFFIXES[0]}"
        path.parent.mkdir(exist_ok=True)
        plugin.create().write(film, path, relative=relative)
        assert list(path.parent.iterdir()) == [path]
        return path

    return written


def content(path: Path) -> dict[str, bytes]:
    """The file, or the files of the folder, by their names inside."""
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    return {str(one.relative_to(path)): one.read_bytes() for one in files if one.is_file()}


def names_file(path: Path, name: str) -> bool:
    """Whether the name stands there, however the format escapes it."""
    text = "\n".join(one.decode() for one in content(path).values())
    forms = {name, quote(name), escape(name), quoteattr(name)[1:-1], name.replace('"', '""')}
    forms |= {json.dumps(name)[1:-1], json.dumps(name, ensure_ascii=False)[1:-1]}
    return any(form in text for form in forms)


class TestEveryExporter:
    def test_says_how_its_files_end(self, plugin: Any) -> None:
        assert plugin.SUFFIXES
        assert all(re.fullmatch(r"\.[a-z0-9]+", one) or one == "" for one in plugin.SUFFIXES)

    def test_writes_the_same_again(self, write: Callable[..., Path], clips: Path) -> None:
        film = edit(take(clips / "a.mp4", 1, 2), Gap(SECOND_US), take(clips / "b.mp4", 3, 5))
        one, other = write(film), write(film, folder="again")
        assert content(one) == content(other)

    @pytest.mark.parametrize("odd", ODD)
    def test_names_the_media(
        self, name: str, write: Callable[..., Path], clips: Path, odd: str
    ) -> None:
        path = write(edit(take(clips / odd, 1, 2)))
        assert names_file(path, odd) == (name not in SILENT)

    def test_holds_what_is_no_text(self, write: Callable[..., Path], clips: Path) -> None:
        one = replace(take(clips / "a.mp4", 1, 2), title="a\x00b\x1b\n\ud800]]>", note="\u2028-->")
        film = edit(one, Gap(SECOND_US, "\x07 gap\n"))
        assert content(write(replace(film, name="\x01\n\udc00")))

    def test_holds_a_name_that_is_no_text_or_says_whose(
        self, plugin: Any, tmp_path: Path, clips: Path
    ) -> None:
        path = tmp_path / f"film{plugin.SUFFIXES[0]}"
        try:
            plugin.create().write(edit(take(clips / "odd\udcff.mp4", 1, 2)), path)
        except UsageError as error:
            assert "odd" in str(error)  # noqa: PT017 -- both are right
            assert not path.exists()
        else:
            assert content(path)

    def test_writes_an_empty_edit_or_says_why_not(
        self, name: str, plugin: Any, tmp_path: Path
    ) -> None:
        path = tmp_path / f"film{plugin.SUFFIXES[0]}"
        if name in REFUSE_EMPTY:
            with pytest.raises(UsageError, match="film"):
                plugin.create().write(edit(), path)
            assert list(tmp_path.iterdir()) == []
        else:
            plugin.create().write(edit(), path)
            assert content(path)

    def test_holds_every_kind_of_source(self, write: Callable[..., Path], clips: Path) -> None:
        kinds = {
            "mono": media(sound=MONO),
            "surround": media(sound=SURROUND),
            "silent": media(sound=None),
            "sound": media(None),
            "mono_sound": media(None, MONO),
            "film": media(FILM, timecode="10:00:00:12"),
            "pal": media(Fraction(25)),
            "variable": media(Fraction(2_987, 100)),
            "drop": media(timecode="01:00:00;00"),
            "unknown": replace(media(), duration_us=0),
        }
        film = edit(*(take(clips / f"{kind}.mp4", 1, 2, of) for kind, of in kinds.items()))
        assert content(write(film))

    def test_relative_media_are_seen_from_the_films_folder(
        self, name: str, write: Callable[..., Path], clips: Path
    ) -> None:
        path = write(edit(take(clips / "a b.mp4", 1, 2)), relative=True)
        for form in (str(clips.parent), quote(str(clips.parent))):
            assert not names_file(path, form)
        inside = path.is_dir()  # a folder brings its media along
        assert name in SILENT or names_file(path, "a b.mp4" if inside else f"{clips.name}/a b.mp4")

    def test_a_place_that_cannot_be_written_is_told(
        self, plugin: Any, tmp_path: Path, clips: Path
    ) -> None:
        (tmp_path / "taken").touch()
        path = tmp_path / "taken" / f"film{plugin.SUFFIXES[0]}"
        with pytest.raises(OutputError, match="cannot be written"):
            plugin.create().write(edit(take(clips / "a.mp4", 1, 2)), path)


def test_no_two_exporters_claim_one_ending() -> None:
    endings = [
        ending
        for name in plugins.names("exporters")
        for ending in plugins.load("exporters", name).SUFFIXES
    ]
    assert len(endings) == len(set(endings))


# Read back by others ------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """A take as another reader finds it: frames of the film, seconds from its file's first."""

    source: str
    start: int
    frames: int
    shown_s: Fraction
    kind: str = "video"


def path_of(url: str) -> str:
    return unquote(urlsplit(url).path)


def read_otio(path: Path, rate: Fraction) -> list[Seen]:
    return of_timeline(otio.adapters.read_from_file(str(path)), rate)


def read_xmeml(path: Path, rate: Fraction) -> list[Seen]:
    return of_timeline(otio.adapters.read_from_file(str(path), "fcp_xml"), rate)


def of_timeline(timeline: Any, rate: Fraction) -> list[Seen]:
    result = set()
    for track in timeline.tracks:
        for clip in track.find_clips():
            place = track.range_of_child(clip)
            file = clip.media_reference
            first_s = file.available_range.start_time.to_seconds()
            shown_s = Fraction(clip.source_range.start_time.to_seconds() - first_s)
            start, count = (frame(one, rate) for one in (place.start_time, place.duration))
            kind = track.kind.lower()
            result.add(Seen(path_of(file.target_url), start, count, shown_s, kind))
    return sorted(result, key=lambda one: (one.start, one.kind))


def frame(time: Any, rate: Fraction) -> int:
    """Frames of the film; what is not on an edge between them fails."""
    exact = float(time.rescaled_to(float(rate)).value)
    assert abs(exact - round(exact)) < 1e-4
    return round(exact)


def read_fcpxml(path: Path, rate: Fraction) -> list[Seen]:
    root = ET.parse(path).getroot()  # noqa: S314 -- our own
    assets = {one.attrib["id"]: one for one in root.iter("asset")}
    end_s = Fraction(0)
    result = []
    for item in next(root.iter("spine")):
        offset_s, length_s = seconds(item, "offset"), seconds(item, "duration")
        assert offset_s == end_s  # a spine has no holes
        end_s += length_s
        if item.tag == "asset-clip":
            asset = assets[item.attrib["ref"]]
            source = path_of(asset.find("media-rep").attrib["src"])  # type: ignore[union-attr]
            assert (offset_s * rate).denominator == (length_s * rate).denominator == 1
            shown_s = seconds(item, "start") - seconds(asset, "start")
            seen = Seen(source, int(offset_s * rate), int(length_s * rate), shown_s)
            kinds = {"video": asset.get("hasVideo"), "audio": asset.get("hasAudio")}
            result += [replace(seen, kind=kind) for kind, has in sorted(kinds.items()) if has]
    assert seconds(next(root.iter("sequence")), "duration") == end_s
    return result


def seconds(element: ET.Element, attribute: str) -> Fraction:
    text = element.attrib[attribute]
    assert text.endswith("s")
    return Fraction(text[:-1])


CHANNELS = {
    "V": ["V"],
    "A": ["A1"],
    "AA": ["A1", "A2"],
    "B": ["V", "A1"],
    "AA/V": ["V", "A1", "A2"],
}
"""What an event's letters stand for in CMX3600."""


def read_edl(path: Path, rate: Fraction) -> list[Seen]:
    """The file's first timecode is not in an EDL: that of the edit below is taken off."""
    text = path.read_text()
    timeline = otio.adapters.read_from_string(text, "cmx_3600", rate=float(rate))
    # The adapter forgets where a track's first event lies in the film.
    begins_at: dict[str, Any] = {}
    for channels, label in re.findall(r"^\d{3} +\S+ +(\S+) +C +\S+ \S+ (\S+)", text, re.MULTILINE):
        for track_name in CHANNELS[channels]:
            begins_at.setdefault(track_name, otio.opentime.from_timecode(label, float(rate)))
    files = {one.rpartition("/")[2]: one for one in re.findall(r"\* SOURCE FILE: (.*)", text)}
    result = set()
    for track in timeline.tracks:
        for clip in track.find_clips():
            if isinstance(clip.media_reference, otio.schema.GeneratorReference):
                continue
            place = track.range_of_child(clip)
            begin = place.start_time + begins_at[track.name]
            first = FIRST[clip.name] and otio.opentime.from_timecode(FIRST[clip.name], float(rate))
            begins = clip.source_range.start_time - (first or otio.opentime.RationalTime())
            start, count = (frame(one, rate) for one in (begin, place.duration))
            kind = track.kind.lower()
            shown_s = Fraction(frame(begins, rate)) / rate
            result.add(Seen(files[clip.name], start, count, shown_s, kind))
    return sorted(result, key=lambda one: (one.start, one.kind))


READERS: dict[str, Callable[[Path, Fraction], list[Seen]]] = {
    "edl": read_edl,
    "fcpxml": read_fcpxml,
    "otio": read_otio,
    "xmeml": read_xmeml,
}
FIRST = {"plain.mp4": "", "时 #1.mp4": "01:00:00;00", "late.mp4": "23:59:50:00", "voice.wav": ""}


@pytest.fixture(params=sorted(READERS))
def format_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class TestReadBack:
    @pytest.mark.parametrize("rate", [NTSC, FILM, Fraction(25), Fraction(60)])
    def test_every_take_is_found_to_the_frame(
        self, format_name: str, tmp_path: Path, rate: Fraction
    ) -> None:
        drop = rate == NTSC
        plain, voice = media(rate), media(None, MONO)
        marked = media(rate, timecode=FIRST["时 #1.mp4"] if drop else "01:00:00:00")
        late = media(rate, None, timecode=FIRST["late.mp4"])
        film = edit(
            Gap(1_234_567, "nothing"),
            take(tmp_path / "plain.mp4", 0, 1.111_111, plain),
            take(tmp_path / "时 #1.mp4", 3.337, 7.501, marked),
            take(tmp_path / "plain.mp4", 10.04, 10.05, plain),
            Gap(500_000),
            take(tmp_path / "late.mp4", 5.005, 5.905, late),
            take(tmp_path / "voice.wav", 2.5, 4, voice),
            take(tmp_path / "时 #1.mp4", 20, 21.17, marked),
            rate=rate,
        )
        found = read_back(format_name, film, tmp_path, first=None if drop else "01:00:00:00")
        assert_same(found, film, {})

    @pytest.mark.parametrize("format_name", ["fcpxml", "otio"])
    def test_sources_of_other_rates_do_not_drift(self, format_name: str, tmp_path: Path) -> None:
        rates = [FILM, Fraction(25), 2 * NTSC, Fraction(2_987, 100), Fraction(10)]
        known = {f"{number}.mp4": media(rate, MONO) for number, rate in enumerate(rates)}
        film = edit(
            *(
                take(tmp_path / name, number % 7 + 0.123, number % 7 + 1.456 + number / 900, of)
                for number in range(60)
                for name, of in known.items()
            )
        )
        found = read_back(format_name, film, tmp_path)
        assert_same(found, film, {str(tmp_path / name): of for name, of in known.items()})

    def test_one_frame_at_the_end_of_a_file_stays_inside(
        self, format_name: str, tmp_path: Path
    ) -> None:
        film = edit(take(tmp_path / "plain.mp4", 29.999, 30))
        (found, *_) = read_back(format_name, film, tmp_path)
        assert found.frames == 1
        assert found.shown_s + 1 / NTSC <= 30 + Fraction(1, 1000)


def read_back(name: str, film: Edit, tmp_path: Path, *, first: str | None = None) -> list[Seen]:
    plugin = plugins.load("exporters", name)
    path = tmp_path / f"film{plugin.SUFFIXES[0]}"
    plugin.create().write(film, path)
    if first:
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(FIRST, "时 #1.mp4", first)
            return READERS[name](path, film.rate)
    return READERS[name](path, film.rate)


def assert_same(found: list[Seen], film: Edit, medias: dict[str, Media]) -> None:
    """Film frames exactly; what is shown to half a frame of the source."""
    wanted = []
    for item, start, end in laid_out(film):
        if isinstance(item, Take):
            kinds = {"audio": item.media.sound, "video": item.media.picture}
            wanted += [(item, start, end, kind) for kind, has in kinds.items() if has]
    assert len(found) == len(wanted)
    for seen, (item, start, end, kind) in zip(found, wanted, strict=True):
        assert (seen.source, seen.kind) == (item.source, kind)
        assert (seen.start, seen.frames) == (start, end - start)
        own = medias.get(item.source, item.media).picture
        rate = (own.rate if own else None) or film.rate
        off_s = abs(seen.shown_s - Fraction(item.span.start, SECOND_US))
        assert off_s <= Fraction(51, 100) / rate


def laid_out(film: Edit) -> list[tuple[Take | Gap, int, int]]:
    """By the rule alone: edges are the sums of all before, to the nearest frame."""
    result = []
    time_us, last = 0, 0
    for item in film.items:
        time_us += item.span.duration if isinstance(item, Take) else item.duration_us
        end = int(time_us * film.rate / SECOND_US + Fraction(1, 2))
        end = max(end, last + 1) if isinstance(item, Take) else max(end, last)
        result.append((item, last, end))
        last = end
    return result
