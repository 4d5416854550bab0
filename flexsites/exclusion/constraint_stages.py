"""From rules and layers to constraints: which features a rule means, and how far they reach. Nothing is cut here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from flexsites.config.rule_sets import TimeModel
from flexsites.config.rules import (
    ByClass,
    ExclusionRule,
    Inside,
    InUse,
    LandUse,
    PlannedCapacity,
    RasterAbove,
    Where,
    WithinDistance,
)
from flexsites.errors import Fault, FlexsitesError, InputError
from flexsites.exclusion.built_share import covered_share
from flexsites.exclusion.overlay import Constraint
from flexsites.exclusion.plan_time import as_year, starts_within
from flexsites.geometry.buffers import grow, strip
from flexsites.geometry.robust import intersect
from flexsites.geometry.types import BoolArray, FloatArray, GeometryArray
from flexsites.tables import Frame

_AREA = 2


def constrain(parcels: Frame, layers: Frame, *, rules: tuple[ExclusionRule, ...], time: TimeModel) -> list[Constraint]:
    """Return what the rules cover, in rule order; a rule whose layer has no row here gives nothing.

    Parameters
    ----------
    parcels
        The parcels asked: rules on use are decided per parcel.
    layers
        Layers, sorted by key: the order of features is the order of the overlay.
    rules
        The rules, in order.
    time
        Reference date and horizon, for planned capacity.

    Raises
    ------
    InputError
        With every fault: a where-clause on an absent attribute, lines where areas are needed.
    """
    found: list[Constraint] = []
    faults: list[Fault] = []
    for position, rule in enumerate(rules):
        try:
            found += _CONSTRAIN[type(rule)](position, rule, parcels, layers, time)
        except FlexsitesError as error:
            faults += [fault for fault in error.faults if isinstance(fault, Fault)]
    if faults:
        raise InputError(faults)
    return [constraint for constraint in found if len(constraint.polygons)]


def select(layers: Frame, layer: str, where: Where, *, rule_id: str) -> Frame:
    """Return the rows of a layer that a where-clause means.

    Raises
    ------
    InputError
        If the clause names an attribute that no layer has.
    """
    rows = layers[layers["layer"] == layer]
    if len(rows):
        for attribute, values in where.items():
            rows = rows[_attribute(rows, attribute, layer, rule_id).isin(list(values)).to_numpy(dtype=bool)]
    return rows


def select_plans(layers: Frame, rule: PlannedCapacity) -> tuple[GeometryArray, FloatArray, FloatArray]:
    """Return the polygons of the plans that a rule counts, their start and their completion year (NaN: unknown)."""
    rows = select(layers, rule.layer, {"plan_hardness": rule.plan_hardness}, rule_id=rule.rule_id)
    if not len(rows):
        return np.array([], dtype=object), np.zeros(0), np.zeros(0)
    years = [_number(rows, name, rule) for name in ("plan_start_year", "plan_completion_year")]
    return _areas(rows, rule), years[0], years[1]


def _attribute(rows: Frame, name: str, layer: str, rule_id: str) -> pd.Series[Any]:
    if name not in rows.columns:  # all null is no fault: a cell may hold only features of which it is unknown
        known = [column for column in rows.columns if column not in ("layer", "feature_id", "part", "geometry")]
        known = [column for column in known if rows[column].notna().any()]
        remedy = f"keep it in the source's entry, or use one of {', '.join(known) or '(none)'}"
        raise InputError(Fault(f"rule {rule_id} asks for '{name}', which this layer does not have", layer, remedy))
    return rows[name]


def _number(rows: Frame, name: str, rule: PlannedCapacity) -> FloatArray:
    if name not in rows.columns:
        remedy = "keep it in the source's entry (null where it is unknown)"
        raise InputError(Fault(f"rule {rule.rule_id} needs '{name}'", rule.layer, remedy))
    return np.asarray(rows[name].astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)


def _geometry(rows: Frame) -> GeometryArray:
    return np.asarray(gpd.GeoSeries(rows["geometry"]).to_numpy(), dtype=object)


def _areas(rows: Frame, rule: ExclusionRule) -> GeometryArray:
    geometry = _geometry(rows)
    is_area = shapely.get_dimensions(geometry) >= _AREA
    if not is_area.all():
        ids = list(rows["feature_id"][~is_area].head(3))
        what = f"rule {rule.rule_id} ({rule.kind}) needs polygons"
        remedy = "use within_distance, or in_use with width_m for lines"
        raise InputError(Fault(what, str(rule.layer_key), remedy, int((~is_area).sum()), ids))
    return geometry


def _by_class(rows: Frame, figures: ByClass, layer: str, rule_id: str) -> FloatArray:
    """Return one figure per row, NaN for a class that does not count (or is unknown and has no ``other``)."""
    classes = _attribute(rows, figures.attribute, layer, rule_id)
    other = float(figures.other) if figures.other else np.nan
    known = {name: float(figure) for name, figure in figures.values.items()}
    names = [f"{value:g}" if isinstance(value, float) else str(value) for value in classes]
    return np.array([known.get(name, other) for name in names], dtype=np.float64)


def _inside(position: int, rule: Inside, _parcels: Frame, layers: Frame, _time: TimeModel) -> list[Constraint]:
    rows = select(layers, rule.layer, rule.where, rule_id=rule.rule_id)
    return [Constraint(position, _areas(rows, rule))]


def _raster_above(
    position: int, rule: RasterAbove, _parcels: Frame, layers: Frame, _time: TimeModel
) -> list[Constraint]:
    return [Constraint(position, _areas(select(layers, rule.layer_key, {}, rule_id=rule.rule_id), rule))]


def _within_distance(
    position: int, rule: WithinDistance, _parcels: Frame, layers: Frame, _time: TimeModel
) -> list[Constraint]:
    rows = select(layers, rule.layer, rule.where, rule_id=rule.rule_id)
    if rule.distance_m is not None:
        distance = np.full(len(rows), float(rule.distance_m))
    elif rule.by_class is not None and len(rows):
        distance = _by_class(rows, rule.by_class, rule.layer, rule.rule_id)
    else:
        distance = np.zeros(0)
    counts = ~np.isnan(distance)
    grown = grow(_geometry(rows)[counts], distance[counts], quad_segs=rule.quad_segs)
    return [Constraint(position, grown[shapely.get_dimensions(grown) >= _AREA])]


def _planned_capacity(
    position: int, rule: PlannedCapacity, _parcels: Frame, layers: Frame, time: TimeModel
) -> list[Constraint]:
    plans, start, completion = select_plans(layers, rule)
    excludes = starts_within(
        start,
        completion,
        reference=as_year(time.reference_date),
        horizon=float(rule.horizon_years or time.horizon_years),
        unknown_starts=rule.unknown_start == "excludes",
    )
    return [Constraint(position, plans[excludes])]


def _land_use(position: int, rule: LandUse, parcels: Frame, layers: Frame, _time: TimeModel) -> list[Constraint]:
    if rule.layer is None:
        classes = parcels["land_use"]
        is_asked = (classes.notna() & ~classes.isin(list(rule.candidates))).to_numpy(dtype=bool)
        return [Constraint(position, _geometry(parcels)[is_asked], is_asked, is_whole=True)]
    rows = select(layers, rule.layer, {}, rule_id=rule.rule_id)
    if len(rows):
        classes = _attribute(rows, rule.attribute, rule.layer, rule.rule_id)
        rows = rows[(classes.notna() & ~classes.isin(list(rule.candidates))).to_numpy(dtype=bool)]
    return [Constraint(position, _areas(rows, rule))]


def _in_use(position: int, rule: InUse, parcels: Frame, layers: Frame, _time: TimeModel) -> list[Constraint]:
    rows = select(layers, rule.layer, rule.where, rule_id=rule.rule_id)
    used = _geometry(rows)
    if rule.width_m is not None and len(rows):
        width = _by_class(rows, rule.width_m, rule.layer, rule.rule_id)
        used = strip(used[~np.isnan(width)], width[~np.isnan(width)], quad_segs=rule.quad_segs)
    sites = _geometry(parcels)
    if rule.built_share is not None:
        is_asked = covered_share(sites, used) >= float(rule.built_share)
        if rule.on_land_use:
            is_asked &= parcels["land_use"].isin(list(rule.on_land_use)).to_numpy(dtype=bool)
        return [Constraint(position, sites[is_asked], is_asked, is_whole=True)]
    found = [Constraint(position, used[shapely.get_dimensions(used) >= _AREA])]
    has_yard = np.zeros(len(sites), dtype=bool)
    if rule.yard_layer is not None:
        yards = _areas(select(layers, rule.yard_layer, {}, rule_id=rule.rule_id), rule)
        has_yard = _overlap(sites, yards, rule) & _overlap(sites, used, rule)
        found.append(Constraint(position, yards, has_yard))
    if rule.yard_buffer_m is not None:
        around = grow(used, np.full(len(used), float(rule.yard_buffer_m)), quad_segs=rule.quad_segs)
        found.append(Constraint(position, around, ~has_yard))
    return found


def _overlap(sites: GeometryArray, features: GeometryArray, rule: InUse) -> BoolArray:
    """Return which sites a feature lies on by at least the rule's overlap (a point: anywhere on it)."""
    feature, site = shapely.STRtree(sites).query(features, predicate="intersects")
    is_area = shapely.get_dimensions(features[feature]) >= _AREA
    shared, _ = intersect(sites[site[is_area]], features[feature[is_area]])
    least = float(rule.least_overlap_m2) if rule.least_overlap_m2 else 0.0
    overlaps = np.zeros(len(sites), dtype=bool)
    overlaps[site[~is_area]] = True
    overlaps[site[is_area][(shapely.area(shared) >= least) & ~shapely.is_empty(shared)]] = True
    return overlaps


_CONSTRAIN: dict[type, Callable[..., list[Constraint]]] = {
    Inside: _inside,
    WithinDistance: _within_distance,
    PlannedCapacity: _planned_capacity,
    LandUse: _land_use,
    InUse: _in_use,
    RasterAbove: _raster_above,
}
