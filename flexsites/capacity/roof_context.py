"""What a building is told by what lies around it: owner, transit, plan height, monument, parking, PV and plant.

From the same sources as parcels: the owner of the ground, layers of the run and their coverage, stops and streets. What
the tables of buildings say themselves (``buildings.known``) stands before it.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from flexsites.capacity.roof_rules import truth
from flexsites.config.roofs import ContextLayer, ContextRules
from flexsites.geometry.robust import intersect, unite_all
from flexsites.tables import Buildings, Coverages, Frame, Layers, Parcels, RoofTransit
from flexsites.tables.stage import stage

__all__ = ["join_context"]

Floats = NDArray[np.float64]

_UNKNOWN_OWNER = "onbekend"


@stage(takes=(Buildings, Parcels, Layers, Coverages, RoofTransit), gives=Buildings)
def join_context(
    buildings: Frame, parcels: Frame, layers: Frame, coverages: Frame, transit: Frame, *, rules: ContextRules
) -> Frame:
    """Fill in what the buildings' own tables leave null, in space and by BAG id.

    Parameters
    ----------
    buildings
        One row per building that stands.
    parcels
        The parcels below them, with their owner classes; may be empty.
    layers
        Layers of the run around them.
    coverages
        Where each layer says anything: outside it a building that it does not name is unknown, not a no.
    transit
        The class of service quality of each building; may be empty.
    rules
        Which layer says what.

    Returns
    -------
        The buildings, rows and order preserved. ``owner_class``: of the parcels that hold most of the footprint.
        ``plan_height_limit_m``: the least of the limits that apply. ``is_monument``: named by its BAG id.
        ``is_parking_regulated``, ``has_pv``, ``has_plant``: something of the layer lies on it.

    Examples
    --------
    >>> from flexsites.capacity.roof_context import join_context
    >>> from flexsites.tables import Buildings, Coverages, Layers, Parcels, RoofTransit, empty
    >>> from flexsites.worlds.plain import demo, plain, plot
    >>> building = plain(Buildings, [plot(20, width_m=10, depth_m=10)], bag_pand_id=["1"])
    >>> parcel = plain(Parcels, [plot()], site_id=["a"], owner_class="corporatie")
    >>> filled = join_context(
    ...     building, parcel, empty(Layers), empty(Coverages), empty(RoofTransit), rules=demo().top_up.context
    ... )
    >>> filled[["owner_class", "is_monument"]].to_numpy().tolist()  # no register of monuments: unknown
    [['corporatie', <NA>]]
    """
    given = transit.set_index("bag_pand_id")["transit_class"].reindex(buildings["bag_pand_id"])
    told: dict[str, pd.Series[Any]] = {
        "owner_class": _owner_classes(buildings, parcels, rules),
        "transit_class": pd.Series(given.to_numpy(dtype=object), dtype="str"),
        "plan_height_limit_m": pd.Series(_least(buildings, layers, rules.plan_height, rules)),
        "is_monument": _named(buildings, layers, coverages, rules.monuments),
    }
    for column, layer in (
        ("is_parking_regulated", rules.parking),
        ("has_pv", rules.pv),
        ("has_plant", rules.plant),
    ):
        told[column] = _met(buildings, layers, coverages, layer, rules)
    joined = {name: buildings[name].where(buildings[name].notna(), values) for name, values in told.items()}
    filled: Frame = gpd.GeoDataFrame(buildings.assign(**joined), geometry="geometry", crs=buildings.crs)
    return filled


def _owner_classes(buildings: Frame, parcels: Frame, rules: ContextRules) -> pd.Series[str]:
    """Return the class of owner of the ground below each building; null where none is known to hold enough of it."""
    owned = parcels[parcels["owner_class"].notna() & (parcels["owner_class"] != _UNKNOWN_OWNER)]
    footprints = buildings.geometry.to_numpy()
    at, on = shapely.STRtree(owned.geometry.to_numpy()).query(footprints, predicate="intersects")
    if len(at) == 0:
        return pd.Series(None, index=buildings.index, dtype="str")
    area = shapely.area(intersect(footprints[at], owned.geometry.to_numpy()[on])[0])
    share = pd.DataFrame(
        {"at": at, "owner": owned["owner_class"].to_numpy()[on], "share": area / _areas(footprints)[at]}
    )
    by_class: pd.DataFrame = share.groupby(["at", "owner"])["share"].sum().reset_index()
    by_class = by_class.sort_values(["at", "share", "owner"], ascending=[True, False, True]).drop_duplicates("at")
    enough = by_class[by_class["share"] >= float(rules.min_owner_share) - 1e-9]
    owners = np.full(len(buildings), None, dtype=object)
    owners[enough["at"].to_numpy()] = enough["owner"].to_numpy(dtype=object)
    return pd.Series(owners, index=buildings.index, dtype="str")


def _areas(shapes: NDArray[np.object_]) -> Floats:
    return np.maximum(shapely.area(shapes), 1e-9)


def _overlaps(buildings: Frame, rows: Frame, rules: ContextRules) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of building and feature that share more than the least area; points and lines need none."""
    footprints, shapes = buildings.geometry.to_numpy(), rows.geometry.to_numpy()
    at, on = shapely.STRtree(shapes).query(footprints, predicate="intersects")
    shared = shapely.area(intersect(footprints[at], shapes[on])[0])
    is_enough = (shared >= float(rules.min_overlap_m2)) | (shapely.get_dimensions(shapes[on]) < 2)  # noqa: PLR2004
    return at[is_enough], on[is_enough]


def _least(buildings: Frame, layers: Frame, source: ContextLayer, rules: ContextRules) -> Floats:
    """Return the least number that any feature on the building gives in the source's column; NaN where none does."""
    least = np.full(len(buildings), np.inf)
    rows = _rows_of(layers, source)
    if rows is not None and source.column is not None:
        at, on = _overlaps(buildings, rows, rules)
        values = pd.to_numeric(rows[source.column], errors="coerce").to_numpy(dtype="float64", na_value=np.nan)[on]
        np.minimum.at(least, at[~np.isnan(values)], values[~np.isnan(values)])
    return np.where(np.isinf(least), np.nan, least)


def _met(
    buildings: Frame, layers: Frame, coverages: Frame, source: ContextLayer, rules: ContextRules
) -> pd.Series[Any]:
    """Return true where something of the layer lies on the building, false where the layer covers it, else null."""
    is_met = np.where(_covered(buildings, coverages, source.layer), 0.0, np.nan)
    rows = _rows_of(layers, source)
    if rows is not None:
        is_met[_overlaps(buildings, rows, rules)[0]] = 1.0
    return truth(is_met)


def _named(buildings: Frame, layers: Frame, coverages: Frame, source: ContextLayer) -> pd.Series[Any]:
    """Return true where the layer names the building's BAG id, false where it covers the building, else null."""
    is_named = np.where(_covered(buildings, coverages, source.layer), 0.0, np.nan)
    rows = _rows_of(layers, source)
    if rows is not None and source.column is not None:
        ids = rows[source.column].astype("str").str.extract(r"(\d{16})$", expand=False)
        is_named[buildings["bag_pand_id"].isin(ids.dropna()).to_numpy(dtype=bool)] = 1.0
    return truth(is_named)


def _rows_of(layers: Frame, source: ContextLayer) -> Frame | None:
    """Return the rows of a source; None where the run has none, or none here with what the source is asked for."""
    rows: Frame = layers[layers["layer"] == source.layer].reset_index(drop=True)
    return rows if len(rows) and (source.column is None or source.column in rows) else None


def _covered(buildings: Frame, coverages: Frame, layer: str) -> NDArray[np.bool_]:
    """Return which buildings lie where the layer speaks in full."""
    speaks = coverages[(coverages["layer"] == layer) & (coverages["coverage"] == "covered")]
    whole = unite_all(speaks.geometry.to_numpy())
    shapely.prepare(whole)
    return np.asarray(shapely.covers(whole, buildings.geometry.to_numpy()), dtype=bool)
