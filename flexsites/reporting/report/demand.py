"""The section of the report on demand: which need is met where, what hangs on the unknown, and what is not met."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from flexsites.reporting.results import Results
from flexsites.reporting.table_view import TableView, table_view
from flexsites.reporting.words import Words
from flexsites.tables import DemandSites, DemandTotals, Frame, Sites, demand_tables

_TOGETHER = "together"
_WHERE = (
    "gemeente", "site_id", "flexmilieu", "target_group", "n_homes_given", "n_per_cluster_expected", "rank", "verdict",
    "owner_class",
)  # fmt: skip
_OF_GROUP = (demand_tables.n_sites_given, demand_tables.n_homes_fit, demand_tables.demand_outcome)
_AMOUNTS = ("n_homes_asked", "n_homes_met", "n_homes_possible", "n_homes_unmet")


def demand(results: Results, words: Words) -> dict[str, Any] | None:
    """Return the demand beside the supply that is matched to it; None where the run has no demand."""
    if not (results.has("demand") and results.has("demand_sites")):
        return None
    told, matched = results.table("demand"), results.table("demand_sites")
    caveats = [words.text("demand.partial")]
    if not told["is_most"].all():
        caveats.append(words.text("demand.not_proven"))
    silent = sorted(set(results.table("sites")["gemeente_code"].dropna()) - set(told["gemeente_code"]))
    if silent:
        names = ", ".join(words.name("area", code) for code in silent)
        caveats.append(words.text("demand.no_demand", gemeenten=names))
    return {
        "sentence": f"{_sentence(told, words)} {_consent(results, matched, words)}".rstrip(),
        "totals": _totals(told, words),
        "sites": _sites(results, matched, words),
        "caveats": caveats,
    }


def demand_sentence(results: Results, words: Words) -> str:
    """Return the outcome in a sentence; empty where the run has no demand."""
    return _sentence(results.table("demand"), words) if results.has("demand") else ""


def _sentence(told: Frame, words: Words) -> str:
    """Return the run-wide sums in a sentence; what lies outside the run is not in them."""
    assessed = told[told["n_homes_met"].notna()]
    sums = {name: words.number(assessed[f"n_homes_{name}"].sum()) for name in ("asked", "met", "possible", "unmet")}
    return words.text("demand.sentence", n=words.number(assessed["gemeente_code"].nunique()), **sums)


def _consent(results: Results, matched: Frame, words: Words) -> str:
    """Return how many of the homes placed need consent first; empty where none does."""
    verdict = matched["site_id"].map(results.table("sites").set_index("site_id")["verdict"])
    n_homes = int(matched.loc[verdict.eq("conditional").to_numpy(dtype=bool), "n_homes_given"].sum())
    return words.text("demand.consent", n=words.number(n_homes)) if n_homes else ""


def _totals(told: Frame, words: Words) -> TableView:
    """Return a row per gemeente and group, with a row that sums each gemeente."""
    parts: list[Frame] = []
    for code, own in told.groupby("gemeente_code", sort=True):
        # A site may serve several groups, and land that fits one group fits another: neither adds up. A gemeente is
        # assessed for all its groups or for none, so a sum is null where any is.
        sums = {name: [own[name].sum(skipna=False)] for name in _AMOUNTS}
        whole = pd.DataFrame({"gemeente_code": [code], "target_group": [_TOGETHER], **sums})
        parts += [own.sort_values("target_group"), whole.astype(dict.fromkeys(_AMOUNTS, "Int64"))]
    rows = pd.concat(parts, ignore_index=True)
    rows = rows.assign(gemeente=rows["gemeente_code"])
    columns = ["gemeente", "target_group", *_AMOUNTS, "n_sites", "n_homes_fit", "demand_outcome"]
    of_group = {one.name: replace(one, not_of=("target_group", _TOGETHER)) for one in _OF_GROUP}
    shown = [of_group.get(name, name) for name in columns]
    bold = rows.index[rows["target_group"] == _TOGETHER]
    return table_view(rows, shown, words, DemandTotals, emphasis=bold)


def _sites(results: Results, matched: Frame, words: Words) -> TableView:
    """Return where: a row per site and group."""
    place = {name: i for i, name in enumerate(results.flexmilieus)}
    sites = pd.DataFrame(results.table("sites"))[["site_id", "verdict", "owner_class"]]
    rows = matched.assign(_place=matched["flexmilieu"].map(place), gemeente=matched["gemeente_code"])
    rows = rows.sort_values(["gemeente_code", "_place", "rank", "site_id", "target_group"]).merge(
        sites, on="site_id", how="left"
    )
    return table_view(rows, _WHERE, words, DemandSites, Sites)
