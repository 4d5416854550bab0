"""The section of the report on transit: what falls if public transport were required, over the run and per gemeente."""

from __future__ import annotations

from typing import Any

import pandas as pd

from flexsites.reporting.presentation import presentation
from flexsites.reporting.results import Results, row_at
from flexsites.reporting.summaries.all_tables import run_wide, summary
from flexsites.reporting.views import TableView, stack
from flexsites.reporting.words import Words
from flexsites.tables import Frame


def transit(results: Results, words: Words) -> dict[str, Any]:
    """Return the transit diagnostic: sentences and bars per variant of reach."""
    if not (results.has("transit") or results.has("accessibility")):
        return {"sentences": [words.text("transit.not_measured")], "charts": [], "areas": None}
    table = run_wide(summary(results, "transit"))
    if table.empty:
        return {"sentences": [words.text("transit.not_measured")], "charts": [], "areas": None}
    sentences, charts = [], []
    names = {key: words.name("transit_outcome", key) for key in ("stays", "unknown", "falls")}
    for variant, rows in table.groupby("variant", sort=False):
        by = rows.set_index("quantity")
        reach = words.name("reach", variant)
        sentences.append(_transit_sentence(by, reach, words))
        bars = []
        for quantity in ("locations", "sites", "buildable_area_m2", "n_units_expected"):
            row = row_at(by, quantity)
            scale = 1e-4 if quantity == "buildable_area_m2" else 1.0
            amounts = [(key, float(row[key]) * scale) for key in names]
            label = words.name("quantity", quantity) + (" (ha)" if quantity == "buildable_area_m2" else "")
            bars.append((label, amounts, _share_written(row, words)))
        charts.append({"title": reach, "stack": stack(bars, presentation().colours.transit, names, words)})
    return {"sentences": list(dict.fromkeys(sentences)), "charts": charts, "areas": _transit_areas(results, words)}


def _transit_areas(results: Results, words: Words) -> TableView:
    """Return the share that falls per gemeente, of each quantity, at the first reach; no rows where there is one."""
    table = summary(results, "transit")
    table = table[(table["area_kind"] == "gemeente") & (table["variant"] == table["variant"].iloc[0])]
    by = table.set_index(["area_code", "quantity"])
    quantities = ("locations", "sites", "buildable_area_m2", "n_units_expected")
    codes = sorted(table["area_code"].unique())
    rows = [
        [
            words.name("area", code),
            words.number(by.loc[(code, "locations"), "total"]),
            *(_share_written(by.loc[(code, quantity)], words) for quantity in quantities),
        ]
        for code in codes
    ]
    shares = [(f"{words.name('quantity', key)}: {words.text('columns.share_falls')}", True) for key in quantities]
    headings = [(words.text("columns.gemeente"), False), (words.text("columns.n_locations"), True), *shares]
    reach = words.name("reach", table["variant"].iloc[0]) if len(table) else ""
    return TableView(headings, rows if len(codes) > 1 else [], reach)


def _share_written(row: pd.Series[Any], words: Words) -> str:
    """Return the share that falls: as a range where it is not known of all, for what is known is no sample."""
    if pd.isna(row["share_falls"]):
        return words.unknown
    low, high = words.percent(row["share_falls_low"]), words.percent(row["share_falls_high"])
    return low if low == high else f"{low} – {high}"


def _transit_sentence(by: Frame, reach: str, words: Words) -> str:
    """Return the diagnostic of one reach as a sentence that does not hide what is unknown."""
    row = row_at(by, "locations")
    if not row["total"]:
        return words.text("transit.none")
    if row["stays"] + row["falls"] == 0:
        return words.text("transit.unknown")
    if row["unknown"]:
        bounds = {"low": words.percent(row["share_falls_low"]), "high": words.percent(row["share_falls_high"])}
        return words.text("transit.sentence_bounds", reach=reach, n=words.number(row["unknown"]), **bounds)
    shares = {"share": "locations", "area": "buildable_area_m2", "units": "n_units_expected"}
    written = {key: words.percent(by.loc[quantity, "share_falls"]) for key, quantity in shares.items()}
    return words.text("transit.sentence", reach=reach, **written)
