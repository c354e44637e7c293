"""``--mark-used``, ``--exclude-used`` and ``--only-used``, from search to reel, script, export."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from vidcut import Library, Span

if TYPE_CHECKING:
    from pathlib import Path

SMALL = ("--size", "160x90", "--rate", "10")


@pytest.fixture
def own(home: Path, tmp_path: Path) -> Path:
    """The films and their library, to write to."""
    return shutil.copytree(home, tmp_path / "own 'library' 🎬")


def used(folder: Path) -> dict[str, list[tuple[float, float, str]]]:
    """Video → what of it went into what."""
    with Library(folder) as opened:
        return {
            video.path.removeprefix("films/"): [
                (use.span.start / 1e6, use.span.end / 1e6, use.what) for use in opened.uses(video)
            ]
            for video in opened.videos()
            if opened.uses(video)
        }


def best(own: Path, vidcut: Any, *options: str) -> tuple[str, Span]:
    done = vidcut("search", "a cup of coffee", "-k", "1", "-n", "--json", *options, cwd=own)
    assert done.code == 0, done.err
    (line,) = done.lines()
    return line["video"], Span(round(line["start"] * 1e6), round(line["end"] * 1e6))


def test_what_a_reel_shows_is_not_found_again(own: Path, vidcut: Any) -> None:
    video, span = best(own, vidcut)
    asked = ("reel", "a cup of coffee", "-k", "1", *SMALL)
    done = vidcut(*asked, "--mark-used", "-o", "-a 'b'.mp4", cwd=own)
    assert done.code == 0, done.err
    assert "1 stretch of footage marked as used" in done.err
    ((start, end, what),) = used(own)[video.removeprefix("films/")]
    assert (round(start * 1e6), round(end * 1e6), what) == (span.start, span.end, "-a 'b'.mp4")
    other, rest = best(own, vidcut, "--exclude-used", "--min-score", "0")
    assert other != video or not rest.overlap(span)
    assert best(own, vidcut, "--only-used") == (video, span)
    unused = vidcut("ls", "--unused", "--json", cwd=own).lines()
    left = [(one["start"], one["end"]) for one in unused if one["video"] == video]
    assert all(end <= span.start / 1e6 or start >= span.end / 1e6 for start, end in left)
    planned = vidcut(*asked, "-n", "--json", "--exclude-used", "--min-score", "0", cwd=own)
    (item,) = planned.lines()[0]["items"]
    assert (item["source"], item["start"]) != (str(own / video), span.start / 1e6)


def test_moments_on_stdin_are_marked_and_strangers_named(
    own: Path, tmp_path: Path, vidcut: Any
) -> None:
    stranger = tmp_path / "-stranger \n.mp4"
    shutil.copy(own / "films" / "pets.mp4", stranger)
    (tmp_path / "link").symlink_to(own / "films")
    paths = [tmp_path / "link" / "pets.mp4", stranger, own / "films" / "travel.mp4"]
    lines = "".join(json.dumps({"path": str(path), "start": 1, "end": 2}) + "\n" for path in paths)
    for command in (("export", "a.csv"), ("reel", "-", "-o", "a.mp4", *SMALL)):
        done = vidcut(*command, "--mark-used", stdin=lines, cwd=own)
        assert done.code == 0, done.err
        told = [line for line in done.err.splitlines() if line.startswith("vidcut: ")]
        assert len(told) == 1
        assert r"-stranger \x0a.mp4 is not in the library" in told[0]
    uses = [(1, 2, "a.csv"), (1, 2, "a.mp4")]
    assert used(own) == {"pets.mp4": uses, "travel.mp4": uses}


def test_without_a_library_nothing_is_made_that_could_not_be_marked(
    home: Path, tmp_path: Path, vidcut: Any
) -> None:
    line = json.dumps({"path": str(home / "films" / "pets.mp4"), "start": 1, "end": 2})
    for command in (("export", "a.csv"), ("reel", "-", "-o", "a.mp4")):
        done = vidcut(*command, "--mark-used", stdin=line, cwd=tmp_path)
        assert done.code == 4
        assert done.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_script_shows_nothing_that_was_used_but_what_is_locked(own: Path, vidcut: Any) -> None:
    (own / "story.txt").write_text("a cup of coffee\n一只猫\n", "utf-8")
    asked = ("script", "story.txt", "--json", "--min-score", "0")
    first = vidcut(*asked, "-o", "first.edl", "--mark-used", cwd=own)
    assert first.code == 0, first.err
    shown = {
        (slot["video"].removeprefix("films/"), slot["start"], slot["end"], "first.edl")
        for slot in first.lines()
    }
    assert shown == {(name, *use) for name, uses in used(own).items() for use in uses}
    begin, until, _ = used(own)["pets.mp4"][0]
    lock = f"2=pets.mp4@{begin}-{until}"
    second = vidcut(*asked, "-n", "-o", "other.mp4", "--exclude-used", "--lock", lock, cwd=own)
    assert second.lines()[1]["status"] == "locked"
    for slot in second.lines()[:1]:
        for start, end, _ in used(own).get((slot["video"] or "").removeprefix("films/"), []):
            assert slot["end"] <= start or slot["start"] >= end
    again = vidcut(*asked, "-n", "-o", "first.edl", "--exclude-used", cwd=own)
    assert {slot["status"] for slot in again.lines()} == {"kept"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("search", "cat", "-n", "--mark-used"), "--mark-used has nothing to do"),
        (("search", "cat", "-n", "--manifest"), "--manifest has nothing to do"),
        (("search", "cat", "-n", "--exec", "mpv"), "--exec has nothing to do"),
        (("reel", "cat", "-n", "--mark-used"), "--mark-used has nothing to do"),
        (("reel", "-", "--exclude-used"), "moments on stdin are taken as they are"),
        (("reel", "cat", "--exclude-used", "--only-used"), "leave nothing"),
        (("script", "story.txt", "-n", "--mark-used"), "--mark-used has nothing to do"),
    ],
)
def test_what_could_do_nothing_is_refused(
    arguments: tuple[str, ...], words: str, home: Path, tmp_path: Path, vidcut: Any
) -> None:
    (tmp_path / "story.txt").write_text("a cat\n", "utf-8")
    done = vidcut(*arguments, *(() if arguments[0] == "export" else ("--library", home)),
                  cwd=tmp_path)  # fmt: skip
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert words in done.err


@pytest.mark.parametrize(
    "command",
    [
        ("search", "a cup of coffee", "-k", "1", "-o", "made"),
        ("search", "a cup of coffee", "-k", "1", "-n", "--export", "made.otio"),
        ("reel", "a cup of coffee", "-k", "1", "-o", "made.mp4", *SMALL),
        ("reel", "-", "-o", "made.mp4", *SMALL),
        ("script", "story.txt", "-o", "made.mp4"),
        ("export", "made.otio"),
    ],
)
def test_nothing_is_made_for_a_ledger_that_cannot_be_written(
    own: Path, vidcut: Any, command: tuple[str, ...]
) -> None:
    (own / "story.txt").write_text("a cup of coffee")
    film = own / "films" / "cafe.webm"
    moment = json.dumps({"path": str(film), "start": 1.0, "end": 2.0})
    lock = own / ".vidcut" / "lock"
    lock.unlink(missing_ok=True)
    lock.mkdir()  # what is read-only root may write to all the same
    before = sorted(own.iterdir())
    done = vidcut(*command, "--mark-used", cwd=own, stdin=moment + "\n")
    assert done.code == 4, done.err
    assert str(lock) in done.err
    assert sorted(own.iterdir()) == before
