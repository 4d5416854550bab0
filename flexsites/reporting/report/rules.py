"""The section of the report on rules: what each takes from the land, and that the areas close."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flexsites.reporting.report.land import verdict_rows
from flexsites.reporting.results import Results, records
from flexsites.reporting.summaries.all_tables import summary
from flexsites.reporting.table_view import ColumnView, TableView, table_view
from flexsites.reporting.words import Words
from flexsites.tables import Frame
from flexsites.tables.counting import AVAILABLE

_CLOSES_M2 = 0.01
_CLOSES_SHARE = 1e-9
_AREAS = {"covered": "covered_area_m2", "first": "attributed_area_m2", "only": "unique_area_m2"}
_AT_LEAST = ("covered", "first")
_SHOWN = (
    "rule", "effect", "n_sites_covered", *_AREAS, "n_sites_lost_first", "n_sites_lost_only", "n_sites_near_miss",
    "n_common_near_miss",
)  # fmt: skip


def drop(results: Results, words: Words) -> dict[str, Any]:
    """Return what each rule takes, as bars and as a table, and whether the areas close."""
    table = summary(results, "drop")
    kinds = {rule.rule_id: rule.effect for rule in results.manifest.rules}
    table = table.assign(effect=table["effect"].where(table["effect"].notna(), table["rule_id"].map(kinds)))
    taking = table[(table["covered_area_m2"] > 0) & ~table["effect"].isin(("restrict", "flag", "include"))]
    top = float(taking["covered_area_m2"].max()) if len(taking) else 1.0
    bars = [
        {
            "label": words.name("rule", row.rule_id),
            "text": f"{_least(row, results)}{words.hectares(row.attributed_area_m2)}",
            **{key: f"{getattr(row, name) / top * 100:.3f}%" for key, name in _AREAS.items()},
            "areas_m2": {key: float(getattr(row, name)) for key, name in _AREAS.items()},
        }
        for row in records(taking)
    ]
    # In the order of the rules, but for those of which nothing is known: they would hide the others.
    shown = table.sort_values("covered_area_m2", key=lambda column: column.isna(), kind="stable")
    closing, does_close = closing_line(results, words)
    return {"bars": bars, "table": _table(shown, results, words), "closes": closing, "does_close": does_close}


def _table(shown: Frame, results: Results, words: Words) -> TableView:
    """Return the table of rules; a rule whose source covers no parcel takes what it does at least."""
    least = [_least(row, results) for row in records(shown)]
    frame = shown.assign(rule=shown["rule_id"], **{key: shown[name] for key, name in _AREAS.items()})
    view = table_view(frame, _SHOWN, words)

    def marked(column: ColumnView) -> ColumnView:
        signed = zip(least, column.cells, strict=True)
        return replace(column, cells=[f"{sign}{words.write(cell, column.format)}" for sign, cell in signed])

    return replace(view, columns=[marked(one) if one.name in _AT_LEAST else one for one in view.columns])


def _least(row: Any, results: Results) -> str:  # noqa: ANN401 - a row of the drop table
    """Return the sign of "at least" for a rule whose source covers no parcel and that takes land all the same."""
    is_blind = row.n_sites_not_covered == results.n_rows("sites")
    return "≥ " if is_blind and row.covered_area_m2 > 0 else ""


def closing_line(results: Results, words: Words) -> tuple[str, bool]:
    """Return the closing of areas in a sentence, and whether it closes; empty where the manifest has none.

    What is buildable is told apart by what is known of it: only a part of it is available, the figure of the answer.
    """
    closes = results.manifest.closes
    if closes is None:
        return "", True
    total, buildable, attributed = closes.area_in_m2, closes.buildable_area_m2, closes.attributed_area_m2
    does_close = abs(total - buildable - attributed) <= max(_CLOSES_M2, _CLOSES_SHARE * total)
    # Written so that it adds up for who checks it by hand: the last whole square metre is in the middle term.
    shown = round(total) - round(buildable) if does_close else attributed
    written = {"buildable": words.square_metres(buildable), "attributed": words.square_metres(shown)}
    key = "drop.closes" if does_close else "drop.does_not_close"
    said = words.text(key, total=words.square_metres(total), **written)
    areas = verdict_rows(results)["buildable_area_m2"].fillna(0.0)
    parts = {"available": float(areas[list(AVAILABLE)].sum()), "unknown": float(areas["unknown"])}
    split = words.text("drop.buildable_split", **{name: words.hectares(area) for name, area in parts.items()})
    return f"{said} {split}" if does_close and parts["unknown"] > 0 else said, does_close
