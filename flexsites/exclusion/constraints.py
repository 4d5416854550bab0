"""From rules and layers to constraints: which features a rule means, and how far they reach. Nothing is cut here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import shapely

from flexsites.arrays import BoolArray, GeometryArray, IntArray
from flexsites.config.rule_sets import TimeModel
from flexsites.config.rules import (
    ExclusionRule,
    Inside,
    InUse,
    LandUse,
    Listed,
    PlannedCapacity,
    RasterAbove,
    WithinDistance,
)
from flexsites.errors import Fault, FlexsitesError, InputError
from flexsites.exclusion.kernels.built_share import covered_share
from flexsites.exclusion.kernels.faces import Constraint
from flexsites.exclusion.kernels.plan_time import starts_within
from flexsites.exclusion.selection import (
    areas_of,
    attribute_of,
    bears_on,
    figures_by_class,
    geometry_of,
    is_listed,
    of_share,
    select,
    select_bound,
    select_plans,
)
from flexsites.geometry.buffers import grow, joints, strip
from flexsites.geometry.polygons import repair
from flexsites.geometry.robust import NOISE_M2, split, unite
from flexsites.geometry.shared_area import shared_areas
from flexsites.tables import Frame
from flexsites.tables.contract import is_among

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
            covered = _CONSTRAIN[type(rule)](position, rule, parcels, layers, time)
            found += _where_it_holds(covered, rule, parcels, layers)
        except FlexsitesError as error:
            faults += [fault for fault in error.faults if isinstance(fault, Fault)]
    if faults:
        raise InputError(faults)
    return [constraint for constraint in found if len(constraint.polygons)]


def _where_it_holds(found: list[Constraint], rule: ExclusionRule, parcels: Frame, layers: Frame) -> list[Constraint]:
    """Return what a rule covers on the parcels that it is for, and inside (or outside) the layer it is bound to."""
    if rule.where_layer is not None:
        bound = select_bound(layers, rule)[0]
        found = [_bind(one, bound, geometry_of(parcels), is_inside=rule.where_layer.is_inside) for one in found]
    if rule.is_everywhere:
        return found
    holds, _ = bears_on(parcels, rule)
    return [replace(one, is_asked=holds if one.is_asked is None else holds & one.is_asked) for one in found]


def _bind(one: Constraint, bound: GeometryArray, sites: GeometryArray, *, is_inside: bool) -> Constraint:
    """Return a constraint cut to the polygons it is bound to, or to what lies outside them."""
    polygons, only_on = one.polygons, one.only_on
    if one.is_whole and one.is_asked is not None:
        # what takes a parcel as a whole takes, once bound, the part of each that lies there
        only_on = np.flatnonzero(one.is_asked).astype(np.int64)
        polygons = sites[only_on]
    mine, theirs = shapely.STRtree(bound).query(polygons, predicate="intersects")
    near, group = np.unique(mine, return_inverse=True)
    united, _ = unite(bound[theirs], group, len(near))
    inside, outside, _ = split(polygons[near], united)
    cut, keeps = polygons.copy(), np.full(len(polygons), not is_inside)
    cut[near], keeps[near] = (inside, True) if is_inside else (outside, True)
    keeps &= ~shapely.is_empty(cut)
    is_asked = None if one.is_whole else one.is_asked
    return Constraint(one.rule, cut[keeps], is_asked, only_on=None if only_on is None else only_on[keeps])


def _inside(position: int, rule: Inside, _parcels: Frame, layers: Frame, _time: TimeModel) -> list[Constraint]:
    rows = select(layers, rule.layer, rule.where, rule_id=rule.rule_id, where_number=rule.where_number)
    return [Constraint(position, areas_of(of_share(rows, rule), rule))]


def _raster_above(
    position: int, rule: RasterAbove, _parcels: Frame, layers: Frame, _time: TimeModel
) -> list[Constraint]:
    return [Constraint(position, areas_of(select(layers, rule.layer_key, {}, rule_id=rule.rule_id), rule))]


def _within_distance(
    position: int, rule: WithinDistance, _parcels: Frame, layers: Frame, _time: TimeModel
) -> list[Constraint]:
    rows = select(layers, rule.layer, rule.where, rule_id=rule.rule_id, where_number=rule.where_number)
    rows = of_share(rows, rule)
    if rule.distance_m is not None:
        distance = np.full(len(rows), float(rule.distance_m))
    elif rule.by_class is not None and len(rows):
        distance = figures_by_class(rows, rule.by_class, rule.layer, rule.rule_id)
    else:
        distance = np.zeros(0)
    counts = ~np.isnan(distance)
    grown = grow(geometry_of(rows)[counts], distance[counts], quad_segs=rule.quad_segs)
    return [Constraint(position, grown[shapely.get_dimensions(grown) >= _AREA])]


def _planned_capacity(
    position: int, rule: PlannedCapacity, _parcels: Frame, layers: Frame, time: TimeModel
) -> list[Constraint]:
    plans, start, completion = select_plans(layers, rule)
    excludes = starts_within(
        start,
        completion,
        reference=time.reference_year,
        horizon=float(rule.horizon_years or time.horizon_years),
        unknown_starts=rule.unknown_start == "excludes",
        is_open=rule.is_horizon_open,
    )
    return [Constraint(position, plans[excludes])]


def _land_use(position: int, rule: LandUse, parcels: Frame, layers: Frame, _time: TimeModel) -> list[Constraint]:
    if rule.layer is None:
        classes = parcels["land_use"]
        is_asked = (classes.notna() & ~classes.isin(list(rule.candidates))).to_numpy()
        return [Constraint(position, geometry_of(parcels)[is_asked], is_asked, is_whole=True)]
    rows = select(layers, rule.layer, {}, rule_id=rule.rule_id)
    if len(rows):
        classes = attribute_of(rows, rule.attribute, rule.layer, rule.rule_id)
        is_candidate = is_listed(classes, rule.candidates, rule.layer, rule.rule_id)
        rows = rows[classes.notna().to_numpy(dtype=bool) & ~is_candidate]
    return [Constraint(position, areas_of(rows, rule))]


def _listed(position: int, rule: Listed, parcels: Frame, _layers: Frame, _time: TimeModel) -> list[Constraint]:
    is_asked = is_among(parcels["site_id"], pd.Series(rule.parcels, dtype="str"))
    return [Constraint(position, geometry_of(parcels)[is_asked], is_asked, is_whole=True)]


def _in_use(position: int, rule: InUse, parcels: Frame, layers: Frame, _time: TimeModel) -> list[Constraint]:
    rows = select(layers, rule.layer, rule.where, rule_id=rule.rule_id, where_number=rule.where_number)
    if rule.around_m is not None:
        return [_standing(position, rule, parcels, rows)]
    used = geometry_of(rows)
    if rule.width_m is not None and len(rows):
        is_line = shapely.get_dimensions(used) < _AREA
        width = figures_by_class(rows[is_line], rule.width_m, rule.layer, rule.rule_id)
        lines, width = used[is_line][~np.isnan(width)], width[~np.isnan(width)]
        strips = strip(lines, width, quad_segs=rule.quad_segs)
        # What is delivered as land is as wide as it is drawn.
        used = np.concatenate([used[~is_line], strips, joints(lines, width, quad_segs=rule.quad_segs)])
    sites = geometry_of(parcels)
    if rule.built_share is not None:
        is_asked = _has_use(parcels, layers, rule) if rule.on_land_use else np.ones(len(sites), dtype=bool)
        is_full = is_asked.copy()
        is_full[is_asked] = covered_share(sites[is_asked], used) >= float(rule.built_share)
        built = used[shapely.get_dimensions(used) >= _AREA]
        whole = Constraint(position, sites[is_full], is_full, is_whole=True)
        return [whole, Constraint(position, built, is_asked & ~is_full)]
    found = [Constraint(position, used[shapely.get_dimensions(used) >= _AREA])]
    feature, site = _overlap(sites, used, rule)
    has_yard = np.zeros(len(sites), dtype=bool)
    if rule.yard_layer is not None:
        yards = areas_of(select(layers, rule.yard_layer, {}, rule_id=rule.rule_id), rule)
        is_lived_on = np.zeros(len(sites), dtype=bool)
        is_lived_on[site] = True
        has_yard[_overlap(sites, yards, rule)[1]] = True
        has_yard &= is_lived_on
        found.append(Constraint(position, yards, has_yard))
    if rule.yard_buffer_m is not None:
        # a garden ends at the boundary: a parcel does not lose what lies near a dwelling next door
        feature, site = feature[~has_yard[site]], site[~has_yard[site]]
        wide = np.full(len(feature), float(rule.yard_buffer_m))
        around = grow(used[feature], wide, quad_segs=rule.quad_segs)
        found.append(Constraint(position, around, only_on=site))
    return found


def _standing(position: int, rule: InUse, parcels: Frame, rows: Frame) -> Constraint:
    """Return what standing features take, with the strip around the larger, on parcels that it overlaps by enough."""
    used = geometry_of(rows)
    _, feature = np.unique(rows["feature_id"].to_numpy(dtype=str), return_inverse=True)
    area_m2 = np.bincount(feature, weights=shapely.area(used))[feature]
    least_m2 = float(rule.around_from_m2) if rule.around_from_m2 else 0.0
    is_large = (area_m2 >= least_m2) & (shapely.get_dimensions(used) >= _AREA)
    taken = used.copy()
    taken[is_large] = grow(
        used[is_large], np.full(is_large.sum(), float(rule.around_m or 0.0)), quad_segs=rule.quad_segs
    )
    taken = taken[shapely.get_dimensions(taken) >= _AREA]
    which, site = _overlap(geometry_of(parcels), taken, rule)
    return Constraint(position, taken[which], only_on=site)


def _has_use(parcels: Frame, layers: Frame, rule: InUse) -> BoolArray:
    """Return which parcels are of the land use asked: by their own class, or where they carry none by a layer."""
    own = parcels["land_use"]
    has_use = own.isin(list(rule.on_land_use)).to_numpy()
    if rule.land_use_layer is not None and rule.land_use_share is not None:
        rows = select(layers, rule.land_use_layer, {"land_use": rule.on_land_use}, rule_id=rule.rule_id)
        share = covered_share(geometry_of(parcels), areas_of(rows, rule))
        has_use = has_use | (own.isna().to_numpy() & (share >= float(rule.land_use_share)))
    return has_use


def _overlap(sites: GeometryArray, features: GeometryArray, rule: InUse) -> tuple[IntArray, IntArray]:
    """Return the pairs of feature and site that overlap by at least the rule's overlap (a point: anywhere on it)."""
    feature, site = shapely.STRtree(sites).query(features, predicate="intersects")
    is_area = shapely.get_dimensions(features) >= _AREA
    overlaps = ~is_area[feature]
    areal = np.flatnonzero(~overlaps)
    plots, areas = repair(sites)[0], repair(features[is_area])[0]
    nth = np.cumsum(is_area) - 1
    # What only touches shares some rounding.
    least_m2 = max(float(rule.least_overlap_m2) if rule.least_overlap_m2 else 0.0, NOISE_M2)
    overlaps[areal] = shared_areas(plots[site[areal]], areas[nth[feature[areal]]]) >= least_m2
    return feature[overlaps].astype(np.int64), site[overlaps].astype(np.int64)


_CONSTRAIN: dict[type, Callable[..., list[Constraint]]] = {
    Inside: _inside,
    WithinDistance: _within_distance,
    PlannedCapacity: _planned_capacity,
    LandUse: _land_use,
    InUse: _in_use,
    RasterAbove: _raster_above,
    Listed: _listed,
}
