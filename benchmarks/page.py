"""How fast the page of 'vidcut serve' is, in a browser, over a library of 100,000 chunks.

    python benchmarks/page.py [--chunks 100000] [--rounds 15] [--keep FOLDER]

First paint: of the page opened anew, with its files in the browser's cache. Results: from the
last key of a query until its cards stand in the document, so with the pause that waits for more
keys. Scrolling: 1,000 moments by the mouse wheel, frames by Chromium's own trace, and what the
page's thread worked for each of them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from serve import Server
from startup import QUERIES, build

from vidcut.web import pages

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page

_SCREEN: Any = {"width": 1440, "height": 900}
_KEY_MS = 60
_MOMENTS = 1000
_WHEELS, _WHEEL_PX = 120, 400


def opened(browser: Browser, address: str) -> Page:
    page = browser.new_context(viewport=_SCREEN, locale="en-US").new_page()
    page.goto(address)
    page.wait_for_selector("body.ready")
    return page


def paints_ms(page: Page, rounds: int) -> list[float]:
    """When the first text was painted, of each time that the page is loaded."""
    found = []
    for _ in range(rounds):
        page.reload()
        page.wait_for_selector(".welcome .lead")
        page.wait_for_function("() => performance.getEntriesByType('paint').length === 2")
        found.append(
            page.evaluate(
                "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"
            )
        )
    return found


def results_ms(page: Page, rounds: int) -> list[tuple[float, float]]:
    """From the last key to the cards, and what of that the server took, query by query."""
    found = []
    for number in range(rounds):
        page.evaluate("() => performance.clearMeasures()")
        page.fill("#q", "")
        page.wait_for_function("() => !document.querySelector('.card')")
        page.keyboard.type(QUERIES[number % len(QUERIES)], delay=_KEY_MS)
        page.wait_for_function(
            "() => performance.getEntriesByName('vidcut.results').length"
            " && !document.querySelector('.find.busy')"
        )
        found.append(
            tuple(
                page.evaluate(
                    "() => performance.getEntriesByName('vidcut.results')"
                    ".map((one) => [one.duration, one.detail]).at(-1)"
                )
            )
        )
    return found


def many(count: int) -> dict[str, Any]:
    """An answer of so many moments; what a search takes is not measured here."""
    video = {"id": 1, "name": "film.mp4", "duration": 9e3, "playable": True, "picture": False}
    evidence = [{"modality": "asr", "start": 0, "end": 1, "text": "words " * 20, "marks": [[0, 5]]}]
    moments = [
        {"video": video, "start": 3.0 * n, "end": 3.0 * n + 2, "score": 0.5, "evidence": evidence}
        for n in range(count)
    ]
    return {"query": "", "moments": moments, "note": None, "took_ms": 0}


def scrolling(browser: Browser, page: Page, trace: Path) -> tuple[list[float], float]:
    """Milliseconds between frames, and what the page's thread worked for each."""
    page.route("**/api/search*", lambda route: route.fulfill(json=many(_MOMENTS)))
    page.fill("#q", "many")
    page.wait_for_selector(f'.card[aria-setsize="{_MOMENTS}"]')
    page.mouse.move(700, 500)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    before_s = worked_s(session)
    browser.start_tracing(page=page, path=trace, categories=["cc,benchmark,viz"])
    for _ in range(_WHEELS):
        page.mouse.wheel(0, _WHEEL_PX)
        page.wait_for_timeout(1)
    browser.stop_tracing()
    frames = frames_ms(trace)
    return frames, (worked_s(session) - before_s) * 1000 / max(1, len(frames))


def worked_s(session: CDPSession) -> float:
    metrics = {
        one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]
    }
    return float(sum(metrics[f"{one}Duration"] for one in ("Script", "Layout", "RecalcStyle")))


def frames_ms(trace: Path) -> list[float]:
    """Between one frame that was drawn and the next; pauses of the wheel are none."""
    events = json.loads(trace.read_bytes())["traceEvents"]
    drawn_us = sorted({one["ts"] for one in events if one["name"] == "Display::DrawAndSwap"})
    gaps = [(b - a) / 1000 for a, b in itertools.pairwise(drawn_us)]
    return [gap for gap in gaps if gap < 500]


def told(name: str, times_ms: list[float]) -> None:
    worst = statistics.quantiles(times_ms, n=20)[-1]
    middle = f"{statistics.median(times_ms):.0f} ms (median of {len(times_ms)})"
    print(f"{name}: {middle}, {worst:.0f} (95 %)")


def measure(folder: Path, rounds: int) -> None:
    print(f"the page: {sum(one.stat().st_size for one in pages.FOLDER.iterdir()) / 1000:.0f} kB")
    server = Server(folder)
    try:
        with sync_playwright() as playwright, tempfile.TemporaryDirectory() as temporary:
            path = shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            page = opened(browser, server.address)
            told("first paint", paints_ms(page, rounds))
            results_ms(page, 2)
            waited = results_ms(page, rounds)
            told("results after the last key", [all_ms for all_ms, _ in waited])
            told("  of that in the server", [server_ms for _, server_ms in waited])
            told("  of that elsewhere", [all_ms - server_ms for all_ms, server_ms in waited])
            frames, each_ms = scrolling(browser, page, Path(temporary) / "trace.json")
            told(f"frames while scrolling {_MOMENTS:,} moments", frames)
            print(f"  the page's thread works {each_ms:.1f} ms for each")
            browser.close()
    finally:
        server.process.terminate()
        server.process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--keep", type=Path, help="where the library is, or is to be")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        if not (folder / ".vidcut").exists():
            build(folder / ".vidcut", given.chunks, "auto")
        measure(folder, given.rounds)


if __name__ == "__main__":
    main()
