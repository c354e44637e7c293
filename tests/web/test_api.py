"""What the page is told of the library: its videos, its moments, their surroundings."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
import time
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from starlette.requests import ClientDisconnect, Request

import vidcut
from tests.web.served import (
    SAID,
    SAMPLES,
    VOICE,
    add_video,
    make_library,
    serving,
    wiring_settings,
)
from vidcut import library, pipeline, wiring
from vidcut.history import Past
from vidcut.web import searching
from vidcut.web.desks import Desk
from vidcut.web.searching import Refined

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.types import Message

    from tests.web.served import Served
    from vidcut.records import Moment


def found(served: Served, query: str, **others: str) -> Any:
    asked = "&".join(f"{name}={quote(value)}" for name, value in {"q": query, **others}.items())
    told = served.get(f"/api/search?{asked}")
    assert told.status == 200, told.body
    return told.json


def names(told: Any) -> list[str]:
    return [moment["video"]["name"] for moment in told["moments"]]


def test_the_library_says_what_it_is(served: Served, films: Path) -> None:
    told = served.get("/api/about").json
    assert told["version"] == vidcut.__version__
    assert told["library"] == str(films / ".vidcut")
    assert told["videos"] == len(SAID)
    assert told["chunks"] == {"frame": 0, "asr": sum(map(len, SAID.values())), "ocr": 0}
    assert {"fcpxml", "otio", "edl", "srt"} <= set(told["exports"])


# Searching ----------------------------------------------------------------------------


def test_a_search_answers_with_moments_and_why(served: Served) -> None:
    told = found(served, "cat sofa")
    (moment,) = told["moments"]
    assert moment["video"]["name"] == "pets.mp4"
    assert moment["video"]["playable"] is True
    assert 0 <= moment["start"] < moment["end"] <= moment["video"]["duration"]
    assert 0 < moment["score"] <= 1
    (evidence,) = moment["evidence"]
    assert (evidence["modality"], evidence["start"], evidence["end"]) == ("asr", 0, 2)
    marked = [evidence["text"][start:end] for start, end in evidence["marks"]]
    assert marked == ["cat", "sofa"]
    assert set(moment["reasons"]) == {"start", "end"}
    assert told["took_ms"] > 0


def test_a_search_is_in_any_language(served: Served) -> None:
    assert names(found(served, "吃火锅")) == ["cafe.webm"]


def test_nothing_asked_is_nothing_found(served: Served) -> None:
    assert found(served, " ")["moments"] == []
    told = found(served, "zebra crossing")
    assert (told["moments"], told["note_code"]) == ([], "nothing")


def test_a_search_is_narrowed(served: Served) -> None:
    ids = served.ids()
    assert sorted(names(found(served, "coffee"))) == ["cafe.webm", VOICE]
    assert names(found(served, "coffee", video=str(ids["cafe.webm"]))) == ["cafe.webm"]
    both = f"{ids['cafe.webm']},{ids['pets.mp4']}"
    assert names(found(served, "coffee", video=both)) == ["cafe.webm"]
    assert found(served, "coffee", video="999")["moments"] == []
    assert len(found(served, "coffee", k="1")["moments"]) == 1
    assert found(served, "coffee", modality="frame,ocr")["moments"] == []
    assert found(served, "coffee", modality="asr")["moments"]


def test_moments_are_as_long_as_they_may_be(served: Served) -> None:
    (short,) = found(served, "dog", max_length="1.5")["moments"]
    assert short["end"] - short["start"] <= 1.5
    (long,) = found(served, "dog", min_length="4")["moments"]
    assert long["end"] - long["start"] >= 4
    (tiny,) = found(served, "dog", max_length="0.2")["moments"]  # shorter than moments otherwise
    assert tiny["end"] - tiny["start"] == pytest.approx(0.2)


def test_what_was_not_right_is_not_shown_again(served: Served) -> None:
    ids = served.ids()
    told = found(served, "coffee", unlike=f"{ids['cafe.webm']}@0-2")
    assert names(told) == [VOICE]
    assert names(found(served, "coffee", like=f"{ids['cafe.webm']}@0-2"))


@pytest.mark.parametrize(
    "asked",
    ["q=a%20%3E%3E", "q=%22open", "q=cat&k=0", "q=cat&k=x", "q=cat&k=99999", "q=cat&video=x",
     "q=cat&video=-1", "q=cat&modality=smell", "q=cat&from=tomorrow", "q=cat&min_length=-1",
     "q=cat&to=9999-12-31", "q=cat&min_length=5&max_length=1",
     "q=cat&max_length=nan", "q=cat&like=1", "q=cat&like=1@5-2", "q=cat&like=x@1-2",
     "q=cat&per_video=0", "q=.%2Fpicture.jpg", "q=%2Fetc%2Fhosts.png", f"q={'cat%20' * 600}"],
)  # fmt: skip
def test_what_cannot_be_asked_is_told_in_one_line(served: Served, asked: str) -> None:
    told = served.get(f"/api/search?{asked}")
    assert told.status == 400
    assert told.json["error"]
    assert "\n" not in told.json["error"]
    assert "No such file" not in told.json["error"]


# Videos -------------------------------------------------------------------------------


def test_videos_are_listed(served: Served, films: Path) -> None:
    told = served.get("/api/videos").json
    assert told["next"] is None
    assert [one["name"] for one in told["videos"]] == sorted(SAID)
    pets = next(one for one in told["videos"] if one["name"] == "pets.mp4")
    assert (pets["state"], pets["failure"], pets["chunks"]) == ("ok", None, 2)
    assert pets["modified"] == int((films / "pets.mp4").stat().st_mtime)
    assert (pets["picture"], pets["sound"]) == (True, False)
    playable = {one["name"]: one["playable"] for one in told["videos"]}
    assert playable == {
        "pets.mp4": True, "cafe.webm": True, VOICE: True, "space.mkv": False
    }  # fmt: skip
    assert served.get(f"/api/videos?cursor={len(SAID)}").json["videos"] == []


def test_a_video_is_told_in_full(served: Served) -> None:
    ids = served.ids()
    told = served.get(f"/api/videos/{ids['cafe.webm']}").json
    assert told["shots"][0] == [0, 4]
    assert told["shots"][1][1] == told["duration"]
    assert told["asr"] == [
        {"start": 0, "end": 2, "text": "a cup of coffee"},
        {"start": 3, "end": 5, "text": "晚上吃火锅"},
    ]
    assert told["ocr"] == []
    assert served.get(f"/api/videos/{ids[VOICE]}").json["shots"] == []
    assert served.get("/api/videos/999").status == 404


def test_ends_are_drawn_to_shots_sentences_and_silences(served: Served) -> None:
    told = served.get(f"/api/snap?video={served.ids()['cafe.webm']}").json
    assert told == {"shots": [4], "sentences": [0, 2, 3, 5], "silences": [2.5]}
    assert served.get("/api/snap?video=999").status == 404
    assert served.get("/api/snap").status == 400


def test_a_query_has_a_curve_over_a_video(served: Served) -> None:
    told = served.get(f"/api/videos/{served.ids()['cafe.webm']}/curve?q=coffee").json
    assert told["step_s"] == 1
    assert told["scores"][0] > 0.3
    assert told["scores"][4] == 0
    assert set(told["by_modality"]) == {"asr"}
    assert served.get("/api/videos/1/curve?q=").json["scores"] == []
    for words in ("", "coffee"):
        assert served.get(f"/api/videos/999/curve?q={words}").status == 404


# Underneath ---------------------------------------------------------------------------


def test_days_narrow_and_what_is_indexed_meanwhile_is_found(films: Path, tmp_path: Path) -> None:
    shutil.copy(SAMPLES / "pets.mp4", tmp_path)
    os.utime(tmp_path / "pets.mp4", (1_700_000_000, 1_700_000_000))  # 2023-11-14
    shutil.copy(SAMPLES / "cafe.webm", tmp_path)
    make_library(tmp_path, {"pets.mp4": ("a cat",)})
    with serving(tmp_path) as served:
        for days, count in (
            ({"from": "2023-11-14"}, 1),
            ({"from": "2023-11-15"}, 0),
            ({"to": "2023-11-14"}, 1),
            ({"to": "2023-11-13"}, 0),
            ({"from": "2023-11-14", "to": "2023-11-14"}, 1),
        ):
            assert len(found(served, "cat", **days)["moments"]) == count, days
        assert names(found(served, "coffee")) == []
        store = wiring.store(wiring_settings())
        reader = wiring.reader("pyav")
        with library.open_to_write(tmp_path / ".vidcut", store) as holdings:
            add_video(holdings, tmp_path / "cafe.webm", ("a cup of coffee",), reader)
        reader.close()
        assert names(found(served, "coffee")) == ["cafe.webm"]
        # Another library in its place, as after 'vidcut index' anew.
        shutil.copytree(films / ".vidcut", tmp_path / "other")
        shutil.rmtree(tmp_path / ".vidcut")
        assert served.get("/api/search?q=cat").status == 503
        (tmp_path / "other").rename(tmp_path / ".vidcut")
        assert names(found(served, "launch pad")) == ["space.mkv"]


def test_a_library_that_cannot_be_written_is_looked_at(films: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(films, tmp_path / "films", ignore=shutil.ignore_patterns("clips"))
    by: tuple[str, ...] = ()
    if os.geteuid() == 0:  # to root everything is writable, unless it lets go of that
        if shutil.which("setpriv") is None:
            pytest.skip("needs setpriv where the tests are run by root")
        by = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    places = [folder, *(one for one in folder.rglob("*") if one.is_dir())]
    for place in places:
        place.chmod(0o555)
    try:
        with serving(folder, by=by) as served:
            assert names(found(served, "cat")) == ["pets.mp4"]
            video = served.ids()["pets.mp4"]
            assert served.get(f"/media/{video}/frame?at=1").status == 200
            cut = {"kind": "cut", "moments": [{"video": video, "start": 0, "end": 1}]}
            told = served.post("/api/jobs", cut)
            assert told.status == 409
            assert str(folder / "clips") in told.json["error"]
            told = served.post("/api/jobs", {"kind": "index", "folder": str(folder)})
            job = served.ended(told.json["job"])
            assert job["state"] == "failed"
            assert ".vidcut" in job["error"]
    finally:
        for place in places:
            place.chmod(0o755)


def test_two_servers_look_at_one_library(served: Served, films: Path) -> None:
    with serving(films) as other:
        assert other.port != served.port
        for one in (served, other, served):
            assert names(found(one, "cat")) == ["pets.mp4"]
        job = other.post("/api/jobs", {"kind": "index", "folder": str(films / ".vidcut")}).json
        assert other.ended(job["job"])["state"] == "failed"  # there are no films
        assert names(found(served, "cat")) == ["pets.mp4"]


def test_a_search_that_is_superseded_is_never_made(films: Path) -> None:
    """Of those that wait their turn, who has gone is passed over."""
    done: list[str] = []

    def typing(word: str, _: vidcut.Library) -> None:
        done.append(word)

    async def ask() -> None:
        desk, hold = Desk(vidcut.Library(films), "test"), threading.Event()
        first = asyncio.ensure_future(desk.ask(lambda _: hold.wait(10)))
        await asyncio.sleep(0.05)
        typed = [
            asyncio.ensure_future(desk.ask(partial(typing, word))) for word in ("h", "ho", "hot")
        ]
        await asyncio.sleep(0.05)
        for superseded in typed[:2]:
            superseded.cancel()
        await asyncio.gather(*typed[:2], return_exceptions=True)  # the desk has learnt of it
        hold.set()
        await first
        await typed[2]
        desk.close()

    asyncio.run(ask())
    assert done == ["hot"]


def test_a_search_under_way_ends_when_the_next_key_comes(
    films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = threading.Event(), threading.Event()

    def answer(_: Refined, __: vidcut.Library, check: Callable[[], None]) -> list[Moment]:
        begun.set()
        try:
            while True:
                check()
        finally:
            ended.set()

    async def leaves() -> Message:
        await asyncio.to_thread(begun.wait)
        return {"type": "http.disconnect"}

    async def ask() -> None:
        desk = Desk(vidcut.Library(films), "test")
        app = SimpleNamespace(state=SimpleNamespace(finder=desk))
        scope = {"type": "http", "app": app, "query_string": b"q=cat", "headers": []}
        with pytest.raises(ClientDisconnect):
            await searching.search(Request(scope, leaves))
        assert await desk.ask(lambda _: True)  # whose turn it is now
        desk.close()

    monkeypatch.setattr(Refined, "answer", answer)
    asyncio.run(ask())
    assert ended.is_set()


def test_what_nobody_waits_for_is_searched_no_further(films: Path) -> None:
    class OverError(Exception):
        pass

    def check() -> None:
        seen.append(1)
        if len(seen) > most:
            raise OverError

    seen, most = list[int](), 1_000
    wish = pipeline.Wish(check=check)
    with vidcut.Library(films) as opened:
        assert opened.answer(Past("cat"), wish)
        calls = len(seen)
        assert calls >= 2  # of a modality, and a candidate
        for most in range(calls):  # noqa: B007  (check looks at it)
            seen.clear()
            with pytest.raises(OverError):
                opened.answer(Past("cat"), wish)


def test_a_desk_that_cannot_let_go_says_so_and_goes_on(
    films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: vidcut.Library) -> None:
        raise OSError("full")

    async def rest() -> None:
        desk = Desk(vidcut.Library(films), "test")
        monkeypatch.setattr(vidcut.Library, "close", fail)
        with pytest.raises(OSError, match="full"):
            async with asyncio.timeout(10), desk.resting():
                pass
        monkeypatch.undo()
        folder = await asyncio.wait_for(desk.ask(lambda library: library.folder), 10)
        assert folder.exists()
        desk.close()

    asyncio.run(rest())


def test_who_has_gone_frees_the_desk(served: Served) -> None:
    """A page that hangs up, as it does at the next key, leaves nothing to wait for."""
    for _ in range(30):
        connection = served.connect()
        connection.request("GET", "/api/search?q=coffee", headers={"Cookie": served.cookie})
        connection.close()
    begun_s = time.monotonic()
    assert names(found(served, "cat")) == ["pets.mp4"]
    assert time.monotonic() - begun_s < 5
