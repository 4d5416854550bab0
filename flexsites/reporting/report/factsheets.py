"""Factsheets: one page per site, for the people who will visit it or argue about it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from flexsites.errors import Fault, NotFoundError
from flexsites.reporting.homes import with_free
from flexsites.reporting.ledger import ledger_of
from flexsites.reporting.names import words_of
from flexsites.reporting.presentation import presentation
from flexsites.reporting.report.around import NOTHING, Around
from flexsites.reporting.report.checked import checked_here
from flexsites.reporting.report.drawing import draw
from flexsites.reporting.report.exploitation import exploitation_of
from flexsites.reporting.report.next_steps import next_steps
from flexsites.reporting.report.page import environment, factsheets_path, report_path, sheets_in, write_text
from flexsites.reporting.report.scores import scores_of
from flexsites.reporting.report.shortlist import ranked_locations
from flexsites.reporting.results import Results, open_results, records
from flexsites.reporting.shown_fields import SHOWN
from flexsites.reporting.story.explain import marks_here, measured, told_elsewhere
from flexsites.reporting.table_view import Column, TableView, entries, table_view
from flexsites.reporting.views import with_range
from flexsites.reporting.where import places_of, streets_of
from flexsites.reporting.why import MARKING, told_of_sites
from flexsites.reporting.words import LANGUAGES, Words, unit_in
from flexsites.tables import CRS, Accessibility, Frame, Reasons, Sites, Suitability, empty
from flexsites.tables.parcel_fields import n_common_expected

_FACTS = (
    "buildable_area_m2", "buildable_without_consent_m2", "parcel_area_m2", "registered_area_m2", "flexmilieu_first",
    "owner_class", "tenure", "available_years_expected", "plan_coverage", "provincial_coverage",
)  # fmt: skip
_PER_FLEXMILIEU = (
    "flexmilieu", "is_suitable", "score", "rank", "n_room_expected", "n_per_cluster_expected", "units_range",
    "homes_of_place", "against",
)  # fmt: skip


def write_factsheets(
    directory: Path | str, site_ids: Sequence[str] | None = None, lang: str = "nl", *, folder: Path | None = None
) -> Path:
    """Write a page per site into one HTML file.

    Parameters
    ----------
    directory
        The run's directory.
    site_ids
        The sites, in order; not given: the best of each flexmilieu by rank, up to what the presentation allows.
    lang
        ``nl`` or ``en``.
    folder
        Where the file goes, and whose ``layouts.parquet`` is drawn; None: the run's directory.

    Returns
    -------
        ``factsheets.html``, or ``factsheets.en.html`` for English.

    Raises
    ------
    NotFoundError
        When the run has no such site.
    InputError
        When the directory holds no results.
    """
    results = open_results(directory)
    words = words_of(results, lang)
    ids = list(dict.fromkeys(site_ids)) if site_ids is not None else _best(results)
    sites = gpd.GeoDataFrame(results.table("sites"), geometry="geometry").set_index("site_id", drop=False)
    absent = [site_id for site_id in ids if site_id not in sites.index]
    if absent:
        raise NotFoundError(Fault("no such site", str(directory), "give ids of this run", len(absent), absent))
    place = results.directory if folder is None else folder
    around = Around(results, sites, place / "layouts.parquet")
    sheets = [_sheet(results, sites.loc[site_id], around, words) for site_id in ids]
    html = (
        environment(words, _map_page(results, place, lang))
        .get_template("factsheets.html.j2")
        .render(
            manifest=results.manifest,
            sheets=sheets,
            colours=presentation().colours,
            title=words.label(results.manifest.title or results.manifest.name),
        )
    )
    return write_text(factsheets_path(place, lang), html)


def rewrite_factsheets(directory: Path | str, lang: str) -> Path | None:
    """Write the factsheets that a run has in a language; None: the run has none in any."""
    folder = open_results(directory).directory
    there = [sheets_in(factsheets_path(folder, one)) for one in LANGUAGES]
    ids = next((one for one in there if one), ())
    return write_factsheets(directory, ids, lang) if ids else None


def _map_page(results: Results, place: Path, lang: str) -> str | None:
    """Return the report whose map shows the sites, seen from where the factsheets stand; None: there is none.

    The sheets of the run itself are written before its report, which links to them.
    """
    reports = [report_path(results.directory, one) for one in (lang, *LANGUAGES)]
    found = next((one for one in reports if one.is_file()), reports[0] if place == results.directory else None)
    return None if found is None else Path(os.path.relpath(found, place)).as_posix()


def _best(results: Results) -> list[str]:
    """Return the best available sites of each flexmilieu that hold homes, by rank, within the limit."""
    ranked = ranked_locations(results, int(presentation().lists.max_shortlist), with_homes=True).rows
    ids = ranked.sort_values(["rank", "site_id"], kind="stable")["site_id"]
    return list(dict.fromkeys(ids))[: int(presentation().lists.max_factsheets)]


def _sheet(results: Results, site: pd.Series[Any], around: Around, words: Words) -> dict[str, Any]:
    """Return what a factsheet shows."""
    pieces = around.pieces_of(site["site_id"])
    first = None if pieces is None or pieces.empty else pieces.iloc[0]
    access = None if first is None or pd.isna(first["access_x_m"]) else (first["access_x_m"], first["access_y_m"])
    drawn = around.drawn_for(pieces, results.flexmilieus, site["flexmilieu_first"])
    modules = around.placed_on(pieces, drawn, ("module", "stairs", "gallery"))
    ground = around.placed_on(pieces, drawn, ("parking", "yard", "lane"))
    drawing = draw(
        site["geometry"],
        pieces=NOTHING if pieces is None else pieces.geometry.to_numpy(),
        modules=modules,
        ground=ground,
        neighbours=around.sites_near(site["geometry"]),
        streets=around.streets_near(site["geometry"]),
        access=access,
    )
    consent = marks_here(results, site, "restrict", words)
    with_modules = ""
    if len(modules):
        storeys = words.text("and").join(map(words.number, around.storeys_of(pieces, drawn)))
        flexmilieu = words.name("flexmilieu", drawn)
        with_modules = words.text("factsheet.with_modules", flexmilieu=flexmilieu, storeys=storeys)
    return {
        "id": site["site_id"],
        "place": words.name("area", site["gemeente_code"]),
        "where": _where(results, site, words),
        "inset": around.inset(site["geometry"]),
        "taken": _taken(results, site["site_id"], words),
        "checked": checked_here(site, words),
        "verdict": words.name("verdict", site["verdict"]),
        "verdict_key": site["verdict"],
        "facts": _facts(site, words),
        "drawing": drawing,
        "caption": words.text("factsheet.piece_caption", modules=with_modules, bar=words.number(drawing.bar_m, 0)),
        "reasons": _reasons(results, site["site_id"], words),
        "access": _access(results, site["site_id"], words),
        "suitability": _suitability(results, site["site_id"], words),
        "units": _units(site, words),
        "scores": scores_of(results, site["site_id"], words),
        "exploitation": exploitation_of(results, site["site_id"], words),
        "consent": words.text("factsheet.procedure_consent", rules=consent) if consent else "",
        "flags": marks_here(results, site, "flag", words),
        "elsewhere": told_elsewhere(results, site, MARKING, words),
        "procedures": _procedures(results, site, words),
        "next": next_steps(site, words),
        "neighbours": _neighbours(around.neighbours(site), words),
    }


def _where(results: Results, site: pd.Series[Any], words: Words) -> str:
    """Return the street, neighbourhood and municipality of a site."""
    one = gpd.GeoDataFrame([site], geometry="geometry", crs=CRS)
    street = streets_of(results, one, within_m=float(presentation().map.nearest_street_m)).fillna("").iloc[0]
    return ", ".join(part for part in (street, places_of(one, words)[0]) if part)


def _taken(results: Results, site_id: str, words: Words) -> str:
    """Return the rules that take most of a site with their m2; empty: none takes any."""
    if not results.has("reasons"):
        return ""
    table = results.table("reasons")
    return told_of_sites(table[table["site_id"] == site_id], pd.DataFrame({"site_id": [site_id]}), words)[0]


def _facts(site: pd.Series[Any], words: Words) -> list[tuple[str, str]]:
    """Return the facts at the head of a sheet; what does not apply to the site is left out."""
    view = table_view(pd.DataFrame([site]), _FACTS, words, Sites)
    told = {column.name: (column.heading, cell) for column, cell in zip(view.columns, view.rows[0], strict=True)}
    heading, years = told["available_years_expected"]
    if years == words.unknown and site["plan_coverage"] != "covered":
        told["available_years_expected"] = (heading, words.text("factsheet.term_unknown"))
    return [(heading, cell) for heading, cell in told.values() if cell]


def _procedures(results: Results, site: pd.Series[Any], words: Words) -> list[str]:
    """Return what the rules that touch the site say must be done, each once."""
    touching = {rule for column in ("restrictions", "flags") for rule in entries(site[column])}
    said = [words.label(rule.procedure) for rule in results.manifest.rules if rule.rule_id in touching]
    return list(dict.fromkeys(text for text in said if text))


def _reasons(results: Results, site_id: str, words: Words) -> TableView:
    """Return the ledger of a site: the rules that touch it, and those of which that is unknown."""
    place = {rule: i for i, rule in enumerate(results.rules)}
    own = ledger_of(results, site_id) if results.has("reasons") else empty(Reasons)
    own = own[(own["covered_area_m2"] > 0) | (own["coverage"] == "not")]
    # What is known of the parcel before what is not: dozens of rules without a source would hide it.
    own = own.assign(_not=own["coverage"].eq("not"), _place=own["rule_id"].map(place).fillna(len(place)))
    own = own.sort_values(["_not", "_place", "rule_id"])
    areas = ("covered_area_m2", "attributed_area_m2", "unique_area_m2")
    known = own.assign(rule=own["rule_id"], **{name: own[name].mask(own["coverage"] == "not") for name in areas})
    return table_view(known, ["rule", "effect", *areas], words, Reasons)


def _access(results: Results, site_id: str, words: Words) -> TableView:
    """Return the measures of a site's first piece."""
    table = results.table("accessibility") if results.has("accessibility") else empty(Accessibility)
    own = table[table["site_id"] == site_id].sort_values(["piece_id", "measure"])
    own = own[own["piece_id"] == own["piece_id"].iloc[0]] if len(own) else own
    told = [_measured(row, words) for row in records(own)]
    shown = own.assign(access=own["measure"], value=pd.Series(told, index=own.index, dtype="str"))
    return table_view(shown, ["access", SHOWN["value"]], words)


def _measured(row: Any, words: Words) -> str:  # noqa: ANN401 - a record of Accessibility
    """Return a measured value; past the edge of the sources something nearer may lie, and a count can only grow."""
    value = measured(row, words)
    if row.is_truncated and row.status == "reached":
        return f"≤ {value}" if unit_in(row.measure) else f"≥ {value}"
    return value


def _suitability(results: Results, site_id: str, words: Words) -> TableView:
    """Return per flexmilieu the outcome, the score, the rank, the homes, and what fails or is unknown."""
    table = results.table("suitability")
    place = {name: i for i, name in enumerate(results.flexmilieus)}
    own = table[table["site_id"] == site_id]
    own = own.assign(_place=own["flexmilieu"].map(place).fillna(len(place))).sort_values(["_place", "flexmilieu"])
    places = _homes_of_places(results, site_id, words)
    shown = with_range(own, words, "n_per_cluster").assign(
        homes_of_place=own["flexmilieu"].map(places).astype("str"),
        against=[_against(row, words) for row in records(own)],
    )
    # Beside the parcel's own score and homes: a place may rank higher by another of its parcels, and hold more.
    headings = {"rank": words.text("shortlist.rank_of_place")}
    return table_view(shown, _PER_FLEXMILIEU, words, Suitability, headings=headings)


def _homes_of_places(results: Results, site_id: str, words: Words) -> dict[str, str]:
    """Return per flexmilieu the homes of the place whose rank a parcel is told with, written as the map writes them."""
    located = results.table("piece_locations")
    ids = located.loc[located["piece_id"].str.partition("#")[0].eq(site_id), "location_id"]
    verdicts = results.rows("locations", "location_id", ids, ("location_id", "verdict"))
    served = results.rows("location_suitability", "location_id", ids).merge(verdicts, on="location_id")
    best = served[served["rank"].notna()].sort_values(["rank", "location_id"]).drop_duplicates("flexmilieu")
    return {
        str(row.flexmilieu): with_free(words.number(row.n_per_cluster_expected), row, words) for row in records(best)
    }


def _against(row: Any, words: Words) -> str:  # noqa: ANN401 - a record of Suitability
    """Return the requirement that fails, or those that are unknown; empty where the site suits."""
    if pd.isna(row.is_suitable):
        listed = ", ".join(words.name("criterion", key) for key in entries(row.unknown_criteria))
        return f"{words.unknown}: {listed}" if listed else words.unknown
    return "" if row.is_suitable else words.name("criterion", row.failed_criterion)


def _units(site: pd.Series[Any], words: Words) -> str:
    """Return the site's common programme in a sentence."""
    homes = {key: words.number(site[f"n_common_{key}"]) for key in ("low", "expected", "high")}
    told = words.text("factsheet.units_note", area=words.hectares(site["programme_area_m2"]), **homes)
    return f"{told} {words.text('factsheet.units_if_available')}" if site["verdict"] == "unknown" else told


def _neighbours(found: Frame, words: Words) -> TableView:
    """Return the sites nearby."""
    metres = [words.text("factsheet.neighbour_near", metres=words.number(distance)) for distance in found["distance_m"]]
    homes = found["n_common_expected"].mask(found["verdict"] == "excluded")
    shown = found.assign(distance=metres, n_common_expected=homes)
    asked = replace(n_common_expected, null="excluded", not_of=("verdict", "excluded"))
    columns: list[Column] = ["site_id", "verdict", "owner_class", "buildable_area_m2", asked, "distance"]
    return table_view(shown, columns, words, Sites)
