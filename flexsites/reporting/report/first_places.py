"""Where to look first: the place that heads the list of each flexmilieu, numbered on the map of the first page."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from flexsites.reporting.homes import with_free
from flexsites.reporting.maps.display import in_degrees
from flexsites.reporting.report.shortlist import Ranked
from flexsites.reporting.results import Results, records
from flexsites.reporting.where import places_of
from flexsites.reporting.words import Words

_FREE = "n_per_cluster_without_consent_expected"


@dataclass(frozen=True, slots=True)
class FirstPlace:
    """A place that heads a list.

    Attributes
    ----------
    number
        From 1, in the order of the flexmilieus.
    at
        A point on its largest piece, x and y in RD New.
    told
        Where it lies, for whom and with how many homes, in words.
    """

    number: int
    at: tuple[float, float]
    told: str

    @property
    def in_degrees(self) -> tuple[float, float]:
        """Its point in WGS84, longitude and latitude, to a metre."""
        (point,) = in_degrees(np.array([shapely.Point(self.at)]), 0.0)
        return round(point.x, 5), round(point.y, 5)


def first_places(results: Results, ranked: Ranked, words: Words) -> list[FirstPlace]:
    """Return the first place on the list of each flexmilieu, each place once.

    The first with homes that need no consent; where all that are listed need it, the first, and that is told: an
    eligible place has land without consent, on which too few may fit. Flexmilieus that nearly everything passes are
    left out: what heads their list is hardly chosen.

    Parameters
    ----------
    results, words
        The run, and the language.
    ranked
        Its places with homes by flexmilieu, in the order in which they are listed.
    """
    rows = ranked.rows[~ranked.rows["flexmilieu"].isin(list(results.undemanding))]
    is_free = rows[_FREE].ge(1).to_numpy(dtype=bool, na_value=False)
    heads = pd.concat([rows[is_free], rows]).drop_duplicates("flexmilieu").set_index("flexmilieu", drop=False)
    heads = heads.loc[rows["flexmilieu"].unique()].reset_index(drop=True)
    areas = dict(zip(heads["location_id"], places_of(heads, words), strict=True))
    found: list[FirstPlace] = []
    for number, (place, own) in enumerate(heads.groupby("location_id", sort=False), start=1):
        head = next(records(own))
        street = "" if pd.isna(head.entrance_street_name) else head.entrance_street_name
        where = ", ".join(one for one in (street, areas[place]) if one) or str(head.site_id)
        counted = (with_free(words.number(row.n_per_cluster_expected), row, words) for row in records(own))
        names = (words.name("flexmilieu", name) for name in own["flexmilieu"])
        homes = "; ".join(f"{name} {one}" for name, one in zip(names, counted, strict=True))
        needs_consent = head.verdict != "eligible" or bool(own[_FREE].eq(0).all())
        key = "first.first_place_consent" if needs_consent else "first.first_place"
        told = words.text(key, number=number, where=where, homes=homes)
        found.append(FirstPlace(number, (float(head.location_x_m), float(head.location_y_m)), told))
    return found
