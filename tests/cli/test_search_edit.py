"""``vidcut search`` on to the edit: names, manifests, timelines, sheets and the ledger."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

LISTED = ("search", "coffee", "--offline", "-k", "1")
ONE = (*LISTED, "--video", "*cafe*")


@pytest.fixture
def own(home: Path, tmp_path: Path) -> Path:
    """The films and their library, to write to."""
    return shutil.copytree(home, tmp_path / "own", copy_function=shutil.copy2)


def test_clips_bear_the_names_and_the_manifest_that_were_asked_for(own: Path, vidcut: Any) -> None:
    name = "out/{rank:02d}_{query}_{stem}"
    asked = (*ONE, "-o", name, "--manifest", "--subtitles", "srt", "--cut", "smart", "--json")
    done = vidcut(*asked, cwd=own)
    assert done.code == 0, done.err
    (line,) = done.lines()
    assert line["clip"] == "out/01_coffee_cafe.mp4"
    made = sorted(path.name for path in (own / "out").iterdir())
    assert made == ["01_coffee_cafe.mp4", "01_coffee_cafe.srt", "manifest.json"]
    assert "Good coffee" in (own / "out" / "01_coffee_cafe.srt").read_text("utf-8")
    (told,) = json.loads((own / "out" / "manifest.json").read_text("utf-8"))
    assert (told["path"], told["query"]) == ("01_coffee_cafe.mp4", "coffee")
    assert told["mode"] == "exact"
    assert f"01_coffee_cafe.mp4: {told['note']}" in done.err  # why VP9 was not cut smartly


def test_a_timeline_and_a_sheet_are_written_besides(own: Path, vidcut: Any) -> None:
    asked = (*ONE, "-n", "-q", "--export", "film.edl", "--sheet", "sheet.html")
    done = vidcut(*asked, cwd=own)
    assert (done.code, done.err) == (0, "")
    assert "cafe" in (own / "film.edl").read_text("utf-8")
    assert "coffee" in (own / "sheet.html").read_text("utf-8")
    again = vidcut(*asked, cwd=own)
    assert (again.code, again.out) == (2, "")
    assert "film.edl exists already" in again.err


def test_what_was_marked_as_used_is_not_found_again(own: Path, vidcut: Any) -> None:
    (first,) = vidcut(*ONE, "--mark-used", "--json", cwd=own).lines()
    (other,) = vidcut(*ONE, "-n", "--exclude-used", "--json", cwd=own).lines()
    assert other["start"] >= first["end"] or other["end"] <= first["start"]
    (used,) = vidcut(*ONE, "-n", "--only-used", "--json", cwd=own).lines()
    assert (used["start"], used["end"]) == (first["start"], first["end"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-o", "w/{stem}/../../x"), "not in the folder"),
        (("-o", "w/{query.__class__}"), "cannot be filled in"),
        (("--copy", "--size", "320x240"), "copied picture"),
        (("--exec", "echo 'x"), "mind its quotes"),
        (("--export", "film.avi"), "no ending of a timeline"),
        (("--sheet", "sheet.gif"), "a sheet's name ends in"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_shown(
    home: Path, vidcut: Any, options: tuple[str, ...], message: str
) -> None:
    done = vidcut(*LISTED, *options, cwd=home)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    "asked",
    [
        (*ONE, "-o", "films/pets{modality:.0s}.mp4"),
        ("reel", "coffee", "--offline", "-k", "1", "-o", "films/pets.mp4"),
        ("script", "story.txt", "--offline", "-o", "films/pets.mp4"),
    ],
)
def test_footage_is_never_written_over(own: Path, vidcut: Any, asked: tuple[str, ...]) -> None:
    pets = own / "films" / "pets.mp4"
    before = pets.read_bytes()
    (own / "story.txt").write_text("coffee\n", "utf-8")
    done = vidcut(*asked, "--overwrite", cwd=own)
    assert done.code == 2
    assert "footage of the library" in done.err
    assert pets.read_bytes() == before


def test_an_empty_exec_cuts_nothing(own: Path, vidcut: Any) -> None:
    done = vidcut("cut", "films/pets.mp4", "1", "2", "-o", "a.mp4", "--exec", "", cwd=own)
    assert (done.code, done.out) == (2, "")
    assert not (own / "a.mp4").exists()


def test_a_rough_cut_tells_by_its_code_what_it_could_not_show(own: Path, vidcut: Any) -> None:
    (own / "story.txt").write_text("coffee\na cat\n", "utf-8")
    shutil.copy2(own / "films" / "voice-note.m4a", own / "films" / "pets.mp4")  # unlike its index
    locked = ("--lock", "2=films/pets.mp4@1-2", "--lock", "1=films/cafe.webm@15-16")
    (own / "films" / "cafe.webm").write_bytes((own / "films" / "cafe.webm").read_bytes()[:200_000])
    done = vidcut("script", "story.txt", "--offline", *locked, cwd=own)
    assert done.code == 3, done.err
    assert "cafe.webm" in done.err
    odd = vidcut("script", "story.txt", "--offline", "-o", "x.gif", cwd=own)
    assert (odd.code, odd.out) == (2, "")
    assert ".mp4" in odd.err
