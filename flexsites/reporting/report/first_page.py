"""The first page: the questions of a council, each with its answer and how sure it is. It stands alone on paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from flexsites.reporting.report.certainty import moved_by
from flexsites.reporting.report.first_places import FirstPlace
from flexsites.reporting.report.land import VERDICTS, in_order, run_row, verdict_counts, verdict_rows
from flexsites.reporting.report.roofs import ways
from flexsites.reporting.results import Results, records, row_at
from flexsites.reporting.summaries.all_tables import summary
from flexsites.reporting.summaries.portfolio import headline
from flexsites.reporting.summaries.roofs import roof_range
from flexsites.reporting.summaries.totals import SPREAD
from flexsites.reporting.table_view import entries
from flexsites.reporting.views import is_open
from flexsites.reporting.words import Words
from flexsites.tables.certainty_tables import FOLDER

_MOST_NAMED = 3
_UNKNOWN_OWNER = "onbekend"


@dataclass(frozen=True, slots=True)
class Question:
    """One row: what is asked, the answer, and its interval or what stands beside it."""

    question: str
    answer: str
    beside: str


def first_page(results: Results, words: Words, places: Sequence[FirstPlace] = ()) -> list[Question]:
    """Return the questions about parcels with their answers; where nothing is known, the answer is unknown.

    Parameters
    ----------
    results, words
        The run, and the language.
    places
        Where to look first; none: that is not asked.
    """
    counts = verdict_counts(results)
    available = run_row(results, "available")
    if is_open(available["n_sites"], counts["unknown"]):
        beside = words.text("first.none_known", n=words.number(counts["unknown"]))
        land = [_row(words, asked, words.unknown, beside) for asked in ("homes", "where")]
    else:
        land = [_homes(results, words), *_consent(results, counts, words), _where(available, counts, words)]
    asked = [
        *land,
        _first(places, words),
        _whom(results, words),
        _owners(results, words),
        _to_do(results, words),
        _sure(results, words),
    ]
    return [one for one in asked if one is not None]


def of_roofs(results: Results, words: Words) -> list[Question]:
    """Return the question about roofs, by the way of topping up that the run puts first."""
    at = age_rule, variant = headline(results)
    table = ways(results)
    told = next(records(table[(table["age_rule"] == age_rule) & (table["roof_variant"] == variant)]))
    n_total = sum(getattr(told, one) for one in VERDICTS)
    asked = "roofs" if results.has_sites else "roofs_alone"
    if is_open(told.n_good, told.unknown):
        beside = words.text("first.roofs_unknown", n=words.number(told.unknown), n_total=words.number(n_total))
        return [_row(words, asked, words.unknown, beside)]
    low, expected, high = (words.about(getattr(told, f"n_units_{one}")) for one in ("low", "expected", "high"))
    said = {"low": low, "high": high, "n": words.number(told.n_good), "n_total": words.number(n_total)}
    beside = words.text("first.roofs", **said, unknown=words.number(told.unknown))
    if told.conditional:
        beside = f"{beside}; {words.text('first.roofs_consent', n=words.number(told.conditional))}"
    spread = roof_range(summary(results, "roof_totals"), headline=at)
    if spread is not None:
        bounds = {"low": words.about(spread.lowest), "high": words.about(spread.highest)}
        beside = f"{beside}; {words.text('answer.tile_roof_range', **bounds)}"
    return [_row(words, asked, expected, beside)]


def _row(words: Words, key: str, answer: str, beside: str) -> Question:
    return Question(words.text(f"first.ask_{key}"), answer, beside)


def _homes(results: Results, words: Words) -> Question:
    """Return the headline: the common programme where no consent is needed."""
    rows = verdict_rows(results)
    low, expected, high = (words.about(rows.loc["eligible", f"n_common_{one}"]) for one in ("low", "expected", "high"))
    return _row(words, "homes", expected, words.text("first.between", low=low, high=high))


def _where(available: pd.Series[Any], counts: dict[str, int], words: Words) -> Question:
    """Return at how many places, of how many parcels and how much land."""
    beside = words.text(
        "first.parcels",
        n=words.number(available["n_sites"]),
        area=words.hectares(available["buildable_area_m2"]),
        unknown=words.number(counts["unknown"]),
    )
    return _row(words, "where", words.text("first.places", n=words.number(available["n_locations"])), beside)


def _first(places: Sequence[FirstPlace], words: Words) -> Question | None:
    """Return where to look first; None: no list has a place."""
    if not places:
        return None
    numbers = ", ".join(str(place.number) for place in places)
    beside = words.text("first.first_places", listed=" · ".join(place.told for place in places))
    return _row(words, "first", words.text("first.on_the_map", numbers=numbers), beside)


def _consent(results: Results, counts: dict[str, int], words: Words) -> list[Question]:
    """Return what consent adds; nothing where no parcel asks it."""
    if not counts["conditional"]:
        return []
    row = row_at(verdict_rows(results), "conditional")
    low, expected, high = (words.about(row[f"n_common_{one}"]) for one in ("low", "expected", "high"))
    beside = words.text("first.consent", low=low, high=high, n=words.number(counts["conditional"]))
    return [_row(words, "consent", words.text("first.more", n=expected), beside)]


def _whom(results: Results, words: Words) -> Question:
    """Return for whom: the homes of one kind in an area, by flexmilieu; of each what is known."""
    told = []
    for name in in_order(results):
        row = run_row(results, name)
        is_known = not (pd.isna(row[SPREAD[1]]) or is_open(row["n_sites"], row["n_sites_unknown"]))
        homes = words.about(row[SPREAD[1]]) if is_known else words.unknown
        told.append(f"{words.name('flexmilieu', name)} {homes}")
    suitable = run_row(results, "suitable")
    suits = words.text("first.suitable", n=words.number(suitable["n_sites"]))
    if is_open(suitable["n_sites"], suitable["n_sites_unknown"]):
        suits = words.unknown
    spread = words.text("first.spread", listed=" · ".join(told))
    return _row(words, "whom", suits, f"{without}; {spread}" if (without := _without(results, words)) else spread)


def _without(results: Results, words: Words) -> str:
    """Return how many parcels suit without the flexmilieus that nearly everything passes; empty where none is one."""
    if not results.undemanding:
        return ""
    rest = run_row(results, "suitable_demanding")
    is_known = not is_open(rest["n_sites"], rest["n_sites_unknown"])
    names = words.text("and").join(words.name("flexmilieu", one) for one in results.undemanding)
    n = words.number(rest["n_sites"]) if is_known else words.unknown
    return words.text("first.without", names=names, n=n)


def _owners(results: Results, words: Words) -> Question | None:
    """Return whose the available land is, by share of area; unknown where that is most of it."""
    table = summary(results, "ownership")
    area = table[table["population"] == "available"].groupby("owner_class")["programme_area_m2"].sum()
    if not area.sum():
        return None
    share = (area / area.sum()).sort_values(ascending=False, kind="stable")
    unknown = float(share.get(_UNKNOWN_OWNER, 0.0))
    known = share.drop(_UNKNOWN_OWNER, errors="ignore")
    named = [f"{words.name('owner', owner)} {words.percent(part)}" for owner, part in known.head(_MOST_NAMED).items()]
    last = words.text("first.owner_unknown", share=words.percent(unknown))
    # A class of a few per cent is no answer where nobody knows of the rest.
    first, others = (words.unknown, named) if not named or unknown > known.iloc[0] else (named[0], named[1:])
    return _row(words, "owner", first, " · ".join([*others, last]))


def _to_do(results: Results, words: Words) -> Question | None:
    """Return what must be done first: on how many parcels consent is asked, and by which rules on most of them."""
    asking = Counter[str]()
    for sites in results.chunks("sites", columns=["verdict", "restrictions"]):
        # Of these parcels alone: a rule touches many more that are taken by others.
        for rules in sites.loc[sites["verdict"].eq("conditional"), "restrictions"]:
            asking.update(entries(rules))
    if not asking:
        return None
    place = {rule: i for i, rule in enumerate(results.rules)}
    order = sorted(asking, key=lambda rule: (-asking[rule], place.get(rule, len(place)), rule))
    named = [
        words.text("first.rule", rule=words.name("rule", rule), n=words.number(asking[rule]))
        for rule in order[:_MOST_NAMED]
    ]
    more = len(order) - len(named)
    listed = [*named, *([words.text("first.rules_more", n=words.number(more))] if more else [])]
    n = words.number(verdict_counts(results)["conditional"])
    return _row(words, "do", words.text("first.do", n=n), words.text("first.do_rules", listed=" · ".join(listed)))


def _sure(results: Results, words: Words) -> Question:
    """Return how sure it is: of the draws of the run, or that none were made."""
    if not results.has(f"{FOLDER}/totals"):
        return _row(words, "sure", words.text("first.not_drawn"), words.text("first.draw_it"))
    totals: Any = results.table(f"{FOLDER}/totals")
    common = totals[(totals["total"] == "common") & (totals["land"] == "eligible")].iloc[0]
    low, high = words.about(common["p05"]), words.about(common["p95"])
    stable = int(results.table(f"{FOLDER}/locations").groupby("location_id")["is_stable"].any().sum())
    beside = words.text("first.stable", n=words.number(stable))
    moved = moved_by(results, words)
    said = words.text("first.drawn", low=low, high=high)
    return _row(words, "sure", said, f"{beside}. {moved}" if moved else beside)
