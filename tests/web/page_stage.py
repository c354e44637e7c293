"""The page in a real browser, over a library of the sample films as their truth files know them.

What is said and written comes from those files, not from models, so that a library is made in
seconds and what a search must find is known. The films have their own sound and length, and
pictures that cost little to make and to cut.

Its tests wait for what is to be so, never for a time to pass: `PATIENCE_MS` says how long at most.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

from tests.web.served import SAMPLES, Served, wiring_settings
from vidcut import library, wiring
from vidcut.footage import content_hash
from vidcut.records import Draft, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Download, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
H264 = ("libx264", "-preset", "ultrafast")
VP9 = ("libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-lag-in-frames", "0")
PICTURES = {"travel.mp4": H264, "space.mkv": H264, "cafe.webm": VP9, "pets.mp4": H264}
"""What the pictures of a film are coded by: in Matroska beside FLAC no browser plays them."""
FILMS = (*PICTURES, "voice-note.m4a")
HOSTILE = "<img src=x onerror=alert(1)>&quot;'.mp4"
HOSTILE_TEXT = "<script>alert(2)</script> ]]> <b onclick=alert(3)>coffee</b> \u202e{n} ${x}"
SIZE: Any = {"width": 1280, "height": 860}
PATIENCE_MS = 120_000
"""Thirty times what anything takes on a machine that has nothing else to do."""
OPTIONS = ("--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--mute-audio")


def us(seconds: float) -> int:
    return round(seconds * 1_000_000)


def make_library(folder: Path) -> None:
    """The sample films and one with a hostile name, as their truth files know them."""
    truths = {name: json.loads((SAMPLES / name).with_suffix(".json").read_text()) for name in FILMS}
    for name, codec in PICTURES.items():
        _make_film(folder / name, truths[name]["duration"], codec)
    shutil.copy(SAMPLES / "voice-note.m4a", folder)
    shutil.copy(folder / "pets.mp4", folder / HOSTILE)
    with (folder / HOSTILE).open("ab") as file:
        file.write(b"\0\0\0\x08free")  # another file than pets.mp4, and as whole
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


def _make_film(path: Path, duration_s: float, codec: tuple[str, ...]) -> None:
    """The sound of a sample film, and a test card as long."""
    card = f"testsrc2=size=192x108:rate=24:duration={duration_s}"
    made = ["-map", "0:v", "-map", "1:a?", "-c:a", "copy", "-c:v", *codec, str(path)]
    given = ["-f", "lavfi", "-i", card, "-i", str(SAMPLES / path.name)]
    subprocess.run(["ffmpeg", "-v", "error", *given, *made], check=True)


@dataclass
class Stage:
    """A served library, and a browser to open it in."""

    served: Served
    browser: Browser

    @contextmanager
    def page(self, path: str = "", **wishes: Any) -> Iterator[Page]:
        """The page, opened by its token; nothing may go wrong in it, nor against its policy.

        Args:
            path: what follows in the address.
            wishes: of a browser of its own; without any, it is one that has seen the page before.
        """
        with ExitStack() as left:
            page = (left.enter_context(self._own(wishes)) if wishes else self._usual).new_page()
            left.callback(page.close)
            wrong: list[str] = []
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on("dialog", lambda dialog: wrong.append(dialog.message))
            page.on("console", lambda said: wrong.extend([said.text] * (said.type == "error")))
            self.served.fail_if_ended()
            page.goto(self.served.address)
            page.wait_for_selector("body.ready")
            if path:
                page.goto(f"{self.served.base}/{path}")
            yield page
        told = [one for one in wrong if "Failed to load resource" not in one]
        if told:
            pytest.fail("; ".join(told))

    @cached_property
    def _usual(self) -> BrowserContext:
        return self._context({})

    @contextmanager
    def _own(self, wishes: dict[str, Any]) -> Iterator[BrowserContext]:
        context = self._context(wishes)
        try:
            yield context
        finally:
            context.close()

    def _context(self, wishes: dict[str, Any]) -> BrowserContext:
        usual = {"viewport": SIZE, "locale": "en-US", "reduced_motion": "reduce"}
        context = self.browser.new_context(accept_downloads=True, **{**usual, **wishes})
        context.set_default_timeout(PATIENCE_MS)
        return context


@contextmanager
def staged(served: Served) -> Iterator[Stage]:
    """A server, and a browser to open it in."""
    from playwright.sync_api import expect, sync_playwright  # noqa: PLC0415  (where there is one)

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
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


def made(page: Page, order: Callable[[], None]) -> Download:
    """What the page gives out once the job is done that is begun by an act."""
    with page.expect_response(lambda told: told.request.method == "POST") as begun:
        order()
    link = page.locator(f'#activity a[href*="/{begun.value.json()["job"]["id"]}/"]')
    link.wait_for(state="attached")
    page.get_by_role("button", name="Activity", exact=True).click()
    with page.expect_download() as download:
        link.click()
    return download.value


def names(page: Page, where: str) -> list[str]:
    """The films of the cards, or of what lies in the tray, in their order."""
    return page.locator(f"{where} .name").all_inner_texts()


def times(page: Page, where: str) -> list[str]:
    return page.locator(f"{where} .when").all_inner_texts()
