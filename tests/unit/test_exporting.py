"""Which exporter writes, and that nothing half-written or dear is ever in the way."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from vidcut import plugins
from vidcut.errors import OutputError, UsageError
from vidcut.exporters import csv as table
from vidcut.exporting import export, format_of
from vidcut.records import Edit, Media, PictureTrack, Span, Take

S = 1_000_000


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"a film")
    return path


@pytest.fixture
def edit(source: Path) -> Edit:
    media = Media("mp4", 60 * S, PictureTrack("h264", 640, 360, Fraction(25)), None)
    return Edit("film", (Take(str(source), Span(0, S), media),), Fraction(25), 640, 360)


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    return folder


def named(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.mark.parametrize("name", plugins.names("exporters"))
def test_every_ending_finds_its_exporter(name: str) -> None:
    for ending in plugins.load("exporters", name).SUFFIXES:
        assert format_of(Path(f"film{ending}")) == name
        assert format_of(Path(f"FILM{ending.upper()}")) == name


@pytest.mark.parametrize("output", ["film", "film.txt", "film.", ".mlt", "mlt"])
def test_an_ending_of_no_timeline_is_told(output: str) -> None:
    with pytest.raises(UsageError, match=r"has no ending of a timeline; there are: .*\.kdenlive"):
        format_of(Path(output))


@pytest.mark.parametrize("ending", [".csv", ".mlt", ".capcut"])
def test_writes_only_the_output(ending: str, edit: Edit, films: Path) -> None:
    assert export(edit, films / f"film{ending}") == ending[1:]
    assert named(films) == [f"film{ending}"]


def test_folders_of_the_output_are_made(edit: Edit, films: Path) -> None:
    export(edit, films / "a" / "b" / "film.csv")
    assert named(films / "a" / "b") == ["film.csv"]


def test_the_format_may_be_named(edit: Edit, films: Path) -> None:
    assert export(edit, films / "film.txt", format_name="csv") == "csv"
    assert (films / "film.txt").read_text(encoding="utf-8-sig").startswith("number,")
    with pytest.raises(UsageError, match="no exporters called 'avid'"):
        export(edit, films / "film.avid", format_name="avid")


def test_relative_media_are_seen_from_the_output(edit: Edit, films: Path) -> None:
    export(edit, films / "film.m3u", relative=True)
    assert (films / "film.m3u").read_text(encoding="utf-8").splitlines()[-1] == "../a.mp4"


@pytest.mark.parametrize("ending", [".csv", ".capcut"])
def test_what_is_there_is_kept_unless_told(ending: str, edit: Edit, films: Path) -> None:
    output = films / f"film{ending}"
    export(edit, output)
    stamp = output.stat().st_ino
    with pytest.raises(OutputError, match=r"film\..* exists already"):
        export(edit, output)
    assert output.stat().st_ino == stamp
    export(edit, output, overwrite=True)
    assert output.stat().st_ino != stamp
    assert named(films) == [output.name]


def test_a_dangling_link_is_kept_too(edit: Edit, films: Path) -> None:
    (films / "film.csv").symlink_to(films / "nowhere")
    with pytest.raises(OutputError, match="exists already"):
        export(edit, films / "film.csv")
    assert (films / "film.csv").is_symlink()


@pytest.mark.parametrize("overwrite", [True, False], ids=["overwrite", "keep"])
def test_a_source_is_never_written_over(
    *, overwrite: bool, edit: Edit, source: Path, films: Path
) -> None:
    link = films / "film.csv"
    link.symlink_to(source)
    for output in (source, link, source.parent):
        with pytest.raises(UsageError, match="of which the edit is made"):
            export(edit, output, format_name="csv", overwrite=overwrite)
    assert source.read_bytes() == b"a film"


def test_a_draft_that_holds_a_source_is_kept(edit: Edit, source: Path, films: Path) -> None:
    export(edit, films / "one.capcut")
    (inside,) = (films / "one.capcut" / "Resources" / "local").iterdir()
    source.unlink()
    (take,) = edit.items
    assert isinstance(take, Take)
    other = Edit("film", (Take(str(inside), take.span, take.media),), edit.rate, 640, 360)
    with pytest.raises(UsageError, match="is or holds"):
        export(other, films / "one.capcut", overwrite=True)
    assert inside.exists()


def test_a_folder_that_is_no_draft_is_never_replaced(edit: Edit, films: Path) -> None:
    (films / "film.capcut").mkdir()
    (films / "film.capcut" / "dear.mp4").touch()
    for ending in ("capcut", "csv"):
        with pytest.raises(OutputError, match="is a folder that holds no draft"):
            export(edit, films / "film.capcut", format_name=ending, overwrite=True)
    assert named(films / "film.capcut") == ["dear.mp4"]


def test_a_file_may_give_way_to_a_draft(edit: Edit, films: Path) -> None:
    (films / "film.capcut").write_text("old", encoding="utf-8")
    export(edit, films / "film.capcut", overwrite=True)
    assert (films / "film.capcut").is_dir()
    assert named(films) == ["film.capcut"]


@pytest.mark.parametrize("ending", [".csv", ".capcut"])
def test_a_failure_leaves_nothing(
    ending: str, edit: Edit, films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[:5])
        raise OSError(28, "No space left on device")

    (films / "film.csv").write_text("old", encoding="utf-8")
    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OutputError, match="No space left on device") as raised:
        export(edit, films / f"film{ending}", overwrite=True)
    assert ".part" not in str(raised.value)
    assert f"film{ending}" in str(raised.value)
    assert named(films) == ["film.csv"]
    assert (films / "film.csv").read_text(encoding="utf-8") == "old"


def test_an_interruption_leaves_nothing(
    edit: Edit, films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(table, "write_text", interrupt)
    with pytest.raises(KeyboardInterrupt):
        export(edit, films / "film.csv")
    assert named(films) == []


def test_a_place_that_is_no_folder_is_told(edit: Edit, source: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        export(edit, source / "film.csv")
