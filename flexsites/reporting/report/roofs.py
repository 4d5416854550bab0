"""The section of the report on roofs."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pandas as pd

from flexsites.reporting.presentation import presentation
from flexsites.reporting.report.land import VERDICTS
from flexsites.reporting.results import Results
from flexsites.reporting.shown_fields import SHOWN
from flexsites.reporting.summaries.all_tables import summary
from flexsites.reporting.summaries.portfolio import headline
from flexsites.reporting.table_view import Column, TableView, entries, table_view
from flexsites.reporting.views import where_known, with_range
from flexsites.reporting.words import Words
from flexsites.tables import Frame, Roofs, RoofUnits
from flexsites.tables.counting import AVAILABLE
from flexsites.tables.field import Field
from flexsites.tables.summary_tables import SUMMARIES

_BEST = (
    "bag_pand_id", "age_rule", "roof_variant", "verdict", "year_built", "n_storeys", "n_dwellings", "n_units_expected",
    "units_range",
)  # fmt: skip
_NAMED = {"owner_class": "owner", "roof_quality": "roof_term"}
UNITS = ("n_units_low", "n_units_expected", "n_units_high")
_COUNTED = tuple(Field(one, "int", SHOWN["n_buildings"].description) for one in VERDICTS)

_NAMED = {"gemeente": "area", "owner_class": "owner", "roof_quality": "roof_term"}


def roofs(results: Results, words: Words) -> dict[str, TableView]:
    """Return roofs per age rule and variant, those with most homes, and what evidence is missing."""
    shown = with_range(ways(results), words, "n_units")
    columns: list[Column] = ["age_rule", "roof_variant", *_COUNTED, UNITS[1], "units_range"]
    headings = {one: words.name("verdict", one) for one in VERDICTS}
    totals = table_view(shown, columns, words, headings=headings)
    groups, best, missing = (make(results, words) for make in (_groups, _best, _missing))
    return {"totals": totals, "groups": groups, "best": best, "missing": missing}


def ways(results: Results) -> Frame:
    """Return a row per age rule and way of topping up of a run, as :func:`ways_of` tells them."""
    return ways_of(summary(results, "roof_totals"))


def ways_of(totals: Frame) -> Frame:
    """Return a row per age rule and way of topping up: buildings per verdict, and the homes on those that qualify.

    Parameters
    ----------
    totals
        As :func:`~flexsites.reporting.summaries.roofs.roof_totals` gives them.

    Returns
    -------
        Key ``(age_rule, roof_variant)``, in the order of the totals: ``eligible``, ``conditional``, ``unknown``,
        ``excluded``, ``n_good`` (that qualify) and homes, null where none is known to qualify and some may.
    """
    return _side_by_side(totals, ["age_rule", "roof_variant"])


def _side_by_side(table: Frame, keys: list[str]) -> Frame:
    """Return the verdicts of each key side by side, with the homes on what qualifies."""
    order = table[keys].drop_duplicates()
    counts = table.pivot_table(index=keys, columns="verdict", values="n_buildings", aggfunc="first")
    counts = counts.reindex(columns=list(VERDICTS))
    good = table[table["verdict"].isin(AVAILABLE)].groupby(keys, sort=False)[list(UNITS)].sum()
    found = order.merge(counts.fillna(0).astype("Int64").reset_index(), on=keys)
    # Where none qualifies there is no row to sum.
    found = found.merge(good.reset_index(), on=keys, how="left")
    found[list(UNITS)] = found[list(UNITS)].fillna(0)
    found = found.assign(n_good=found[list(AVAILABLE)].sum(axis=1))
    return where_known(found, UNITS, known="n_good", unknown="unknown")


def _groups(results: Results, words: Words) -> TableView:
    """Return the headline's homes per gemeente, owner class and quality; dwellings, shops and offices apart."""
    found = _side_by_side(summary(results, "roof_groups"), ["group_kind", "group_code", "block_type"])
    named = [
        words.unknown if code == "unknown" else words.name(_NAMED.get(kind, "area"), code)
        for kind, code in zip(found["group_kind"], found["group_code"], strict=True)
    ]
    shown = with_range(found, words, "n_units").assign(group_code=pd.Series(named, index=found.index, dtype="str"))
    group = replace(SHOWN["group_code"], names=None)
    columns: list[Column] = ["group_kind", group, "block_type", *_COUNTED, UNITS[1], "units_range"]
    headings = {one: words.name("verdict", one) for one in VERDICTS}
    return table_view(shown, columns, words, SUMMARIES["roof_groups"], headings=headings)


def _best(results: Results, words: Words) -> TableView:
    """Return the buildings with most homes at the headline: never each in the way that gives it most."""
    at, limit = headline(results), int(presentation().lists.max_shortlist)
    units = pd.DataFrame()
    for rows in results.chunks("roof_units"):
        own = rows[(rows["age_rule"] == at[0]) & (rows["roof_variant"] == at[1])]
        both = pd.concat([units, own[own["n_units_expected"].fillna(0) > 0]])
        units = both.sort_values(["n_units_expected", "bag_pand_id"], ascending=[False, True]).head(limit)
    evidence = ["bag_pand_id", "year_built", "n_storeys", "n_dwellings"]
    roofs = results.rows("roofs", "bag_pand_id", units["bag_pand_id"], evidence)
    best = units.merge(pd.DataFrame(roofs), on="bag_pand_id", how="left")
    return table_view(with_range(best, words, "n_units"), _BEST, words, RoofUnits, Roofs)


def _missing(results: Results, words: Words) -> TableView:
    """Return how many buildings lack each piece of evidence."""
    counted = Counter[str]()
    for rows in results.chunks("roofs", columns=["missing_evidence"]):
        for told, n_buildings in rows["missing_evidence"].value_counts(dropna=True).items():
            counted.update(dict.fromkeys(entries(told), n_buildings))
    counts = [((name,), n) for name, n in sorted(counted.items(), key=lambda one: (-one[1], one[0]))]
    table = pd.DataFrame(counts, columns=["missing_evidence", "n_buildings"]).astype({"missing_evidence": "object"})
    return table_view(table, ["missing_evidence", "n_buildings"], words, Roofs)
