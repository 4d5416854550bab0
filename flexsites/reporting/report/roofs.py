"""The section of the report on roofs."""

from __future__ import annotations

from flexsites.reporting.presentation import presentation
from flexsites.reporting.results import Results, records, row_at
from flexsites.reporting.summaries.all_tables import summary
from flexsites.reporting.summaries.portfolio import headline
from flexsites.reporting.views import TableView, heads
from flexsites.reporting.words import Words

_NAMED = {"gemeente": "area", "owner_class": "owner", "roof_quality": "roof_term"}


def roofs(results: Results, words: Words) -> dict[str, TableView]:
    """Return roofs per age rule and variant, those with most homes, and what evidence is missing."""
    table = summary(results, "roof_totals")
    rows = []
    for (age_rule, variant), part in table.groupby(["age_rule", "roof_variant"], sort=False):
        by = part.set_index("verdict")
        good = by.loc[["eligible", "conditional"]]
        names = [words.name("age_rule", age_rule), words.name("roof_variant", variant)]
        counts = [
            words.number(by.loc[verdict, "n_buildings"])
            for verdict in ("eligible", "conditional", "unknown", "excluded")
        ]
        units: list[object] = [good[f"n_units_{name}"].fillna(0).sum() for name in ("expected", "low", "high")]
        if not good["n_buildings"].sum() and by.loc["unknown", "n_buildings"]:
            units = [None, None, None]  # none is known to qualify and some may: zero would be a claim
        rows.append([*names, *counts, words.number(units[0]), words.span(units[1], units[2])])
    verdicts = [(words.name("verdict", key), True) for key in ("eligible", "conditional", "unknown", "excluded")]
    texts = heads(words, ("age_rule", "roof_variant"), ())
    totals = TableView([*texts, *verdicts, *heads(words, (), ("n_units_expected", "units_range"))], rows)
    groups = _groups(results, words)
    return {
        "totals": totals,
        "groups": groups,
        "best": _best_roofs(results, words),
        "missing": _missing(results, words),
    }


def _groups(results: Results, words: Words) -> TableView:
    """Return the headline's homes per gemeente, owner class and quality; dwellings, shops and offices apart."""
    table = summary(results, "roof_groups")
    rows = []
    for (kind, code, block), part in table.groupby(["group_kind", "group_code", "block_type"], sort=False):
        by = part.set_index("verdict")
        good = by[by.index.isin(["eligible", "conditional"])]
        counts = [by["n_buildings"].get(verdict, 0) for verdict in ("eligible", "conditional", "unknown", "excluded")]
        units: list[object] = [good[f"n_units_{name}"].fillna(0).sum() for name in ("expected", "low", "high")]
        if not len(good) and "unknown" in by.index:
            units = [None, None, None]  # none is known to qualify and some may: zero would be a claim
        named = words.unknown if code == "unknown" else words.name(_NAMED.get(str(kind), str(kind)), code)
        names = [words.name("group_kind", kind), named, words.name("roof_term", block)]
        cells = [*map(words.number, counts), words.number(units[0]), words.span(units[1], units[2])]
        rows.append([*names, *cells])
    verdicts = [(words.name("verdict", key), True) for key in ("eligible", "conditional", "unknown", "excluded")]
    texts = heads(words, ("group_kind", "group_code", "block_type"), ())
    return TableView([*texts, *verdicts, *heads(words, (), ("n_units_expected", "units_range"))], rows)


def _best_roofs(results: Results, words: Words) -> TableView:
    """Return the buildings with most homes at the headline: never each in the way that gives it most."""
    units, (age_rule, roof_variant) = results.table("roof_units"), headline(results)
    units = units[(units["age_rule"] == age_rule) & (units["roof_variant"] == roof_variant)]
    units = units[units["n_units_expected"].fillna(0) > 0]
    units = units.sort_values(["n_units_expected", "bag_pand_id"], ascending=[False, True])
    units = units.drop_duplicates("bag_pand_id").head(int(presentation().lists.max_shortlist))
    roofs = results.table("roofs").set_index("bag_pand_id")
    rows = []
    for row in records(units):
        roof = row_at(roofs, row.bag_pand_id)
        # A year is no amount: it takes no thousands separator.
        year = words.unknown if roof.isna()["year_built"] else str(int(roof["year_built"]))
        stock = [year, words.number(roof["n_storeys"]), words.number(roof["n_dwellings"])]
        names = [words.name("age_rule", row.age_rule), words.name("roof_variant", row.roof_variant)]
        amount = [words.number(row.n_units_expected), words.span(row.n_units_low, row.n_units_high)]
        rows.append([row.bag_pand_id, *names, words.name("verdict", row.verdict), *stock, *amount])
    texts = ("bag_pand_id", "age_rule", "roof_variant", "verdict")
    numbers = ("year_built", "n_storeys", "n_dwellings", "n_units_expected", "units_range")
    return TableView(heads(words, texts, numbers), rows)


def _missing(results: Results, words: Words) -> TableView:
    """Return how many buildings lack each piece of evidence."""
    roofs = results.table("roofs")
    headings = heads(words, ("missing_evidence",), ("n_buildings",))
    if "missing_evidence" not in roofs:
        return TableView(headings, [])
    lacking = roofs["missing_evidence"].astype("object").fillna("").str.split("|").explode()
    counts = lacking[lacking != ""].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    return TableView(headings, [[words.name("evidence", key), words.number(n)] for key, n in counts.items()])
