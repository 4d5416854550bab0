"""The report: one HTML file that opens without internet, in Dutch or English, for people who decide."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from flexsites.reporting.maps import library
from flexsites.reporting.maps.content import MapContent, map_content, packed
from flexsites.reporting.names import words_of
from flexsites.reporting.presentation import presentation
from flexsites.reporting.report import (
    answer,
    areas,
    certainty,
    demand,
    exploitation,
    first_page,
    first_places,
    land,
    origin,
    roof_map,
    roofs,
    rules,
    shortlist,
    transit,
    variants,
)
from flexsites.reporting.report.area_map import area_maps
from flexsites.reporting.report.checked import checked
from flexsites.reporting.report.parcel_map import parcel_map
from flexsites.reporting.results import Results, open_results
from flexsites.reporting.words import Words
from flexsites.tables.whole_files import write_whole

_FEW_AREAS = 4
"""Of more gemeenten [A] the first page has a map: parcels are too small to be seen on it."""

_SHEET = re.compile(r'<article class="sheet" id="([^"]*)">')


def write_report(directory: Path | str, lang: str = "nl") -> Path:
    """Write a run's report beside its results.

    Parameters
    ----------
    directory
        The run's directory.
    lang
        ``nl`` or ``en``.

    Returns
    -------
        ``report.html``, or ``report.en.html`` for English.

    Raises
    ------
    InputError
        When the directory holds no results.
    ConfigError
        For another language.
    """
    results = open_results(directory)
    page = render_report(results, words_of(results, lang))
    return write_text(report_path(results.directory, lang), page)


def report_path(directory: Path, lang: str) -> Path:
    """Return where a run's report stands: Dutch without, other languages with their code.

    Examples
    --------
    >>> report_path(Path("run"), "nl").name, report_path(Path("run"), "en").name
    ('report.html', 'report.en.html')
    """
    return directory / ("report.html" if lang == "nl" else f"report.{lang}.html")


def render_report(results: Results, words: Words) -> str:
    """Return the report as HTML."""
    template = environment(words, "" if results.has_sites else None).get_template("report.html.j2")
    return template.render(manifest=results.manifest, **_context(results, words))


def render_map(results: Results, words: Words) -> str:
    """Return the map alone as a page; it opens with what was not checked, as the report does."""
    told = results.manifest
    return (
        environment(words, "")
        .get_template("map_page.html.j2")
        .render(
            manifest=told,
            title=words.label(told.title or told.name),
            checked=checked(results, words),
            map=_map(results, words)[1] | {"sheets": None},
        )
    )


def environment(words: Words, map_page: str | None = None) -> jinja2.Environment:
    """Return the templates' environment: everything is escaped, and a name that is not there is an error.

    Parameters
    ----------
    words
        The language.
    map_page
        The page with the map that ids of parcels link to: empty is the page itself; None: there is none.
    """
    made = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    shared: dict[str, Any] = {
        "t": words.text,
        "words": words,
        "lang": words.lang,
        "asset": _asset,
        "folded": _folded(),
        "library": _Library,
        "map_page": map_page,
        "credits": lambda manifest: origin.credits_of(manifest, words),
    }
    made.globals.update(shared)
    return made


def write_text(path: Path, text: str) -> Path:
    """Write a file whole or not at all."""
    write_whole(path, text.encode())
    return path


def _context(results: Results, words: Words) -> dict[str, Any]:
    """Return everything the template shows; a section that does not apply is None."""
    context: dict[str, Any] = {
        "title": words.label(results.manifest.title or results.manifest.name),
        "about": words.label(results.manifest.about),
        "notes": [words.label(note) for note in results.manifest.notes],
        "warnings": [words.said(warning) for warning in results.manifest.warnings],
        "area_m2": closes.area_in_m2 if (closes := results.manifest.closes) else None,
        "answer": answer.answer(results, words),
        "questions": first_page.of_roofs(results, words) if results.has("roof_units") else [],
        "assumptions": origin.assumptions(results, words),
        "sources": origin.sources_by_origin(origin.sources(results, words)),
        "closing": rules.closing_line(results, words) if results.has_sites else ("", True),
        "roofs": roofs.roofs(results, words) if results.has("roof_units") else None,
        "roof_map": roof_map.roof_map(results, words) if results.has("roof_units") else None,
        "colours": presentation().colours,
        "cells": _cells(results, words),
        "parcels": None,
    }
    if results.has_sites:
        ranked = shortlist.ranked_locations(results, int(presentation().lists.max_shortlist), with_homes=True)
        first = first_places.first_places(results, ranked, words)
        shown, told = _map(results, words, first)
        of_areas = area_maps(results, words, first)
        is_wide = bool(of_areas) and of_areas[0].n_areas > _FEW_AREAS
        context["questions"] = [*first_page.first_page(results, words, first), *context["questions"]]
        context["parcels"] = {
            "map": told,
            "overview": None if is_wide else parcel_map(shown.parcels, shown.around, first),
            "area_maps": of_areas,
            "funnel": land.funnel(results, words),
            "drop": rules.drop(results, words),
            "verdicts": land.verdicts(results, words),
            "flexmilieus": land.flexmilieus(results, words),
            "transit": transit.transit(results, words),
            "areas": areas.area_totals(results, words),
            "shortlist": shortlist.shortlist(results, words, ranked),
            "demand": demand.demand(results, words),
            "exploitation": exploitation.exploitation(results, words),
            "variants": variants.variants(results, words),
            "ownership": areas.ownership(results, words),
            "coverage": areas.coverage(results, words),
            "anchors": variants.anchors(results, words),
            "certainty": certainty.certainty(results, words),
        }
    context["contents"] = _contents(context)
    return context


_MAIN = ("map", "flexmilieus", "shortlist", "ownership", "demand", "certainty", "exploitation", "variants")
_FURTHER = ("funnel", "drop", "verdicts", "totals", "transit", "coverage", "anchors")
_OPTIONAL = ("demand", "certainty", "exploitation", "anchors")


def _contents(context: dict[str, Any]) -> list[str]:
    """Return the sections that the report has, in order: what answers, then the appendix that supports it."""
    of_parcels, of_roofs = context["parcels"], context["roofs"]

    def there(names: tuple[str, ...]) -> list[str]:
        return [one for one in names if of_parcels and (one not in _OPTIONAL or of_parcels[one])]

    roofs_main, roofs_further = (["roofs"], ["roofs_further"]) if of_roofs else ([], [])
    main = ["answer", "explained", *there(_MAIN), *roofs_main]
    return [*main, *there(_FURTHER), *roofs_further, "assumptions", "sources", "method"]


def _cells(results: Results, words: Words) -> str:
    """Return how the run was computed, in a sentence; empty where the manifest has no cells."""
    cells = results.manifest.cells
    if not cells:
        return ""
    seconds = sum(cell.seconds for cell in cells)
    repaired = {name: words.number(n) for name, n in origin.repairs(results).items()}
    return words.text("method.cells", n=words.number(len(cells)), seconds=words.number(seconds, 1), **repaired)


def _map(
    results: Results, words: Words, places: Sequence[first_places.FirstPlace] = ()
) -> tuple[MapContent, dict[str, Any]]:
    """Return the map; and packed, with a link to the factsheets that are there and statements of what it leaves out.

    Places are numbered on it, as on the map that is drawn where a browser cannot show this one.
    """
    path = factsheets_path(results.directory, words.lang)
    sheets = sheets_in(path)
    shown = map_content(results, words, sheets=sheets)
    numbers = [[str(one.number), *one.in_degrees] for one in places]
    content = {**shown.content, "sheets": path.name if sheets else None, "numbers": numbers}
    return shown, {"packed": packed(content), "statements": shown.statements}


def factsheets_path(folder: Path, lang: str) -> Path:
    """Return where factsheets stand: Dutch without, other languages with their code."""
    return folder / ("factsheets.html" if lang == "nl" else f"factsheets.{lang}.html")


def sheets_in(path: Path) -> tuple[str, ...]:
    """Return the parcels that a file of factsheets tells of, in its order; none where there is no such file."""
    if not path.is_file():
        return ()
    return tuple(html.unescape(one) for one in _SHEET.findall(path.read_text(encoding="utf-8")))


@cache
def _template(name: str) -> str:
    return files("flexsites.reporting").joinpath("templates", name).read_text(encoding="utf-8")


def _asset(name: str) -> Markup:
    """Return one of the package's own style sheets or scripts, to stand inside the page."""
    return Markup(_template(name))  # noqa: S704 - the package's own file


class _Library:
    """The map's library, to stand inside the page."""

    @staticmethod
    def script() -> Markup:
        return Markup(library.script())  # noqa: S704 - a package's own file

    @staticmethod
    def style_sheet() -> Markup:
        return Markup(library.style_sheet())  # noqa: S704


def _folded() -> int:
    return int(presentation().lists.max_rows_open)
