"""Sections of the report that set variants side by side, and figures of others beside ours."""

from __future__ import annotations

from typing import Any

from flexsites.config.anchors import SHARES
from flexsites.reporting.presentation import presentation
from flexsites.reporting.results import Results
from flexsites.reporting.summaries.all_tables import summary
from flexsites.reporting.views import RangeView, TableView, heads, ranges, write_counts
from flexsites.reporting.words import Words
from flexsites.tables import Frame


def variants(results: Results, words: Words) -> dict[str, Any]:
    """Return the variants side by side: a table and the homes on suitable parcels as ranges."""
    table = summary(results, "variants")
    names = list(dict.fromkeys(table["variant"]))
    suitable = table[table["population"] == "suitable"].set_index("variant")
    available = table[table["population"] == "available"].set_index("variant")
    rest_of = table[table["population"] == "suitable_demanding"].set_index("variant")
    rows, chart = [], []
    series = presentation().colours.series
    for name in names:
        row = suitable.loc[name]
        low, middle, high = (float(row[f"n_units_{part}"]) for part in ("low", "expected", "high"))
        label = words.name("variant", name)
        chart.append((label, low, middle, high, series[0] if name == "base" else series[1]))
        change = row["change_n_units_expected"]
        rows.append(
            [
                label,
                words.number(available.loc[name, "n_sites"]),
                words.number(row["n_sites"]),
                words.number(row["n_units_expected"]),
                words.span(low, high),
                "–" if name == "base" else _signed(change, words),
                "–" if name == "base" else words.number(row["n_sites_gained"]),
                "–" if name == "base" else words.number(row["n_sites_lost"]),
                words.number(row["n_sites_unknown"]),
                words.number(rest_of.loc[name, "n_sites"]),
                words.number(rest_of.loc[name, "n_units_expected"]),
            ]
        )
    numbers = [(words.name("population", key), True) for key in ("available", "suitable")]
    rest = ("n_units_expected", "units_range", "change_n_units_expected", "n_sites_gained", "n_sites_lost")
    headings = [*heads(words, ("variant",), ()), *numbers, *heads(words, (), (*rest, "n_sites_unknown"))]
    # Nearly everything passes an undemanding flexmilieu: what a stricter requirement does is seen without it.
    without = words.name("population", "suitable_demanding")
    headings += [(without, True), (f"{without}: {words.text('columns.n_units_expected')}", True)]
    view: RangeView = ranges(chart, words)
    return {
        "table": TableView(headings, rows),
        "chart": view,
        "only_base": len(names) == 1,
        "matrix": _matrix(results, table, words),
    }


def _matrix(results: Results, table: Frame, words: Words) -> TableView:
    """Return the suitable parcels and homes per variant and flexmilieu: where a stricter requirement is seen."""
    by = table.set_index(["variant", "population"])
    names = list(dict.fromkeys(table["variant"]))
    order = [name for name in results.flexmilieus if (names[0], name) in by.index]
    counted = ("n_sites", "n_units_expected")
    rows = [
        [words.name("variant", name), *(write_counts(by.loc[(name, one)], counted, words) for one in order)]
        for name in names
    ]
    headings = [*heads(words, ("variant",), ()), *((words.name("flexmilieu", one), True) for one in order)]
    return TableView(headings, rows, f"{words.text('variants.matrix')}. {words.text('totals.never_add')}")


def _signed(value: Any, words: Words) -> str:  # noqa: ANN401 - a cell
    """Write a difference with its sign, a true minus."""
    amount = float(value)
    sign = "+" if amount > 0 else "−" if amount < 0 else "±"
    return f"{sign}{words.number(abs(amount))}"


def anchors(results: Results, words: Words) -> dict[str, Any] | None:
    """Return the published answers beside the run's own; None where the run names none."""
    told = results.manifest.anchors
    if told is None:
        return None
    found = summary(results, "anchors").set_index("anchor")
    rows = []
    for one in told.anchors:
        row = found.loc[one.id]
        is_share = one.quantity in SHARES

        def write(value: Any, *, is_share: bool = is_share) -> str:  # noqa: ANN401 - a cell
            return words.percent(value) if is_share else words.about(value)

        low, high = write(row["found_low"]), write(row["found_high"])
        published = words.text(f"anchors.{one.sense}", value=write(one.published))
        found_here = low if low == high else f"{low} – {high}"
        rows.append([words.label(one.label), published, found_here, words.label(one.note)])
    headings = heads(words, ("anchor",), ("published", "found"))
    view = TableView([*headings, *heads(words, ("note",), ())], rows)
    return {"label": words.label(told.label), "about": words.label(told.about), "table": view}
