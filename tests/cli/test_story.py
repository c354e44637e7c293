"""The main job, as a creator does it: index, search, clips."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidcut import plugins
from vidcut.records import Span

ROOT = Path(__file__).resolve().parents[2]
QUERIES = [
    json.loads(line)
    for line in (ROOT / "sample_media" / "queries.jsonl").read_text("utf-8").splitlines()
]
HARD = {"s05"}
"""ImageNet has no name for the flower."""
FINDABLE = [query for query in QUERIES if query["relevant"] and query["id"] not in HARD]


def _span(moment: dict[str, Any]) -> Span:
    return Span(round(moment["start"] * 1e6), round(moment["end"] * 1e6))


@pytest.mark.parametrize("query", FINDABLE, ids=lambda query: str(query["id"]))
def test_sample_queries_find_what_the_truth_says(
    query: dict[str, Any], home: Path, vidcut: Any
) -> None:
    done = vidcut("search", query["query"], "-n", "--json", "--offline", cwd=home)
    assert done.code == 0, done.err
    found = [(Path(m["video"]).name, _span(m)) for m in done.lines()]
    wanted = [
        (Path(r["video"]).name, Span(round(r["start"] * 1e6), round(r["end"] * 1e6)))
        for r in query["relevant"]
    ]
    assert any(
        name == film and span.overlap(truth) > 0 for name, span in found for film, truth in wanted
    ), found


def test_clip_shows_what_its_moment_said(home: Path, tmp_path: Path, vidcut: Any) -> None:
    done = vidcut("search", "a cup of coffee", "-k", "1", "--json", "-o", tmp_path, cwd=home)
    assert done.code == 0, done.err
    moment = done.lines()[0]
    reader = plugins.load("readers", "pyav").create()
    clip, span = Path(moment["clip"]), _span(moment)
    assert clip.parent == tmp_path
    frames = list(reader.frames(clip))
    source = [f for f in reader.frames(Path(moment["path"])) if span.contains(f.time_us)]
    assert len(frames) == len(source)
    for made, original in ((frames[0], source[0]), (frames[-1], source[-1])):
        difference = made.picture(160).astype(float) - original.picture(160).astype(float)
        assert np.abs(difference).mean() < 6


def test_spoken_answer_is_cut_with_its_sound(home: Path, tmp_path: Path, vidcut: Any) -> None:
    done = vidcut("search", "晚上吃火锅", "-k", "1", "--json", "-o", tmp_path, cwd=home)
    moment = done.lines()[0]
    assert "火锅" in moment["evidence"][0]["text"]
    media = plugins.load("readers", "pyav").create().probe(Path(moment["clip"]))
    assert media.sound is not None
    assert media.picture is not None
    assert abs(media.duration_us - _span(moment).duration) < 100_000


def test_by_default_clips_lie_in_a_folder_named_by_the_query(
    home: Path, tmp_path: Path, vidcut: Any
) -> None:
    done = vidcut(
        "search", "湖边的古塔", "-k", "2", "--print", "path", "--library", home, cwd=tmp_path
    )
    clips = done.out.splitlines()
    assert clips
    assert all((tmp_path / clip).is_file() for clip in clips)
    assert Path(clips[0]).parent == Path("clips/湖边的古塔")
    assert Path(clips[0]).name.startswith("01_travel_")


def test_search_lines_can_be_piped_to_cut(home: Path, tmp_path: Path, vidcut: Any) -> None:
    listed = vidcut("search", "today's special", "-n", "-k", "2", "--json", cwd=home)
    cut = vidcut("cut", "-", "-o", tmp_path, stdin=listed.out, cwd=home)
    assert cut.code == 0, cut.err
    assert len(cut.out.splitlines()) == len(listed.lines())
    assert all(Path(line).is_file() for line in cut.out.splitlines())


def test_copy_says_how_far_the_ends_moved(home: Path, tmp_path: Path, vidcut: Any) -> None:
    done = vidcut("search", "湖边的古塔", "-k", "1", "--copy", "--json", "-o", tmp_path, cwd=home)
    moment = done.lines()[0]
    media = plugins.load("readers", "pyav").create().probe(Path(moment["clip"]))
    asked = moment["end"] - moment["start"]
    moved = moment["moved_start"] + moment["moved_end"]
    assert media.duration_us / 1e6 == pytest.approx(asked + moved, abs=0.15)


def test_same_search_again_keeps_the_clips(home: Path, tmp_path: Path, vidcut: Any) -> None:
    for copied in ((), ("--copy",)):
        options = ("-k", "1", "--json", "-o", tmp_path / str(len(copied)), *copied)
        first = vidcut("search", "湖边的古塔", *options, cwd=home).lines()
        made = [Path(moment["clip"]).stat().st_mtime_ns for moment in first]
        again = vidcut("search", "湖边的古塔", *options, cwd=home)
        assert again.code == 0, again.err
        assert [moment["clip"] for moment in again.lines()] == [m["clip"] for m in first]
        assert [Path(moment["clip"]).stat().st_mtime_ns for moment in first] == made
        assert "1 there already" in again.err


def test_clips_are_not_footage(home: Path, tmp_path: Path, vidcut: Any) -> None:
    shutil.copytree(home, tmp_path / "copy")
    vidcut("search", "火锅", "--in", "asr", "-k", "1", cwd=tmp_path / "copy")
    again = vidcut("index", ".", "--json", cwd=tmp_path / "copy").lines()[0]
    assert (again["videos"], again["unchanged"]) == (0, 5)


def test_clip_of_sound_is_a_sound_file(tmp_path: Path, vidcut: Any) -> None:
    film = ROOT / "sample_media" / "voice-note.m4a"
    done = vidcut("cut", film, "1", "2", "-o", f"{tmp_path}/v1.0/", cwd=tmp_path)
    clip = Path(done.out.rstrip("\n"))
    assert (clip.parent.name, clip.suffix) == ("v1.0", ".m4a")


def test_margin_widens_the_clip(home: Path, tmp_path: Path, vidcut: Any) -> None:
    options = ("-k", "1", "--json", "--in", "asr", "-o", tmp_path)
    done = vidcut("search", "火锅", *options, "--margin", "1s,0.2s", cwd=home)
    moment = done.lines()[0]
    media = plugins.load("readers", "pyav").create().probe(Path(moment["clip"]))
    asked = moment["end"] - moment["start"]
    assert media.duration_us / 1e6 == pytest.approx(asked + 1.2, abs=0.1)


def test_modalities_and_globs_narrow_the_search(home: Path, vidcut: Any) -> None:
    written = vidcut("search", "launch pad", "-n", "--json", "--in", "ocr", cwd=home).lines()
    assert {e["modality"] for m in written for e in m["evidence"]} == {"ocr"}
    options = ("-n", "--json", "--min-score", "0")
    other = vidcut("search", "launch pad", "--video", "*.webm", *options, cwd=home).lines()
    assert {Path(m["video"]).name for m in other} == {"cafe.webm"}


def test_nothing_good_enough_is_said_and_exits_1(home: Path, vidcut: Any) -> None:
    done = vidcut("search", "quarterly interest rates of the central bank", "-n", cwd=home)
    assert (done.code, done.out) == (1, "")
    assert "nothing matches" in done.err


def test_the_offline_model_is_named(home: Path, vidcut: Any) -> None:
    done = vidcut("search", "a cat", "-n", "--in", "frame", cwd=home)
    assert done.code == 0
    assert "offline model (labels)" in done.err


def test_a_second_run_does_nothing_and_a_moved_file_is_recognised(
    home: Path, tmp_path: Path, vidcut: Any
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(home, copy)
    again = vidcut("index", "films", "--json", cwd=copy).lines()[0]
    assert (again["videos"], again["unchanged"]) == (0, 5)
    (copy / "films" / "new").mkdir()
    (copy / "films" / "pets.mp4").rename(copy / "films" / "new" / "cat's \N{CAT FACE}.mp4")
    (copy / "films" / "cafe.webm").unlink()
    moved = vidcut("index", "films", "--json", cwd=copy).lines()[0]
    assert (moved["videos"], moved["moved"], moved["missing"]) == (0, 1, 1)
    found = vidcut("search", "a cat", "-n", "--json", "--in", "frame", cwd=copy).lines()
    assert found[0]["video"].startswith("films/new/cat's")
    assert "cafe.webm" in vidcut("rm", "--missing", cwd=copy).out
    assert vidcut("ls", "--missing", cwd=copy).code == 1
    assert vidcut("ls", cwd=copy).out.count("\n") == 4


@pytest.mark.slow
def test_interrupted_run_stops_soon_and_goes_on(tmp_path: Path, vidcut: Any) -> None:
    films = tmp_path / "films"
    films.mkdir()
    shutil.copy(ROOT / "sample_media" / "voice-note.m4a", films)
    shutil.copy(ROOT / "sample_media" / "space.mkv", films)
    command = [sys.executable, "-m", "vidcut", "index", "films", "--offline"]
    process = subprocess.Popen(
        [*command, "--visual-model", "labels"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    catalog = tmp_path / ".vidcut" / "catalog.sqlite"
    while not catalog.exists():
        time.sleep(0.05)
    time.sleep(1.5)
    begun = time.monotonic()
    os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert time.monotonic() - begun < 5
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "interrupted" in errors
    done = vidcut(*command[3:], "--visual-model", "labels", "--json", cwd=tmp_path)
    assert done.code == 0, done.err
    assert vidcut("ls", "--json", cwd=tmp_path).lines()[0]["state"] == "ok"


def test_search_imports_no_torch_and_touches_no_network(home: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import socket, sys\n"
        "def refuse(*a, **k): sys.exit('the network was touched')\n"
        "socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse\n"
    )
    script = (
        "import sys; from vidcut.cli import run; code = run();"
        "heavy = {'torch', 'open_clip', 'av', 'faster_whisper', 'rapidocr'} & set(sys.modules);"
        "sys.exit(f'imported {heavy}' if heavy else code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "search", "a cup of coffee", "-n"],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_index_touches_no_network_when_offline(tmp_path: Path) -> None:
    guard = tmp_path / "guard"
    guard.mkdir()
    (guard / "sitecustomize.py").write_text(
        "import os, socket\n"
        "def refuse(*a, **k): os.write(2, b'the network was touched\\n'); os._exit(99)\n"
        "socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse\n"
    )
    command = [sys.executable, "-m", "vidcut", "index", str(ROOT / "sample_media" / "cafe.webm")]
    done = subprocess.run(
        [*command, "--offline"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(guard)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
