"""A shortlist as it stands on the screen: where each site lies, what speaks for it and what against, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from flexsites.reporting.homes import counts_of_homes
from flexsites.reporting.names import words_of
from flexsites.reporting.presentation import presentation
from flexsites.reporting.report.shortlist import of_place, verdicts_of_places
from flexsites.reporting.results import Results, open_results, row_at
from flexsites.reporting.table_view import entries, table_view
from flexsites.reporting.where import places_of, streets_of
from flexsites.reporting.why import MARKING, main_reasons, with_marks_elsewhere
from flexsites.reporting.words import Words
from flexsites.tables import Frame, Locations, LocationSuitability, Sites

_MARKS = tuple(f"{column}{where}" for column in MARKING.values() for where in ("", "_elsewhere"))
_IN_WORDS = ("owner_class_largest", "available_years_expected")


@dataclass(frozen=True, slots=True)
class Listed:
    """A site on a shortlist: its flexmilieu by name, its rank, its id, and lines that tell why."""

    flexmilieu: str
    rank: str
    site_id: str
    lines: tuple[str, ...]


def shortlist_lines(
    directory: Path | str, rows: Frame, n_unknown: Mapping[str, int], lang: str
) -> tuple[list[Listed], list[str]]:
    """Return the sites of a shortlist with their reasons, and notes on what is left out.

    Parameters
    ----------
    directory
        The run's directory.
    rows
        flexmilieu, rank, site_id, owner_class_largest, score, homes, available_years_expected, verdict.
    n_unknown
        Per column how many sites are left out only because it is unknown.
    lang
        ``nl`` or ``en``.
    """
    results = open_results(directory)
    words = words_of(results, lang)
    told = table_view(
        rows, ["flexmilieu", "rank", "site_id", *_IN_WORDS], words, LocationSuitability, Locations, Sites
    ).rows
    verdicts = verdicts_of_places(results, rows, words)
    reasons = _reasons(results, rows, words)
    listed = [
        Listed(cells[0], cells[1], cells[2], (*_facts(row, [verdict, *cells[3:]], words), *reasons.get(cells[2], ())))
        for (_, row), cells, verdict in zip(rows.iterrows(), told, verdicts, strict=True)
    ]
    notes = [
        words.text("shortlist.left_out", n=words.number(n), what=words.text(f"columns.{name}"))
        for name, n in n_unknown.items()
    ]
    return listed, [
        *([] if listed else [words.text("shortlist.nothing")]),
        *notes,
        *_all_unchecked(results, rows, words),
    ]


def _facts(row: pd.Series[Any], cells: list[str], words: Words) -> list[str]:
    """Return the line of homes, score, verdict, owner and years."""
    headings = of_place(words)
    homes = []
    for one in counts_of_homes(row.to_frame().T):
        heading = headings.get(one.expected, words.heading(one.expected))
        homes.append(f"{heading}: {words.number(row[one.expected])} ({words.span(row[one.low], row[one.high])})")
    verdict, owner, years = cells
    score = [f"{headings['score']}: {words.number(row['score'], 2)}"] if "score" in row else []
    columns = (f"{words.heading(name)}: {cell}" for name, cell in zip(_IN_WORDS, (owner, years), strict=True) if cell)
    return ["; ".join([verdict, *homes, *score, *columns])]


def _reasons(results: Results, rows: Frame, words: Words) -> dict[str, tuple[str, ...]]:
    """Return per site the lines of where it lies, what stands in its way, and what was not checked."""
    sites = results.table("sites")
    own = sites[sites["site_id"].isin(rows["site_id"])]
    if "geometry" not in own or own.empty:
        return {}
    streets = streets_of(results, own, within_m=float(presentation().map.nearest_street_m)).fillna("")
    ledger = main_reasons(results.table("reasons")) if results.has("reasons") else None
    own = with_marks_elsewhere(results.table("reasons"), own) if results.has("reasons") else own
    by_id = own.set_index("site_id", drop=False)
    found = {}
    for site_id, street, place in zip(own["site_id"], streets, places_of(own, words), strict=True):
        site = row_at(by_id, site_id)
        where = ", ".join(one for one in (street, place) if one)
        lines = [where, _against(site, words), _taken(ledger, site_id, words), _unchecked(site, words)]
        found[str(site_id)] = tuple(line for line in lines if line)
    return found


def _against(site: pd.Series[Any], words: Words) -> str:
    """Return the rules that ask consent or attention; empty: none does."""
    told = [
        f"{words.heading(column)}: {', '.join(words.name('rule', rule) for rule in entries(site[column]))}"
        for column in _MARKS
        if column in site and entries(site[column])
    ]
    return "; ".join(told)


def _unchecked(site: pd.Series[Any], words: Words) -> str:
    """Return how many excluding rules were not checked on a site; which is told once, under the list."""
    n = len(entries(site["unchecked_rules"]))
    return words.text("map.unchecked_short", n=words.number(n)) if n else ""


def _all_unchecked(results: Results, rows: Frame, words: Words) -> list[str]:
    """Return which excluding rules were not checked on one of the sites or more."""
    sites = results.table("sites")
    if "unchecked_rules" not in sites:
        return []
    own = sites.loc[sites["site_id"].isin(rows["site_id"]), "unchecked_rules"]
    rules = sorted({words.name("rule", rule) for told in own for rule in entries(told)})
    return [words.text("shortlist.unchecked", rules=", ".join(rules))] if rules else []


def _taken(ledger: Frame | None, site_id: str, words: Words) -> str:
    """Return the rules that take most of the site; empty: none takes any."""
    if ledger is None:
        return ""
    own = ledger[ledger["site_id"].eq(site_id)]
    told = [
        f"{words.name('rule', rule)} {words.square_metres(area)}"
        for rule, area in zip(own["rule_id"], own["attributed_area_m2"], strict=True)
    ]
    return f"{words.text('map.why')}: {', '.join(told)}" if told else ""
