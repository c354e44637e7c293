"""A script to a rough cut, as a process."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from vidcut.records import Span

if TYPE_CHECKING:
    from pathlib import Path

STORY = """A cup of coffee

一只猫
a rocket on the launch pad
红色的宝塔
猫咪日记
"""
GAP = "quarterly interest rates of the central bank\n"


@pytest.fixture(name="script")
def _script(home: Path, tmp_path: Path, vidcut: Any) -> Any:
    """Run ``vidcut script`` in a new folder, on the library of the sample films."""

    def run(*arguments: str | Path) -> Any:
        library = ("--library", str(home), "--offline")
        return vidcut("script", *map(str, arguments), *library, cwd=tmp_path)

    (tmp_path / "story.txt").write_text(STORY, encoding="utf-8")
    return run


def span(slot: dict[str, Any]) -> Span:
    return Span(round(slot["start"] * 1e6), round(slot["end"] * 1e6))


def test_a_plan_shows_what_fits_each_line_and_nothing_twice(script: Any, tmp_path: Path) -> None:
    done = script("story.txt", "-n", "--json")
    assert done.code == 0, done.err
    slots = done.lines()
    assert [slot["text"] for slot in slots] == STORY.split("\n\n")[0:1] + STORY.splitlines()[2:]
    assert [slot["slot"] for slot in slots] == [1, 2, 3, 4, 5]
    names = [slot["video"].partition("/")[2] for slot in slots]
    assert names == ["cafe.webm", "pets.mp4", "space.mkv", "travel.mp4", "pets.mp4"]
    for one, other in pairwise(sorted(slots, key=lambda slot: (slot["video"], slot["start"]))):
        assert one["video"] != other["video"] or span(one).overlap(span(other)) == 0
    for slot in slots:
        assert {"path", "start", "end", "query", "score", "evidence"} <= slot.keys()
        assert slot["alternates"] == sorted(slot["alternates"], key=lambda one: one["rank"])
    assert slots[1]["at"] == pytest.approx(slots[0]["end"] - slots[0]["start"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["story.txt"]


def test_the_plan_is_written_and_the_next_run_changes_only_what_changed(
    script: Any, tmp_path: Path
) -> None:
    assert script("story.txt", "-o", "cut.json", "-q").code == 0
    before = json.loads((tmp_path / "cut.json").read_text("utf-8"))["slots"]
    # A take that no search would give is kept all the same.
    before[3]["start"], before[3]["end"] = 12.0, 13.5
    document = {"kind": "vidcut script", "version": 1, "name": "story", "slots": before}
    (tmp_path / "cut.json").write_text(json.dumps(document), "utf-8")
    (tmp_path / "story.txt").write_text(STORY.replace("一只猫", "吃火锅") + GAP, "utf-8")
    again = script("story.txt", "-o", "cut.json", "--json")
    assert again.code == 1
    after = again.lines()
    assert [slot["status"] for slot in after] == ["kept", "found", "kept", "kept", "kept", "gap"]
    assert (after[3]["start"], after[3]["end"]) == (12.0, 13.5)
    assert after[1]["video"] == "films/travel.mp4"
    assert after[5]["path"] is None
    assert "4 of 6 kept" in again.err
    assert "nothing fits line 6" in again.err
    fresh = script("story.txt", "-o", "cut.json", "--json", "--fresh").lines()
    assert {slot["status"] for slot in fresh} == {"found", "gap"}
    assert fresh[3]["start"] != 12.0


def test_a_lock_is_obeyed_and_what_it_shows_is_shown_nowhere_else(script: Any) -> None:
    done = script("story.txt", "-n", "--json", "--lock", "1=pets.mp4@0:08.25-10")
    slots = done.lines()
    assert slots[0]["status"] == "locked"
    assert (slots[0]["video"], slots[0]["start"], slots[0]["end"]) == ("films/pets.mp4", 8.25, 10.0)
    assert slots[1]["path"] is None or (
        slots[1]["video"] != "films/pets.mp4" or span(slots[1]).overlap(span(slots[0])) == 0
    )


@pytest.mark.parametrize(
    "lock",
    ["1", "1=pets.mp4", "9=pets.mp4@1-2", "0=pets.mp4@1-2", "1=none.mp4@1-2", "1=pets.mp4@5-4",
     "1=pets.mp4@1-999", "1=voice-note.m4a@1-2", "x=pets.mp4@1-2", "1=pets.mp4@1:99-2:00"],
)  # fmt: skip
def test_a_lock_that_cannot_be_is_refused(script: Any, lock: str) -> None:
    done = script("story.txt", "-n", "--lock", lock)
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1


def test_gaps_are_reported_and_exit_1(script: Any, tmp_path: Path) -> None:
    (tmp_path / "story.txt").write_text(GAP + STORY, "utf-8")
    black = script("story.txt", "-n", "--json")
    skip = script("story.txt", "-n", "--json", "--gaps", "skip")
    assert (black.code, skip.code) == (1, 1)
    assert black.lines()[0]["status"] == "gap"
    assert black.lines()[1]["at"] == black.lines()[0]["duration"]
    assert (skip.lines()[0]["at"], skip.lines()[1]["at"]) == (None, 0)


@pytest.mark.parametrize("encoding", ["gbk", "utf-16", "utf-8-sig"])
def test_scripts_of_every_encoding_are_read(script: Any, tmp_path: Path, encoding: str) -> None:
    (tmp_path / "story.txt").write_bytes(STORY.encode(encoding))
    assert [slot["text"] for slot in script("story.txt", "-n", "--json").lines()][1] == "一只猫"


def test_cues_keep_their_times(script: Any, tmp_path: Path) -> None:
    cues = "1\n00:00:01,000 --> 00:00:03,000\n一只猫\n\n2\n00:00:08,000 --> 00:00:10,000\ncoffee\n"
    (tmp_path / "cues.srt").write_text(cues, "utf-8")
    first, second = script("cues.srt", "-n", "--json").lines()
    assert (first["at"], first["begins"], first["duration"]) == (0, 0, 3)
    assert (second["at"], second["duration"]) == (8, 2)
    assert second["end"] - second["start"] == pytest.approx(2)


def test_a_narration_sets_the_times(script: Any, home: Path, tmp_path: Path) -> None:
    """Subtitles beside the sound are read as the words of it, as when footage is indexed."""
    shutil.copy(home / "films" / "voice-note.m4a", tmp_path / "voice.m4a")
    cues = "1\n00:00:00,500 --> 00:00:03,000\nA cup of coffee\n\n"
    cues += "2\n00:00:03,000 --> 00:00:05,000\n一只猫\n\n"
    (tmp_path / "voice.srt").write_text(cues, "utf-8")
    (tmp_path / "story.txt").write_text("A cup of coffee\n一只猫\n", "utf-8")
    done = script("story.txt", "-n", "--json", "--voice", "voice.m4a")
    assert done.code == 0, done.err
    assert [(slot["begins"], slot["duration"]) for slot in done.lines()] == [(0, 3), (3, 2)]


def test_a_storyboard_carries_its_pictures(script: Any, tmp_path: Path) -> None:
    done = script("story.txt", "-n", "--html", "board.html", "-q")
    assert done.code == 0, done.err
    page = (tmp_path / "board.html").read_text("utf-8")
    assert page.count("<section") == 5
    assert page.count("data:image/jpeg;base64,/9j/") >= 5
    assert "红色的宝塔" in page
    again = script("story.txt", "-n", "--html", "board.html")
    assert again.code == 2
    assert "--overwrite" in again.err
    assert script("story.txt", "-n", "--html", "board.html", "--overwrite", "-q").code == 0


def test_options_narrow_what_is_shown(script: Any) -> None:
    only = script("story.txt", "-n", "--json", "--video", "pets.mp4").lines()
    assert {slot["video"] for slot in only} <= {"films/pets.mp4", None}
    written = script("story.txt", "-n", "--json", "--in", "ocr").lines()
    assert {hit["modality"] for slot in written for hit in slot["evidence"] or ()} == {"ocr"}
    once = script("story.txt", "-n", "--json", "--per-video", "1").lines()
    videos = [slot["video"] for slot in once if slot["video"]]
    assert len(videos) == len(set(videos))
    sure = script("story.txt", "-n", "--json", "--min-score", "0.99").lines()
    assert all(slot["path"] is None or slot["score"] >= 0.99 for slot in sure)


def test_sound_without_a_picture_is_no_footage(script: Any, tmp_path: Path) -> None:
    (tmp_path / "story.txt").write_text("charge the batteries\n", "utf-8")
    assert "voice-note" not in script("story.txt", "-n", "--json").out


def test_a_clip_that_is_gone_is_told_and_not_used(home: Path, tmp_path: Path, vidcut: Any) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(home, copy)
    (copy / "films" / "pets.mp4").unlink()
    (copy / "story.txt").write_text(STORY, "utf-8")
    done = vidcut("script", "story.txt", "-n", "--json", "--offline", cwd=copy)
    assert done.code == 3
    assert all(slot["video"] != "films/pets.mp4" for slot in done.lines())
    assert done.err.count("films/pets.mp4 is not there") == 1


def test_a_timeline_is_written(script: Any, tmp_path: Path) -> None:
    done = script("story.txt", "-o", "cut.edl", "-q")
    assert done.code == 0, done.err
    assert (tmp_path / "cut.edl").stat().st_size > 0
    assert json.loads((tmp_path / "cut.json").read_text("utf-8"))["kind"] == "vidcut script"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("none.txt", None), ("empty.txt", b"\n\n"), ("odd.txt", b"\0\1\2\3" * 9),
        ("long.txt", b"a dog\n" * 5001), ("bad.srt", b"words"), ("folder.txt", b""),
    ],
)  # fmt: skip
def test_a_script_that_is_none_is_refused(
    script: Any, tmp_path: Path, name: str, data: bytes | None
) -> None:
    if name == "folder.txt":
        (tmp_path / name).mkdir()
    elif data is not None:
        (tmp_path / name).write_bytes(data)
    done = script(name, "-n")
    assert (done.code, done.out) == (2, "")
    assert name in done.err
    assert done.err.count("\n") == 1


def test_nothing_else_is_written_over(script: Any, tmp_path: Path) -> None:
    (tmp_path / "cut.json").write_text('{"mine": 1}', "utf-8")
    assert script("story.txt", "-o", "cut.json").code == 2
    assert script("story.txt", "-o", "cut.json", "--fresh").code == 2
    assert (tmp_path / "cut.json").read_text("utf-8") == '{"mine": 1}'
    assert script("story.txt", "-o", "cut.json", "--fresh", "--overwrite", "-q").code == 0
    (tmp_path / "kept.edl").write_text("mine", "utf-8")
    assert script("story.txt", "-o", "kept.edl").code == 2
    assert script("story.txt", "-n", "--html", "story.txt", "--overwrite").code == 2
    assert (tmp_path / "story.txt").read_text("utf-8") == STORY
    assert script("story.txt", "-o", "nowhere/cut.json").code == 2


def test_footage_is_never_written_over(home: Path, tmp_path: Path, vidcut: Any) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(home, copy)
    size = (copy / "films" / "cafe.webm").stat().st_size
    (copy / "story.txt").write_text(STORY, "utf-8")
    to = ("--html", "films/cafe.webm", "--overwrite")
    assert vidcut("script", "story.txt", "-n", "--offline", *to, cwd=copy).code == 2
    assert (copy / "films" / "cafe.webm").stat().st_size == size
