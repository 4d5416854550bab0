"""What stands in the way of a parcel: the rules that take most of it, with what each takes first."""

from __future__ import annotations

import pandas as pd

from flexsites.reporting.words import Words
from flexsites.tables import Frame

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
