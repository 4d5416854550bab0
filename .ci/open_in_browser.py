"""Open reports in a browser without a network: no script fails, and every map is drawn."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LISTEN = """<script>window.faults = [];
addEventListener("error", e => faults.push(e.message || `cannot load ${e.target.src}`), true);</script>"""
# A map is drawn when its library says so; that something is on it is read off the picture, whatever drew it.
TELL = """<script>addEventListener("load", async () => {
  const at = Date.now(), wanted = document.getElementById("map-content") !== null;
  while (wanted && document.documentElement.dataset.map !== "drawn" && Date.now() - at < 60000) {
    await new Promise(r => setTimeout(r, 200));
  }
  await new Promise(r => setTimeout(r, 1000));
  const drawn = [...document.querySelectorAll("canvas")].map(c => {
    const copy = document.createElement("canvas"), pen = copy.getContext("2d");
    copy.width = c.width; copy.height = c.height; pen.drawImage(c, 0, 0);
    const seen = new Set(), pixels = pen.getImageData(0, 0, c.width, c.height).data;
    for (let i = 0; i < pixels.length; i += 4 * 97) { seen.add(pixels.slice(i, i + 3).join()); }
    return c.width > 0 && seen.size > 3;
  });
  document.documentElement.dataset.told = JSON.stringify({faults, drawn});
});</script>"""


def open_report(browser: str, report: Path) -> dict[str, list[object]]:
    """Return what went wrong in the page, and of every map whether anything is drawn on it."""
    text = report.read_text(encoding="utf-8")
    text = text.replace("<head>", f"<head>{LISTEN}", 1).replace("</body>", f"{TELL}</body>", 1)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        page.write_text(text, encoding="utf-8")
        flags = [
            "--headless",
            "--no-sandbox",
            "--use-angle=swiftshader",
            "--enable-unsafe-swiftshader",
            "--disable-dev-shm-usage",
            "--dump-dom",
        ]
        flags += [f"--user-data-dir={folder}/own", "--host-resolver-rules=MAP * ~NOTFOUND"]
        flags += ["--virtual-time-budget=120000"]
        command = [browser, *flags, page.as_uri()]
        shown = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout
    told = re.search(r'data-told="([^"]*)"', shown)
    if told is None:
        return {"faults": ["the page did not come to its end"], "drawn": []}
    found: dict[str, list[object]] = json.loads(html.unescape(told[1]))
    return found


def main(reports: list[str]) -> int:
    """Open every report; return 1 if anything is wrong with one of them."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None or not reports:
        sys.exit(f"nothing to open with (one of {', '.join(BROWSERS)}), or no report to open: {reports}")
    code = 0
    for report in reports:
        told = open_report(browser, Path(report))
        is_right = not told["faults"] and all(told["drawn"]) and (told["drawn"] or not report.endswith("report.html"))
        sys.stdout.write(f"{report}: {len(told['drawn'])} maps drawn, {told['faults'] or 'no fault'}\n")
        code = code if is_right else 1
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
