"""The page for everybody: accessible, in two languages and colours, safe, small, offline."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.web.page_stage import HOSTILE, HOSTILE_TEXT, ask
from vidcut.web import pages

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.web.page_stage import Stage

MOST_BYTES = 300_000
FILES = sorted(pages.FOLDER.iterdir())
MODULES = [path for path in FILES if path.suffix == ".js"]


# What lies in the folder --------------------------------------------------------------


def test_the_page_is_light() -> None:
    assert sum(path.stat().st_size for path in FILES) < MOST_BYTES


@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_nothing_comes_from_elsewhere(path: Path) -> None:
    addresses = set(re.findall(r"\w+://[^\s\"'`)]+", path.read_text(encoding="utf-8")))
    assert addresses <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("path", MODULES, ids=[path.name for path in MODULES])
def test_no_module_makes_markup_of_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    forbidden = r"(inner|outer|insertAdjacent)HTML|document\.write|\beval\(|new Function|DOMParser"
    assert not re.search(forbidden, text)
    assert 'setAttribute("style"' not in text


@pytest.mark.parametrize("path", MODULES, ids=[path.name for path in MODULES])
def test_no_module_wants_to_be_two(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_every_word_that_is_said_is_in_the_dictionary() -> None:
    said = (pages.FOLDER / "words.js").read_text(encoding="utf-8")
    known = set(re.findall(r"^  (\w+): \[", said, flags=re.MULTILINE))
    asked = {
        key
        for path in MODULES
        for key in re.findall(r'\bt\(\s*"(\w+)"', path.read_text(encoding="utf-8"))
    }
    assert asked - known == set()
    assert len(asked) > 100


# In the browser -----------------------------------------------------------------------


def complaints(page: Page) -> list[str]:
    """What axe finds wrong, by rule and element."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415

    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_every_room_is_accessible(stage: Stage, scheme: Any) -> None:
    with stage.page(color_scheme=scheme) as page:
        page.locator(".wall li").first.wait_for()
        assert complaints(page) == []
        ask(page, "coffee")
        page.keyboard.press("x")
        page.locator(".held").wait_for()
        for other in ("dark", scheme):  # what the fullest room shows, in both at each run
            page.emulate_media(color_scheme=other)
            assert complaints(page) == []
        page.get_by_role("button", name="Filters").click()
        assert complaints(page) == []
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        page.locator("dialog[open]").wait_for()
        assert complaints(page) == []
        page.keyboard.press("Escape")
        page.locator(".card .open").first.focus()
        page.keyboard.press("Enter")
        page.locator(".stop").first.wait_for(state="attached")
        assert complaints(page) == []
        page.keyboard.press("2")
        page.get_by_label("The script").fill("Good coffee begins with fresh beans")
        page.get_by_role("button", name="Find the footage").click()
        page.locator(".slot").wait_for()
        assert complaints(page) == []
        page.locator("nav").get_by_role("link", name="Library").click()
        page.locator("tbody tr").nth(5).wait_for()
        assert complaints(page) == []


@pytest.mark.browser
def test_it_speaks_chinese_where_the_browser_does_and_english_when_told(stage: Stage) -> None:
    with stage.page(locale="zh-CN") as page:
        assert page.evaluate("() => document.documentElement.lang") == "zh-CN"
        page.get_by_role("link", name="素材库").wait_for()
        page.keyboard.type("咖啡")
        page.locator(".card").first.wait_for()
        page.get_by_role("button", name="EN").click()
        page.get_by_role("link", name="Library").wait_for()
        expect(page.locator("#q")).to_have_value("咖啡")
        assert page.evaluate("() => document.documentElement.lang") == "en"


@pytest.mark.browser
def test_its_colours_follow_the_system_and_a_wish(stage: Stage) -> None:
    with stage.page(color_scheme="dark") as page:
        ground = "() => getComputedStyle(document.body).backgroundColor"
        dark = page.evaluate(ground)
        page.get_by_role("button", name="Colours").click()
        lit = f"dark => ({ground})() !== dark"
        page.wait_for_function(lit, arg=dark)
        page.reload()
        page.wait_for_function(lit, arg=dark)


@pytest.mark.browser
def test_names_and_words_of_films_stay_text(stage: Stage) -> None:
    with stage.page() as page:
        ask(page, "alert onclick coffee")
        shown = page.locator(".card", has_text="<script>").first
        assert HOSTILE in shown.locator(".name").inner_text()
        assert page.locator(".card script, .card b, .card .name img").count() == 0
        shown.locator(".open").focus()
        page.keyboard.press("x")
        page.keyboard.press("Enter")
        page.locator(".lines li").first.wait_for()
        assert page.locator(".lines .text").first.inner_text() == HOSTILE_TEXT
        assert page.locator("h1").first.inner_text() == HOSTILE
        page.locator("nav").get_by_role("link", name="Library").click()
        page.locator("tbody tr").nth(5).wait_for()
        assert HOSTILE in page.locator("tbody").inner_text()


@pytest.mark.browser
def test_it_fits_a_phone(stage: Stage) -> None:
    with stage.page(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True) as page:
        wide = "() => document.documentElement.scrollWidth"
        assert page.evaluate(wide) <= 360
        page.fill("#q", "coffee")
        page.locator(".card .take").first.tap()
        page.locator(".held").wait_for()
        assert page.evaluate(wide) <= 360
        page.locator(".card .shot").first.tap()
        page.locator(".handle").first.wait_for()
        assert page.evaluate(wide) <= 360
        for room in ("Script", "Library"):
            page.locator("nav").get_by_role("link", name=room).click()
            page.locator(f".{room.lower()}").wait_for()
            assert page.evaluate(wide) <= 360


@pytest.mark.browser
def test_of_many_moments_few_are_drawn(stage: Stage) -> None:
    with stage.page() as page:
        page.route(re.compile(r"/api/search"), lambda route: route.fulfill(json=many(1000)))
        ask(page, "coffee")
        drawn = "() => document.querySelectorAll('.card').length"
        assert 4 < page.evaluate(drawn) < 80
        page.mouse.wheel(0, 30_000)
        last = "() => document.querySelector('.card:last-child')?.ariaPosInSet > 400"
        page.wait_for_function(last)
        assert page.evaluate(drawn) < 80


def many(count: int) -> dict[str, Any]:
    """An answer of so many moments."""
    video = {"id": 1, "name": "travel.mp4", "duration": 5000.0, "playable": True, "picture": True}
    moments = [
        {
            "video": video,
            "start": 2.0 * one,
            "end": 2.0 * one + 1.5,
            "score": 1 - one / count,
            "evidence": [
                {"modality": "asr", "start": 0, "end": 1, "text": f"line {one}", "marks": [[0, 4]]}
            ],
        }
        for one in range(count)
    ]
    return {"query": "", "moments": moments, "note": None, "took_ms": 1}
