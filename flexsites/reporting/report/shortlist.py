"""The section of the report that lists the best sites, and the sites that every such list starts from."""

from __future__ import annotations

from typing import Any

import pandas as pd

from flexsites.reporting.presentation import presentation
from flexsites.reporting.results import Results
from flexsites.reporting.table_view import table_view
from flexsites.reporting.views import with_range
from flexsites.reporting.words import Words
from flexsites.tables import Frame, Locations, LocationSuitability, Sites
from flexsites.tables.counting import AVAILABLE, listed

_SHOWN = (
    "rank", "site_id", "gemeente", "entrance_street_name", "score", "n_per_cluster_expected", "units_range",
    "core_area_m2", "n_location_parcels", "owner_class_largest", "verdict",
)  # fmt: skip


def ranked_locations(results: Results) -> Frame:
    """Return the available locations that suit a flexmilieu, by flexmilieu and in the order in which they are listed.

    Returns
    -------
        Key ``(flexmilieu, location_id)``: the columns of LocationSuitability and of Locations, of the parcel to look at
        (``site_id``) tenure, years and marks, and ``gemeente``, a code to be shown by its name.
    """
    served, locations = results.table("location_suitability"), results.table("locations")
    ranked = served[served["rank"].notna()].merge(
        locations[locations["verdict"].isin(AVAILABLE)], on="location_id", validate="many_to_one"
    )
    of_site = ["site_id", "tenure", "available_years_expected", "restrictions", "flags"]
    ranked = ranked.merge(pd.DataFrame(results.table("sites"))[of_site], on="site_id", validate="many_to_one")
    ranked = ranked.assign(gemeente=ranked["gemeente_code"])
    order = results.flexmilieus or tuple(sorted(ranked["flexmilieu"].unique()))
    parts = [listed(ranked[ranked["flexmilieu"] == name]) for name in order]
    return pd.concat(parts or [ranked], ignore_index=True)


def shortlist(results: Results, words: Words) -> list[dict[str, Any]]:
    """Return the best locations per flexmilieu, the factsheet of the parcel to look at linked by its id."""
    limit = int(presentation().lists.max_shortlist)
    served, ranked = results.table("location_suitability"), ranked_locations(results)
    lists = []
    for flexmilieu in results.flexmilieus or tuple(sorted(served["flexmilieu"].unique())):
        own = ranked[ranked["flexmilieu"] == flexmilieu]
        best = with_range(own.head(limit), words, "n_per_cluster")
        n_unknown = int(served.loc[served["flexmilieu"] == flexmilieu, "is_suitable"].isna().sum())
        empty = words.text("shortlist.none")
        if n_unknown:
            empty = words.text("shortlist.none_known", n=words.number(n_unknown))
        lists.append(
            {
                "name": words.name("flexmilieu", flexmilieu),
                "table": table_view(best, _SHOWN, words, LocationSuitability, Locations, Sites),
                "empty": "" if len(best) else empty,
                "summary": words.text("shortlist.summary", shown=words.number(len(best)), n=words.number(len(own))),
            }
        )
    return lists
