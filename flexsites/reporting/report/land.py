"""Sections of the report on land: what is left, in which verdict, and for whom it suits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from flexsites.reporting.presentation import presentation
from flexsites.reporting.results import Results
from flexsites.reporting.shown_fields import SHOWN
from flexsites.reporting.summaries.all_tables import summary
from flexsites.reporting.summaries.computed import flexmilieus_of
from flexsites.reporting.summaries.totals import COMMON, SPREAD, SPREAD_WITH_CONSENT
from flexsites.reporting.table_view import Column, TableView, table_view
from flexsites.reporting.views import is_open, ranges, stack, where_known, with_range
from flexsites.reporting.words import Words
from flexsites.tables import Frame
from flexsites.tables.field import Field

VERDICTS = ("eligible", "conditional", "unknown", "excluded")
POPULATIONS = ("available", "suitable", "suitable_demanding")
HOMES = replace(SHOWN[COMMON[1]], null="no parcel is known to count, and some may", null_is="unknown")
"""The common programme of what spans flexmilieus, where zero would be a claim unknown."""
STEP = Field("step", "str", "what remains after each step")


def run_row(results: Results, population: str, scope: str = "all") -> pd.Series[Any]:
    """Return the run-wide totals of a population as one row."""
    table = summary(results, "totals")
    found = table[
        (table["area_kind"] == "run") & (table["population"] == population) & (table["coverage_scope"] == scope)
    ]
    row: pd.Series[Any] = found.iloc[0]
    return row


def verdict_rows(results: Results) -> Frame:
    """Return the run-wide sums per verdict, in the order of the verdicts; key (index) ``verdict``."""
    table = summary(results, "verdicts")
    return table[table["area_kind"] == "run"].set_index("verdict").reindex(list(VERDICTS))


def verdict_counts(results: Results) -> dict[str, int]:
    """Return the number of parcels per verdict over the run."""
    found = verdict_rows(results)["n_sites"].fillna(0)
    return {verdict: int(found[verdict]) for verdict in VERDICTS}


def in_order(results: Results) -> tuple[str, ...]:
    """Return the flexmilieus of the run, in the order of the configuration."""
    return flexmilieus_of(results)


def totals_shown(totals: Frame, words: Words) -> Frame:
    """Return totals with the range of their common programme; it is unknown where zero would be a claim."""
    return with_range(where_known(totals, COMMON), words, "n_common")


def funnel(results: Results, words: Words) -> TableView:
    """Return from assessed to suitable, in parcels, locations, area and homes."""
    undemanding = words.text("and").join(words.name("flexmilieu", name) for name in results.undemanding)
    rows = totals_shown(pd.DataFrame([run_row(results, one) for one in POPULATIONS]), words)
    rows["step"] = [words.text(f"funnel.{population}", undemanding=undemanding) for population in POPULATIONS]
    rows["area"] = rows["programme_area_m2"]
    assessed = {"step": words.text("funnel.assessed"), "n_sites": results.n_rows("sites"), "population": "assessed"}
    assessed |= {"area": verdict_rows(results)["parcel_area_m2"].sum(), "units_range": ""}
    shown = pd.concat([pd.DataFrame([assessed]), rows], ignore_index=True)
    # Of what is assessed nobody asks yet where it lies together or what fits on it.
    counted = (SHOWN["n_locations"], HOMES)
    asked = {one.name: replace(one, not_of=("population", "assessed")) for one in counted}
    columns: list[Column] = [STEP, "n_sites", asked["n_locations"], "area", asked[COMMON[1]], "units_range"]
    return table_view(shown, columns, words, headings={"step": " "})


def verdicts(results: Results, words: Words) -> dict[str, Any]:
    """Return the verdicts of the run as a bar, and which requirements fail or are unknown."""
    counts = verdict_counts(results)
    names = {verdict: words.name("verdict", verdict) for verdict in VERDICTS}
    amounts = [(verdict, float(counts[verdict])) for verdict in VERDICTS]
    whole = words.number(sum(counts.values()))
    bar = stack([(words.text("report.run_wide"), amounts, whole)], presentation().colours.verdict, names, words)
    needs = summary(results, "requirements")
    place = {name: i for i, name in enumerate(results.flexmilieus)}
    ordered = needs.assign(_place=needs["flexmilieu"].map(place).fillna(len(place)))
    ordered = ordered.sort_values("_place", kind="stable")
    columns = ("flexmilieu", "criterion", "n_sites_failed", "n_common_failed", "n_sites_unknown", "n_sites_judged")
    headings = {"n_sites_unknown": words.text("totals.suitability_unknown")}
    return {"bar": bar, "requirements": table_view(ordered, columns, words, headings=headings)}


def flexmilieus(results: Results, words: Words) -> dict[str, Any]:
    """Return the spread supply per flexmilieu, as ranges and in a table, and its parcels suitable, unknown or not."""
    series = presentation().colours.series
    available = run_row(results, "available")
    n_asked = float(available["n_sites"] + available["n_sites_unknown"])
    chart, bars = [], []
    order = in_order(results)
    for i, flexmilieu in enumerate(order):
        row = run_row(results, flexmilieu)
        label = words.name("flexmilieu", flexmilieu)
        yes, unknown = float(row["n_sites"]), float(row["n_sites_unknown"])
        # Where no parcel is known to suit and some may, nothing is known of the homes: zero would be a claim.
        homes = None if is_open(yes, unknown) or pd.isna(row[SPREAD[1]]) else tuple(float(row[name]) for name in SPREAD)
        chart.append((label, homes, series[i % len(series)]))
        parts = [("yes", yes), ("unknown", unknown), ("no", max(n_asked - yes - unknown, 0.0))]
        bars.append((label, parts, words.unknown if is_open(yes, unknown) else words.number(yes)))
    names = {key: words.name("outcome", key) for key in ("yes", "unknown", "no")}
    return {
        "homes": ranges(chart, words),
        "table": _spread(results, order, words),
        "sites": stack(bars, presentation().colours.outcome, names, words),
    }


def _spread(results: Results, order: tuple[str, ...], words: Words) -> TableView:
    """Return the spread supply of each flexmilieu, without and with consent."""
    rows = pd.DataFrame([run_row(results, one) for one in order])
    known = where_known(rows, ["n_clusters", *SPREAD, *SPREAD_WITH_CONSENT])
    shown = with_range(known.assign(flexmilieu=known["population"]), words, "n_spread")
    told = {name: replace(SHOWN[name], null_is="unknown") for name in ("n_clusters", SPREAD[1], SPREAD_WITH_CONSENT[1])}
    columns: list[Column] = [
        "flexmilieu",
        told["n_clusters"],
        told[SPREAD[1]],
        "units_range",
        told[SPREAD_WITH_CONSENT[1]],
    ]
    return table_view(shown, columns, words)
