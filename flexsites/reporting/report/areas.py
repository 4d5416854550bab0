"""Sections of the report on where: per municipality, whose land it is, and what the sources cover."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd

from flexsites.reporting.report.land import HOMES, POPULATIONS, in_order, run_row, totals_shown
from flexsites.reporting.results import Results
from flexsites.reporting.shown_fields import SHOWN
from flexsites.reporting.summaries.all_tables import summary
from flexsites.reporting.table_view import Column, table_view
from flexsites.reporting.views import where_known, with_range
from flexsites.reporting.words import Words
from flexsites.tables import Frame
from flexsites.tables.field import Field

_NAMED = 5
"""So many gemeenten are named that a total leaves out [A]; of the others their number is told."""
_SCOPES = ("all", "plan_covered", "provincial_covered", "both_covered")


def area_totals(results: Results, words: Words) -> dict[str, Any]:
    """Return the totals per gemeente, and the spread supply per gemeente and flexmilieu; the run as the last row.

    Where a gemeente is unknown and the run is not, ``totals_left_out`` and ``matrix_left_out`` say so of each table: a
    total beside an unknown row is that of the others. Else they are empty.
    """
    table = summary(results, "totals")
    table = table[(table["coverage_scope"] == "all") & table["area_kind"].isin(("gemeente", "run"))]
    codes = [*sorted(table.loc[table["area_kind"] == "gemeente", "area_code"].unique()), "run"]
    last = [len(codes) - 1]
    rows = _side_by_side(table, codes, words)
    columns: list[Column] = [
        "gemeente",
        *_POPULATIONS_SHOWN,
        "n_locations",
        "programme_area",
        HOMES,
        "units_range",
    ]
    known = where_known(table, ["n_spread_expected"])
    order = in_order(results)
    matrix = known.pivot_table(
        index="area_code", columns="population", values="n_spread_expected", aggfunc="first", dropna=False
    )
    matrix = matrix.reindex(index=codes, columns=list(order)).reset_index(names="gemeente")
    headings = {one: words.name("flexmilieu", one) for one in order}
    caption = f"{words.text('totals.per_flexmilieu')}. {words.text('totals.never_add')}"
    headings_of_run = _names(words) | {"n_sites_unknown": words.text("totals.verdict_unknown")}
    return {
        "totals": table_view(rows, [*columns, "n_sites_unknown"], words, headings=headings_of_run, emphasis=last),
        "matrix": table_view(
            matrix,
            ["gemeente", *(homes_in(one) for one in order)],
            words,
            headings=headings,
            caption=caption,
            emphasis=last,
        ),
        "totals_left_out": _left_out(rows.set_index("gemeente"), {HOMES.name: ""}, words),
        "matrix_left_out": _left_out(matrix.set_index("gemeente"), headings, words),
    }


def _left_out(counted: Frame, names: Mapping[str, str], words: Words) -> str:
    """Return which gemeenten are unknown where the run is told, by the name of each column; empty: none is.

    ``counted`` has a row per gemeente, by its code, and ``run``.
    """
    told = []
    for column, name in names.items():
        is_unknown = counted[column].isna()
        if is_unknown["run"] or not is_unknown.any():
            continue
        unknown = [words.name("area", code) for code in counted.index[is_unknown.to_numpy()]]
        more = [words.text("first.rules_more", n=len(unknown) - _NAMED)] if len(unknown) > _NAMED else []
        listed = ", ".join([*unknown[:_NAMED], *more])
        told.append(f"{name} ({listed})" if name else listed)
    return words.text("totals.left_out", listed=", ".join(told)) if told else ""


def homes_in(flexmilieu: str) -> Field:
    """Return the column of homes in a flexmilieu of a table that has one for each."""
    return Field(flexmilieu, "int", "")


_POPULATIONS_SHOWN = tuple(Field(one, "int", SHOWN["n_sites"].description) for one in POPULATIONS)


def _names(words: Words) -> dict[str, str]:
    """Return the populations as headings."""
    return {one: words.name("population", one) for one in POPULATIONS}


def _side_by_side(table: Frame, codes: list[str], words: Words) -> Frame:
    """Return per area the parcels of each population, and area and common programme of the available ones."""
    counts = table.pivot_table(index="area_code", columns="population", values="n_sites", aggfunc="first")
    available = table[table["population"] == "available"].set_index("area_code").reindex(codes)
    rows = totals_shown(available, words).assign(programme_area=available["programme_area_m2"])
    rows = rows.assign(**{one: counts[one].reindex(codes) for one in POPULATIONS})
    return rows.reset_index(names="gemeente")


_SHARES = {"plan_coverage": "share", "provincial_coverage": "provincial"}


def ownership(results: Results, words: Words) -> dict[str, Any]:
    """Return the available parcels by owner and tenure; where none is known to be available, those not excluded."""
    table = summary(results, "ownership")
    available = table[table["population"] == "available"]
    is_open = not len(available)
    available = table[table["population"] == "not_excluded"] if is_open else available
    shown = with_range(available, words, "n_common").assign(programme_area=available["programme_area_m2"])
    columns: list[Column] = [
        "owner_class",
        "tenure",
        "n_sites",
        "share_of_sites",
        "n_locations",
        "programme_area",
        HOMES,
    ]
    all_unknown = bool(len(available)) and set(available["owner_class"]) == {"onbekend"}
    return {
        "table": table_view(shown, [*columns, "units_range"], words),
        "all_unknown": all_unknown,
        "is_open": is_open and bool(len(available)),
    }


def coverage(results: Results, words: Words) -> dict[str, Any]:
    """Return the totals with and without the places where plan capacity or provincial rules are not known."""
    available = pd.DataFrame([run_row(results, "available", scope) for scope in _SCOPES])
    rows = totals_shown(available, words)
    for one in POPULATIONS:
        rows[one] = [run_row(results, one, scope)["n_sites"] for scope in _SCOPES]
    rows["programme_area"] = [run_row(results, "available", scope)["programme_area_m2"] for scope in _SCOPES]
    first, *others = _POPULATIONS_SHOWN
    columns: list[Column] = ["coverage_scope", first, "programme_area", *others, HOMES, "units_range"]
    n_covered, n_sites = Counter[str](), results.n_rows("sites")
    for sites in results.chunks("sites", columns=list(_SHARES)):
        n_covered.update({name: int(sites[name].eq("covered").sum()) for name in _SHARES})
    shares = {key: words.percent(n_covered[name] / max(n_sites, 1)) for name, key in _SHARES.items()}
    return {
        "table": table_view(rows, columns, words, headings=_names(words)),
        "sentence": words.text("coverage.share", **shares),
    }
