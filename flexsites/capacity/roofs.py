"""Homes on existing roofs: buildings and their roof surfaces in; roofs, homes per rule and variant, and reasons out."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flexsites.arrays import ListArray
from flexsites.capacity.kernels.roof_blocks import BLOCK_TYPES, block_types
from flexsites.capacity.kernels.roof_lift import is_lift_uncertain, lift_need
from flexsites.capacity.kernels.roof_verdicts import FAILED, UNKNOWN, asks_at_least, asks_at_most, list_names
from flexsites.capacity.kernels.roofs import storeys_from_height
from flexsites.capacity.roof_areas import roof_areas, usable_areas
from flexsites.capacity.roof_rules import (
    BOUNDS,
    Answer,
    base_rules,
    first_access,
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


@stage(takes=(Buildings, RoofParts), gives=Roofs)
def top_up(buildings: Frame, roof_parts: Frame, *, rules: TopUpRules) -> Frame:
    """Return every building as a roof: what can be used of it, its storeys, its lift, its flags and its verdict.

    Rows are preserved. Verdict and units are those of the headline's age rule and variant; `roof_units` gives all.
    A roof that fails a rule on what is known is ``excluded``, whatever else is missing; one that fails none and lacks
    height, year or roof areas is kept, ``unknown``, its units null. [METHOD 0, 7]

    Parameters
    ----------
    buildings
        One row per building that stands, with those whose walls they share: a shared wall is no facade.
    roof_parts
        Surfaces of roofs (LoD2.2), for the buildings that have them; may be empty.
    rules
        The rules for topping up.

    Returns
    -------
        Roofs, in the order of the buildings.

    Examples
    --------
    >>> from flexsites.capacity.roofs import top_up
    >>> from flexsites.tables import Buildings, RoofParts, empty
    >>> from flexsites.tables.own import own
    >>> from flexsites.worlds.plain import demo, plot
    >>> block = own(
    ...     Buildings, [plot(width_m=60, depth_m=12)], bag_pand_id=["1"], year_built=1970, n_dwellings=32,
    ...     building_height_m=11.2, roof_flat_area_m2=720, roof_sloped_area_m2=0, has_lift=False, is_monument=False,
    ...     pand_status="Pand in gebruik",
    ... )
    >>> rules = demo().top_up
    >>> roofs = top_up(block, empty(RoofParts), rules=rules)
    >>> roofs[["bag_pand_id", "n_storeys", "verdict", "n_units_expected"]].to_numpy().tolist()
    [['1', 4, 'eligible', 8]]
    """
    roofs = roof_areas(buildings, roof_parts, rules=rules.roof)
    roofs = roofs.assign(
        block_type=_block_types(roofs, rules),
        **usable_areas(roofs, roof_parts, rules=rules),
        **_storeys(roofs, rules.roof),
        **_lift(roofs, rules),
    )
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

    Examples
    --------
    >>> from flexsites.capacity.roofs import roof_units, top_up
    >>> from flexsites.tables import Buildings, RoofParts, empty
    >>> from flexsites.tables.own import own
    >>> from flexsites.worlds.plain import demo, plot
    >>> block = own(
    ...     Buildings, [plot(width_m=60, depth_m=12)], bag_pand_id=["1"], year_built=1970, n_dwellings=32,
    ...     building_height_m=11.2, roof_flat_area_m2=720, roof_sloped_area_m2=0, has_lift=False, is_monument=False,
    ...     pand_status="Pand in gebruik",
    ... )
    >>> rules = demo().top_up
    >>> units = roof_units(top_up(block, empty(RoofParts), rules=rules), rules=rules)
    >>> units[["age_rule", "roof_variant", "n_storeys_added_expected", "n_units_expected"]].iloc[:1].to_numpy().tolist()
    [['load_1999', 'permanent_strict', 1, 8]]
    """
    frames = []
    same = np.zeros(len(roofs), dtype=np.int64)
    for age_rule in rules.age_rules:
        for variant in rules.variants:
            found = potential(roofs, age_rule, variant, rules)
            numbers = {f"n_storeys_added_{bound}": found.storeys.at(bound) for bound in BOUNDS}
            numbers |= {f"n_units_{bound}": found.units[bound] for bound in BOUNDS}
            columns: dict[str, Any] = {
                "bag_pand_id": roofs["bag_pand_id"],
                "age_rule": texts(same, [age_rule.id]),
                "roof_variant": texts(same, [variant.id]),
                "block_type": roofs["block_type"],
                "roof_quality": roofs["roof_quality"],
                "verdict": found.verdict,
                **{name: whole(values) for name, values in numbers.items()},
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

    Examples
    --------
    >>> from flexsites.capacity.roofs import roof_reasons, top_up
    >>> from flexsites.tables import Buildings, RoofParts, empty
    >>> from flexsites.tables.own import own
    >>> from flexsites.worlds.plain import demo, plot
    >>> block = own(
    ...     Buildings, [plot(width_m=60, depth_m=12)], bag_pand_id=["1"], year_built=1970, n_dwellings=32,
    ...     building_height_m=11.2, roof_flat_area_m2=720, roof_sloped_area_m2=0, has_lift=False, is_monument=False,
    ...     pand_status="Pand in gebruik",
    ... )
    >>> rules = demo().top_up
    >>> reasons = roof_reasons(top_up(block, empty(RoofParts), rules=rules), rules=rules)
    >>> reasons[["rule_id", "outcome", "observed", "limit"]].iloc[:1].to_numpy().tolist()
    [['roof_flat_share', 'met', 1.0, 0.75]]
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


def _block_types(roofs: Frame, rules: TopUpRules) -> pd.Series[str]:
    """Return what the units of each building are used for."""
    functions = [one if isinstance(one, tuple) else None for one in roofs["functions"]]
    homes, others = floats(roofs, "n_dwellings"), floats(roofs, "n_other_units")
    return texts(block_types(functions, homes, others, by_function=rules.blocks.by_function()), BLOCK_TYPES)


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
    first = first_access(roofs, lift)
    near = is_lift_uncertain(first, limit_m=float(lift.limit_m), margin_m=float(lift.margin_m))
    return {
        "access_height_m": first,
        "is_lift_needed": truth(lift_need(first, limit_m=float(lift.limit_m))),
        "is_lift_uncertain": truth(near),
    }


def _flags(roofs: Frame, rules: TopUpRules) -> ListArray:
    """Return the flags that are raised, and, as <rule>_unknown, those for which evidence is missing."""
    masks: list[NDArray[np.bool_]] = []
    names: list[str] = []
    for answer in flag_rules(roofs, rules, storeys_to_add(roofs, *rules.at_headline(), rules).expected):
        masks += [answer.outcome == FAILED, answer.outcome == UNKNOWN]
        names += [answer.rule_id, f"{answer.rule_id}_unknown"]
    return list_names(masks, names)


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
    dwellings_min = next((variant.min_dwellings for variant in rules.variants if variant.min_dwellings), None)
    if dwellings_min is not None:
        dwellings, asked = floats(roofs, "n_dwellings"), np.full(n, float(dwellings_min))
        outcome = asks_at_least(dwellings, asked)
        answers.append(Answer("dwellings_min", "exclude", outcome, dwellings, asked, "n_dwellings"))
    access, limit_m = floats(roofs, "access_height_m"), float(rules.lift.limit_m)
    outcome = asks_at_most(access, limit_m)
    outcome[floats(roofs, "is_lift_uncertain") == 1] = UNKNOWN
    answers.append(Answer("lift", "flag", outcome, access, np.full(n, limit_m), "building_height_m, measured"))
    return answers
