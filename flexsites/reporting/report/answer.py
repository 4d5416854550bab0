"""The first section of the report: the answer, in sentences and tiles."""

from __future__ import annotations

from typing import Any

import pandas as pd

from flexsites.reporting.names import homes_per_ha_of
from flexsites.reporting.presentation import presentation
from flexsites.reporting.report.checked import checked
from flexsites.reporting.report.land import in_order, run_row, verdict_counts, verdict_rows
from flexsites.reporting.report.roofs import ways
from flexsites.reporting.results import Results, records, row_at
from flexsites.reporting.summaries.all_tables import summary
from flexsites.reporting.summaries.portfolio import headline
from flexsites.reporting.summaries.roofs import roof_range
from flexsites.reporting.summaries.totals import SPREAD
from flexsites.reporting.views import is_open
from flexsites.reporting.words import Words
from flexsites.tables import Frame
from flexsites.tables.counting import AVAILABLE

Tile = dict[str, str]

_LEAST_REST_M2 = 100.0
"""Less land than this is not worth a sentence."""


def answer(results: Results, words: Words) -> dict[str, Any]:
    """Return the answer in sentences and tiles, and what was not checked (empty: no parcels), which goes before."""
    sentences: list[str] = []
    tiles: list[Tile] = []
    for is_there, say in ((results.has_sites, _of_sites), (results.has("roof_units"), _of_roofs)):
        if is_there:
            said, shown = say(results, words)
            sentences += said
            tiles += shown
    shortage = presentation().scale.national_shortage_homes
    pbl = words.text("answer.pbl", shortage=words.number(float(shortage)))
    first = checked(results, words) if results.has_sites else ""
    return {"checked": first, "sentences": sentences, "tiles": tiles, "pbl": pbl}


def _of_sites(results: Results, words: Words) -> tuple[list[str], list[Tile]]:
    """Return the answer for parcels."""
    counts = verdict_counts(results)
    available, suitable = run_row(results, "available"), run_row(results, "suitable")
    area, n_available = words.hectares(available["buildable_area_m2"]), words.number(available["n_sites"])
    of_all = words.text("answer.tile_of", n=words.number(sum(counts.values())))
    homes, tile_note = _headline(results, words)
    # Where no parcel is known to be available and some may be, zero homes would be a claim.
    if is_open(available["n_sites"], counts["unknown"]):
        sentences = [_none_known(available, counts, words)]
        shown = [_tile(words, kind, words.unknown, "") for kind in ("available", "suitable", "homes")]
    else:
        sentences = _known(results, counts, words)
        suits = _tile(words, "suitable", words.number(suitable["n_sites"]), of_all)
        if is_open(suitable["n_sites"], suitable["n_sites_unknown"]):
            suits = _tile(words, "suitable", words.unknown, "")
        first = _tile(words, "available", n_available, words.text("answer.tile_ha", area=area))
        shown = [first, suits, _tile(words, "homes", homes, tile_note)]
    sentences.append(_unknown(results, counts, words))
    sentences.append(words.text("answer.excluded", n=words.number(counts["excluded"])))
    return sentences, [*shown, _tile(words, "unknown", words.number(counts["unknown"]), of_all)]


def _none_known(available: pd.Series[Any], counts: dict[str, int], words: Words) -> str:
    """Return the answer where of no parcel it is known that it is available."""
    homes = words.about(available["n_common_unknown_expected"])
    return words.text("answer.lead_unknown", n_sites=words.number(sum(counts.values())), expected=homes)


def _known(results: Results, counts: dict[str, int], words: Words) -> list[str]:
    """Return the answer where parcels are known to be available."""
    available, suitable = run_row(results, "available"), run_row(results, "suitable")
    lead = {
        "n_sites": words.number(sum(counts.values())),
        "n_available": words.number(available["n_sites"]),
        "n_locations": words.number(available["n_locations"]),
        "area": words.hectares(available["buildable_area_m2"]),
    }
    said = [words.text("answer.lead_sites", **lead)]
    if counts["conditional"]:
        said[0] += " " + words.text("answer.lead_conditional", n=words.number(counts["conditional"]))
    said.append(_common(results, words))
    if is_open(suitable["n_sites"], suitable["n_sites_unknown"]):
        said.append(words.text("answer.lead_suitable_unknown", n=words.number(suitable["n_sites_unknown"])))
    else:
        said.append(words.text("answer.lead_suitable", n_suitable=words.number(suitable["n_sites"])))
    if results.undemanding:
        said.append(_without_undemanding(results, words))
    said += [_spread(results, words), words.text("answer.reconcile")]
    return [one for one in said if one]


def _headline(results: Results, words: Words) -> tuple[str, str]:
    """Return the headline, the common programme where no consent is needed, and its range with what consent adds."""
    rows = verdict_rows(results)
    homes = {key: words.about(rows.loc["eligible", f"n_common_{key}"]) for key in ("low", "expected", "high")}
    note = words.text("answer.tile_range", low=homes["low"], high=homes["high"])
    more = rows["n_common_expected"].to_dict()["conditional"]
    if more:
        note = f"{note}; {words.text('answer.tile_consent', more=words.about(more))}"
    return homes["expected"], note


def _common(results: Results, words: Words) -> str:
    """Return the common programme in a sentence, with its densities and area, and apart what consent adds."""
    rows, per_ha = verdict_rows(results), homes_per_ha_of(results)
    text = words.text("answer.common", **_programme(rows, "eligible", words))
    if per_ha is not None:
        low, expected, high = (words.number(rate) for rate in per_ha)
        text += " " + words.text("answer.common_rates", low=low, expected=expected, high=high)
    if verdict_counts(results)["conditional"]:
        text += " " + words.text("answer.common_consent", **_programme(rows, "conditional", words))
    free = row_at(rows, "eligible")
    rest = float(free["buildable_area_m2"] - free["programme_area_m2"])
    if rest >= _LEAST_REST_M2:
        text += " " + words.text("answer.common_rest", area=words.hectares(rest))
    return text


def _programme(rows: Frame, verdict: str, words: Words) -> dict[str, str]:
    """Return the common programme of the parcels of a verdict, with their number and area, as a sentence gives them."""
    row = row_at(rows, verdict)
    told = {key: words.about(row[f"n_common_{key}"]) for key in ("low", "expected", "high")}
    return told | {"n": words.number(row["n_sites"]), "area": words.hectares(row["programme_area_m2"])}


def _spread(results: Results, words: Words) -> str:
    """Return the spread supply of each flexmilieu in a sentence; empty where none is told or known."""
    told = []
    for name in in_order(results):
        row = run_row(results, name)
        if pd.isna(row[SPREAD[1]]) or is_open(row["n_sites"], row["n_sites_unknown"]):
            continue
        low, expected, high = (words.about(row[one]) for one in SPREAD)
        flexmilieu = words.name("flexmilieu", name)
        told.append(words.text("answer.spread_one", name=flexmilieu, low=low, expected=expected, high=high))
    return words.text("answer.spread", listed="; ".join(told)) if told else ""


def _without_undemanding(results: Results, words: Words) -> str:
    """Return what remains without the flexmilieus that nearly everything passes; empty where nothing hangs on them."""
    rest = run_row(results, "suitable_demanding")
    passed = {name: run_row(results, name)["n_sites"] for name in results.undemanding}
    if is_open(rest["n_sites"], rest["n_sites_unknown"]) or not any(passed.values()):
        return ""
    each = [
        words.text("answer.undemanding", name=words.name("flexmilieu", name), n=words.number(n))
        for name, n in passed.items()
    ]
    told = words.text("and").join(each)
    return words.text("answer.without_undemanding", undemanding=told, n_sites=words.number(rest["n_sites"]))


def _unknown(results: Results, counts: dict[str, int], words: Words) -> str:
    """Return of how many parcels the verdict is unknown, and of how many available ones whether they suit."""
    chunks = results.chunks("sites", columns=["verdict", "is_suitable"])
    n_unjudged = sum(int((rows["verdict"].isin(AVAILABLE) & rows["is_suitable"].isna()).sum()) for rows in chunks)
    said = []
    if counts["unknown"]:
        said.append(words.text("answer.unknown", n=words.number(counts["unknown"])))
    if n_unjudged:
        said.append(words.text("answer.unknown_suitability", n=words.number(n_unjudged)))
    return " ".join(said) or words.text("answer.unknown_none")


def _of_roofs(results: Results, words: Words) -> tuple[list[str], list[Tile]]:
    """Return the answer for roofs: a sentence per age rule, for the way of topping up that the run puts first."""
    at = age_rule, variant = headline(results)
    table = ways(results)
    of_variant = table[table["roof_variant"] == variant]
    n_total = results.n_rows("roofs")
    sentences = [said for row in records(of_variant) if (said := _roof_sentence(row, n_total, words))]
    told = next(records(of_variant[of_variant["age_rule"] == age_rule]))
    if told.unknown == n_total:
        sentences.append(words.text("answer.roofs_unknown", n_total=words.number(n_total)))
    of_all = words.text("answer.tile_of", n=words.number(n_total))
    is_unknown = is_open(told.n_good, told.unknown)
    note = f"{words.name('age_rule', age_rule)}, {words.name('roof_variant', variant)}"
    spread = roof_range(summary(results, "roof_totals"), headline=at)
    if spread is not None:
        low, high = words.about(spread.lowest), words.about(spread.highest)
        sentences.append(words.text("answer.roofs_range", low=low, high=high))
        note = f"{note}; {words.text('answer.tile_roof_range', low=low, high=high)}"
    return sentences, [
        _tile(words, "roofs", words.unknown if is_unknown else words.number(told.n_good), of_all),
        _tile(words, "roof_homes", words.about(told.n_units_expected), note),
        _tile(words, "roofs_unknown", words.number(told.unknown), of_all),
    ]


def _roof_sentence(row: Any, n_total: int, words: Words) -> str:  # noqa: ANN401 - a row of ways
    """Return what an age rule says of the roofs; empty where it says nothing of any."""
    if row.unknown == n_total:
        return ""
    said = {"age_rule": words.name("age_rule", row.age_rule), "variant": words.name("roof_variant", row.roof_variant)}
    said["n_total"] = words.number(n_total)
    if row.n_good:
        homes = {key: words.about(getattr(row, f"n_units_{key}")) for key in ("expected", "low", "high")}
        text = words.text("answer.roofs", n_buildings=words.number(row.n_good), **homes, **said)
    else:
        text = words.text("answer.roofs_none_known" if row.unknown else "answer.roofs_none", **said)
    return f"{text} {words.text('answer.roofs_rest', n=words.number(row.unknown))}" if row.unknown else text


def _tile(words: Words, kind: str, value: str, note: str) -> Tile:
    return {"label": words.text(f"answer.tile_{kind}"), "value": value, "note": note, "kind": kind}
