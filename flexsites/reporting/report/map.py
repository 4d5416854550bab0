"""The report's map as compact JSON: parcels in whole decimetres from a corner, capped and simplified as stated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from flexsites.reporting.presentation import MapBudget
from flexsites.reporting.results import records
from flexsites.reporting.table_view import table_view
from flexsites.reporting.words import Words
from flexsites.tables import Frame, Sites
from flexsites.tables.field import Field

_DECIMETRES = 10.0
_PANEL = (
    "verdict", "gemeente", "buildable_area_m2", "parcel_area_m2", "n_units", "flexmilieu_best",
    "available_years_expected", "restrictions", "flags", "owner_class", "tenure",
)  # fmt: skip
_DIGITS: dict[str, int] = {"term": 1}
# From the roads one steers by to the paths between houses: which lines to keep when not all fit.
_ROAD_ORDER = ("motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential")


@dataclass(frozen=True)
class MapPayload:
    """What the map shows, and what it does not.

    Attributes
    ----------
    content
        JSON-ready.
    n_sites, n_shown
        Parcels of the run, and on the map.
    simplification_m
        Largest shift of a boundary.
    n_streets_shown
        Street lines on the map; null when all fit.
    """

    content: dict[str, Any]
    n_sites: int
    n_shown: int
    simplification_m: float
    n_streets_shown: int | None


def map_payload(
    sites: Frame,
    suitability: Frame,
    words: Words,
    *,
    flexmilieus: Sequence[str],
    budget: MapBudget,
    areas: Frame | None = None,
    streets: Frame | None = None,
) -> MapPayload:
    """Prepare the map.

    Parameters
    ----------
    sites
        Sites; the suitable ones are kept first, then available, unknown, excluded; more homes before fewer.
    suitability
        Suitability: scores and outcome per flexmilieu.
    words
        The language of what a click tells.
    flexmilieus
        Ids in the order of the legend.
    budget
        What the map can carry.
    areas, streets
        Outlines and lines for orientation, where the run has them.
    """
    shown = _most_telling(sites, int(budget.max_sites))
    west, south, east, north = shown.total_bounds if len(shown) else (0.0, 0.0, 1.0, 1.0)
    origin = np.array([west, south])
    step = float(np.hypot(east - west, north - south)) / float(budget.extent_per_simplification)
    tolerance = min(max(step, float(budget.finest_simplification_m)), float(budget.coarsest_simplification_m))
    box = shapely.box(west, south, east, north)
    lines, n_streets = _streets(streets, box, origin, int(budget.max_streets), tolerance)
    content: dict[str, Any] = {
        "size": [round((east - west) * _DECIMETRES), round((north - south) * _DECIMETRES)],
        "origin": [float(west), float(south)],
        "rings": [_rings(shape, origin, tolerance) for shape in shown.geometry],
        "areas": _areas(areas, box, origin, tolerance),
        "streets": lines,
        "flexmilieus": list(flexmilieus),
        "panel": _panel(shown, words),
        **_attributes(shown),
        **_scores(shown, suitability, flexmilieus),
    }
    return MapPayload(content, len(sites), len(shown), tolerance, n_streets)


def _most_telling(sites: Frame, limit: int) -> gpd.GeoDataFrame:
    """Return at most ``limit`` sites, in site_id order."""
    if len(sites) > limit:
        level = sites["verdict"].map({"eligible": 2, "conditional": 2, "unknown": 1, "excluded": 0}).astype(int)
        suits = sites["is_suitable"].fillna(value=False).astype(bool) & level.eq(2)
        keyed = sites.assign(_level=level + suits.astype(int)).sort_values(
            ["_level", "n_units_expected", "site_id"], ascending=[False, False, True], kind="stable"
        )
        sites = keyed.head(limit).drop(columns="_level")
    return gpd.GeoDataFrame(sites.sort_values("site_id", kind="stable").reset_index(drop=True), geometry="geometry")


def _attributes(shown: gpd.GeoDataFrame) -> dict[str, Any]:
    """Return the columns that colours, search and outlines go by; null stays null."""
    taken = {
        "id": "site_id",
        "verdict": "verdict",
        "suitable": "is_suitable",
        "best": "flexmilieu_best",
        "owner": "owner_class",
        "low": "n_units_low",
        "expected": "n_units_expected",
        "high": "n_units_high",
    }
    return {"columns": {short: _plain(shown[name]) for short, name in taken.items()}}


def _panel(shown: gpd.GeoDataFrame, words: Words) -> list[dict[str, Any]]:
    """Return what a click on a parcel tells: per column its heading, and per parcel a number or a text of ``texts``.

    A number stands for itself, with ``digits`` decimals; texts are counted from -1 downwards. An empty text: the column
    does not apply to that parcel.
    """
    asked = shown.assign(gemeente=shown["gemeente_code"], n_units=_homes(shown, words))
    homes = Field("n_units", "str", "", null="excluded", format="written", not_of=("verdict", "excluded"))
    view = table_view(pd.DataFrame(asked), [homes if one == "n_units" else one for one in _PANEL], words, Sites)
    built = []
    for column in view.columns:
        place: dict[str, int] = {}
        digits = _DIGITS.get(column.format, 0)
        told = [
            -1 - place.setdefault(cell, len(place)) if isinstance(cell, str) else round(cell, digits)
            for cell in column.cells
        ]
        built.append({"heading": column.heading, "texts": list(place), "of": told, "digits": digits})
    return built


def _homes(shown: gpd.GeoDataFrame, words: Words) -> pd.Series[str]:
    """Return the homes of each parcel with their range; null for those excluded, of which nobody asks."""
    rows = zip(shown["verdict"], shown["n_units_expected"], shown["n_units_low"], shown["n_units_high"], strict=True)
    told = [
        None if verdict == "excluded" else f"{words.number(expected)} ({words.span(low, high)})"
        for verdict, expected, low, high in rows
    ]
    return pd.Series(told, index=shown.index, dtype="str")


def _scores(shown: gpd.GeoDataFrame, suitability: Frame, flexmilieus: Sequence[str]) -> dict[str, Any]:
    """Return per flexmilieu the score in hundredths (null: none), rounded as the lists round it, and the outcome.

    The outcome is 1 for yes, 0 for no, -1 for not judged, null for unknown.
    """
    rows = suitability[suitability["site_id"].isin(shown["site_id"])]
    scores, outcomes = {}, {}
    for flexmilieu in flexmilieus:
        own = rows[rows["flexmilieu"] == flexmilieu].set_index("site_id")
        found = shown["site_id"].map(own["score"])
        scores[flexmilieu] = [None if pd.isna(score) else round(float(f"{score:.2f}") * 100) for score in found]
        met = shown["site_id"].map(own["is_suitable"].astype("boolean")).astype("boolean")
        judged = shown["site_id"].isin(own.index)
        outcomes[flexmilieu] = [
            -1 if not there else (None if value is pd.NA else int(value))
            for value, there in zip(met, judged, strict=True)
        ]
    return {"scores": scores, "outcomes": outcomes}


def _plain(column: pd.Series[Any]) -> list[Any]:
    """Return a column as plain values, null as None, whole floats as integers."""
    values: list[Any] = column.astype("object").where(column.notna(), None).tolist()
    return [int(value) if isinstance(value, float) and value.is_integer() else value for value in values]


def _rings(shape: shapely.Geometry, origin: np.ndarray, tolerance: float) -> list[list[int]]:
    """Return every ring as [x, y, dx, dy, ...] in decimetres, the closing point left out."""
    simple = shapely.simplify(shape, tolerance)
    polygons = [
        part for part in shapely.get_parts([simple]) if shapely.get_type_id(part) == shapely.GeometryType.POLYGON
    ]
    return [_deltas(shapely.get_coordinates(ring)[:-1], origin) for ring in shapely.get_rings(polygons)]


def _deltas(coordinates: np.ndarray, origin: np.ndarray) -> list[int]:
    """Return a line as its first point and the steps from point to point, in decimetres."""
    whole = np.round((coordinates - origin) * _DECIMETRES).astype(np.int64)
    steps = np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    return [int(value) for value in steps.ravel()]


def _areas(areas: Frame | None, box: shapely.Geometry, origin: np.ndarray, tolerance: float) -> list[dict[str, Any]]:
    """Return the outlines of the gemeenten that touch the map, cut to it, with their names."""
    if areas is None:
        return []
    margin = shapely.buffer(box, max(shapely.length(box) / 40, 1.0), cap_style="square", join_style="mitre")
    near = areas[(areas["area_kind"] == "gemeente") & shapely.intersects(areas.geometry.to_numpy(), box)]
    outlines = []
    for row in records(near.sort_values("area_code")):
        cut = shapely.intersection(shapely.make_valid(row.geometry), margin)
        inner = shapely.intersection(cut, box)
        anchor = shapely.point_on_surface(inner if not shapely.is_empty(inner) else cut)
        label = np.round((shapely.get_coordinates(anchor)[0] - origin) * _DECIMETRES).astype(int).tolist()
        outlines.append({"name": str(row.area_name), "label": label, "rings": _rings(cut, origin, tolerance)})
    return outlines


def _streets(
    streets: Frame | None, box: shapely.Geometry, origin: np.ndarray, limit: int, tolerance: float
) -> tuple[list[list[Any]], int | None]:
    """Return the street lines as [is_main, [x, y, dx, dy, ...]], the main roads first."""
    if streets is None or not len(streets):
        return [], None
    order = {name: i for i, name in enumerate(_ROAD_ORDER)}
    base = streets["road_class"].astype("object").str.replace("_link", "", regex=False)
    ranked = streets.assign(_rank=base.map(order).astype("float64"))
    kept = ranked[ranked["_rank"].notna() & shapely.intersects(ranked.geometry.to_numpy(), box)]
    kept = kept.sort_values(["_rank", "street_id"], kind="stable")
    n_all, kept = len(kept), kept.head(limit)
    last_main = order["tertiary"]
    lines = []
    for rank, shape in zip(kept["_rank"], shapely.simplify(kept.geometry.to_numpy(), 2 * tolerance), strict=True):
        parts = shapely.get_parts([shape])
        lines += [[int(rank <= last_main), _deltas(shapely.get_coordinates(part), origin)] for part in parts]
    return lines, (len(kept) if n_all > limit else None)
