"""Make docs/screenshots/ of what 'vidcut serve' really shows of the demo's library.

make demo && .venv/bin/python docs/screenshots.py
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "screenshots"
DESK: Any = {"viewport": {"width": 1440, "height": 900}}
PHONE: Any = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
STORY = {
    "en": "A quiet morning with coffee\nThe orange flower in the garden\nA cat on the sofa\n"
    "The rocket stands on the launch pad\n",
    "zh": "清晨的一杯咖啡\n花园里的大丽花\n一只猫\n晚上一起吃火锅\n",
}
SETTLED_MS = 2500
QUALITY = 82


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "vidcut", "serve", "--port", "0", "-q", "--offline"]
    library = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "demo")
    server = subprocess.Popen(
        [*command, "--library", library], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert server.stdout is not None
    address = server.stdout.readline().strip()
    try:
        with sync_playwright() as playwright:
            chromium = shutil.which("chromium")
            arguments = ["--no-sandbox", "--hide-scrollbars", "--mute-audio"]
            browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
            _desk(browser, address, "light", "en")
            _desk(browser, address, "dark", "zh")
            _phone(browser, address, "light", "en")
            _phone(browser, address, "dark", "zh")
    finally:
        server.terminate()
        server.wait()


def _page(browser: Browser, address: str, wishes: dict[str, Any], scheme: Any, tongue: str) -> Page:
    locale = {"en": "en-US", "zh": "zh-CN"}[tongue]
    page = browser.new_context(**wishes, color_scheme=scheme, locale=locale).new_page()
    page.goto(address)
    page.wait_for_selector("body.ready")
    return page


def _desk(browser: Browser, address: str, scheme: str, tongue: str) -> None:
    page = _page(browser, address, DESK, scheme, tongue)
    _keep(page, f"welcome-{scheme}")
    page.keyboard.type({"en": "a cup of coffee", "zh": "一杯咖啡"}[tongue])
    page.keyboard.press("Enter")
    page.wait_for_selector(".card .open:focus")
    for key in ("x", "j", "x", "j", "j", "x", "k"):
        page.keyboard.press(key)
    _keep(page, f"search-{scheme}")
    page.keyboard.press("k")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_selector(".stop", state="attached")
    page.wait_for_function("() => document.querySelector('.film img')?.complete")
    page.wait_for_function("() => document.querySelector('.screen').currentTime > 1")
    page.keyboard.press(" ")
    _keep(page, f"moment-{scheme}")
    page.keyboard.press("2")
    page.fill("#story", STORY[tongue])
    page.locator(".writing .strong").click()
    page.wait_for_selector(".slot")
    _keep(page, f"script-{scheme}")
    page.locator("nav a").nth(2).click()
    page.wait_for_selector("tbody tr")
    _keep(page, f"library-{scheme}")
    page.context.close()


def _phone(browser: Browser, address: str, scheme: str, tongue: str) -> None:
    page = _page(browser, address, PHONE, scheme, tongue)
    page.fill("#q", {"en": "a flower", "zh": "花"}[tongue])
    page.locator(".card .take").first.tap()
    _keep(page, f"phone-search-{scheme}")
    page.locator(".card .shot").first.tap()
    page.wait_for_selector(".stop", state="attached")
    _keep(page, f"phone-moment-{scheme}")
    page.context.close()


def _keep(page: Page, name: str) -> None:
    """As WebP, once all pictures in sight are there."""
    page.wait_for_timeout(SETTLED_MS)
    page.wait_for_function("() => ![...document.images].some((one) => one.src && !one.complete)")
    page.mouse.move(2, 400)
    page.wait_for_timeout(200)
    picture = Image.open(io.BytesIO(page.screenshot()))
    picture.save(FOLDER / f"{name}.webp", quality=QUALITY, method=6)


if __name__ == "__main__":
    main()
