"""The section of the report that lists the best sites."""

from __future__ import annotations

from typing import Any

from flexsites.reporting.presentation import presentation
from flexsites.reporting.results import Results, records, row_at
from flexsites.reporting.summaries.totals import AVAILABLE
from flexsites.reporting.views import TableView, heads
from flexsites.reporting.words import Words


def shortlist(results: Results, words: Words) -> list[dict[str, Any]]:
    """Return the best sites per flexmilieu, the factsheet of each linked by its id."""
    limit = int(presentation().lists.max_shortlist)
    sites = results.table("sites").set_index("site_id")
    suitability = results.table("suitability")
    order = results.flexmilieus or tuple(sorted(suitability["flexmilieu"].unique()))
    texts, numbers = ("site_id", "gemeente"), ("score", "n_units_expected", "units_range", "buildable_area_m2")
    headings = [(words.text("columns.rank"), True), *heads(words, texts, numbers)]
    headings += heads(words, ("owner_class", "verdict"), ())
    lists = []
    for flexmilieu in order:
        own = suitability[suitability["flexmilieu"] == flexmilieu]
        ranked = own[own["rank"].notna() & own["is_suitable"].fillna(value=False).astype(bool)]
        ranked = ranked[ranked["site_id"].map(sites["verdict"]).isin(AVAILABLE)]
        n_suitable = len(ranked)
        ranked = ranked.sort_values(["rank", "site_id"]).head(limit)
        rows = []
        for row in records(ranked):
            site = row_at(sites, row.site_id)
            owner = words.name("owner", site["owner_class"])
            units = [words.number(row.n_units_expected), words.span(row.n_units_low, row.n_units_high)]
            place = [row.site_id, words.name("area", site["gemeente_code"]), words.number(row.score, 2)]
            area, verdict = words.number(site["buildable_area_m2"]), words.name("verdict", site["verdict"])
            rows.append([words.number(row.rank), *place, *units, area, owner, verdict])
        n_unknown = int(own["is_suitable"].isna().sum())
        empty = words.text("shortlist.none")
        if n_unknown:
            empty = words.text("shortlist.none_known", n=words.number(n_unknown))
        name = words.name("flexmilieu", flexmilieu)
        counted = words.text("shortlist.summary", shown=words.number(len(rows)), n=words.number(n_suitable))
        view = TableView(headings, rows)
        lists.append({"name": name, "table": view, "empty": "" if rows else empty, "summary": counted})
    return lists
