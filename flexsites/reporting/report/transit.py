"""The section of the report on transit: what falls if public transport were required, over the run and per gemeente."""

from __future__ import annotations

from typing import Any

import pandas as pd

from flexsites.reporting.presentation import presentation
from flexsites.reporting.results import Results, row_at
from flexsites.reporting.summaries.all_tables import run_wide, summary
from flexsites.reporting.table_view import Column, TableView, table_view
from flexsites.reporting.views import stack
from flexsites.reporting.words import Words
from flexsites.tables import Frame
from flexsites.tables.field import Field

_QUANTITIES = ("locations", "sites", "programme_area_m2", "n_common_expected")


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
        sentences.append(_sentence(by, reach, words))
        bars = []
        for quantity in _QUANTITIES:
            row = row_at(by, quantity)
            scale = 1e-4 if quantity == "programme_area_m2" else 1.0
            amounts = [(key, float(row[key]) * scale) for key in names]
            label = words.name("quantity", quantity) + (" (ha)" if quantity == "programme_area_m2" else "")
            bars.append((label, amounts, _share_written(row, words)))
        charts.append({"title": reach, "stack": stack(bars, presentation().colours.transit, names, words)})
    return {"sentences": list(dict.fromkeys(sentences)), "charts": charts, "areas": _areas(results, words)}


def _areas(results: Results, words: Words) -> TableView | None:
    """Return the share that falls per gemeente, of each quantity, at the first reach; None where there is one."""
    table = summary(results, "transit")
    table = table[(table["area_kind"] == "gemeente") & (table["variant"] == table["variant"].iloc[0])]
    if len(set(table["area_code"])) <= 1:
        return None
    written = table.assign(share=[_share_written(row, words) for _, row in table.iterrows()])
    wide = written.pivot_table(index="area_code", columns="quantity", values="share", aggfunc="first")
    total = table[table["quantity"] == "locations"].set_index("area_code")["total"]
    frame = wide.assign(n_locations=total).sort_index().reset_index(names="gemeente")
    columns: list[Column] = [
        "gemeente",
        "n_locations",
        *(Field(one, "str", "", format="written") for one in _QUANTITIES),
    ]
    falls = words.heading("share_falls")
    headings = {one: f"{words.name('quantity', one)}: {falls}" for one in _QUANTITIES}
    return table_view(frame, columns, words, headings=headings, caption=words.name("reach", table["variant"].iloc[0]))


def _shares(row: pd.Series[Any]) -> tuple[float, float] | None:
    """Return the least and the largest share that falls; None where nothing can be said: what all figures say."""
    if pd.isna(row["share_falls"]):
        return None
    return float(row["share_falls_low"]), float(row["share_falls_high"])


def _share_written(row: pd.Series[Any], words: Words) -> str:
    """Return the share that falls: as a range where it is not known of all, for what is known is no sample."""
    shares = _shares(row)
    if shares is None:
        return words.unknown
    low, high = (words.percent(share) for share in shares)
    return low if low == high else f"{low} – {high}"


def _sentence(by: Frame, reach: str, words: Words) -> str:
    """Return the diagnostic of one reach as a sentence that does not hide what is unknown."""
    row = row_at(by, "locations")
    if not row["total"]:
        return words.text("transit.none")
    shares = _shares(row)
    if shares is None:
        return words.text("transit.unknown")
    if row["unknown"]:
        low, high = (words.percent(share) for share in shares)
        return words.text("transit.sentence_bounds", reach=reach, n=words.number(row["unknown"]), low=low, high=high)
    quantities = {"share": "locations", "area": "programme_area_m2", "units": "n_common_expected"}
    written = {key: _share_written(row_at(by, quantity), words) for key, quantity in quantities.items()}
    return words.text("transit.sentence", reach=reach, **written)
