"""The section of the report on demand: which need is met where, what hangs on the unknown, and what is not met."""

from __future__ import annotations

from typing import Any

import pandas as pd

from flexsites.reporting.results import Results, records
from flexsites.reporting.views import TableView, heads
from flexsites.reporting.words import Words
from flexsites.tables import Frame

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
    rows: list[list[str]] = []
    bold: set[int] = set()
    for code, own in told.groupby("gemeente_code", sort=True):
        name = words.name("area", code)
        for row in records(own.sort_values("target_group")):
            amounts = [words.number(getattr(row, column)) for column in _AMOUNTS]
            outcome = words.name("demand_outcome", row.demand_outcome)
            more = [words.number(row.n_sites), words.number(row.n_homes_fit)]
            rows.append([name, words.name("target_group", row.target_group), *amounts, *more, outcome])
        bold.add(len(rows))
        sums = [words.number(_sum(own[column])) for column in _AMOUNTS]
        # A site may serve several groups, and land that fits one group fits another: neither adds up.
        rows.append([name, words.text("demand.together"), *sums, "–", "–", ""])
    numbers = (*_AMOUNTS, "n_sites", "n_homes_fit")
    headings = [*heads(words, ("gemeente", "target_group"), numbers), *heads(words, ("demand_outcome",), ())]
    return TableView(headings, rows, emphasis=frozenset(bold))


def _sum(column: pd.Series[int]) -> object:
    """Return the sum, null where any is: a gemeente is assessed for all its groups or for none."""
    return column.sum(skipna=False)


def _sites(results: Results, matched: Frame, words: Words) -> TableView:
    """Return where: a row per site and group."""
    sites = results.table("sites").set_index("site_id")
    place = {name: i for i, name in enumerate(results.flexmilieus)}
    ordered = matched.assign(_place=matched["flexmilieu"].map(place))
    rows = [
        [
            words.name("area", row.gemeente_code),
            row.site_id,
            words.name("flexmilieu", row.flexmilieu),
            words.name("target_group", row.target_group),
            words.number(row.n_homes_given),
            words.number(row.n_units_expected),
            words.number(row.rank),
            words.name("verdict", sites["verdict"].get(row.site_id)),
            words.name("owner", sites["owner_class"].get(row.site_id)),
        ]
        for row in records(ordered.sort_values(["gemeente_code", "_place", "rank", "site_id", "target_group"]))
    ]
    texts = ("gemeente", "site_id", "flexmilieu", "target_group")
    numbers = ("n_homes_given", "n_units_expected", "rank")
    return TableView([*heads(words, texts, numbers), *heads(words, ("verdict", "owner_class"), ())], rows)
