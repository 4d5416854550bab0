"""The drop table: what each rule takes from the land.

Two figures per rule and one more: what it covers alone, what it takes first in the order of the rules, and what only
it takes. The first says how much a rule matters, the last how much would come back if it were gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from flexsites.reporting.summaries.sums import Sum, amounts_of, exact
from flexsites.tables import Frame

_AREA_TOLERANCE_M2 = 0.01
_M2_PER_HA = 10_000.0
_TAKING = ("exclude", "test")
_ABOUT = ["rule_id", "effect", "hardness"]
_COVERED = ("covered_area_m2", "attributed_area_m2", "unique_area_m2")
_WHOLE = ("n_sites_covered", "n_sites_lost_first", "n_sites_lost_only")
_COUNTED = (_WHOLE[0], *_COVERED, *_WHOLE[1:], "parcel_area_m2_lost_first")


def drop_table(
    sites: Frame,
    reasons: Frame,
    near_misses: Frame | None = None,
    *,
    rule_coverage: Frame,
    rule_order: Sequence[str] = (),
    homes_per_ha: float | None = None,
) -> Frame:
    """Tell per rule what it takes.

    Parameters
    ----------
    sites
        Sites, key ``site_id``.
    reasons
        Reasons, key ``(site_id, rule_id)``: areas in m2, where a rule covers any.
    near_misses
        NearMisses: the pieces that would come back if just one rule went.
    rule_coverage
        RuleCoverage: the rules whose source does not cover parcels in full, per combination that sites name.
    rule_order
        The rules in the order they were applied; rules not named follow, sorted. Piece tests come last by nature.
    homes_per_ha
        The common programme per gross hectare; None: not known.

    Returns
    -------
        Key ``rule_id``, in order: ``order``, ``effect``, ``hardness``, ``n_sites_covered`` (it covers some of them),
        ``covered_area_m2``, ``attributed_area_m2``, ``unique_area_m2``, ``n_sites_lost_first`` (excluded sites whose
        last land it took, in order), ``n_sites_lost_only`` (excluded sites that no other rule touches), ``*_lost_*``
        in ``parcel_area_m2_lost_first``; and, null where near misses were not looked for or not for this rule,
        ``n_sites_near_miss``, ``near_miss_area_m2`` and ``n_common_near_miss``: sites that would be eligible if just
        this rule went (excluded ones, and conditional ones where it restricts), and the common programme of that land.
        ``n_sites_not_covered``: sites about which the rule's source says nothing, or not all; where that is every
        site, what the rule takes is at least what is told, and null (unknown) where that is nothing.

    Notes
    -----
    Laws: attributed areas add up to parcel area less buildable area; ``n_sites_lost_first`` adds up to the excluded
    sites; unique <= attributed <= covered for every excluding rule.
    """
    part = part_of_drop(sites, reasons, rule_order=rule_order)
    near = None if near_misses is None else part_of_near_misses(near_misses)
    return join_drop(
        [part], None if near is None else [near],
        rule_coverage=rule_coverage, rule_order=rule_order, homes_per_ha=homes_per_ha,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class DropPart:
    """What some sites, or near misses, add to the drop table.

    Attributes
    ----------
    rules
        Whole numbers per rule.
    about
        Of each rule its effect and hardness.
    alike
        Sites per ``rule_coverage_id``.
    """

    rules: Frame
    about: Frame
    alike: Frame


def part_of_drop(sites: Frame, reasons: Frame, *, rule_order: Sequence[str] = ()) -> DropPart:
    """Return what some sites add to the drop table; ``reasons`` are all of theirs."""
    about = pd.DataFrame(reasons[_ABOUT]).drop_duplicates("rule_id")
    order = _complete(rule_order, about.set_index("rule_id")["effect"])
    ranked = reasons.assign(_order=reasons["rule_id"].map({rule: i for i, rule in enumerate(order)}))
    ranked = ranked.sort_values(["site_id", "_order"], kind="stable")
    covered = {"n_sites_covered": 1} | {name: exact(ranked[name]) for name in _COVERED}
    rows = [pd.DataFrame({"rule_id": ranked["rule_id"]}).assign(**covered), *_losses(sites, ranked)]
    rules = Sum(["rule_id"])
    for one in rows:
        rules.add(one.reindex(columns=["rule_id", *_COUNTED], fill_value=0).astype(dict.fromkeys(_COUNTED, "int64")))
    alike = sites["rule_coverage_id"].value_counts().rename_axis("rule_coverage_id").reset_index(name="n_sites")
    return DropPart(rules.table().reset_index(), about, alike)


def part_of_near_misses(near_misses: Frame) -> Frame:
    """Return of near misses those that are valid: their rule, site, and area in whole parts of 1e-8."""
    valid = near_misses[near_misses["is_valid"].to_numpy(dtype=bool)]
    told = pd.DataFrame({"rule_id": valid["rule_id"], "site_id": valid["site_id"]})
    return told.assign(area=exact(valid["core_area_m2"])).groupby(["rule_id", "site_id"]).sum().reset_index()


def join_drop(
    parts: Iterable[DropPart],
    near_misses: Iterable[Frame] | None,
    *,
    rule_coverage: Frame,
    rule_order: Sequence[str] = (),
    homes_per_ha: float | None = None,
) -> Frame:
    """Return the drop table of parts together: the same whatever the parts. Arguments: see :func:`drop_table`."""
    sums, alike, about = Sum(["rule_id"]), Sum(["rule_coverage_id"]), [pd.DataFrame(rule_coverage[_ABOUT])]
    for part in parts:
        sums.add(part.rules)
        alike.add(part.alike)
        about.append(part.about)
    told = pd.concat(about).drop_duplicates("rule_id").set_index("rule_id")
    order = _complete(rule_order, told["effect"])
    table = pd.DataFrame({"rule_id": order, "order": range(1, len(order) + 1)}).set_index("rule_id")
    table[["effect", "hardness"]] = told[["effect", "hardness"]]
    found = sums.table().reindex(table.index, fill_value=0)
    for name in _COUNTED:
        table[name] = found[name].astype("Int64") if name in _WHOLE else amounts_of(found[name])
    _add_near_misses(table, near_misses, homes_per_ha)
    n_alike = alike.table()["n_sites"]
    _add_coverage(table, rule_coverage, n_alike, n_sites=int(n_alike.sum()))
    return table.reset_index()


def _losses(sites: Frame, ranked: Frame) -> tuple[Frame, Frame]:
    """Return which rule took the last land of each excluded site, and which excluded sites only one rule touches."""
    excluded = sites.loc[sites["verdict"] == "excluded"].set_index("site_id")
    of_excluded = ranked["site_id"].isin(excluded.index)
    last = ranked[(ranked["attributed_area_m2"] > 0) & of_excluded].drop_duplicates("site_id", keep="last")
    area = exact(last["site_id"].map(excluded["parcel_area_m2"]))
    first = pd.DataFrame({"rule_id": last["rule_id"]}).assign(n_sites_lost_first=1, parcel_area_m2_lost_first=area)
    touching = ranked[ranked["effect"].isin(_TAKING) & (ranked["covered_area_m2"] > _AREA_TOLERANCE_M2) & of_excluded]
    lonely = touching[~touching["site_id"].duplicated(keep=False)]
    return first, pd.DataFrame({"rule_id": lonely["rule_id"]}).assign(n_sites_lost_only=1)


def _add_coverage(table: Frame, rule_coverage: Frame, n_alike: pd.Series[int], *, n_sites: int) -> None:
    """Add of how many sites a rule's source does not speak; where that is all of them, what it takes is unknown."""
    blind = rule_coverage[rule_coverage["coverage"] == "not"]
    blind = blind.assign(n_sites=n_alike.reindex(blind["rule_coverage_id"], fill_value=0).to_numpy())
    blind_sites = blind.groupby("rule_id", observed=True)["n_sites"].sum()
    table["n_sites_not_covered"] = blind_sites.reindex(table.index).fillna(0).astype("Int64")
    # A rule whose source speaks about no site takes an unknown area, not none; what it does take stays in the sum.
    is_blind = (table["n_sites_not_covered"] == n_sites).to_numpy(dtype=bool) & (n_sites > 0)
    is_blind &= ~(table["covered_area_m2"] > 0).to_numpy(dtype=bool)
    table.loc[is_blind, list(_WHOLE)] = pd.NA
    table.loc[is_blind, [name for name in _COUNTED if name not in _WHOLE]] = np.nan


def _complete(rule_order: Sequence[str], effects: pd.Series[Any]) -> list[str]:
    """Return the rules in order, those not named after them, piece tests at the end."""
    seen = set(effects.index)
    rest = sorted(seen - set(rule_order))
    order = [rule for rule in (*rule_order, *rest) if rule in seen or rule in rule_order]
    tests = set(effects.index[effects == "test"])
    return sorted(dict.fromkeys(order), key=lambda rule: rule in tests)


def _add_near_misses(table: Frame, near_misses: Iterable[Frame] | None, homes_per_ha: float | None) -> None:
    """Add what would come back if just one rule went."""
    unknown = pd.Series(None, index=table.index, dtype="float64")
    table["n_sites_near_miss"] = unknown.astype("Int64")
    table["near_miss_area_m2"] = unknown
    if near_misses is not None:
        sums = Sum(["rule_id", "site_id"])
        for part in near_misses:
            sums.add(part)
        by_rule = sums.table().groupby("rule_id", observed=True)["area"]
        table["n_sites_near_miss"] = by_rule.size().reindex(table.index).astype("Int64")
        area = by_rule.sum()
        table["near_miss_area_m2"] = pd.Series(amounts_of(area), index=area.index).reindex(table.index)
    rate = np.nan if homes_per_ha is None else homes_per_ha / _M2_PER_HA
    table["n_common_near_miss"] = table["near_miss_area_m2"] * rate
