"""The page by keyboard and pointer: search, refine, collect, give other ends, cut."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.web.page_stage import ask, names, needs_browser, staged, times
from vidcut import plugins

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.web.page_stage import Stage

pytestmark = [needs_browser, pytest.mark.browser]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage")) as one:
        yield one


@pytest.fixture
def page(stage: Stage) -> Iterator[Page]:
    with stage.page() as one:
        yield one


def seconds_of(path: Path) -> float:
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams"]
    facts = json.loads(subprocess.run([*command, path], check=True, capture_output=True).stdout)
    assert {one["codec_type"] for one in facts["streams"]} >= {"video", "audio"}
    return float(facts["format"]["duration"])


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
    first = page.evaluate("document.activeElement.href")
    page.keyboard.press("j")
    second = page.evaluate("document.activeElement.href")
    assert first != second
    page.keyboard.press("x")
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.href") == first
    page.keyboard.press("x")
    page.wait_for_function("() => document.querySelectorAll('.held').length === 2")
    page.keyboard.press("x")
    page.wait_for_function("() => document.querySelectorAll('.held').length === 1")


def test_space_plays_a_moment_where_it_is(page: Page) -> None:
    ask(page, "coffee")
    page.keyboard.press(" ")
    page.wait_for_function("() => document.querySelector('.preview')?.currentTime > 0.2")
    page.keyboard.press("Escape")
    assert page.locator(".preview").count() == 0


def test_refining_asks_again_and_says_so_in_the_address(page: Page) -> None:
    ask(page, "coffee")
    assert page.locator(".card .mode-asr").count() > 0
    page.get_by_role("group", name="Where to look").get_by_role("button", name="Written").click()
    page.wait_for_function("() => location.hash.includes('in=ocr')")
    page.wait_for_function("() => !document.querySelector('.card .mode-asr')")
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("From").fill("2999-01-01")
    page.wait_for_function("() => location.hash.includes('from=2999-01-01')")
    page.wait_for_selector(".nobody")
    page.reload()
    page.wait_for_selector(".nobody")
    assert page.input_value("#q") == "coffee"


def test_what_was_left_out_stays_out_until_it_is_let_in(page: Page) -> None:
    ask(page, "coffee")
    gone = page.evaluate("document.activeElement.getAttribute('href').split('&q')[0]")
    page.keyboard.press("n")
    chip = page.locator(".chip.unlikes")
    chip.wait_for()
    page.wait_for_function("href => !document.querySelector(`.card [href^='${href}']`)", arg=gone)
    chip.click()
    page.wait_for_function("href => document.querySelector(`.card [href^='${href}']`)", arg=gone)


def test_a_superseded_search_never_shows(page: Page) -> None:
    def slow(route: object) -> None:
        page.wait_for_timeout(400)
        route.continue_()  # type: ignore[attr-defined]

    page.route(re.compile(r"/api/search\?q=coff&"), slow)
    page.keyboard.press("/")
    page.keyboard.type("coff")
    page.wait_for_timeout(120)
    page.keyboard.type("ee")
    page.wait_for_selector(".card")
    page.wait_for_timeout(600)
    assert "q=coffee" in page.url
    assert page.locator(".card .open").first.get_attribute("href").endswith("q=coffee")  # type: ignore[union-attr]


def test_what_a_query_lacks_is_told_where_it_was_asked(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("- -")
    page.wait_for_selector(".note.warn")
    page.keyboard.press("Control+a")
    page.keyboard.type("coffee")
    page.wait_for_selector(".card")
    assert page.locator(".note.warn").count() == 0


# A moment -----------------------------------------------------------------------------


def test_an_end_that_is_dragged_snaps_and_the_clip_is_cut_there(page: Page, tmp_path: Path) -> None:
    ask(page, "Day three: the garden")
    page.keyboard.press("Enter")
    page.wait_for_selector(".stop.snap-shots")
    handle = page.get_by_role("slider", name="End of the moment")
    track = page.locator(".ends .track").bounding_box()
    cut = page.locator(".stop.snap-shots").evaluate_all(
        "(all) => all.map((one) => parseFloat(one.style.left)).filter((left) => left > 50)[0]"
    )
    grip = handle.bounding_box()
    assert track is not None
    assert grip is not None
    off = grip["x"] + 6 - (track["x"] + track["width"] * float(_left(page, "end")) / 100)
    to = track["x"] + track["width"] * cut / 100 + off + 4  # a little beside it
    page.mouse.move(grip["x"] + 6, grip["y"] + 20)
    page.mouse.down()
    page.mouse.move(to, grip["y"] + 20, steps=8)
    assert page.locator(".guide:visible").count() == 1
    page.mouse.up()
    assert handle.get_attribute("aria-valuetext") == "0:15.00, shot"
    start = float(str(page.get_by_role("slider", name="Start of").get_attribute("aria-valuenow")))

    page.keyboard.press("c")
    with page.expect_download(timeout=60_000) as download:
        page.locator(".toast a").click(timeout=60_000)
    download.value.save_as(tmp_path / "clip.mp4")
    assert seconds_of(tmp_path / "clip.mp4") == pytest.approx(15.0 - start, abs=0.1)


def _left(page: Page, which: str) -> str:
    return str(page.locator(f".handle.{which}").evaluate("(one) => parseFloat(one.style.left)"))


def test_ends_move_by_keys_and_the_tray_follows(page: Page) -> None:
    ask(page, "Day three: the garden")
    page.keyboard.press("x")
    page.keyboard.press("Enter")
    page.wait_for_selector(".stop.snap-shots")
    start = page.get_by_role("slider", name="Start of the moment")
    start.focus()
    page.keyboard.press("Home")
    before = float(str(start.get_attribute("aria-valuenow")))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert float(str(start.get_attribute("aria-valuenow"))) == pytest.approx(before + 0.2)
    page.keyboard.press("PageUp")
    assert "sentence" in str(start.get_attribute("aria-valuetext")) or "silence" in str(
        start.get_attribute("aria-valuetext")
    )
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
    page.wait_for_function(
        "() => document.querySelector('.screen')?.currentTime > 0.3", timeout=60_000
    )
    assert "/play?start=" in str(page.locator(".screen").evaluate("(one) => one.src"))


def test_j_goes_to_the_next_moment_and_esc_back_to_its_card(page: Page) -> None:
    ask(page, "coffee")
    page.keyboard.press("Enter")
    page.wait_for_selector(".handle.end")
    first = page.url
    page.keyboard.press("j")
    page.wait_for_function("old => location.href !== old", arg=first)
    second = page.evaluate("location.hash")
    page.keyboard.press("Escape")
    page.wait_for_selector(".card .open:focus")
    assert page.evaluate("document.activeElement.getAttribute('href')") == second


# The tray -----------------------------------------------------------------------------


def collect(page: Page, *queries: str) -> None:
    for query in queries:
        page.keyboard.press("/")
        page.keyboard.press("Control+a")
        page.keyboard.type(query)
        page.keyboard.press("Enter")
        page.wait_for_selector(".card .open:focus")
        page.keyboard.press("x")


def test_a_reel_is_built_by_drag_and_drop(page: Page, tmp_path: Path) -> None:
    collect(page, "Day three: the garden", "card reader is broken")
    ask(page, "coffee")
    page.locator(".card").nth(0).drag_to(
        page.locator(".held").first, target_position={"x": 5, "y": 30}
    )
    page.wait_for_function("() => document.querySelectorAll('.held').length === 3")
    before = times(page, ".held")
    boxes = [page.locator(".held").nth(one).bounding_box() for one in (0, 2)]
    first, last = (box for box in boxes if box is not None)
    page.mouse.move(first["x"] + 40, first["y"] + 30)
    page.mouse.down()
    page.mouse.move(last["x"] + 60, last["y"] + 30, steps=8)
    page.mouse.up()
    assert times(page, ".held") == [before[1], before[2], before[0]]
    total = sum(float(one.split()[0]) for one in page.locator(".held .long").all_inner_texts())
    assert f"3 moments · {total:.1f} s" in page.locator(".total").inner_text()

    page.get_by_role("button", name="Make a reel").click()
    with page.expect_download(timeout=90_000) as download:
        page.locator(".toast a").click(timeout=90_000)
    download.value.save_as(tmp_path / "reel.mp4")
    assert seconds_of(tmp_path / "reel.mp4") == pytest.approx(total, abs=0.4)


def test_the_tray_is_ordered_by_keys_and_outlives_a_reload(page: Page) -> None:
    collect(page, "Day three: the garden", "card reader is broken")
    before = times(page, ".held")
    page.locator(".held a").first.focus()
    page.keyboard.press("Alt+ArrowRight")
    assert times(page, ".held") == before[::-1]
    page.reload()
    page.wait_for_selector(".held")
    assert times(page, ".held") == before[::-1]
    page.locator(".held a").first.focus()
    page.keyboard.press("Delete")
    assert times(page, ".held") == before[:1]


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
        page.get_by_role("button", name="Export").click()
        with page.expect_download(timeout=60_000) as download:
            page.locator(".toast a").click(timeout=60_000)
        assert download.value.suggested_filename.endswith(".edl")
        assert "travel.mp4" in download.value.path().read_text(encoding="utf-8")


def test_a_job_that_fails_says_why(stage: Stage, page: Page) -> None:
    ask(page, "card reader is broken")
    page.keyboard.press("x")
    film = stage.served.folder / "cafe.webm"
    film.rename(film.with_suffix(".gone"))
    try:
        page.get_by_role("button", name="Cut clips").click()
        toast = page.locator(".toast.warn")
        toast.wait_for(timeout=60_000)
        assert "cafe.webm" in toast.inner_text()
    finally:
        film.with_suffix(".gone").rename(film)
