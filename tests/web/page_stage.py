"""The page in a real browser, over a library of the sample films as their truth files know them.

What is said and written comes from those files, not from models, so that a library is made in
seconds and what a search must find is known.
"""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.web.conftest import SAMPLES, Served, serving, wiring_settings
from vidcut import library, wiring
from vidcut.footage import content_hash
from vidcut.records import Draft, Span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FILMS = ("travel.mp4", "space.mkv", "cafe.webm", "pets.mp4", "voice-note.m4a")
HOSTILE = "<img src=x onerror=alert(1)>&quot;'.mp4"
HOSTILE_TEXT = "<script>alert(2)</script> ]]> <b onclick=alert(3)>coffee</b> \u202e{n} ${x}"
WIDE, TALL = 1280, 860
PATIENCE_MS = 30_000

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium to look at the page with")


def us(seconds: float) -> int:
    return round(seconds * 1_000_000)


def make_library(folder: Path) -> None:
    """The sample films and one with a hostile name, as their truth files know them."""
    for name in FILMS:
        shutil.copy(SAMPLES / name, folder)
    shutil.copy(SAMPLES / "pets.mp4", folder / HOSTILE)
    with (folder / HOSTILE).open("ab") as file:
        file.write(b"\0\0\0\x08free")  # another file than pets.mp4, and as whole
    truths = {name: json.loads((SAMPLES / name).with_suffix(".json").read_text()) for name in FILMS}
    hostile = {"start": 0.5, "end": 3.5, "text": HOSTILE_TEXT}
    truths[HOSTILE] = {"shots": [], "said": [hostile], "written": []}
    store = wiring.store(wiring_settings())
    with library.open_to_write(folder / ".vidcut", store, create=True) as holdings:
        for name, truth in truths.items():
            _add(holdings, folder / name, truth)


def _add(holdings: Any, path: Path, truth: dict[str, Any]) -> None:
    catalog, facts = holdings.catalog, path.stat()
    reader = wiring.reader("pyav")
    encoder: Any = wiring.encoder("e5", wiring_settings())
    with catalog.writing():
        stamp = (facts.st_size, facts.st_mtime_ns)
        number = int(catalog.add_video(holdings.relative(path), stamp, content_hash(path)))
        catalog.describe(number, reader.probe(path))
        catalog.set_state(number, "ok")
        catalog.add_cuts(number, [us(start) for start, _ in truth["shots"][1:]])
        for modality, key in (("asr", "said"), ("ocr", "written")):
            lines = truth[key]
            vectors = encoder.passages([line["text"] for line in lines]) if lines else ()
            drafts = [
                Draft(Span(us(line["start"]), us(line["end"])), line["text"], vector)
                for line, vector in zip(lines, vectors, strict=True)
            ]
            holdings.keep(number, modality, encoder.space, drafts)
    reader.close()


@dataclass(frozen=True)
class Stage:
    """A served library, and a browser to open it in."""

    served: Served
    browser: Browser

    @contextmanager
    def page(self, path: str = "", **wishes: Any) -> Iterator[Page]:
        """The page, opened by its token; nothing may go wrong in it, nor against its policy."""
        wishes = {"viewport": {"width": WIDE, "height": TALL}, "locale": "en-US", **wishes}
        context = self.browser.new_context(accept_downloads=True, **wishes)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: wrong.append(dialog.message))
        page.on("console", lambda said: wrong.extend([said.text] * (said.type == "error")))
        page.goto(self.served.address)
        page.wait_for_selector("body.ready")
        if path:
            page.goto(f"{self.served.base}/{path}")
        try:
            yield page
        finally:
            context.close()
        told = [one for one in wrong if "Failed to load resource" not in one]
        if told:
            pytest.fail("; ".join(told))


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """The library of the sample films, served and opened."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  (where there is a browser)

    make_library(folder)
    with serving(folder, "--offline") as served, sync_playwright() as playwright:
        options = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--mute-audio"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        try:
            yield Stage(served, browser)
        finally:
            browser.close()


def ask(page: Page, words: str) -> None:
    """Type a query and go to what it found, by keys alone."""
    page.keyboard.press("/")
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    page.wait_for_selector(".card .open:focus")


def names(page: Page, where: str) -> list[str]:
    """The films of the cards, or of what lies in the tray, in their order."""
    return page.locator(f"{where} .name").all_inner_texts()


def times(page: Page, where: str) -> list[str]:
    return page.locator(f"{where} .when").all_inner_texts()
