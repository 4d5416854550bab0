"""The site as a whole: its verdict, whom it serves, and its common programme (METHOD 0)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from flexsites.arrays import BoolArray, lists
from flexsites.suitability.kernels import criteria as c
from flexsites.tables import CRS, CommonProgrammes, Exclusions, Frame, Parcels, Sites, Suitability
from flexsites.tables.contract import is_among, is_true
from flexsites.tables.stage import stage

_OF_THE_PARCEL = [
    "gemeente_code",
    "provincie_code",
    "buurt_code",
    "owner_class",
    "tenure",
    "parcel_area_m2",
    "registered_area_m2",
]


@stage(takes=(Parcels, Exclusions, Suitability, CommonProgrammes), gives=Sites)
def gather(
    parcels: Frame,
    exclusions: Frame,
    suitability: Frame,
    programmes: Frame,
    *,
    undemanding: frozenset[str],
    precedence: tuple[str, ...],
) -> Frame:
    """Put each site on one row. Its location is filled in afterwards, across cells.

    Parameters
    ----------
    parcels, exclusions
        One row per site each, of the same sites.
    suitability
        One row per site with a valid piece and flexmilieu.
    programmes
        The common programme of each site.
    undemanding
        The flexmilieus that nearly everything passes: sites are always shown with and without them (METHOD 0).
    precedence
        The flexmilieus in the order in which the first suitable one labels a site.

    Returns
    -------
    One row per parcel, in the order of the parcels, with the common programme: homes of any kind. A site without a
    valid piece serves nobody, but where the verdict is unknown (its pieces may be valid) whom it serves is unknown too.

    Examples
    --------
    >>> from flexsites.suitability.sites import gather
    >>> from flexsites.tables import CommonProgrammes, Exclusions, Parcels, Suitability
    >>> from flexsites.worlds.plain import plain, plot
    >>> told = gather(
    ...     plain(Parcels, [plot()], site_id=["a"]),
    ...     plain(Exclusions, site_id=["a"], verdict="eligible"),
    ...     plain(Suitability, site_id=["a", "a"], flexmilieu=["campus", "groen_tiny"], is_suitable=[None, True]),
    ...     plain(CommonProgrammes, site_id=["a"]),
    ...     undemanding=frozenset({"groen_tiny"}),
    ...     precedence=("campus", "groen_tiny"),
    ... )
    >>> told[["verdict", "is_suitable", "is_suitable_demanding", "flexmilieu_first"]].to_numpy().tolist()
    [['eligible', True, <NA>, 'groen_tiny']]
    """
    truth = suitability["is_suitable"].astype("Int8").fillna(c.UNKNOWN).to_numpy(dtype=np.int8)
    judged = suitability.assign(truth=truth)
    left, common = (_by_parcel(one, parcels["site_id"]) for one in (exclusions, programmes))
    is_judged = is_among(parcels["site_id"], judged["site_id"])
    may_have_a_piece = (left["verdict"] == "unknown").to_numpy(dtype=bool) & ~is_judged
    asking = judged[~judged["flexmilieu"].isin(undemanding)]
    columns: dict[str, Any] = {name: parcels[name] for name in ("site_id", "geometry", *_OF_THE_PARCEL)} | left | common
    columns |= {
        "is_suitable": _any_flexmilieu(judged, parcels, may_have_a_piece),
        "is_suitable_demanding": _any_flexmilieu(asking, parcels, may_have_a_piece),
        "flexmilieu_first": _first(suitability, parcels, precedence),
        "location_id": pd.array([None] * len(parcels), dtype="str"),
        "bridged_for": lists(((),) * len(parcels), len(parcels)),
    }
    sites: Frame = gpd.GeoDataFrame(columns, geometry="geometry", crs=CRS)
    return sites


def _by_parcel(rows: Frame, site_id: pd.Series[str]) -> dict[str, pd.Series[Any]]:
    """Return the columns of a table of parcels, less their ids, in the order of these."""
    if not rows["site_id"].equals(site_id):
        rows = rows.set_index("site_id").reindex(site_id).reset_index()
    return {str(name): column for name, column in rows.items() if name != "site_id"}


def tell_bridged(sites: Frame, suitability: Frame, bridged: Mapping[str, Frame]) -> Frame:
    """Flag the parcels that hold more homes of a flexmilieu where it bridges the years until what is planned there.

    Parameters
    ----------
    sites, suitability
        What the run says.
    bridged
        By flexmilieu, what the reading in which it bridges says: Suitability.

    Returns
    -------
        The sites, with the flexmilieus that bridge there in ``bridged_for``; nothing else changes.
    """
    told: dict[str, list[str]] = {}
    key = ["site_id", "flexmilieu"]
    held = suitability[is_true(suitability["is_suitable"])].set_index(key)["n_room_expected"]
    for flexmilieu, found in bridged.items():
        mine = found[is_true(found["is_suitable"]) & (found["flexmilieu"] == flexmilieu)].set_index(key)
        more = mine["n_room_expected"] > held.reindex(mine.index).fillna(0)
        for site in more.index[more.to_numpy(dtype=bool)].get_level_values("site_id"):
            told.setdefault(site, []).append(flexmilieu)
    every: Frame = sites.assign(bridged_for=lists((tuple(told.get(site, ())) for site in sites["site_id"]), len(sites)))
    return every


def _first(suitability: Frame, parcels: Frame, precedence: tuple[str, ...]) -> pd.Series[str]:
    """Return the first flexmilieu in order that is known to suit each site; null where none is."""
    known = suitability[is_true(suitability["is_suitable"])]
    place = pd.Index(precedence).get_indexer(pd.Index(known["flexmilieu"]))
    at = pd.Index(parcels["site_id"]).get_indexer(pd.Index(known["site_id"]))
    first, counted = np.full(len(parcels), len(precedence), dtype=np.int64), (place >= 0) & (at >= 0)
    np.minimum.at(first, at[counted], place[counted])
    return pd.Series(np.array([*precedence, None], dtype=object)[first], index=parcels.index, dtype="str")


def _any_flexmilieu(suitability: Frame, parcels: Frame, may_have_a_piece: BoolArray) -> pd.arrays.BooleanArray:
    """Kleene's or over the flexmilieus of each site; a site without any is a no, unless it may have a piece."""
    truth = suitability["truth"]
    yes = is_among(parcels["site_id"], suitability["site_id"][truth == c.YES])
    unknown = is_among(parcels["site_id"], suitability["site_id"][truth == c.UNKNOWN])
    return pd.arrays.BooleanArray(yes, (unknown | may_have_a_piece) & ~yes)
