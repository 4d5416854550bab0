"""Sections of the report on land: what is left, what takes it, for whom, whose it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from flexsites.reporting.presentation import presentation
from flexsites.reporting.results import Results, records
from flexsites.reporting.summaries.all_tables import summary
from flexsites.reporting.views import RangeView, StackView, TableView, heads, ranges, stack, write_counts
from flexsites.reporting.words import Words, criterion_name
from flexsites.tables import Frame

_VERDICTS = ("eligible", "conditional", "unknown", "excluded")


_CLOSES_M2 = 0.01


_CLOSES_SHARE = 1e-9


def run_row(results: Results, population: str, scope: str = "all") -> pd.Series[Any]:
    """Return the run-wide totals of a population as one row."""
    table = summary(results, "totals")
    found = table[
        (table["area_kind"] == "run") & (table["population"] == population) & (table["coverage_scope"] == scope)
    ]
    row: pd.Series[Any] = found.iloc[0]
    return row


def verdict_counts(results: Results) -> dict[str, int]:
    """Return the number of parcels per verdict over the run."""
    table = summary(results, "verdicts")
    whole = table[table["area_kind"] == "run"].set_index("verdict")["n_sites"]
    return {verdict: int(whole.get(verdict, 0)) for verdict in _VERDICTS}


def funnel(results: Results, words: Words) -> TableView:
    """Return from assessed to suitable, in parcels, locations, area and homes."""
    sites = results.table("sites")
    undemanding = ", ".join(words.name("flexmilieu", name) for name in results.undemanding)
    assessed = [
        words.text("funnel.assessed"),
        words.number(len(sites)),
        "–",
        words.hectares(sites["parcel_area_m2"].sum()),
    ]
    rows = [[*assessed, "–", "–"]]
    for population in ("available", "suitable", *(["suitable_demanding"] if undemanding else [])):
        row = run_row(results, population)
        label = words.text(f"funnel.{population}", undemanding=undemanding)
        rows.append(
            [
                label,
                words.number(row["n_sites"]),
                words.number(row["n_locations"]),
                words.hectares(row["buildable_area_m2"]),
                *homes_of(row, words),
            ]
        )
    headings = [("", False), *_heads(words, ("n_sites", "n_locations", "area", "n_units_expected", "units_range"))]
    return TableView(headings, rows)


def homes_of(row: pd.Series[Any], words: Words) -> tuple[str, str]:
    """Return expected homes and their range; unknown where no parcel is known to count and some may."""
    if not row["n_sites"] and row["n_sites_unknown"]:
        return words.unknown, words.unknown
    return words.number(row["n_units_expected"]), words.span(row["n_units_low"], row["n_units_high"])


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
            "covered": f"{row.covered_area_m2 / top * 100:.3f}%",
            "first": f"{row.attributed_area_m2 / top * 100:.3f}%",
            "only": f"{row.unique_area_m2 / top * 100:.3f}%",
            "text": f"{_least(row, results)}{words.hectares(row.attributed_area_m2)}",
        }
        for row in records(taking)
    ]
    rows = [
        [
            words.name("rule", row.rule_id),
            words.name("effect", row.effect),
            words.number(row.n_sites_covered),
            f"{_least(row, results)}{words.hectares(row.covered_area_m2)}",
            f"{_least(row, results)}{words.hectares(row.attributed_area_m2)}",
            words.hectares(row.unique_area_m2),
            words.number(row.n_sites_lost_first),
            words.number(row.n_sites_lost_only),
            "–" if pd.isna(row.n_sites_near_miss) else words.number(row.n_sites_near_miss),
            "–" if pd.isna(row.n_units_near_miss) else words.number(row.n_units_near_miss),
        ]
        # In the order of the rules, but for those of which nothing is known: they would hide the others.
        for row in records(table.sort_values("covered_area_m2", key=pd.isna, kind="stable"))
    ]
    keys = (
        "n_sites_covered",
        "covered",
        "first",
        "only",
        "n_sites_lost_first",
        "n_sites_lost_only",
        "n_sites_near_miss",
        "n_units_near_miss",
    )
    headings = [(words.text("columns.rule"), False), (words.text("columns.effect"), False), *_heads(words, keys)]
    closing, does_close = closing_line(results, words)
    return {"bars": bars, "table": TableView(headings, rows), "closes": closing, "does_close": does_close}


def _least(row: Any, results: Results) -> str:  # noqa: ANN401 - a row of the drop table
    """Return the sign of "at least" for a rule whose source covers no parcel and that takes land all the same."""
    is_blind = row.n_sites_not_covered == len(results.table("sites"))
    return "≥ " if is_blind and row.covered_area_m2 > 0 else ""


def closing_line(results: Results, words: Words) -> tuple[str, bool]:
    """Return the closing of areas in a sentence, and whether it closes; empty where the manifest has none."""
    closes = results.manifest.closes
    if closes is None:
        return "", True
    total, buildable, attributed = closes.area_in_m2, closes.buildable_area_m2, closes.attributed_area_m2
    does_close = abs(total - buildable - attributed) <= max(_CLOSES_M2, _CLOSES_SHARE * total)
    # Written so that it adds up for who checks it by hand: the last whole square metre is in the middle term.
    shown = round(total) - round(buildable) if does_close else attributed
    written = {"buildable": words.square_metres(buildable), "attributed": words.square_metres(shown)}
    key = "drop.closes" if does_close else "drop.does_not_close"
    return words.text(key, total=words.square_metres(total), **written), does_close


def verdicts(results: Results, words: Words) -> dict[str, Any]:
    """Return the verdicts of the run as a bar, and which requirements fail or are unknown."""
    counts = verdict_counts(results)
    names = {verdict: words.name("verdict", verdict) for verdict in _VERDICTS}
    colours = presentation().colours.verdict
    amounts = [(verdict, float(counts[verdict])) for verdict in _VERDICTS]
    bar = stack([(words.text("report.run_wide"), amounts, words.number(sum(counts.values())))], colours, names, words)
    needs = summary(results, "requirements")
    rows = [
        [
            words.name("flexmilieu", row.flexmilieu),
            criterion_name(words, row.criterion),
            words.number(row.n_sites_failed),
            words.number(row.n_units_failed),
            words.number(row.n_sites_unknown),
            words.number(row.n_sites_judged),
        ]
        for row in records(_ordered(needs, results.flexmilieus))
    ]
    keys = ("n_sites_failed", "n_units_failed", "n_sites_unknown", "n_sites_judged")
    headings = [
        (words.text("columns.flexmilieu"), False),
        (words.text("columns.criterion"), False),
        *_heads(words, keys),
    ]
    return {"bar": bar, "requirements": TableView(headings, rows)}


def flexmilieus(results: Results, words: Words) -> dict[str, StackView | RangeView]:
    """Return the homes per flexmilieu as ranges, and its parcels suitable, unknown or not."""
    series = presentation().colours.series
    order = results.flexmilieus or tuple(sorted(results.table("suitability")["flexmilieu"].unique()))
    n_available = int(run_row(results, "available")["n_sites"])
    chart, bars = [], []
    for i, flexmilieu in enumerate(order):
        row = run_row(results, flexmilieu)
        label = words.name("flexmilieu", flexmilieu)
        low, middle, high = (float(row[f"n_units_{name}"]) for name in ("low", "expected", "high"))
        chart.append((label, low, middle, high, series[i % len(series)]))
        yes, unknown = float(row["n_sites"]), float(row["n_sites_unknown"])
        n_unsure = int(run_row(results, "available")["n_sites_unknown"])
        no = max(n_available + n_unsure - yes - unknown, 0.0)
        bars.append((label, [("yes", yes), ("unknown", unknown), ("no", no)], words.number(yes)))
    names = {key: words.name("outcome", key) for key in ("yes", "unknown", "no")}
    homes = ranges(chart, words)
    # Where no parcel is known to suit and some may, nothing is known of the homes: zero would be a claim.
    unsure = {label for label, amounts, _ in bars if not amounts[0][1] and amounts[1][1]}
    homes = replace(
        homes, rows=[replace(row, text=words.unknown, middle="") if row.label in unsure else row for row in homes.rows]
    )
    return {"homes": homes, "sites": stack(bars, presentation().colours.outcome, names, words)}


def _heads(words: Words, keys: Sequence[str]) -> list[tuple[str, bool]]:
    """Return headings of number columns."""
    return [(words.text(f"columns.{key}"), True) for key in keys]


def _ordered(table: Frame, flexmilieu_order: Sequence[str]) -> Frame:
    """Return the rows in the order of the configuration, the order within a flexmilieu kept."""
    place = {name: i for i, name in enumerate(flexmilieu_order)}
    keyed = table.assign(_place=table["flexmilieu"].map(place).fillna(len(place)))
    return keyed.sort_values("_place", kind="stable").drop(columns="_place")


_COVERAGES = ("all", "plan_covered", "provincial_covered", "both_covered")


def area_totals(results: Results, words: Words) -> dict[str, TableView]:
    """Return the totals per gemeente, and the homes per gemeente and flexmilieu; the run as the last row."""
    table = summary(results, "totals")
    table = table[(table["coverage_scope"] == "all") & table["area_kind"].isin(("gemeente", "run"))]
    codes = [*sorted(table.loc[table["area_kind"] == "gemeente", "area_code"].unique()), "run"]
    by = table.set_index(["area_code", "population"])
    order = results.flexmilieus or tuple(sorted(results.table("suitability")["flexmilieu"].unique()))
    rows, matrix = [], []
    for code in codes:
        name = words.name("area", code)
        available, suitable = by.loc[(code, "available")], by.loc[(code, "suitable")]
        rows.append(
            [
                name,
                words.number(available["n_sites"]),
                words.number(suitable["n_sites"]),
                words.number(by.loc[(code, "suitable_demanding")]["n_sites"]),
                words.number(suitable["n_locations"]),
                words.hectares(suitable["buildable_area_m2"]),
                *homes_of(suitable, words),
                words.number(suitable["n_sites_unknown"]),
            ]
        )
        matrix.append(
            [name, *(write_counts(by.loc[(code, flexmilieu)], ("n_units_expected",), words) for flexmilieu in order)]
        )
    last = frozenset({len(codes) - 1})
    names = [(words.name("population", key), True) for key in ("available", "suitable", "suitable_demanding")]
    rest = heads(words, (), ("n_locations", "buildable", "n_units_expected", "units_range", "n_sites_unknown"))
    gemeente = (words.text("columns.gemeente"), False)
    columns = [gemeente, *((words.name("flexmilieu", flexmilieu), True) for flexmilieu in order)]
    caption = f"{words.text('totals.per_flexmilieu')}. {words.text('totals.never_add')}"
    return {
        "totals": TableView([gemeente, *names, *rest], rows, emphasis=last),
        "matrix": TableView(columns, matrix, caption, last),
    }


def ownership(results: Results, words: Words) -> dict[str, Any]:
    """Return the available parcels by owner and tenure; where none is known to be available, those not excluded."""
    table = summary(results, "ownership")
    available = table[table["population"] == "available"]
    is_open = not len(available)
    available = table[table["population"] == "not_excluded"] if is_open else available
    rows = [
        [
            words.name("owner", row.owner_class),
            words.name("tenure", row.tenure),
            words.number(row.n_sites),
            words.percent(row.share_of_sites),
            words.number(row.n_locations),
            words.hectares(row.buildable_area_m2),
            words.number(row.n_units_expected),
            words.span(row.n_units_low, row.n_units_high),
        ]
        for row in records(available)
    ]
    numbers = ("n_sites", "share_of_sites", "n_locations", "buildable", "n_units_expected", "units_range")
    view = TableView(heads(words, ("owner_class", "tenure"), numbers), rows)
    all_unknown = bool(len(available)) and set(available["owner_class"]) == {"onbekend"}
    return {"table": view, "all_unknown": all_unknown, "is_open": is_open and bool(len(available))}


def coverage(results: Results, words: Words) -> dict[str, Any]:
    """Return the totals with and without the places where plan capacity or provincial rules are not known."""
    rows = []
    for scope in _COVERAGES:
        available, suitable = (run_row(results, population, scope) for population in ("available", "suitable"))
        rest = run_row(results, "suitable_demanding", scope)
        rows.append(
            [
                words.name("coverage_scope", scope),
                words.number(available["n_sites"]),
                words.hectares(available["buildable_area_m2"]),
                words.number(suitable["n_sites"]),
                words.number(rest["n_sites"]),
                words.number(suitable["n_units_expected"]),
                words.span(suitable["n_units_low"], suitable["n_units_high"]),
            ]
        )
    names = [words.name("population", key) for key in ("available", "suitable", "suitable_demanding")]
    headings = [(words.text("columns.coverage_scope"), False), (names[0], True), *heads(words, (), ("buildable",))]
    headings += [(names[1], True), (names[2], True), *heads(words, (), ("n_units_expected", "units_range"))]
    sites = results.table("sites")
    shares = {
        "share": words.percent((sites["plan_coverage"] == "covered").mean()),
        "provincial": words.percent((sites["provincial_coverage"] == "covered").mean()),
    }
    return {"table": TableView(headings, rows), "sentence": words.text("coverage.share", **shares)}
