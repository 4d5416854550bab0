"""Where a parcel lies, in words: the street beside it, its neighbourhood and its municipality."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from flexsites.reporting.results import Results
from flexsites.reporting.words import Words
from flexsites.tables import Frame
from flexsites.tables.windows import window_of

_SQUARE_M = 25_000.0


def nearest_streets(sites: Frame, streets: Frame | None, *, within_m: float) -> pd.Series[Any]:
    """Return the name of the street nearest to each parcel, by position; null: none with a name so near.

    Parameters
    ----------
    sites
        With ``geometry``.
    streets
        StreetLines; None: the run has none.
    within_m
        How far a street may lie.

    Notes
    -----
    The name of the street nearest to the parcel, not of its entrance: a parcel that is excluded has none. Streets at
    the same distance go by name, so that the answer does not depend on the order of the rows.

    Examples
    --------
    >>> sites = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 10, 10), shapely.box(900, 0, 910, 10)])
    >>> streets = gpd.GeoDataFrame({"street_name": ["Dorpsstraat"]}, geometry=[shapely.LineString([(0, 15), (9, 15)])])
    >>> nearest_streets(sites, streets, within_m=100).tolist()
    ['Dorpsstraat', nan]
    """
    found: pd.Series[Any] = pd.Series(np.nan, index=sites.index, dtype="str")
    if streets is None or not len(sites):
        return found
    named = streets[streets["street_name"].notna()].sort_values("street_name", kind="stable")
    if not len(named):
        return found
    tree = shapely.STRtree(named.geometry.to_numpy())
    at, street = tree.query_nearest(sites.geometry.to_numpy(), max_distance=within_m)
    first = pd.DataFrame({"at": at, "street": street}).groupby("at")["street"].min()
    names = named["street_name"].to_numpy()[first.to_numpy()]
    found.iloc[first.index.to_numpy()] = names
    return found


def places_of(sites: Frame, words: Words) -> list[str]:
    """Return neighbourhood and municipality of each parcel, by their names; empty where neither is known."""
    columns = [name for name in ("buurt_code", "gemeente_code") if name in sites]
    told: list[str] = []
    known: dict[tuple[Any, ...], str] = {}
    for codes in zip(*(sites[name].tolist() for name in columns), strict=True):
        if codes not in known:
            names = [words.name("area", code) for code in codes if not pd.isna(code)]
            known[codes] = ", ".join(dict.fromkeys(names))
        told.append(known[codes])
    return told or [""] * len(sites)


def streets_of(results: Results, sites: Frame, *, within_m: float) -> pd.Series[Any]:
    """Return the street beside each of some parcels of a run."""
    if not results.has("canonical/streets") or not len(sites):
        return nearest_streets(sites, None, within_m=within_m)
    corner = np.floor(sites.geometry.bounds[["minx", "miny"]].to_numpy() / _SQUARE_M)
    found, places = list["pd.Series[Any]"](), list[np.ndarray]()
    # Parcels of all over the country: the streets of a square at a time.
    for at in pd.DataFrame(corner).groupby([0, 1]).indices.values():
        own = sites.iloc[at]
        window = window_of(gpd.GeoSeries(own.geometry), within_m)
        streets = results.within("canonical/streets", window)
        near = np.sort(gpd.GeoSeries(streets.geometry).sindex.query(shapely.box(*window)))
        found.append(nearest_streets(own, streets.iloc[near], within_m=within_m))
        places.append(np.asarray(at))
    told: pd.Series[Any] = pd.concat(found).iloc[np.argsort(np.concatenate(places))]
    return told
