"""Sections of the report that set variants side by side, and figures of others beside ours."""

from __future__ import annotations

from typing import Any

import pandas as pd

from flexsites.config.anchors import SHARES
from flexsites.reporting.names import homes_per_ha_of
from flexsites.reporting.presentation import presentation
from flexsites.reporting.report.land import HOMES, POPULATIONS, run_row, totals_shown
from flexsites.reporting.results import Results, records
from flexsites.reporting.shown_fields import SHOWN
from flexsites.reporting.summaries.all_tables import summary
from flexsites.reporting.summaries.stretches import BASE
from flexsites.reporting.summaries.totals import COMMON
from flexsites.reporting.table_view import Column, TableView, table_view
from flexsites.reporting.views import ranges, where_known
from flexsites.reporting.words import Words
from flexsites.tables import Frame
from flexsites.tables.field import Field

# Of a publication its words, where the summary has an id and a number.
_AS_PUBLISHED = {
    "anchor": Field("anchor", "str", "the answer published elsewhere"),
    "published": Field("published", "str", "as it was published", format="written"),
}
_COUNTS = ("available", "n_sites", "without")


_SHOWN: tuple[Column, ...] = (
    "variant",
    Field("available", "int", SHOWN["n_sites"].description),
    HOMES,
    "units_range",
    "change_n_common_expected",
    "n_sites",
    "n_sites_gained",
    "n_sites_lost",
    "n_sites_unknown",
    Field("without", "int", SHOWN["n_sites"].description),
)


def variants(results: Results, words: Words) -> dict[str, Any]:
    """Return the variants side by side: a table, the common programme of available parcels, and who is served."""
    table = summary(results, "variants")
    names = list(dict.fromkeys(table["variant"]))
    of = {one: table[table["population"] == one].set_index("variant").reindex(names) for one in POPULATIONS}
    available = totals_shown(of["available"], words)
    counted = ["n_sites", "n_sites_gained", "n_sites_lost", "n_sites_unknown"]
    rows = available.assign(
        available=available["n_sites"],
        **{name: of["suitable"][name] for name in counted},
        without=of["suitable_demanding"]["n_sites"],
    ).reset_index()
    compared = ["change_n_common_expected", "n_sites_gained", "n_sites_lost"]
    rows[compared] = rows[compared].mask(rows["variant"].eq(BASE))  # the base is what the others are compared with
    series = presentation().colours.series
    chart = [
        (words.name("variant", row.variant), _amounts(row), series[0] if row.variant == BASE else series[1])
        for row in records(rows)
    ]
    # Nearly everything passes an undemanding flexmilieu: what a stricter requirement does is seen without it.
    named = {one: words.name("population", key) for one, key in zip(_COUNTS, POPULATIONS, strict=True)}
    named["n_sites_unknown"] = words.text("totals.suitability_unknown")
    return {
        "table": table_view(rows, _SHOWN, words, headings=named),
        "chart": ranges(chart, words),
        "only_base": len(names) == 1,
        "matrix": _matrix(results, table, words),
    }


def _amounts(row: Any) -> tuple[float, ...] | None:  # noqa: ANN401 - a row of totals
    """Return the homes of a row; None where nobody knows."""
    homes = [getattr(row, name) for name in COMMON]
    return None if any(pd.isna(one) for one in homes) else tuple(float(one) for one in homes)


def _matrix(results: Results, table: Frame, words: Words) -> TableView:
    """Return suitable parcels and spread supply per variant and flexmilieu: where a stricter requirement is seen."""
    known = where_known(table, ["n_sites", "n_spread_expected"])
    names = list(dict.fromkeys(table["variant"]))
    order = [one for one in results.flexmilieus if one in set(known["population"])]
    counts = zip(known["n_sites"], known["n_spread_expected"], strict=True)
    both = known.assign(
        both=[words.unknown if pd.isna(n) else f"{words.number(n)} / {words.number(homes)}" for n, homes in counts]
    )
    wide = both.pivot_table(index="variant", columns="population", values="both", aggfunc="first")
    wide = wide.reindex(index=names, columns=order)
    columns: list[Column] = ["variant", *(Field(one, "str", "", format="written") for one in order)]
    headings = {one: words.name("flexmilieu", one) for one in order}
    caption = f"{words.text('variants.matrix')}. {words.text('totals.never_add')}"
    return table_view(wide.reset_index(), columns, words, headings=headings, caption=caption)


def anchors(results: Results, words: Words) -> dict[str, Any] | None:
    """Return the published answers beside the run's own; None where the run names none."""
    told = results.manifest.anchors
    if told is None:
        return None
    found = summary(results, "anchors").set_index("anchor")
    rows = []
    for one in told.anchors:
        row = found.loc[one.id]
        write = words.percent if one.quantity in SHARES else words.about
        low, high = write(row["found_low"]), write(row["found_high"])
        published = words.text(f"anchors.{one.sense}", value=write(one.published))
        found_here = low if low == high else f"{low} – {high}"
        note = words.label(one.note)
        if one.quantity == "homes_available":
            note = f"{note} {_area_asked(results, float(one.published), words)}".strip()
        rows.append((words.label(one.label), published, found_here, note))
    columns = ["anchor", "published", "found", "note"]
    view = table_view(pd.DataFrame(rows, columns=columns), [_AS_PUBLISHED.get(one, one) for one in columns], words)
    return {"label": words.label(told.label), "about": words.label(told.about), "table": view}


def _area_asked(results: Results, n_homes: float, words: Words) -> str:
    """Return how much land so many homes ask at the common programme, beside what the run has; empty: not known."""
    per_ha, available = homes_per_ha_of(results), run_row(results, "available")
    if per_ha is None:
        return ""
    least, most = (words.about(n_homes / rate) for rate in (per_ha[2], per_ha[0]))
    return words.text("anchors.area", least=least, most=most, area=words.hectares(available["programme_area_m2"]))
