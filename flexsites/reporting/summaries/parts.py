"""What some parcels add to a table of totals: sums per area, and the locations that the parcels lie in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from flexsites.reporting.summaries.sums import Bools, Places, Sum, together
from flexsites.tables import Frame

AREA_KINDS = ("run", "provincie", "gemeente", "buurt")
UNKNOWN_AREA = "unknown"


@dataclass(frozen=True, slots=True)
class Part:
    """What some parcels add to a table: whole numbers per key, and the locations they lie in."""

    sums: Frame
    places: Places


def add_up(parts: Iterable[Part], keys: Sequence[str]) -> Part:
    """Return what parts add up to: the sums indexed by their keys, in order."""
    sums, places = Sum(keys), list[Places]()
    for part in parts:
        sums.add(part.sums)
        places.append(part.places)
    return Part(sums.table(), together(places))


def chosen(sums: Frame, **keys: str) -> Frame:
    """Return the rows of some keys, by those that are left.

    Examples
    --------
    >>> sums = pd.DataFrame({"kind": ["a", "a", "b"], "code": ["1", "2", "1"], "n": [5, 6, 7]})
    >>> chosen(sums.set_index(["kind", "code"]), kind="a")["n"].to_dict()
    {'1': 5, '2': 6}
    """
    return pd.DataFrame(sums.xs(tuple(keys.values()), level=list(keys)))


def areas_of(sites: Frame, area_kinds: Sequence[str]) -> dict[str, pd.Series[str]]:
    """Return the code of each site's area per kind; none for neighbourhoods where sites tell none."""
    there = [kind for kind in area_kinds if kind == "run" or f"{kind}_code" in sites]
    return {kind: area_codes(sites, kind).astype("str") for kind in there}


def area_codes(sites: Frame, kind: str) -> pd.Series[str]:
    """Return the code of each site's area of a kind; ``run`` for the whole run, ``unknown`` where there is none."""
    if kind == "run":
        return pd.Series("run", index=sites.index, dtype="object")
    return sites[f"{kind}_code"].astype("object").where(sites[f"{kind}_code"].notna(), UNKNOWN_AREA)


def kinds_among(sums: Frame, area_kinds: Sequence[str]) -> list[str]:
    """Return the kinds of area that sums by ``area_kind`` and ``area_code`` tell of; neighbourhoods only if known."""
    found = sums.index.to_frame(index=False)[["area_kind", "area_code"]].drop_duplicates()
    is_known = found["area_kind"].ne("buurt") | found["area_code"].ne(UNKNOWN_AREA)
    known = set(found["area_kind"][is_known])
    return [kind for kind in area_kinds if kind in known]


def places_of(sites: Frame, places: Frame | None) -> Frame:
    """Return ``site_id, location_id``, one row per site and location that a valid piece of it lies in.

    Examples
    --------
    >>> sites = pd.DataFrame({"site_id": ["a", "b"], "location_id": ["1", None]})
    >>> places_of(sites, None).values.tolist()
    [['a', '1']]
    """
    pairs = pd.DataFrame((sites if places is None else places)[["site_id", "location_id"]])
    at, location = (
        pd.Index(sites["site_id"]).get_indexer(pd.Index(pairs["site_id"])),
        pd.factorize(pairs["location_id"])[0],
    )
    known = np.flatnonzero((at >= 0) & (location >= 0))
    pair = at[known] * (location.max(initial=0) + 1) + location[known]
    first = np.sort(np.unique(pair, return_index=True)[1])
    return pairs.iloc[known[first]].reset_index(drop=True)


def placed(sites: Frame, places: Frame | None, areas: Mapping[str, pd.Series[str]], groups: Sequence[Bools]) -> Places:
    """Return the locations that sites lie in, with their areas and the groups that each site is in, shape (n,)."""
    pairs = places_of(sites, places)
    at = pd.Index(sites["site_id"]).get_indexer(pd.Index(pairs["site_id"]))
    return Places.of(pairs["location_id"], pd.DataFrame(dict(areas)).iloc[at], np.column_stack(groups)[at])
