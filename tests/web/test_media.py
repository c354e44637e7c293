"""Videos as they are played and looked at: their bytes, and what is made of them."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import time
from email.utils import formatdate
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from tests.web.served import VOICE, children
from vidcut.web.shelf import Shelf

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web.served import Served

FILM = "pets.mp4"


@pytest.fixture(scope="module")
def ids(served: Served) -> dict[str, int]:
    return served.ids()


def picture(body: bytes) -> Image.Image:
    return Image.open(io.BytesIO(body))


# The file -----------------------------------------------------------------------------


def test_a_file_comes_as_it_is(served: Served, films: Path, ids: dict[str, int]) -> None:
    for name, mime in (
        (FILM, "video/mp4"),
        ("cafe.webm", "video/webm"),
        (VOICE, "audio/mp4"),
        ("space.mkv", "application/octet-stream"),
    ):
        whole = served.get(f"/media/{ids[name]}")
        assert (whole.status, whole.headers["content-type"]) == (200, mime)
        assert whole.headers["accept-ranges"] == "bytes"
        assert whole.body == (films / name).read_bytes()


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("0-0", 0, 0), ("0-", 0, None), ("5-99", 5, 99), ("1000-", 1000, None), ("-100", -100, None),
     ("0-99999999999", 0, None), ("-99999999999", 0, None), ("7-7", 7, 7)],
)  # fmt: skip
def test_a_range_is_just_those_bytes(
    served: Served, films: Path, ids: dict[str, int], asked: str, first: int, last: int | None
) -> None:
    content = (films / FILM).read_bytes()
    size = len(content)
    first = first if first >= 0 else size + first
    end = size if last is None else last + 1
    for method in ("GET", "HEAD"):
        part = served.ask(method, f"/media/{ids[FILM]}", range=f"bytes={asked}")
        assert part.status == 206
        assert part.headers["content-range"] == f"bytes {first}-{end - 1}/{size}"
        assert part.headers["content-length"] == str(end - first)
        assert part.body == (content[first:end] if method == "GET" else b"")


def test_several_ranges_come_in_parts(served: Served, films: Path, ids: dict[str, int]) -> None:
    content = (films / FILM).read_bytes()
    told = served.get(f"/media/{ids[FILM]}", range="bytes=0-9,100-119")
    assert told.status == 206
    assert told.headers["content-type"].startswith("multipart/byteranges")
    assert content[:10] in told.body
    assert content[100:120] in told.body
    assert len(told.body) < 1000


def test_a_range_outside_of_the_file_is_none(served: Served, ids: dict[str, int]) -> None:
    size = len(served.get(f"/media/{ids[FILM]}").body)
    for asked in (f"{size}-", f"{size + 5}-{size + 9}"):
        told = served.get(f"/media/{ids[FILM]}", range=f"bytes={asked}")
        assert (told.status, told.headers["content-range"]) == (416, f"bytes */{size}")
        assert told.json == {"error": "requested range not satisfiable"}


@pytest.mark.parametrize("asked", ["bytes", "lines=0-1", "bytes=", "bytes=9-3"])
def test_what_is_no_range_is_told(served: Served, ids: dict[str, int], asked: str) -> None:
    told = served.get(f"/media/{ids[FILM]}", range=asked)
    assert told.status == 400
    assert "range" in told.json["error"].lower()
    assert int(told.headers["content-length"]) == len(told.body)


def test_a_range_of_what_has_changed_since_is_the_whole(
    served: Served, films: Path, ids: dict[str, int]
) -> None:
    path, size = f"/media/{ids[FILM]}", (films / FILM).stat().st_size
    etag = served.ask("HEAD", path).headers["etag"]
    modified = served.ask("HEAD", path).headers["last-modified"]
    for condition, status, length in (
        (etag, 206, 4),
        (modified, 206, 4),
        ('"another"', 200, size),
        (formatdate(0, usegmt=True), 200, size),
    ):
        told = served.get(path, range="bytes=0-3", if_range=condition)
        assert (told.status, len(told.body)) == (status, length)


def test_a_head_tells_how_long_it_is(served: Served, films: Path, ids: dict[str, int]) -> None:
    told = served.ask("HEAD", f"/media/{ids[FILM]}")
    assert (told.status, told.body) == (200, b"")
    assert told.headers["content-length"] == str((films / FILM).stat().st_size)


def test_a_video_that_is_not_known_is_not_there(served: Served) -> None:
    for path in ("/media/999", "/media/999/play", "/media/999/frame", "/media/999/sprite"):
        assert served.get(path).status == 404


def test_a_video_that_has_vanished_is_gone(
    served: Served, films: Path, ids: dict[str, int]
) -> None:
    number, aside = ids["cafe.webm"], films / "aside"
    (films / "cafe.webm").rename(aside)
    try:
        for path in ("", "/play", "/frame?at=1", "/sprite?start=0&end=2"):
            told = served.get(f"/media/{number}{path}")
            assert told.status == 410
            assert "cafe.webm" in told.json["error"]
        (films / "cafe.webm").mkdir()
        assert served.get(f"/media/{number}").status == 410
        (films / "cafe.webm").rmdir()
        os.mkfifo(films / "cafe.webm")  # opened, it would hold the server up for ever
        assert served.get(f"/media/{number}").status == 410
        (films / "cafe.webm").unlink()
    finally:
        aside.rename(films / "cafe.webm")
    assert served.get(f"/media/{number}").status == 200


# Pictures -----------------------------------------------------------------------------


def test_a_frame_is_a_small_picture(served: Served, ids: dict[str, int]) -> None:
    for width, longest_px in ((1, 160), (160, 160), (200, 320), (640, 640)):
        told = served.get(f"/media/{ids[FILM]}/frame?at=1&width={width}")
        assert (told.status, told.headers["content-type"]) == (200, "image/jpeg")
        assert max(picture(told.body).size) == longest_px


def test_a_frame_shows_its_time(served: Served, ids: dict[str, int]) -> None:
    early, late = (
        np.asarray(picture(served.get(f"/media/{ids[FILM]}/frame?at={at}").body), dtype=float)
        for at in (0.5, 7.5)
    )
    assert np.abs(early - late).mean() > 10


def test_a_sprite_is_its_pictures_side_by_side(served: Served, ids: dict[str, int]) -> None:
    told = served.get(f"/media/{ids[FILM]}/sprite?start=0&end=8&count=4&width=160")
    sheet = picture(told.body)
    one = picture(served.get(f"/media/{ids[FILM]}/frame?at=5&width=160").body)
    assert sheet.size == (4 * one.width, one.height)
    third = sheet.crop((2 * one.width, 0, 3 * one.width, one.height))
    apart = np.asarray(third, dtype=float) - np.asarray(one, dtype=float)
    assert np.abs(apart).mean() < 3


def test_a_picture_is_made_once(served: Served, films: Path, ids: dict[str, int]) -> None:
    path = f"/media/{ids[FILM]}/frame?at=2.25"
    first = served.get(path)
    shelf = films / ".vidcut" / "cache" / "pictures"
    (kept,) = (one for one in shelf.glob("*/*.jpg") if one.read_bytes() == first.body)
    kept.write_bytes(b"from the shelf")
    assert served.get(path).body == b"from the shelf"
    kept.unlink()
    assert served.get(path, if_none_match=first.headers["etag"]).status == 304


def test_what_has_no_picture_shows_none(served: Served, ids: dict[str, int]) -> None:
    told = served.get(f"/media/{ids[VOICE]}/frame?at=0")
    assert told.status == 404
    assert served.get(f"/media/{ids[FILM]}/frame?at=9999").status == 422


@pytest.mark.parametrize(
    "asked", ["frame?at=x", "frame?at=-1", "frame?at=nan", "frame?at=1e99", "frame?width=0",
              "frame?width=99999", "sprite?count=0", "sprite?count=999", "play?start=x"],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(served: Served, ids: dict[str, int], asked: str) -> None:
    assert served.get(f"/media/{ids[FILM]}/{asked}").status == 400


def test_a_shelf_keeps_what_was_asked_for_last(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf", most_bytes=1000)
    for number in range(9):
        shelf.put(f"old {number}", bytes(100))
        time.sleep(0.002)
    assert shelf.get("old 0") == bytes(100)  # asked for again: it stays
    for number in range(4):
        shelf.put(f"new {number}", bytes(100))
        time.sleep(0.002)
    kept = [path.stat().st_size for path in (tmp_path / "shelf").rglob("*.jpg")]
    assert sum(kept) <= 1000
    assert shelf.get("old 0") is not None
    assert shelf.get("old 1") is None
    assert shelf.get("new 3") is not None


def test_a_shelf_that_cannot_be_written_is_empty(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    shelf = Shelf(tmp_path / "file" / "shelf")
    shelf.put("key", b"content")
    assert shelf.get("key") is None


# Made over ----------------------------------------------------------------------------


def test_a_film_is_made_over_for_every_browser(
    served: Served, ids: dict[str, int], tmp_path: Path
) -> None:
    whole = served.get(f"/api/videos/{ids['space.mkv']}").json["duration"]
    told = served.get(f"/media/{ids['space.mkv']}/play?start={whole - 1.5}")
    assert (told.status, told.headers["content-type"]) == (200, "video/mp4")
    made = tmp_path / "made.mp4"
    made.write_bytes(told.body)
    command = [
        "ffprobe",
        "-v",
        "error",
        "-show_entries",
        "stream=codec_name,pix_fmt:format=duration",
    ]
    said = subprocess.run(
        [*command, "-of", "flat", made], capture_output=True, text=True, check=True
    )
    assert 'codec_name="h264"' in said.stdout
    assert 'codec_name="aac"' in said.stdout
    assert 'pix_fmt="yuv420p"' in said.stdout
    lasts = float(said.stdout.partition("format.duration=")[2].strip('"\n '))
    assert lasts == pytest.approx(1.5, abs=0.3)
    assert served.ask("HEAD", f"/media/{ids['space.mkv']}/play").body == b""


def test_the_beginning_of_what_is_made_over_is_answered_as_a_range(
    served: Served, ids: dict[str, int]
) -> None:
    """Safari asks for two bytes and plays nothing where it gets others."""
    path = f"/media/{ids['pets.mp4']}/play?start=11"
    whole = served.get(path)
    assert (whole.status, whole.headers["accept-ranges"]) == (200, "bytes")
    probed = served.get(path, range="bytes=0-1")
    assert (probed.status, probed.headers["content-range"]) == (206, "bytes 0-1/*")
    assert probed.headers["content-length"] == "2"
    assert probed.body == whole.body[:2]
    for asked in ("bytes=0-", "bytes=2-3", "bytes=0-999999"):
        assert served.get(path, range=asked).status == 200


def test_who_goes_is_not_played_to(long_served: Served) -> None:
    before = children(long_served.process.pid)
    connections = [long_served.connect() for _ in range(3)]
    for connection in connections:
        connection.request("GET", "/media/1/play", headers={"Cookie": long_served.cookie})
        assert connection.getresponse().read(1000)
    assert len(children(long_served.process.pid) - before) == 3
    assert long_served.get("/media/1/play").status == 503
    for connection in connections:
        connection.close()
    for _ in range(100):
        if not children(long_served.process.pid) - before:
            break
        time.sleep(0.05)
    assert not children(long_served.process.pid) - before
    assert long_served.ask("HEAD", "/media/1/play").status == 200


def test_who_goes_in_mid_answer_does_not_end_the_server(served: Served) -> None:
    served.process.send_signal(signal.SIGPIPE)  # as the kernel does where nobody reads any more
    assert served.get("/api/videos").status == 200
