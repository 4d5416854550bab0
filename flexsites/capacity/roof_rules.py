"""The rules for homes on a roof, read from a table of roofs: what each asks, what the roof has, what is missing.

Stage side: knows tables and configuration. The arithmetic is in the kernels beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flexsites.arrays import ListArray
from flexsites.capacity.kernels.roof_lift import access_height, is_lift_uncertain, lift_need, storeys_without_lift
from flexsites.capacity.kernels.roof_verdicts import (
    FAILED,
    UNKNOWN,
    VERDICTS,
    asks_at_least,
    asks_at_most,
    asks_that,
    list_names,
    verdicts,
)
from flexsites.capacity.kernels.roofs import roof_dwellings, roof_extra_area, storeys_by_load, storeys_by_year
from flexsites.config.roofs import AgeRule, LiftRules, RoofVariant, TopUpRules, YearRule
from flexsites.tables import Frame

__all__ = [
    "Answer",
    "Potential",
    "Storeys",
    "base_rules",
    "first_access",
    "flag_rules",
    "floats",
    "function_rule",
    "potential",
    "storeys_to_add",
    "texts",
    "truth",
    "whole",
]

Floats = NDArray[np.float64]
BOUNDS = ("low", "expected", "high")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one rule says of every roof: its outcome, what was observed, what was asked, and the evidence it needs."""

    rule_id: str
    effect: str
    outcome: NDArray[np.int8]
    observed: Floats
    limit: Floats
    evidence: str


@dataclass(frozen=True, slots=True)
class Storeys:
    """Storeys that can be added at the three bounds, NaN where unknown; and the same before the lift had its say."""

    low: Floats
    expected: Floats
    high: Floats
    before_lift: Floats

    def at(self, bound: str) -> Floats:
        """Return the storeys at ``low``, ``expected`` or ``high``."""
        values: Floats = getattr(self, bound)
        return values


@dataclass(frozen=True, slots=True)
class Potential:
    """What one age rule and one variant give on every roof; NaN and None where unknown."""

    verdict: pd.Series[str]
    storeys: Storeys
    units: dict[str, Floats]
    extra_area_m2: Floats
    lift_measure: pd.Series[str]
    failed: ListArray
    missing: ListArray


def floats(frame: Frame, column: str) -> Floats:
    """Return a column as floats, null as NaN, true and false as 1 and 0."""
    values: Floats = frame[column].to_numpy(dtype="float64", na_value=np.nan)
    return values


def whole(values: Floats) -> pd.Series[Any]:
    """Return whole numbers as a nullable column, NaN as null."""
    return pd.Series(values).astype("Int64")


def texts(position: NDArray[np.int64], names: Sequence[str]) -> pd.Series[str]:
    """Return names by their position as a column of text; -1 is null. Far cheaper than a text per row."""
    return pd.Series(pd.array(list(names), dtype="str").take(position, allow_fill=True))


def truth(values: Floats) -> pd.Series[Any]:
    """Return 1 and 0 as a nullable column of true and false, NaN as null."""
    return pd.Series(values).astype("Int64").astype("boolean")


def base_rules(roofs: Frame, rules: TopUpRules) -> tuple[Answer, ...]:
    """Return the rules that hold whatever the age rule and the variant: flat share, and usable area in one part."""
    share, part = floats(roofs, "roof_flat_share"), floats(roofs, "largest_part_area_m2")
    share_min, usable_min = float(rules.roof.min_flat_share), float(rules.roof.min_usable_area_m2)
    # Below the minimum by its flat area or its footprint: an upper bound decides, so the shape was not measured.
    most = np.fmin(floats(roofs, "roof_flat_area_m2"), floats(roofs, "footprint_area_m2"))
    is_bounded = (roofs["usable_roof_source"] == "below_minimum").fillna(value=False).to_numpy(dtype=bool)
    observed = np.where(is_bounded, most, part)
    flat_share_outcome = asks_at_least(share, share_min)
    usable_outcome = np.where(is_bounded, FAILED, asks_at_least(observed, usable_min)).astype(np.int8)
    n = len(roofs)
    return (
        Answer("roof_flat_share", "exclude", flat_share_outcome, share, np.full(n, share_min), "roof_area"),
        Answer("usable_roof_area", "exclude", usable_outcome, observed, np.full(n, usable_min), "roof_area"),
    )


def function_rule(roofs: Frame, allowed: Sequence[str]) -> Answer:
    """Return whether a building has one of the functions: unknown where no units were given, failed where it has none.

    A dwelling counts as its function, so that a number of dwellings alone settles it.
    """
    homes, none = floats(roofs, "n_dwellings"), np.full(len(roofs), np.nan)
    has_some = roofs["functions"].notna().to_numpy()
    told = roofs["functions"].where(has_some, None)
    fits = np.array([one is not None and not set(one).isdisjoint(allowed) for one in told], dtype=bool)
    fits |= (homes > 0) & ("woonfunctie" in allowed)
    is_unknown = np.isnan(homes) & ~has_some
    outcome = asks_that(np.where(is_unknown, np.nan, fits.astype(np.float64)))
    return Answer("functions", "exclude", outcome, none, none, "unit_functions")


def flag_rules(roofs: Frame, rules: TopUpRules, n_storeys: Floats) -> tuple[Answer, ...]:
    """Return what does not exclude: met, failed (so flagged) or unknown, with the evidence that would settle it.

    The plan's height is asked of all storeys that are counted (``n_storeys``), of one where none is or it is unknown.
    """
    flags, n = rules.flags, len(roofs)
    none = np.full(n, np.nan)
    monument = floats(roofs, "is_monument")
    added = np.fmax(n_storeys, 1.0) * float(rules.lift.new_storey_height_m)
    new_top = floats(roofs, "building_height_m") + float(rules.lift.build_up_m) + added
    plan = floats(roofs, "plan_height_limit_m")
    consent = floats(roofs, "consent_share")
    is_tenants = (roofs["owner_class"] == "corporatie").fillna(value=False).to_numpy(dtype=bool)
    # Of an unknown owner the stricter share is asked.
    consent_min = np.where(is_tenants, float(flags.min_tenants_consent), float(flags.min_owners_consent))
    regulated = floats(roofs, "is_parking_regulated")
    served = roofs["transit_class"].isin(flags.parking_relief_classes).to_numpy(dtype="float64")
    served[roofs["transit_class"].isna().to_numpy()] = np.nan
    # Both are needed; one that is known to be absent settles it, whatever the other.
    relief = np.where((regulated == 0) | (served == 0), 0.0, regulated * served)
    is_to_go = roofs["pand_status"].isin(flags.demolition_statuses).to_numpy(dtype="float64")
    standing = np.where(roofs["pand_status"].isna().to_numpy(), np.nan, 1.0 - is_to_go)
    is_sound = np.where(
        roofs["roof_quality"].isna().to_numpy(), np.nan, (roofs["roof_quality"] == "sound").astype(float)
    )
    pv, plant = floats(roofs, "has_pv"), floats(roofs, "has_plant")
    return (
        Answer("monument", flags.monument_effect, asks_that(1.0 - monument), monument, none, "is_monument"),
        Answer(
            "plan_height", flags.plan_height_effect, asks_at_most(new_top, plan), new_top, plan, "plan_height_limit_m"
        ),
        Answer("parking", flags.parking_effect, asks_that(relief), relief, none, "is_parking_regulated, transit_class"),
        Answer(
            "consent", flags.consent_effect, asks_at_least(consent, consent_min), consent, consent_min, "consent_share"
        ),
        Answer("demolition_permit", "flag", asks_that(standing), none, none, "pand_status"),
        Answer("pv", flags.pv_effect, asks_that(1.0 - pv), pv, none, "has_pv"),
        Answer("plant", flags.plant_effect, asks_that(1.0 - plant), plant, none, "has_plant"),
        Answer(
            "roof_quality",
            flags.roof_quality_effect,
            asks_that(is_sound),
            floats(roofs, "roof_rmse_m"),
            none,
            "roof_quality",
        ),
    )


def storeys_to_add(roofs: Frame, age_rule: AgeRule, variant: RoofVariant, rules: TopUpRules) -> Storeys:
    """Return the storeys by the age rule, then by the variant: at most so many, and without a new lift if strict."""
    base = {bound: _storeys_by_age(roofs, age_rule, bound) for bound in BOUNDS}
    if variant.max_storeys is not None:
        base = {bound: np.minimum(storeys, float(variant.max_storeys)) for bound, storeys in base.items()}
    before = base["high"]
    if variant.lift == "strict":
        reach = _storeys_by_lift(roofs, rules.lift)
        base = {bound: np.minimum(storeys, reach[bound]) for bound, storeys in base.items()}
    return Storeys(base["low"], base["expected"], base["high"], before)


def _storeys_by_age(roofs: Frame, age_rule: AgeRule, bound: str) -> Floats:
    year = floats(roofs, "year_built")
    if isinstance(age_rule, YearRule):
        steps = [(float(step.year_from), float(step.n_storeys)) for step in age_rule.steps]
        return storeys_by_year(year, *np.array(steps, dtype=np.float64).T)
    by_load = storeys_by_load(
        floats(roofs, "n_storeys"),
        extra_share=age_rule.extra_share.at(bound),
        existing_kn_m2=float(age_rule.existing_kn_m2),
        light_kn_m2=age_rule.light_kn_m2.at(bound),
        n_storeys_max=float(age_rule.max_storeys),
    )
    is_outside = (year < float(age_rule.year_from)) | (year > float(age_rule.year_until))
    # A building that bears nothing bears nothing whatever its year; one outside the years whatever its storeys.
    return np.where(is_outside | (by_load == 0), 0.0, np.where(np.isnan(year), np.nan, by_load))


def _storeys_by_lift(roofs: Frame, lift: LiftRules) -> dict[str, Floats]:
    """Return how many new storeys can be reached at each bound without placing a lift."""
    storeys = storeys_without_lift(
        first_access(roofs, lift),
        limit_m=float(lift.limit_m),
        margin_m=float(lift.margin_m),
        storey_height_m=float(lift.new_storey_height_m),
    )
    has_lift = floats(roofs, "has_lift")
    # A lift that may be there lets the high bound go on; only one that is there lets the others.
    is_there = {bound: has_lift == 1 if bound != "high" else has_lift != 0 for bound in BOUNDS}
    return {bound: np.where(is_there[bound], np.inf, reached) for bound, reached in zip(BOUNDS, storeys, strict=True)}


def first_access(roofs: Frame, lift: LiftRules) -> Floats:
    """Return how high the front door on the first new storey lies above the main entrance, in m; NaN where unknown."""
    entrance = floats(roofs, "entrance_height_m")
    entrance = np.where(np.isnan(entrance), float(lift.entrance_height_m), entrance)
    return access_height(
        floats(roofs, "building_height_m") - entrance,
        1,
        build_up_m=float(lift.build_up_m),
        storey_height_m=float(lift.new_storey_height_m),
    )


def potential(roofs: Frame, age_rule: AgeRule, variant: RoofVariant, rules: TopUpRules) -> Potential:
    """Return storeys, homes, extra area, lift and verdict of every roof under one age rule and one variant."""
    storeys = storeys_to_add(roofs, age_rule, variant, rules)
    units = _count_homes(roofs, storeys, variant, rules)
    extra = roof_extra_area(
        storeys.expected, floats(roofs, "daylit_roof_area_m2"), form_factor=float(rules.units.form_factor)
    )
    functions = function_rule(roofs, variant.functions_any) if variant.functions_any else None
    failed = _failures(roofs, age_rule, variant, rules, storeys)
    undecided = _undecided(roofs, age_rule, variant, rules, storeys)
    if functions is not None:
        failed["functions"], undecided[functions.evidence] = functions.outcome == FAILED, functions.outcome == UNKNOWN
    if variant.adds_units:
        # A roof that fails on its flat share or its usable area holds none: that alone is the reason.
        is_roof = ~(failed["roof_flat_share"] | failed["usable_roof_area"])
        failed["no_home_fits"] = is_roof & (storeys.high > 0) & (units["high"] == 0)
    missing = _missing(roofs, variant)
    is_missing, is_failed = np.any(list(missing.values()), axis=0), np.any(list(failed.values()), axis=0)
    is_undecided = np.any(list(undecided.values()), axis=0)
    flags = flag_rules(roofs, rules, storeys.expected)
    restricted = [answer.outcome == FAILED for answer in flags if answer.effect == "restrict"]
    is_restricted = np.any([np.zeros(len(roofs), dtype=bool), *restricted], axis=0)
    is_open = is_undecided & ~is_failed
    # What is undecided may be none or all that the high bound gives; which of them is expected, nobody can say.
    in_doubt = {"low": 0.0, "expected": np.nan}

    def answered(values: Floats, bound: str = "expected") -> Floats:
        told = np.where(is_open, in_doubt.get(bound, values), values)
        return np.where(is_failed, 0.0, np.where(is_missing, np.nan, told))

    low, expected, high = (answered(storeys.at(bound), bound) for bound in BOUNDS)
    # Where a rule fails no evidence would help: none is asked for.
    asked = {name: mask & ~is_failed for name, mask in {**missing, **undecided}.items()}
    return Potential(
        texts(
            verdicts(
                is_missing=is_missing, is_failed=is_failed, is_undecided=is_undecided, is_restricted=is_restricted
            ),
            VERDICTS,
        ),
        Storeys(low, expected, high, answered(storeys.before_lift, "high")),
        {bound: answered(values, bound) for bound, values in units.items()},
        answered(extra),
        _lift_measure(roofs, variant, rules.lift, storeys),
        list_names(list(failed.values()), list(failed)),
        list_names(list(asked.values()), list(asked)),
    )


def _count_homes(roofs: Frame, storeys: Storeys, variant: RoofVariant, rules: TopUpRules) -> dict[str, Floats]:
    """Return the homes at the three bounds, by the area where daylight is; none where the variant adds no homes.

    How many stand in rows on a storey is told beside it (``n_layout_*`` of roofs) and bounds nothing. Source: METHOD 7.
    """
    daylit, form_factor = floats(roofs, "daylit_roof_area_m2"), float(rules.units.form_factor)
    units = {}
    for bound in BOUNDS:
        added = storeys.at(bound) if variant.adds_units else storeys.at(bound) * 0.0
        units[bound] = roof_dwellings(added, daylit, form_factor=form_factor, unit_m2=rules.units.unit_m2.at(bound))
    return units


def _failures(
    roofs: Frame, age_rule: AgeRule, variant: RoofVariant, rules: TopUpRules, storeys: Storeys
) -> dict[str, NDArray[np.bool_]]:
    """Return per rule the roofs that fail it on what is known, even where other evidence is missing."""
    failed = {answer.rule_id: answer.outcome == FAILED for answer in base_rules(roofs, rules)}
    failed[f"storeys_{age_rule.id}"] = storeys.before_lift == 0
    if variant.min_dwellings is not None:
        outcome = asks_at_least(floats(roofs, "n_dwellings"), float(variant.min_dwellings))
        failed["dwellings_min"] = outcome == FAILED
    if variant.lift == "strict":
        # Known of a tall building without a lift whatever its year.
        failed["lift_needed"] = (_storeys_by_lift(roofs, rules.lift)["high"] == 0) & (storeys.before_lift != 0)
    return failed


def _missing(roofs: Frame, variant: RoofVariant) -> dict[str, NDArray[np.bool_]]:
    """Return per piece of required evidence the roofs that lack it."""
    columns = {"roof_area": "roof_flat_share", "building_height": "building_height_m"}
    return {
        evidence: roofs[columns.get(evidence, evidence)].isna().to_numpy(dtype=bool)
        for evidence in variant.required_evidence
    }


def _undecided(
    roofs: Frame, age_rule: AgeRule, variant: RoofVariant, rules: TopUpRules, storeys: Storeys
) -> dict[str, NDArray[np.bool_]]:
    """Return what would have to be known where what is known does not decide whether any home can be added.

    The bounds disagree (the age rule's figures, a lift that may be there), or the first door lies so near the lift's
    limit that measuring decides, whichever side the figure falls on.
    """
    opens = (storeys.expected == 0) & (storeys.high > 0)
    by_age = _storeys_by_age(roofs, age_rule, "expected") == 0
    near = is_lift_uncertain(
        first_access(roofs, rules.lift), limit_m=float(rules.lift.limit_m), margin_m=float(rules.lift.margin_m)
    )
    if variant.lift == "strict":
        opens |= (near == 1) & (storeys.low == 0) & (storeys.high > 0)
    is_asked = roofs["has_lift"].isna().to_numpy(dtype=bool)
    return {
        "bearing_capacity": opens & by_age,
        "measured_height": opens & ~by_age & (near == 1),
        "has_lift": opens & ~by_age & is_asked,
    }


def _lift_measure(roofs: Frame, variant: RoofVariant, lift: LiftRules, storeys: Storeys) -> pd.Series[str]:
    """Return what is done about a lift for the highest new storey; None where height or lift are unknown."""
    if variant.lift == "not_needed":
        return texts(np.zeros(len(roofs), dtype=np.int64), ["none"])
    n_top = np.where(storeys.expected > 0, storeys.expected, np.minimum(1.0, storeys.before_lift))
    top = first_access(roofs, lift) + (np.maximum(n_top, 1.0) - 1.0) * float(lift.new_storey_height_m)
    need = lift_need(top, limit_m=float(lift.limit_m))
    near = is_lift_uncertain(top, limit_m=float(lift.limit_m), margin_m=float(lift.margin_m))
    has_lift = floats(roofs, "has_lift")
    placed = "not_allowed" if variant.lift == "strict" else "demountable"
    placed = "new" if variant.lift == "cost" and variant.construction == "permanent" else placed
    names = ["existing", "uncertain", "none", placed]
    cases = [np.isnan(need), has_lift == 1, near == 1, need == 0, (need == 1) & (has_lift == 0)]
    return texts(np.select(cases, [-1, 0, 1, 2, 3], default=-1), names)
