"""What the page orders: clips, films, timelines, index runs; how they go on, and how they end."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from tests.web.served import ROOT, VOICE, children, serving
from vidcut import Library, schema, writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.web.served import Served

NAME = "../../../up/\x00.. Cat & coffee"
LONG = {"video": 1, "start": 0, "end": 110}


def moments(served: Served) -> list[dict[str, Any]]:
    ids = served.ids()
    return [
        {"video": ids["pets.mp4"], "start": 1, "end": 2},
        {"video": ids["cafe.webm"], "start": 0.5, "end": 2},
    ]


def lasts_s(path: Path) -> float:
    command = [
        "ffprobe",
        "-v",
        "error",
        "-show_entries",
        "format=duration",
        "-of",
        "csv=p=0",
        str(path),
    ]
    return float(subprocess.run(command, capture_output=True, check=True).stdout)


def order(served: Served, **facts: Any) -> Any:
    told = served.post("/api/jobs", facts)
    assert told.status == 201, told.body
    return told.json["job"]


def visible(folder: Path) -> list[str]:
    """All files of a folder, hidden ones too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# What is made -------------------------------------------------------------------------


def test_moments_become_clips(served: Served, films: Path, tmp_path: Path) -> None:
    job = served.ended(order(served, kind="cut", query=NAME, moments=moments(served)))
    assert (job["state"], job["done"], job["total"], job["error"]) == ("done", 2, 2, None)
    assert [one["n"] for one in job["files"]] == [0, 1]
    (folder,) = (films / "clips").glob("up-cat-coffee-*")
    assert visible(folder) == sorted(one["name"] for one in job["files"])
    for one, seconds in zip(job["files"], (1, 1.5), strict=True):
        told = served.get(f"/api/jobs/{job['id']}/files/{one['n']}")
        assert told.headers["content-disposition"].startswith("attachment")
        assert told.headers["content-type"] == "application/octet-stream"
        assert len(told.body) == one["bytes"]
        clip = tmp_path / f"{one['n']}.mp4"
        clip.write_bytes(told.body)
        assert lasts_s(clip) == pytest.approx(seconds, abs=0.1)
    shown = served.get(f"/api/jobs/{job['id']}/files/0?inline=1", range="bytes=0-9")
    assert (shown.status, shown.headers["content-type"]) == (206, "video/mp4")
    assert served.get(f"/api/jobs/{job['id']}/files/2").status == 404
    (folder / job["files"][0]["name"]).unlink()
    (folder / job["files"][0]["name"]).symlink_to("/etc/passwd")
    assert served.get(f"/api/jobs/{job['id']}/files/0").status == 410


def test_a_reel_and_a_timeline_hold_all_of_them(served: Served, films: Path) -> None:
    reel = order(served, kind="reel", name="my reel", transition="fade", moments=moments(served))
    line = order(served, kind="export", name="line", format="otio", moments=moments(served))
    made = served.ended(reel)
    assert made["state"] == "done", made
    (film,) = films.glob("clips/my-reel-*/my-reel.mp4")
    assert lasts_s(film) == pytest.approx(2.5 - 0.3, abs=0.15)
    made = served.ended(line)
    assert made["state"] == "done", made
    told = json.loads(served.get(f"/api/jobs/{line['id']}/files/0").body)
    (clips,) = (track["children"] for track in told["tracks"]["children"][:1])
    assert len(clips) == 2


def test_a_script_is_planned_swapped_and_rendered(served: Served, films: Path) -> None:
    text = "A cup of coffee.\nThe launch pad.\nZebras cross the street.\n"
    plan = served.post("/api/script/plan", {"text": text, "format": ".txt"}).json
    assert [slot["n"] for slot in plan["slots"]] == [1, 2, 3]
    assert plan["slots"][0]["chosen"]["video"]["name"] == "cafe.webm"
    assert plan["slots"][1]["chosen"]["video"]["name"] == "space.mkv"
    assert plan["slots"][2]["chosen"] is None
    assert plan["gaps"] == [3]
    pets = {"video": served.ids()["pets.mp4"], "start": 1, "end": 2.5}
    again = served.post("/api/script/plan", {"text": text, "locks": {"3": pets}}).json
    assert (again["slots"][2]["locked"], again["slots"][2]["status"]) == (True, "locked")
    assert again["slots"][2]["chosen"]["start"] == 1
    slots = [
        {"n": 1, "text": "A cup of coffee.", "length": 1.5, "moment": moments(served)[1]},
        {"n": 2, "text": "The launch pad.", "length": 1.25, "moment": None},
        {"n": 3, "text": "Zebras.", "length": 1.5, "moment": pets},
    ]
    job = served.ended(order(served, kind="script", name="story", slots=slots))
    assert job["state"] == "done", job
    (film,) = films.glob("clips/story-*/story.mp4")
    assert lasts_s(film) == pytest.approx(1.5 + 1.25 + 1.5, abs=0.15)


def test_the_shell_s_words_do_the_same(served: Served, tmp_path: Path) -> None:
    voice = {"video": served.ids()[VOICE], "start": 1, "end": 2}
    told = served.post("/api/command", {"kind": "cut", "moments": [voice]}).json
    (tmp_path / "vidcut").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m vidcut "$@"\n')
    (tmp_path / "vidcut").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    subprocess.run(["sh", "-c", told["command"]], cwd=tmp_path, env=environment, check=True)
    (clip,) = (tmp_path / "clips").iterdir()
    assert lasts_s(clip) == pytest.approx(1, abs=0.1)
    wish = {"kind": "reel", "vertical": True, "transition": "fade", "moments": moments(served)}
    reel = served.post("/api/command", wish).json["command"]
    assert reel.startswith("printf '%s\\n' '{")
    assert "| vidcut reel - --order given" in reel
    assert "--size 1080x1920 --fit crop --transition fade" in reel
    line = {"kind": "export", "format": "fcpxml", "moments": moments(served)}
    assert ".fcpxml - --format fcpxml" in served.post("/api/command", line).json["command"]


@pytest.mark.parametrize(
    ("facts", "status"),
    [({}, 400), ({"kind": "burn"}, 400), ({"kind": "cut"}, 400),
     ({"kind": "cut", "moments": []}, 400),
     ({"kind": "cut", "moments": [{}]}, 400), ({"kind": "cut", "moments": [LONG] * 1001}, 400),
     ({"kind": "cut", "moments": [{**LONG, "video": 999}]}, 404),
     ({"kind": "cut", "moments": [{**LONG, "video": "../../etc/passwd"}]}, 400),
     ({"kind": "cut", "moments": [{**LONG, "start": 9999, "end": 10000}]}, 400),
     ({"kind": "cut", "moments": [{**LONG, "start": 5, "end": 5}]}, 400),
     ({"kind": "cut", "moments": [LONG], "copy": "yes"}, 400),
     ({"kind": "cut", "moments": [LONG], "copy": True, "vertical": True}, 400),
     ({"kind": "cut", "moments": [LONG], "name": 7}, 400),
     ({"kind": "reel", "moments": [LONG], "transition": "explode"}, 400),
     ({"kind": "export", "moments": [LONG], "format": "../x"}, 400),
     ({"kind": "script", "slots": [{"n": 1, "length": 1, "moment": None}]}, 400),
     ({"kind": "script", "slots": [{"n": 1, "length": 0, "moment": LONG}]}, 400),
     ({"kind": "index", "folder": "relative"}, 400),
     ({"kind": "index", "folder": "~nobody-is-called-so/films"}, 400),
     ({"kind": "index", "folder": "/nowhere"}, 400)],
)  # fmt: skip
def test_what_cannot_be_done_is_told_before(
    served: Served, facts: dict[str, Any], status: int
) -> None:
    told = served.post("/api/jobs", facts)
    assert (told.status, bool(told.json["error"])) == (status, True)


def test_a_script_that_is_none_is_refused(served: Served) -> None:
    locked = ({"text": "a", "locks": {number: LONG}} for number in ("x", "9"))
    for body in ({}, {"text": ""}, {"text": 7}, {"text": "a", "format": ".exe"}, *locked):
        assert served.post("/api/script/plan", body).status == 400


def test_a_script_names_no_file_of_this_machine(served: Served, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "there.png")
    for picture in (tmp_path / "there.png", tmp_path / "away.png"):
        told = served.post("/api/script/plan", {"text": f"a cat\n\n{picture}"})
        assert told.status == 400
        assert "line 2 names a picture" in told.json["error"]


def test_a_film_that_has_vanished_is_told(served: Served, films: Path) -> None:
    wanted = moments(served)[1:]
    (films / "cafe.webm").rename(films / "aside")
    try:
        assert served.post("/api/jobs", {"kind": "cut", "moments": wanted}).status == 410
    finally:
        (films / "aside").rename(films / "cafe.webm")


# Indexing -----------------------------------------------------------------------------


def test_a_folder_is_indexed_and_what_fails_is_told(served: Served, tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no film at all" * 100)
    job = order(served, kind="index", folder=str(tmp_path))
    second = served.post("/api/jobs", {"kind": "index", "folder": str(tmp_path)})
    assert second.status == 409
    searched = 0
    while served.get(f"/api/jobs/{job['id']}").json["job"]["state"] in {"waiting", "running"}:
        assert served.get("/api/search?q=coffee").json["moments"]  # it goes on beside
        searched += 1
    assert searched
    job = served.ended(job)
    assert job["state"] == "done", job
    assert any("broken.mp4" in remark for remark in job["remarks"])
    known = {one["name"]: one for one in served.get("/api/videos").json["videos"]}
    assert known["broken.mp4"]["state"] == "failed"
    assert known["broken.mp4"]["failure"]


def test_a_second_writer_is_told(served: Served, films: Path, tmp_path: Path) -> None:
    with writer.only_writer(films / ".vidcut"):
        told = served.post("/api/jobs", {"kind": "index", "folder": str(tmp_path)})
    assert told.status == 503
    assert "writ" in told.json["error"]


def test_an_older_library_is_brought_up_to_date_before_it_is_written_to(tmp_path: Path) -> None:
    """Whoever does that must be alone with it, and the server has it open."""
    path, more = tmp_path / ".vidcut" / "catalog.sqlite", tmp_path / "more"
    path.parent.mkdir()
    more.mkdir()
    (more / "broken.mp4").write_bytes(b"no film at all" * 100)
    older = sqlite3.connect(path)
    older.executescript(schema._SCHEMA)
    older.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    older.executescript("""
        PRAGMA journal_mode = WAL;
        PRAGMA user_version = 1;
        INSERT INTO settings VALUES ('library_id', 'mine');
        INSERT INTO videos (path, size, mtime_ns, hash, duration_us, state)
            VALUES (CAST('a.mp4' AS BLOB), 1, 1, x'01', 9000000, 'ok');
    """)
    older.close()
    with serving(tmp_path) as served:
        assert [one["name"] for one in served.get("/api/videos").json["videos"]] == ["a.mp4"]
        assert served.get("/api/about").json["videos"] == 1
        with Library(tmp_path) as reader:
            assert reader.videos()
            told = served.post("/api/jobs", {"kind": "index", "folder": str(more)})
            assert told.status == 503
            assert "in use by another process; wait for it or stop it" in told.json["error"]
        job = served.ended(order(served, kind="index", folder=str(more)))
        assert job["state"] == "done", job
        known = {one["name"] for one in served.get("/api/videos").json["videos"]}
        assert known == {"a.mp4", "broken.mp4"}
    assert schema.backup_of(path, 1).exists()


# How they go on and end ---------------------------------------------------------------


@contextmanager
def cutting(served: Served) -> Iterator[tuple[Any, Path]]:
    """A cut under way, and the folder that it goes to."""
    job = served.started(order(served, kind="cut", moments=[LONG]))
    clips = served.folder / "clips"
    for _ in range(200):
        if any(path.name.startswith(".vidcut-") for path in clips.rglob("*")):
            break
        time.sleep(0.02)
    assert any(path.name.startswith(".vidcut-") for path in clips.rglob("*"))
    yield job, clips


def gone(pids: set[int]) -> bool:
    return not any(Path(f"/proc/{pid}/cmdline").exists() for pid in pids)


def until_gone(pids: set[int], patience_s: float = 5) -> None:
    until_s = time.monotonic() + patience_s
    while not gone(pids) and time.monotonic() < until_s:
        time.sleep(0.02)
    assert gone(pids)


def test_a_job_is_told_as_it_goes_on_and_cancelled(long_served: Served) -> None:
    connection = long_served.connect()
    connection.request("GET", "/api/jobs/events", headers={"Cookie": long_served.cookie})
    stream = connection.getresponse()
    assert stream.headers["content-type"].startswith("text/event-stream")
    with cutting(long_served) as (job, clips):
        below = children(long_served.process.pid)
        told = long_served.ask("DELETE", f"/api/jobs/{job['id']}")
        assert told.json["job"]["state"] == "cancelled"
        until_gone(below - children(long_served.process.pid))
        states = []
        while "cancelled" not in states:
            line = stream.readline().decode()
            if line.startswith("data:"):
                states.append(json.loads(line[5:])["state"])
        assert set(states) <= {"waiting", "running", "cancelled"}
        assert "running" in states
        for _ in range(200):
            if not list(clips.iterdir()):
                break
            time.sleep(0.02)
        assert list(clips.iterdir()) == []
    connection.close()
    assert long_served.ask("DELETE", "/api/jobs/nobody").status == 404


def test_those_that_wait_are_cancelled_too_and_not_all_are_taken(long_served: Served) -> None:
    with cutting(long_served) as (running, _):
        waiting = []
        wish = {"kind": "cut", "moments": [LONG]}
        while (told := long_served.post("/api/jobs", wish)).status == 201:
            waiting.append(told.json["job"])
        assert told.status == 409
        assert len(waiting) == 19
        for job in (*waiting, running):
            long_served.ask("DELETE", f"/api/jobs/{job['id']}")
        assert {long_served.ended(job)["state"] for job in (*waiting, running)} == {"cancelled"}
    # And the next is done.
    job = order(long_served, kind="cut", moments=[{**LONG, "end": 1}])
    assert long_served.ended(job)["state"] == "done"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_that_ends_in_mid_cut_leaves_nothing(long_film: Path, number: int) -> None:
    shutil.rmtree(long_film / "clips", ignore_errors=True)
    with serving(long_film) as served, cutting(served) as (_, clips):
        connection = served.connect()  # somebody who looks on does not hold it up
        connection.request("GET", "/api/jobs/events", headers={"Cookie": served.cookie})
        connection.getresponse()
        below = children(served.process.pid)
        assert len(below) >= 2
        assert served.stop(number) < 5
        until_gone(below)
        assert visible(clips) == []
        if number != signal.SIGKILL:
            assert served.process.returncode == 0
        connection.close()


def test_stdout_is_the_address_alone(films: Path) -> None:
    command = [sys.executable, "-m", "vidcut", "serve", "--port", "0", "--library", str(films)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert "Ctrl-C" in process.stderr.readline()
    begun_s = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert time.monotonic() - begun_s < 5
    (line,) = out.splitlines()
    assert line.startswith("http://127.0.0.1:")
    assert "/?token=" in line


def test_a_port_that_is_taken_and_a_library_that_is_not_there_are_told(
    served: Served, films: Path, tmp_path: Path
) -> None:
    taken = ("--port", str(served.port), "--library", str(films))
    for options, code, words in ((taken, 2, "--port"), (("--library", str(tmp_path)), 4, "index")):
        command = [sys.executable, "-m", "vidcut", "serve", *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (code, "")
        assert words in done.stderr
        assert "Traceback" not in done.stderr


def test_what_is_missing_is_told_with_its_command(films: Path, tmp_path: Path) -> None:
    (tmp_path / "starlette").mkdir()
    (tmp_path / "starlette" / "__init__.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'starlette'\", name='starlette')\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "vidcut", "serve", "--library", str(films)],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{tmp_path}:{ROOT}"},
    )  # fmt: skip
    assert done.returncode == 5
    assert "pip install 'vidcut[web]'" in done.stderr
