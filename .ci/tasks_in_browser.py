"""Tasks of the four users in a real browser, click by click: a clerk, a planner, a province, a corporation.

``python .ci/tasks_in_browser.py RUN [RUN ...] [--pictures FOLDER] [--axe axe.min.js]`` serves each finished run on
this machine, does the tasks as a visitor would (of a run of roofs alone those of a corporation), tells clicks and
seconds of each, and ends with 1 if one cannot be done, takes more clicks than it may, or (with axe-core) a page has a
serious fault. It needs playwright, and a browser of the system.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from browser import PATIENCE_MS, Visitor, opened
from playwright.sync_api import Browser, Page

SERIOUS = ("serious", "critical")


def how_many(visitor: Visitor) -> None:
    """Clerk: how many homes fit, and how sure is that."""
    visitor.page.goto((visitor.directory / report_of(visitor.directory)).as_uri())
    told = visitor.reads("main", r"\d[\d.,]*")
    assert re.search(r"(tussen|between|–).*\d", told), "no interval stands on the first page"
    assert visitor.page.locator("main h1, main h2").first.bounding_box()["y"] < 900, "the answer is below the fold"


def where(visitor: Visitor) -> None:
    """Clerk: where is the best place, by street and neighbourhood."""
    visitor.opens()
    visitor.click("#map-list button")
    told = visitor.reads("#map-panel h3")
    assert "," in told or re.search(r"[a-z]{3}", told), f"no street or place is named: {told}"


def what_stands_in_the_way(visitor: Visitor) -> None:
    """Clerk: what stands in the way in a street that a resident asks about."""
    visitor.opens()
    street = visitor.page.evaluate(STREET)
    visitor.type("#map-search", street)
    visitor.reads("#map-list", re.escape(street))
    visitor.click("#map-list button:has-text('uitgesloten'), #map-list button")
    visitor.reads("#map-panel h3")
    told = visitor.reads("#map-panel")
    assert visitor.page.locator("#map-panel ol.why li").count() or "niets" in told.lower(), told


def what_of_this_parcel(visitor: Visitor) -> None:
    """Planner: what is said of a parcel whose number one has."""
    visitor.opens()
    site = visitor.page.evaluate(FIRST)
    visitor.type("#map-search", site)
    visitor.press("Enter")
    assert site in visitor.reads("#map-panel", re.escape(site))


def the_whole_story(visitor: Visitor) -> None:
    """Planner: rule by rule, why."""
    visitor.opens(f"/?lang=nl#map&site={site_of(visitor)}")
    visitor.reads("#map-panel h3")
    visitor.click("#map-panel .links button:has-text('uitleg'), #map-panel .links button:has-text('verhaal')")
    told = visitor.reads("#story-text", r"\w{4}")
    assert visitor.page.locator("#story-text table, #story-text li").count() > 3, told[:300]


def a_link_for_a_colleague(visitor: Visitor) -> None:
    """Planner: only what is available, sent to a colleague as a link that shows the same."""
    visitor.opens()
    before = visitor.reads("#map-count", r"\d")
    visitor.click("#map-legend button:last-child")
    visitor.until("told => document.querySelector('#map-count').textContent !== told", before)
    after = visitor.reads("#map-count", r"\d")
    visitor.until("location.hash.includes('hide=')")
    colleague = Visitor(visitor.page.context.new_page(), visitor.address, visitor.directory)
    colleague.page.goto(visitor.page.url)
    colleague.until("told => document.querySelector('#map-count')?.textContent === told", after)
    colleague.page.close()


def which_gemeente(visitor: Visitor) -> None:
    """Province: how much lies in which gemeente, as a table."""
    visitor.narrows("totals", "area_kind", "gemeente")
    assert "GM" in visitor.reads("tbody")


def what_if(visitor: Visitor) -> None:
    """Province: what if public transport has to be nearer; kept as a variant."""
    visitor.opens()
    visitor.click("#what-if > summary")
    visitor.page.wait_for_selector("#what-fields input", timeout=PATIENCE_MS)
    visitor.type("#what-fields input", "100")
    visitor.reads("#what-answer", r"[Bb]eantwoord in [\d,]+ s")
    visitor.until("!document.querySelector('.what-progress')?.textContent")
    assert b"limits" in visitor.downloads("#what-download")


def a_number_in_any_browser(visitor: Visitor) -> None:
    """Province: a decimal comma is one in a browser of any language, and what may be two numbers is asked back."""
    visitor.opens()
    visitor.click("#what-if > summary")
    visitor.page.wait_for_selector("#what-fields input", timeout=PATIENCE_MS)
    weight = "#what-fields fieldset:nth-of-type(2) input"
    for written, meant in (
        ("1,5", "1.5"),
        ("1.5", "1.5"),
        ("0.125", "0.125"),
        ("1.234,5", "1234.5"),
        ("7,125", "7.125"),
    ):
        visitor.page.locator(weight).first.fill("")
        visitor.page.locator(weight).first.press_sequentially(written)
        visitor.until("meant => decodeURIComponent(location.hash).includes(`weight=${meant}`)", meant)
    visitor.page.locator(weight).first.fill("1.234")
    assert "1.234 kan 1234 of 1,234 zijn" in visitor.reads("#what-faults", r"\d")
    visitor.until("!decodeURIComponent(location.hash).includes('weight')")  # what is refused is not asked
    visitor.page.locator(weight).first.fill("veel")
    visitor.reads("#what-faults", "veel is geen getal")
    visitor.page.locator(weight).first.fill("-1")
    told = visitor.reads("#what-faults", "kan niet onder 0 liggen")
    assert "Gewichten in de score" in told, f"a fault is not in the words of the form: {told}"
    assert "flexmilieus" not in told, f"a fault names a path of the configuration: {told}"


def not_this_one(visitor: Visitor) -> None:
    """Municipality: what is left without the parcel that its council does not want, and with it again."""
    visitor.opens()
    visitor.click("#map-list button")
    visitor.reads("#map-panel h3")
    visitor.click("#map-panel button.veto")
    assert visitor.reads("#map-panel button.veto", "weer mee")
    site = visitor.reads("#what-vetoes li").split()[0]
    visitor.reads("#what-answer", r"[Bb]eantwoord in [\d,]+ s")
    visitor.until("!document.querySelector('.what-progress')?.textContent")
    assert site.encode() in visitor.downloads("#what-download")
    visitor.click("#what-vetoes button")
    visitor.reads("#map-panel button.veto", "Laat dit perceel weg")
    visitor.click("#map-panel button.veto")
    visitor.reads("#what-vetoes li", re.escape(site))
    visitor.click("#what-all > summary")
    visitor.click("#what-order button")
    visitor.reads("#what-answer", "Als eerste genoemd")


def my_sheet(visitor: Visitor) -> None:
    """Corporation: the workbook, for one's own list of complexes."""
    visitor.opens()
    assert visitor.downloads(".downloads a[href*='workbook']").startswith(b"PK")


def on_a_telephone(visitor: Visitor) -> None:
    """Corporation: outdoors, on a telephone, without a mouse: what is said of this place."""
    visitor.page.set_viewport_size({"width": 400, "height": 800})
    visitor.opens()
    site = visitor.page.evaluate(FIRST)
    wide = visitor.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 400, f"the page is {wide} px wide on 400"
    visitor.page.locator("#map-search").focus()
    visitor.page.keyboard.type(site)
    visitor.press("Enter")
    visitor.reads("#map-panel", re.escape(site))
    box = visitor.page.locator("#map-panel").bounding_box()
    assert box is not None
    assert -100 < box["y"] < 400, f"what is told of the parcel is not in view: it begins at {box['y']:.0f} px"


def which_complex(visitor: Visitor) -> None:
    """Corporation: which complex holds most homes, between what and what."""
    visitor.opens()
    visitor.click(".map-lists button:has-text('complexen')")
    visitor.reads("#map-count", "complex")
    visitor.click("#map-list button")
    assert re.search(r"\d+ \(\d+ – \d+\)", visitor.reads("#map-panel", r"\d+ gebouwen|woningen")), "no interval is told"
    visitor.until("location.hash.includes('of=complexes')")


def its_buildings(visitor: Visitor) -> None:
    """Corporation: the buildings of a complex, from the link that a colleague sent."""
    visitor.opens()
    complex_id = visitor.page.evaluate(SHARED)
    visitor.opens(f"/?lang=nl#map&site={complex_id}&of=complexes")
    visitor.reads("#map-panel h3", "complex")
    visitor.click("#map-panel .links button:has-text('gebouwen')")
    visitor.reads("#map-list", re.escape(complex_id))


def why_not_this_roof(visitor: Visitor) -> None:
    """Corporation: what stands in the way of a building whose number one has: what it has, and what is asked."""
    visitor.opens()
    visitor.type("#map-search", visitor.page.evaluate(WITH_VERDICT, "excluded"))
    visitor.press("Enter")
    assert "gevraagd" in visitor.reads("#map-panel", "Wat ertegen is")


def what_is_missing(visitor: Visitor) -> None:
    """Corporation: which evidence to look up for a building that is unknown."""
    visitor.opens()
    visitor.type("#map-search", visitor.page.evaluate(WITH_VERDICT, "unknown"))
    visitor.press("Enter")
    visitor.reads("#map-panel", r"Ontbrekende gegevens\s+\w{3}")


def another_way(visitor: Visitor) -> None:
    """Corporation: which buildings qualify in another way of topping up."""
    visitor.opens()
    before = visitor.reads("#map-legend", r"\d")
    visitor.clicks += 1
    visitor.page.locator("#map-colour").select_option(index=4)
    visitor.until("told => document.querySelector('#map-legend').innerText !== told", before)
    visitor.until("location.hash.includes('colour=w')")


def oldest_first(visitor: Visitor) -> None:
    """Corporation: the list, the oldest buildings first."""
    visitor.opens()
    first = visitor.page.evaluate(FIRST)
    visitor.clicks += 1
    visitor.page.locator("#map-sort").select_option("year")
    visitor.until("told => document.querySelector('#map-list button').dataset.site !== told", first)


def by_keyboard(visitor: Visitor) -> None:
    """Corporation: without a mouse, the building under the cross of the map."""
    visitor.opens(f"/?lang=nl#map&site={site_of(visitor)}")
    visitor.reads("#map-panel h3")
    visitor.click("#map-panel .links button:has-text('lijst')")
    visitor.reads("#map-panel", "Nog geen gebouw")
    visitor.page.locator("#map-canvas canvas").focus()
    visitor.press("Enter")
    visitor.reads("#map-panel h3", r"\w{3}")


def which_are_unknown(visitor: Visitor) -> None:
    """Corporation: the unknown buildings as a table, each with a way to the map."""
    visitor.narrows("roofs", "verdict", "unknown")
    assert visitor.page.locator("tbody a[href*='#map&site=']").count(), "no building leads to the map"


def what_if_of_roofs(visitor: Visitor) -> None:
    """Corporation: what if smaller roofs counted as well, answered and saved as a variant."""
    visitor.opens()
    visitor.click("#what-if > summary")
    visitor.page.wait_for_selector("#what-fields details", timeout=PATIENCE_MS)
    visitor.click("#what-fields summary:has-text('Dak')")
    visitor.type("#what-replace-optoppen-roof-min_usable_area_m2", "60")
    visitor.reads("#what-answer", r"[Bb]eantwoord in [\d,]+ s")
    assert "Gebouwen die kunnen" in visitor.reads("#what-answer table")
    assert b"optoppen.roof.min_usable_area_m2" in visitor.downloads("#what-download")


def my_list_back(visitor: Visitor) -> None:
    """Corporation: its own list, completed."""
    visitor.opens()
    assert visitor.downloads(".downloads a[href*='portfolio']").startswith(b"PK")


TASKS: tuple[tuple[Callable[[Visitor], None], int], ...] = (
    (how_many, 0), (where, 1), (what_stands_in_the_way, 2), (what_of_this_parcel, 2), (the_whole_story, 1),
    (a_link_for_a_colleague, 1), (which_gemeente, 4), (what_if, 3), (a_number_in_any_browser, 1),
    (not_this_one, 7), (my_sheet, 1), (on_a_telephone, 1),
)  # fmt: skip
"""Each with the most clicks that it may take."""
LOCALES = {a_number_in_any_browser: "en-US"}
"""Of whose browser is of another language than the page."""
ROOF_TASKS: tuple[tuple[Callable[[Visitor], None], int], ...] = (
    (how_many, 0), (where, 1), (which_complex, 2), (its_buildings, 1), (why_not_this_roof, 2), (what_is_missing, 2),
    (the_whole_story, 1), (another_way, 1), (oldest_first, 1), (a_link_for_a_colleague, 1), (which_are_unknown, 4),
    (what_if_of_roofs, 4), (my_sheet, 1), (my_list_back, 1), (by_keyboard, 2), (on_a_telephone, 1),
)  # fmt: skip
"""The same of a run of roofs alone."""

FIRST = "document.querySelector('#map-list button').dataset.site"
STREET = """(async () => {
  const { rows } = await (await fetch('/api/parcels?lang=nl&q=&offset=0&limit=200')).json();
  const named = rows.filter((one) => one.street && one.properties.verdict !== 'excluded');
  const all = await Promise.all(named.slice(0, 40).map(async (one) => [one.street,
    (await (await fetch('/api/parcels?lang=nl&limit=200&q=' + encodeURIComponent(one.street))).json()).rows]));
  const found = all.find(([, rows]) => rows.some((one) => one.properties.verdict === 'excluded'));
  return found ? found[0] : named[0].street;
})()"""

WITH_VERDICT = """(verdict) => fetch('/api/roofs?lang=nl&limit=200').then((one) => one.json())
  .then(({ rows }) => rows.find((one) => one.properties.verdict === verdict).properties.id)"""
SHARED = """fetch('/api/complexes?lang=nl&limit=200').then((one) => one.json())
  .then(({ rows }) => rows.find((one) => one.properties.n_buildings > 1).properties.id)"""


def site_of(visitor: Visitor) -> str:
    """Return the parcel that the list begins with."""
    visitor.opens()
    return str(visitor.page.evaluate(FIRST))


def report_of(directory: Path) -> str:
    """Return the name of the report of a run, in Dutch if it is there."""
    return next(one for one in ("report.html", "report.en.html") if (directory / one).is_file())


@contextmanager
def served(directory: Path) -> Iterator[str]:
    """Serve a run, and give its address."""
    command = ["flexsites", "view", str(directory), "--no-browser", "--lang", "nl"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    ) as server:
        try:
            assert server.stdout is not None
            told = server.stdout.readline()
            found = re.search(r"http://127\.0\.0\.1:\d+", told)
            assert found, f"the viewer does not tell its address: {told}"
            yield found[0]
        finally:
            server.terminate()


def serious_faults(page: Page, axe: Path) -> list[str]:
    """Return what axe-core finds serious or critical on a page."""
    page.evaluate(axe.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate("axe.run().then((one) => one.violations)")
    return [
        f"{one['id']}: {one['help']} ({len(one['nodes'])}, first {one['nodes'][0]['target']})"
        for one in found
        if one["impact"] in SERIOUS
    ]


def do_all(browser: Browser, address: str, directory: Path, pictures: Path | None, axe: Path | None) -> Iterator[str]:
    """Do the tasks, and give what is wrong."""
    tasks = TASKS if (directory / "sites.parquet").is_file() else ROOF_TASKS
    for number, (task, most) in enumerate(tasks, 1):
        context = browser.new_context(
            viewport={"width": 1280, "height": 900}, locale=LOCALES.get(task, "nl-NL"), accept_downloads=True
        )
        visitor = Visitor(context.new_page(), address, directory)
        visitor.page.set_default_timeout(PATIENCE_MS)
        wrong: list[str] = []
        visitor.page.on("pageerror", lambda error, into=wrong: into.append(f"script: {error}"))
        begin = time.monotonic()
        try:
            task(visitor)
        except Exception as error:  # noqa: BLE001 - whatever stops a visitor
            wrong.append(str(error).partition("\n")[0][:300])
        seconds = time.monotonic() - begin
        wrong += [f"{visitor.clicks} clicks, more than {most}"] if visitor.clicks > most else []
        if pictures:
            visitor.page.screenshot(path=pictures / f"{directory.name}-{number:02}-{task.__name__}.png")
        if axe:
            wrong += serious_faults(visitor.page, axe)
        context.close()
        who = (task.__doc__ or "").strip()
        sys.stdout.write(f"{number:2} {who} {visitor.clicks} clicks, {seconds:.1f} s{' WRONG' if wrong else ''}\n")
        yield from (f"{directory.name} {number} {task.__name__}: {one}" for one in wrong)


def main() -> int:
    """Do the tasks on every run; return 1 if anything is wrong."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("runs", nargs="+", type=Path)
    asked.add_argument("--pictures", type=Path)
    asked.add_argument("--axe", type=Path)
    asked.add_argument("--address", help="of a viewer that is open already, instead of serving the run")
    told = asked.parse_args()
    if told.pictures:
        told.pictures.mkdir(parents=True, exist_ok=True)
    wrong: list[str] = []
    with opened() as browser:
        for directory in (one.resolve() for one in told.runs):
            sys.stdout.write(f"{directory.name}\n")
            if told.address:
                wrong += do_all(browser, told.address, directory, told.pictures, told.axe)
                continue
            with served(directory) as address:
                wrong += do_all(browser, address, directory, told.pictures, told.axe)
    sys.stdout.writelines(f"{one}\n" for one in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
