"""The script's and the library's rooms, and what the page does when the server is gone."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.web.conftest import children, serving
from tests.web.page_stage import Stage, ask, needs_browser, staged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

pytestmark = [needs_browser, pytest.mark.browser]
STORY = "Day three: the garden\nA coffee in the morning\n"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage")) as one:
        yield one


@pytest.fixture
def page(stage: Stage) -> Iterator[Page]:
    with stage.page() as one:
        yield one


def test_a_script_becomes_a_storyboard_and_a_film(page: Page) -> None:
    page.locator("nav").get_by_role("link", name="Script").click()
    page.get_by_label("The script").fill(STORY)
    page.get_by_role("button", name="Find the footage").click()
    slots = page.locator(".slot")
    slots.nth(1).wait_for()
    assert slots.count() == 2
    assert slots.nth(0).locator(".from a").inner_text() == "travel.mp4"
    assert slots.nth(1).locator(".from a").inner_text() == "cafe.webm"

    others = slots.nth(1).locator(".other")
    assert others.count() > 1
    other = others.nth(1).get_attribute("aria-label")
    others.nth(1).click()
    assert str(other).startswith(slots.nth(1).locator(".from a").inner_text())
    assert slots.nth(1).get_by_role("button", name="Unlock this choice").is_visible()
    chosen = slots.nth(1).locator(".from").inner_text()
    page.get_by_role("button", name="Find the footage").click()
    page.wait_for_function("() => !document.querySelector('.script.busy')")
    assert slots.nth(1).locator(".from").inner_text().split("\n")[0] == chosen.split("\n")[0]

    page.get_by_role("button", name="Render").click()
    with page.expect_download(timeout=120_000) as download:
        page.locator(".toast a").click(timeout=120_000)
    assert download.value.suggested_filename.endswith(".mp4")
    assert download.value.path().stat().st_size > 10_000


def test_a_script_outlives_a_reload(page: Page) -> None:
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    page.get_by_label("The script").fill(STORY)
    page.reload()
    assert page.get_by_label("The script").input_value() == STORY


def test_the_library_tells_its_videos_and_why_some_failed(stage: Stage, page: Page) -> None:
    bad = stage.served.folder / "broken.mp4"
    bad.write_bytes(b"this is no video at all")
    page.locator("nav").get_by_role("link", name="Library").click()
    page.locator("tbody tr").nth(5).wait_for()
    assert page.locator("tbody tr").count() == 6
    page.get_by_label("Filter by name").fill("TRAVEL")
    assert page.locator("tbody tr").count() == 1
    page.get_by_label("Filter by name").fill("")
    try:
        more = stage.served.folder / "more"
        more.mkdir()
        shutil.move(bad, more)
        page.get_by_label("Add a folder").fill(str(more))
        page.get_by_role("button", name="Add", exact=True).click()
        page.locator(".failures li").wait_for(timeout=120_000)
        assert "broken.mp4" in page.locator(".failures li").inner_text()
        assert len(page.locator(".failures li span").inner_text()) > 10
    finally:
        shutil.rmtree(stage.served.folder / "more")


def test_a_folder_that_is_not_there_is_refused_in_words(page: Page) -> None:
    page.locator("nav").get_by_role("link", name="Library").click()
    page.get_by_label("Add a folder").fill("/nowhere/at/all")
    page.get_by_role("button", name="Add", exact=True).click()
    told = page.locator(".toast.warn")
    told.wait_for()
    assert "/nowhere/at/all" in told.inner_text()


def test_a_video_that_vanished_is_told_and_the_way_back_is_there(stage: Stage, page: Page) -> None:
    page.goto(f"{stage.served.base}/#/moment/999?start=0&end=2")
    page.locator(".nobody").wait_for()
    page.locator(".nobody").get_by_role("button", name="Back").click()
    page.locator(".welcome").wait_for()


def test_the_page_says_when_the_server_is_gone(stage: Stage) -> None:
    with stage.page() as page:
        page.context.set_offline(offline=True)
        page.keyboard.type("coffee")
        page.locator(".gone-bar").wait_for()
        page.context.set_offline(offline=False)
        page.locator(".gone-bar").wait_for(state="detached")
        page.keyboard.press("Control+a")
        ask(page, "coffee")


def test_a_server_killed_in_mid_cut_is_told_and_no_half_of_a_clip_is_left(
    stage: Stage, long_film: Path
) -> None:
    with serving(long_film, "--offline") as served:
        other = Stage(served, stage.browser)
        with other.page("#/moment/1?start=0&end=110") as page:
            page.get_by_role("slider", name="Start of the moment").focus()
            page.keyboard.press("x")
            page.get_by_role("button", name="Cut clips").click()
            wait_for(lambda: list((long_film / "clips").rglob(".vidcut-*")))
            page.locator("#dock .badge", has_text="1").wait_for()
            below = children(served.process.pid)
            served.process.kill()
            page.locator(".gone-bar").wait_for()
            assert "vidcut serve" in page.locator(".gone-bar").inner_text()
            assert page.locator(".toast a").count() == 0  # nothing is given out as made
        wait_for(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() for pid in below))
    left = (long_film / "clips").rglob("*")
    assert [path for path in left if path.is_file() or path.name.startswith(".")] == []


def wait_for(is_so: Callable[[], object]) -> None:
    """Wait ten seconds at most until something is so."""
    for _ in range(500):
        if is_so():
            return
        time.sleep(0.02)
    pytest.fail("it never was so")
