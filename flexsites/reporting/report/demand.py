"""The section of the report on demand: which need is met where, what hangs on the unknown, and what is not met."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from flexsites.reporting.results import Results
from flexsites.reporting.table_view import TableView, table_view
from flexsites.reporting.words import Words
from flexsites.tables import DemandSites, DemandTotals, Frame, Sites
from flexsites.tables import demand_tables as t

_TOGETHER = "together"
_WHERE = (
    "gemeente", "site_id", "flexmilieu", "target_group", "n_homes_given", "n_homes_place", "n_parcels",
    "n_parcels_consent", "n_parcels_private", "available_years_expected",
)  # fmt: skip
_OF_GROUP = (t.n_places_given, t.n_homes_fit, t.demand_outcome)
_AMOUNTS = ("n_homes_asked", "n_homes_met", "n_homes_possible", "n_homes_unmet")
_BESIDES = (t.household_size, t.years_asked, t.from_year, t.is_level_asked, t.most_share, t.most_homes_near, t.near_m)


def demand(results: Results, words: Words) -> dict[str, Any] | None:
    """Return the demand beside the supply that is matched to it; None where the run has no demand."""
    if not (results.has("demand") and results.has("demand_sites")):
        return None
    told, matched = results.table("demand"), results.table("demand_sites")
    caveats = [words.text("demand.partial")]
    if not told["is_most"].all():
        caveats.append(words.text("demand.not_proven", n=words.number(told["n_homes_gap"].max())))
    if not matched["is_best"].all():
        caveats.append(words.text("demand.not_best"))
    codes = results.columns("sites", ["gemeente_code"])["gemeente_code"]
    silent = sorted(set(codes.dropna().unique()) - set(told["gemeente_code"]))
    if silent:
        names = ", ".join(words.name("area", code) for code in silent)
        caveats.append(words.text("demand.no_demand", gemeenten=names))
    return {
        "sentence": f"{_sentence(told, words)} {_consent(matched, words)}".rstrip(),
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


def _consent(matched: Frame, words: Words) -> str:
    """Return how many of the homes placed need consent first; empty where none does."""
    n_homes = int(matched.loc[matched["n_parcels_consent"] > 0, "n_homes_given"].sum())
    return words.text("demand.consent", n=words.number(n_homes)) if n_homes else ""


def _totals(told: Frame, words: Words) -> TableView:
    """Return a row per gemeente and group, with a row that sums each gemeente."""
    parts: list[Frame] = []
    for code, own in told.groupby("gemeente_code", sort=True):
        # A site may serve several groups, and land that fits one group fits another: neither adds up. A gemeente is
        # assessed for all its groups or for none, so a sum is null where any is.
        amounts = (*_AMOUNTS, "n_homes_elsewhere")
        sums = {name: [own[name].sum(skipna=False)] for name in amounts}
        whole = pd.DataFrame({"gemeente_code": [code], "target_group": [_TOGETHER], **sums})
        parts += [own.sort_values(["target_group", "demand_id"]), whole.astype(dict.fromkeys(amounts, "Int64"))]
    rows = pd.concat(parts, ignore_index=True)
    rows = rows.assign(gemeente=rows["gemeente_code"])
    besides = [one for one in _BESIDES if rows[one.name].notna().any()]
    elsewhere = ["n_homes_elsewhere"] if (told["n_homes_elsewhere"] > 0).any() else []
    columns = ["gemeente", "target_group", *(one.name for one in besides), *_AMOUNTS, *elsewhere]
    columns += [one.name for one in _OF_GROUP]
    of_group = {one.name: replace(one, not_of=("target_group", _TOGETHER)) for one in (*_OF_GROUP, *besides)}
    shown = [of_group.get(name, name) for name in columns]
    bold = rows.index[rows["target_group"] == _TOGETHER]
    return table_view(rows, shown, words, DemandTotals, emphasis=bold)


def _sites(results: Results, matched: Frame, words: Words) -> TableView:
    """Return where: a row per place and group."""
    order = {name: i for i, name in enumerate(results.flexmilieus)}
    rows = matched.assign(_place=matched["flexmilieu"].map(order), gemeente=matched["gemeente_code"])
    rows = rows.sort_values(
        ["gemeente_code", "_place", "score", "place_id", "demand_id"], ascending=[True, True, False, True, True]
    )
    is_away = rows["place_gemeente_code"].ne(rows["gemeente_code"]).fillna(value=True).to_numpy(dtype=bool)
    shown = ("gemeente", t.place_gemeente, *_WHERE[1:]) if is_away.any() else _WHERE
    return table_view(rows.reset_index(drop=True), shown, words, DemandSites, Sites)
