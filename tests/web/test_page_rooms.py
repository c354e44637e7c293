"""The script's and the library's rooms, and what the page does when the server is gone."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.web.page_stage import PATIENCE_MS, Stage, ask, made
from tests.web.served import children, serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
STORY = "Day three: the garden\nA coffee in the morning\n"


def test_a_script_becomes_a_storyboard_and_a_film(page: Page) -> None:
    page.locator("nav").get_by_role("link", name="Script").click()
    page.get_by_label("The script").fill(STORY)
    page.get_by_role("button", name="Find the footage").click()
    slots = page.locator(".slot")
    expect(slots).to_have_count(2)
    expect(slots.locator(".from a")).to_have_text(["travel.mp4", "cafe.webm"])

    second = slots.nth(1)
    other = second.locator(".other").nth(1)
    chosen = str(other.get_attribute("aria-label"))
    other.click()
    second.get_by_role("button", name="Unlock this choice").wait_for()
    expect(second.locator(".from a")).to_have_text(chosen.split(", ", maxsplit=1)[0])
    with page.expect_response("**/api/script/plan"):
        page.get_by_role("button", name="Find the footage").click()
    expect(page.locator(".script.busy")).to_have_count(0)
    expect(second.locator(".chosen .other")).to_have_attribute("aria-label", chosen)

    film = made(page, page.get_by_role("button", name="Render").click)
    assert film.suggested_filename.endswith(".mp4")
    assert film.path().stat().st_size > 10_000


def test_a_script_outlives_a_reload(page: Page) -> None:
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    page.get_by_label("The script").fill(STORY)
    page.reload()
    expect(page.get_by_label("The script")).to_have_value(STORY)


def test_the_library_tells_its_videos_and_why_some_failed(stage: Stage, tmp_path: Path) -> None:
    folder = shutil.copytree(stage.served.folder, tmp_path / "home")
    bad = tmp_path / "more" / "broken.mp4"
    bad.parent.mkdir()
    bad.write_bytes(b"this is no video at all")
    with (
        serving(folder, "--offline") as served,
        Stage(served, stage.browser).page("#/library") as page,
    ):
        rows, narrow = page.locator("tbody tr"), page.get_by_label("Filter by name")
        expect(rows).to_have_count(6)
        narrow.fill("TRAVEL")
        expect(rows).to_have_count(1)
        narrow.fill("")
        page.get_by_label("Add a folder").fill(str(bad.parent))
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.locator(".failures li b")).to_have_text(re.compile("broken.mp4$"))
        expect(page.locator(".failures li span")).to_have_text(re.compile(".{10,}"))


def test_a_folder_that_is_not_there_is_refused_in_words(page: Page) -> None:
    page.locator("nav").get_by_role("link", name="Library").click()
    page.get_by_label("Add a folder").fill("/nowhere/at/all")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".toast.warn")).to_contain_text("/nowhere/at/all")


def test_a_video_that_vanished_is_told_and_the_way_back_is_there(stage: Stage, page: Page) -> None:
    page.goto(f"{stage.served.base}/#/moment/999?start=0&end=2")
    page.locator(".nobody").wait_for()
    page.locator(".nobody").get_by_role("button", name="Back").click()
    page.locator(".welcome").wait_for()


@pytest.mark.parametrize(
    ("asked", "valuetexts"),
    [
        ("1?start=1e9&end=2e9", ["0:22.80", "0:23.00"]),
        ("1?start=5&end=2", ["0:05.00", "0:05.20"]),
        ("1?start=-5&end=x", ["0:00.00", "0:05.00"]),
    ],
)
def test_an_address_may_say_any_times(page: Page, asked: str, valuetexts: list[str]) -> None:
    page.evaluate("hash => (location.hash = hash)", f"#/moment/{asked}")
    for end, text in zip(("Start", "End"), valuetexts, strict=True):
        handle = page.get_by_role("slider", name=f"{end} of the moment")
        expect(handle).to_have_attribute("aria-valuetext", re.compile(rf"^{text}\b"))


@pytest.mark.parametrize("asked", ["#/moment/%E0%A4%A", "#/moment/x?start=1"])
def test_an_address_of_no_video_is_told(page: Page, asked: str) -> None:
    page.evaluate("hash => (location.hash = hash)", asked)
    page.locator(".nobody").wait_for()


def test_an_address_that_is_like_nothing_is_taken_without_that(page: Page) -> None:
    page.evaluate("location.hash = '#/find?q=coffee&like=x~y~z&unlike=1~5~2~a'")
    page.locator(".card").first.wait_for()
    expect(page.locator(".chip.likes, .chip.unlikes")).to_have_count(0)


def test_the_page_says_when_the_server_is_gone(stage: Stage) -> None:
    with stage.page(offline=False) as page:  # in a browser of its own
        page.clock.install()
        page.context.set_offline(offline=True)
        page.keyboard.type("coffee")
        gone = page.locator(".gone-bar")
        gone.wait_for()
        page.clock.fast_forward(10_000)
        gone.wait_for()
        page.context.set_offline(offline=False)
        page.clock.fast_forward(10_000)
        gone.wait_for(state="detached")
        page.keyboard.press("Control+a")
        ask(page, "coffee")


def test_a_server_killed_in_mid_cut_is_told_and_no_half_of_a_clip_is_left(
    stage: Stage, long_film: Path
) -> None:
    with serving(long_film, "--offline") as served:
        with Stage(served, stage.browser).page("#/moment/1?start=0&end=110") as page:
            page.get_by_role("slider", name="Start of the moment").focus()
            page.keyboard.press("x")
            page.get_by_role("button", name="Cut clips").click()
            wait_for(lambda: list((long_film / "clips").rglob(".vidcut-*")))
            expect(page.locator("#dock .badge")).to_have_text("1")
            below = children(served.process.pid)
            served.process.kill()
            expect(page.locator(".gone-bar")).to_contain_text("vidcut serve")
            expect(page.locator(".toast a")).to_have_count(0)  # nothing is given out as made
        wait_for(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() for pid in below))
    left = (long_film / "clips").rglob("*")
    assert [path for path in left if path.is_file() or path.name.startswith(".")] == []


def wait_for(is_so: Callable[[], object]) -> None:
    """Wait until something is so that no page shows."""
    until_s = time.monotonic() + PATIENCE_MS / 1000
    while not is_so():
        if time.monotonic() > until_s:
            pytest.fail("it never was so")
        time.sleep(0.02)
