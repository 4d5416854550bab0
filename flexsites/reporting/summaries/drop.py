"""The drop tables: what each rule takes from the land, and what each requirement takes from the sites that remain.

Two figures per rule and one more: what it covers alone, what it takes first in the order of the rules, and what only
it takes. The first says how much a rule matters, the last how much would come back if it were gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from flexsites.tables import Frame
from flexsites.tables.counting import AVAILABLE

_AREA_TOLERANCE_M2 = 0.01
_M2_PER_HA = 10_000.0
_TAKING = ("exclude", "test")
_ABOUT = ["rule_id", "effect", "hardness"]


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
    told = pd.concat([reasons[_ABOUT], rule_coverage[_ABOUT]]).drop_duplicates("rule_id").set_index("rule_id")
    order = _complete(rule_order, told["effect"])
    ranked = reasons.assign(_order=reasons["rule_id"].map({rule: i for i, rule in enumerate(order)}))
    ranked = ranked.sort_values(["site_id", "_order"], kind="stable")
    table = pd.DataFrame({"rule_id": order, "order": range(1, len(order) + 1)}).set_index("rule_id")
    grouped = ranked.groupby("rule_id", observed=True)
    table[["effect", "hardness"]] = told[["effect", "hardness"]]
    table["n_sites_covered"] = grouped.size()
    for name in ("covered_area_m2", "attributed_area_m2", "unique_area_m2"):
        table[name] = grouped[name].sum()
    _add_losses(table, sites, ranked)
    _add_near_misses(table, near_misses, homes_per_ha)
    whole = ["n_sites_covered", "n_sites_lost_first", "n_sites_lost_only"]
    table[whole] = table[whole].fillna(0).astype("Int64")
    areas = ["covered_area_m2", "attributed_area_m2", "unique_area_m2", "parcel_area_m2_lost_first"]
    table[areas] = table[areas].astype("float64").fillna(0.0)
    blind = rule_coverage[rule_coverage["coverage"] == "not"]
    n_alike = sites["rule_coverage_id"].value_counts().reindex(blind["rule_coverage_id"], fill_value=0)
    blind_sites = blind.assign(n_sites=n_alike.to_numpy()).groupby("rule_id", observed=True)["n_sites"].sum()
    table["n_sites_not_covered"] = blind_sites.reindex(table.index).fillna(0).astype("Int64")
    # A rule whose source speaks about no site takes an unknown area, not none; what it does take stays in the sum.
    is_blind = (table["n_sites_not_covered"] == len(sites)).to_numpy(dtype=bool) & (len(sites) > 0)
    is_blind &= ~(table["covered_area_m2"] > 0).to_numpy(dtype=bool)
    table.loc[is_blind, whole] = pd.NA
    table.loc[is_blind, areas] = np.nan
    return table.reset_index()


def requirement_table(suitability: Frame, sites: Frame) -> Frame:
    """Tell per flexmilieu and criterion how many available sites fail on it, or cannot be judged for want of it.

    Returns
    -------
        Key ``(flexmilieu, criterion)``: ``n_sites_judged`` (available sites judged for the flexmilieu),
        ``n_sites_failed`` (it is the criterion that fails worst; ``unnamed`` where the table names none),
        ``n_common_failed`` (their common programme), ``n_sites_unknown`` (``is_suitable`` is null and
        this criterion is among the unknown ones; a site may count under several).

    Notes
    -----
    Law: per flexmilieu the failed sites add up to the judged sites with ``is_suitable`` false.
    """
    available = sites.loc[sites["verdict"].isin(AVAILABLE), "site_id"]
    judged = suitability[suitability["site_id"].isin(available)].sort_values(["flexmilieu", "site_id"])
    keys = ["flexmilieu", "criterion"]
    judged = judged.merge(pd.DataFrame(sites[["site_id", "n_common_expected"]]), on="site_id", validate="many_to_one")
    failing = judged[~judged["is_suitable"].fillna(value=True).astype(bool)]
    failing = failing.assign(criterion=failing["failed_criterion"].astype("object").fillna("unnamed"))
    failed = failing.groupby(keys, observed=True)
    unsure = judged[judged["is_suitable"].isna()]
    unsure = unsure.assign(criterion=unsure["unknown_criteria"]).explode("criterion")
    unsure = unsure.assign(criterion=unsure["criterion"].fillna("unnamed"))
    unknown = unsure.groupby(keys, observed=True).size()
    counted = {"n_sites_failed": failed.size(), "n_common_failed": failed["n_common_expected"].sum()}
    table = pd.concat([pd.DataFrame(counted), unknown.rename("n_sites_unknown")], axis=1).fillna(0)
    whole = dict.fromkeys(("n_sites_failed", "n_sites_unknown"), "Int64")
    table = table.astype(whole).rename_axis(keys).reset_index()
    n_judged = judged.groupby("flexmilieu", observed=True).size()
    table.insert(2, "n_sites_judged", table["flexmilieu"].map(n_judged).astype("Int64"))
    by = ["flexmilieu", "n_sites_failed", "n_sites_unknown", "criterion"]
    return table.sort_values(by, ascending=[True, False, False, True], ignore_index=True)


def _complete(rule_order: Sequence[str], effects: pd.Series[Any]) -> list[str]:
    """Return the rules in order, those not named after them, piece tests at the end."""
    seen = set(effects.index)
    rest = sorted(seen - set(rule_order))
    order = [rule for rule in (*rule_order, *rest) if rule in seen or rule in rule_order]
    tests = set(effects.index[effects == "test"])
    return sorted(dict.fromkeys(order), key=lambda rule: rule in tests)


def _add_losses(table: Frame, sites: Frame, ranked: Frame) -> None:
    """Add which rule took the last land of each excluded site, and which excluded sites only one rule touches."""
    excluded = sites.loc[sites["verdict"] == "excluded"].set_index("site_id").sort_index()
    taking = ranked[(ranked["attributed_area_m2"] > 0) & ranked["site_id"].isin(excluded.index)]
    last = taking.drop_duplicates("site_id", keep="last")
    table["n_sites_lost_first"] = last.groupby("rule_id", observed=True).size()
    area = last["site_id"].map(excluded["parcel_area_m2"])
    table["parcel_area_m2_lost_first"] = area.groupby(last["rule_id"], observed=True).sum()
    touching = ranked[ranked["effect"].isin(_TAKING) & (ranked["covered_area_m2"] > _AREA_TOLERANCE_M2)]
    touching = touching[touching["site_id"].isin(excluded.index)]
    lonely = touching[~touching["site_id"].duplicated(keep=False)]
    table["n_sites_lost_only"] = lonely.groupby("rule_id", observed=True).size()


def _add_near_misses(table: Frame, near_misses: Frame | None, homes_per_ha: float | None) -> None:
    """Add what would come back if just one rule went."""
    unknown = pd.Series(None, index=table.index, dtype="float64")
    table["n_sites_near_miss"] = unknown.astype("Int64")
    table["near_miss_area_m2"] = unknown
    if near_misses is not None:
        valid = near_misses[near_misses["is_valid"].astype(bool)].sort_values(["rule_id", "piece_id"])
        grouped = valid.groupby("rule_id", observed=True)
        table["n_sites_near_miss"] = grouped["site_id"].nunique().reindex(table.index).astype("Int64")
        table["near_miss_area_m2"] = grouped["core_area_m2"].sum().reindex(table.index)
    rate = np.nan if homes_per_ha is None else homes_per_ha / _M2_PER_HA
    table["n_common_near_miss"] = table["near_miss_area_m2"] * rate
