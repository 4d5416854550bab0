"""The section of the report that lists the best sites, and the sites that every such list starts from."""

from __future__ import annotations

from typing import Any

import pandas as pd

from flexsites.reporting.presentation import presentation
from flexsites.reporting.results import Results
from flexsites.reporting.summaries.totals import AVAILABLE
from flexsites.reporting.table_view import table_view
from flexsites.reporting.views import with_range
from flexsites.reporting.words import Words
from flexsites.tables import Frame, Sites, Suitability

_SHOWN = (
    "rank", "site_id", "gemeente", "score", "n_units_expected", "units_range", "buildable_area_m2", "owner_class",
    "verdict",
)  # fmt: skip


def ranked_sites(results: Results) -> Frame:
    """Return the available sites that suit a flexmilieu, by flexmilieu and rank.

    Returns
    -------
        Key ``(flexmilieu, site_id)``: the columns of Suitability and of Sites (homes are those in the flexmilieu), and
        ``gemeente``, a code to be shown by its name.
    """
    suitability = results.table("suitability")
    suits = suitability["is_suitable"].fillna(value=False).astype(bool) & suitability["rank"].notna()
    sites = pd.DataFrame(results.table("sites").drop(columns="geometry"))
    own = [name for name in sites if name == "site_id" or name not in suitability]
    merged = suitability[suits].merge(sites.loc[sites["verdict"].isin(AVAILABLE), own], on="site_id")
    place = {name: i for i, name in enumerate(results.flexmilieus)}
    merged = merged.assign(_place=merged["flexmilieu"].map(place).fillna(len(place)), gemeente=merged["gemeente_code"])
    ordered = merged.sort_values(["_place", "flexmilieu", "rank", "site_id"], kind="stable", ignore_index=True)
    return ordered.drop(columns="_place")


def shortlist(results: Results, words: Words) -> list[dict[str, Any]]:
    """Return the best sites per flexmilieu, the factsheet of each linked by its id."""
    limit = int(presentation().lists.max_shortlist)
    suitability, ranked = results.table("suitability"), ranked_sites(results)
    lists = []
    for flexmilieu in results.flexmilieus or tuple(sorted(suitability["flexmilieu"].unique())):
        own = ranked[ranked["flexmilieu"] == flexmilieu]
        best = with_range(own.head(limit), words)
        judged = suitability.loc[suitability["flexmilieu"] == flexmilieu, "is_suitable"]
        n_unknown = int(judged.isna().sum())
        empty = words.text("shortlist.none")
        if n_unknown:
            empty = words.text("shortlist.none_known", n=words.number(n_unknown))
        lists.append(
            {
                "name": words.name("flexmilieu", flexmilieu),
                "table": table_view(best, _SHOWN, words, Suitability, Sites),
                "empty": "" if len(best) else empty,
                "summary": words.text("shortlist.summary", shown=words.number(len(best)), n=words.number(len(own))),
            }
        )
    return lists
