"""The page by keyboard and pointer: search, refine, collect, give other ends, cut."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.web.page_stage import ask, made, names, times
from vidcut import plugins

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page, Route

    from tests.web.page_stage import Stage

pytestmark = pytest.mark.browser


def seconds_of(path: Path) -> float:
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams"]
    facts = json.loads(subprocess.run([*command, path], check=True, capture_output=True).stdout)
    assert {one["codec_type"] for one in facts["streams"]} >= {"video", "audio"}
    return float(facts["format"]["duration"])


def focused(page: Page) -> str:
    """Where the card leads that has the focus."""
    return str(page.locator(".card .open:focus").get_attribute("href"))


# Finding ------------------------------------------------------------------------------


def test_the_best_moment_is_found_and_opened_by_keys_alone(page: Page) -> None:
    ask(page, "hot pot 火锅")
    assert names(page, ".card")[0] == "travel.mp4"
    assert page.locator(".card mark").first.inner_text() in "火锅"
    page.keyboard.press("Enter")
    page.wait_for_selector(".moment video")
    assert "#/moment/" in page.url
    page.keyboard.press("Escape")
    page.wait_for_selector(".card .open:focus")
    assert page.input_value("#q") == "hot pot 火锅"


def test_keys_walk_over_the_moments_and_collect_them(page: Page) -> None:
    ask(page, "coffee")
    first = focused(page)
    page.keyboard.press("j")
    second = page.locator(f'.card .open:focus:not([href="{first}"])')
    second.wait_for()
    page.keyboard.press("x")
    page.keyboard.press("k")
    page.locator(f'.card .open:focus[href="{first}"]').wait_for()
    page.keyboard.press("x")
    expect(page.locator(".held")).to_have_count(2)
    page.keyboard.press("x")
    expect(page.locator(".held")).to_have_count(1)


def test_space_plays_a_moment_where_it_is(page: Page) -> None:
    ask(page, "coffee")
    page.keyboard.press(" ")
    page.wait_for_function("() => document.querySelector('.preview')?.currentTime > 0.2")
    page.keyboard.press("Escape")
    expect(page.locator(".preview")).to_have_count(0)


def test_refining_asks_again_and_says_so_in_the_address(page: Page) -> None:
    ask(page, "coffee")
    assert page.locator(".card .mode-asr").count() > 0
    page.get_by_role("group", name="Where to look").get_by_role("button", name="Written").click()
    page.wait_for_function("() => location.hash.includes('in=ocr')")
    expect(page.locator(".card .mode-asr")).to_have_count(0)
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("From").fill("2999-01-01")
    page.wait_for_function("() => location.hash.includes('from=2999-01-01')")
    page.wait_for_selector(".nobody")
    page.reload()
    page.wait_for_selector(".nobody")
    expect(page.locator("#q")).to_have_value("coffee")


def test_what_was_left_out_stays_out_until_it_is_let_in(page: Page) -> None:
    ask(page, "coffee")
    gone = page.locator(f""".card [href^="{focused(page).split("&q")[0]}"]""")
    page.keyboard.press("n")
    chip = page.locator(".chip.unlikes")
    chip.wait_for()
    expect(gone).to_have_count(0)
    chip.click()
    expect(gone).to_have_count(1)


class Held:
    """What a page asks, kept back until it is let go."""

    def __init__(self, page: Page, query: str) -> None:
        self.page = page
        self.routes: list[Route] = []
        self.wanted = re.compile(rf"/api/search\?q={query}&")
        page.route(self.wanted, lambda route: self.routes.append(route))  # noqa: PLW0108  (it sets a mark on it)

    def type(self, words: str) -> None:
        """Type until it is asked."""
        with self.page.expect_request(self.wanted):
            self.page.keyboard.type(words)

    def answer(self) -> None:
        """Let it go; whoever waits for it has it when this ends."""
        (route,) = self.routes
        route.fulfill(json=one_moment("too-early.mp4"))
        self.page.evaluate("async () => (await fetch('/api/about')).ok")


def one_moment(name: str) -> dict[str, Any]:
    video = {"id": 1, "name": name, "duration": 9.0, "playable": True, "picture": False}
    moment = {"video": video, "start": 0, "end": 2, "score": 0.5, "evidence": []}
    return {"query": "", "moments": [moment], "note": None, "took_ms": 1}


def test_a_superseded_search_never_shows(page: Page) -> None:
    held = Held(page, "coff")
    page.keyboard.press("/")
    held.type("coff")
    page.keyboard.type("ee")
    first = page.locator(".card .open").first
    expect(first).to_have_attribute("href", re.compile("q=coffee$"))
    held.answer()
    expect(first).to_have_attribute("href", re.compile("q=coffee$"))
    assert "too-early.mp4" not in names(page, ".card")
    assert "q=coffee" in page.url


def test_enter_waits_for_the_answer_to_all_that_was_typed(page: Page) -> None:
    """An answer to the first letters, while the last wait to be asked for, is not what is meant."""
    held = Held(page, "coff")
    page.keyboard.press("/")
    held.type("coff")
    page.clock.install()
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 60)  # the last letters wait on
    page.keyboard.type("ee")
    page.keyboard.press("Enter")
    held.answer()
    expect(page.locator(".card .name")).to_have_text("too-early.mp4")
    expect(page.locator("#q")).to_be_focused()
    page.clock.resume()
    page.locator(".card .open:focus").wait_for()
    assert focused(page).endswith("q=coffee")


def test_what_a_query_lacks_is_told_where_it_was_asked(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("- -")
    page.wait_for_selector(".note.warn")
    page.keyboard.press("Control+a")
    page.keyboard.type("coffee")
    page.wait_for_selector(".card")
    expect(page.locator(".note.warn")).to_have_count(0)


# A moment -----------------------------------------------------------------------------


def test_an_end_that_is_dragged_snaps_and_the_clip_is_cut_there(page: Page, tmp_path: Path) -> None:
    ask(page, "Day three: the garden")
    page.keyboard.press("Enter")
    page.locator(".stop.snap-shots").first.wait_for()
    page.wait_for_function("() => document.querySelector('.film img')?.complete")
    handle = page.get_by_role("slider", name="End of the moment")
    cut = page.locator(".stop.snap-shots").evaluate_all(
        "(all) => all.map((one) => parseFloat(one.style.left)).filter((left) => left > 50)[0]"
    )
    track, grip = box(page.locator(".ends .track")), box(handle)
    grasp = grip["x"] + grip["width"] / 2
    at = (
        track["x"]
        + track["width"] * float(handle.evaluate("(it) => parseFloat(it.style.left)")) / 100
    )
    page.mouse.move(grasp, grip["y"] + 20)
    page.mouse.down()
    beside = track["x"] + track["width"] * cut / 100 + 4
    page.mouse.move(beside + grasp - at, grip["y"] + 20, steps=8)
    expect(page.locator(".guide:visible")).to_have_count(1)
    page.mouse.up()
    expect(handle).to_have_attribute("aria-valuetext", "0:15.00, shot")
    start = float(str(page.get_by_role("slider", name="Start of").get_attribute("aria-valuenow")))

    made(page, lambda: page.keyboard.press("c")).save_as(tmp_path / "clip.mp4")
    assert seconds_of(tmp_path / "clip.mp4") == pytest.approx(15.0 - start, abs=0.1)


def box(which: Locator) -> Any:
    """Where it is, once it is there and rests."""
    which.scroll_into_view_if_needed()
    found = which.bounding_box()
    assert found is not None
    return found


def test_ends_move_by_keys_and_the_tray_follows(page: Page) -> None:
    ask(page, "Day three: the garden")
    page.keyboard.press("x")
    page.keyboard.press("Enter")
    page.locator(".stop.snap-shots").first.wait_for()
    start = page.get_by_role("slider", name="Start of the moment")
    start.focus()
    page.keyboard.press("Home")
    before = float(str(start.get_attribute("aria-valuenow")))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(start).to_have_attribute("aria-valuenow", f"{before + 0.2:.2f}")
    page.keyboard.press("PageUp")
    expect(start).to_have_attribute("aria-valuetext", re.compile("sentence|silence"))
    now = float(str(start.get_attribute("aria-valuenow")))
    page.wait_for_function(
        "at => Math.abs(JSON.parse(sessionStorage['vidcut.tray'])[0].start - at) < 0.01", arg=now
    )


def test_the_transcript_goes_along_and_leads(page: Page) -> None:
    ask(page, "hot pot 火锅")
    page.keyboard.press("Enter")
    page.wait_for_selector(".lines li.match")
    page.get_by_role("button", name="今天我们带着摄像机出门旅行。").click()
    page.wait_for_function("() => document.querySelector('.screen')?.currentTime < 4")
    page.wait_for_function(
        "() => document.querySelector('.lines [aria-current]')?.innerText.includes('摄像机')"
    )


def test_what_the_browser_cannot_play_is_streamed(page: Page) -> None:
    ask(page, "training under water")
    assert names(page, ".card")[0] == "space.mkv"
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('.screen')?.currentTime > 0.3")
    assert "/play?start=" in str(page.locator(".screen").evaluate("(one) => one.src"))


def test_j_goes_to_the_next_moment_and_esc_back_to_its_card(page: Page) -> None:
    ask(page, "coffee")
    first = focused(page)
    page.keyboard.press("Enter")
    page.wait_for_selector(".handle.end")
    assert page.url.endswith(first)
    page.keyboard.press("j")
    page.wait_for_function("old => !location.href.endsWith(old)", arg=first)
    second = page.evaluate("location.hash")
    page.keyboard.press("Escape")
    page.locator(f'.card .open:focus[href="{second}"]').wait_for()


# The tray -----------------------------------------------------------------------------


def collect(page: Page, *queries: str) -> None:
    for query in queries:
        page.keyboard.press("/")
        page.keyboard.press("Control+a")
        page.keyboard.type(query)
        page.keyboard.press("Enter")
        page.wait_for_selector(".card .open:focus")
        page.keyboard.press("x")
    expect(page.locator(".held")).to_have_count(len(queries))


def test_a_reel_is_built_by_drag_and_drop(page: Page, tmp_path: Path) -> None:
    collect(page, "Day three: the garden", "card reader is broken")
    ask(page, "coffee")
    page.locator(".card").nth(0).drag_to(
        page.locator(".held").first, target_position={"x": 5, "y": 30}
    )
    expect(page.locator(".held")).to_have_count(3)
    before = times(page, ".held")
    first, last = (box(page.locator(".held").nth(one)) for one in (0, 2))
    page.mouse.move(first["x"] + 40, first["y"] + 30)
    page.mouse.down()
    page.mouse.move(last["x"] + 60, last["y"] + 30, steps=8)
    page.mouse.up()
    expect(page.locator(".held .when")).to_have_text([before[1], before[2], before[0]])
    total = sum(float(one.split()[0]) for one in page.locator(".held .long").all_inner_texts())
    assert f"3 moments · {total:.1f} s" in page.locator(".total").inner_text()

    made(page, page.get_by_role("button", name="Make a reel").click).save_as(tmp_path / "reel.mp4")
    assert seconds_of(tmp_path / "reel.mp4") == pytest.approx(total, abs=0.4)


def test_the_tray_is_ordered_by_keys_and_outlives_a_reload(page: Page) -> None:
    collect(page, "Day three: the garden", "card reader is broken")
    before = times(page, ".held")
    page.locator(".held a").first.focus()
    page.keyboard.press("Alt+ArrowRight")
    lying = page.locator(".held .when")
    expect(lying).to_have_text(before[::-1])
    page.reload()
    expect(lying).to_have_text(before[::-1])
    page.locator(".held a").first.focus()
    page.keyboard.press("Delete")
    expect(lying).to_have_text(before[:1])


def test_a_timeline_and_the_command_say_the_same(stage: Stage) -> None:
    with stage.page(permissions=["clipboard-read", "clipboard-write"]) as page:
        collect(page, "Day three: the garden")
        page.get_by_role("button", name="Options").click()
        page.get_by_role("button", name="Copy the shell command").click()
        page.locator(".toast", has_text="Copied").wait_for()
        command = page.evaluate("navigator.clipboard.readText()")
        assert command.startswith("vidcut cut")
        assert "travel.mp4" in command
        page.get_by_role("button", name="Options").click()
        formats = page.get_by_label("Timeline format")
        formats.get_by_role("option").first.wait_for(state="attached")
        offered = formats.get_by_role("option").evaluate_all("all => all.map((one) => one.value)")
        assert sorted(offered) == sorted(plugins.names("exporters"))
        formats.select_option("edl")
        exported = made(page, page.get_by_role("button", name="Export").click)
        assert exported.suggested_filename.endswith(".edl")
        assert "travel.mp4" in exported.path().read_text(encoding="utf-8")


def test_a_job_that_fails_says_why(stage: Stage, page: Page) -> None:
    ask(page, "card reader is broken")
    page.keyboard.press("x")
    film = stage.served.folder / "cafe.webm"
    film.rename(film.with_suffix(".gone"))
    try:
        page.get_by_role("button", name="Cut clips").click()
        toast = page.locator(".toast.warn")
        toast.wait_for()
        assert "cafe.webm" in toast.inner_text()
    finally:
        film.with_suffix(".gone").rename(film)
