from __future__ import annotations

import os
from pathlib import Path

import pytest

from vidcut import footage
from vidcut.errors import MediaError, UsageError
from vidcut.footage import Selection


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(*names: str) -> None:
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def found(*paths: str, selection: Selection = Selection()) -> list[str]:  # noqa: B008  (frozen)
    files = footage.find([Path(p) for p in paths or (".",)], selection, on_error=unexpected)
    return [os.path.relpath(file.path) for file in files]


def unexpected(path: str, reason: str) -> None:
    raise AssertionError(path, reason)


def test_media_files_are_found_in_order_of_name() -> None:
    put("b.MP4", "a.mkv", "trip/c.webm", "trip/day 2/d.m4a", "notes.txt", "picture.jpg")
    assert found() == ["a.mkv", "b.MP4", "trip/c.webm", "trip/day 2/d.m4a"]


def test_a_file_named_outright_counts_whatever_its_name() -> None:
    put("film.dat", ".hidden.mp4")
    assert found("film.dat", ".hidden.mp4") == ["film.dat", ".hidden.mp4"]


def test_hidden_files_count_on_request_and_the_library_never() -> None:
    put("a.mp4", ".b.mp4", ".c/d.mp4", ".vidcut/e.mp4", "._a.mp4")
    assert found() == ["a.mp4"]
    assert found(selection=Selection(include_hidden=True)) == [
        *("._a.mp4", ".b.mp4", "a.mp4", ".c/d.mp4"),
    ]


@pytest.mark.parametrize(
    ("globs", "left"),
    [
        (("*.mkv",), ["a.mp4", "raw/b.mp4"]),
        (("raw",), ["a.mp4", "c.mkv"]),
        (("raw/*",), ["a.mp4", "c.mkv"]),
        (("*/b.*", "c*"), ["a.mp4"]),
        (("A.*",), ["a.mp4", "c.mkv", "raw/b.mp4"]),
        (("[",), ["a.mp4", "c.mkv", "raw/b.mp4"]),
    ],
)
def test_what_is_excluded_is_left_out(globs: tuple[str, ...], left: list[str]) -> None:
    put("a.mp4", "raw/b.mp4", "c.mkv")
    assert found(selection=Selection(exclude=globs)) == left


def test_each_file_comes_once_however_often_it_is_named(folder: Path) -> None:
    put("trip/a.mp4")
    os.link("trip/a.mp4", "trip/hard.mp4")
    assert found("trip", "trip/a.mp4", str(folder), "trip/../trip") == ["trip/a.mp4"]


def test_links_are_followed_on_request_and_not_in_circles() -> None:
    put("in/a.mp4", "out/b.mp4")
    Path("in/link.mp4").symlink_to("../out/b.mp4")
    Path("in/out").symlink_to("../out")
    Path("out/in").symlink_to("../in")
    assert found("in") == ["in/a.mp4"]
    assert found("in/link.mp4") == ["in/link.mp4"]
    assert found("in", selection=Selection(follow=True)) == ["in/a.mp4", "in/link.mp4"]


def test_a_pipe_in_a_folder_is_no_footage_and_named_outright_it_is_tried() -> None:
    put("a.mp4")
    os.mkfifo("pipe.mp4")
    assert found() == ["a.mp4"]
    assert found("pipe.mp4") == ["pipe.mp4"]


def test_a_broken_link_is_told_and_the_rest_goes_on() -> None:
    put("a.mp4", "c.mp4")
    Path("b.mp4").symlink_to("nowhere")
    told: list[tuple[str, str]] = []
    selection = Selection(follow=True)
    files = footage.find([Path()], selection, on_error=lambda *facts: told.append(facts))
    assert [file.path.name for file in files] == ["a.mp4", "c.mp4"]
    assert told == [("b.mp4", "cannot be looked at (No such file or directory)")]


@pytest.mark.parametrize("name", ["nowhere", "a.mp4/b", "x" * 5000, "nul\0"])
def test_a_path_that_does_not_exist_is_refused_before_anything(name: str) -> None:
    put("a.mp4")
    with pytest.raises(UsageError, match="does not exist"):
        found("a.mp4", name)


def test_paths_are_absolute_and_without_detours(folder: Path) -> None:
    put("trip/a.mp4")
    (file,) = footage.find([Path("trip/../trip")], Selection(), on_error=unexpected)
    assert file.path == folder / "trip" / "a.mp4"
    facts = file.path.stat()
    assert file.stamp == (facts.st_size, facts.st_mtime_ns)


def test_the_content_alone_makes_the_hash() -> None:
    put("a.mp4")
    Path("b.mkv").write_text("a.mp4")
    assert footage.content_hash(Path("a.mp4")) == footage.content_hash(Path("b.mkv"))
    Path("b.mkv").write_text("b.mp4")
    assert footage.content_hash(Path("a.mp4")) != footage.content_hash(Path("b.mkv"))
    assert len(footage.content_hash(Path("a.mp4"))) == 16


def test_a_pipe_is_never_opened() -> None:
    os.mkfifo("pipe.mp4")
    with pytest.raises(MediaError, match="no regular file"):
        footage.content_hash(Path("pipe.mp4"))


def test_a_file_that_is_gone_cannot_be_read() -> None:
    with pytest.raises(MediaError, match="No such file"):
        footage.content_hash(Path("gone.mp4"))


def test_hashing_stops_when_told_to() -> None:
    with Path("big.mp4").open("wb") as file:
        file.truncate(1 << 40)  # a hole: it would take an hour
    footage.content_hash(Path("big.mp4"), stop=lambda: True)
