"""The quiet background of the map: the run's own water, buildings, rail, streets and boundaries, from no server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from flexsites.reporting.maps.display import Shapes, boxes, in_degrees, lines, rings
from flexsites.reporting.presentation import MapBudget, presentation
from flexsites.reporting.results import Results
from flexsites.tables import Frame

_ROAD_ORDER = (
    "motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "living_street",
    "pedestrian", "service",
)  # fmt: skip
_LAST_MAIN = _ROAD_ORDER.index("tertiary")
_AREA_ORDER = ("provincie", "gemeente", "wijk", "buurt")


@dataclass(frozen=True)
class Background:
    """A background, ready for JSON; the shapes it is of, in RD New; what was left out, by what it is: (shown, all)."""

    content: dict[str, Any]
    shapes: dict[str, Shapes]
    left_out: dict[str, tuple[int, int]] = field(default_factory=dict)


def background(results: Results, box: shapely.Geometry, tolerance_m: float, budget: MapBudget) -> Background:
    """Return the background within a box in RD New.

    Parameters
    ----------
    results
        The run: its ``canonical`` inputs, as far as they are there.
    box
        What the map shows.
    tolerance_m
        The largest shift of a line.
    budget
        How many lines, buildings and waters a page can carry; the main roads and the largest of the others stay.
    """
    content: dict[str, Any] = {}
    drawn: dict[str, Shapes] = {}
    left_out: dict[str, tuple[int, int]] = {}
    most = {"buildings": int(budget.max_buildings), "water": int(budget.max_water)}
    for name, layers in presentation().map.background.items():
        shapes, n_all = _layers(results, layers, box, most.get(name))
        if len(shapes) < n_all:
            left_out[name] = (len(shapes), n_all)
        content[name], drawn[name] = _told(shapes, tolerance_m, is_line=name == "rail"), shapes
    if results.has("canonical/streets"):
        streets, n_all = _streets(results, box, int(budget.max_streets))
        content["streets"] = _told_streets(streets, tolerance_m)
        drawn["streets"] = streets[streets["is_main"]].geometry.to_numpy()
        if len(streets) < n_all:
            left_out["streets"] = (len(streets), n_all)
    if results.has("canonical/areas"):
        content["areas"] = areas_within(results.table("canonical/areas"), box, tolerance_m)
    return Background({name: rows for name, rows in content.items() if rows}, drawn, left_out)


def _layers(results: Results, layers: Sequence[str], box: shapely.Geometry, limit: int | None) -> tuple[Shapes, int]:
    """Return the shapes of layers that lie in a box, the largest where there are more than a limit; and how many."""
    kept, n_all = np.array([], dtype=object), 0
    for name in (f"canonical/layers/{layer}" for layer in layers):
        for rows in results.chunks(name, columns=["geometry"]) if results.has(name) else ():
            shapes = rows["geometry"].to_numpy()
            inside = shapes[shapely.intersects(shapes, box)]
            n_all += len(inside)
            kept = np.concatenate([kept, inside])
            if limit is not None and len(kept) > limit:
                kept = kept[np.sort(np.argsort(-shapely.area(kept), kind="stable")[:limit])]
    return kept, n_all


def _told(shapes: Shapes, tolerance_m: float, *, is_line: bool) -> list[Any]:
    """Return shapes for a screen; of a layer of lines only its lines are drawn, of another only its polygons."""
    if not len(shapes):
        return []
    placed = in_degrees(shapes, tolerance_m)
    wanted = shapely.get_dimensions(placed) == (1 if is_line else 2)
    told = lines(placed[wanted]) if is_line else rings(placed[wanted])
    return [part for shape in told for part in shape]


def _streets(results: Results, box: shapely.Geometry, limit: int) -> tuple[Frame, int]:
    """Return the streets in a box that the map draws, the main roads first, and how many there are."""
    kept, n_all = pd.DataFrame(), 0
    for streets in results.chunks("canonical/streets"):
        own = drawn_streets(streets[shapely.intersects(streets.geometry.to_numpy(), box)])
        n_all += len(own)
        kept = drawn_streets(pd.concat([kept, own])).head(limit)
    return kept, n_all


def drawn_streets(streets: Frame) -> Frame:
    """Return the streets that a map draws, the main roads first, with ``is_main``; paths are left out."""
    order = {name: i for i, name in enumerate(_ROAD_ORDER)}
    base = streets["road_class"].astype("object").str.replace("_link", "", regex=False)
    ranked = streets.assign(_rank=base.map(order).astype("float64"))
    kept: Frame = ranked[ranked["_rank"].notna()].sort_values(["_rank", "street_id"], kind="stable")
    return kept.assign(is_main=kept["_rank"].le(_LAST_MAIN)).drop(columns="_rank")


def _told_streets(streets: Frame, tolerance_m: float) -> dict[str, Any]:
    """Return streets as lines: parts of one name and rank stand together, which is what labels need."""
    named = pd.DataFrame({"name": streets["street_name"].fillna(""), "rank": streets["is_main"].astype(int)})
    names: dict[str, int] = {}
    rows: list[list[Any]] = []
    shapes = streets.geometry.to_numpy()
    for key, at in named.groupby(["name", "rank"], sort=True).indices.items():
        name, is_main = key if isinstance(key, tuple) else (key, 0)
        merged = shapely.line_merge(shapely.multilinestrings(_single(shapes[at])))
        parts = lines(in_degrees(np.array([merged], dtype=object), tolerance_m))[0]
        rows += [[int(is_main), names.setdefault(str(name), len(names)), part] for part in parts]
    return {"names": list(names), "lines": rows}


def _single(shapes: Shapes) -> Shapes:
    parts: Shapes = shapely.get_parts(shapes)
    return parts


def areas_within(areas: Frame, box: shapely.Geometry, tolerance_m: float) -> list[dict[str, Any]]:
    """Return areas that touch the box, the largest kind first: their borders near it, bounds, and where a name stands.

    Where an area goes on beyond what is near, no border is drawn: there is none.
    """
    west, south, east, north = shapely.bounds(box)
    beyond = max(east - west, north - south, 1.0) / 20
    margin = shapely.box(west - beyond, south - beyond, east + beyond, north + beyond)
    near = areas[areas["area_kind"].isin(_AREA_ORDER) & shapely.intersects(areas.geometry.to_numpy(), box)]
    order = near["area_kind"].map({kind: i for i, kind in enumerate(_AREA_ORDER)})
    ordered = gpd.GeoDataFrame(near.assign(_order=order).sort_values(["_order", "area_code"], kind="stable"))
    whole = shapely.make_valid(ordered.geometry.to_numpy())
    cut = shapely.intersection(whole, margin)
    inner = shapely.intersection(cut, box)
    anchors = in_degrees(shapely.point_on_surface(np.where(shapely.is_empty(inner), cut, inner)), 0.0)
    places = np.round(shapely.get_coordinates(anchors) * 1e6).astype(int).tolist()
    near_borders = [_lines_of(one) for one in shapely.intersection(shapely.boundary(whole), margin)]
    borders = lines(in_degrees(np.array(near_borders, dtype=object), tolerance_m))
    bounds = boxes(in_degrees(cut, tolerance_m))
    facts: Sequence[Any] = list(zip(ordered["area_kind"], ordered["area_name"], borders, bounds, places, strict=True))
    names = ("kind", "name", "border", "box", "at")
    return [dict(zip(names, (kind, str(name), *rest), strict=True)) for kind, name, *rest in facts]


def _lines_of(shape: shapely.Geometry) -> shapely.Geometry:
    """Return the lines of a shape, merged, without the points where something only touches."""
    parts = shapely.get_parts(shape)
    merged: shapely.Geometry = shapely.line_merge(shapely.multilinestrings(parts[shapely.get_dimensions(parts) == 1]))
    return merged
