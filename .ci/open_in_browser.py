"""Open reports in a browser without a network: no script fails, and every map is drawn.

``python .ci/open_in_browser.py REPORT.html [...]`` needs playwright, and a browser of the system.
"""

from __future__ import annotations

import sys
from pathlib import Path

from browser import PATIENCE_MS, opened
from playwright.sync_api import Browser, Page
from playwright.sync_api import Error as BrowserError

OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND"
WAIT_MS = 250
ENOUGH_COLOURS = 3
"""More than these and something is on a map: ground, frame and a mark of what waits are three."""

# A report's own policy for scripts lets no text be evaluated: asked again and again instead of waited for in the page.
IS_DRAWN = "document.getElementById('map-content') === null || document.documentElement.dataset.map === 'drawn'"
COLOURS = """[...document.querySelectorAll("canvas")].map((canvas) => {
  const copy = document.createElement("canvas"), pen = copy.getContext("2d"), seen = new Set();
  copy.width = canvas.width; copy.height = canvas.height; pen.drawImage(canvas, 0, 0);
  if (!copy.width || !copy.height) { return 0; }
  const pixels = pen.getImageData(0, 0, copy.width, copy.height).data;
  for (let i = 0; i < pixels.length; i += 4 * 97) { seen.add(pixels.slice(i, i + 3).join()); }
  return seen.size;
})"""

UNNUMBERED = """[...((document.querySelector(".first-page table") || document.body).textContent
  .match(/(?:op de kaart|on the map): ([\\d, ]+)/) || ["", ""])[1].matchAll(/\\d+/g)].map((one) => one[0])
  .filter((one) => ![...document.querySelectorAll(".map-number")]
    .some((pin) => pin.textContent === one && pin.checkVisibility()))"""
"""Places that the first page numbers "on the map", and no map shows."""


def what_is_wrong(browser: Browser, report: Path) -> list[str]:
    """Return what fails in the page of a report, and which of its maps stay blank."""
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(f"a script failed: {error}"))
    page.on("requestfailed", lambda request: wrong.append(f"cannot load {request.url[:200]}"))
    try:
        page.goto(report.resolve().as_uri())
        if not _comes(page, IS_DRAWN):
            wrong.append("the map does not tell that it is drawn")
        # That something is on a map is read off its picture, whatever drew it.
        if not _comes(page, f"{COLOURS}.every((colours) => colours > {ENOUGH_COLOURS})"):
            wrong.append(f"a map stays blank: colours of each {page.evaluate(COLOURS)}")
        if unnumbered := page.evaluate(UNNUMBERED):
            wrong.append(f"no map shows the places {', '.join(unnumbered)}")
        if report.name == "report.html" and not page.locator("canvas").count():
            wrong.append("the report has no map")
    except BrowserError as error:
        wrong.append(f"it does not open: {error}")
    page.close()
    return wrong


def _comes(page: Page, asked: str) -> bool:
    """Wait until the page says so; False where it never does."""
    for _ in range(PATIENCE_MS // WAIT_MS):
        if page.evaluate(asked):
            return True
        page.wait_for_timeout(WAIT_MS)
    return False


def main(reports: list[str]) -> int:
    """Open every report; return 1 if anything is wrong with one of them."""
    if not reports:
        sys.exit("no report to open")
    code = 0
    with opened(OFFLINE) as browser:
        for report in reports:
            wrong = what_is_wrong(browser, Path(report))
            sys.stdout.write(f"{report}: {'; '.join(wrong) or 'opens, and is drawn'}\n")
            code = code or int(bool(wrong))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
