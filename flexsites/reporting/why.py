"""What stands in the way of a parcel: the rules that take most of it, and those that mark land that does not count."""

from __future__ import annotations

import pandas as pd

from flexsites.reporting.table_view import entries
from flexsites.reporting.words import Words
from flexsites.tables import Frame

MARKING = {"restrict": "restrictions", "flag": "flags"}
"""Effects that take no land, and the column that says which such rules lie on what counts of a parcel."""
MAIN = 3
"""So many rules are told of a parcel; the ledger has all."""


def main_reasons(reasons: Frame, *, most: int = MAIN) -> Frame:
    """Return the rules that take most land of each parcel, the largest first.

    Parameters
    ----------
    reasons
        Reasons, key ``(site_id, rule_id)``: piece tests among them.
    most
        How many per parcel.

    Returns
    -------
        ``site_id, rule_id, attributed_area_m2``: what a rule takes first, in rule order, so that areas of one parcel
        add up to no more than the parcel. What would read as 0 m2 is left out; a parcel of which nothing is taken has
        no row.

    Examples
    --------
    >>> ledger = pd.DataFrame({"site_id": "a", "rule_id": ["nnn", "noise", "too_small"],
    ...                        "attributed_area_m2": [10.0, 0.0, 900.0]})
    >>> main_reasons(ledger)["rule_id"].tolist()
    ['too_small', 'nnn']
    """
    columns = ["site_id", "rule_id", "attributed_area_m2"]
    taken = pd.DataFrame(reasons.loc[reasons["attributed_area_m2"].round().gt(0).to_numpy(dtype=bool), columns])
    # Stable: rules that take the same stay in rule order.
    ordered = taken.sort_values(["site_id", "attributed_area_m2"], ascending=[True, False], kind="stable")
    return ordered.groupby("site_id", sort=False).head(most).reset_index(drop=True)


def told_of_sites(reasons: Frame, sites: Frame, words: Words) -> list[str]:
    """Return, per site and in words, the rules that take most of it with their m2; empty where nothing is taken."""
    why: dict[str, list[str]] = {}
    most = main_reasons(reasons)
    names = {rule: words.name("rule", rule) for rule in most["rule_id"].unique()}
    for site, rule, area in zip(*(most[column].tolist() for column in most), strict=True):
        why.setdefault(site, []).append(f"{names[rule]} {words.square_metres(area)}")
    return ["; ".join(why.get(site, ())) for site in sites["site_id"]]


def marks_elsewhere(reasons: Frame, sites: Frame) -> dict[str, list[tuple[str, ...]]]:
    """Return per effect that takes no land the rules that touch each parcel, but not what counts of it.

    The ledger names all that touch a parcel, and its marks are of what counts alone: of an eligible parcel the land
    that needs no consent. Both are told, so that neither denies the other.

    Examples
    --------
    >>> ledger = pd.DataFrame({"site_id": "a", "rule_id": ["noise", "dike"], "effect": "restrict",
    ...                        "covered_area_m2": [10.0, 9.0]})
    >>> sites = pd.DataFrame({"site_id": ["a", "b"], "restrictions": [("dike",), ()], "flags": [(), ()]})
    >>> marks_elsewhere(ledger, sites)
    {'restrict': [('noise',), ()], 'flag': [(), ()]}
    """
    touching = reasons[reasons["covered_area_m2"].gt(0).to_numpy(dtype=bool)]
    found = {}
    for effect, column in MARKING.items():
        own = touching[touching["effect"].eq(effect).to_numpy(dtype=bool)]
        by_site = own.groupby("site_id", sort=False)["rule_id"].agg(tuple).to_dict()
        found[effect] = [
            tuple(rule for rule in by_site.get(site, ()) if rule not in entries(named))
            for site, named in zip(sites["site_id"], sites[column], strict=True)
        ]
    return found


def with_marks_elsewhere(reasons: Frame, sites: Frame) -> Frame:
    """Return parcels with, after each column of marks, ``<column>_elsewhere``; of an excluded one nothing counts."""
    told = sites.copy()
    is_out = sites["verdict"].eq("excluded").tolist()
    for effect, rules in marks_elsewhere(reasons, sites).items():
        column = MARKING[effect]
        shown = [() if out else one for out, one in zip(is_out, rules, strict=True)]
        after = list(told.columns).index(column) + 1
        told.insert(after, f"{column}_elsewhere", pd.Series(shown, index=told.index, dtype=object))
    return told
