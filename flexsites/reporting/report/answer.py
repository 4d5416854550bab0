"""The first sections of the report: the answer, from parcel to place, rules, verdicts, flexmilieus."""

from __future__ import annotations

from typing import Any

import pandas as pd

from flexsites.reporting.presentation import presentation
from flexsites.reporting.report.land import run_row, verdict_counts
from flexsites.reporting.results import Results, row_at
from flexsites.reporting.summaries.all_tables import summary
from flexsites.reporting.summaries.portfolio import headline
from flexsites.reporting.summaries.roofs import roof_range
from flexsites.reporting.summaries.totals import AVAILABLE
from flexsites.reporting.words import Words


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
    rest = run_row(results, "suitable_demanding")
    counts = verdict_counts(results)

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
        if results.undemanding:
            passed = {name: words.number(run_row(results, name)["n_sites"]) for name in results.undemanding}
            each = [
                words.text("answer.undemanding", name=words.name("flexmilieu", key), n=n) for key, n in passed.items()
            ]
            told, n_rest = words.text("and").join(each), words.number(rest["n_sites"])
            kept = words.text("answer.without_undemanding", undemanding=told, n_sites=n_rest, **about(rest))
            higher = rest["n_units_expected"] > suitable["n_units_expected"]
            sentences.append(f"{kept} {words.text('answer.without_undemanding_higher')}" if higher else kept)
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
    at = headline(results)
    first = at[1]
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
        if age_rule == at[0]:
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
    spread = roof_range(table, headline=at)
    if spread is not None:
        low, high = words.about(spread.lowest), words.about(spread.highest)
        sentences.append(words.text("answer.roofs_range", low=low, high=high))
        named = f"{named}; {words.text('answer.tile_roof_range', low=low, high=high)}"
    tiles.append(_tile(words, "roofs", words.number(n_good), of_all))
    tiles.append(_tile(words, "roof_homes", homes, named))
    tiles.append(_tile(words, "roofs_unknown", words.number(n_unknown), of_all))


def _tile(words: Words, kind: str, value: str, note: str) -> dict[str, str]:
    return {"label": words.text(f"answer.tile_{kind}"), "value": value, "note": note, "kind": kind}
