"""``vidcut export``: from a shell's pipe to a timeline, and what it says when it cannot."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from vidcut import plugins

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "火锅 #1"
    folder.mkdir()
    for name in ("pets.mp4", "travel.mp4", "voice-note.m4a"):
        shutil.copy(ROOT / "sample_media" / name, folder)
    return folder


def moments(*places: tuple[Path, float, float], **more: object) -> str:
    return "".join(
        json.dumps({"path": str(path), "start": start, "end": end, **more}) + "\n"
        for path, start, end in places
    )


@pytest.fixture
def two(films: Path) -> str:
    return moments((films / "pets.mp4", 1, 2.5), (films / "travel.mp4", 3, 4), query="猫 & co")


def one_line(text: str, *words: str) -> None:
    lines = [line for line in text.splitlines() if line.startswith("vidcut: ")]
    assert len(lines) == 1, text
    assert all(word in lines[0] for word in words), lines[0]


@pytest.mark.parametrize("name", plugins.names("exporters"))
def test_moments_become_a_timeline_of_every_format(
    name: str, films: Path, two: str, tmp_path: Path, vidcut: Any
) -> None:
    ending = plugins.load("exporters", name).SUFFIXES[0]
    done = vidcut("export", f"film{ending}", stdin=two, cwd=tmp_path)
    assert done.code == 0, done.err
    assert done.out == f"film{ending}\n"
    assert "2 takes, 00:00:02.500" in done.err
    assert f"({name})" in done.err
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted(
        [f"film{ending}", films.name]
    )


def test_search_is_read_as_it_writes(home: Path, tmp_path: Path, vidcut: Any) -> None:
    found = vidcut("search", "cat", "--json", "-n", "--offline", cwd=home)
    assert found.code == 0, found.err
    done = vidcut("export", tmp_path / "film.csv", "-", "--json", stdin=found.out, cwd=home)
    assert done.code == 0, done.err
    (told,) = done.lines()
    assert told["takes"] == len(found.lines())
    assert told["format"] == "csv"
    assert told["duration"] == pytest.approx(
        sum(one["end"] - one["start"] for one in found.lines()), abs=0.001
    )
    text = (tmp_path / "film.csv").read_text(encoding="utf-8-sig")
    assert text.count(",cat,") == told["takes"]


def test_moments_may_stand_in_a_file(two: str, tmp_path: Path, vidcut: Any) -> None:
    (tmp_path / "moments.jsonl").write_text(two, encoding="utf-8")
    assert vidcut("export", "film.srt", "moments.jsonl", cwd=tmp_path).code == 0
    assert (tmp_path / "film.srt").read_text(encoding="utf-8").count("猫 & co") == 2
    done = vidcut("export", "other.srt", "nowhere.jsonl", cwd=tmp_path)
    assert done.code == 2
    one_line(done.err, "nowhere.jsonl cannot be read")


def test_rate_size_and_name_are_as_asked(two: str, tmp_path: Path, vidcut: Any) -> None:
    asked = ("--rate", "29.97", "--size", "1080x1920", "--name", "片 1", "--json")
    done = vidcut("export", "film.mlt", *asked, stdin=two, cwd=tmp_path)
    (told,) = done.lines()
    assert (told["rate"], told["width"], told["height"]) == ("30000/1001", 1080, 1920)
    text = (tmp_path / "film.mlt").read_text(encoding="utf-8")
    assert 'frame_rate_num="30000"' in text
    assert 'title="片 1"' in text


def test_media_are_named_as_seen_from_the_timeline(
    films: Path, two: str, tmp_path: Path, vidcut: Any
) -> None:
    vidcut("export", "sub/film.m3u", "--relative", stdin=two, cwd=tmp_path)
    lines = (tmp_path / "sub" / "film.m3u").read_text(encoding="utf-8").splitlines()
    assert lines[-1] == f"../{films.name}/travel.mp4"
    vidcut("export", "film.m3u", stdin=two, cwd=tmp_path)
    lines = (tmp_path / "film.m3u").read_text(encoding="utf-8").splitlines()
    assert lines[-1] == str(films / "travel.mp4")


def test_nothing_is_overwritten_unless_told(two: str, tmp_path: Path, vidcut: Any) -> None:
    (tmp_path / "film.csv").write_text("mine", encoding="utf-8")
    done = vidcut("export", "film.csv", stdin=two, cwd=tmp_path)
    assert done.code == 2
    one_line(done.err, "film.csv exists already", "--overwrite")
    assert (tmp_path / "film.csv").read_text(encoding="utf-8") == "mine"
    assert vidcut("export", "film.csv", "--overwrite", stdin=two, cwd=tmp_path).code == 0
    assert "pets.mp4" in (tmp_path / "film.csv").read_text(encoding="utf-8")


def test_a_source_is_never_overwritten(films: Path, two: str, vidcut: Any) -> None:
    before = (films / "pets.mp4").read_bytes()
    asked = ("export", "pets.mp4", "--format", "csv", "--overwrite")
    done = vidcut(*asked, stdin=two, cwd=films)
    assert done.code == 2
    one_line(done.err, "pets.mp4, of which the edit is made; choose another name")
    assert (films / "pets.mp4").read_bytes() == before


def test_sound_alone_can_be_exported(films: Path, tmp_path: Path, vidcut: Any) -> None:
    lines = moments((films / "voice-note.m4a", 0.5, 1.5))
    done = vidcut("export", "film.kdenlive", "--json", stdin=lines, cwd=tmp_path)
    assert done.lines()[0]["width"] == 1920
    assert "<entry" in (tmp_path / "film.kdenlive").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "no JSON"),
        ('{"start": 0, "end": 1}', "'path' is missing"),
        ('{"path": "pets.mp4", "start": -1, "end": 1}', "before the film begins"),
        ('{"path": "pets.mp4", "start": 2, "end": 1}', "not after its start"),
        ('{"path": "pets.mp4", "start": NaN, "end": 1}', "no time of a film"),
    ],
)
def test_a_bad_line_is_named(line: str, complaint: str, films: Path, two: str, vidcut: Any) -> None:
    done = vidcut("export", "film.mlt", stdin=two + line + "\n", cwd=films)
    assert done.code == 2
    one_line(done.err, "line 3 of the moments", complaint)
    assert not (films / "film.mlt").exists()


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"path": "gone\\u001b[31m.mp4", "start": 0, "end": 1}', "is not there"),
        ('{"path": "pets.mp4", "start": 5000, "end": 5001}', "begins at 5000.000 s"),
    ],
)
def test_what_is_gone_is_left_out(
    line: str, complaint: str, films: Path, two: str, vidcut: Any
) -> None:
    lines = f"{line}\n{two}{line}\n"
    done = vidcut("export", "film.csv", "--json", stdin=lines, cwd=films)
    assert done.code == 3
    one_line(done.err, complaint)
    assert "\x1b" not in done.err
    assert done.lines()[0]["takes"] == 2
    nothing = vidcut("export", "none.csv", stdin=line, cwd=films)
    assert (nothing.code, nothing.out) == (3, "")
    one_line(nothing.err, complaint)
    assert not (films / "none.csv").exists()


def test_a_file_that_is_no_film_is_named(films: Path, vidcut: Any) -> None:
    (films / "text.mp4").write_text("this is no film\n" * 50, encoding="utf-8")
    done = vidcut("export", "film.mlt", stdin=moments((films / "text.mp4", 0, 1)), cwd=films)
    assert done.code == 3
    one_line(done.err, "text.mp4", "cannot be read")


def test_no_moments_are_nothing(tmp_path: Path, vidcut: Any) -> None:
    done = vidcut("export", "film.mlt", stdin="\n", cwd=tmp_path)
    assert done.code == 1
    assert "no moment" in done.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("film.txt",), "has no ending of a timeline"),
        (("film",), "has no ending of a timeline"),
        (("film.mlt", "--format", "avid"), "no exporters called 'avid'"),
        (("film.mlt", "--rate", "0"), "no rate"),
        (("film.mlt", "--size", "1921x1080"), "no size"),
    ],
)
def test_what_cannot_be_asked_is_told(
    asked: tuple[str, ...], words: str, two: str, tmp_path: Path, vidcut: Any
) -> None:
    done = vidcut("export", *asked, stdin=two, cwd=tmp_path)
    assert done.code == 2
    one_line(done.err, words)


def test_a_place_that_cannot_be_written_is_told(two: str, tmp_path: Path, vidcut: Any) -> None:
    (tmp_path / "file").touch()
    done = vidcut("export", "file/film.mlt", stdin=two, cwd=tmp_path)
    assert done.code == 2
    one_line(done.err, "file/film.mlt cannot be written")
