"""The first sections of the report: the answer, from parcel to place, rules, verdicts, flexmilieus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from flexsites.reporting.names import headline_of
from flexsites.reporting.presentation import presentation
from flexsites.reporting.results import Results, records, row_at
from flexsites.reporting.run_tables import summary
from flexsites.reporting.totals import AVAILABLE
from flexsites.reporting.views import RangeView, StackView, TableView, ranges, stack
from flexsites.reporting.words import Words
from flexsites.tables import Frame

_VERDICTS = ("eligible", "conditional", "unknown", "excluded")
_CLOSES_M2, _CLOSES_SHARE = 0.01, 1e-9


def run_row(results: Results, population: str, scope: str = "all") -> pd.Series[Any]:
    """Return the run-wide totals of a population as one row."""
    table = summary(results, "totals")
    found = table[
        (table["area_kind"] == "run") & (table["population"] == population) & (table["coverage_scope"] == scope)
    ]
    row: pd.Series[Any] = found.iloc[0]
    return row


def answer(results: Results, words: Words) -> dict[str, Any]:
    """Return the answer in sentences and tiles."""
    sentences: list[str] = []
    tiles: list[dict[str, str]] = []
    if results.has_sites:
        _answer_sites(results, words, sentences, tiles)
    if results.has("roof_units"):
        _answer_roofs(results, words, sentences, tiles)
    shortage = presentation().scale.national_shortage_homes
    return {
        "sentences": sentences,
        "tiles": tiles,
        "pbl": words.text("answer.pbl", shortage=words.number(float(shortage))),
    }


def _answer_sites(results: Results, words: Words, sentences: list[str], tiles: list[dict[str, str]]) -> None:
    """Add the answer for parcels."""
    available, suitable = run_row(results, "available"), run_row(results, "suitable")
    rest = run_row(results, "suitable_without_groen_tiny")
    counts = verdict_counts(results)
    tiny = words.name("flexmilieu", "groen_tiny")

    def about(row: pd.Series[Any]) -> dict[str, str]:
        units = (("expected", "n_units_expected"), ("low", "n_units_low"), ("high", "n_units_high"))
        return {key: words.about(row[name]) for key, name in units}

    n_sites, n_locations = words.number(sum(counts.values())), words.number(available["n_locations"])
    area, n_available = words.hectares(available["buildable_area_m2"]), words.number(available["n_sites"])
    of_all = words.text("answer.tile_of", n=n_sites)
    tiles.append(_tile(words, "available", n_available, words.text("answer.tile_ha", area=area)))
    # Where no parcel is known to be available and some may be, zero homes would be a claim.
    is_known = bool(available["n_sites"] or not counts["unknown"])
    if is_known:
        lead = {"n_sites": n_sites, "n_available": n_available, "n_locations": n_locations, "area": area}
        lead["n_conditional"] = words.number(counts["conditional"])
        sentences.append(words.text("answer.lead_sites", **lead))
        sentences.append(
            words.text("answer.lead_suitable", n_suitable=words.number(suitable["n_sites"]), **about(suitable))
        )
        if "groen_tiny" in set(results.flexmilieus):
            n_tiny = words.number(run_row(results, "groen_tiny")["n_sites"])
            n_rest = words.number(rest["n_sites"])
            kept = words.text("answer.without_tiny", tiny=tiny, n_tiny=n_tiny, n_sites=n_rest, **about(rest))
            higher = rest["n_units_expected"] > suitable["n_units_expected"]
            sentences.append(f"{kept} {words.text('answer.without_tiny_higher')}" if higher else kept)
        sentences.append(words.text("answer.before_groups", **about(available)))
        spread = words.text("answer.tile_range", low=about(suitable)["low"], high=about(suitable)["high"])
        tiles.append(_tile(words, "suitable", words.number(suitable["n_sites"]), of_all))
        tiles.append(_tile(words, "homes", words.about(suitable["n_units_expected"]), spread))
    else:
        homes = words.about(available["n_units_unknown_expected"])
        sentences.append(words.text("answer.lead_unknown", n_sites=n_sites, expected=homes))
        tiles += [_tile(words, kind, words.unknown, "") for kind in ("suitable", "homes")]
    sentences.append(_unknown(results, counts, words))
    sentences.append(words.text("answer.excluded", n=words.number(counts["excluded"])))
    tiles.append(_tile(words, "unknown", words.number(counts["unknown"]), of_all))


def _unknown(results: Results, counts: dict[str, int], words: Words) -> str:
    """Return of how many parcels the verdict is unknown, and of how many available ones whether they suit."""
    sites = results.table("sites")
    n_unjudged = int((sites["verdict"].isin(AVAILABLE) & sites["is_suitable"].isna()).sum())
    said = []
    if counts["unknown"]:
        said.append(words.text("answer.unknown", n=words.number(counts["unknown"])))
    if n_unjudged:
        said.append(words.text("answer.unknown_suitability", n=words.number(n_unjudged)))
    return " ".join(said) or words.text("answer.unknown_none")


def _answer_roofs(results: Results, words: Words, sentences: list[str], tiles: list[dict[str, str]]) -> None:
    """Add the answer for roofs: one sentence per age rule, for the first variant."""
    table = summary(results, "roof_totals")
    n_total = len(results.table("roofs"))
    headline = headline_of(results)
    first = headline[1] if headline else table["roof_variant"].iloc[0]
    best, n_good, n_unknown, named = 0, 0, 0, ""
    for (age_rule, variant), rows in table.groupby(["age_rule", "roof_variant"], sort=False):
        by = rows.set_index("verdict")
        good = by.loc[["eligible", "conditional"]]
        unknown = int(row_at(by, "unknown")["n_buildings"])
        if variant != first:
            continue
        units = {name: int(good[f"n_units_{name}"].fillna(0).sum()) for name in ("low", "expected", "high")}
        count = int(good["n_buildings"].sum())
        parts = {
            "n_total": words.number(n_total),
            "age_rule": words.name("age_rule", age_rule),
            "variant": words.name("roof_variant", variant),
            "n_unknown": words.number(unknown),
        }
        if count:
            written = {name: words.about(value) for name, value in units.items()}
            sentences.append(words.text("answer.roofs", n_buildings=words.number(count), **written, **parts))
        elif unknown < n_total:
            sentences.append(words.text("answer.roofs_none", **parts))
        if (age_rule == headline[0]) if headline else units["expected"] >= best:
            best, n_good, n_unknown, named = (
                units["expected"],
                count,
                unknown,
                f"{parts['age_rule']}, {parts['variant']}",
            )
    if n_unknown == n_total:
        sentences.append(words.text("answer.roofs_unknown", n_total=words.number(n_total)))
    of_all = words.text("answer.tile_of", n=words.number(n_total))
    homes = words.about(best) if n_unknown < n_total else words.unknown
    tiles.append(_tile(words, "roofs", words.number(n_good), of_all))
    tiles.append(_tile(words, "roof_homes", homes, named))
    tiles.append(_tile(words, "roofs_unknown", words.number(n_unknown), of_all))


def _tile(words: Words, kind: str, value: str, note: str) -> dict[str, str]:
    return {"label": words.text(f"answer.tile_{kind}"), "value": value, "note": note, "kind": kind}


def verdict_counts(results: Results) -> dict[str, int]:
    """Return the number of parcels per verdict over the run."""
    table = summary(results, "verdicts")
    whole = table[table["area_kind"] == "run"].set_index("verdict")["n_sites"]
    return {verdict: int(whole.get(verdict, 0)) for verdict in _VERDICTS}


def funnel(results: Results, words: Words) -> TableView:
    """Return from assessed to suitable, in parcels, locations, area and homes."""
    sites = results.table("sites")
    tiny = words.name("flexmilieu", "groen_tiny")
    assessed = [
        words.text("funnel.assessed"),
        words.number(len(sites)),
        "–",
        words.hectares(sites["parcel_area_m2"].sum()),
    ]
    rows = [[*assessed, "–", "–"]]
    for population in ("available", "suitable", "suitable_without_groen_tiny"):
        row = run_row(results, population)
        label = words.text(f"funnel.{population}", tiny=tiny)
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
    kinds = {entry["rule_id"]: entry.get("effect") for entry in results.manifest.get("rules", ())}
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
    closes = results.manifest.get("closes") or {}
    names = ("area_in_m2", "buildable_area_m2", "attributed_area_m2")
    if any(closes.get(name) is None for name in names):
        return "", True
    total, buildable, attributed = (float(closes[name]) for name in names)
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


def criterion_name(words: Words, criterion: object) -> str:
    """Return the name of a criterion, which may be a measure or a rule of the flexmilieu's own."""
    for kind in ("criterion", "measure", "rule"):
        if (kind, str(criterion)) in words.names:
            return words.names[(kind, str(criterion))]
    return words.name("criterion", criterion)


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
