"""The section of the report that lists the best sites, and the sites that every such list starts from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from flexsites.reporting.results import Results, records
from flexsites.reporting.table_view import Column, table_view
from flexsites.reporting.views import with_range
from flexsites.reporting.words import Words
from flexsites.tables import Frame, Locations, LocationSuitability, Sites
from flexsites.tables.counting import AVAILABLE, listed
from flexsites.tables.field import Field

_VERDICT = Field("verdict", "str", "verdict of the location", format="text")
_SHOWN: tuple[Column, ...] = (
    "rank", "site_id", "gemeente", "entrance_street_name", "score", "n_per_cluster_expected", "units_range",
    "n_per_cluster_without_consent_expected", "core_area_m2", "n_location_parcels", "owner_class_largest", _VERDICT,
)  # fmt: skip
_OF_PLACE = (
    "score", "verdict", "n_per_cluster_expected", "n_per_cluster_low", "n_per_cluster_high", "n_room_expected",
    "n_per_cluster_without_consent_expected", "n_per_cluster_without_consent_low", "n_per_cluster_without_consent_high",
    "n_room_without_consent_expected", "core_area_m2",
)  # fmt: skip
"""What a list tells of a whole place: consent included, which the figures of an eligible parcel do without."""
_OF_SITE = ("site_id", "tenure", "available_years_expected", "restrictions", "flags")


@dataclass(frozen=True, slots=True)
class Ranked:
    """Ranked locations: the first of each flexmilieu, and of how many; and those of which it is not known.

    Attributes
    ----------
    rows
        Key ``(flexmilieu, location_id)``: the columns of LocationSuitability and of Locations, of the parcel to look at
        (``site_id``) tenure, years and marks, and ``gemeente``, a code to be shown by its name.
    n_ranked, n_with_homes, n_unknown
        Locations per flexmilieu: that suit, that also hold homes as expected, and of which it is not known.
    """

    rows: Frame
    n_ranked: Mapping[str, int]
    n_with_homes: Mapping[str, int]
    n_unknown: Mapping[str, int]


def ranked_locations(results: Results, most: int, *, with_homes: bool = False) -> Ranked:
    """Return the available locations that suit a flexmilieu, by flexmilieu and in the order in which they are listed.

    Parameters
    ----------
    results
        The run; what is held of it is the locations that are returned.
    most
        How many of each flexmilieu.
    with_homes
        Of those alone that hold homes as expected: in the others fewer fit than the minimum of a cluster.
    """
    kept, n_ranked, n_with_homes, n_unknown = dict[str, Frame](), Counter[str](), Counter[str](), Counter[str]()
    for served in results.chunks("location_suitability"):
        unknown = served.loc[served["is_suitable"].isna().to_numpy(dtype=bool), "flexmilieu"]
        n_unknown.update(str(name) for name in unknown)
        for name, own in _available(results, served[served["rank"].notna()]).groupby("flexmilieu", sort=False):
            holding = own[own["n_per_cluster_expected"].ge(1)]
            n_ranked[str(name)] += len(own)
            n_with_homes[str(name)] += len(holding)
            asked = holding if with_homes else own
            parts: list[Frame] = [kept[str(name)], asked] if str(name) in kept else [asked]
            kept[str(name)] = listed(pd.concat(parts, ignore_index=True)).head(most)
    order = results.flexmilieus or tuple(sorted({*n_ranked, *n_unknown}))
    empty = _available(results, results.first("location_suitability", 0)[0])
    rows = pd.concat([kept[name] for name in order if name in kept] or [empty], ignore_index=True)
    sites = results.rows("sites", "site_id", rows["site_id"], _OF_SITE)
    rows = rows.merge(pd.DataFrame(sites), on="site_id", validate="many_to_one")
    return Ranked(rows.assign(gemeente=rows["gemeente_code"]), n_ranked, n_with_homes, n_unknown)


def _available(results: Results, served: Frame) -> Frame:
    """Return rows of locations with what is told of the locations, of those that are available."""
    ids = served["location_id"]
    low, high = (ids.min(), ids.max()) if len(ids) else ("", "")
    locations = results.between("locations", "location_id", low, high)
    available = locations[locations["verdict"].isin(AVAILABLE)]
    return served.merge(available, on="location_id", validate="many_to_one")


def of_place(words: Words) -> dict[str, str]:
    """Return the headings of what is told of a whole place, which its parcel may have otherwise."""
    return {one: words.text(f"shortlist.{one}_of_place") for one in _OF_PLACE}


def verdicts_of_places(results: Results, rows: Frame, words: Words) -> list[str]:
    """Return the verdict of each place in words, with what its parcel is where that is something else.

    Parameters
    ----------
    results
        The run.
    rows
        Of a list: site_id, flexmilieu, and the ``verdict`` of the location.
    words
        The language.
    """
    keys = ["site_id", "flexmilieu"]
    sites = results.rows("sites", "site_id", rows["site_id"], ("site_id", "verdict")).set_index("site_id")["verdict"]
    suits = results.rows("suitability", "site_id", rows["site_id"], (*keys, "is_suitable"))
    outcome = {(one.site_id, one.flexmilieu): one.is_suitable for one in records(suits)}
    told = []
    for row in records(rows):
        said, own = words.name("verdict", row.verdict), str(sites[row.site_id])
        other = [words.name("verdict", own)] if own != row.verdict else []
        its = outcome.get((row.site_id, row.flexmilieu))
        if pd.isna(its) or not its:
            other.append(words.text("map.outcome_unknown" if pd.isna(its) else "map.not_suitable"))
        told.append(words.text("shortlist.parcel", place=said, parcel=", ".join(other)) if other else said)
    return told


def shortlist(results: Results, words: Words, ranked: Ranked) -> list[dict[str, Any]]:
    """Return the best locations with homes per flexmilieu, the factsheet of the parcel to look at linked by its id."""
    lists = []
    for flexmilieu in results.flexmilieus or tuple(sorted({*ranked.n_ranked, *ranked.n_unknown})):
        best = with_range(ranked.rows[ranked.rows["flexmilieu"] == flexmilieu], words, "n_per_cluster")
        best = best.assign(verdict=pd.Series(verdicts_of_places(results, best, words), index=best.index, dtype="str"))
        n_ranked, n_unknown = ranked.n_ranked.get(flexmilieu, 0), ranked.n_unknown.get(flexmilieu, 0)
        n_with_homes = ranked.n_with_homes.get(flexmilieu, 0)
        empty = words.text("shortlist.none_holds" if n_ranked else "shortlist.none")
        if n_unknown and not n_ranked:
            empty = words.text("shortlist.none_known", n=words.number(n_unknown))
        lists.append(
            {
                "name": words.name("flexmilieu", flexmilieu),
                "table": table_view(
                    best, _SHOWN, words, LocationSuitability, Locations, Sites, headings=of_place(words)
                ),
                "empty": "" if len(best) else empty,
                "summary": words.text(
                    "shortlist.summary",
                    shown=words.number(len(best)),
                    with_homes=words.number(n_with_homes),
                    n=words.number(n_ranked),
                ),
            }
        )
    return lists
