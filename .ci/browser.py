"""A browser of the system, and someone who visits pages with it, for the scripts of this folder. Needs playwright."""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

PATIENCE_MS = 60_000
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage")


@contextmanager
def opened(*flags: str) -> Iterator[Browser]:
    """Give a browser of the system, with more flags; end where there is none."""
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if path is None:
        sys.exit(f"no browser: one of {', '.join(_NAMES)}")
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=path, args=[*_FLAGS, *flags])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visitor:
    """Someone with a browser: what is clicked, typed and pressed is counted; reading is not."""

    page: Page
    address: str
    directory: Path
    clicks: int = 0
    seen: list[str] = field(default_factory=list)

    def opens(self, path: str = "/?lang=nl") -> None:
        """Open a page and wait until its map, if it has one, is drawn."""
        self.page.goto("about:blank")  # another address of the same page is another visit
        self.page.goto(self.address + path)
        if self.page.locator("#map-canvas").count():
            self.until("document.documentElement.dataset.map === 'drawn'")
            self.until("document.documentElement.dataset.layers === 'made'")
            self.page.wait_for_selector("#map-list button")

    def until(self, asked: str, told: object = None) -> None:
        """Wait until the page says so; asked again and again, for a page here may not evaluate texts itself."""
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while not self.page.evaluate(asked, told):
            assert time.monotonic() < deadline, f"it never came: {asked}"
            self.page.wait_for_timeout(50)

    def narrows(self, table: str, column: str, value: str) -> None:
        """Open a table, and keep the rows with a value in a column."""
        self.opens()
        self.click("nav a[href^='/tables']")
        self.click(f"a[href^='/tables/{table}?']")
        self.type(f"input[name='c.{column}']", value)
        self.press("Enter")
        self.page.wait_for_url(f"**c.{column}={value}**")

    def downloads(self, selector: str) -> bytes:
        """Click on the first of what a selector finds, and return the file that comes."""
        with self.page.expect_download() as taken:
            self.click(selector)
        return Path(taken.value.path()).read_bytes()

    def click(self, selector: str) -> None:
        """Click on the first of what a selector finds."""
        self.clicks += 1
        self.page.locator(selector).first.click()

    def type(self, selector: str, text: str) -> None:
        """Type where one clicked: one action."""
        self.clicks += 1
        self.page.locator(selector).first.fill(text)

    def press(self, key: str) -> None:
        """Press a key."""
        self.clicks += 1
        self.page.keyboard.press(key)

    def reads(self, selector: str, pattern: str = r"\S") -> str:
        """Read a text, once it says something that is looked for."""
        place = self.page.locator(selector).first
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while not re.search(pattern, text := place.inner_text()):
            assert time.monotonic() < deadline, f"{selector} does not say {pattern!r} but: {text[:300]}"
            self.page.wait_for_timeout(50)
        return text
