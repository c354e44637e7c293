"""Subtitles, tables, players' lists, MLT, Kdenlive and CapCut: what is in them, read back."""

from __future__ import annotations

import csv
import html
import itertools
import json
import os
import re
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidcut import frames, plugins
from vidcut.errors import OutputError, UsageError
from vidcut.exporters import _cues, capcut
from vidcut.exporters import csv as table
from vidcut.exporters._jianying import FOLDER
from vidcut.records import Edit, Gap, Media, PictureTrack, SoundTrack, Span, Take

S = 1_000_000
ROOT = Path(__file__).resolve().parents[2]
NTSC = Fraction(30_000, 1001)
HOSTILE = 'a --> b\n\n7\n00:00:00,000 --> 9 <b>{\\an8}&amp;\x1b[31m \\N "x"\u2028\ud800'


each_way = pytest.mark.parametrize("relative", [True, False], ids=["relative", "absolute"])


def media(*, picture: bool = True, sound: bool = True, seconds: float = 60) -> Media:
    return Media(
        "mp4",
        round(seconds * S),
        PictureTrack("h264", 1920, 1080, Fraction(25)) if picture else None,
        SoundTrack("aac", 48_000, 2) if sound else None,
    )


def take(source: str, start: float, end: float, **texts: str) -> Take:
    return Take(source, Span(round(start * S), round(end * S)), media(), **texts)


def edit_of(*items: Take | Gap, rate: Fraction = Fraction(25), name: str = "film") -> Edit:
    return Edit(name, items, rate, 1920, 1080)


@pytest.fixture
def edit() -> Edit:
    """Two seconds, half a second of nothing, one second, the end of a file."""
    return edit_of(
        take("/films/a.mp4", 1, 3, title="hot pot", note="said: hello"),
        Gap(S // 2, "nothing yet"),
        take("/films/b, #2 100%.mp4", 10, 11),
        take("/films/a.mp4", 59.5, 60, title="end"),
    )


def written(edit: Edit, name: str, folder: Path, *, relative: bool = False) -> Path:
    module = plugins.load("exporters", name)
    path = folder / f"film{module.SUFFIXES[0]}"
    module.create().write(edit, path, relative=relative)
    return path


# Subtitles -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_every_item_is_a_cue_at_its_place(name: str, edit: Edit, tmp_path: Path) -> None:
    cues = pysubs2.load(str(written(edit, name, tmp_path)), encoding="utf-8")
    assert [(cue.start, cue.end) for cue in cues] == [
        (0, 2000),
        (2000, 2520),
        (2520, 3520),
        (3520, 4000),
    ]
    texts = ["hot pot\nsaid: hello", "nothing yet", "b, #2 100%.mp4", "end"]
    assert [cue.plaintext for cue in cues] == texts


@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_no_text_steers_a_player(name: str, tmp_path: Path) -> None:
    hostile = edit_of(take("/a.mp4", 0, 1, title=HOSTILE, note=HOSTILE), Gap(S, HOSTILE))
    path = written(hostile, name, tmp_path)
    text = path.read_bytes().decode()
    assert text.count("-->") == 2
    assert not re.search(r"[<>](?!.*\d\d:)", re.sub(r"(?m)^.*-->.*$", "", text))
    assert "\x1b" not in text
    assert "\u2028" not in text
    assert len(list(pysubs2.load(str(path), encoding="utf-8"))) == 2
    if name == "srt":
        assert not set("{}\\") & set(text)
    else:
        assert "a --> b 7 00:00:00,000 --> 9 <b>{\\an8}&amp;" in html.unescape(text)


@given(
    st.lists(st.integers(1, 5 * S), min_size=1, max_size=30),
    st.sampled_from([Fraction(25), NTSC, Fraction(24_000, 1001), Fraction(60), Fraction(240)]),
)
def test_cues_touch_and_last(lengths: list[int], rate: Fraction) -> None:
    items = [Take("/a.mp4", Span(0, length), media()) for length in lengths]
    cues = list(_cues.markers(edit_of(*items, rate=rate)))
    assert len(cues) == len(items)
    assert cues[0].start_ms == 0
    assert all(cue.start_ms < cue.end_ms for cue in cues)
    assert all(a.end_ms == b.start_ms for a, b in itertools.pairwise(cues))


def test_hours_have_as_many_digits_as_they_need(tmp_path: Path) -> None:
    path = written(edit_of(Gap(100 * 3600 * S), take("/a.mp4", 0, 1)), "srt", tmp_path)
    assert "100:00:00,000 --> 100:00:01,000" in path.read_text(encoding="utf-8")


# Tables --------------------------------------------------------------------------------


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines, strict=True))


def test_table_has_a_row_an_item(edit: Edit, tmp_path: Path) -> None:
    path = written(edit, "csv", tmp_path)
    read = rows(path)
    assert tuple(read[0]) == table.COLUMNS
    assert [row["kind"] for row in read] == ["take", "gap", "take", "take"]
    assert [row["timecode"] for row in read] == [
        "00:00:00:00",
        "00:00:02:00",
        "00:00:02:13",
        "00:00:03:13",
    ]
    assert [row["frames"] for row in read] == ["50", "13", "25", "12"]
    assert (read[2]["source_start"], read[2]["source_end"]) == ("10.000000", "11.000000")
    assert read[2]["source"] == "/films/b, #2 100%.mp4"
    assert read[1]["source_start"] == read[1]["source"] == ""
    assert path.read_bytes().count(b"\r\n") == path.read_bytes().count(b"\n") == 5


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "＝1", "\t=1", " @SUM(1)"])  # noqa: RUF001
def test_no_cell_is_a_formula(text: str, tmp_path: Path) -> None:
    hostile = edit_of(take("/a.mp4", 0, 1, title=text, note=text), Gap(S, text))
    for row in rows(written(hostile, "csv", tmp_path)):
        assert row["title"].startswith("'")
    relative = edit_of(take(str(tmp_path / "=1.mp4"), 0, 1))
    assert rows(written(relative, "csv", tmp_path, relative=True))[0]["source"] == "./=1.mp4"


def test_table_survives_quotes_and_commas(tmp_path: Path) -> None:
    (row,) = rows(written(edit_of(take("/a.mp4", 0, 1, title='a "b", c\nd')), "csv", tmp_path))
    assert row["title"] == 'a "b", c d'


def test_timecodes_of_2997_drop(tmp_path: Path) -> None:
    read = rows(written(edit_of(Gap(60 * S), take("/a.mp4", 0, 1), rate=NTSC), "csv", tmp_path))
    assert read[1]["timecode"] == "00:00:59;28"
    odd = edit_of(take("/a.mp4", 0, 1), rate=Fraction(25, 2))
    assert rows(written(odd, "csv", tmp_path))[0]["timecode"] == ""


# Players' lists ------------------------------------------------------------------------


def test_playlist_plays_the_takes(edit: Edit, tmp_path: Path) -> None:
    lines = written(edit, "m3u", tmp_path).read_text(encoding="utf-8").splitlines()
    assert lines[0] == "#EXTM3U"
    assert [line for line in lines if not line.startswith("#")] == [
        "/films/a.mp4",
        "/films/b, #2 100%.mp4",
        "/films/a.mp4",
    ]
    times = [line.partition("time=")[2] for line in lines if line.startswith("#EXTVLCOPT")]
    assert times == ["1.000000", "3.000000", "10.000000", "11.000000", "59.500000", "59.980000"]
    assert [line for line in lines if line.startswith("#EXTINF")] == [
        "#EXTINF:2,hot pot",
        "#EXTINF:1,b, #2 100%.mp4",
        "#EXTINF:1,end",
    ]


@pytest.mark.parametrize("name", ["a\nb.mp4", "a\x1b.mp4", "a\udcff.mp4", "a\u2028b.mp4"])
@each_way
def test_a_name_that_no_line_can_hold_becomes_a_url(
    name: str, *, relative: bool, tmp_path: Path
) -> None:
    source = str(tmp_path / name)
    path = written(edit_of(take(source, 0, 1)), "m3u", tmp_path, relative=relative)
    url = path.read_text(encoding="utf-8").split("\n")[-2]
    assert os.fsencode(unquote(urlsplit(url).path, errors="surrogateescape")) == os.fsencode(source)


def test_a_relative_name_is_no_comment(tmp_path: Path) -> None:
    source = str(tmp_path / "#1.mp4")
    path = written(edit_of(take(source, 0, 1)), "m3u", tmp_path, relative=True)
    assert path.read_text(encoding="utf-8").splitlines()[-1] == "./#1.mp4"


def mpv_segments(data: bytes) -> list[tuple[bytes, float, float, bytes]]:
    """As mpv's DOCS/edl-mpv.rst has it, for lists in which paths and titles are escaped."""
    head, _, rest = data.partition(b"\n")
    assert head == b"# mpv EDL v0"
    found = []
    while rest:
        path, rest = unescaped(rest)
        match = re.match(rb",([0-9.]+),([0-9.]+),title=", rest)
        assert match
        title, rest = unescaped(rest[match.end() :])
        assert rest.startswith(b"\n")
        rest = rest[1:]
        found.append((path, float(match[1]), float(match[2]), title))
    return found


def unescaped(data: bytes) -> tuple[bytes, bytes]:
    match = re.match(rb"%([0-9]+)%", data)
    assert match
    end = match.end() + int(match[1])
    return data[match.end() : end], data[end:]


@pytest.mark.parametrize("name", ["a,b;c\nd%3%.mp4", "火锅=!.mp4", "a\udcff.mp4"])
def test_mpv_plays_files_of_any_name(name: str, tmp_path: Path) -> None:
    source = str(tmp_path / name)
    hostile = edit_of(take(source, 1, 3, title=HOSTILE), Gap(S), take(source, 0, 0.5))
    first, second = mpv_segments(written(hostile, "mpv", tmp_path).read_bytes())
    assert first[:3] == (os.fsencode(source), 1.0, 2.0)
    assert second[1:3] == (0.0, 0.52)
    assert not re.search(rb"[\x00-\x1f]", first[3])
    relative = mpv_segments(written(hostile, "mpv", tmp_path, relative=True).read_bytes())
    assert relative[0][0] == b"./" + os.fsencode(name)


@pytest.mark.parametrize("name", ["m3u", "mpv", "capcut"])
def test_nothing_to_play_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no take"):
        written(edit_of(Gap(S)), name, tmp_path)


@pytest.mark.parametrize("name", ["mlt", "kdenlive"])
def test_an_empty_film_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is empty"):
        written(edit_of(), name, tmp_path)


# MLT and Kdenlive ----------------------------------------------------------------------


def read(path: Path) -> ET.Element:
    return ET.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314 - we wrote it


def properties(node: ET.Element) -> dict[str, str]:
    return {one.attrib["name"]: one.text or "" for one in node.findall("property")}


def track(root: ET.Element, name: str) -> list[tuple[str, int, int] | int]:
    """A playlist: (resource, first frame, last frame) of each clip, the length of each blank."""
    chains = {one.attrib["id"]: properties(one)["resource"] for one in root.findall("chain")}
    found: list[tuple[str, int, int] | int] = []
    for node in root.findall(f"playlist[@id='{name}']/*"):
        if node.tag == "entry":
            told = node.attrib
            found.append((chains[told["producer"]], int(told["in"]), int(told["out"])))
        elif node.tag == "blank":
            found.append(int(node.attrib["length"]))
    return found


def test_mlt_has_the_frames_of_the_profile(edit: Edit, tmp_path: Path) -> None:
    root = read(written(edit, "mlt", tmp_path))
    assert track(root, "playlist0") == [
        ("/films/a.mp4", 25, 74),
        13,
        ("/films/b, #2 100%.mp4", 250, 274),
        ("/films/a.mp4", 1488, 1499),
    ]
    profile = root.find("profile")
    assert profile is not None
    assert (profile.attrib["frame_rate_num"], profile.attrib["frame_rate_den"]) == ("25", "1")
    assert (profile.attrib["display_aspect_num"], profile.attrib["display_aspect_den"]) == (
        "16",
        "9",
    )
    film = root.find(f"tractor[@id='{root.attrib['producer']}']")
    assert film is not None
    assert film.attrib["out"] == "99"


@pytest.mark.parametrize("name", ["mlt", "kdenlive"])
def test_no_clip_leaves_its_file(name: str, tmp_path: Path) -> None:
    tight = Take("/a.mp4", Span(990_001, S), media(seconds=1))
    root = read(written(edit_of(tight, rate=NTSC), name, tmp_path))
    chain = root.find("chain")
    assert chain is not None
    (clip,) = track(root, "playlist0")
    assert isinstance(clip, tuple)
    assert clip[1] <= clip[2] <= int(properties(chain)["length"]) - 1


@pytest.mark.parametrize("name", ["mlt", "kdenlive"])
def test_texts_are_harmless_in_xml(name: str, tmp_path: Path) -> None:
    source = str(tmp_path / "<&'\" 火.mp4")
    hostile = edit_of(take(source, 0, 1, title=HOSTILE), Gap(S, HOSTILE), name=HOSTILE)
    root = read(written(hostile, name, tmp_path))
    clips = [clip for clip in track(root, "playlist0") if isinstance(clip, tuple)]
    assert clips[0][0] == source
    assert "\x1b" not in ET.tostring(root, encoding="unicode")
    bad = edit_of(take("/films/a\x01.mp4", 0, 1))
    with pytest.raises(UsageError, match=r"a\\x01\.mp4' has a name that XML cannot hold"):
        written(bad, name, tmp_path)


def test_relative_media_in_mlt(tmp_path: Path) -> None:
    near = edit_of(take(str(tmp_path / "@a.mp4"), 0, 1), take(str(tmp_path.parent / "b"), 0, 1))
    root = read(written(near, "mlt", tmp_path, relative=True))
    assert [properties(one)["resource"] for one in root.findall("chain")] == ["./@a.mp4", "../b"]


def kinds(tmp_path: Path) -> Edit:
    def of(name: str, **held: bool) -> Take:
        return Take(str(tmp_path / name), Span(S, 2 * S), media(**held), title=name)

    return edit_of(of("both"), of("picture", sound=False), of("sound", picture=False), Gap(S, "?"))


def test_kdenlive_has_picture_and_sound_on_their_tracks(tmp_path: Path) -> None:
    root = read(written(kinds(tmp_path), "kdenlive", tmp_path))
    sound, picture = track(root, "playlist0"), track(root, "playlist2")
    assert sound == [(f"{tmp_path}/both", 25, 49), 25, (f"{tmp_path}/sound", 25, 49), 25]
    assert picture == [(f"{tmp_path}/both", 25, 49), (f"{tmp_path}/picture", 25, 49), 25, 25]
    hidden = {
        one.attrib["producer"]: one.attrib["hide"] for one in root.findall("tractor/track[@hide]")
    }
    assert hidden["playlist0"] == "video"
    assert hidden["playlist2"] == "audio"


def test_kdenlive_links_what_belongs_together(tmp_path: Path) -> None:
    root = read(written(kinds(tmp_path), "kdenlive", tmp_path))
    sequences = [one for one in root.findall("tractor") if "kdenlive:uuid" in properties(one)]
    told = properties(sequences[0])
    groups = json.loads(told["kdenlive:sequenceproperties.groups"])
    assert [[leaf["data"] for leaf in group["children"]] for group in groups] == [
        ["0:0:-1", "1:0:-1"]
    ]
    guides = json.loads(told["kdenlive:sequenceproperties.guides"])
    assert [(guide["pos"], guide["comment"]) for guide in guides] == [
        (0, "both"),
        (25, "picture"),
        (50, "sound"),
        (75, "?"),
    ]


def test_kdenlive_finds_every_clip_in_its_bin(edit: Edit, tmp_path: Path) -> None:
    root = read(written(edit, "kdenlive", tmp_path))
    assert root.attrib["producer"] == "main_bin"
    known = {one.attrib["id"]: properties(one) for one in root if "id" in one.attrib}
    held = [one.attrib["producer"] for one in root.findall("playlist[@id='main_bin']/entry")]
    bin_ids = [known[name]["kdenlive:id"] for name in held]
    assert len(set(bin_ids)) == len(bin_ids) == 3
    used = {
        properties(entry)["kdenlive:id"]
        for name in ("playlist0", "playlist2")
        for entry in root.findall(f"playlist[@id='{name}']/entry")
    }
    assert used == set(bin_ids[1:])
    settings = known["main_bin"]
    assert settings["kdenlive:docproperties.version"] == "1.1"
    assert settings["kdenlive:docproperties.uuid"] == held[0] == known[held[0]]["kdenlive:uuid"]
    named = {one.attrib["producer"] for one in root.iter() if "producer" in one.attrib}
    assert named <= set(known), "nothing is pointed at that is not there"
    last = [one for one in root if one.tag == "tractor"][-1]
    assert properties(last) == {"kdenlive:projectTractor": "1"}


def test_the_same_edit_makes_the_same_project(edit: Edit, tmp_path: Path) -> None:
    first = written(edit, "kdenlive", tmp_path).read_bytes()
    assert written(edit, "kdenlive", tmp_path).read_bytes() == first
    other = edit_of(*edit.items, name="another")
    assert written(other, "kdenlive", tmp_path).read_bytes() != first


# Read by the programs themselves -------------------------------------------------------


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Films whose frames' grey is their number, under names that are hard to write down."""
    folder = tmp_path_factory.mktemp("my #films, 100%")
    picture = "color=black:s=64x48:r=25:d=4,format=gray,geq=lum='2*N+20',format=yuv420p"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", picture]
    for name in ("a.mp4", "火锅 #1, 100% a:b?c=d;&.mp4"):
        subprocess.run(
            [*command, "-c:v", "libx264", "-qp", "0", "-g", "10", f"file:{folder / name}"],
            check=True,
        )
    return folder


def shot(source: Path, start: float, end: float) -> Take:
    held = Media("mp4", 4 * S, PictureTrack("h264", 64, 48, Fraction(25)), None)
    return Take(str(source), Span(round(start * S), round(end * S)), held)


def greys(film: Path) -> list[int]:
    """The mean grey of each frame."""
    done = subprocess.run(
        [
            "ffmpeg",
            "-v",
            "error",
            "-i",
            film,
            "-vf",
            "scale=1:1,format=gray",
            "-f",
            "rawvideo",
            "-",
        ],
        check=True,
        capture_output=True,
    )
    return list(done.stdout)


@pytest.mark.skipif(shutil.which("melt") is None, reason="melt is not installed")
@pytest.mark.parametrize("name", ["mlt", "kdenlive"])
@each_way
def test_melt_renders_the_frames_that_were_meant(
    name: str, *, relative: bool, footage: Path, tmp_path: Path
) -> None:
    first, second = sorted(footage.iterdir())
    edit = Edit(
        "film",
        (shot(first, 1, 2), Gap(S), shot(second, 3, 3.2), shot(first, 0, 0.2)),
        Fraction(25),
        64,
        48,
    )
    path = written(edit, name, tmp_path, relative=relative)
    film = tmp_path / "film.mkv"
    subprocess.run(
        ["melt", path, "-consumer", f"avformat:{film}", "vcodec=ffv1", "an=1", "real_time=-1"],
        check=True,
        capture_output=True,
        timeout=120,
    )
    shades = greys(first)
    wanted = [*shades[25:50], *[0] * 25, *shades[75:80], *shades[:5]]
    seen = greys(film)
    assert len(seen) == len(wanted)
    assert all(abs(one - other) <= 1 for one, other in zip(seen, wanted, strict=True)), seen


@pytest.mark.skipif(shutil.which("mpv") is None, reason="mpv is not installed")
@each_way
def test_mpv_plays_the_frames_that_were_meant(
    *, relative: bool, footage: Path, tmp_path: Path
) -> None:
    first, second = sorted(footage.iterdir())
    edit = edit_of(shot(first, 1, 2), shot(second, 3, 3.2))
    path = written(edit, "mpv", tmp_path, relative=relative)
    film = tmp_path / "film.mkv"
    subprocess.run(
        ["mpv", "--no-config", path, f"--o={film}", "--ovc=ffv1", "--no-audio"],
        check=True,
        capture_output=True,
        timeout=120,
    )
    shades = greys(first)
    wanted = [*shades[25:50], *shades[75:80]]
    seen = greys(film)
    assert len(seen) == len(wanted)
    assert all(abs(one - other) <= 1 for one, other in zip(seen, wanted, strict=True)), seen


# CapCut --------------------------------------------------------------------------------


def draft(edit: Edit, folder: Path) -> tuple[Path, dict[str, Any], dict[str, Any]]:
    path = written(edit, "capcut", folder)
    content = json.loads((path / capcut.CONTENT).read_text(encoding="utf-8"))
    meta = json.loads((path / capcut.META).read_text(encoding="utf-8"))
    return path, content, meta


def with_files(edit: Edit) -> Edit:
    for item in edit.items:
        if isinstance(item, Take):
            Path(item.source).write_text(item.source, encoding="utf-8", errors="replace")
    return edit


def test_draft_has_picture_and_sound_on_their_tracks(tmp_path: Path) -> None:
    _, content, meta = draft(with_files(kinds(tmp_path)), tmp_path)
    tracks = {one["type"]: one["segments"] for one in content["tracks"]}
    places = [one["target_timerange"] for one in tracks["video"]]
    assert places == [{"start": 0, "duration": S}, {"start": S, "duration": S}]
    assert [one["target_timerange"]["start"] for one in tracks["audio"]] == [2 * S]
    assert all(one["source_timerange"]["start"] == S for one in tracks["video"])
    assert content["duration"] == meta["tm_duration"] == 4 * S, "with the gap"
    assert [one["has_audio"] for one in content["materials"]["videos"]] == [True, False]


def test_draft_holds_all_that_it_refers_to(edit: Edit, tmp_path: Path) -> None:
    near = edit_of(
        *(
            Take(str(tmp_path / Path(item.source).name), item.span, item.media)
            if isinstance(item, Take)
            else item
            for item in edit.items
        )
    )
    path, content, meta = draft(with_files(near), tmp_path)
    known = {one["id"]: one for group in content["materials"].values() for one in group}
    segments = [one for each in content["tracks"] for one in each["segments"]]
    assert len(segments) == 3
    for one in segments:
        assert one["material_id"] in known
        assert one["extra_material_refs"]
        assert set(one["extra_material_refs"]) <= set(known)
        end = one["source_timerange"]["start"] + one["source_timerange"]["duration"]
        assert end <= known[one["material_id"]]["duration"]
    ids = [*known, *(one["id"] for one in segments), *(one["id"] for one in content["tracks"])]
    assert all(ids)
    assert len(set(ids)) == len(ids)
    files = [one["path"].replace(FOLDER, ".") for one in content["materials"]["videos"]]
    assert len(files) == 2, "each file once"
    listed = [one["file_Path"] for group in meta["draft_materials"] for one in group["value"]]
    assert listed == files
    names = [one["material_name"] for one in content["materials"]["videos"]]
    assert names == ["a.mp4", "b, #2 100%.mp4"]
    for place, name in zip(files, names, strict=True):
        assert (path / place).samefile(tmp_path / name), "a hard link costs no room"


def test_draft_says_the_same_on_both_systems(tmp_path: Path) -> None:
    path, content, _ = draft(with_files(kinds(tmp_path)), tmp_path)
    assert json.loads((path / capcut.CONTENT_MAC).read_text(encoding="utf-8")) == content


def test_drafts_of_the_same_edit_are_alike(tmp_path: Path) -> None:
    edit = with_files(kinds(tmp_path))
    _, first, first_meta = draft(edit, tmp_path)
    (tmp_path / "film.capcut").rename(tmp_path / "moved")
    _, again, again_meta = draft(edit, tmp_path)
    assert (first, first_meta) == (again, again_meta)
    other = edit_of(*edit.items, name="another")
    shutil.rmtree(tmp_path / "film.capcut")
    assert draft(other, tmp_path)[1]["id"] != first["id"]


def test_media_are_copied_where_links_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    source = tmp_path / "a.mp4"
    path, content, _ = draft(with_files(edit_of(take(str(source), 0, 1))), tmp_path)
    place = path / content["materials"]["videos"][0]["path"].replace(FOLDER, ".")
    assert place.read_bytes() == source.read_bytes()
    assert not place.samefile(source)


@pytest.mark.parametrize(
    "name", ['a<>:"|?*.mp4', "a\x1b\n.mp4", "a\udcff.mp4", "长" * 80 + ".mp4", "noend"]
)
def test_media_in_a_draft_have_names_that_every_system_takes(name: str, tmp_path: Path) -> None:
    path, content, _ = draft(with_files(edit_of(take(str(tmp_path / name), 0, 1))), tmp_path)
    (place,) = (path / "Resources" / "local").iterdir()
    assert not re.search(r'[<>:"|?*\x00-\x1f\ud800-\udfff]', place.name)
    assert len(place.name.encode()) <= 255
    assert place.suffix == Path(name).suffix
    assert content["materials"]["videos"][0]["path"].endswith(place.name)


def test_films_of_one_name_stay_apart(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    two = edit_of(take(str(tmp_path / "a.mp4"), 0, 1), take(str(tmp_path / "x" / "a.mp4"), 0, 1))
    path, content, _ = draft(with_files(two), tmp_path)
    texts = [
        (path / one["path"].replace(FOLDER, ".")).read_text(encoding="utf-8")
        for one in content["materials"]["videos"]
    ]
    assert texts == [str(tmp_path / "a.mp4"), str(tmp_path / "x" / "a.mp4")]


def test_draft_of_a_film_that_is_gone_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.mp4 is not there"):
        written(edit_of(take(str(tmp_path / "gone.mp4"), 0, 1)), "capcut", tmp_path)


def test_draft_takes_no_folders_place(tmp_path: Path) -> None:
    edit = with_files(edit_of(take(str(tmp_path / "a.mp4"), 0, 1)))
    (tmp_path / "film.capcut" / "Resources" / "local").mkdir(parents=True)
    with pytest.raises(OutputError, match="cannot be written"):
        written(edit, "capcut", tmp_path)


def test_segments_never_overlap(tmp_path: Path) -> None:
    source = str(tmp_path / "a.mp4")
    parts = [Take(source, Span(n * S, n * S + 123_457 + n), media()) for n in range(40)]
    edit = with_files(edit_of(*parts, rate=NTSC))
    _, content, _ = draft(edit, tmp_path)
    ends = 0
    for segment in content["tracks"][0]["segments"]:
        assert segment["target_timerange"]["start"] == ends
        ends += segment["target_timerange"]["duration"]
    assert ends == content["duration"] == frames.microseconds(frames.placed(edit)[-1].end, NTSC)
