"""Factsheets: one page per site, for the people who will visit it or argue about it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from flexsites.errors import Fault, NotFoundError
from flexsites.reporting.names import words_of
from flexsites.reporting.presentation import presentation
from flexsites.reporting.report.drawing import draw
from flexsites.reporting.report.page import environment, write_text
from flexsites.reporting.results import Results, open_results, records, row_at
from flexsites.reporting.story.explain import measured, unit_in
from flexsites.reporting.summaries.totals import AVAILABLE
from flexsites.reporting.views import TableView, heads
from flexsites.reporting.words import Words, criterion_name
from flexsites.tables import Frame
from flexsites.tables.counting import counts
from flexsites.tables.files import read

_NONE = np.array([], dtype=object)


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
    around = _Around(results, sites, place / "layouts.parquet")
    sheets = [_sheet(results, sites.loc[site_id], around, words) for site_id in ids]
    html = (
        environment(words)
        .get_template("factsheets.html.j2")
        .render(
            manifest=results.manifest,
            sheets=sheets,
            colours=presentation().colours,
            title=words.label(results.manifest.title or results.manifest.name),
        )
    )
    return write_text(place / ("factsheets.html" if lang == "nl" else f"factsheets.{lang}.html"), html)


def _counting(pieces: Frame, sites: Frame) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(pieces[counts(pieces, sites["site_id"], sites["verdict"])])


class _Around:
    """What lies around a site: other sites, streets, pieces, modules; each searched by location or by id, once read.

    Parameters
    ----------
    results
        An opened run.
    sites
        Its sites, indexed by id.
    layouts
        The file of the homes that are drawn, if it is there.
    """

    near_m = 50.0

    def __init__(self, results: Results, sites: gpd.GeoDataFrame, layouts: Path) -> None:
        self.sites = sites
        self.pieces = _counting(results.table("pieces"), sites) if results.has("pieces") else None
        self.modules = gpd.GeoDataFrame(read(layouts)) if layouts.exists() else None
        self.streets = (
            gpd.GeoDataFrame(results.table("canonical/streets")) if results.has("canonical/streets") else None
        )

    def streets_near(self, shape: shapely.Geometry) -> npt.NDArray[np.object_]:
        """Return the streets around a shape."""
        return _NONE if self.streets is None else _touching(self.streets, shape, self._reach(shape))

    def sites_near(self, shape: shapely.Geometry) -> npt.NDArray[np.object_]:
        """Return the shapes of the sites around one, itself included."""
        return _touching(self.sites, shape, self._reach(shape))

    def pieces_of(self, site_id: str) -> gpd.GeoDataFrame | None:
        """Return the pieces that count for a site."""
        if self.pieces is None:
            return None
        own = self.pieces[self.pieces["site_id"] == site_id]
        return own.sort_values("piece_id")

    def drawn_for(self, pieces: gpd.GeoDataFrame | None, order: Sequence[str], first: object) -> object:
        """Return the flexmilieu whose homes are drawn: the site's own, else the first that it was shortlisted for."""
        if self.modules is None or pieces is None:
            return None
        there = set(self.modules.loc[self.modules["piece_id"].isin(pieces["piece_id"]), "flexmilieu"])
        return next((one for one in (first, *order) if one in there), None)

    def placed_on(
        self, pieces: gpd.GeoDataFrame | None, flexmilieu: object, kinds: Sequence[str]
    ) -> npt.NDArray[np.object_]:
        """Return what is placed on pieces for a flexmilieu and makes up the expected number of homes."""
        if self.modules is None or pieces is None or flexmilieu is None:
            return _NONE
        mine = self.modules["piece_id"].isin(pieces["piece_id"]) & self.modules["layout_kind"].isin(kinds)
        own = self.modules[mine & self.modules["is_expected"].astype(bool)]
        own = own[own["flexmilieu"] == flexmilieu]
        shapes: npt.NDArray[np.object_] = own.geometry.to_numpy()
        return shapes

    def neighbours(self, site: pd.Series[Any]) -> Frame:
        """Return the sites within 50 m, nearest first."""
        found = self.sites.iloc[self.sites.sindex.query(site["geometry"], predicate="dwithin", distance=self.near_m)]
        others = found[found["site_id"] != site["site_id"]]
        distance = shapely.distance(others.geometry.to_numpy(), site["geometry"])
        plain = pd.DataFrame(others.drop(columns="geometry")).reset_index(drop=True)
        return plain.assign(distance_m=distance).sort_values(["distance_m", "site_id"])

    @staticmethod
    def _reach(shape: shapely.Geometry) -> float:
        west, south, east, north = shapely.bounds(shape)
        return float(max(east - west, north - south, 1.0))


def _touching(frame: gpd.GeoDataFrame, shape: shapely.Geometry, reach: float) -> npt.NDArray[np.object_]:
    """Return the geometries within a reach of a shape's bounds."""
    west, south, east, north = shapely.bounds(shape)
    box = shapely.box(west - reach, south - reach, east + reach, north + reach)
    found: npt.NDArray[np.object_] = frame.geometry.to_numpy()[np.sort(frame.sindex.query(box))]
    return found


def _best(results: Results) -> list[str]:
    """Return the best available sites of each flexmilieu, by rank, within the limit."""
    sites = results.table("sites").set_index("site_id")["verdict"]
    suitability = results.table("suitability")
    suits = suitability["is_suitable"].fillna(value=False).astype(bool) & suitability["rank"].notna()
    ranked = suitability[suits & suitability["site_id"].map(sites).isin(AVAILABLE)].sort_values(["rank", "site_id"])
    ranked = ranked.groupby("flexmilieu", sort=False).head(int(presentation().lists.max_shortlist))
    return list(dict.fromkeys(ranked["site_id"]))[: int(presentation().lists.max_factsheets)]


def _sheet(results: Results, site: pd.Series[Any], around: _Around, words: Words) -> dict[str, Any]:
    """Return what a factsheet shows."""
    pieces = around.pieces_of(site["site_id"])
    first = None if pieces is None or pieces.empty else pieces.iloc[0]
    access = None if first is None or _is_null(first["access_x_m"]) else (first["access_x_m"], first["access_y_m"])
    drawn = around.drawn_for(pieces, results.flexmilieus, site["flexmilieu_units"])
    modules = around.placed_on(pieces, drawn, ("module", "stairs", "gallery"))
    ground = around.placed_on(pieces, drawn, ("parking", "yard", "lane"))
    drawing = draw(
        site["geometry"],
        pieces=_NONE if pieces is None else pieces.geometry.to_numpy(),
        modules=modules,
        ground=ground,
        neighbours=around.sites_near(site["geometry"]),
        streets=around.streets_near(site["geometry"]),
        access=access,
    )
    restrictions = [words.name("rule", rule) for rule in str(site["restrictions"]).split("|") if rule]
    flags = [words.name("rule", rule) for rule in str(site["flags"]).split("|") if rule]
    with_modules = ""
    if len(modules):
        with_modules = words.text("factsheet.with_modules", flexmilieu=words.name("flexmilieu", drawn))
    return {
        "id": site["site_id"],
        "place": words.name("area", site["gemeente_code"]),
        "verdict": words.name("verdict", site["verdict"]),
        "verdict_key": site["verdict"],
        "facts": _facts(site, words),
        "drawing": drawing,
        "caption": words.text("factsheet.piece_caption", modules=with_modules, bar=words.number(drawing.bar_m, 0)),
        "reasons": _reasons(results, site["site_id"], words),
        "access": _access(results, site["site_id"], words),
        "suitability": _suitability(results, site["site_id"], words),
        "units": _units(results, site, words),
        "consent": words.text("factsheet.procedure_consent", rules=", ".join(restrictions)) if restrictions else "",
        "flags": flags,
        "procedures": _procedures(results, site, words),
        "neighbours": _neighbours(around.neighbours(site), words),
    }


def _facts(site: pd.Series[Any], words: Words) -> list[tuple[str, str]]:
    """Return the facts at the head of a sheet."""
    years = words.text("factsheet.term_unknown")
    if not _is_null(site["available_years_expected"]):
        years = words.text("factsheet.term_years", years=words.number(site["available_years_expected"], 1))
    best = words.text("none")
    if not _is_null(site["flexmilieu_best"]):
        best = f"{words.name('flexmilieu', site['flexmilieu_best'])} ({words.number(site['score_best'], 2)})"
    elif _is_null(site["is_suitable"]):
        best = words.unknown
    owner = f"{words.name('owner', site['owner_class'])}, {words.name('tenure', site['tenure'])}"
    return [
        (words.text("columns.buildable_area_m2"), words.number(site["buildable_area_m2"])),
        (words.text("columns.parcel_area_m2"), words.number(site["parcel_area_m2"])),
        (words.text("columns.registered_area_m2"), words.number(site["registered_area_m2"])),
        (words.text("factsheet.best"), best),
        (words.text("factsheet.owner"), owner),
        (words.text("factsheet.term"), years),
        (words.text("columns.plan_coverage"), words.name("coverage", site["plan_coverage"])),
        (words.text("columns.provincial_coverage"), words.name("coverage", site["provincial_coverage"])),
    ]


def _procedures(results: Results, site: pd.Series[Any], words: Words) -> list[str]:
    """Return what the rules that touch the site say must be done, each once."""
    touching = {rule for column in ("restrictions", "flags") for rule in str(site[column]).split("|") if rule}
    said = [words.label(rule.procedure) for rule in results.manifest.rules if rule.rule_id in touching]
    return list(dict.fromkeys(text for text in said if text))


def _reasons(results: Results, site_id: str, words: Words) -> TableView:
    """Return the ledger of a site."""
    texts, numbers = ("rule", "effect"), ("covered_area_m2", "attributed_area_m2", "unique_area_m2")
    headings = heads(words, texts, numbers)
    if not results.has("reasons"):
        return TableView(headings, [])
    reasons = results.table("reasons")
    place = {rule: i for i, rule in enumerate(results.rules)}
    own = reasons[reasons["site_id"] == site_id]
    own = own[(own["covered_area_m2"] > 0) | (own["coverage"] == "not")]
    own = own.assign(_place=own["rule_id"].map(place).fillna(len(place))).sort_values(["_place", "rule_id"])
    rows = [
        [
            words.name("rule", row.rule_id),
            words.name("effect", row.effect),
            *(words.unknown if row.coverage == "not" else words.number(getattr(row, name)) for name in numbers),
        ]
        for row in records(own)
    ]
    return TableView(headings, rows)


def _access(results: Results, site_id: str, words: Words) -> TableView:
    """Return the measures of a site's first piece."""
    headings = [(words.text("columns.access"), False), (words.text("columns.value"), True)]
    if not results.has("accessibility"):
        return TableView(headings, [])
    table = results.table("accessibility")
    own = table[table["site_id"] == site_id].sort_values(["piece_id", "measure"])
    own = own[own["piece_id"] == own["piece_id"].iloc[0]] if len(own) else own
    rows = []
    for row in records(own):
        value = measured(row, words)
        if row.is_truncated and row.status == "reached":
            # A nearer one may lie beyond the edge of the sources; a count can only grow there.
            value = f"≤ {value}" if unit_in(row.measure) else f"≥ {value}"
        rows.append([words.name("measure", row.measure), value])
    return TableView(headings, rows)


def _suitability(results: Results, site_id: str, words: Words) -> TableView:
    """Return per flexmilieu the outcome, the score, the rank, the homes, and what fails or is unknown."""
    table = results.table("suitability")
    own = table[table["site_id"] == site_id].set_index("flexmilieu")
    order = [name for name in results.flexmilieus if name in own.index] or sorted(own.index)
    rows = []
    for name in order:
        row = row_at(own, name)
        against = ""
        if _is_null(row["is_suitable"]):
            listed = [criterion_name(words, key) for key in str(row["unknown_criteria"]).split("|") if key]
            against = f"{words.unknown}: {', '.join(listed)}"
        elif not row["is_suitable"]:
            against = criterion_name(words, row["failed_criterion"])
        rank = "–" if _is_null(row["rank"]) else words.number(row["rank"])
        score = words.number(row["score"], 2)
        units = [words.number(row["n_units_expected"]), words.span(row["n_units_low"], row["n_units_high"])]
        rows.append([words.name("flexmilieu", name), words.yes_no(row["is_suitable"]), score, rank, *units, against])
    texts, numbers = ("flexmilieu", "is_suitable"), ("score", "rank", "n_units_expected", "units_range")
    return TableView([*heads(words, texts, numbers), (words.text("columns.failed_criterion"), False)], rows)


def _units(results: Results, site: pd.Series[Any], words: Words) -> str:
    """Return the site's homes in a sentence, and what bound them."""
    bound = words.unknown
    if results.has("units") and not _is_null(site["flexmilieu_units"]):
        table = results.table("units")
        own = table[(table["site_id"] == site["site_id"]) & (table["flexmilieu"] == site["flexmilieu_units"])]
        bound = ", ".join(dict.fromkeys(words.name("bound", key) for key in own["bound_by"])) or words.unknown
    spread = {"low": words.number(site["n_units_low"]), "high": words.number(site["n_units_high"])}
    name = words.name("flexmilieu", site["flexmilieu_units"])
    said = words.text("factsheet.units_note", expected=words.number(site["n_units_expected"]), bound=bound, **spread)
    return f"{name}: {said}"


def _neighbours(found: Frame, words: Words) -> TableView:
    """Return the sites nearby."""
    numbers = ("buildable_area_m2", "n_units_expected")
    headings = [*heads(words, ("site_id", "verdict", "owner_class"), numbers), (words.text("columns.distance"), True)]
    rows = [
        [
            row.site_id,
            words.name("verdict", row.verdict),
            words.name("owner", row.owner_class),
            words.number(row.buildable_area_m2),
            words.number(row.n_units_expected) if row.verdict != "excluded" else "–",
            words.text("factsheet.neighbour_near", metres=words.number(row.distance_m)),
        ]
        for row in records(found)
    ]
    return TableView(headings, rows)


def _is_null(value: object) -> bool:
    """Return whether a cell is null."""
    return value is None or (not isinstance(value, str) and bool(pd.isna(value)))  # type: ignore[call-overload]
