"""Homes on existing roofs: buildings and their roof surfaces in; roofs, homes per rule and variant, and reasons out."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from flexsites.capacity.kernels.roof_lift import access_height, is_lift_uncertain, lift_need
from flexsites.capacity.kernels.roof_packing import layout_homes
from flexsites.capacity.kernels.roof_surfaces import roof_levels, usable_roofs
from flexsites.capacity.kernels.roof_verdicts import FAILED, MET, UNKNOWN, asks_at_least, asks_at_most, join_names
from flexsites.capacity.kernels.roofs import flat_share, storeys_from_height
from flexsites.capacity.roof_rules import (
    BOUNDS,
    Answer,
    base_rules,
    flag_rules,
    floats,
    function_rule,
    potential,
    storeys_to_add,
    texts,
    truth,
    whole,
)
from flexsites.config.roofs import RoofRules, TopUpRules
from flexsites.tables import Buildings, Frame, RoofParts, RoofReasons, Roofs, RoofUnits
from flexsites.tables.stage import stage

__all__ = ["roof_reasons", "roof_units", "top_up"]

Floats = NDArray[np.float64]
Geometries = NDArray[np.object_]


@stage(takes=(Buildings, RoofParts), gives=Roofs)
def top_up(buildings: Frame, roof_parts: Frame, *, rules: TopUpRules) -> Frame:
    """Return every building as a roof: what can be used of it, its storeys, its lift, its flags and its verdict.

    Rows are preserved. Verdict and units are those of the headline's age rule and variant; `roof_units` gives all.
    A roof without height, year or roof areas is kept, ``unknown``, its units null. [METHOD 7]

    Parameters
    ----------
    buildings
        One row per building that stands.
    roof_parts
        Surfaces of roofs (LoD2.2), for the buildings that have them; may be empty.
    rules
        The rules for topping up.

    Returns
    -------
        Roofs, in the order of the buildings.
    """
    roofs = _with_roof_areas(buildings, roof_parts, rules.roof)
    roofs = roofs.assign(**_usable(roofs, roof_parts, rules), **_storeys(roofs, rules.roof), **_lift(roofs, rules))
    headline = potential(roofs, *rules.at_headline(), rules)
    roofs = roofs.assign(
        verdict=headline.verdict,
        failed_rules=headline.failed,
        missing_evidence=headline.missing,
        flags=_flags(roofs, rules),
        **{f"n_units_{bound}": whole(headline.units[bound]) for bound in BOUNDS},
    )
    result: Frame = gpd.GeoDataFrame(roofs[Roofs.columns], geometry="geometry", crs=buildings.crs)
    return result


@stage(takes=Roofs, gives=RoofUnits)
def roof_units(roofs: Frame, *, rules: TopUpRules) -> Frame:
    """Return storeys, homes, extra floor area, lift and verdict per roof, age rule and variant.

    Figures of different age rules and variants overlap and are never added.

    Parameters
    ----------
    roofs
        The roofs as `top_up` gives them.
    rules
        The rules for topping up.

    Returns
    -------
        One row per roof, age rule and variant, in the order of the rules, the variants and the roofs.
    """
    frames = []
    same = np.zeros(len(roofs), dtype=np.int64)
    for age_rule in rules.age_rules:
        for variant in rules.variants:
            found = potential(roofs, age_rule, variant, rules)
            numbers = {f"n_storeys_added_{bound}": found.storeys.at(bound) for bound in BOUNDS}
            numbers |= {f"n_units_{bound}": found.units[bound] for bound in BOUNDS}
            numbers["n_units_density"] = found.units_density
            by_layout = found.units_layout < found.units_density
            bound_by = np.where(found.units["expected"] > 0, by_layout.astype(np.int64), -1)
            columns: dict[str, Any] = {
                "bag_pand_id": roofs["bag_pand_id"],
                "age_rule": texts(same, [age_rule.id]),
                "roof_variant": texts(same, [variant.id]),
                "verdict": found.verdict,
                **{name: whole(values) for name, values in numbers.items()},
                "bound_by": texts(bound_by, ["density", "layout"]),
                "extra_floor_area_m2": found.extra_area_m2,
                "lift_measure": found.lift_measure,
                "failed_rules": found.failed,
                "missing_evidence": found.missing,
            }
            frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)[RoofUnits.columns]


@stage(takes=Roofs, gives=RoofReasons)
def roof_reasons(roofs: Frame, *, rules: TopUpRules) -> Frame:
    """Return what every rule says of every roof, met, failed or unknown, with what was observed and asked.

    Parameters
    ----------
    roofs
        The roofs as `top_up` gives them.
    rules
        The rules for topping up.

    Returns
    -------
        One row per roof and rule, in the order of the rules and the roofs.
    """
    answers = [*base_rules(roofs, rules), *_age_answers(roofs, rules), *_variant_answers(roofs, rules)]
    storeys = storeys_to_add(roofs, *rules.at_headline(), rules).expected
    same = np.zeros(len(roofs), dtype=np.int64)
    frames = [
        pd.DataFrame(
            {
                "bag_pand_id": roofs["bag_pand_id"],
                "rule_id": texts(same, [answer.rule_id]),
                "effect": texts(same, [answer.effect]),
                "outcome": texts(answer.outcome.astype(np.int64), ["met", "unknown", "failed"]),
                "observed": answer.observed,
                "limit": answer.limit,
                "evidence": texts(np.where(answer.outcome == UNKNOWN, 0, -1), [answer.evidence]),
            }
        )
        for answer in [*answers, *flag_rules(roofs, rules, storeys)]
    ]
    return pd.concat(frames, ignore_index=True)[RoofReasons.columns]


def _with_roof_areas(buildings: Frame, roof_parts: Frame, roof: RoofRules) -> Frame:
    """Return the buildings with footprint, flat and sloped area; from the surfaces where the attributes lack."""
    is_flat = (roof_parts["slope_deg"] <= float(roof.max_flat_slope_deg)).to_numpy()
    area = floats(roof_parts, "roof_part_area_m2")
    of_flat, of_sloped = (
        pd.Series(area * mask).groupby(roof_parts["bag_pand_id"].to_numpy()).sum() for mask in (is_flat, ~is_flat)
    )
    flat, sloped = floats(buildings, "roof_flat_area_m2"), floats(buildings, "roof_sloped_area_m2")
    is_given = ~np.isnan(flat) & ~np.isnan(sloped)
    flat = np.where(is_given, flat, of_flat.reindex(buildings["bag_pand_id"]).to_numpy())
    sloped = np.where(is_given, sloped, of_sloped.reindex(buildings["bag_pand_id"]).to_numpy())
    share = flat_share(flat, sloped)
    source = texts(np.where(np.isnan(share), -1, is_given.astype(np.int64)), ["surfaces", "attributes"])
    return buildings.assign(
        footprint_area_m2=shapely.area(buildings.geometry.to_numpy()),
        roof_flat_area_m2=flat,
        roof_sloped_area_m2=sloped,
        roof_flat_share=share,
        roof_area_source=source,
    )


def _usable(roofs: Frame, roof_parts: Frame, rules: TopUpRules) -> dict[str, Any]:
    """Return the usable area, what it was measured on, and the homes laid out on one storey.

    The shape is measured only where the flat area reaches the minimum: a smaller roof fails whatever its shape.
    """
    roof, share = rules.roof, floats(roofs, "roof_flat_share")
    known = ~np.isnan(share)
    large = known & (asks_at_least(floats(roofs, "roof_flat_area_m2"), float(roof.min_usable_area_m2)) != FAILED)
    shapes = np.full(len(roofs), shapely.MultiPolygon(), dtype=object)
    flat_parts = _flat_parts(roof_parts, roofs["bag_pand_id"][large], roof)
    with_parts = np.zeros(len(roofs), dtype=bool)
    if len(flat_parts):
        position = pd.Index(roofs["bag_pand_id"]).get_indexer(flat_parts["bag_pand_id"])
        owners, owner = np.unique(position, return_inverse=True)
        with_parts[owners] = True
        shapes[owners] = _usable_surfaces(owner, flat_parts, len(owners), roof)
    on_footprint = large & ~with_parts
    shapes[on_footprint] = _usable_footprints(roofs.geometry.to_numpy()[on_footprint], roof)
    area = shapely.area(shapes) * (1.0 - float(roof.installations_share))
    area = np.where(on_footprint, area * share, area)
    sources = ["footprint", "below_minimum", "surfaces"]
    source = texts(np.select([~known, ~large, with_parts], [-1, 1, 2], default=0), sources)
    # A roof that fails on its flat share or its usable area holds no homes however they are laid out.
    qualifies = large & (asks_at_least(share, float(roof.min_flat_share)) == MET)
    qualifies &= asks_at_least(area, float(roof.min_usable_area_m2)) == MET
    counts = _layouts(shapes, np.where(on_footprint, share, 1.0), qualifies, rules)
    return {"usable_roof_area_m2": np.where(large, area, np.nan), "usable_roof_source": source, **counts}


def _flat_parts(roof_parts: Frame, wanted: pd.Series, roof: RoofRules) -> Frame:
    is_flat = roof_parts["slope_deg"] <= float(roof.max_flat_slope_deg)
    flat = roof_parts[is_flat & roof_parts["bag_pand_id"].isin(wanted)]
    return flat.sort_values(["bag_pand_id", "roof_part"], kind="stable")


def _usable_surfaces(owner: NDArray[np.int64], flat_parts: Frame, n_owners: int, roof: RoofRules) -> Geometries:
    level = roof_levels(owner, floats(flat_parts, "roof_part_height_m_nap"), tolerance_m=float(roof.level_tolerance_m))
    return usable_roofs(
        owner,
        level,
        flat_parts.geometry.to_numpy(),
        n_owners,
        setback_m=float(roof.edge_setback_m),
        slender_m=float(roof.slender_width_m),
        part_area_min_m2=float(roof.min_part_area_m2),
    )


def _usable_footprints(footprints: Geometries, roof: RoofRules) -> Geometries:
    each = np.arange(len(footprints))
    return usable_roofs(
        each,
        each,
        footprints,
        len(footprints),
        setback_m=float(roof.edge_setback_m),
        slender_m=float(roof.slender_width_m),
        part_area_min_m2=float(roof.min_part_area_m2),
    )


def _layouts(shapes: Geometries, share: Floats, wanted: NDArray[np.bool_], rules: TopUpRules) -> dict[str, Any]:
    """Return the homes laid out per storey at each bound; on a footprint less its share that is not flat."""
    units = rules.units
    gross = np.array([units.unit_m2.at(bound) for bound in BOUNDS]) / float(units.form_factor)
    counts = layout_homes(
        shapes[wanted],
        gross,
        depths_m=np.array([float(depth) for depth in units.module_depths_m]),
        row_gap_m=float(units.row_gap_m),
        n_phases=int(units.row_phases),
    )
    columns = {}
    for i, bound in enumerate(BOUNDS):
        homes = np.full(len(shapes), np.nan)
        homes[wanted] = np.floor(counts[:, i] * share[wanted] + 1e-9)
        columns[f"n_layout_{bound}"] = whole(homes)
    return columns


def _storeys(roofs: Frame, roof: RoofRules) -> dict[str, Any]:
    """Return the storeys as given, else from the height, and which of the two."""
    given = floats(roofs, "n_storeys")
    by_height = storeys_from_height(
        floats(roofs, "building_height_m"), storey_height_m=float(roof.existing_storey_height_m)
    )
    storeys = np.where(np.isnan(given), by_height, given)
    by = texts(np.where(np.isnan(storeys), -1, 0), ["height"])
    source = roofs["n_storeys_source"].where(~np.isnan(given), by)
    return {"n_storeys": whole(storeys), "n_storeys_source": source}


def _lift(roofs: Frame, rules: TopUpRules) -> dict[str, Any]:
    """Return the height of the first new front door and whether it needs a lift."""
    lift = rules.lift
    entrance = floats(roofs, "entrance_height_m")
    entrance = np.where(np.isnan(entrance), float(lift.entrance_height_m), entrance)
    first = access_height(
        floats(roofs, "building_height_m") - entrance,
        1,
        build_up_m=float(lift.build_up_m),
        storey_height_m=float(lift.new_storey_height_m),
    )
    near = is_lift_uncertain(first, limit_m=float(lift.limit_m), margin_m=float(lift.margin_m))
    return {
        "access_height_m": first,
        "is_lift_needed": truth(lift_need(first, limit_m=float(lift.limit_m))),
        "is_lift_uncertain": truth(near),
    }


def _flags(roofs: Frame, rules: TopUpRules) -> pd.Series[str]:
    """Return the flags that are raised, and, as <rule>_unknown, those for which evidence is missing."""
    masks: list[NDArray[np.bool_]] = []
    names: list[str] = []
    for answer in flag_rules(roofs, rules, storeys_to_add(roofs, *rules.at_headline(), rules).expected):
        masks += [answer.outcome == FAILED, answer.outcome == UNKNOWN]
        names += [answer.rule_id, f"{answer.rule_id}_unknown"]
    return texts(*join_names(masks, names))


def _age_answers(roofs: Frame, rules: TopUpRules) -> list[Answer]:
    """Return per age rule whether any storey can be added, unknown where year or storeys are."""
    free = next(variant for variant in rules.variants if variant.lift != "strict")
    ones = np.ones(len(roofs))
    answers = []
    for age_rule in rules.age_rules:
        storeys = storeys_to_add(roofs, age_rule, free, rules)
        outcome = asks_at_least(storeys.expected, 1.0)
        # The bounds disagree: the figures of the rule do not decide on this building.
        outcome = np.where((outcome == FAILED) & (storeys.high >= 1), UNKNOWN, outcome).astype(np.int8)
        evidence = "year_built" if age_rule.kind == "by_year" else "year_built, building_height_m, bearing capacity"
        answers.append(Answer(f"storeys_{age_rule.id}", "exclude", outcome, storeys.expected, ones, evidence))
    return answers


def _variant_answers(roofs: Frame, rules: TopUpRules) -> list[Answer]:
    """Return the rules that only some variants ask: function, enough dwellings, a first storey below the lift limit."""
    answers, n = [], len(roofs)
    functions = next((variant.functions_any for variant in rules.variants if variant.functions_any), None)
    if functions is not None:
        answers.append(function_rule(roofs, functions))
    min_dwellings = next((variant.min_dwellings for variant in rules.variants if variant.min_dwellings), None)
    if min_dwellings is not None:
        dwellings, asked = floats(roofs, "n_dwellings"), np.full(n, float(min_dwellings))
        outcome = asks_at_least(dwellings, asked)
        answers.append(Answer("dwellings_min", "exclude", outcome, dwellings, asked, "n_dwellings"))
    access, limit_m = floats(roofs, "access_height_m"), float(rules.lift.limit_m)
    outcome = asks_at_most(access, limit_m)
    outcome[floats(roofs, "is_lift_uncertain") == 1] = UNKNOWN
    answers.append(Answer("lift", "flag", outcome, access, np.full(n, limit_m), "building_height_m, measured"))
    return answers
